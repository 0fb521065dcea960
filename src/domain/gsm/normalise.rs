//! Bringing a text into the GSM 7-bit alphabet without changing what it says.

use super::is_gsm7;

/// The text with look-alikes from the GSM 7-bit alphabet for what lies outside it: plain quotes,
/// hyphens, dots, spaces and letters without the accents that the alphabet lacks. What cannot be
/// seen is dropped. What has no look-alike (an emoji, another script) stays, for dropping it would
/// change the message; [`super::lint`] tells of it. Doing it twice changes nothing more.
pub fn normalise(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            // A line ends with one character; a form feed would cost two and is shown by no phone.
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => plain.push('\n'),
            known if is_gsm7(known) => plain.push(known),
            other => push_look_alike(&mut plain, other),
        }
    }
    plain
}

/// The text in the alphabet at all costs: [`normalise`], and one `?` for each run of what has no
/// look-alike. For data in a message whose size must not depend on it.
pub fn force(text: &str) -> String {
    let mut forced = String::with_capacity(text.len());
    let mut in_foreign_run = false;
    for character in normalise(text).chars() {
        let is_foreign = !is_gsm7(character);
        if !is_foreign {
            forced.push(character);
        } else if !in_foreign_run {
            forced.push('?');
        }
        in_foreign_run = is_foreign;
    }
    forced
}

fn push_look_alike(plain: &mut String, character: char) {
    if is_unseen(character) {
        return;
    }
    if let Some(words) = sign(character) {
        plain.push_str(words);
    } else if let Some(letter) = unaccented(character) {
        plain.push_str(letter);
    } else if let Some(ascii) = full_width(character) {
        plain.push(ascii);
    } else {
        plain.push(character);
    }
}

/// Control characters, zero-width ones, marks of direction and variation, and accents written as
/// characters of their own (the letter before them stays).
fn is_unseen(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(
            character,
            '\u{ad}'
                | '\u{300}'..='\u{36f}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
        )
}

fn full_width(character: char) -> Option<char> {
    matches!(character, '\u{ff01}'..='\u{ff5e}')
        .then(|| char::from_u32(u32::from(character) - 0xfee0))
        .flatten()
        .map(|ascii| if ascii == '`' { '\'' } else { ascii })
}

fn sign(character: char) -> Option<&'static str> {
    Some(match character {
        '\t'
        | '\u{a0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{3000}' => " ",
        '`' | '´' | '‘' | '’' | '‚' | '‛' | '′' | '‵' | 'ʹ' | 'ʻ' | 'ʼ' | 'ʽ' | '‹' | '›' => {
            "'"
        }
        '“' | '”' | '„' | '‟' | '″' | '‶' | '«' | '»' | '〝' | '〞' | '¨' => "\"",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '⁃' | '•' | '·' | '‣' | '▪' | '●' | '∙' | '¬'
        | '¯' | '¶' => "-",
        '…' => "...",
        '‥' => "..",
        '。' | '․' => ".",
        '、' | '¸' => ",",
        '⁄' | '∕' | '÷' => "/",
        '×' | '✕' | '✖' => "x",
        '∗' | '★' | '☆' => "*",
        '¦' => "|",
        '°' | 'º' => "o",
        'ª' => "a",
        '¹' => "1",
        '²' => "2",
        '³' => "3",
        '½' => "1/2",
        '¼' => "1/4",
        '¾' => "3/4",
        '±' => "+/-",
        '≤' => "<=",
        '≥' => ">=",
        '≠' => "<>",
        '≈' => "~",
        '→' | '⇒' | '➔' | '➜' => "->",
        '←' | '⇐' => "<-",
        '©' => "(c)",
        '®' => "(R)",
        '™' => "(TM)",
        '¢' => "c",
        'µ' | 'μ' => "u",
        '№' => "No.",
        '‰' => "/1000",
        '\u{2126}' => "Ω", // the sign for ohm, as the Greek letter
        _ => return None,
    })
}

/// Letters of Latin-1 and Latin Extended-A (and the Romanian commas) that the alphabet lacks.
fn unaccented(character: char) -> Option<&'static str> {
    Some(match character {
        'À' | 'Á' | 'Â' | 'Ã' | 'Ā' | 'Ă' | 'Ą' => "A",
        'á' | 'â' | 'ã' | 'ā' | 'ă' | 'ą' => "a",
        'Ć' | 'Ĉ' | 'Ċ' | 'Č' => "C",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'Ð' | 'Ď' | 'Đ' => "D",
        'ð' | 'ď' | 'đ' => "d",
        'È' | 'Ê' | 'Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => "E",
        'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => "G",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'Ĥ' | 'Ħ' => "H",
        'ĥ' | 'ħ' => "h",
        'Ì' | 'Í' | 'Î' | 'Ï' | 'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' => "I",
        'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        'Ĵ' => "J",
        'ĵ' => "j",
        'Ķ' => "K",
        'ķ' | 'ĸ' => "k",
        'Ĺ' | 'Ļ' | 'Ľ' | 'Ŀ' | 'Ł' => "L",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'Ń' | 'Ņ' | 'Ň' | 'Ŋ' => "N",
        'ń' | 'ņ' | 'ň' | 'ŉ' | 'ŋ' => "n",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ō' | 'Ŏ' | 'Ő' => "O",
        'ó' | 'ô' | 'õ' | 'ō' | 'ŏ' | 'ő' => "o",
        'Œ' => "OE",
        'œ' => "oe",
        'Ŕ' | 'Ŗ' | 'Ř' => "R",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'Ś' | 'Ŝ' | 'Ş' | 'Š' | 'Ș' => "S",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | 'ſ' => "s",
        'Ţ' | 'Ť' | 'Ŧ' | 'Ț' => "T",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'Ù' | 'Ú' | 'Û' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' => "U",
        'ú' | 'û' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'Ŵ' => "W",
        'ŵ' => "w",
        'Ý' | 'Ŷ' | 'Ÿ' => "Y",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'ź' | 'ż' | 'ž' => "z",
        'Þ' => "Th",
        'þ' => "th",
        _ => return None,
    })
}
