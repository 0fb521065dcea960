//! `siaga simulate` and `siaga ledger export` as an operator runs them, over a ledger that the real
//! program wrote and over files.

use std::path::PathBuf;

use serde_json::Value;

use crate::{previews::prepared, support::siaga::Siaga};

fn file(siaga: &Siaga, name: &str, text: &str) -> PathBuf {
    let path = siaga.folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn simulated(siaga: &Siaga, words: &[&str]) -> (String, i32) {
    siaga.run_for_code(&[&["simulate"], words].concat())
}

/// The shipped policy, warning at a quarter of the clock, and in turn after the miss.
fn candidate(siaga: &Siaga) -> PathBuf {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/policies/baku.toml");
    let text = std::fs::read_to_string(shipped).unwrap();
    let text = text.replacen("id = \"baku\"", "id = \"calon\"", 1);
    let text = text.replacen("at_percent = 50", "at_percent = 25", 1);
    file(
        siaga,
        "calon.toml",
        &text.replacen("reach = \"everywhere\"", "", 1),
    )
}

/// Complaints of a week: answered in time, late, returned, of nobody, and never.
const HISTORY: &str = "\
id,received_at,unit,status,status_at
A1,2024-03-02T08:00:00+07:00,DISHUB,Selesai,2024-03-02T20:30:00+07:00
A2,2024-03-02T09:00:00+07:00,DISHUB,Proses,2024-03-04T10:00:00+07:00
A3,2024-03-03T22:15:00+07:00,Dinas Kesehatan,Bukan Wewenang,2024-03-04T09:00:00+07:00
A4,2024-03-04T07:30:00+07:00,Dinas Entah,Belum Terverifikasi,2024-03-04T07:31:00+07:00
A5,2024-03-05T12:00:00+07:00,DINSOS,,
";

#[test]
fn a_file_of_complaints_is_played_by_both_policies() {
    let siaga = prepared();
    let (history, candidate) = (file(&siaga, "riwayat.csv", HISTORY), candidate(&siaga));
    let page = siaga.folder.path().join("hasil.html");
    let words = [
        "--policy",
        candidate.to_str().unwrap(),
        "--history",
        history.to_str().unwrap(),
        "--follow",
        "48h",
        "--price",
        "sms=350",
        "--html",
        page.to_str().unwrap(),
    ];
    let (told, code) = simulated(&siaga, &words);
    assert_eq!(code, 0, "{told}");
    insta::assert_snapshot!("simulate_id", told);
    let (told, code) = simulated(&siaga, &[&words[..], &["--language", "en"]].concat());
    assert_eq!(code, 0, "{told}");
    insta::assert_snapshot!("simulate_en", told);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg ") && page.contains("DISHUB") && page.ends_with("</html>\n"));
    for outside in ["href", "src=", "url(", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn a_candidate_that_is_the_policy_in_force_makes_no_difference() {
    let siaga = prepared();
    let history = file(&siaga, "riwayat.csv", HISTORY);
    let words = [
        "--policy",
        "baku",
        "--history",
        history.to_str().unwrap(),
        "--json",
    ];
    let (told, code) = simulated(&siaga, &words);
    assert_eq!(code, 0, "{told}");
    let outcome: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(outcome["complaints"], 5);
    let difference = outcome["total"]["difference"].as_object().unwrap();
    assert!(difference.values().all(|more| *more == 0), "{difference:?}");
    assert!(outcome["total"]["candidate"]["pages"].as_u64().unwrap() > 20);
    // A1 was answered in time; A2 late; A3 came back and nobody took it; A4 and A5 wait.
    assert_eq!(outcome["total"]["candidate"]["misses"], 4);
    let span = format!(
        "--from 2024-03-03 --to 2024-03-05 --history {}",
        history.display()
    );
    let words: Vec<&str> = ["--policy", "baku", "--json"]
        .into_iter()
        .chain(span.split(' '))
        .collect();
    let outcome: Value = serde_json::from_str(&simulated(&siaga, &words).0).unwrap();
    assert_eq!(outcome["complaints"], 2);
}

#[tokio::test]
async fn the_ledger_of_a_service_is_exported_and_played_to_the_same_pages() {
    let mut siaga = prepared();
    siaga.start().await;
    for (id, unit) in [("B1", "DISHUB"), ("B2", "DINKES"), ("B3", "DISHUB")] {
        siaga.overdue_at(id, unit).await;
        siaga.wait_for_timeline(id, "missed").await;
        siaga.wait_for_timeline(id, "paged").await;
    }
    siaga.wait_until_handed_over().await;
    siaga.stop().await;
    let out = siaga.folder.path().join("buku.jsonl");
    let path = out.to_str().unwrap();
    let (told, code) = siaga.run_for_code(&["ledger", "export", "--out", path]);
    assert_eq!(code, 0, "{told}");
    let exported = std::fs::read_to_string(&out).unwrap();
    let kinds: Vec<String> = exported
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|entry| entry["fact"]["k"].as_str().unwrap().to_owned())
        .collect();
    let count = |kind: &str| kinds.iter().filter(|it| *it == kind).count() as u64;
    assert_eq!(count("opened"), 3);
    for source in [&["--history", path][..], &[]] {
        let words = [&["--policy", "baku", "--json"], source].concat();
        let (told, code) = simulated(&siaga, &words);
        assert_eq!(code, 0, "{told}");
        let outcome: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(outcome["complaints"], 3);
        let total = &outcome["total"]["candidate"];
        assert_eq!(total["pages"], count("paged"), "{source:?}: {kinds:?}");
        assert_eq!(total["misses"], count("missed"));
    }
}

#[test]
fn what_does_not_fit_is_told_with_its_line_and_left_out() {
    let siaga = prepared();
    let entry = |sequence: u32, fact: &str| {
        format!("{{\"shard\":\"c0\",\"sequence\":{sequence},\"link\":\"00\",\"fact\":{fact}}}\n")
    };
    let opened = r#"{"at":"2024-03-02T01:00:00Z","c":"A1","k":"opened","received_at":"2024-03-02T01:00:00Z","unit":"DISHUB","policy":{"id":"baku","version":1}}"#;
    let ledger = [
        entry(1, opened),
        entry(
            2,
            &opened.replace("\"received_at\":\"2024", "\"received_at\":\"yesterday"),
        ),
        entry(
            3,
            r#"{"at":"2024-03-04T01:00:00Z","c":"ZZ","k":"closed","status":"selesai"}"#,
        ),
        "{\"shard\":\"c0\",\"sequence\":4,\"fact\":\n".to_owned(),
        format!("{}\n", "x".repeat(3 << 20)),
        entry(
            9,
            r#"{"at":"2024-03-05T01:00:00Z","c":"A1","k":"closed","status":"selesai"}"#,
        ),
    ]
    .concat();
    let ledger = file(&siaga, "buku.jsonl", &ledger);
    let words = [
        "--policy",
        "baku",
        "--language",
        "en",
        "--history",
        ledger.to_str().unwrap(),
    ];
    let (told, code) = simulated(&siaga, &words);
    assert_eq!(code, 3, "{told}");
    for part in [
        "1 complaints",
        "line 2: fact",
        "yesterday",
        "siaga ledger export",
        "line 4",
        "line 5",
        "longer than",
        "3 lines do not fit",
        "1 facts are passed over",
        "is not whole: ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let rows = "id,received_at,unit,status\nA1,yesterday,DISHUB,\nA2,2024-03-02T08:00:00+07:00,DISHUB,Selesai\n";
    let rows = file(&siaga, "riwayat.csv", rows);
    let words = ["--policy", "baku", "--history", rows.to_str().unwrap()];
    let (told, code) = simulated(&siaga, &[&words[..], &["--language", "en"]].concat());
    assert_eq!(code, 3, "{told}");
    for part in [
        "line 2: received_at",
        "a text of 9 characters",
        "1 lines do not fit",
        "1 complaints are left out",
        "--undated-after",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let (told, _) = simulated(
        &siaga,
        &[&words[..], &["--undated-after", "26h", "--json"]].concat(),
    );
    assert!(told.contains("\"complaints\": 1"), "{told}");
    for (words, parts) in [
        (
            &["--policy", "baku", "--history", "tiada.csv"][..],
            &["tiada.csv", "look at the name"][..],
        ),
        (
            &[
                "--policy",
                "baku",
                "--price",
                "fax=1",
                "--history",
                "tiada.csv",
            ],
            &["tiada.csv"],
        ),
        (
            &["--policy", "bakuu", "--history", "x.csv"],
            &["did you mean baku?"],
        ),
    ] {
        let (told, code) = simulated(&siaga, words);
        assert_eq!(code, 2, "{words:?}: {told}");
        for part in parts {
            assert!(told.contains(part), "{words:?}: {told}");
        }
    }
    let (told, code) = simulated(
        &siaga,
        &[
            "--policy",
            "baku",
            "--price",
            "fax=1",
            "--history",
            rows.to_str().unwrap(),
        ],
    );
    assert!(
        code == 2 && told.contains("--price fax=1") && told.contains("sms=350"),
        "{told}"
    );
}
