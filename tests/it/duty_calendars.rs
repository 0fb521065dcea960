//! Duties in other programs' calendars by the real program: read from a file and from an address, and shown at a
//! person's own address.

use std::{
    process::Command,
    sync::{Arc, LazyLock},
};

use axum::{Router, http::StatusCode, routing::get};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use siaga::clock::{Clock as _, SystemClock};

use crate::support::{
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually_asked},
};

/// The desk is paged at the deadline, and nobody else.
const POLICY: &str = r#"
id = "baku"
clock = { length = "24h", calendar = "kalender" }
steps = [{ after = "0s", to = ["post:GUBERNUR.piket"] }]
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
name = "Budi Contohwan, S.E."
sms = "0811-0000-0001"
[[people]]
id = "sari"
name = "Sari Contohwati"
sms = "0811-0000-0002"
email = "sari@example.go.id"
[[people]]
id = "kori"
name = "Kori Contoh"
sms = "0811-0000-0003"
[[rosters]]
post = "GUBERNUR.piket"
members = ["budi"]
rotation = "daily"
begins = "2026-01-01T08:00:00+07:00"
"#;

const SMS: &str = "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n[links]\nsecret = \"0123456789abcdef0123456789abcdef\"\n";

fn prepare(more: &str) -> Siaga {
    let siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: &format!("{SMS}{more}"),
        people: PEOPLE,
        policy: Some(POLICY),
        ..Settings::default()
    });
    siaga
}

/// The same for all calendars of a test.
static BEGUN: LazyLock<Timestamp> = LazyLock::new(|| SystemClock.now());

fn utc(hours: i64) -> String {
    let at = *BEGUN + SignedDuration::from_hours(hours);
    let at = TimeZone::UTC.to_datetime(at);
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A calendar with an event of this many hours that began an hour ago.
fn calendar(who: &str, hours: i64) -> String {
    let (from, until) = (utc(-1), utc(hours - 1));
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n{who}\r\nDTSTART:{from}\r\nDTEND:{until}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// Hands in an overdue complaint; gives the number it is told at.
async fn told_at(siaga: &Siaga, id: &str) -> String {
    siaga.overdue(id).await;
    let record = siaga.wait_for_timeline(id, "\"attempt_sent\"").await;
    let json: serde_json::Value = serde_json::from_str(&record).unwrap();
    let timeline = json["timeline"].as_array().unwrap();
    let begun = timeline
        .iter()
        .find(|it| it["fact"]["k"] == "attempt_begun");
    begun.unwrap()["fact"]["address"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stands_by_in_a_calendar_is_paged() {
    let mut siaga = prepare("");
    siaga.start().await;
    let file = siaga.folder.path().join("piket.ics");
    let file = file.to_str().unwrap();
    let import = |more: &[&str]| {
        let mut words = vec![
            "roster",
            "import",
            "GUBERNUR.piket",
            file,
            "--reason",
            "jadwal",
            "--yes",
        ];
        words.extend(more);
        siaga.run_for_code(&words)
    };
    std::fs::write(file, calendar("SUMMARY:sari  contohwati", 4)).unwrap();
    let (told, code) = import(&["--dry-run"]);
    assert!(code == 0 && told.contains("1 of them new"), "{told}");
    assert!(
        told_at(&siaga, "LGWP83001").await.ends_with("001"),
        "nothing is done yet"
    );
    let (told, code) = import(&[]);
    assert!(code == 0 && told.contains("is in force"), "{told}");
    let to_sari = eventually_asked("Sari to stand by", PATIENCE, || async {
        let (told, _) = siaga.run_for_code(&["roster", "show", "GUBERNUR.piket"]);
        told.lines()
            .next()?
            .contains("Sari Contohwati  (pengganti)")
            .then_some(())
    });
    to_sari.await;
    assert!(
        told_at(&siaga, "LGWP83002").await.ends_with("002"),
        "who stands by"
    );
    let (told, code) = import(&[]);
    assert!(code == 0 && told.contains("0 of them new"), "{told}");

    // By who is invited; by what is said of all. Then what cannot be used, with its line.
    for (text, words, part, expected) in [
        (
            calendar(
                "SUMMARY:Piket\r\nATTENDEE;CN=S:mailto:SARI@example.go.id",
                4,
            ),
            vec![],
            "0 of them new",
            0,
        ),
        (
            calendar("SUMMARY:Piket", 4),
            vec!["--person", "sari"],
            "0 of them new",
            0,
        ),
        (
            calendar("SUMMARY:Piket", 4),
            vec![],
            "piket.ics: line 4: SUMMARY = \"Piket\": it is not clear whose",
            2,
        ),
        (
            calendar("SUMMARY:sari\r\nRRULE:FREQ=MONTHLY", 4),
            vec![],
            "line 6: RRULE FREQ = \"MONTHLY\"",
            2,
        ),
        (calendar("SUMMARY:kori", 4), vec![], "overlaps", 2),
        (
            calendar("SUMMARY:kori", 4),
            vec!["--times-are", "leave"],
            "takes no turns here",
            2,
        ),
        (
            calendar("SUMMARY:kori", 4),
            vec!["--person", "koro"],
            "did you mean kori?",
            2,
        ),
    ] {
        std::fs::write(file, text).unwrap();
        let (told, code) = import(&words);
        assert!(
            code == expected && told.contains(part),
            "{words:?}: {code}: {told}"
        );
    }
    std::fs::write(file, calendar("SUMMARY:budi", 300)).unwrap();
    let (told, code) = import(&["--times-are", "leave"]);
    assert!(code == 0 && told.contains("is in force"), "{told}");
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_subscribes_to_their_own_duties_until_the_address_is_revoked() {
    let mut siaga = prepare("");
    siaga.start().await;
    let (address, code) = siaga.run_for_code(&["roster", "address", "budi"]);
    assert_eq!(code, 0, "{address}");
    let path = address[address.find("/calendar/").expect("an address")..]
        .trim()
        .to_owned();
    let (status, text) = siaga.get(&path).await;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("SUMMARY:Siaga: "), "{text}");
    assert!(!text.contains("Sari") && !text.contains("0811"), "{text}");

    // Another program reads it, and so do we.
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/target/test-venv/bin/python");
    let file = siaga.folder.path().join("budi.ics");
    std::fs::write(&file, &text).unwrap();
    let script = "import sys, icalendar\n\
        it = icalendar.Calendar.from_ical(open(sys.argv[1], 'rb').read())\n\
        print(it.walk('VEVENT')[0]['SUMMARY'])\n\
        for e in it.walk('VEVENT'): print(int(e['DTSTART'].dt.timestamp()), int(e['DTEND'].dt.timestamp()))\n";
    let read = Command::new(python)
        .args(["-c", script])
        .arg(&file)
        .output()
        .unwrap();
    let read_by_it = String::from_utf8_lossy(&read.stdout).into_owned();
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    let (shown, _) = siaga.run_for_code(&[
        "roster",
        "show",
        "GUBERNUR.piket",
        "--days",
        "180",
        "--json",
    ]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let last = shown["shifts"].as_array().unwrap().last().unwrap();
    let began: Timestamp = last["from"].as_str().unwrap().parse().unwrap();
    let mut lines = read_by_it.lines();
    let summary = lines.next().unwrap_or_default();
    assert!(text.contains(&format!("SUMMARY:{summary}")), "{read_by_it}");
    // He alone takes turns, so all of it is one duty, which had begun before we look.
    let first = lines
        .next()
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse::<i64>()
        .unwrap();
    assert!(first < began.as_second(), "{read_by_it}");

    let (status, _) = siaga.get(&path.replace("budi~", "sari~")).await;
    assert_eq!(status, 404);
    let (told, code) = siaga.run_for_code(&["roster", "revoke", "budi"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(siaga.get(&path).await.0, 404, "the old one");
    let new = told[told.find("/calendar/").expect("an address")..]
        .trim()
        .to_owned();
    assert_eq!(siaga.get(&new).await.0, 200, "the new one");
    let (told, code) = siaga.run_for_code(&["roster", "address", "nobody"]);
    assert!(
        code == 2 && told.contains("there is no such person"),
        "{told}"
    );
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calendars_at_addresses_are_asked_and_one_that_fails_changes_nothing() {
    let good = Arc::new(calendar("X-SIAGA-RESPONDER:kori", 4));
    let routes = Router::new()
        .route(
            "/piket.ics",
            get(move || async move { good.as_str().to_owned() }),
        )
        .route(
            "/away.ics",
            get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "") }),
        )
        .route(
            "/endless.ics",
            get(|| async { "BEGIN:VCALENDAR\n".repeat(100_000) }),
        )
        .route(
            "/unclear.ics",
            get(|| async { calendar("SUMMARY:rapat", 4) }),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    let subscription = |name: &str, path: &str| {
        format!(
            "[[subscriptions]]\nname = \"{name}\"\nurl = \"{base}/{path}.ics\"\npost = \"GUBERNUR.piket\"\n"
        )
    };
    let mut siaga = prepare(&format!(
        "{}{}{}{}",
        subscription("piket", "piket"),
        subscription("away", "away"),
        subscription("endless", "endless"),
        subscription("unclear", "unclear"),
    ));
    siaga.start().await;
    eventually_asked("Kori to stand by", PATIENCE, || async {
        let (told, _) = siaga.run_for_code(&["roster", "show", "GUBERNUR.piket"]);
        told.lines()
            .next()?
            .contains("Kori Contoh  (pengganti)")
            .then_some(())
    })
    .await;
    eventually_asked("each to be asked", PATIENCE, || async {
        let metrics = siaga.get("/metrics").await.1;
        let said = |name: &str, value: u8| {
            metrics.contains(&format!(
                "siaga_calendar_unread{{calendar=\"{name}\"}} {value}"
            ))
        };
        (said("piket", 0) && said("away", 1) && said("endless", 1) && said("unclear", 1))
            .then_some(())
    })
    .await;
    assert!(
        told_at(&siaga, "LGWP83009").await.ends_with("003"),
        "who stands by"
    );
    let (history, _) = siaga.run_for_code(&["history"]);
    assert!(
        history.contains("calendar:piket: kalender piket"),
        "{history}"
    );
    assert_eq!(history.matches("calendar:piket").count(), 1, "{history}");
    let log = siaga.log();
    for part in [
        "it answers 500",
        "more than 1048576 bytes",
        "it is not clear whose time this is",
    ] {
        assert!(log.contains(part), "{part} is not in {log}");
    }
    assert!(!log.contains(&base), "the address is a secret");
    let (export, code) = siaga.run_for_code(&["ledger", "export"]);
    assert_eq!(code, 0, "{export}");
    assert_eq!(export.matches("\"calendar_unread\"").count(), 3, "{export}");
    server.abort();
    siaga.stop().await;
}
