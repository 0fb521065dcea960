//! What a reply means: the grammar of the answers that people write to a page.
//!
//! People answer in their own words, at night, in capitals, with a thumb. The rule above all others
//! is **never guess**: a text is an acknowledgement only if every word in it is understood and all
//! of them together say yes. A page that goes on although it was answered costs a second message;
//! a page that stops although nobody took it costs the citizen an answer.
//!
//! ```text
//! text -> normalise (own words only, folded, cut into tokens)
//!      -> sentence  (words and phrases -> senses; negations bind to what follows them)
//!      -> verdict   (senses -> meaning, numbers -> scope)
//! ```
//!
//! To teach a word: add it to `words`, a phrase to `phrases`, and a line to `replies.tsv`. A new
//! word of acceptance is the dangerous kind: ask what it means in a sentence that refuses.
//!
//! This module knows nothing of what is open. Whether a code is this person's, and what an answer
//! without a code is about, the conversation decides.

mod normalise;
mod phrases;
mod sentence;
#[cfg(test)]
mod tests;
mod verdict;
mod words;

/// The longest reply, in characters, that is read as a whole.
///
/// No answer is that long. Of a longer text only a refusal in its first line counts (stopping too
/// little is harmless), or that it was written by a machine; an acceptance there is `Undecided`,
/// because what follows is unread. All else is `Noise`.
const LONGEST: usize = 1_000;

/// A reply, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What is said.
    pub meaning: Meaning,
    /// Of what it is said. Always `Unsaid` for meanings that are about no complaint: `Courtesy`,
    /// `Automatic`, `Noise`, `WrongNumber`, `Stop`, `Start`.
    pub scope: Scope,
}

/// What a reply says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// *ok, siap, 86, laksanakan*: the sender takes it. Also a bare code (`12`): whoever types the
    /// digits of a code answers on purpose.
    Accept,
    /// *bukan wewenang kami, tidak, tolak, cuti, dinas luar*: not the sender's, or not now.
    Refuse,
    /// *teruskan (ke ...), limpahkan (ke ...)*: somebody else should have it.
    HandOver {
        /// Who, as it was written: trimmed, one line, at most 60 characters.
        to: Option<String>,
    },
    /// *daftar, info, status?*: asks what is open.
    List,
    /// *salah nomor, bukan nomor saya*: the number is not the person's we mean.
    WrongNumber,
    /// *stop, berhenti*: no more messages this way.
    Stop,
    /// *mulai, start*: messages this way again.
    Start,
    /// *terima kasih, selamat malam*: kind, and no answer to it.
    Courtesy,
    /// Written by a machine or by a telephone's quick answer: out of office, *sedang rapat*.
    Automatic,
    /// Hesitating, asking, putting off or contradicting itself: never an acceptance. Ask.
    Undecided,
    /// Not understood.
    Noise,
}

/// What a reply is about.
///
/// `86` is both the radio word for "understood" and a possible code. Alone, or first or last beside
/// other numbers, it is the word; next to another word of acceptance (`ok 86`) it is a code. If that
/// code is not open, the conversation may still read it as the word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Nothing was named.
    Unsaid,
    /// *semua, all*: everything that is open.
    All,
    /// These, each once, in the order written. At least one of the two lists has an entry.
    These {
        /// Reply codes, 1 to 999.
        codes: Vec<u16>,
        /// Complaint numbers in capitals (`LGWP14376928`), or numbers of five and more digits.
        tickets: Vec<String>,
    },
}

impl Reply {
    fn about_nothing(meaning: Meaning) -> Self {
        Self {
            meaning,
            scope: Scope::Unsaid,
        }
    }
}

/// Reads a reply.
///
/// Any text is a reply; what is not understood is [`Meaning::Noise`]. Capitals, white space,
/// punctuation, invisible characters and the quoted text of our own message make no difference.
/// The work is linear in the length of the text, and a text above 1,000 characters is not read to
/// its end (see [`Meaning`] for what it can then mean).
pub fn parse(text: &str) -> Reply {
    let own = normalise::own_words(text, LONGEST);
    let reply = read(&own.text);
    if !own.is_cut || reply.meaning == Meaning::Automatic {
        return reply;
    }
    let first_line = own.text.lines().find(|line| !line.trim().is_empty());
    let reply = read(first_line.unwrap_or_default());
    match reply.meaning {
        Meaning::Refuse | Meaning::HandOver { .. } => reply,
        Meaning::Accept => Reply {
            meaning: Meaning::Undecided,
            ..reply
        },
        _ => Reply::about_nothing(Meaning::Noise),
    }
}

/// The words by which a refusal or a hand-over names somebody, if it has any: what follows *ke*, else
/// what stands beside the refusal. One line, at most 60 characters; whether they name anybody the
/// directory tells.
///
/// ```
/// # use siaga::domain::reply::names;
/// assert_eq!(names("bukan kami, DINKES").as_deref(), Some("DINKES"));
/// assert_eq!(names("limpahkan 12 ke sekretaris").as_deref(), Some("sekretaris"));
/// assert_eq!(names("bukan kami"), None);
/// ```
pub fn names(text: &str) -> Option<String> {
    let own = normalise::own_words(text, LONGEST);
    let first_line = || own.text.lines().find(|line| !line.trim().is_empty());
    let text = if own.is_cut {
        first_line().unwrap_or_default()
    } else {
        &own.text
    };
    let tokens = normalise::tokens(text);
    let parts = sentence::parts(&tokens);
    verdict::names(text, &tokens, &parts)
}

fn read(text: &str) -> Reply {
    let tokens = normalise::tokens(text);
    let parts = sentence::parts(&tokens);
    verdict::decide(text, &tokens, &parts)
}
