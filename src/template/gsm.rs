//! The GSM 03.38 alphabet, as far as wording needs it: how much room a text takes in a short
//! message, how it is brought into the alphabet, and how it is cut.
//!
//! One part holds 160 septets; a character of the extension table takes two. One character outside
//! the alphabet would turn the whole message into UCS-2 with 70 characters a part, so none is let
//! through.

/// What one part holds (3GPP TS 23.038).
pub(crate) const ONE_PART: usize = 160;

const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: &str = "^{}\\[~]|€\u{c}";

fn septets(c: char) -> Option<usize> {
    if BASIC.contains(c) {
        Some(1)
    } else if EXTENSION.contains(c) {
        Some(2)
    } else {
        None
    }
}

/// The septets a text takes. A character outside the alphabet counts as more than a part, so such
/// a text never passes as fitting.
pub(crate) fn measure(text: &str) -> usize {
    text.chars()
        .map(|c| septets(c).unwrap_or(ONE_PART + 1))
        .sum()
}

/// Brings a text into the alphabet: accents are dropped, typographic signs become plain ones, what
/// has no likeness becomes one `?` a run.
pub(crate) fn normalise(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut in_unknown_run = false;
    for c in text.chars() {
        let likeness = like(c);
        if likeness.is_none() && in_unknown_run {
            continue;
        }
        in_unknown_run = likeness.is_none();
        match likeness {
            Some(Likeness::Itself) => plain.push(c),
            Some(Likeness::Letters(letters)) => plain.push_str(letters),
            None => plain.push('?'),
        }
    }
    plain
}

/// The longest beginning of a text that takes at most `room` septets.
pub(crate) fn cut_to(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += septets(c).unwrap_or(ONE_PART + 1);
        if used > room {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

enum Likeness {
    Itself,
    Letters(&'static str),
}

fn like(c: char) -> Option<Likeness> {
    if septets(c).is_some() {
        return Some(Likeness::Itself);
    }
    let letters = match c {
        '‘' | '’' | '‚' | '`' | '´' | 'ʼ' => "'",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "-",
        '…' => "...",
        '•' | '·' => "*",
        '×' => "x",
        '\t' | '\u{a0}' | '\u{2009}' | '\u{202f}' => " ",
        'á' | 'â' | 'ã' | 'ā' | 'ă' | 'ą' | 'ạ' | 'ả' => "a",
        'À' | 'Á' | 'Â' | 'Ã' | 'Ā' | 'Ă' | 'Ą' => "A",
        'ê' | 'ë' | 'ē' | 'ĕ' | 'ę' | 'ě' | 'ẽ' => "e",
        'È' | 'Ê' | 'Ë' | 'Ē' | 'Ĕ' | 'Ę' | 'Ě' => "E",
        'í' | 'î' | 'ï' | 'ī' | 'ĭ' | 'ı' => "i",
        'Ì' | 'Í' | 'Î' | 'Ï' | 'Ī' | 'Ĭ' => "I",
        'ó' | 'ô' | 'õ' | 'ō' | 'ŏ' => "o",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ō' => "O",
        'ú' | 'û' | 'ū' | 'ŭ' | 'ů' => "u",
        'Ù' | 'Ú' | 'Û' | 'Ū' | 'Ů' => "U",
        'ç' | 'ć' | 'č' => "c",
        'Ć' | 'Č' => "C",
        'ý' | 'ÿ' => "y",
        'Ý' | 'Ÿ' => "Y",
        'ł' => "l",
        'Ł' => "L",
        'ń' | 'ň' => "n",
        'ś' | 'š' | 'ş' => "s",
        'Ś' | 'Š' | 'Ş' => "S",
        'ž' | 'ź' | 'ż' => "z",
        'Ž' | 'Ź' | 'Ż' => "Z",
        _ => return None,
    };
    Some(Likeness::Letters(letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_brought_into_the_alphabet() {
        for (text, plain) in [
            ("Kab. Pati", "Kab. Pati"),
            ("Jalan “rusak” – parah…", "Jalan \"rusak\" - parah..."),
            ("Desa Kâlî", "Desa Kali"),
            ("जय हिन्द ok", "? ? ok"),
            ("😀😀!", "?!"),
        ] {
            assert_eq!(normalise(text), plain);
            assert!(measure(&normalise(text)) < 100, "{text}");
        }
    }

    #[test]
    fn the_extension_table_takes_two() {
        assert_eq!(measure("[a]"), 5);
        assert_eq!(cut_to("[a]", 2), "[");
        assert_eq!(cut_to("abc", 3), "abc");
        assert!(measure("字") > ONE_PART);
    }
}
