//! What Indonesian SMS routes drop, and the check that no short message of ours has it.
//!
//! Some local routes take a number of more than three digits for a one-time password, and drop
//! messages with certain words (DOMAIN.md, "Telephone numbers, time, wording"). A dropped page is a
//! page never, so templates are checked, and data is tamed before it goes into one.

use std::fmt;

use super::gsm;

/// Words for which some routes drop a message, in lower case.
pub const BLOCKED_WORDS: [&str; 7] = [
    "verifikasi",
    "kode",
    "akun",
    "dana",
    "nomor",
    "juta",
    "selamat",
];

/// The most digits a number may have that stands alone.
const MOST_DIGITS: usize = 3;

/// Why a short message may not arrive, or costs more than one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmsFinding {
    /// It takes more than one part, or has a character outside the GSM alphabet.
    TooLong {
        /// How many septets it takes.
        septets: usize,
    },
    /// A word for which some routes drop a message.
    BlockedWord(String),
    /// A number of more than three digits.
    LongNumber(String),
}

impl fmt::Display for SmsFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { septets } => write!(
                f,
                "takes {septets} septets, more than the {} of one SMS part",
                gsm::ONE_PART
            ),
            Self::BlockedWord(word) => {
                write!(
                    f,
                    "contains {word:?}, for which some routes drop the message"
                )
            }
            Self::LongNumber(number) => write!(
                f,
                "contains {number}, a number of more than {MOST_DIGITS} digits, for which some routes drop the message"
            ),
        }
    }
}

/// Everything in a short message that a route may object to.
pub fn check_sms(text: &str) -> Vec<SmsFinding> {
    let mut findings = Vec::new();
    let septets = gsm::measure(text);
    if septets > gsm::ONE_PART {
        findings.push(SmsFinding::TooLong { septets });
    }
    findings.extend(segments(text).filter_map(objection));
    findings
}

/// Data for a short message: in the GSM alphabet, without the words and numbers that routes drop.
/// None when nothing is left.
pub(crate) fn tame(text: &str) -> Option<String> {
    let plain = gsm::normalise(text);
    let kept: Vec<&str> = plain
        .split_whitespace()
        .filter(|word| segments(word).all(|segment| objection(segment).is_none()))
        .collect();
    let line = kept.join(" ");
    line.chars().any(char::is_alphanumeric).then_some(line)
}

fn segments(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|segment| !segment.is_empty())
}

fn objection(segment: &str) -> Option<SmsFinding> {
    if segment.len() > MOST_DIGITS && segment.bytes().all(|b| b.is_ascii_digit()) {
        return Some(SmsFinding::LongNumber(segment.to_owned()));
    }
    let lower = segment.to_lowercase();
    BLOCKED_WORDS
        .contains(&lower.as_str())
        .then(|| SmsFinding::BlockedWord(segment.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_routes_drop_is_found() {
        assert_eq!(
            check_sms("SIAGA: Balas OK 12. Aduan LGWP14376928, 13.27"),
            []
        );
        assert_eq!(
            check_sms("KODE 1234"),
            [
                SmsFinding::BlockedWord("KODE".into()),
                SmsFinding::LongNumber("1234".into())
            ]
        );
        // A part of a word is no such word: RSUD Pandanarang is a hospital here.
        assert_eq!(check_sms("RSUD Pandanarang, Keselamatan"), []);
        assert_eq!(
            check_sms(&"x".repeat(161)),
            [SmsFinding::TooLong { septets: 161 }]
        );
    }

    #[test]
    fn data_is_tamed() {
        for (text, tamed) in [
            ("Dana Desa 2026", Some("Desa")),
            ("dana", None),
            ("Infrastruktur", Some("Infrastruktur")),
            ("😀", None),
            ("Akun/Nomor Induk", Some("Induk")),
        ] {
            assert_eq!(tame(text).as_deref(), tamed);
        }
    }
}
