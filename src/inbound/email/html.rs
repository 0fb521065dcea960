//! HTML as plain text, for mails that have nothing else.
//!
//! What is quoted gets a `>` before each line, as in plain text, so that one place cuts quotes. What
//! Outlook and Yahoo put under an answer has no quote's form; its mark ends the text.

use mail_parser::decoders::html::html_to_text;

/// More of a mail is never read.
const LONGEST: usize = 512 * 1024;

/// Marks behind which only the mail that is answered follows: Outlook on the web and new Outlook,
/// Outlook for mobile telephones, Yahoo, and Apple's forwarded mails.
const ENDS: [&str; 6] = [
    "divrplyfwdmsg",
    "appendonsend",
    "mail-editor-reference-message-container",
    "ms-outlook-mobile-reference-message",
    "yahoo_quoted",
    "ydp_quoted",
];

/// Elements whose content is not shown.
const UNSEEN: [&str; 6] = ["head", "style", "script", "template", "title", "noscript"];

/// Elements that begin a line of their own.
const LINES: [&str; 20] = [
    "br",
    "p",
    "div",
    "tr",
    "li",
    "ul",
    "ol",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "pre",
    "section",
    "article",
    "blockquote",
    "dd",
];

/// The text of a page, as somebody would copy it from the screen.
pub(super) fn to_text(html: &str) -> String {
    let mut end = html.len().min(LONGEST);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let mut rest = &html[..end];
    let mut page = Page::default();
    while let Some(at) = rest.find('<') {
        page.text(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(close) = rest.find('>') else {
            break;
        };
        let tag = &rest[1..close];
        rest = &rest[close + 1..];
        if !page.tag(tag) {
            break;
        }
    }
    if !rest.starts_with('<') {
        page.text(rest);
    }
    page.end_line();
    page.out
}

#[derive(Default)]
struct Page {
    out: String,
    line: String,
    quotes: usize,
    /// The element whose content is not shown, while we are in one.
    unseen: Option<&'static str>,
    space: bool,
}

impl Page {
    fn text(&mut self, text: &str) {
        if self.unseen.is_some() || text.is_empty() {
            return;
        }
        // A chunk without tags: the library resolves its entities and joins its white space.
        let decoded = html_to_text(text).replace('\u{a0}', " ");
        let words = decoded.trim();
        let blank = |text: &str| text.starts_with(char::is_whitespace);
        self.space |= blank(text) || blank(&decoded) || words.is_empty();
        if words.is_empty() {
            return;
        }
        if self.space && !self.line.is_empty() {
            self.line.push(' ');
        }
        self.line.push_str(words);
        self.space = [text, &decoded]
            .iter()
            .any(|text| text.ends_with(char::is_whitespace));
    }

    /// Reads a tag; false where the text ends.
    fn tag(&mut self, tag: &str) -> bool {
        let lower = tag.to_ascii_lowercase();
        let closing = lower.starts_with('/');
        let name = lower.trim_start_matches('/');
        let name = name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        if let Some(unseen) = self.unseen {
            if closing && name == unseen {
                self.unseen = None;
            }
            return true;
        }
        if !closing && ENDS.iter().any(|mark| lower.contains(mark)) {
            return false;
        }
        if let Some(unseen) = UNSEEN.iter().find(|unseen| **unseen == name)
            && !closing
            && !lower.ends_with('/')
        {
            self.unseen = Some(unseen);
        }
        if LINES.contains(&name) {
            self.end_line();
        }
        if name == "blockquote" {
            self.quotes = if closing {
                self.quotes.saturating_sub(1)
            } else {
                self.quotes + 1
            };
        }
        true
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if self.quotes > 0 {
            self.out.push_str("> ");
        }
        self.out.push_str(line.trim());
        self.out.push('\n');
        self.space = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_on_the_screen_comes_out_line_by_line() {
        let cases = [
            ("<div dir=\"ltr\">Siap&nbsp;<b>pak</b>!</div>", "Siap pak!"),
            ("Siap<br>laksanakan", "Siap\nlaksanakan"),
            (
                "<html><head><title>x</title><style>p{}</style></head><body><p>Ok &amp; baik</p>",
                "Ok & baik",
            ),
            ("<!-- <p>no</p> --><p>ya</p>", "ya"),
            (
                "<p>Siap</p><blockquote>Balas <b>OK</b><br>12</blockquote><p>x</p>",
                "Siap\n> Balas OK\n> 12\nx",
            ),
            (
                "<p>Siap</p><div id=\"appendonsend\"></div><hr><div>Dari: Siaga</div>",
                "Siap",
            ),
            ("<p>Siap</p><script>if (a<b) {}</script>", "Siap"),
            ("a < b", "a"),
            ("", ""),
        ];
        for (html, expected) in cases {
            let found = to_text(html);
            let lines: Vec<_> = found
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && *line != ">")
                .collect();
            assert_eq!(lines.join("\n"), expected, "{html}");
        }
    }
}
