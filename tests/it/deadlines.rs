//! Why a deadline is what it is, asked of the real program; and what is told when days off run out.

use std::fs;

use crate::support::siaga::{Settings, Siaga};

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
[holders]
"DISHUB.kepala" = "budi"
"#;

const SANDBOX: &str = "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n";

/// A folder of settings whose policy runs for three working days.
fn prepare() -> Siaga {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/policies/baku.toml");
    let shipped = fs::read_to_string(path).unwrap();
    let working = "length = \"72h\", calendar = \"kerja\"";
    let policy = shipped.replace("length = \"24h\", calendar = \"kalender\"", working);
    assert!(policy.contains(working));
    let siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: SANDBOX,
        people: PEOPLE,
        policy: Some(&policy),
        ..Settings::default()
    });
    siaga
}

#[test]
fn a_deadline_that_might_come_is_told_with_its_reason() {
    let siaga = prepare();
    let ask = |more: &[&str]| {
        let call = ["deadline", "--received", "2026-12-23T16:20+07:00"];
        siaga.run_for_code(&[&call[..], more].concat())
    };
    let (told, code) = ask(&["--unit", "dishub"]);
    assert_eq!(code, 0, "{told}");
    for part in [
        "Rabu 30 Des 2026 16.20 WIB\n",
        "3 hari kerja sejak Rabu 23 Des 2026 16.20 WIB, tanpa 24 dan 25 Desember\n",
        "3 working days since Wednesday 23 Dec 2026 16.20 WIB, without 24 and 25 December\n",
        "30 Des 2026 16.20 WIB  DISHUB.kepala",
    ] {
        assert!(told.contains(part), "{part:?} is not in\n{told}");
    }
    let (told, code) = ask(&["--json"]);
    assert_eq!(code, 0, "{told}");
    let json: serde_json::Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!(json["deadline"], "2026-12-30T09:20:00Z");
    assert_eq!(json["calendar"], "kerja");
    // What is wrong with the call is told with what to write.
    for (more, parts) in [
        (&["--policy", "bakuu"][..], "did you mean baku?"),
        (&["--unit", "DINAS ENTAH"][..], "there is no such unit"),
    ] {
        let (told, code) = ask(more);
        assert!(code == 2 && told.contains(parts), "{code} {told}");
    }
    let (told, code) = siaga.run_for_code(&["deadline", "--received", "2026-12-23T16:20"]);
    assert!(
        code == 2 && told.contains("not a time with an offset"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaints_deadline_is_explained_and_the_end_of_known_days_off_is_told() {
    let mut siaga = prepare();
    let folder = siaga.folder.path().join("holidays");
    let year = |year: i32| {
        let text = format!(
            "year = {year}\ndecree = \"SKB\"\n[[holidays]]\ndate = \"{year}-01-01\"\nname = \"Tahun Baru\"\n"
        );
        fs::write(folder.join(format!("nasional/{year}.toml")), text).unwrap();
    };
    fs::create_dir_all(folder.join("nasional")).unwrap();
    // A year that has long ended, so that this test does not wait for the end of one.
    year(2019);
    siaga.set("data.holidays", &folder.display().to_string());
    let (told, code) = siaga.run_for_code(&["check"]);
    assert_eq!(code, 0, "{told}");
    for part in [
        "warning: data: calendar kerja: holidays",
        "known until 2019-12-31",
        "2020.toml",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    // A gap is no warning.
    year(2021);
    let (told, code) = siaga.run_for_code(&["check"]);
    assert!(code == 2 && told.contains("none of 2020"), "{code} {told}");
    fs::remove_file(folder.join("nasional/2021.toml")).unwrap();

    siaga.start().await;
    let (_, ready) = siaga.get("/readyz").await;
    assert!(
        ready.contains("calendar kerja: days off are known until 2019-12-31"),
        "{ready}"
    );
    let (_, metrics) = siaga.get("/metrics").await;
    let end = "siaga_holidays_known_until_timestamp_seconds{calendar=\"kerja\"} 1577811600";
    assert!(metrics.contains(end), "{metrics}");
    siaga.received("A1", 5).await;
    let (_, told) = siaga.get("/api/v1/complaints/A1").await;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let why = told["deadline_explained"]["en"].as_str().unwrap();
    assert!(why.starts_with("3 working days since "), "{why}");
    let (shown, _) = siaga.run(&["show", "A1"]);
    assert!(
        shown.contains("Tenggat: ") && shown.contains("3 hari kerja sejak "),
        "{shown}"
    );
    // While the reporter is waited for it stands still, and says for what.
    let waits = r#"{"status": "menunggu kelengkapan informasi"}"#.to_owned();
    let path = "/api/v1/complaints/A1/progress";
    let (code, answer) = siaga.post(path, "application/json", waits).await;
    assert_eq!(code, 200, "{answer}");
    let (shown, _) = siaga.run(&["show", "A1"]);
    assert!(
        shown.contains(" sudah berjalan; berhenti sejak "),
        "{shown}"
    );
    assert!(
        shown.contains(": menunggu kelengkapan informasi\n"),
        "{shown}"
    );
    siaga.stop().await;
}
