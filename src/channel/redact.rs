//! Makes what a gateway said safe to log and to show.
//!
//! Gateways echo what they were sent: numbers, and with a broken proxy even passwords. Every detail
//! of every [`SendError`] passes through here, so that no provider can forget it.

use secrecy::{ExposeSecret, SecretString};

use super::{SendError, exchange::Failure};

const LONGEST_DETAIL: usize = 300;
/// Fewer digits than this are a code or a count, more may be a telephone number.
const SHORTEST_NUMBER: usize = 8;

/// Knows one gateway's name and secrets, and words its errors.
#[derive(Debug)]
pub(crate) struct Redactor {
    gateway: String,
    secrets: Vec<SecretString>,
}

impl Redactor {
    /// For the gateway of this name; `secrets` never appear in what it words.
    pub(crate) fn new(gateway: &str, secrets: Vec<SecretString>) -> Self {
        Self {
            gateway: gateway.to_owned(),
            secrets,
        }
    }

    /// The gateway's configured name.
    pub(crate) fn gateway(&self) -> &str {
        &self.gateway
    }

    /// Words a failure.
    pub(crate) fn error(&self, failure: Failure) -> SendError {
        SendError {
            gateway: self.gateway.clone(),
            kind: failure.kind,
            detail: self.clean(&failure.detail),
        }
    }

    fn clean(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for secret in &self.secrets {
            let secret = secret.expose_secret();
            if secret.is_empty() {
                continue;
            }
            let encoded = percent_encode(secret);
            for spelling in [encoded.replace("%20", "+"), encoded, secret.to_owned()] {
                clean = clean.replace(&spelling, "(hidden)");
            }
        }
        let spaced: String = clean
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        // Each gap is one space before numbers are looked for, or a wide one would part a number
        // that is whole in what is told.
        let told: Vec<&str> = spaced.split_whitespace().collect();
        let words: Vec<String> = mask_numbers(&told.join(" "))
            .split(' ')
            .map(mask_mailbox)
            .collect();
        words.join(" ").chars().take(LONGEST_DETAIL).collect()
    }
}

/// Masks every run of eight or more digits, also with single separators between them.
fn mask_numbers(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let mut end = at;
        let mut digits = 0;
        while end < characters.len() {
            let is_separator = matches!(characters[end], ' ' | '-' | '.')
                && end > at
                && characters.get(end + 1).is_some_and(char::is_ascii_digit);
            if characters[end].is_ascii_digit() {
                digits += 1;
            } else if !is_separator {
                break;
            }
            end += 1;
        }
        if digits >= SHORTEST_NUMBER {
            masked.extend(&characters[at..at + 4]);
            masked.push_str("***");
        } else if end > at {
            masked.extend(&characters[at..end]);
        } else {
            masked.push(characters[at]);
            end = at + 1;
        }
        at = end;
    }
    masked
}

/// Masks a mailbox inside one word, keeping its first letter and its domain.
fn mask_mailbox(word: &str) -> String {
    let Some((before, after)) = word.split_once('@') else {
        return word.to_owned();
    };
    let start = before
        .rfind(|c: char| "<>()[],;:\"'=".contains(c))
        .map_or(0, |at| at + 1);
    let (lead, name) = before.split_at(start);
    let first: String = name.chars().take(1).collect();
    let domain = after.replace('@', "_");
    format!("{lead}{first}***@{domain}")
}

/// Writes a value so that it may stand anywhere in an address (RFC 3986, unreserved characters).
pub(crate) fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::delivery::FailureKind;

    fn cleaned(text: &str) -> String {
        let redactor = Redactor::new("kantor", vec!["p@ss word".into(), String::new().into()]);
        redactor
            .error(Failure::new(FailureKind::Temporary, text))
            .detail
    }

    #[test]
    fn secrets_numbers_and_mailboxes_are_hidden() {
        for (said, told) in [
            ("bad p@ss word", "bad (hidden)"),
            ("?password=p%40ss%20word&to", "?password=(hidden)&to"),
            ("?password=p%40ss+word&to", "?password=(hidden)&to"),
            ("no +6281234567890 here", "no +6281*** here"),
            ("no 0812-3456-7890 here", "no 0812*** here"),
            ("no 0812 3456 7890.", "no 0812***."),
            ("no 0812  3456\r\n7890.", "no 0812***."),
            ("no 0812\u{a0}3456 \u{2003}7890.", "no 0812***."),
            ("code 131026, 2 of 10", "code 131026, 2 of 10"),
            (
                "550 <budi@dishub.test>: gone",
                "550 <b***@dishub.test>: gone",
            ),
            ("a\r\nb\u{1b}[31m", "a b [31m"),
        ] {
            assert_eq!(cleaned(said), told);
        }
    }

    proptest! {
        #[test]
        fn a_detail_never_holds_a_number_or_secret(before in ".{0,40}", number in "[0-9]{9,15}", after in ".{0,400}") {
            let detail = cleaned(&format!("{before}{number}p@ss word{after}"));
            prop_assert!(!detail.contains(&number));
            prop_assert!(!detail.contains("p@ss word"));
            prop_assert!(detail.chars().count() <= LONGEST_DETAIL);
            prop_assert!(!detail.chars().any(char::is_control));
        }
    }
}
