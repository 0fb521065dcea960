//! A webhook of WhatsApp's, after its signature was believed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siaga::inbound::whatsapp;

fuzz_target!(|body: &[u8]| {
    let numbers = ["106540352242922".to_owned()];
    if let Ok(brought) = whatsapp::read(body, &numbers) {
        for reply in brought.replies {
            assert!(!reply.id.is_empty());
        }
    }
    assert!(!whatsapp::is_signed("sha256=00", body, "secret"));
});
