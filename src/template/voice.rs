//! Calls: words for the ear. Numbers are spoken digit by digit, short forms in full, and nothing
//! that is not said aloud stands in them.

use minijinja::Value;

use super::{
    Recipient,
    words::{AlertWords, NoteWords, code_of},
};
use crate::domain::{directory::Language, message::Message};

/// How long a field of the data may be, in characters: who listens remembers no more.
const LONGEST_FIELD: usize = 80;

const DIGITS_ID: [&str; 10] = [
    "nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan",
];
const DIGITS_EN: [&str; 10] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
];

/// How many digits are said before a pause.
const BREATH: usize = 4;

/// What is written short and said in full.
const IN_FULL: [(&str, &str); 11] = [
    ("Kab.", "Kabupaten"),
    ("Kec.", "Kecamatan"),
    ("Kel.", "Kelurahan"),
    ("Ds.", "Desa"),
    ("Jl.", "Jalan"),
    ("Ka", "Kepala"),
    ("Sekr", "Sekretaris"),
    ("Plt.", "Pelaksana Tugas"),
    ("Plh.", "Pelaksana Harian"),
    ("mnt", "menit"),
    ("min", "minutes"),
];

/// A ticket as it is read out: `L G W P, satu empat tiga tujuh, enam sembilan`.
pub(crate) fn spelled(ticket: &str, language: &str) -> String {
    let digits = if language == "en" {
        DIGITS_EN
    } else {
        DIGITS_ID
    };
    let mut spoken = String::new();
    let (mut run, mut pause) = (0, false);
    for c in ticket.chars().filter(|c| !c.is_control()) {
        let digit = c.to_digit(10).and_then(|digit| usize::try_from(digit).ok());
        pause |= match digit {
            Some(_) => run % BREATH == 0,
            None => run > 0,
        };
        run = if digit.is_some() { run + 1 } else { 0 };
        let word = match digit.and_then(|digit| digits.get(digit)) {
            Some(word) => (*word).to_owned(),
            None if c.is_alphanumeric() => c.to_uppercase().to_string(),
            None => {
                pause = true;
                continue;
            }
        };
        if !spoken.is_empty() {
            spoken += if pause { ", " } else { " " };
        }
        spoken += &word;
        pause = false;
    }
    spoken
}

/// Data for the ear: letters, digits and the marks of a pause. None when nothing is left.
pub(crate) fn tame(text: &str) -> Option<String> {
    let audible: String = text
        .chars()
        .map(|c| match c {
            c if c.is_alphanumeric() => c,
            '.' | ',' | '-' | '\'' => c,
            _ => ' ',
        })
        .collect();
    let words = audible.split_whitespace().map(in_full);
    let line = words.collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(LONGEST_FIELD).collect();
    let cut = cut.trim_end_matches([' ', '.', ',', '-']).to_owned();
    cut.chars().any(char::is_alphanumeric).then_some(cut)
}

fn in_full(word: &str) -> &str {
    let found = IN_FULL.iter().find(|(short, _)| *short == word);
    found.map_or(word, |(_, full)| full)
}

/// A length of time as it is said: `5 jam 30 menit`.
fn length(text: &str, language: &str) -> String {
    let said = |word| match (language, word) {
        ("en", "h") => "hours",
        (_, word) => in_full(word),
    };
    text.split_whitespace()
        .map(said)
        .collect::<Vec<_>>()
        .join(" ")
}

impl AlertWords {
    /// The same for a call.
    pub(crate) fn for_voice(mut self) -> Self {
        self.ticket = spelled(&self.ticket, self.language);
        self.title = tame(&self.title).unwrap_or_else(|| "SKPD".to_owned());
        self.addressee = self.addressee.and_then(|text| tame(&text));
        self.category = self.category.and_then(|text| tame(&text));
        self.area = self.area.and_then(|text| tame(&text));
        self.unit = self.unit.and_then(|text| tame(&text));
        self.from = self.from.and_then(|text| tame(&text));
        self.proposed = self.proposed.and_then(|text| tame(&text));
        self.promise = length(&self.promise, self.language);
        self.left = length(&self.left, self.language);
        self.over = length(&self.over, self.language);
        self.link = None;
        self
    }
}

impl NoteWords {
    /// The same for a call. Until when it is quiet is not known while the person still listens.
    pub(crate) fn for_voice(mut self) -> Self {
        self.ticket = self.ticket.map(|ticket| spelled(&ticket, self.language));
        self.by = tame(&self.by).unwrap_or_else(|| {
            if self.language == "en" {
                "another post".to_owned()
            } else {
                "petugas lain".to_owned()
            }
        });
        self.passed_to = self.passed_to.and_then(|text| tame(&text));
        self.proposed = self.proposed.and_then(|text| tame(&text));
        self.code = self.code.and_then(|text| tame(&text));
        self.until = String::new();
        self.until_short = String::new();
        self
    }
}

/// A call that says this.
pub(crate) fn message(text: String, farewell: String, to: &Recipient, asks: bool) -> Message {
    Message::Voice {
        language: match to.language {
            Language::Id => "id-ID",
            Language::En => "en-US",
        }
        .to_owned(),
        text,
        farewell,
        keys: asks && to.two_way,
    }
}

/// How to answer, when the template that says it fails.
pub(crate) fn plain_keys(to: &Recipient) -> &'static str {
    match (to.two_way, to.language) {
        (false, _) => "",
        (true, Language::Id) => {
            "\nTekan satu untuk menerima, dua jika bukan wewenang, sembilan untuk mengulangi."
        }
        (true, Language::En) => {
            "\nPress one to accept, two if it is not yours, nine to hear this again."
        }
    }
}

/// What is said before a call ends on which no key was pressed, when its template fails.
pub(crate) fn plain_farewell(language: Language) -> &'static str {
    match language {
        Language::Id => "Terima kasih.",
        Language::En => "Thank you.",
    }
}

/// The template of the farewell, and what it may use.
pub(crate) fn farewell(language: Language) -> (String, Value) {
    let code = code_of(language);
    (
        format!("voice/farewell.{code}.txt"),
        minijinja::context! { language => code },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_read_out_digit_by_digit() {
        for (ticket, id, en) in [
            (
                "LGWP14376928",
                "L G W P, satu empat tiga tujuh, enam sembilan dua delapan",
                "L G W P, one four three seven, six nine two eight",
            ),
            ("A-1.b", "A, satu, B", "A, one, B"),
            ("90", "sembilan nol", "nine zero"),
        ] {
            assert_eq!(spelled(ticket, "id"), id);
            assert_eq!(spelled(ticket, "en"), en);
        }
    }

    #[test]
    fn data_is_tamed_for_the_ear() {
        for (text, tamed) in [
            ("Kab. Pati", Some("Kabupaten Pati")),
            ("Infrastruktur", Some("Infrastruktur")),
            ("<Hangup/> & \"x\"", Some("Hangup x")),
            ("]]><Say>", Some("Say")),
            ("🚧 ---", None),
        ] {
            assert_eq!(tame(text).as_deref(), tamed, "{text}");
        }
        assert_eq!(tame(&"x".repeat(500)).unwrap().len(), LONGEST_FIELD);
        assert_eq!(length("5 jam 30 mnt", "id"), "5 jam 30 menit");
        assert_eq!(length("5 h 30 min", "en"), "5 hours 30 minutes");
    }
}
