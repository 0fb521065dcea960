//! `siaga preview` as an operator runs it: the shipped policy over the shipped units, with the demo's
//! people; what is written is held as it is.

use crate::support::siaga::{Settings, Siaga};

/// The program with the demo's people.
pub(crate) fn prepared() -> Siaga {
    let siaga = Siaga::prepare();
    let people = concat!(env!("CARGO_MANIFEST_DIR"), "/config/people.demo.toml");
    siaga.write_settings(&Settings {
        more: "[[gateways]]\nname = \"uji\"\ntype = \"sandbox\"\ntransport = \"sms\"\n",
        people: &std::fs::read_to_string(people).unwrap(),
        ..Settings::default()
    });
    siaga
}

fn shown(siaga: &Siaga, words: &str) -> String {
    let words: Vec<&str> = ["preview"].into_iter().chain(words.split(' ')).collect();
    let (told, code) = siaga.run_for_code(&words);
    assert_eq!(code, 0, "{told}");
    told
}

const CHRISTMAS: &str = "--unit DISHUB --at 2026-12-23T16:30 --days 3";

#[test]
fn the_shipped_policy_is_shown_as_text() {
    let siaga = prepared();
    insta::assert_snapshot!("preview_id", shown(&siaga, CHRISTMAS));
    let english = format!("{CHRISTMAS} --answer-after 20m --progress-after 30h --language en");
    insta::assert_snapshot!("preview_en", shown(&siaga, &english));
}

#[test]
fn all_units_are_shown_at_once() {
    let siaga = prepared();
    let all = "--all-units --at 2026-12-23T16:30 --days 2";
    insta::assert_snapshot!("preview_all", shown(&siaga, all));
}

#[test]
fn the_other_forms_tell_the_same() {
    let siaga = prepared();
    let json: serde_json::Value =
        serde_json::from_str(&shown(&siaga, &format!("{CHRISTMAS} --json"))).unwrap();
    assert_eq!(json["deadline"], "2026-12-24T09:30:00Z");
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows[0]["at"], "2026-12-23T21:30:00Z");
    assert_eq!(rows[0]["stage"]["percent"], 50);
    assert_eq!(rows[0]["post"], "DISHUB.penghubung");
    assert_eq!(rows[0]["night"], true);
    let drawing = shown(&siaga, &format!("{CHRISTMAS} --svg"));
    assert!(drawing.starts_with("<svg ") && drawing.trim_end().ends_with("</svg>"));
    let page = shown(&siaga, &format!("{CHRISTMAS} --html"));
    assert!(page.contains("<svg ") && page.contains("<table>"));
    // The drawing has a mark for every message.
    let marks = drawing.matches("<title>24/12/2026").count()
        + drawing.matches("<title>25/12/2026").count()
        + drawing.matches("<title>26/12/2026").count();
    assert_eq!(marks, rows.len());
}

#[test]
fn a_wrong_word_is_answered_with_a_remedy() {
    let siaga = prepared();
    let candidate = siaga.folder.path().join("calon.toml");
    std::fs::write(&candidate, "id = \"calon\"\nhold = \"2h\"\n").unwrap();
    let file = candidate.to_str().unwrap();
    for (words, parts) in [
        (
            "--unit DISHUBB",
            &["--unit DISHUBB", "did you mean DISHUB?"][..],
        ),
        ("--policy bakuu", &["--policy bakuu", "did you mean baku?"]),
        ("--policy tiada.toml", &["tiada.toml", "cannot be read"]),
        (&format!("--policy {file}"), &["calon.toml", "clock"]),
        ("--at kemarin", &["--at kemarin", "2026-12-24T16:30"]),
        ("--answer-after 2x", &["--answer-after 2x", "90m"]),
        ("--days 61", &["61", "1..=60"]),
    ] {
        let words: Vec<&str> = ["preview"].into_iter().chain(words.split(' ')).collect();
        let (told, code) = siaga.run_for_code(&words);
        assert_eq!(code, 2, "{words:?}: {told}");
        for part in parts {
            assert!(told.contains(part), "{words:?}: {told}");
        }
    }
}
