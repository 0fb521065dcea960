//! From tokens to parts of a sentence: expressions are taken together, a negation is bound to what it
//! negates, and a number is told from a time.
//!
//! After this no open negation is left: each has become a plain no, a refusal, a doubt or a reversal.

use super::{
    normalise::{Gap, Token},
    phrases,
    words::Sense,
};

/// One or more tokens that mean one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// What they mean.
    pub(super) sense: Sense,
    /// The first token.
    pub(super) first: usize,
    /// The place after the last token.
    pub(super) end: usize,
}

/// The parts of a text, in order.
pub(super) fn parts(tokens: &[Token]) -> Vec<Part> {
    let mut parts = with_phrases(tokens);
    join_tickets(tokens, &mut parts);
    settle_numbers_and_times(tokens, &mut parts);
    bind_negations(tokens, &parts)
}

fn with_phrases(tokens: &[Token]) -> Vec<Part> {
    let mut parts = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let rest = &tokens[at + 1..];
        let fits = |words: &&[&str]| {
            words.len() <= rest.len()
                && words
                    .iter()
                    .zip(rest)
                    .all(|(word, token)| token.text == *word && token.gap != Gap::End)
        };
        let longest = phrases::beginning_with(&token.text)
            .filter(|(words, _)| fits(words))
            .max_by_key(|(words, _)| words.len());
        let (sense, length) = match longest {
            Some((words, sense)) => (*sense, words.len() + 1),
            None => (token.sense, 1),
        };
        parts.push(Part {
            sense,
            first: at,
            end: at + length,
        });
        at += length;
    }
    parts
}

/// `LGWP 14376928` and `LGWP-14376928` are one ticket.
fn join_tickets(tokens: &[Token], parts: &mut Vec<Part>) {
    let is_prefix = |part: &Part| {
        let text = &tokens[part.first].text;
        part.sense == Sense::Unknown
            && text.len() <= 6
            && text.starts_with("lg")
            && text.bytes().all(|b| b.is_ascii_lowercase())
    };
    let mut at = 0;
    while at + 1 < parts.len() {
        let (letters, digits) = (parts[at], parts[at + 1]);
        let token = &tokens[digits.first];
        let is_close = matches!(token.gap, Gap::Space | Gap::Hyphen | Gap::None);
        if is_prefix(&letters) && digits.sense == Sense::Ticket && is_close {
            parts[at] = Part {
                sense: Sense::Ticket,
                first: letters.first,
                end: digits.end,
            };
            parts.remove(at + 1);
        }
        at += 1;
    }
}

fn settle_numbers_and_times(tokens: &[Token], parts: &mut [Part]) {
    let mut is_opening = true;
    for at in 0..parts.len() {
        let part = parts[at];
        let word = tokens[part.first].text.as_str();
        let gap = tokens[part.first].gap;
        let before = at.checked_sub(1).map(|at| parts[at]);
        let after = parts.get(at + 1).copied();
        let sense = match part.sense {
            // "malam pak, siap" greets; "siap, malam ini" puts off.
            Sense::DayPart => {
                let names_a_day = after.is_some_and(|next| {
                    matches!(next.sense, Sense::If | Sense::Time)
                        || next.sense.is_number()
                        || tokens[next.first].text == "ini"
                });
                if is_opening && !names_a_day {
                    Sense::Courtesy
                } else {
                    Sense::Time
                }
            }
            // "bapak ibu semua" is everybody, not every complaint.
            Sense::All if gap < Gap::Comma && before.is_some_and(|b| b.sense == Sense::Address) => {
                Sense::Hedge
            }
            // "siap-siap" is getting ready.
            Sense::Accept
                if gap == Gap::Hyphen
                    && before.is_some_and(|before| tokens[before.first].text == word) =>
            {
                Sense::Hedge
            }
            Sense::Code(_) | Sense::Ticket => {
                let is_time = |part: Option<Part>| {
                    part.is_some_and(|p| matches!(p.sense, Sense::Time | Sense::DayPart))
                };
                if is_time(before) || is_time(after) {
                    Sense::Figure
                } else {
                    part.sense
                }
            }
            sense => sense,
        };
        parts[at].sense = sense;
        is_opening &= matches!(
            sense,
            Sense::Courtesy | Sense::Address | Sense::Filler | Sense::DayPart
        );
    }
}

/// Walks over the parts and binds each negation to what follows it.
fn bind_negations(tokens: &[Token], parts: &[Part]) -> Vec<Part> {
    let sentence = Sentence { tokens, parts };
    let mut bound = Vec::with_capacity(parts.len());
    let mut at = 0;
    while let Some(part) = parts.get(at) {
        let (sense, used) = match part.sense {
            Sense::No => sentence.no(at),
            Sense::NotYet | Sense::Dont => sentence.not_yet(at),
            Sense::Not => sentence.not(at),
            sense => (sense, 1),
        };
        let is_open = sense == Sense::Doubt && sentence.refuses_from(at + used);
        let sense = if is_open { Sense::Reversal } else { sense };
        let last = parts.get(at + used - 1).unwrap_or(part);
        bound.push(Part {
            sense,
            first: part.first,
            end: last.end,
        });
        at += used;
    }
    bound
}

/// After *tidak*: "cannot, will not, has no say".
const REFUSED: &[&str] = &[
    "bisa",
    "dapat",
    "mau",
    "wewenang",
    "kewenangan",
    "berwenang",
    "termasuk",
    "menangani",
    "menerima",
    "masuk",
    "bertugas",
    "menjabat",
    "iso",
    "gelem",
    "saged",
    "purun",
    "responsible",
];

/// Helping verbs: what a negation before them negates comes after them.
const MODAL: &[&str] = &[
    "bisa", "dapat", "mau", "usah", "perlu", "boleh", "harus", "sempat", "ingin", "pernah",
    "sedang", "sdg", "lagi", "do", "be",
];

/// After *bukan* or *not*: what the complaint is not part of.
const NOT_OURS: &[&str] = &[
    "wewenang",
    "wewenangnya",
    "kewenangan",
    "kewenangannya",
    "tupoksi",
    "tugas",
    "kami",
    "kita",
    "saya",
    "sy",
    "bagian",
    "bidang",
    "urusan",
    "ranah",
    "dinas",
    "unit",
    "wilayah",
    "instansi",
    "opd",
    "skpd",
    "domain",
    "kewajiban",
    "yurisdiksi",
    "mine",
    "me",
    "ours",
    "us",
    "my",
    "our",
    "responsible",
];

/// May stand between *bukan* and what it negates.
const BETWEEN: &[&str] = &[
    "lagi",
    "merupakan",
    "termasuk",
    "di",
    "dari",
    "aduan",
    "laporan",
    "masuk",
    "ini",
    "itu",
];

const NUMBER: &[&str] = &["nomor", "nomer", "nmr", "nomornya", "no"];

struct Sentence<'a> {
    tokens: &'a [Token],
    parts: &'a [Part],
}

impl Sentence<'_> {
    /// The part at a place, if it stands in the same clause as the one before it.
    fn in_clause(&self, at: usize) -> Option<Part> {
        let part = *self.parts.get(at)?;
        (self.tokens[part.first].gap < Gap::Comma).then_some(part)
    }

    fn word(&self, part: Part) -> &str {
        self.tokens[part.first].text.as_str()
    }

    /// Whether the clause goes on to refuse or pass on, so that a negation before it may undo that.
    fn refuses_from(&self, at: usize) -> bool {
        (at..).map_while(|place| self.in_clause(place)).any(|part| {
            matches!(
                part.sense,
                Sense::Refuse | Sense::HandOver | Sense::WrongNumber
            )
        })
    }

    /// How many parts from a place on, in the clause, belong to an acceptance.
    fn acceptance_from(&self, at: usize) -> usize {
        (at..self.parts.len())
            .map_while(|place| self.in_clause(place))
            .take_while(|part| matches!(part.sense, Sense::Accept | Sense::Yes | Sense::Helper))
            .count()
    }

    /// The place of the first part after `at` that is more than a helping word, in the clause.
    fn next_telling(&self, at: usize) -> Option<usize> {
        let mut next = at + 1;
        while let Some(part) = self.in_clause(next) {
            if part.sense != Sense::Helper && !MODAL.contains(&self.word(part)) {
                return Some(next);
            }
            next += 1;
        }
        None
    }

    /// Whether a part is the kind whose negation turns a refusal round.
    fn is_reversed(part: Part) -> bool {
        part.sense.is_negation()
            || matches!(
                part.sense,
                Sense::Refuse
                    | Sense::HandOver
                    | Sense::WrongNumber
                    | Sense::Stop
                    | Sense::Start
                    | Sense::PlainNo
                    | Sense::Busy
            )
    }

    fn no(&self, at: usize) -> (Sense, usize) {
        let Some(next) = self.in_clause(at + 1) else {
            return (Sense::PlainNo, 1);
        };
        if self.word(self.parts[at]) == "no" && next.sense.is_number() {
            return (self.number_mark(at), 1);
        }
        let leads_on = |part: Part| {
            let word = self.word(part);
            part.sense == Sense::Helper || (MODAL.contains(&word) && !REFUSED.contains(&word))
        };
        if leads_on(next)
            && let Some(telling) = self.next_telling(at)
        {
            let (sense, used) = self.negated(telling);
            // "tidak akan kami terima" refuses, "tidak saya pahami" and the like are open.
            return (sense, telling - at + used);
        }
        match next.sense {
            Sense::Filler | Sense::Address | Sense::Courtesy | Sense::Code(_) | Sense::Ticket => {
                (Sense::PlainNo, 1)
            }
            Sense::Helper => (Sense::Doubt, 1),
            _ => {
                let (sense, used) = self.negated(at + 1);
                (sense, used + 1)
            }
        }
    }

    /// What *tidak* makes of the part at a place, and how many parts belong to it.
    fn negated(&self, at: usize) -> (Sense, usize) {
        let part = self.parts[at];
        if Self::is_reversed(part) {
            return (Sense::Reversal, 1);
        }
        if matches!(part.sense, Sense::Accept | Sense::Yes) {
            return (Sense::PlainNo, 1 + self.acceptance_from(at + 1));
        }
        if REFUSED.contains(&self.word(part)) {
            // "tidak bisa kami terima" refuses, "tidak bisa kami teruskan" is open.
            let used = 1 + self.acceptance_from(at + 1);
            return match self.in_clause(at + used) {
                Some(next) if Self::is_reversed(next) => (Sense::Reversal, used + 1),
                _ => (Sense::PlainNo, used),
            };
        }
        (Sense::Doubt, 0)
    }

    /// `no` before a number: Indonesian "number" after an acceptance (`ok no 12`), else unclear.
    fn number_mark(&self, at: usize) -> Sense {
        let before = &self.parts[..at];
        let is_led = before.last().is_some_and(|last| {
            matches!(
                last.sense,
                Sense::Yes
                    | Sense::Accept
                    | Sense::Filler
                    | Sense::Address
                    | Sense::Helper
                    | Sense::Mark
            )
        });
        let is_taken = before
            .iter()
            .any(|part| matches!(part.sense, Sense::Yes | Sense::Accept));
        // "ok 11 no 12" may take one and leave the other.
        if is_led && is_taken && !before.iter().any(|part| part.sense.is_number()) {
            Sense::Mark
        } else {
            Sense::Doubt
        }
    }

    fn not_yet(&self, at: usize) -> (Sense, usize) {
        let Some(next) = self.next_telling(at) else {
            return (Sense::Doubt, 1);
        };
        let part = self.parts[next];
        if Self::is_reversed(part) {
            (Sense::Reversal, next - at + 1)
        } else if matches!(part.sense, Sense::Accept | Sense::Yes) {
            (Sense::Doubt, next - at + 1)
        } else {
            (Sense::Doubt, 1)
        }
    }

    fn not(&self, at: usize) -> (Sense, usize) {
        let mut next = at + 1;
        while let Some(part) = self.in_clause(next) {
            let word = self.word(part);
            // The English "no" is also the Indonesian "number".
            if Self::is_reversed(part) && word != "no" {
                return (Sense::Reversal, next - at + 1);
            }
            if NOT_OURS.contains(&word) {
                // "bukan kami tidak mau" does not say that it is not ours.
                let turned = self.in_clause(next + 1).is_some_and(Self::is_reversed);
                let sense = if turned {
                    Sense::Reversal
                } else {
                    Sense::Refuse
                };
                return (sense, next - at + 1 + usize::from(turned));
            }
            if NUMBER.contains(&word) {
                let named = self
                    .parts
                    .get(next + 1)
                    .is_some_and(|p| p.sense.is_number());
                let sense = if named {
                    Sense::Doubt
                } else {
                    Sense::WrongNumber
                };
                return (sense, next - at + 1);
            }
            if matches!(part.sense, Sense::Accept | Sense::Yes) {
                return (Sense::Doubt, next - at + 1);
            }
            if next - at > 2 || !BETWEEN.contains(&word) {
                break;
            }
            next += 1;
        }
        (Sense::Doubt, 1)
    }
}
