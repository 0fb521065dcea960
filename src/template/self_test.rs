//! The words of a gateway's test. They go to a telephone of one's own, and must pass where pages do.

use crate::domain::message::Message;

/// The message of a test with this code.
pub fn self_test_message(code: &str) -> Message {
    Message::Sms {
        text: format!("Siaga: uji jalur {code}. Pesan otomatis, mohon diabaikan."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        gsm::{RouteRules, lint},
        self_test::code,
    };

    #[test]
    fn every_route_carries_it() {
        for number in 0..500 {
            let Message::Sms { text } = self_test_message(&code("kannel", number)) else {
                panic!("a test is a short message");
            };
            assert_eq!(lint(&text, &RouteRules::default()), [], "{text}");
        }
    }
}
