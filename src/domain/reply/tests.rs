//! The table of replies, and what must hold for every reply.

use proptest::{prelude::*, sample::select};

use super::*;

/// Real answers, traps and hostile texts, each with what it means.
const REPLIES: &str = include_str!("replies.tsv");

struct Row {
    line: usize,
    class: &'static str,
    meaning: Meaning,
    scope: Scope,
    text: String,
}

fn rows() -> Vec<Row> {
    REPLIES
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with("# "))
        .map(|(at, line)| {
            let mut columns = line.splitn(4, '\t');
            let mut column = || columns.next().unwrap_or_else(|| panic!("line {}", at + 1));
            Row {
                line: at + 1,
                class: column(),
                meaning: meaning(column()),
                scope: scope(column()),
                text: unescaped(column()),
            }
        })
        .collect()
}

fn meaning(name: &str) -> Meaning {
    match name {
        "accept" => Meaning::Accept,
        "refuse" => Meaning::Refuse,
        "handover" => Meaning::HandOver { to: None },
        "list" => Meaning::List,
        "wrong" => Meaning::WrongNumber,
        "stop" => Meaning::Stop,
        "start" => Meaning::Start,
        "courtesy" => Meaning::Courtesy,
        "automatic" => Meaning::Automatic,
        "undecided" => Meaning::Undecided,
        "noise" => Meaning::Noise,
        other => Meaning::HandOver {
            to: Some(other.strip_prefix("handover:").unwrap().to_owned()),
        },
    }
}

fn scope(column: &str) -> Scope {
    match column {
        "-" => Scope::Unsaid,
        "*" => Scope::All,
        list => {
            let is_code = |item: &&str| item.len() < 5;
            let (codes, tickets): (Vec<&str>, Vec<&str>) = list.split(',').partition(is_code);
            Scope::These {
                codes: codes.iter().map(|code| code.parse().unwrap()).collect(),
                tickets: tickets.into_iter().map(str::to_owned).collect(),
            }
        }
    }
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let mut chars = after.chars();
        match chars.next().unwrap() {
            'n' => plain.push('\n'),
            't' => plain.push('\t'),
            'r' => plain.push('\r'),
            '0' => plain.push('\0'),
            'u' => {
                let (hex, tail) = chars.as_str()[1..].split_once('}').unwrap();
                plain.extend(char::from_u32(u32::from_str_radix(hex, 16).unwrap()));
                chars = tail.chars();
            }
            other => panic!("unknown escape {other:?}"),
        }
        rest = chars.as_str();
    }
    plain.push_str(rest);
    plain
}

/// Texts that refuse, doubt, or are no answer: whatever is added, they never become a yes.
fn never_a_yes() -> Vec<String> {
    const CLASSES: [&str; 8] = [
        "refuse",
        "handover",
        "wrong",
        "stop",
        "start",
        "courtesy",
        "automatic",
        "trap",
    ];
    let adds_up = |text: &str| text == "LGWP14376928" || text.starts_with("aduan ");
    rows()
        .into_iter()
        .filter(|row| CLASSES.contains(&row.class) && !adds_up(&row.text))
        .map(|row| row.text)
        .collect()
}

fn acceptances() -> Vec<String> {
    rows()
        .into_iter()
        .filter(|row| row.meaning == Meaning::Accept)
        .map(|row| row.text)
        .collect()
}

/// The meaning without what is kept as written.
fn kind(text: &str) -> (std::mem::Discriminant<Meaning>, Scope) {
    let reply = parse(text);
    (std::mem::discriminant(&reply.meaning), reply.scope)
}

#[test]
fn who_is_named_beside_a_refusal_is_found() {
    let long = format!("bukan kami, {}", "dinkes ".repeat(400));
    for (text, expected) in [
        ("bukan kami, DINKES", Some("DINKES")),
        ("bukan kami DINKES 12", Some("DINKES")),
        ("bukan kami 12 DINKES", Some("DINKES")),
        (
            "12 bukan wewenang kami, itu urusan Dinas Kesehatan",
            Some("kami, itu urusan Dinas Kesehatan"),
        ),
        ("DINKES, bukan kami", Some("DINKES")),
        ("itu DINKES bukan kami", Some("itu DINKES")),
        ("salah alamat pak, ini dinsos", Some("pak, ini dinsos")),
        ("bukan kami tapi sekda", Some("tapi sekda")),
        ("teruskan DINKES 12", Some("DINKES")),
        ("teruskan 12 ke\nDINKES", Some("DINKES")),
        ("teruskan ke DINKES, bukan wewenang kami", Some("DINKES")),
        ("bukan kami", None),
        ("bukan kami 12", None),
        ("teruskan", None),
        ("ok 12", None),
        ("dinkes", None),
        ("", None),
    ] {
        assert_eq!(names(text).as_deref(), expected, "{text}");
    }
    // Of a text that is not read to its end only the first line counts, and no name is long.
    assert!(names(&long).is_some_and(|name| name.chars().count() <= 60));
    assert_eq!(names(&format!("bukan kami\n{long}")), None);
}

#[test]
fn every_reply_of_the_table_is_read_as_it_says() {
    let rows = rows();
    assert!(rows.len() >= 400, "{} replies", rows.len());
    let is_trap = |row: &&Row| matches!(row.class, "trap" | "hostile");
    assert!(rows.iter().filter(is_trap).count() >= 120);
    let faults: Vec<String> = rows
        .into_iter()
        .filter_map(|row| {
            let expected = Reply {
                meaning: row.meaning,
                scope: row.scope,
            };
            let found = parse(&row.text);
            (found != expected).then(|| {
                format!(
                    "line {}: {:?}\n  expected {expected:?}\n  found    {found:?}",
                    row.line, row.text
                )
            })
        })
        .collect();
    assert!(
        faults.is_empty(),
        "{}\n{} faults",
        faults.join("\n"),
        faults.len()
    );
}

#[test]
fn no_reply_stands_in_the_table_twice() {
    let mut texts: Vec<String> = rows().into_iter().map(|row| row.text).collect();
    texts.sort_unstable();
    let twice: Vec<&[String]> = texts.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn case_and_surrounding_space_never_matter() {
    for row in rows() {
        let expected = kind(&row.text);
        for text in [
            row.text.to_uppercase(),
            row.text.to_lowercase(),
            format!(" \t\n{} \r\n ", row.text),
            format!("\u{FEFF}{}\u{200B}", row.text),
        ] {
            assert_eq!(kind(&text), expected, "line {}: {text:?}", row.line);
        }
    }
}

#[test]
fn a_negation_before_a_yes_is_never_a_yes() {
    for negation in [
        "tidak", "tdk", "ga", "gak", "nggak", "enggak", "belum", "blm", "bukan", "jangan", "ora",
        "mboten", "dereng", "no", "not", "don't", "TIDAK", "belummm",
    ] {
        for text in acceptances() {
            // Behind a quote, the negation is the other's.
            if text.starts_with('>') {
                continue;
            }
            for joint in [" ", ", ", ". ", "\n", " akan ", " pak "] {
                let text = format!("{negation}{joint}{text}");
                assert_ne!(parse(&text).meaning, Meaning::Accept, "{text:?}");
            }
        }
    }
}

#[test]
fn a_negation_behind_a_yes_is_never_a_yes() {
    for negation in [
        "tidak",
        "tapi belum",
        "bukan",
        "jangan",
        "dereng",
        "eh tidak jadi",
    ] {
        for row in rows() {
            // Behind a quote or signature it would be read as part of that.
            if row.meaning != Meaning::Accept || row.class == "hostile" {
                continue;
            }
            for joint in [" ", ", ", ". ", "\n"] {
                let text = format!("{}{joint}{negation}", row.text);
                assert_ne!(parse(&text).meaning, Meaning::Accept, "{text:?}");
            }
        }
    }
}

#[test]
fn a_long_text_is_read_in_its_first_line_and_never_as_a_yes() {
    let long = "kata ".repeat(300);
    for (first, expected) in [
        ("ok 12", Meaning::Undecided),
        ("bukan wewenang kami", Meaning::Refuse),
        ("salah nomor", Meaning::Noise),
        ("selamat pagi", Meaning::Noise),
        ("Balasan otomatis", Meaning::Automatic),
    ] {
        assert_eq!(
            parse(&format!("{first}\n{long}")).meaning,
            expected,
            "{first}"
        );
    }
    assert_eq!(parse(&"ok ".repeat(330)).meaning, Meaning::Accept);
    for times in [334, 335, 1_000_000] {
        assert_ne!(parse(&"ok ".repeat(times)).meaning, Meaning::Accept);
    }
    // What was cut off behind the limit is the quote, not the answer.
    assert_eq!(
        parse(&format!("ok\n> {long}\n> {long}")).meaning,
        Meaning::Accept
    );
}

#[test]
fn the_radio_word_does_not_take_back_a_refusal() {
    for row in rows() {
        // Beside thanks, 86 is an acceptance like any other.
        if matches!(
            row.class,
            "refuse" | "handover" | "wrong" | "stop" | "automatic"
        ) {
            for text in [format!("{} 86", row.text), format!("86 {}", row.text)] {
                assert_ne!(parse(&text).meaning, Meaning::Accept, "{text:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_a_reply(text in "\\PC{0,60}|[\\x00-\\x7f]{0,80}|(ok|siap|tidak|ke|teruskan|no|[0-9]{1,6}|[ .,?\n'-]|\u{200B}|👍|é|İ){0,20}") {
        let reply = parse(&text);
        if let Scope::These { codes, tickets } = &reply.scope {
            prop_assert!(!codes.is_empty() || !tickets.is_empty());
            prop_assert!(codes.iter().all(|code| (1..=999).contains(code)));
        }
        if let Meaning::HandOver { to: Some(name) } = &reply.meaning {
            prop_assert!(!name.is_empty() && name.chars().count() <= 60);
            prop_assert!(!name.contains(char::is_control));
        }
    }

    #[test]
    fn nothing_added_turns_a_no_into_a_yes(
        text in select(never_a_yes()),
        added in proptest::collection::vec(select(vec![
            "pak", "bu", "12", "7", "999", "🙏", "LGWP14376928", "ndan", "dan", "mohon izin",
            "terima kasih", "segera", "kami",
        ]), 0..5),
        is_before in any::<bool>(),
    ) {
        let added = added.join(" ");
        let text = if is_before { format!("{added} {text}") } else { format!("{text} {added}") };
        let reply = parse(&text);
        prop_assert_ne!(reply.meaning, Meaning::Accept, "{:?}", text);
    }

    #[test]
    fn a_word_of_no_or_doubt_anywhere_is_never_part_of_a_yes(
        mut words in proptest::collection::vec(select(vec![
            "ok", "siap", "terima", "ya", "baik", "laksanakan", "tindak", "lanjut", "pak", "ibu",
            "12", "86", "dan", "kami", "akan", "sudah", "segera", "kasih", "semua", "nomor", "ini",
            "selamat", "malam", "izin", "👍", "🙏", "LGWP14376928", "untuk", "noted", "copy",
            "sedang", "ditangani", "di lokasi", "dalam proses", "foto terlampir", "di tl",
        ]), 0..8),
        no in select(vec![
            "tidak", "tdk", "gak", "belum", "bukan", "jangan", "ora", "mboten", "dereng", "tapi",
            "nanti", "besok", "mungkin", "kalau", "tolak", "cuti", "teruskan", "limpahkan", "stop",
            "mulai", "info", "salah", "apa", "siapa", "?", "👎", "jam", "rapat", "maaf", "dulu",
            "saja", "not", "wewenang", "ke", "1000", "xyz",
        ]),
        place in any::<prop::sample::Index>(),
        joint in select(vec![" ", ", ", ". ", "\n", " - "]),
    ) {
        words.insert(place.index(words.len() + 1), no);
        let text = words.join(joint);
        prop_assert_ne!(parse(&text).meaning, Meaning::Accept, "{:?}", text);
    }

    #[test]
    fn an_unknown_word_is_never_part_of_a_yes(
        text in select(acceptances()),
        word in "[a-z]{3,9}",
    ) {
        prop_assume!(words::word(&word).1 == words::Sense::Unknown);
        prop_assume!(!text.starts_with('>') && phrases::beginning_with(&word).next().is_none());
            let reply = parse(&format!("{word} {text}"));
        prop_assert_ne!(reply.meaning, Meaning::Accept);
    }
}
