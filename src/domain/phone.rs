//! Telephone numbers in one spelling (E.164), masked wherever they are shown.
//!
//! People write one number in many ways, and a reply must find its responder by it, so there is
//! exactly one value for all spellings. `Display` and `Debug` are masked: a number reaches a log or
//! an error page only when somebody writes [`PhoneNumber::as_str`] on purpose.
//!
//! Nothing is inferred from a prefix but the country: Indonesian numbers move between carriers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A telephone number that can be paged, in E.164: `+6281234567890`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(Box<str>);

/// Why a text is no telephone number. Names the value, the fault and the remedy.
///
/// The value stands in the error in the clear, because whoever mends the list must find it. It is
/// not a number that can be dialled as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{value:?} is not a telephone number: {fault}; write it as 0812-3456-7890, \
     or with its country as +62 812 3456 7890"
)]
pub struct InvalidPhone {
    /// The text that was refused, cut to 40 characters.
    pub value: String,
    /// What is wrong with it.
    pub fault: PhoneFault,
}

/// What is wrong with a text that should be a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneFault {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// A letter, or a sign that does not belong into a number; often two numbers in one field.
    #[error("it has the character {0:?}")]
    Character(char),
    /// Fewer digits than any number of its country.
    #[error("it has too few digits")]
    TooShort,
    /// More digits than any number of its country.
    #[error("it has too many digits")]
    TooLong,
    /// An emergency or service number (112, 14045, 0800...), where nobody can be paged.
    #[error("it is a service number, which cannot receive a page")]
    Service,
    /// Neither Indonesian nor written with its country.
    #[error("its country is not clear")]
    Country,
}

/// Indonesia's country code.
const INDONESIA: &str = "62";
/// E.164 allows fifteen digits, country code included.
const MAX_DIGITS: usize = 15;
/// The shortest numbers in use anywhere have four digits after a country code of three.
const MIN_DIGITS: usize = 7;

impl PhoneNumber {
    /// Reads a number as people write it.
    ///
    /// `0812-3456-7890`, `812...`, `62812...`, `0062812...`, `+62 812...` and `+62 (0) 812...` are
    /// one number. A number of another country must begin with `+` or `00`. Without either, digits
    /// that begin with `62` are taken for the country code.
    ///
    /// # Errors
    /// When it has letters, too few or too many digits, is a service number, or when its country
    /// is not clear.
    pub fn parse(text: &str) -> Result<Self, InvalidPhone> {
        read(text)
            .map(|digits| Self(format!("+{digits}").into()))
            .map_err(|fault| InvalidPhone {
                value: text.trim().chars().take(40).collect(),
                fault,
            })
    }

    /// The number in E.164, in the clear: for gateways and the store, never for a log.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number in E.164 without the plus, in the clear: as WhatsApp writes it.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }

    /// Enough to recognise the number, not enough to call it: `+62812*****890`.
    pub fn masked(&self) -> String {
        let digits = self.digits();
        // A short number would have nothing left to hide if five and three digits were shown.
        let (head, tail) = if digits.len() >= 11 { (5, 3) } else { (2, 2) };
        let end = digits.len().saturating_sub(tail);
        let shown = |(at, digit)| {
            if (head..end).contains(&at) {
                '*'
            } else {
                digit
            }
        };
        std::iter::once('+')
            .chain(digits.chars().enumerate().map(shown))
            .collect()
    }
}

/// The digits of the number in E.164, or what is wrong.
fn read(text: &str) -> Result<String, PhoneFault> {
    let mut digits = String::new();
    let mut plus = false;
    for c in text.trim().chars() {
        match c {
            '0'..='9' => digits.push(c),
            // Full-width digits come from some telephones' keyboards.
            '０'..='９' => digits.extend(char::from_digit(u32::from(c) - u32::from('０'), 10)),
            '+' | '＋' if digits.is_empty() && !plus => plus = true,
            ' ' | '-' | '.' | '(' | ')' | '\t' | '\u{A0}' | '\u{2010}'..='\u{2015}' => {}
            // Numbers copied out of an address book are wrapped in marks of writing direction.
            '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202F}'
            | '\u{2060}'..='\u{2069}'
            | '\u{FEFF}' => {}
            other => return Err(PhoneFault::Character(other)),
        }
        // No spelling needs more: two of prefix, fifteen of number, one stray trunk zero.
        if digits.len() > MAX_DIGITS + 3 {
            return Err(PhoneFault::TooLong);
        }
    }
    if digits.is_empty() {
        return Err(PhoneFault::Empty);
    }
    let international = if plus {
        Some(digits.as_str())
    } else {
        digits.strip_prefix("00")
    };
    let Some(number) = international else {
        if let Some(national) = digits.strip_prefix('0') {
            return indonesian(national);
        }
        if let Some(national) = digits.strip_prefix(INDONESIA) {
            return indonesian(national);
        }
        return match digits.as_bytes() {
            [b'8', ..] => indonesian(&digits),
            // 110, 112, 14045, 1500xxx: nobody's telephone.
            [b'1', ..] if digits.len() <= 8 => Err(PhoneFault::Service),
            _ if digits.len() < MIN_DIGITS => Err(PhoneFault::TooShort),
            _ if digits.len() > MAX_DIGITS => Err(PhoneFault::TooLong),
            _ => Err(PhoneFault::Country),
        };
    };
    if let Some(national) = number.strip_prefix(INDONESIA) {
        return indonesian(national);
    }
    match number.len() {
        _ if number.starts_with('0') => Err(PhoneFault::Country),
        0..MIN_DIGITS => Err(PhoneFault::TooShort),
        MIN_DIGITS..=MAX_DIGITS => Ok(number.to_owned()),
        _ => Err(PhoneFault::TooLong),
    }
}

/// Checks the part after the country code; `+62 (0) 812...` is a common way to write it, so one
/// trunk zero is dropped.
fn indonesian(national: &str) -> Result<String, PhoneFault> {
    let national = national.strip_prefix('0').unwrap_or(national);
    // Mobile numbers have nine digits (the oldest, 0811 xxxxxx) to twelve; fixed ones seven
    // (a small town) to eleven. No length is refused that is in use somewhere.
    let (least, most) = match national.as_bytes() {
        [] => return Err(PhoneFault::TooShort),
        [b'0', ..] => return Err(PhoneFault::Country),
        [b'1', ..] | [b'8', b'0', ..] => return Err(PhoneFault::Service),
        [b'8', ..] => (9, 12),
        _ => (7, 11),
    };
    if national.len() < least {
        return Err(PhoneFault::TooShort);
    }
    if national.len() > most {
        return Err(PhoneFault::TooLong);
    }
    Ok(format!("{INDONESIA}{national}"))
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

impl std::str::FromStr for PhoneNumber {
    type Err = InvalidPhone;
    fn from_str(text: &str) -> Result<Self, InvalidPhone> {
        Self::parse(text)
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidPhone;
    fn try_from(text: String) -> Result<Self, InvalidPhone> {
        Self::parse(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_spelling_of_a_number_is_one_number() {
        for (text, expected) in [
            ("0812-3456-7890", "+6281234567890"),
            ("+62 812 3456 7890", "+6281234567890"),
            ("+62 (0) 812 3456 7890", "+6281234567890"),
            ("6281234567890", "+6281234567890"),
            ("006281234567890", "+6281234567890"),
            ("00 62 0812 3456 7890", "+6281234567890"),
            ("81234567890", "+6281234567890"),
            ("812.3456.7890", "+6281234567890"),
            (
                "\u{202A}+62 812\u{2011}3456\u{2011}7890\u{202C}",
                "+6281234567890",
            ),
            ("  ０８１２ ３４５６ ７８９０ ", "+6281234567890"),
            ("(0811) 123456", "+62811123456"),
            ("0811123456", "+62811123456"),
            ("0895-1234-56789", "+62895123456789"),
            ("(024) 3511351", "+62243511351"),
            ("024-76543210", "+622476543210"),
            ("0291 12345", "+6229112345"),
            ("+1 202 555 0143", "+12025550143"),
            ("001 202 555 0143", "+12025550143"),
            ("+65 9123 4567", "+6591234567"),
            ("+683 4123", "+6834123"),
        ] {
            assert_eq!(
                PhoneNumber::parse(text).unwrap().as_str(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_paged_is_refused_with_the_reason() {
        use PhoneFault::{Character, Country, Empty, Service, TooLong, TooShort};
        for (text, fault) in [
            ("", Empty),
            (" - ", Empty),
            ("+", Empty),
            ("0812-3456-789O", Character('O')),
            ("0812 3456 7890 / 0813 1111 2222", Character('/')),
            ("08123456789012345678901234567890", TooLong),
            ("++6281234567890", Character('+')),
            ("62+81234567890", Character('+')),
            ("٠٨١٢٣٤٥٦٧٨٩٠", Character('٠')),
            ("112", Service),
            ("14045", Service),
            ("1500123", Service),
            ("+62112", Service),
            ("0800 1 123456", Service),
            ("08123456", TooShort),
            ("0", TooShort),
            ("0062", TooShort),
            ("+6281112345", TooShort),
            ("0812345678901234", TooLong),
            ("+12", TooShort),
            ("+1234567890123456", TooLong),
            ("+0812345678", Country),
            ("000812345678", Country),
            ("3511351", Country),
            ("2025550143", Country),
            ("12345", Service),
            ("911", TooShort),
        ] {
            let error = PhoneNumber::parse(text).unwrap_err();
            assert_eq!(error.fault, fault, "{text}");
            let shown = error.to_string();
            assert!(shown.contains("write it as"), "{shown}");
        }
        let long = PhoneNumber::parse(&"x".repeat(9_000)).unwrap_err();
        assert_eq!(long.value.len(), 40);
    }

    #[test]
    fn a_number_shows_only_enough_to_recognise_it() {
        let number = PhoneNumber::parse("0812-3456-7890").unwrap();
        assert_eq!(number.masked(), "+62812*****890");
        assert_eq!(number.to_string(), "+62812*****890");
        assert_eq!(format!("{number:?}"), "PhoneNumber(+62812*****890)");
        assert_eq!(number.digits(), "6281234567890");
        let short = PhoneNumber::parse("+683 4123").unwrap();
        assert_eq!(short.masked(), "+68***23");
    }

    #[test]
    fn serde_reads_any_spelling_and_writes_one() {
        let number: PhoneNumber = serde_json::from_str("\"0812-3456-7890\"").unwrap();
        assert_eq!(
            serde_json::to_string(&number).unwrap(),
            "\"+6281234567890\""
        );
        let error = serde_json::from_str::<PhoneNumber>("\"112\"").unwrap_err();
        assert!(error.to_string().contains("112"));
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_is_stable(text in "\\PC{0,40}") {
            if let Ok(number) = PhoneNumber::parse(&text) {
                prop_assert_eq!(&PhoneNumber::parse(number.as_str()).unwrap(), &number);
            }
        }

        #[test]
        fn national_and_international_spellings_agree(national in "8[1-9][0-9]{7,10}", gap in "[ .-]?") {
            let expected = format!("+62{national}");
            let (head, tail) = national.split_at(3);
            for prefix in ["", "0", "62", "+62", "0062", "+62 (0)", "(0", "+62-", " 00 62 "] {
                let text = format!("{prefix}{head}{gap}{tail}");
                let number = PhoneNumber::parse(&text).unwrap();
                prop_assert_eq!(number.as_str(), expected.as_str());
            }
        }

        #[test]
        fn the_middle_is_never_shown(digits in "[1-9][0-9]{6,14}") {
            if let Ok(number) = PhoneNumber::parse(&format!("+{digits}")) {
                let masked = number.masked();
                prop_assert_eq!(masked.len(), number.as_str().len());
                let hidden = masked.chars().filter(|c| *c == '*').count();
                prop_assert!(hidden >= 3);
                for (shown, real) in masked.chars().zip(number.as_str().chars()) {
                    prop_assert!(shown == '*' || shown == real);
                }
                let shown = format!("{number} {number:?}");
                prop_assert!(!shown.contains(number.digits()));
            }
        }
    }
}
