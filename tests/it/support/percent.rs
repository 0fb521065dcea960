//! Percent-encoding as forms and Kannel's fake SMSC use it: `+` is a space.

use std::fmt::Write as _;

/// Decodes to bytes; a `%` without two hex digits stands for itself.
pub(crate) fn decode(encoded: &str) -> Vec<u8> {
    let bytes = encoded.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| encoded.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], escaped) {
            (_, Some(byte)) => {
                decoded.push(byte);
                at += 2;
            }
            (b'+', None) => decoded.push(b' '),
            (byte, None) => decoded.push(byte),
        }
        at += 1;
    }
    decoded
}

/// Reads `a=1&b=2`, as in a query or a form.
pub(crate) fn fields(form: &str) -> Vec<(String, String)> {
    form.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let text = |encoded| String::from_utf8_lossy(&decode(encoded)).into_owned();
            (text(name), text(value))
        })
        .collect()
}

#[test]
fn decodes_escapes_spaces_and_strays() {
    for (encoded, decoded) in [
        ("OK+12", "OK 12"),
        ("caf%C3%A9", "café"),
        ("50%", "50%"),
        ("%zz", "%zz"),
        ("%e", "%e"),
        ("é%2Bé", "é+é"),
    ] {
        assert_eq!(decode(encoded), decoded.as_bytes(), "{encoded}");
    }
    let read = fields("to=%2B62&text=a+b&empty");
    assert_eq!(read[0], ("to".into(), "+62".into()));
    assert_eq!(read[2], ("empty".into(), String::new()));
}

/// Encodes for a query, everything but letters, digits and `-._`.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                encoded.push(char::from(byte));
            }
            other => {
                let _ = write!(encoded, "%{other:02X}");
            }
        }
    }
    encoded
}
