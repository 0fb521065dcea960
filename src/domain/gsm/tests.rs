//! The arithmetic against tables and against a simulator that packs encoded units.

use proptest::prelude::*;

use super::*;

fn check(text: &str, alphabet: Alphabet, units: usize, parts: usize) {
    let expected = Measure {
        alphabet,
        units,
        parts,
    };
    assert_eq!(
        measure(text),
        expected,
        "{} characters",
        text.chars().count()
    );
    assert_eq!(fits_one_part(text), parts == 1);
}

#[test]
fn the_alphabet_is_that_of_the_standard() {
    // The code table of TS 23.038 in its order, but for the escape at 1B.
    let basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                 ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    let extension = "\u{c}^{}\\[~]|€";
    assert_eq!(basic.chars().count(), 127);
    assert!(basic.chars().all(|c| septets(c) == Some(1)));
    assert!(extension.chars().all(|c| septets(c) == Some(2)));
    let all = (0..=0x10_ffff)
        .filter_map(char::from_u32)
        .filter(|c| is_gsm7(*c));
    assert_eq!(all.count(), 127 + extension.chars().count());
}

#[test]
fn parts_change_at_their_boundaries() {
    use Alphabet::{Gsm7, Ucs2};
    let a = |count: usize| "a".repeat(count);
    check("", Gsm7, 0, 1);
    check(&a(160), Gsm7, 160, 1);
    check(&a(161), Gsm7, 161, 2);
    for parts in 2..=7 {
        check(&a(153 * parts), Gsm7, 153 * parts, parts);
        check(&a(153 * parts + 1), Gsm7, 153 * parts + 1, parts + 1);
    }
    // Extension characters cost two, and fit exactly or not at all.
    check(&(a(158) + "€"), Gsm7, 160, 1);
    check(&(a(159) + "€"), Gsm7, 161, 2);
    check(&"[".repeat(80), Gsm7, 160, 1);
    check(&"[".repeat(81), Gsm7, 162, 2);
    // An escape that would stand at place 153 moves to the next part with its character: 306
    // septets, but the first part holds only 152 of them.
    check(&(a(152) + "€" + &a(152)), Gsm7, 306, 3);
    check(&(a(151) + "€" + &a(153)), Gsm7, 306, 2);
    check(&"|".repeat(76), Gsm7, 152, 1);
    check(&"|".repeat(152), Gsm7, 304, 2); // 76 and 76
    check(&"|".repeat(153), Gsm7, 306, 3); // 153 is odd: 76, 76 and 1
    // One character of another alphabet turns all of it.
    let u = |count: usize| "’".to_owned() + &a(count - 1);
    check(&u(70), Ucs2, 70, 1);
    check(&u(71), Ucs2, 71, 2);
    check(&u(134), Ucs2, 134, 2);
    check(&u(135), Ucs2, 135, 3);
    check("👍", Ucs2, 2, 1);
    check(&"👍".repeat(35), Ucs2, 70, 1);
    check(&"👍".repeat(36), Ucs2, 72, 2);
    check(&"👍".repeat(66), Ucs2, 132, 2); // 33 and 33: 67 is odd
    check(&"👍".repeat(67), Ucs2, 134, 3);
    check(&(a(66) + "👍" + &a(66)), Ucs2, 134, 3); // a pair is not split
    check(&(a(65) + "👍" + &a(67)), Ucs2, 134, 2);
    // What a telephone does not have in its alphabet: the backtick, small ç, a tab.
    for text in ["`", "ç", "\t", "\u{a0}", "\u{1b}"] {
        check(text, Ucs2, 1, 1);
    }
    check(
        "SIAGA: Yth. Ka DISHUB. Aduan LGWP14376928 (Infrastruktur, Kab. Pati) belum direspons, lewat 24 jam. Balas OK 12 utk terima.",
        Gsm7,
        123,
        1,
    );
}

#[test]
fn look_alikes_say_the_same() {
    for (text, expected) in [
        ("“Siap”, kata ‘Pak’ Budi", "\"Siap\", kata 'Pak' Budi"),
        ("3–5 hari — segera…", "3-5 hari - segera..."),
        ("24\u{a0}Nov\u{202f}2026\t13.27", "24 Nov 2026 13.27"),
        ("a\u{200b}b\u{feff}c\u{ad}d\u{2060}e\u{200d}f", "abcdef"),
        ("satu\r\ndua\rtiga\u{2028}empat", "satu\ndua\ntiga\nempat"),
        ("Désa Kâlî, ça và", "Désa Kali, ca và"),
        ("cafe\u{301} Pe\u{308}ti", "cafe Peti"),
        ("Čapek Łódź œuvre Škoda", "Capek Lodz oeuvre Skoda"),
        ("ＡＢＣ１２３！", "ABC123!"),
        ("• ½ jam × 2 ≥ 1°", "- 1/2 jam x 2 >= 1o"),
        ("[~{€}~]", "[~{€}~]"),
        ("Åse @ Ñandú §7", "Åse @ Ñandu §7"),
        ("siap 👍", "siap 👍"),
        ("ꦱꦶꦪꦥ꧀", "ꦱꦶꦪꦥ꧀"), // Javanese script has no look-alike and stays
        ("\u{1b}\u{0}", ""),
    ] {
        // `à` is in the alphabet and keeps its accent.
        assert_eq!(normalise(text), expected, "{text:?}");
    }
}

#[test]
fn a_cut_text_says_that_it_was_cut() {
    for (text, max_units, expected) in [
        ("Infrastruktur", 13, "Infrastruktur"),
        ("Infrastruktur", 12, "Infrastruk.."),
        ("Jalan rusak", 8, "Jalan.."), // no blank before the dots
        ("Infrastruktur", 4, "In.."),
        ("Infrastruktur", 3, "In."),
        ("Infrastruktur", 1, "."),
        ("Infrastruktur", 0, ""),
        ("", 0, ""),
        ("a€€€", 6, "a€.."), // 1 + 2, and a second € would make 7
        ("👍👍👍", 5, "👍.."),
        ("👍👍👍", 3, "👍."),
        // Without the emoji it is GSM-7, where a bracket costs two: five would be ten units.
        ("[[[[[👍👍👍", 8, "[[[.."),
        // With one emoji it is UCS-2, where a bracket costs one: this is longer.
        ("[[[[[👍👍👍", 9, "[[[[[👍.."),
    ] {
        let cut = cut_to(text, max_units);
        assert_eq!(cut, expected, "{text} to {max_units}");
    }
}

fn findings(text: &str, rules: &RouteRules) -> Vec<(LintFinding, String)> {
    let faults = lint(text, rules);
    assert!(faults.iter().all(|fault| !fault.remedy.is_empty()));
    faults
        .into_iter()
        .map(|fault| (fault.finding, fault.value))
        .collect()
}

#[test]
fn a_route_says_what_it_loses() {
    use LintFinding::*;
    let cautious = RouteRules::default();
    let two_way = RouteRules {
        two_way: true,
        ..RouteRules::default()
    };
    let open = RouteRules {
        links_allowed: true,
        max_parts: 3,
        blocked_words: vec![],
        max_digit_run: None,
        ..two_way.clone()
    };
    let long = "a".repeat(161);
    let page = "SIAGA: Aduan LGWP14376928 lewat 24 jam. Balas OK 12 utk terima.";
    for (rules, text, expected) in [
        (&two_way, page, vec![]),
        (&cautious, page, vec![(ReplyInvited, "balas")]),
        (&two_way, "OK 123, 1234.567", vec![(DigitRun, "1234")]),
        (&two_way, "A1234, 12345b, 24.11", vec![]),
        (&cautious, " \n", vec![(Empty, "0 characters")]),
        (&cautious, "siap 👍👍 “ya”", vec![(NotGsm7, "👍“”")]),
        (
            &cautious,
            long.as_str(),
            vec![(TooManyParts, "2 parts, 161 units")],
        ),
        (&open, long.as_str(), vec![]),
        (
            &cautious,
            "VERIFIKASI akun.",
            vec![(BlockedWord, "verifikasi"), (BlockedWord, "akun")],
        ),
        (
            &cautious,
            "perdana, danau, kode_x",
            vec![(BlockedWord, "kode")],
        ),
        (
            &cautious,
            "lihat https://a.test",
            vec![(Link, "https://a.test")],
        ),
        (
            &cautious,
            "WWW.contoh.test",
            vec![(Link, "www.contoh.test")],
        ),
        (
            &cautious,
            "buka (lapor.go.id/x?y=1).",
            vec![(Link, "(lapor.go.id/x?y=1).")],
        ),
        (&cautious, "Kab.Pati, jam 13.27, a.d. Ka.id.x .id", vec![]),
        (&cautious, "mohon jawaban", vec![]),
        (&open, "balas di www.contoh.test, nomor 12345", vec![]),
    ] {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(f, v)| (f, v.to_owned()))
            .collect();
        assert_eq!(findings(text, rules), expected, "{text}");
    }
    let fault = lint(&long, &cautious).remove(0).to_string();
    assert_eq!(
        fault,
        "too many parts (2 parts, 161 units): shorten to 160 units, which make 1 part(s)"
    );
}

#[test]
fn rules_left_out_are_the_cautious_ones() {
    let rules: RouteRules = toml::from_str("two_way = true\nmax_digit_run = 4").unwrap();
    let expected = RouteRules {
        two_way: true,
        max_digit_run: Some(4),
        ..RouteRules::default()
    };
    assert_eq!(rules, expected);
    assert!(toml::from_str::<RouteRules>("two_ways = true").is_err());
    assert!(
        !expected.links_allowed && expected.max_parts == 1 && expected.blocked_words.len() == 7
    );
}

/// Encodes first and cuts afterwards, as a gateway does: full parts of code units, one unit less
/// where the cut would fall into a pair.
fn packed(text: &str) -> usize {
    let gsm7 = Alphabet::of(text) == Alphabet::Gsm7;
    let (part, single) = if gsm7 { (153, 160) } else { (67, 70) };
    let units: Vec<u16> = if gsm7 {
        let extension = |c: char| "\u{c}^{}\\[~]|€".contains(c);
        text.chars()
            .flat_map(|c| extension(c).then_some(0x1b).into_iter().chain([0]))
            .collect()
    } else {
        text.encode_utf16().collect()
    };
    let opens_pair = |unit: u16| unit == 0x1b && gsm7 || (0xd800..0xdc00).contains(&unit);
    if units.len() <= single {
        return 1;
    }
    let (mut at, mut parts) = (0, 0);
    while at < units.len() {
        let mut end = (at + part).min(units.len());
        if opens_pair(units[end - 1]) {
            end -= 1;
        }
        (at, parts) = (end, parts + 1);
    }
    parts
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z €{}\\[\\]|~^]{0,500}",
        "[a-z👍’€\\[]{0,400}",
        "\\PC{0,300}",
        "[a \u{a0}👍\\[]{0,40}",
    ]
}

/// What must come out as GSM-7: Latin with its accents, typography, full width, unseen characters.
fn latin_texts() -> impl Strategy<Value = String> {
    "[ -~\u{a0}-\u{a3}\u{a5}-\u{17e}\u{300}-\u{36f}\u{2000}-\u{200f}‐-―‘-‟•…\u{2028}-\u{202f}\u{2060}-\u{206f}！-～\r\n\t]{0,200}"
}

#[test]
fn what_has_no_look_alike_is_one_question_mark_a_run() {
    for (text, forced) in [
        ("Kab. Pati", "Kab. Pati"),
        ("Jalan “rusak” – parah…", "Jalan \"rusak\" - parah..."),
        ("Desa Kâlî", "Desa Kali"),
        ("जय हिन्द ok", "? ? ok"),
        ("😀😀!", "?!"),
    ] {
        assert_eq!(force(text), forced);
    }
}

proptest! {
    #[test]
    fn whatever_is_forced_is_in_the_alphabet(text in any::<String>()) {
        prop_assert_eq!(Alphabet::of(&force(&text)), Alphabet::Gsm7);
    }

    #[test]
    fn parts_agree_with_a_packing_gateway(text in texts()) {
        prop_assert_eq!(measure(&text).parts, packed(&text));
    }

    #[test]
    fn normalising_twice_changes_nothing_more(text in prop_oneof![texts(), latin_texts(), any::<String>()]) {
        let once = normalise(&text);
        prop_assert_eq!(normalise(&once), once);
    }

    #[test]
    fn latin_text_becomes_gsm7(text in latin_texts()) {
        let plain = normalise(&text);
        prop_assert_eq!(Alphabet::of(&plain), Alphabet::Gsm7, "{:?} of {:?}", plain, text);
    }

    #[test]
    fn what_is_in_the_alphabet_stays(text in "[a-zA-Z0-9 .,;:!?@£$¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉÄÖÑÜ§¿äöñüà€{}\\[\\]|~^\n]{0,200}") {
        prop_assert_eq!(normalise(&text), text);
    }

    #[test]
    fn a_cut_text_fits_and_begins_as_before(text in texts(), max_units in 0..200_usize) {
        let cut = cut_to(&text, max_units);
        prop_assert!(measure(&cut).units <= max_units, "{:?} to {}", cut, max_units);
        if cut != text {
            prop_assert!(measure(&text).units > max_units);
            prop_assert!(text.starts_with(cut.trim_end_matches('.')));
        }
    }
}
