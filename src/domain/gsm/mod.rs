//! The arithmetic of short messages: alphabets, units and parts.
//!
//! A short message carries 140 octets: 160 characters of the GSM 7-bit alphabet or 70 units of
//! UCS-2. One character outside the small alphabet turns the **whole** text to UCS-2, so a curly
//! quote can double the price of a page and split it. A longer text is sent in parts, each of which
//! gives up six octets to a header: 153 or 67. What occupies two units (an extension character, an
//! emoji) is never split, so a part may end one unit short. Numbers and tables: 3GPP TS 23.038 and
//! TS 23.040.

mod normalise;
mod route;
#[cfg(test)]
mod tests;

pub use self::{
    normalise::{force, normalise},
    route::{BLOCKED_WORDS, LintFault, LintFinding, RouteRules, lint},
};

/// An alphabet of short messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// The GSM 7-bit default alphabet with its extension table.
    Gsm7,
    /// UCS-2, in practice UTF-16.
    Ucs2,
}

impl Alphabet {
    /// How many units a message of one part holds.
    pub const fn single_part(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// How many units each part of a longer message holds.
    pub const fn each_part(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }

    /// The alphabet a text needs.
    pub fn of(text: &str) -> Self {
        if text.chars().all(is_gsm7) {
            Self::Gsm7
        } else {
            Self::Ucs2
        }
    }

    /// How many units a character occupies: one or two.
    fn units(self, character: char) -> usize {
        match self {
            Self::Gsm7 => septets(character).unwrap_or(2),
            Self::Ucs2 => character.len_utf16(),
        }
    }
}

/// What a text costs on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// The alphabet it needs.
    pub alphabet: Alphabet,
    /// Its length in that alphabet: septets, or UTF-16 units.
    pub units: usize,
    /// How many short messages it takes; an empty text takes one.
    pub parts: usize,
}

/// How many septets a character takes, if it is in the alphabet at all: two with the escape.
fn septets(character: char) -> Option<usize> {
    match character {
        // Row by row as in the code table, and then what it shares with ASCII.
        '@'
        | '£'
        | '$'
        | '¥'
        | 'è'
        | 'é'
        | 'ù'
        | 'ì'
        | 'ò'
        | 'Ç'
        | '\n'
        | 'Ø'
        | 'ø'
        | '\r'
        | 'Å'
        | 'å'
        | 'Δ'
        | '_'
        | 'Φ'
        | 'Γ'
        | 'Λ'
        | 'Ω'
        | 'Π'
        | 'Ψ'
        | 'Σ'
        | 'Θ'
        | 'Ξ'
        | 'Æ'
        | 'æ'
        | 'ß'
        | 'É'
        | '¤'
        | '¡'
        | 'Ä'
        | 'Ö'
        | 'Ñ'
        | 'Ü'
        | '§'
        | '¿'
        | 'ä'
        | 'ö'
        | 'ñ'
        | 'ü'
        | 'à'
        | ' '..='#'
        | '%'..='?'
        | 'A'..='Z'
        | 'a'..='z' => Some(1),
        '\u{c}' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        _ => None,
    }
}

/// Whether a character is in the GSM 7-bit alphabet or its extension table.
pub fn is_gsm7(character: char) -> bool {
    septets(character).is_some()
}

/// What a text costs, as it stands; [`normalise()`] it first.
pub fn measure(text: &str) -> Measure {
    let alphabet = Alphabet::of(text);
    let units = text.chars().map(|c| alphabet.units(c)).sum();
    let parts = if units <= alphabet.single_part() {
        1
    } else {
        let (mut parts, mut used) = (1, 0);
        for character in text.chars() {
            let needed = alphabet.units(character);
            if used + needed > alphabet.each_part() {
                parts += 1;
                used = 0;
            }
            used += needed;
        }
        parts
    };
    Measure {
        alphabet,
        units,
        parts,
    }
}

/// Whether a text goes out as one short message.
pub fn fits_one_part(text: &str) -> bool {
    measure(text).parts == 1
}

/// The text, or as much of its beginning as fits with `..` behind it into `max_units` of the
/// alphabet that the **result** needs. Below four units the ending is `.`; in none there is nothing.
pub fn cut_to(text: &str, max_units: usize) -> String {
    if measure(text).units <= max_units {
        return text.to_owned();
    }
    let ending = match max_units {
        0 => return String::new(),
        1..4 => ".",
        _ => "..",
    };
    let room = max_units - ending.len();
    // Cutting away the only emoji turns the rest back to GSM-7, where brackets cost more: both
    // counts are kept, and the longest beginning that fits in its own alphabet wins.
    let (mut septets_used, mut utf16_used, mut best) = (Some(0), 0, 0);
    for (at, character) in text.char_indices() {
        septets_used = septets_used.zip(septets(character)).map(|(sum, n)| sum + n);
        utf16_used += character.len_utf16();
        if utf16_used > room {
            break; // a septet count is never below the UTF-16 count
        }
        if septets_used.unwrap_or(utf16_used) <= room {
            best = at + character.len_utf8();
        }
    }
    let kept = text.get(..best).unwrap_or_default();
    // Only plain white space goes: dropping a character outside GSM-7 could change the alphabet.
    let kept = kept.trim_end_matches([' ', '\n', '\r']);
    format!("{kept}{ending}")
}
