//! What must stay hidden, in the words of the sources.
//!
//! A word that is not known counts as hidden: hiding too much costs a look, showing too much cannot
//! be taken back. The caller is told, so that it stands in a report.

/// A flag as a source writes it; none is a word that is not known.
pub fn flag(word: &str) -> Option<bool> {
    match word.trim().to_lowercase().as_str() {
        "1" | "true" | "ya" | "y" | "yes" => Some(true),
        "" | "0" | "false" | "tidak" | "n" | "no" | "-" => Some(false),
        _ => None,
    }
}

/// What a column of privacy words says: `Anonim|Rahasia`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Words {
    /// The reporter's name is hidden.
    pub anonymous: bool,
    /// The report is hidden.
    pub confidential: bool,
    /// A word is not known; both are hidden then.
    pub unknown: bool,
}

/// Reads a column of privacy words.
pub fn words(text: &str) -> Words {
    let mut found = Words::default();
    for word in text.split(['|', ',', ';', '/', '+', '&']) {
        match word.trim().to_lowercase().as_str() {
            "" | "-" | "publik" | "public" | "terbuka" | "normal" => {}
            "anonim" | "anonymous" => found.anonymous = true,
            "rahasia" | "confidential" => found.confidential = true,
            _ => found.unknown = true,
        }
    }
    if found.unknown {
        (found.anonymous, found.confidential) = (true, true);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_not_known_hides() {
        let cases = [
            ("Anonim|Rahasia", (true, true, false)),
            ("anonim", (true, false, false)),
            (" Rahasia ", (false, true, false)),
            ("", (false, false, false)),
            ("Publik", (false, false, false)),
            ("Tertutup", (true, true, true)),
            ("Tidak Anonim", (true, true, true)),
            ("Anonim|Tertutup", (true, true, true)),
        ];
        for (text, (anonymous, confidential, unknown)) in cases {
            let expected = Words {
                anonymous,
                confidential,
                unknown,
            };
            assert_eq!(words(text), expected, "{text}");
        }
        for (word, expected) in [
            ("Ya", Some(true)),
            ("tidak", Some(false)),
            ("", Some(false)),
            ("t", None),
            ("mungkin", None),
        ] {
            assert_eq!(flag(word), expected, "{word}");
        }
    }
}
