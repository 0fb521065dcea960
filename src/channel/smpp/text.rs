//! Texts as short messages carry them: alphabets in octets, and the parts of a long text.
//!
//! The default alphabet goes unpacked, an octet a septet, as SMSCs take it for data coding 0. How a
//! text is cut is `domain::gsm`'s arithmetic; a test holds the two together.

use crate::domain::gsm::Alphabet;

/// Data coding 0: the SMSC's default alphabet, which is GSM 7-bit.
pub const DEFAULT_ALPHABET: u8 = 0;
/// Data coding 8: UCS-2.
pub const UCS2: u8 = 8;

/// Turns to the extension table for one character.
const ESCAPE: u8 = 0x1b;

/// The default alphabet by its codes (3GPP TS 23.038, 6.2.1). The escape stands as a blank, which is
/// how the standard wants it shown where no extension follows.
const TABLE: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{a0}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                     ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table (3GPP TS 23.038, 6.2.1.1).
const EXTENSION: [(char, u8); 10] = [
    ('\u{c}', 0x0a),
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2f),
    ('[', 0x3c),
    ('~', 0x3d),
    (']', 0x3e),
    ('|', 0x40),
    ('€', 0x65),
];

/// One short message's worth of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The text in octets, with the header of a part of several before it.
    pub octets: Vec<u8>,
    /// Whether that header is there.
    pub has_header: bool,
}

/// A text in octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The alphabet, as SMPP numbers it.
    pub data_coding: u8,
    /// One short message each.
    pub parts: Vec<Part>,
}

/// Writes a text in octets, in parts where it is long. `number` is the same in all of its parts: a
/// telephone joins what comes from one sender under one number.
pub fn encode(text: &str, number: u8) -> Encoded {
    let alphabet = Alphabet::of(text);
    let characters: Vec<Vec<u8>> = text.chars().map(|c| octets_of(c, alphabet)).collect();
    let octets_a_unit = match alphabet {
        Alphabet::Gsm7 => 1,
        Alphabet::Ucs2 => 2,
    };
    let data_coding = match alphabet {
        Alphabet::Gsm7 => DEFAULT_ALPHABET,
        Alphabet::Ucs2 => UCS2,
    };
    let whole = characters.concat();
    if whole.len() <= alphabet.single_part() * octets_a_unit {
        let part = Part {
            octets: whole,
            has_header: false,
        };
        return Encoded {
            data_coding,
            parts: vec![part],
        };
    }
    let mut bodies = vec![Vec::new()];
    for character in characters {
        let full = bodies.last().is_some_and(|body: &Vec<u8>| {
            body.len() + character.len() > alphabet.each_part() * octets_a_unit
        });
        if full {
            bodies.push(Vec::new());
        }
        if let Some(body) = bodies.last_mut() {
            body.extend(character);
        }
    }
    // What may be sent has at most ten parts.
    let total = u8::try_from(bodies.len()).unwrap_or(u8::MAX);
    let parts = (1..=total)
        .zip(bodies)
        .map(|(place, body)| Part {
            // Six octets: their length, "concatenated", the length of what follows.
            octets: [vec![5, 0, 3, number, total, place], body].concat(),
            has_header: true,
        })
        .collect();
    Encoded { data_coding, parts }
}

fn octets_of(character: char, alphabet: Alphabet) -> Vec<u8> {
    match alphabet {
        Alphabet::Gsm7 => {
            let extended = EXTENSION.iter().find(|(known, _)| *known == character);
            if let Some((_, code)) = extended {
                return vec![ESCAPE, *code];
            }
            let place = TABLE.chars().position(|known| known == character);
            let code = place.and_then(|place| u8::try_from(place).ok());
            // `Alphabet::of` has said that every character is there.
            vec![code.unwrap_or(b'?')]
        }
        Alphabet::Ucs2 => {
            let mut units = [0; 2];
            let units = character.encode_utf16(&mut units);
            units.iter().flat_map(|unit| unit.to_be_bytes()).collect()
        }
    }
}

/// Reads the octets of an incoming message. Nothing is refused: what cannot be read is replaced.
pub fn decode(octets: &[u8], data_coding: u8) -> String {
    match data_coding {
        // ASCII and Latin-1.
        1 | 3 => octets.iter().copied().map(char::from).collect(),
        // The general group and the message classes name the alphabet in two bits (TS 23.038, 4).
        0..=0x3f if data_coding & 0x0c == UCS2 => utf16(octets),
        0xe0..=0xef => utf16(octets),
        0..=0x3f | 0xc0..=0xdf => default_alphabet(octets),
        0xf0..=0xff if data_coding & 0x04 == 0 => default_alphabet(octets),
        _ => octets.iter().copied().map(char::from).collect(),
    }
}

fn utf16(octets: &[u8]) -> String {
    let units = octets
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or_default()]));
    char::decode_utf16(units)
        .map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn default_alphabet(octets: &[u8]) -> String {
    let table: Vec<char> = TABLE.chars().collect();
    let mut text = String::with_capacity(octets.len());
    let mut octets = octets.iter().copied();
    while let Some(octet) = octets.next() {
        let plain = |code: u8| table.get(usize::from(code & 0x7f)).copied().unwrap_or('?');
        if octet != ESCAPE {
            text.push(plain(octet));
        } else if let Some(code) = octets.next() {
            let extended = EXTENSION.iter().find(|(_, known)| *known == code);
            text.push(extended.map_or_else(|| plain(code), |(character, _)| *character));
        }
    }
    text
}

/// Where a part stands among the parts of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// What all parts share.
    pub number: u16,
    /// How many there are.
    pub total: u8,
    /// Which this is, from 1.
    pub place: u8,
}

/// Takes the header off an incoming part: what it says of the part's place, and the rest.
pub fn split_header(octets: &[u8]) -> (Option<Place>, &[u8]) {
    let Some((&length, rest)) = octets.split_first() else {
        return (None, octets);
    };
    let Some((mut header, body)) = rest.split_at_checked(usize::from(length)) else {
        return (None, octets);
    };
    let mut found = None;
    while let [kind, size, after @ ..] = header {
        let Some((value, next)) = after.split_at_checked(usize::from(*size)) else {
            break;
        };
        let place = match (kind, value) {
            (0x00, [number, total, place]) => Some((u16::from(*number), *total, *place)),
            (0x08, [high, low, total, place]) => {
                Some((u16::from_be_bytes([*high, *low]), *total, *place))
            }
            _ => None,
        };
        if let Some((number, total, place)) = place
            && total > 1
            && (1..=total).contains(&place)
        {
            found = Some(Place {
                number,
                total,
                place,
            });
        }
        header = next;
    }
    (found, body)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::gsm::{is_gsm7, measure};

    #[test]
    fn the_table_has_the_standards_codes() {
        assert_eq!(TABLE.chars().count(), 128);
        for (character, code) in [('@', 0), ('_', 0x11), (' ', 0x20), ('A', 0x41), ('à', 0x7f)] {
            assert_eq!(octets_of(character, Alphabet::Gsm7), [code]);
        }
        assert_eq!(octets_of('€', Alphabet::Gsm7), [0x1b, 0x65]);
        assert!(TABLE.chars().all(|c| is_gsm7(c) || c == '\u{a0}'));
    }

    #[test]
    fn an_incoming_text_is_read_by_its_data_coding() {
        for (octets, data_coding, text) in [
            (&b"OK 12"[..], 0, "OK 12"),
            (b"\x00 \x1be", 0, "@ €"),
            (b"a@\xe9", 3, "a@é"),
            (b"\x00O\x00K", 8, "OK"),
            (b"\xd8\x3d\xdc\x4d", 8, "👍"),
            (b"\xd8\x3d", 8, "\u{fffd}"),
            (b"OK", 0x10, "OK"),
            (b"\x00O", 0x18, "O"),
            (b"OK", 0xf1, "OK"),
            (b"OK", 0xf5, "OK"),
        ] {
            assert_eq!(decode(octets, data_coding), text, "{data_coding}");
        }
    }

    #[test]
    fn a_header_tells_a_parts_place_and_broken_ones_are_passed_over() {
        let place = |number, total, place| {
            Some(Place {
                number,
                total,
                place,
            })
        };
        for (octets, expected, rest) in [
            (
                &b"\x05\x00\x03\x07\x02\x01OK"[..],
                place(7, 2, 1),
                &b"OK"[..],
            ),
            (b"\x06\x08\x04\x01\x07\x02\x02OK", place(263, 2, 2), b"OK"),
            (b"\x05\x00\x03\x07\x01\x01OK", None, b"OK"),
            (b"\x05\x00\x03\x07\x02\x03OK", None, b"OK"),
            (b"\x02\x70\x00OK", None, b"OK"),
            (b"\x02\x00\x09OK", None, b"OK"),
            (b"\x40OK", None, b"\x40OK"),
            (b"", None, b""),
        ] {
            assert_eq!(split_header(octets), (expected, rest), "{octets:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_in_as_many_parts_as_are_counted(
            text in "[ -~€é\n]{1,700}|[ -~⚠👍]{1,300}",
            number: u8,
        ) {
            let written = encode(&text, number);
            prop_assert_eq!(written.parts.len(), measure(&text).parts);
            let mut read = String::new();
            for (index, part) in written.parts.iter().enumerate() {
                let body = if part.has_header {
                    let (place, body) = split_header(&part.octets);
                    let place = place.unwrap();
                    prop_assert_eq!(usize::from(place.place), index + 1);
                    prop_assert_eq!(place.number, u16::from(number));
                    body
                } else {
                    &part.octets
                };
                read += &decode(body, written.data_coding);
            }
            prop_assert_eq!(read, text);
        }
    }
}
