//! From what arrives to plain tokens: the sender's own words, in one spelling of characters.
//!
//! Two things are dropped here and nothing else: text that the sender did not write (quotes, our own
//! message, a telephone's signature) and characters that nobody sees. What is seen and not known
//! stays, as a token that no grammar understands.

use super::words::{self, Sense};

/// The sender's own words.
pub(super) struct Own {
    /// The text without quotes, at most the limit in characters.
    pub(super) text: String,
    /// Whether there was more.
    pub(super) is_cut: bool,
}

/// A word, number or sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Words: lower case, in the spelling of the lexicon where it is known. Tickets: capitals.
    pub(super) text: String,
    /// What it means by itself.
    pub(super) sense: Sense,
    /// What stands between it and the token before.
    pub(super) gap: Gap,
    /// Where it stands in the text, in bytes.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

/// What stands between two tokens, from the closest to the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// Nothing: `ok12`.
    None,
    /// A hyphen and nothing else: `siap-siap`.
    Hyphen,
    /// White space, or a sign that says nothing.
    Space,
    /// A comma: the thought may go on.
    Comma,
    /// The end of a sentence or line.
    End,
}

/// Our own messages begin with this word.
const OWN_NAME: &str = "siaga:";
/// In the middle of a line, `SIAGA:` begins our message only if at least so much follows: nobody's
/// own remark to Siaga should be thrown away with the objection in it.
const SHORTEST_OWN: usize = 40;

/// Drops what the sender did not write.
pub(super) fn own_words(text: &str, limit: usize) -> Own {
    let mut kept: Vec<&str> = Vec::new();
    let mut length = 0;
    for line in text.lines() {
        let bare = line.trim_matches(|c: char| c.is_whitespace() || is_invisible(c) || c == '*');
        if bare.starts_with(['>', '＞']) || is_device_signature(bare) {
            continue;
        }
        if ends_own_words(bare) {
            break;
        }
        if is_attribution(bare) {
            drop_open_attribution(&mut kept);
            break;
        }
        let (line, is_last) = match start_of_our_message(line, bare) {
            Some(at) => (&line[..at], true),
            None => (line, false),
        };
        kept.push(line);
        length += line.chars().take(limit + 1).count() + 1;
        if is_last || length > limit + 1 {
            break;
        }
    }
    let joined = kept.join("\n");
    match joined.char_indices().nth(limit) {
        Some((at, _)) => Own {
            text: joined[..at].to_owned(),
            is_cut: true,
        },
        None => Own {
            text: joined,
            is_cut: false,
        },
    }
}

fn start_of_our_message(line: &str, bare: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let at = lower.find(OWN_NAME)?;
    let is_first = bare
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .to_ascii_lowercase()
        .starts_with(OWN_NAME);
    (is_first || line.len() - at >= SHORTEST_OWN).then_some(at)
}

/// Everything from such a line on is quoted, or a signature.
fn ends_own_words(bare: &str) -> bool {
    let lower = start_in_lower_case(bare);
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    bare == "--"
        || bare.starts_with("________")
        || (bare.starts_with("---") && has(&["original", "asli", "forward", "terusan"]))
        || ((lower.starts_with("from:") || lower.starts_with("dari:")) && lower.contains('@'))
}

/// `Pada Sel, 24 Nov 2026 13.27 Siaga <...> menulis:`, the line before a quote.
fn is_attribution(bare: &str) -> bool {
    let lower = bare
        .char_indices()
        .rev()
        .nth(7)
        .and_then(|(at, _)| bare.get(at..))
        .map(str::to_lowercase)
        .unwrap_or_default();
    lower.ends_with("wrote:") || lower.ends_with("menulis:")
}

/// A long attribution is broken over lines: its beginning was already kept.
fn drop_open_attribution(kept: &mut Vec<&str>) {
    let begins = |line: &&str| {
        let lower = start_in_lower_case(line.trim());
        lower.starts_with("pada ") || lower.starts_with("on ")
    };
    let window = kept.len().saturating_sub(2);
    if let Some(at) = kept[window..].iter().position(begins) {
        kept.truncate(window + at);
    }
}

/// Only the line itself is dropped: what follows it still counts.
fn is_device_signature(bare: &str) -> bool {
    const BEGINNINGS: [&str; 12] = [
        "sent from my ",
        "sent from outlook",
        "sent from yahoo",
        "get outlook for ",
        "dapatkan outlook untuk ",
        "dikirim dari iphone",
        "dikirim dari ponsel",
        "dikirim dari perangkat",
        "dikirim dari samsung",
        "dikirim dari xiaomi",
        "dikirim dari yahoo",
        "dikirim dari outlook",
    ];
    let lower = start_in_lower_case(bare);
    BEGINNINGS.iter().any(|start| lower.starts_with(start))
}

/// Enough of a line to recognise it by, whatever its length.
fn start_in_lower_case(line: &str) -> String {
    line.chars().take(200).collect::<String>().to_lowercase()
}

/// Characters that take no room: zero-width ones, marks of direction, variation selectors, skin
/// tones, combining accents, the key cap. The strike-through overlays stay, because they say "not".
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{61C}' | '\u{20E3}' | '\u{2640}' | '\u{2642}' | '\u{3164}' | '\u{FEFF}'
        | '\u{300}'..='\u{334}' | '\u{339}'..='\u{36F}'
        | '\u{115F}'..='\u{1160}' | '\u{180B}'..='\u{180E}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Characters in lower case and one width, each with its place in the text.
fn folded(text: &str) -> Vec<(char, usize)> {
    let mut folded = Vec::with_capacity(text.len());
    for (at, c) in text.char_indices().filter(|(_, c)| !is_invisible(*c)) {
        let c = match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{3002}' => '\n',
            '\u{2010}'..='\u{2015}' => '-',
            _ => c,
        };
        folded.extend(
            c.to_lowercase()
                .filter(|c| !is_invisible(*c))
                .map(|c| (c, at)),
        );
    }
    folded
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '´' | '‘' | '’' | '‛' | 'ʼ')
}

/// Cuts a text into tokens.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let chars = folded(text);
    let mut tokens = Vec::new();
    let mut gap = Gap::None;
    let mut at = 0;
    while let Some(&(c, start)) = chars.get(at) {
        if c.is_alphanumeric() {
            let run = run_at(&chars, at);
            let end = chars.get(run.next).map_or(text.len(), |(_, place)| *place);
            push_run(&run, (start, end), gap, &mut tokens);
            at = run.next;
            gap = Gap::None;
            continue;
        }
        let is_sign_of_number = matches!(c, '-' | '+')
            && chars.get(at + 1).is_some_and(|(c, _)| c.is_ascii_digit())
            && (at == 0 || !chars[at - 1].0.is_alphanumeric());
        let sense = if is_sign_of_number {
            Some(Sense::Unknown)
        } else {
            words::sign(c)
        };
        if let Some(sense) = sense {
            tokens.push(Token {
                text: c.to_string(),
                sense,
                gap,
                start,
                end: start + c.len_utf8(),
            });
            gap = Gap::None;
        } else if c == '.' && gap == Gap::None && tokens.last().is_some_and(|t| t.text == "no") {
            gap = Gap::Space; // "no. 12" is one expression, not the end of a sentence
        } else {
            gap = gap.max(gap_of(c, gap));
        }
        at += 1;
    }
    tokens
}

fn gap_of(c: char, before: Gap) -> Gap {
    match c {
        '-' if before == Gap::None => Gap::Hyphen,
        ',' => Gap::Comma,
        '.' | '!' | ';' | '\n' | '\r' => Gap::End,
        _ => Gap::Space,
    }
}

/// Letters and digits without a gap.
struct Run {
    /// The characters, without apostrophes.
    text: String,
    /// Whether digits are joined as in a time, a date or an amount: `9.30`, `24/11`.
    is_figure: bool,
    /// The place after it.
    next: usize,
}

fn run_at(chars: &[(char, usize)], from: usize) -> Run {
    let mut text = String::new();
    let mut is_figure = false;
    let mut at = from;
    let digit = |at: usize| chars.get(at).is_some_and(|(c, _)| c.is_ascii_digit());
    while let Some(&(c, _)) = chars.get(at) {
        let joins_digits =
            at > from && matches!(c, '.' | ':' | '/' | '-') && digit(at - 1) && digit(at + 1);
        let joins_letters = is_apostrophe(c)
            && at > from
            && chars.get(at + 1).is_some_and(|(c, _)| c.is_alphanumeric());
        if c.is_alphanumeric() {
            text.push(c);
        } else if joins_digits {
            is_figure = true;
        } else if !joins_letters {
            break;
        }
        at += 1;
    }
    Run {
        text,
        is_figure,
        next: at,
    }
}

fn push_run(run: &Run, (start, end): (usize, usize), gap: Gap, tokens: &mut Vec<Token>) {
    let mut push = |text: String, sense: Sense, gap: Gap| {
        tokens.push(Token {
            text,
            sense,
            gap,
            start,
            end,
        });
    };
    let text = run.text.as_str();
    if run.is_figure {
        return push(text.to_owned(), Sense::Figure, gap);
    }
    let chunks = chunks(text);
    let is_digits = |chunk: &str| chunk.starts_with(|c: char| c.is_ascii_digit());
    if let [single] = chunks[..] {
        let (text, sense) = if is_digits(single) {
            (single.to_owned(), words::number(single))
        } else {
            words::word(single)
        };
        return push(text, sense, gap);
    }
    if let [letters, "2"] = chunks[..]
        && !is_digits(letters)
        && let Some(sense) = words::doubled(&words::word(letters))
    {
        return push(text.to_owned(), sense, gap);
    }
    let is_known = |chunk: &&str| is_digits(chunk) || words::word(chunk).1 != Sense::Unknown;
    if chunks.iter().all(is_known) {
        for (nth, chunk) in chunks.into_iter().enumerate() {
            let (text, sense) = if is_digits(chunk) {
                (chunk.to_owned(), words::number(chunk))
            } else {
                words::word(chunk)
            };
            push(text, sense, if nth == 0 { gap } else { Gap::None });
        }
        return;
    }
    let is_ticket = matches!(chunks[..], [letters, digits]
        if letters.len() <= 8
            && letters.bytes().all(|b| b.is_ascii_alphabetic())
            && (5..=20).contains(&digits.len()));
    if is_ticket {
        push(text.to_ascii_uppercase(), Sense::Ticket, gap);
    } else {
        push(text.to_owned(), Sense::Unknown, gap);
    }
}

/// Cuts `ok12ya` into `ok`, `12`, `ya`.
fn chunks(text: &str) -> Vec<&str> {
    let mut chunks = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != is_digit)
            .unwrap_or(rest.len());
        let (chunk, after) = rest.split_at(end);
        chunks.push(chunk);
        rest = after;
    }
    chunks
}
