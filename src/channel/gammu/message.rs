//! Reads what smsd writes into its inbox: the name of a file, and its content in any of the three
//! forms of `InboxFormat`.
//!
//! A person's words stand in these files, so nothing but the words is believed: who wrote them says
//! the name of the file, which smsd makes of what the network told it.

/// The largest file that can be a message; a text of ten parts in the longest form is a tenth of it.
pub const LARGEST: u64 = 64 * 1024;

/// The name of a file in the inbox: `IN<date>_<time>_<serial>_<sender>_<part>.<kind>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name<'a> {
    /// What all parts of one message share.
    pub message: &'a str,
    /// Who sent it: a number, or a name of letters.
    pub sender: &'a str,
    /// Which part it is.
    pub part: u8,
    /// Whether it has words; `bin` holds data.
    pub is_text: bool,
}

impl<'a> Name<'a> {
    /// Reads a name; none when it is not one of smsd's.
    pub fn read(name: &'a str) -> Option<Self> {
        let (stem, kind) = name.rsplit_once('.')?;
        let is_text = match kind {
            "txt" => true,
            "bin" => false,
            _ => return None,
        };
        let (message, part) = stem.rsplit_once('_')?;
        let mut fields = message.strip_prefix("IN")?.splitn(4, '_');
        let digits = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|b| b.is_ascii_digit())
        };
        let (date, time, serial) = (fields.next()?, fields.next()?, fields.next()?);
        if !digits(date, 8) || !digits(time, 6) || !digits(serial, 2) {
            return None;
        }
        Some(Self {
            message,
            sender: fields.next()?,
            part: part.parse().ok()?,
            is_text,
        })
    }
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A person's words.
    Words(String),
    /// The network's report on a message of ours.
    Report,
}

/// Reads a file's content. What is no text in its form is replaced, never refused: somebody wrote.
pub fn read(bytes: &[u8]) -> Content {
    if let Some(text) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return Content::Words(utf16(text));
    }
    let text = String::from_utf8_lossy(bytes);
    // smsd begins a backup with a comment. Words that imitate one can only say other words.
    let is_backup = text.starts_with("; This file format was designed for Gammu");
    if is_backup && text.contains("\n[SMSBackup000]") {
        return backup(&text);
    }
    Content::Words(text.into_owned())
}

/// Reads UTF-16 up to its end. smsd writes some bytes too many when a text is not plain ASCII: it
/// counts them by the length that the text has in UTF-8.
fn utf16(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .take_while(|unit| *unit != 0);
    char::decode_utf16(units)
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Reads the form `detail`: a section a part, the words in lines of hexadecimal digits.
fn backup(text: &str) -> Content {
    let mut words = Vec::new();
    // Only a line's end as smsd writes it: a comment repeats the words, which may hold others.
    for line in text.split('\n') {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        if key == "PDU" && value == "Status_Report" {
            return Content::Report;
        }
        let is_text = key
            .strip_prefix("Text")
            .is_some_and(|number| number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit()));
        if is_text && let Ok(bytes) = hex::decode(value) {
            words.extend(bytes);
        }
    }
    Content::Words(utf16(&words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_says_who_wrote_and_which_part_it_is() {
        let name = Name::read("IN20261124_233000_02_+6281234567890_01.txt").unwrap();
        assert_eq!(
            name,
            Name {
                message: "IN20261124_233000_02_+6281234567890",
                sender: "+6281234567890",
                part: 1,
                is_text: true,
            }
        );
        let odd = Name::read("IN20261124_233000_00_INFO_BANK_00.bin").unwrap();
        assert_eq!((odd.sender, odd.is_text), ("INFO_BANK", false));
        let empty = Name::read("IN20261124_233000_00__00.txt").unwrap();
        assert_eq!(empty.sender, "");
        for other in [
            "",
            "done",
            ".IN20261124_233000_00_+62812_00.txt",
            "IN20261124_233000_00_+62812_00.txt.part",
            "IN2026_233000_00_+62812_00.txt",
            "IN20261124_233000_+62812.txt",
            "OUTC_+6281234567890_00.txt",
            "IN20261124_233000_00_+62812_999.txt",
        ] {
            assert_eq!(Name::read(other), None, "{other}");
        }
    }

    fn words(bytes: &[u8]) -> String {
        match read(bytes) {
            Content::Words(words) => words,
            Content::Report => panic!("words"),
        }
    }

    #[test]
    fn the_three_forms_give_the_same_words() {
        // As smsd 1.42 wrote them, but for the bytes beyond the end, which are whatever lay there.
        let mut unicode = vec![0xfe, 0xff];
        unicode.extend("OK 11 ✓ é".encode_utf16().flat_map(u16::to_be_bytes));
        unicode.extend([0, 0, 0x27, 0x13, 0]);
        assert_eq!(words(&unicode), "OK 11 ✓ é");
        assert_eq!(words("OK 11 ✓ é".as_bytes()), "OK 11 ✓ é");
        let detail = "; This file format was designed for Gammu and is compatible with Gammu+\n\
                      ; See <http://www.gammu.org> for more info\n\n[SMSBackup000]\n; OK 11\n\
                      PDU = Deliver\nNumber = \"+6281234567890\"\n\
                      NumberUnicode = 002B00360032\nText00 = 004F004B00200031\n\
                      Text01 = 003100202713002000E9\nFolder = 1\n\n[SMSBackup001]\n\
                      PDU = Deliver\nText00 = 0021\n";
        assert_eq!(words(detail.as_bytes()), "OK 11 ✓ é!");
        let report = detail.replacen("PDU = Deliver", "PDU = Status_Report", 1);
        assert_eq!(read(report.as_bytes()), Content::Report);
    }

    #[test]
    fn hostile_content_is_only_words() {
        for bytes in [
            &b""[..],
            &[0xfe, 0xff],
            &[0xfe, 0xff, 0xd8],
            &[0xfe, 0xff, 0xd8, 0x00, 0x00, 0x41],
            &[0xff, 0xfe, 0x41, 0x00],
            &[0x80, 0x81, 0xff],
            b"; This file format was designed for Gammu\n[SMSBackup000]\nText00 = 0G\nText0x = 00\n=\n",
        ] {
            let _ = words(bytes);
        }
        // A comment repeats a person's words; what looks like a line of the file in it is none.
        let detail = "; This file format was designed for Gammu\n\n[SMSBackup000]\n\
                      ; OK\rPDU = Status_Report\rText00 = 0058\nPDU = Deliver\nText00 = 0059\n";
        assert_eq!(words(detail.as_bytes()), "Y");
        // And in the plain form nothing is anything but words.
        assert_eq!(words(b"PDU = Status_Report"), "PDU = Status_Report");
    }
}
