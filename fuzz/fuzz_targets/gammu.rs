//! What smsd leaves in its inbox: the name of a file, and the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siaga::channel::gammu::message::{Content, Name, read};

fuzz_target!(|file: (&str, &[u8])| {
    let (name, bytes) = file;
    if let Some(found) = Name::read(name) {
        // All parts of a message share a name, which holds its sender.
        assert!(name.starts_with(found.message) && found.message.ends_with(found.sender));
    }
    if let Content::Words(words) = read(bytes) {
        // A character that was none becomes one of three octets, and nothing grows beyond that.
        assert!(words.len() <= 3 * bytes.len());
    }
});
