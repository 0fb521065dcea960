//! From the senses of a text to its meaning and scope.
//!
//! The order of the questions is the policy: a machine's text first, then whatever must never be
//! taken for a yes, the yes last and only when nothing else is left.

use super::{
    Meaning, Reply, Scope,
    normalise::{Gap, Token, is_invisible},
    sentence::Part,
    words::Sense,
};

/// The longest name that is handed on as the one to pass to, in characters.
const LONGEST_NAME: usize = 60;
/// The radio word for "understood".
const RADIO_YES: u16 = 86;

/// Decides what a text means. `text` is what the tokens were cut from.
pub(super) fn decide(text: &str, tokens: &[Token], parts: &[Part]) -> Reply {
    let sentence = Sentence {
        text,
        tokens,
        parts: read_radio_yes(parts),
    };
    let meaning = sentence.meaning();
    let scope = match &meaning {
        Meaning::Accept | Meaning::Refuse | Meaning::HandOver { .. } | Meaning::List => {
            sentence.scope()
        }
        // "semua?" and "tidak semua" do not say all.
        Meaning::Undecided => match sentence.scope() {
            Scope::All => Scope::Unsaid,
            scope => scope,
        },
        _ => Scope::Unsaid,
    };
    Reply { meaning, scope }
}

/// The words by which a refusal or a hand-over names somebody.
pub(super) fn names(text: &str, tokens: &[Token], parts: &[Part]) -> Option<String> {
    let sentence = Sentence {
        text,
        tokens,
        parts: parts.to_vec(),
    };
    if let Some(at) = sentence.first(|sense| sense == Sense::HandOver)
        && let Some((name, _)) = sentence.name_after(at)
    {
        return Some(name);
    }
    let at = sentence.first(|sense| matches!(sense, Sense::HandOver | Sense::Refuse))?;
    sentence
        .words_in(at + 1, sentence.parts.len())
        .or_else(|| sentence.words_in(0, at))
}

/// `86` with no other word of acceptance, alone or first or last among numbers, is that word.
fn read_radio_yes(parts: &[Part]) -> Vec<Part> {
    let mut parts = parts.to_vec();
    let is_said = parts
        .iter()
        .any(|part| matches!(part.sense, Sense::Yes | Sense::Accept));
    if is_said {
        return parts;
    }
    let numbers: Vec<usize> = (0..parts.len())
        .filter(|at| parts[*at].sense.is_number())
        .collect();
    let is_radio = |at: &usize| {
        // "kode 86" names a code.
        let is_marked = *at > 0 && parts[*at - 1].sense == Sense::Mark;
        parts[*at].sense == Sense::Code(RADIO_YES) && !is_marked
    };
    let found: Vec<usize> = if numbers.iter().all(is_radio) {
        numbers
    } else {
        let first = numbers.first().filter(|at| is_radio(at));
        first
            .or_else(|| numbers.last().filter(|at| is_radio(at)))
            .copied()
            .into_iter()
            .collect()
    };
    for at in found {
        parts[at].sense = Sense::Accept;
    }
    parts
}

struct Sentence<'a> {
    text: &'a str,
    tokens: &'a [Token],
    parts: Vec<Part>,
}

impl Sentence<'_> {
    fn first(&self, wanted: impl Fn(Sense) -> bool) -> Option<usize> {
        self.parts.iter().position(|part| wanted(part.sense))
    }

    fn has(&self, wanted: impl Fn(Sense) -> bool) -> bool {
        self.first(wanted).is_some()
    }

    fn all(&self, wanted: impl Fn(Sense) -> bool) -> bool {
        self.parts.iter().all(|part| wanted(part.sense))
    }

    /// Whether it is taken after all, behind the part at a place. A closing *ya* is no yes.
    fn is_taken_after(&self, at: usize) -> bool {
        self.parts[at + 1..]
            .iter()
            .any(|part| part.sense == Sense::Accept)
    }

    /// Whether a condition or a later time stands before the part at a place.
    fn is_put_off_before(&self, at: usize) -> bool {
        self.parts[..at].iter().any(|part| part.sense == Sense::If)
    }

    fn meaning(&self) -> Meaning {
        if self.has(|s| s == Sense::Automatic) {
            return Meaning::Automatic;
        }
        if self.has(|s| s == Sense::Question) {
            return self.question();
        }
        if self.has(|s| s == Sense::Reversal) {
            return Meaning::Undecided;
        }
        self.refusal()
            .or_else(|| self.not_an_answer())
            .unwrap_or_else(|| self.understood())
    }

    /// Only one question is understood: for the list.
    fn question(&self) -> Meaning {
        let is_list = self.has(|s| s == Sense::List)
            && self.all(|s| s == Sense::Question || is_list_or_its_company(s));
        if is_list {
            Meaning::List
        } else {
            Meaning::Undecided
        }
    }

    /// Refusals of every kind. Unknown words do not weaken them: to go on paging is harmless.
    fn refusal(&self) -> Option<Meaning> {
        if let Some(at) = self.first(|s| s == Sense::WrongNumber) {
            let names_a_code = self.parts.get(at + 1).is_some_and(|p| p.sense.is_number());
            let is_clear = !names_a_code && !self.is_taken_after(at) && !self.is_put_off_before(at);
            return Some(if is_clear {
                Meaning::WrongNumber
            } else {
                Meaning::Undecided
            });
        }
        if self.is_of_two_minds() {
            return Some(Meaning::Undecided);
        }
        if let Some(at) = self.first(|s| s == Sense::HandOver) {
            let named = self.name_after(at);
            let end = named.as_ref().map_or(at, |(_, last)| *last);
            let is_clear = !self.is_taken_after(end) && !self.is_put_off_before(at);
            let is_report = named.is_some() && self.is_told_to_superiors(at, end);
            let to = named.map(|(name, _)| name);
            return Some(if is_clear && !is_report {
                Meaning::HandOver { to }
            } else {
                Meaning::Undecided
            });
        }
        if let Some(at) = self.first(|s| s == Sense::Refuse) {
            let is_clear = !self.is_taken_after(at) && !self.is_put_off_before(at);
            return Some(if is_clear {
                Meaning::Refuse
            } else {
                Meaning::Undecided
            });
        }
        let at = self.first(|s| s == Sense::PlainNo)?;
        let is_said_yes = self.parts[..at]
            .iter()
            .any(|part| matches!(part.sense, Sense::Yes | Sense::Accept));
        let is_mixed = is_said_yes
            || self.is_taken_after(at)
            || self.is_put_off_before(at)
            || self.has(|s| matches!(s, Sense::Doubt | Sense::Stop | Sense::Start | Sense::List));
        Some(if is_mixed {
            Meaning::Undecided
        } else {
            Meaning::Refuse
        })
    }

    /// "Sudah diteruskan ke pimpinan": they tell that their superiors know. That is neither a yes nor
    /// a no, and to take it for a refusal would spare who must answer.
    fn is_told_to_superiors(&self, at: usize, end: usize) -> bool {
        const DONE: &[&str] = &["sudah", "sdh", "udah", "telah", "sampun"];
        const SUPERIORS: &[&str] = &["pimpinan", "atasan", "bos", "boss", "bapak", "pak", "bpk"];
        let word = |place: usize| self.tokens[self.parts[place].first].text.as_str();
        let to = (at + 1..=end).find(|place| self.is_to(&self.parts[*place]));
        (0..at).any(|place| DONE.contains(&word(place)))
            && to.is_some_and(|to| {
                (to + 1..=end)
                    .all(|place| SUPERIORS.contains(&word(place)) || word(place) == "kami")
            })
    }

    /// Whether several complaints are named and more than one thing is said: "ok 12, tolak 13".
    fn is_of_two_minds(&self) -> bool {
        let numbers = self.parts.iter().filter(|part| part.sense.is_number());
        let kinds = [
            self.has(|s| matches!(s, Sense::Yes | Sense::Accept)),
            self.has(|s| matches!(s, Sense::Refuse | Sense::PlainNo)),
            self.has(|s| s == Sense::HandOver),
        ];
        numbers.count() > 1 && kinds.into_iter().filter(|kind| *kind).count() > 1
    }

    /// What keeps a text from being an answer.
    fn not_an_answer(&self) -> Option<Meaning> {
        let is_yes = |s| matches!(s, Sense::Yes | Sense::Accept);
        if self.has(|s| s == Sense::Busy) {
            let is_mixed = self.has(is_yes) || self.has(|s| s == Sense::Doubt);
            return Some(if is_mixed {
                Meaning::Undecided
            } else {
                Meaning::Automatic
            });
        }
        if self.has(|s| matches!(s, Sense::Doubt | Sense::Hedge | Sense::If | Sense::Time)) {
            return Some(Meaning::Undecided);
        }
        if self.has(|s| matches!(s, Sense::Unknown | Sense::Plain | Sense::Figure)) {
            // Half understood is worth a question, not understood at all is not.
            let is_half = self.has(is_yes)
                || self.has(|s| matches!(s, Sense::List | Sense::Stop | Sense::Start | Sense::All))
                || self.has_lettered_ticket();
            return Some(if is_half {
                Meaning::Undecided
            } else {
                Meaning::Noise
            });
        }
        None
    }

    /// The meaning of a text of which every word is understood.
    fn understood(&self) -> Meaning {
        let is_company = |s| matches!(s, Sense::Filler | Sense::Address | Sense::Courtesy);
        for (command, meaning) in [(Sense::Stop, Meaning::Stop), (Sense::Start, Meaning::Start)] {
            if self.has(|s| s == command) {
                return if self.all(|s| s == command || is_company(s)) {
                    meaning
                } else {
                    Meaning::Undecided
                };
            }
        }
        if self.has(|s| s == Sense::List) {
            return if self.all(is_list_or_its_company) {
                Meaning::List
            } else {
                Meaning::Undecided
            };
        }
        let has_all = self.has(|s| s == Sense::All);
        let has_number = self.has(Sense::is_number);
        if self.has(|s| matches!(s, Sense::Yes | Sense::Accept)) {
            // "ok semua 12" names two things.
            return if has_all && has_number {
                Meaning::Undecided
            } else {
                Meaning::Accept
            };
        }
        if self.has(|s| matches!(s, Sense::Code(_))) {
            let is_bare = self.all(|s| {
                matches!(
                    s,
                    Sense::Code(_) | Sense::Filler | Sense::Address | Sense::Mark | Sense::And
                )
            });
            return if is_bare {
                Meaning::Accept
            } else {
                Meaning::Undecided
            };
        }
        if has_all || self.has_lettered_ticket() {
            return Meaning::Undecided;
        }
        if self.has(|s| s == Sense::Courtesy) {
            return if self.all(is_company) {
                Meaning::Courtesy
            } else {
                Meaning::Undecided
            };
        }
        Meaning::Noise
    }

    /// A ticket with its letters, which nobody types by accident; digits alone are anything.
    fn has_lettered_ticket(&self) -> bool {
        self.parts.iter().any(|part| {
            part.sense == Sense::Ticket
                && !self.tokens[part.first]
                    .text
                    .starts_with(|c: char| c.is_ascii_digit())
        })
    }

    /// What the answer is about. A number beside a word that is not understood may be anything
    /// (a house, a year), so it names nothing.
    fn scope(&self) -> Scope {
        let is_open = |at: Option<usize>| {
            at.and_then(|at| self.parts.get(at)).is_some_and(|part| {
                matches!(part.sense, Sense::Unknown | Sense::Plain | Sense::Figure)
                    && !self.is_to(part)
            })
        };
        let handed_over = self.first(|s| s == Sense::HandOver);
        let (mut codes, mut tickets) = (Vec::new(), Vec::new());
        for (at, part) in self.parts.iter().enumerate() {
            // What a page is handed over to ends in unknown words: "teruskan ke Dishub 12".
            let follows_a_name = handed_over.is_some_and(|handed| handed < at)
                && self.parts[at..]
                    .iter()
                    .all(|part| is_number_or_end(part.sense));
            let is_beside_open =
                (is_open(at.checked_sub(1)) && !follows_a_name) || is_open(Some(at + 1));
            if is_beside_open {
                continue;
            }
            match part.sense {
                Sense::Code(code) if !codes.contains(&code) => codes.push(code),
                Sense::Ticket => {
                    let name: String = self.tokens[part.first..part.end]
                        .iter()
                        .map(|token| token.text.to_ascii_uppercase())
                        .collect();
                    if !tickets.contains(&name) {
                        tickets.push(name);
                    }
                }
                _ => {}
            }
        }
        let is_all = self.has(|s| s == Sense::All);
        match (is_all, codes.is_empty() && tickets.is_empty()) {
            (true, true) => Scope::All,
            (false, false) => Scope::These { codes, tickets },
            _ => Scope::Unsaid,
        }
    }

    fn is_to(&self, part: &Part) -> bool {
        matches!(
            self.tokens[part.first].text.as_str(),
            "ke" | "kepada" | "kpd" | "to"
        )
    }

    /// The name after *teruskan ... ke*, as it was written, and the place of its last part.
    fn name_after(&self, at: usize) -> Option<(String, usize)> {
        let gap = |place: usize| self.tokens[self.parts[place].first].gap;
        // "teruskan laporan 12 ini ke Dishub": the word stands near, in the same sentence.
        let to = (at + 1..self.parts.len().min(at + 7))
            .take_while(|place| gap(*place) < Gap::End)
            .find(|place| self.is_to(&self.parts[*place]))?;
        let is_of_name = |place: usize| {
            let sense = self.parts[place].sense;
            match gap(place) {
                Gap::End => self.is_abbreviated(place),
                Gap::Comma => matches!(sense, Sense::Unknown | Sense::Plain),
                _ => true,
            }
        };
        let mut end = (to + 2..self.parts.len())
            .find(|place| !is_of_name(*place))
            .unwrap_or(self.parts.len());
        // What closes the sentence is not of the name: "ke Dishub ya pak", "ke Dishub 12".
        while end > to + 1
            && is_number_or_end(self.parts[end - 1].sense)
            && !(end > to + 2 && self.is_title(end - 1))
        {
            end -= 1;
        }
        // "ke pak Sekda": nothing but forms of address was written.
        if end == to + 1 {
            let addresses = self.parts[end..].iter();
            end += addresses
                .take_while(|part| part.sense == Sense::Address)
                .count();
        }
        let name = self.as_written(to + 1, end)?;
        Some((name, end - 1))
    }

    /// The words of these parts without the numbers around them.
    fn words_in(&self, from: usize, to: usize) -> Option<String> {
        let is_number = |at: usize| {
            let sense = self.parts[at].sense;
            sense.is_number() || matches!(sense, Sense::Mark | Sense::And)
        };
        let from = (from..to).find(|at| !is_number(*at))?;
        let last = (from..to).rfind(|at| !is_number(*at))?;
        self.as_written(from, last + 1)
    }

    /// The text of these parts: one line, trimmed, at most [`LONGEST_NAME`]; none of an empty range.
    fn as_written(&self, from: usize, to: usize) -> Option<String> {
        let first = self.parts.get(from).filter(|_| to > from)?;
        let start = self.tokens[first.first].start;
        let stop = self.tokens[self.parts[to - 1].end - 1].end;
        let name: String = self
            .text
            .get(start..stop)?
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| !c.is_control() && !is_invisible(*c))
            .take(LONGEST_NAME)
            .collect();
        let name = name
            .trim_matches(|c: char| c.is_whitespace() || ",.;:-\"'*_".contains(c))
            .to_owned();
        (!name.is_empty()).then_some(name)
    }

    /// Whether a form of address closes a title instead: "asisten sekda".
    fn is_title(&self, place: usize) -> bool {
        let token = &self.tokens[self.parts[place].first];
        token.gap < Gap::Comma
            && matches!(token.text.as_str(), "sekda" | "kadis" | "kaban" | "kabid")
            && matches!(self.parts[place - 1].sense, Sense::Unknown | Sense::Plain)
    }

    /// Whether the stop before a part only shortens a word: `Kab. Pati`, `Ka. Dishub`.
    fn is_abbreviated(&self, place: usize) -> bool {
        let token = self.parts[place].first;
        let before = &self.tokens[token - 1];
        let between = self.text.get(before.end..self.tokens[token].start);
        before.text.chars().count() <= 4
            && between.is_some_and(|between| between.trim_end_matches(' ') == ".")
            && matches!(
                self.parts[place].sense,
                Sense::Unknown | Sense::Plain | Sense::Address
            )
    }
}

fn is_list_or_its_company(sense: Sense) -> bool {
    matches!(
        sense,
        Sense::List
            | Sense::Filler
            | Sense::Address
            | Sense::Courtesy
            | Sense::Mark
            | Sense::All
            | Sense::Code(_)
            | Sense::Ticket
    )
}

fn is_number_or_end(sense: Sense) -> bool {
    sense.is_number()
        || matches!(
            sense,
            Sense::Filler
                | Sense::Address
                | Sense::Courtesy
                | Sense::Yes
                | Sense::Helper
                | Sense::Mark
                | Sense::And
                | Sense::All
                | Sense::Hedge
        )
}
