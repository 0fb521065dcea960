//! What a route does not carry, found before a template is accepted rather than by a lost page.
//!
//! A route drops what it does not like and says nothing (DOMAIN "Telephone numbers, time,
//! wording"). So its dislikes are written down, and every template is held against them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Alphabet, is_gsm7, measure};

/// Words for which some Indonesian routes drop a message (DOMAIN "Telephone numbers, time, wording").
pub const BLOCKED_WORDS: [&str; 7] = [
    "verifikasi",
    "kode",
    "akun",
    "dana",
    "nomor",
    "juta",
    "selamat",
];

/// What one route carries. The default is the cautious Indonesian one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RouteRules {
    /// How many parts a message may take.
    pub max_parts: u8,
    /// How many digits a number may have that stands alone; a longer one is taken for a one-time
    /// password. None: any. A complaint's own number stands behind letters, and passes.
    pub max_digit_run: Option<u8>,
    /// Words that the route filters out, in any case, as whole words.
    pub blocked_words: Vec<String>,
    /// Whether links pass; most routes strip or drop them.
    pub links_allowed: bool,
    /// Whether a reply to the sender reaches us. Large providers and names as senders (masking)
    /// have no way back: a text that asks for a reply there misleads.
    pub two_way: bool,
}

impl RouteRules {
    /// What passes both.
    #[must_use]
    pub fn both(&self, other: &Self) -> Self {
        let mut blocked_words = self.blocked_words.clone();
        let new = |word: &&String| !self.blocked_words.contains(word);
        blocked_words.extend(other.blocked_words.iter().filter(new).cloned());
        Self {
            max_parts: self.max_parts.min(other.max_parts),
            max_digit_run: match (self.max_digit_run, other.max_digit_run) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            },
            blocked_words,
            links_allowed: self.links_allowed && other.links_allowed,
            two_way: self.two_way && other.two_way,
        }
    }
}

impl Default for RouteRules {
    fn default() -> Self {
        Self {
            max_parts: 1,
            max_digit_run: Some(3),
            blocked_words: BLOCKED_WORDS.map(str::to_owned).into(),
            links_allowed: false,
            two_way: false,
        }
    }
}

/// What can be wrong with a text on a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LintFinding {
    /// There is nothing to read.
    Empty,
    /// Characters that turn the whole text to UCS-2.
    NotGsm7,
    /// More parts than the route carries.
    TooManyParts,
    /// A number that the route takes for a one-time password.
    DigitRun,
    /// A word that the route filters out.
    BlockedWord,
    /// A link where none passes.
    Link,
    /// Asks for a reply that cannot come.
    ReplyInvited,
}

impl LintFinding {
    /// Its name for a person.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty text",
            Self::NotGsm7 => "characters outside GSM-7",
            Self::TooManyParts => "too many parts",
            Self::DigitRun => "number too long",
            Self::BlockedWord => "blocked word",
            Self::Link => "link",
            Self::ReplyInvited => "asks for a reply",
        }
    }
}

/// One reason why a route may lose a text, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintFault {
    /// What is wrong.
    pub finding: LintFinding,
    /// The place in the text, or the size; cut to 80 characters.
    pub value: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for LintFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}): {}",
            self.finding.as_str(),
            self.value,
            self.remedy
        )
    }
}

/// Words by which a text asks for a reply.
const INVITATIONS: [&str; 4] = ["balas", "jawab", "ketik", "reply"];

/// Last parts of a name that phones and filters take for a link without `http` before it.
const LINK_ENDINGS: [&str; 13] = [
    "id", "com", "net", "org", "info", "io", "me", "ly", "co", "app", "link", "gd", "page",
];

/// Everything in a text that the route may lose it for; nothing: it passes. Templates are linted as
/// rendered with their longest values.
pub fn lint(text: &str, rules: &RouteRules) -> Vec<LintFault> {
    let mut faults = Vec::new();
    let mut found = |finding, value: &str, remedy: String| {
        let value = value.chars().take(80).collect();
        faults.push(LintFault {
            finding,
            value,
            remedy,
        });
    };
    if text.trim().is_empty() {
        found(
            LintFinding::Empty,
            "0 characters",
            "write what the message says".to_owned(),
        );
    }
    let foreign = foreign_characters(text);
    if !foreign.is_empty() {
        let remedy = "replace or remove these: one of them leaves room for 70 characters, not 160";
        found(LintFinding::NotGsm7, &foreign, remedy.to_owned());
    }
    let size = measure(text);
    let most = usize::from(rules.max_parts.max(1));
    if size.parts > most {
        let room = room_in(size.alphabet, most);
        found(
            LintFinding::TooManyParts,
            &format!("{} parts, {} units", size.parts, size.units),
            format!("shorten to {room} units, which make {most} part(s)"),
        );
    }
    if let Some(longest) = rules.max_digit_run {
        for run in text.split(|c: char| !c.is_alphanumeric()) {
            let is_number = run.bytes().all(|b| b.is_ascii_digit());
            if is_number && run.len() > usize::from(longest) {
                let remedy = format!("write at most {longest} digits together, or leave it out");
                found(LintFinding::DigitRun, run, remedy);
            }
        }
    }
    let lower = text.to_lowercase();
    for word in &rules.blocked_words {
        if has_word(&lower, &word.trim().to_lowercase()) {
            found(
                LintFinding::BlockedWord,
                word,
                "say it in another word".to_owned(),
            );
        }
    }
    if !rules.links_allowed {
        for word in lower.split_whitespace().filter(|word| is_link(word)) {
            let remedy = "leave it out, or allow links where the route is known to carry them";
            found(LintFinding::Link, word, remedy.to_owned());
        }
    }
    if !rules.two_way
        && let Some(word) = INVITATIONS.into_iter().find(|word| has_word(&lower, word))
    {
        let remedy = "name another way to answer, or set two_way where replies arrive";
        found(LintFinding::ReplyInvited, word, remedy.to_owned());
    }
    faults
}

fn room_in(alphabet: Alphabet, parts: usize) -> usize {
    match parts {
        1 => alphabet.single_part(),
        _ => alphabet.each_part() * parts,
    }
}

/// Each of them once, in the order of the text.
fn foreign_characters(text: &str) -> String {
    let mut foreign = String::new();
    for character in text.chars().filter(|c| !is_gsm7(*c)) {
        if !foreign.contains(character) {
            foreign.push(character);
        }
    }
    foreign
}

/// Whether a word or phrase stands in a text by itself: `dana` is not in `perdana`.
fn has_word(lower: &str, word: &str) -> bool {
    !word.is_empty()
        && lower.match_indices(word).any(|(at, _)| {
            let before = lower.get(..at).and_then(|text| text.chars().next_back());
            let after = lower
                .get(at + word.len()..)
                .and_then(|text| text.chars().next());
            let apart = |next: Option<char>| !next.is_some_and(char::is_alphanumeric);
            apart(before) && apart(after)
        })
}

/// An address with `://`, with `www.`, or a bare name such as `lapor.go.id/x`.
fn is_link(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    if word.contains("://") || word.starts_with("www.") {
        return true;
    }
    let host = word.split(['/', '?', ':']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default(); // an e-mail address is a link too
    let mut labels = host.rsplit('.');
    let ending = labels.next().unwrap_or_default();
    let mut labels = labels.peekable();
    labels.peek().is_some()
        && LINK_ENDINGS.contains(&ending)
        && labels.all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}
