//! A file of complaints with the ending .csv.
#![no_main]

#[path = "import/mod.rs"]
mod import;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| import::read("csv", bytes));
