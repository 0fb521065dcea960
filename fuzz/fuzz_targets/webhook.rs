//! A webhook that the settings describe, as JSON and as a form.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use siaga::{
    domain::webhook::Shape,
    inbound::webhook::{Brought, read},
};

fn shape(format: &str) -> Shape {
    serde_json::from_value(serde_json::json!({
        "name": "fonnte", "transport": "whatsapp", "format": format, "from": "sender",
        "text": ["text", "message"], "sent_at": "timestamp", "answers": "quoted",
        "receipts": {"reference": "ref", "status": "state", "words": {"delivered": "delivered"}},
    }))
    .expect("the shape is one")
}

fuzz_target!(|body: &[u8]| {
    let now = Timestamp::from_second(1_795_500_000).expect("within the years");
    for format in ["json", "form"] {
        let brought = read(&shape(format), body, now);
        // The same body within a minute is the same message.
        assert_eq!(brought, read(&shape(format), body, now));
        if let Ok(Brought::Reply(reply)) = brought {
            assert!(reply.id.starts_with("fonnte.") && reply.id.len() < 100);
        }
    }
});
