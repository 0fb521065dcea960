//! Delivery receipts: a message whose text says how another fared (SMPP 3.4, appendix B).
//!
//! The format is "vendor specific" by the letter of the standard and nearly the same everywhere:
//! `id:IIII sub:001 dlvrd:001 submit date:... done date:... stat:DELIVRD err:000 text:...`. The
//! optional parameters, where they are there, are believed before the text.

use crate::domain::delivery::ReceiptKind;

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The SMSC's id of the message, in every spelling that it may have had in the answer.
    pub ids: Vec<String>,
    /// What became of the message; none for a state that says nothing.
    pub kind: Option<ReceiptKind>,
    /// State and error as the SMSC words them, for the log.
    pub words: String,
}

/// Whether a text is a receipt: some SMSCs leave out the mark that says so.
pub fn looks_like(text: &str) -> bool {
    field(text, "id:").is_some() && field(text, "stat:").is_some() && field(text, "err:").is_some()
}

/// Reads a receipt; none when it names no message. `id` and `state` are the optional parameters.
pub fn read(text: &str, id: Option<&str>, state: Option<u8>) -> Option<Receipt> {
    let id = id.filter(|id| !id.is_empty());
    let id = id.or_else(|| field(text, "id:"))?;
    let said = field(text, "stat:").unwrap_or_default();
    let kind = match state {
        Some(state) => kind_of_state(state),
        None => kind_of_word(said),
    };
    let words = match state {
        Some(state) => format!("state {state} {said}"),
        None => said.to_owned(),
    };
    let error = field(text, "err:").unwrap_or_default();
    Some(Receipt {
        ids: spellings(id),
        kind,
        words: format!("{words} err:{error}"),
    })
}

/// The value behind a name, up to the next blank.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (at, _) = text.char_indices().find(|(at, _)| {
        let here = text.get(*at..*at + name.len());
        let begins = *at == 0 || text[..*at].ends_with(' ');
        begins && here.is_some_and(|here| here.eq_ignore_ascii_case(name))
    })?;
    text[at + name.len()..]
        .split(' ')
        .next()
        .filter(|value| !value.is_empty())
}

/// The states of optional parameter `message_state` (SMPP 3.4, 5.2.28).
fn kind_of_state(state: u8) -> Option<ReceiptKind> {
    match state {
        1 => Some(ReceiptKind::Sent),
        2 => Some(ReceiptKind::Delivered),
        // Expired, deleted, undeliverable, rejected.
        3 | 4 | 5 | 8 => Some(ReceiptKind::Failed),
        6 => Some(ReceiptKind::Accepted),
        _ => None,
    }
}

/// The states as the text abbreviates them (SMPP 3.4, appendix B).
fn kind_of_word(word: &str) -> Option<ReceiptKind> {
    match word.to_ascii_uppercase().as_str() {
        "DELIVRD" => Some(ReceiptKind::Delivered),
        "EXPIRED" | "DELETED" | "UNDELIV" | "REJECTD" => Some(ReceiptKind::Failed),
        "ACCEPTD" => Some(ReceiptKind::Accepted),
        "ENROUTE" => Some(ReceiptKind::Sent),
        _ => None,
    }
}

/// An id as it is told, and as the answer may have written it: some SMSCs write the one in
/// hexadecimal and the other in decimal digits, or fill it up with zeros.
fn spellings(id: &str) -> Vec<String> {
    let mut found = vec![id.to_owned()];
    let mut also = |other: String| {
        if !found.contains(&other) {
            found.push(other);
        }
    };
    if id.bytes().all(|b| b.is_ascii_hexdigit()) {
        let bare = id.trim_start_matches('0');
        if !bare.is_empty() {
            also(bare.to_owned());
        }
        if let Ok(number) = id.parse::<u64>() {
            also(format!("{number:x}"));
            also(format!("{number:X}"));
            also(format!("{number:08x}"));
            also(format!("{number:08X}"));
        }
        if let Ok(number) = u64::from_str_radix(id, 16) {
            also(number.to_string());
            also(format!("{number:010}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: &str = "id:m7 sub:001 dlvrd:001 submit date:2611240645 done date:2611240646 \
                         stat:DELIVRD err:000 text:x";

    #[test]
    fn every_state_has_its_meaning() {
        let kind = |stat: &str| {
            let text = USUAL.replace("DELIVRD", stat);
            read(&text, None, None).unwrap().kind
        };
        for (stat, expected) in [
            ("DELIVRD", Some(ReceiptKind::Delivered)),
            ("UNDELIV", Some(ReceiptKind::Failed)),
            ("EXPIRED", Some(ReceiptKind::Failed)),
            ("DELETED", Some(ReceiptKind::Failed)),
            ("rejectd", Some(ReceiptKind::Failed)),
            ("ACCEPTD", Some(ReceiptKind::Accepted)),
            ("ENROUTE", Some(ReceiptKind::Sent)),
            ("UNKNOWN", None),
        ] {
            assert_eq!(kind(stat), expected, "{stat}");
        }
        for (state, expected) in [
            (2, Some(ReceiptKind::Delivered)),
            (5, Some(ReceiptKind::Failed)),
            (7, None),
        ] {
            assert_eq!(read(USUAL, None, Some(state)).unwrap().kind, expected);
        }
    }

    #[test]
    fn the_parameters_are_believed_before_the_text() {
        let receipt = read(USUAL, Some("m8"), Some(3)).unwrap();
        assert_eq!(receipt.ids, ["m8"]);
        assert_eq!(receipt.kind, Some(ReceiptKind::Failed));
        assert_eq!(receipt.words, "state 3 DELIVRD err:000");
        assert_eq!(read(USUAL, None, None).unwrap().ids, ["m7"]);
        assert_eq!(read("", None, Some(2)), None);
        assert_eq!(read("stat:DELIVRD", None, None), None);
    }

    #[test]
    fn an_id_is_known_in_the_answers_spelling() {
        for (told, answered) in [
            ("0123456789", "75BCD15"),
            ("123456789", "075bcd15"),
            ("75BCD15", "123456789"),
            ("0000000042", "42"),
            ("m7", "m7"),
        ] {
            let found = spellings(told);
            assert!(found.contains(&answered.to_owned()), "{told}: {found:?}");
            assert_eq!(found[0], told);
        }
    }

    #[test]
    fn a_reply_is_no_receipt() {
        assert!(looks_like(USUAL));
        assert!(looks_like("ID:1 STAT:EXPIRED ERR:001"));
        for text in [
            "OK 12",
            "id:12 ok",
            "",
            "é",
            "valid:1 stat:x err:1",
            "tidak id: stat: err:",
        ] {
            assert!(!looks_like(text), "{text}");
        }
    }
}
