//! Finds paths in Rust source: good enough for imports, small enough to be read at once.

/// Blanks comments (and, if asked, the insides of texts), keeping every line break in its place.
pub(crate) fn code_only(source: &str, blank_texts: bool) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    let blank = |code: &mut String, part: &[char]| {
        code.extend(part.iter().map(|&c| if c == '\n' { c } else { ' ' }));
    };
    while at < chars.len() {
        let end = if starts_with(&chars[at..], "//") {
            find(&chars, at, "\n")
        } else if starts_with(&chars[at..], "/*") {
            end_of_block_comment(&chars, at)
        } else if let Some(end) = end_of_text(&chars, at) {
            if blank_texts {
                blank(&mut code, &chars[at..end]);
            } else {
                code.extend(&chars[at..end]);
            }
            at = end;
            continue;
        } else {
            code.push(chars[at]);
            at += 1;
            continue;
        };
        blank(&mut code, &chars[at..end]);
        at = end;
    }
    code
}

fn starts_with(chars: &[char], word: &str) -> bool {
    chars
        .iter()
        .copied()
        .take(word.chars().count())
        .eq(word.chars())
}

/// Where `word` begins at or after `from`, or the end.
fn find(chars: &[char], from: usize, word: &str) -> usize {
    (from..chars.len())
        .find(|&at| starts_with(&chars[at..], word))
        .unwrap_or(chars.len())
}

fn end_of_block_comment(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (1, start + 2);
    while at < chars.len() && depth > 0 {
        if starts_with(&chars[at..], "/*") {
            depth += 1;
            at += 2;
        } else if starts_with(&chars[at..], "*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    at.min(chars.len())
}

/// The end of the text or character that begins at `start`, if one does.
fn end_of_text(chars: &[char], start: usize) -> Option<usize> {
    let begins_word = start == 0 || !is_word(chars[start - 1]) || chars[start - 1] == 'b';
    match chars[start] {
        '"' => Some(end_of_quoted(chars, start + 1, '"')),
        'r' if begins_word => {
            let hashes = chars[start + 1..].iter().take_while(|&&c| c == '#').count();
            let quote = start + 1 + hashes;
            (chars.get(quote) == Some(&'"')).then(|| {
                let close = format!("\"{}", "#".repeat(hashes));
                (find(chars, quote + 1, &close) + close.len()).min(chars.len())
            })
        }
        // A lifetime has no closing quote: 'a' and '\n' are characters, 'a is not.
        '\'' => match (chars.get(start + 1), chars.get(start + 2)) {
            (Some('\\'), _) => Some(end_of_quoted(chars, start + 1, '\'')),
            (Some(_), Some('\'')) => Some(start + 3),
            _ => None,
        },
        _ => None,
    }
}

fn end_of_quoted(chars: &[char], from: usize, quote: char) -> usize {
    let mut at = from;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where `path` stands as whole words, as byte offsets.
pub(crate) fn places<'a>(code: &'a str, path: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(path)
        .map(|(at, _)| at)
        .filter(move |&at| {
            let before = code[..at].chars().next_back();
            let after = code[at + path.len()..].chars().next();
            let open_end = !path.ends_with(is_word);
            !before.is_some_and(is_word) && (open_end || !after.is_some_and(is_word))
        })
}

pub(crate) fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

/// Every room named by `crate::room` or `siaga::room`, also in braces, with its line.
pub(crate) fn rooms_named(code: &str) -> Vec<(String, usize)> {
    let mut rooms = Vec::new();
    for root in ["crate::", "siaga::"] {
        for at in places(code, root) {
            let rest = at + root.len();
            let tail = &code[rest..];
            let from = rest + (tail.len() - tail.trim_start().len());
            if code[from..].starts_with('{') {
                rooms.extend(first_words_in_braces(code, from));
            } else {
                rooms.extend(word_at(code, from).map(|word| (word, line_of(code, from))));
            }
        }
    }
    rooms
}

fn word_at(code: &str, at: usize) -> Option<String> {
    let word: String = code[at..].chars().take_while(|&c| is_word(c)).collect();
    (!word.is_empty()).then_some(word)
}

/// The first word of each item of `{a::b, c::{d, e}}`: `a` and `c`.
fn first_words_in_braces(code: &str, open: usize) -> Vec<(String, usize)> {
    let (mut words, mut depth, mut expects) = (Vec::new(), 0, false);
    for (offset, c) in code[open..].char_indices() {
        match c {
            '{' => {
                depth += 1;
                expects |= depth == 1;
            }
            '}' => depth -= 1,
            ',' if depth == 1 => expects = true,
            c if expects && is_word(c) => {
                expects = false;
                let at = open + offset;
                words.extend(word_at(code, at).map(|word| (word, line_of(code, at))));
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    words
}

#[test]
fn comments_and_texts_are_blanked_and_lines_kept() {
    let source =
        "a // tokio\n/* x /* y */\n z */b \"q \\\" tokio\" r#\"to\"kio\"# '\"' c<'a>\n'\\'' d";
    let code = code_only(source, true);
    assert_eq!(
        code.split_whitespace().collect::<Vec<_>>(),
        ["a", "b", "c<'a>", "d"]
    );
    assert_eq!(code.lines().count(), source.lines().count());
    assert!(code_only(source, false).contains("tokio\" r#"));
}

#[test]
fn rooms_are_found_in_every_spelling() {
    let source = "use crate::{\n    domain::{id::X, phone},\n    store,\n};\nfn f() { crate::web::g() }\npub(crate) mod m; use siaga::app::App; use mycrate::engine;";
    let found = rooms_named(&code_only(source, true));
    let named: Vec<_> = found
        .iter()
        .map(|(name, line)| (name.as_str(), *line))
        .collect();
    assert_eq!(named, [("domain", 2), ("store", 3), ("web", 5), ("app", 6)]);
}
