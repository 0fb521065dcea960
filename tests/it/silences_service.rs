//! Silences with the real program: by the API, and through its death while it lets go.

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
#[cfg(debug_assertions)]
use siaga::seam::Seam;

use crate::support::siaga::{Settings, Siaga};

const OPERATOR: &str = "sgk_uji_penjaga";

/// The head alone, warned at half time and paged at the deadline.
const POLICY: &str = r#"
id = "baku"
clock = { length = "24h", calendar = "kalender" }
warnings = [{ at_percent = 50, to = ["kepala"] }]
steps = [{ after = "0s", to = ["kepala"] }]
repeat = { every = "48h", limit = 0 }
hold = "2h"
updates = "never"
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
[holders]
"DISHUB.kepala" = "budi"
"#;

fn prepared() -> Siaga {
    let siaga = Siaga::prepare();
    let more = format!(
        "[[api_keys]]\nname = \"petugas\"\nsha256 = \"{}\"\nscopes = [\"operate\"]\n\
         [[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n",
        hex::encode(Sha256::digest(OPERATOR.as_bytes())),
    );
    siaga.write_settings(&Settings {
        more: &more,
        people: PEOPLE,
        policy: Some(POLICY),
        ..Settings::default()
    });
    siaga
}

async fn ask(
    siaga: &Siaga,
    method: Method,
    path: &str,
    key: Option<&str>,
    body: &Value,
) -> (u16, Value) {
    let mut headers = vec![
        ("authorization", format!("Bearer {OPERATOR}")),
        ("content-type", "application/json".to_owned()),
    ];
    headers.extend(key.map(|key| ("idempotency-key", key.to_owned())));
    let path = format!("/api/v1/{path}");
    let body = body.to_string().into_bytes();
    let (status, _, text) = siaga.request(method, &path, &headers, body).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn in_seconds(seconds: i64) -> String {
    let now = siaga::clock::Clock::now(&siaga::clock::SystemClock);
    (now + jiff::SignedDuration::from_secs(seconds)).to_string()
}

fn in_hours(hours: i64) -> String {
    in_seconds(hours * 3600)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_declared_and_ended_by_the_api_and_what_does_not_fit_is_told() {
    let mut siaga = prepared();
    siaga.start().await;
    let wanted = json!({ "covers": { "units": ["DISHUB"] }, "until": in_hours(2), "reason": "listrik padam" });
    for _ in 0..2 {
        let (status, told) = ask(&siaga, Method::POST, "silences", Some("padam-1"), &wanted).await;
        assert_eq!((status, &told["number"]), (201, &json!(1)), "{told}");
    }
    let (_, listed) = ask(&siaga, Method::GET, "silences", None, &Value::Null).await;
    let listed = listed["silences"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 1, "sent twice, declared once: {listed:?}");
    assert_eq!(listed[0]["silence"]["owner"], json!("petugas"));
    for (wrong, field) in [
        (
            json!({ "covers": {}, "until": in_hours(2), "reason": "x" }),
            "covers",
        ),
        (
            json!({ "covers": { "units": ["ENTAH"] }, "until": in_hours(2), "reason": "x" }),
            "units",
        ),
        (
            json!({ "covers": { "units": ["DISHUB"] }, "until": in_hours(-2), "reason": "x" }),
            "until",
        ),
        (
            json!({ "covers": { "units": ["DISHUB"] }, "until": in_hours(2), "reason": " " }),
            "reason",
        ),
        (
            json!({ "covers": { "units": ["DISHUB"] }, "until": in_hours(2), "reason": "x", "misses_too": true }),
            "misses_too",
        ),
    ] {
        let (status, told) = ask(&siaga, Method::POST, "silences", None, &wrong).await;
        assert_eq!(status, 422, "{wrong} gave {told}");
        assert!(
            told.to_string().contains(field),
            "{field} is not named: {told}"
        );
    }
    let body = serde_json::to_vec(&wanted).unwrap();
    let kind = [("content-type", "application/json".to_owned())];
    let (status, ..) = siaga
        .request(Method::POST, "/api/v1/silences", &kind, body)
        .await;
    assert_eq!(status, 401, "nobody without a key");
    let why = json!({ "reason": "menyala lagi" });
    for (number, status) in [("1", 200), ("1", 409), ("77", 404), ("satu", 404)] {
        let path = format!("silences/{number}/end");
        let (told, body) = ask(&siaga, Method::POST, &path, None, &why).await;
        assert_eq!(told, status, "{number}: {body}");
    }
    siaga.stop().await;
}

/// Twelve held pages are one message; the service dies with it in hand.
#[tokio::test(flavor = "multi_thread")]
#[cfg(debug_assertions)] // Only then does the program know how to halt.
async fn a_death_while_it_lets_go_loses_nothing_and_repeats_only_what_was_in_flight() {
    for seam in [Seam::AttemptRecorded, Seam::RequestAnswered] {
        let mut siaga = prepared();
        siaga.start().await;
        let until = in_seconds(9);
        let add = [
            "silence",
            "add",
            "--unit",
            "DISHUB",
            "--reason",
            "uji",
            "--misses-too",
        ];
        let (told, code) = siaga.run_for_code(&[&add[..], &["--until", &until]].concat());
        assert_eq!(code, 0, "{told}");
        for n in 0..12 {
            siaga.overdue(&format!("LGWP600{n:02}")).await;
        }
        for n in 0..12 {
            siaga
                .wait_for_timeline(&format!("LGWP600{n:02}"), "\"silenced\"")
                .await;
        }
        siaga.kill9();
        // The first request that it makes is the summary, at the end of the silence.
        siaga.start_to_halt(seam, 1).await;
        siaga.wait_until_halted().await;
        siaga.kill9();
        siaga.start().await;
        let mut sent = 0;
        for n in 0..12 {
            let id = format!("LGWP600{n:02}");
            let record = siaga.wait_for_timeline(&id, "\"attempt_sent\"").await;
            sent = record.matches("\"k\":\"attempt_sent\"").count();
            assert_eq!(sent, 1, "{seam:?}: {record}");
            assert_eq!(
                record.matches("\"k\":\"missed\"").count(),
                1,
                "{seam:?}: {record}"
            );
            let begun = record.matches("\"k\":\"attempt_begun\"").count();
            assert!(begun <= 2, "{seam:?}: {record}");
        }
        assert_eq!(sent, 1);
        let (verified, holds) = siaga.run(&["ledger", "verify"]);
        assert!(holds, "{verified}");
        siaga.stop().await;
    }
}
