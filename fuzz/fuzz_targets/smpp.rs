//! What an SMSC delivers: octets in some alphabet, headers of parts, receipts in words.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siaga::channel::smpp::{receipt, text};

fuzz_target!(|delivered: (u8, Option<u8>, &[u8])| {
    let (data_coding, state, octets) = delivered;
    let (place, body) = text::split_header(octets);
    if let Some(place) = place {
        assert!((1..=place.total).contains(&place.place));
    }
    let words = text::decode(body, data_coding);
    if receipt::looks_like(&words) {
        assert!(receipt::read(&words, None, state).is_some());
    }
    let _ = receipt::read(&words, Some(&words), state);
    // What we write ourselves is read again, part by part.
    let written = text::encode(&words, 7);
    let longest = if written.data_coding == text::UCS2 {
        140
    } else {
        160
    };
    assert!(
        written
            .parts
            .iter()
            .all(|part| part.octets.len() <= longest)
    );
});
