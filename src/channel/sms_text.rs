//! How many parts a short message takes, so that an over-long one is refused before it is sent.
//!
//! The numbers are those of 3GPP TS 23.038 and 23.040: 160 septets alone or 153 a part, 70 UTF-16
//! units alone or 67 a part. This file is the one place of the channels that knows the alphabet.

/// More parts than this no network joins reliably, and no head reads.
pub(crate) const MOST_PARTS: usize = 10;

const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡\
                     ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED: &str = "^{}\\[]~|€\u{c}";

/// A text's alphabet and length on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SmsSize {
    /// How many messages it takes; none for an empty text.
    pub(crate) parts: usize,
    /// Whether it must travel as UCS-2, because a character is not in the GSM alphabet.
    pub(crate) unicode: bool,
}

/// Measures a text.
pub(crate) fn measure(text: &str) -> SmsSize {
    let septets = text.chars().map(|c| {
        if BASIC.contains(c) {
            Some(1)
        } else if EXTENDED.contains(c) {
            Some(2)
        } else {
            None
        }
    });
    match septets.collect::<Option<Vec<usize>>>() {
        Some(widths) => SmsSize {
            parts: count_parts(&widths, 160, 153),
            unicode: false,
        },
        None => SmsSize {
            parts: count_parts(
                &text.chars().map(char::len_utf16).collect::<Vec<_>>(),
                70,
                67,
            ),
            unicode: true,
        },
    }
}

/// Fills parts one after another; a character of width two is never split.
fn count_parts(widths: &[usize], alone: usize, each: usize) -> usize {
    let total: usize = widths.iter().sum();
    if total <= alone {
        return usize::from(total > 0);
    }
    let (mut parts, mut filled) = (1, 0);
    for width in widths {
        if filled + width > each {
            parts += 1;
            filled = 0;
        }
        filled += width;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_as_the_network_cuts_them() {
        for (text, parts, unicode) in [
            (String::new(), 0, false),
            ("a".repeat(160), 1, false),
            ("a".repeat(161), 2, false),
            ("a".repeat(306), 2, false),
            ("a".repeat(307), 3, false),
            ("€".repeat(80), 1, false),
            ("€".repeat(81), 2, false),
            // 152 + an escape pair: the pair moves whole into the second part.
            (format!("{}{}", "a".repeat(152), "[".repeat(77)), 3, false),
            ("⚠".repeat(70), 1, true),
            ("⚠".repeat(71), 2, true),
            ("😀".repeat(35), 1, true),
            // 67 units hold 33 pairs.
            ("😀".repeat(67), 3, true),
            ("siaga`".to_owned(), 1, true),
        ] {
            assert_eq!(measure(&text), SmsSize { parts, unicode }, "{text}");
        }
        assert_eq!(BASIC.chars().count(), 127, "128 places, one is the escape");
    }
}
