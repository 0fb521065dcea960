//! The words that the sender wrote: what stands above the quoted mail, without signature.
//!
//! Our own mails say how to answer ("balas surel ini dengan satu kata: OK"), so a quoted word must
//! never count. What is in doubt is left in: a text with strange words in it is asked back, never
//! taken for a yes.

/// No answer is longer.
const LONGEST: usize = 4_000;

/// The sender's own words. `name` is how the sender is called, as far as the mail tells.
pub(super) fn own_words(text: &str, name: Option<&str>) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let above = cut(&lines, name);
    if !above.is_empty() {
        return above;
    }
    // Written below the quote.
    let last = lines.iter().rposition(|line| is_quoted(line));
    last.map_or_else(String::new, |last| cut(&lines[last + 1..], name))
}

fn cut(lines: &[&str], name: Option<&str>) -> String {
    let mut own: Vec<&str> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let bare = line.trim();
        let has_words = own.iter().any(|line| !line.is_empty());
        if is_quoted(line)
            || begins_quote(&lines[index..])
            || is_signature_mark(line)
            || is_program_note(bare)
            || (has_words && (is_sign_off(bare) || is_name(bare, name)))
        {
            break;
        }
        own.push(bare);
    }
    own.join("\n").trim().chars().take(LONGEST).collect()
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// Whether what follows is the mail that is answered or handed on.
fn begins_quote(lines: &[&str]) -> bool {
    let Some(first) = lines.first().map(|line| line.trim()) else {
        return false;
    };
    is_separator(first) || is_header_block(lines) || is_attribution(lines)
}

/// `-----Original Message-----`, `---------- Forwarded message ---------`, Outlook's long line.
fn is_separator(line: &str) -> bool {
    let ruled = |mark: char| line.chars().take_while(|c| *c == mark).count();
    if ruled('_') >= 10 || ruled('=') >= 10 || ruled('\u{2500}') >= 10 {
        return true;
    }
    let words = line.trim_matches(['-', ' ', '\u{2014}']).to_lowercase();
    let said = [
        "original message",
        "original appointment",
        "forwarded message",
        "pesan asli",
        "pesan yang diteruskan",
        "pesan terusan",
        "pesan diteruskan",
        "begin forwarded message",
        "mulai pesan yang diteruskan",
        "mulai meneruskan pesan",
        "pesan sebelumnya",
    ];
    let words = words.trim_end_matches(':').trim();
    said.contains(&words)
        || (ruled('-') >= 3 && (words.ends_with(" wrote") || words.ends_with(" menulis")))
}

/// `Dari: ...`, and within the next lines what else stands in the head of a mail.
fn is_header_block(lines: &[&str]) -> bool {
    let field = |line: &str| {
        let (name, _) = line.trim().trim_start_matches('*').split_once(':')?;
        let name = name.trim().trim_end_matches('*').trim().to_lowercase();
        (name.len() <= 12).then_some(name)
    };
    let Some(first) = lines.first().and_then(|line| field(line)) else {
        return false;
    };
    if !["from", "dari", "pengirim", "de", "von"].contains(&first.as_str()) {
        return false;
    }
    let others = [
        "sent", "date", "to", "cc", "subject", "dikirim", "terkirim", "tanggal", "kepada", "untuk",
        "ke", "tembusan", "subjek", "perihal", "hal", "reply-to",
    ];
    let found = lines
        .iter()
        .skip(1)
        .take(8)
        .filter_map(|line| field(line))
        .filter(|name| others.contains(&name.as_str()));
    found.count() >= 2
}

/// `On Tue, 24 Nov 2026 at 13:27, Siaga <...> wrote:`, over at most four lines.
fn is_attribution(lines: &[&str]) -> bool {
    let mut joined = String::new();
    for line in lines.iter().take(4) {
        let bare = line.trim();
        if bare.is_empty() || is_quoted(line) {
            break;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(&bare.to_lowercase());
        if let Some(said) = joined.strip_suffix(':') {
            let said = said.trim_end();
            let verb = [
                "wrote",
                "writes",
                "menulis",
                "nulis",
                "menulis pesan berikut",
                "schrieb",
                "napisal",
            ];
            let ends = verb.iter().any(|verb| {
                said.ends_with(&format!(" {verb}")) || said.ends_with(&format!(">{verb}"))
            });
            return ends && said.chars().any(|c| c.is_ascii_digit() || c == '@');
        }
    }
    false
}

/// The line before a signature (RFC 3676 section 4.3), also where its blank was lost.
fn is_signature_mark(line: &str) -> bool {
    matches!(
        line.trim_end(),
        "--" | "\u{2014}" | "\u{2013}\u{2013}" | "__"
    )
}

/// What a telephone's or a provider's mail program writes under a mail.
fn is_program_note(line: &str) -> bool {
    let line = line.to_lowercase();
    let line = line.trim_start_matches(['-', '\u{2014}', ' ', '*', '[', '(']);
    [
        "sent from",
        "sent via",
        "sent with",
        "get outlook for",
        "dikirim dari",
        "dikirim melalui",
        "dikirim dengan",
        "dikirim lewat",
        "terkirim dari",
        "dapatkan outlook untuk",
        "unduh outlook untuk",
        "yahoo mail:",
        "gesendet von",
    ]
    .iter()
    .any(|start| line.starts_with(start))
}

/// A line that only closes a letter. What follows is the name.
fn is_sign_off(line: &str) -> bool {
    let words = line.trim_end_matches([',', '.', '!', ' ']).to_lowercase();
    [
        "salam",
        "salam hormat",
        "salam kami",
        "hormat kami",
        "hormat saya",
        "wassalam",
        "wassalamualaikum",
        "wassalamualaikum wr wb",
        "wassalamu'alaikum wr. wb",
        "demikian",
        "best regards",
        "kind regards",
        "warm regards",
        "regards",
        "best",
        "sincerely",
        "ttd",
    ]
    .contains(&words.as_str())
}

fn is_name(line: &str, name: Option<&str>) -> bool {
    let plain = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric());
        let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase);
        words.collect::<Vec<_>>().join(" ")
    };
    let name = name.map(plain).unwrap_or_default();
    !name.is_empty() && plain(line) == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_above_the_quote_is_the_senders() {
        let cases = [
            ("Siap\n", "Siap"),
            (
                "Siap\n\nOn Tue, 24 Nov 2026 at 13:27, Siaga <siaga@x.test> wrote:\n> Balas OK 12\n",
                "Siap",
            ),
            // Folded by the sender's program.
            (
                "Siap\n\nOn Tue, Nov 24, 2026 at 1:27 PM Siaga\n<siaga+LGWP1=1=budi_0.1.0011223344@x.test>\nwrote:\n\n> OK\n",
                "Siap",
            ),
            (
                "Siap pak\n\nPada tanggal Sel, 24 Nov 2026 pukul 13.27 Siaga <siaga@x.test> menulis:\n\n> OK",
                "Siap pak",
            ),
            (
                "Siap\n\nPada Sel, 24 Nov 2026 13.27, Siaga\n<siaga@x.test> menulis:\nBalas OK 12",
                "Siap",
            ),
            (
                "86\n\n-----Original Message-----\nFrom: Siaga\nBalas OK",
                "86",
            ),
            ("86\n\n-----Pesan Asli-----\nBalas OK", "86"),
            (
                "86\n\n---- On Tue, 24 Nov 2026 13:27:01 +0700 Siaga <s@x.test> wrote ----\nBalas OK",
                "86",
            ),
            (
                "Siap laksanakan\n________________________________\nDari: Siaga\nBalas OK",
                "Siap laksanakan",
            ),
            (
                "Siap\n\nDari: Siaga <siaga@x.test>\nDikirim: Selasa, 24 November 2026 13:27\nKepada: Budi\nSubjek: Aduan\n\nBalas OK",
                "Siap",
            ),
            (
                "Siap\n\n*From:* Siaga\n*Sent:* Tuesday\n*To:* Budi\n*Subject:* x\nBalas OK",
                "Siap",
            ),
            ("Siap\n-- \nBudi Contohwan\nKepala Dinas", "Siap"),
            (
                "Siap\n\nDikirim dari iPhone saya\n\n> Pada 24 Nov 2026",
                "Siap",
            ),
            (
                "Siap\n\nDapatkan Outlook untuk Android<https://aka.ms/x>\n",
                "Siap",
            ),
            (
                "Ok\nSent from Yahoo Mail on Android\n\n  On Tue, Nov 24, 2026 at 13:27, Siaga<s@x.test> wrote:   Balas OK",
                "Ok",
            ),
            ("Siap.\n\nSalam,\nBudi", "Siap."),
            ("Siap\n\nbudi contohwan\nKepala Dinas Perhubungan", "Siap"),
            // Below the quote, and nothing above.
            (
                "Pada 24 Nov 2026 Siaga menulis:\n> Balas OK\n> 12\n\nBukan wewenang kami\n-- \nBudi",
                "Bukan wewenang kami",
            ),
            ("> Balas OK\n> 12\n", ""),
            // Words between quoted lines count only when nothing else is there, and never these.
            ("> Balas\nOK\n> 12\n", ""),
            ("", ""),
            // No head of a mail, and no quote.
            (
                "Dari: kemarin sudah kami cek",
                "Dari: kemarin sudah kami cek",
            ),
            ("Kami menulis: siap", "Kami menulis: siap"),
        ];
        for (text, expected) in cases {
            assert_eq!(own_words(text, Some("Budi Contohwan")), expected, "{text}");
        }
    }
}
