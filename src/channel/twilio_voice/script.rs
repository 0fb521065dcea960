//! What a call says and how it listens, as the markup that Twilio plays (TwiML).
//!
//! Messages are plain words; every one of them is escaped here and nowhere else, so nothing that a
//! citizen or another system wrote can become an instruction.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{channel::twilio::callback_address, domain::message::Message};

/// How often a message is read to who must answer it.
const READINGS: u8 = 2;

/// How calls of one gateway are worded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The voice for a language, where not the account's own.
    pub voices: BTreeMap<String, String>,
    /// How long a key is awaited after the reading, in seconds.
    pub key_wait: i64,
    /// Where a key that was pressed is told.
    pub key_callback: String,
}

impl Script {
    /// The markup for a message. A key that is pressed is told with this reference, so that it
    /// answers this message and no other.
    pub fn markup(&self, message: &Message, reference: &str) -> String {
        let Message::Voice {
            language,
            text,
            farewell,
            keys,
        } = message
        else {
            return wrapped("<Hangup/>");
        };
        let mut inner = String::new();
        if *keys {
            let address = callback_address(&self.key_callback, reference);
            // Writing to a text cannot fail.
            let _ = write!(
                inner,
                r#"<Gather input="dtmf" numDigits="1" finishOnKey="" timeout="{}" action="{}" method="POST">"#,
                self.key_wait,
                escaped(&address),
            );
            self.say(&mut inner, language, text, READINGS);
            inner += "</Gather>";
            self.say(&mut inner, language, farewell, 1);
        } else {
            self.say(&mut inner, language, text, 1);
        }
        inner += "<Hangup/>";
        wrapped(&inner)
    }

    fn say(&self, into: &mut String, language: &str, text: &str, times: u8) {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.is_empty() {
            return;
        }
        let voice = self
            .voices
            .get(language)
            .map(|voice| format!(r#" voice="{}""#, escaped(voice)))
            .unwrap_or_default();
        let repeated = match times {
            1 => String::new(),
            times => format!(r#" loop="{times}""#),
        };
        let _ = write!(
            into,
            r#"<Say language="{}"{voice}{repeated}>{}</Say>"#,
            escaped(language),
            escaped(&words),
        );
    }
}

fn wrapped(inner: &str) -> String {
    format!(r#"<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>"#)
}

/// Text that is text in markup, also inside an attribute. Characters that XML does not know at all
/// are left out.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&apos;",
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}
