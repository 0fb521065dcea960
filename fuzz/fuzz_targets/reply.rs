//! What somebody typed on a telephone: understood or not, the same words always mean the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siaga::domain::{gsm, reply};

fuzz_target!(|text: &str| {
    let understood = reply::parse(text);
    assert_eq!(understood, reply::parse(text));
    // Blanks around it are no words.
    assert_eq!(understood, reply::parse(&format!("  {text}\n")));
    let cut = gsm::cut_to(text, 160);
    assert!(gsm::fits_one_part(&cut) || !gsm::fits_one_part(text));
});
