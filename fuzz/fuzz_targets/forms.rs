//! Queries and forms: Kannel's messages and reports, Twilio's messages, statuses, keys and calls.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siaga::inbound::{
    kannel,
    twilio::{self, Key},
};

const SECRET: &str = "geheim";

fuzz_target!(|body: &[u8]| {
    if let Ok(mut message) = serde_urlencoded::from_bytes::<kannel::Message>(body) {
        message.secret = SECRET.to_owned();
        if let Ok(reply) = kannel::reply(&message, SECRET) {
            assert!(reply.id.starts_with("kannel."));
        }
    }
    if let Ok(mut report) = serde_urlencoded::from_bytes::<kannel::Report>(body) {
        report.secret = SECRET.to_owned();
        let _ = kannel::receipt(&report, SECRET);
    }
    if let Ok(parameters) = serde_urlencoded::from_bytes::<Vec<(String, String)>>(body) {
        let account = twilio::Account {
            sid: "AC0123456789abcdef0123456789abcdef".to_owned(),
            auth_token: "token".into(),
        };
        let webhook = twilio::Webhook {
            url: "https://siaga.example.test/hooks/twilio".to_owned(),
            signature: "AAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(),
            parameters,
        };
        assert!(webhook.authenticate(&[account]).is_err());
        let _ = (webhook.reply(), webhook.receipt("page_0.1"));
        let _ = (webhook.call_receipt("page_0.1"), webhook.caller());
        if let Ok(Key::Answer(reply)) = webhook.key("page_0.1") {
            // A key says one of two words, and names its call in a bounded id.
            assert!(matches!(&*reply.text, "OK" | "BUKAN WEWENANG"));
            assert!(reply.id.starts_with("twilio.") && reply.id.len() <= 80);
        }
    }
});
