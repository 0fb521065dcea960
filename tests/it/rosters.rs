//! Desks with rosters by the real program: who is on duty, who stands by, who is paged, and gaps ahead.

use jiff::SignedDuration;
use siaga::clock::{Clock as _, SystemClock};

use crate::support::siaga::{Settings, Siaga};

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

fn in_hours(hours: i64) -> String {
    (SystemClock.now() + SignedDuration::from_hours(hours)).to_string()
}

/// Two take weekly turns since an hour; from the fifth day on both are on leave for two.
fn people() -> String {
    let leave = |who: &str| {
        let (from, until) = (in_hours(5 * 24), in_hours(7 * 24));
        format!("{{ member = \"{who}\", from = \"{from}\", until = \"{until}\" }}")
    };
    let person = |id: &str, number: u32| {
        format!(
            "[[people]]\nid = \"{id}\"\nname = \"{id} Contohwan\"\nsms = \"0811-0000-000{number}\"\n"
        )
    };
    format!(
        "{}{}{}[[rosters]]\npost = \"GUBERNUR.piket\"\nmembers = [\"budi\", \"sari\"]\nrotation = \"weekly\"\n\
         begins = \"{}\"\nleave = [{}, {}]\n",
        person("budi", 1),
        person("sari", 2),
        person("kori", 3),
        in_hours(-1),
        leave("budi"),
        leave("sari"),
    )
}

async fn start() -> Siaga {
    let mut siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n",
        people: &people(),
        policy: Some(POLICY),
        ..Settings::default()
    });
    siaga.start().await;
    siaga
}

/// Hands in an overdue complaint; gives the number it is told at.
async fn told_at(siaga: &Siaga, id: &str) -> String {
    siaga.overdue(id).await;
    let record = siaga.wait_for_timeline(id, "\"attempt_sent\"").await;
    let json: serde_json::Value = serde_json::from_str(&record).unwrap();
    let timeline = json["timeline"].as_array().unwrap().clone();
    let begun = timeline
        .iter()
        .find(|entry| entry["fact"]["k"] == "attempt_begun")
        .unwrap();
    begun["fact"]["address"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_is_paged_while_it_lasts_and_gaps_are_told_weeks_before() {
    let mut siaga = start().await;
    let (told, holds) = siaga.run(&["check"]);
    assert!(holds, "{told}");
    assert!(
        told.contains("warning: rosters: GUBERNUR.piket: nobody is on duty from"),
        "{told}"
    );
    assert!(
        told_at(&siaga, "LGWP82001").await.ends_with("001"),
        "whose turn it is"
    );
    let (until, reason) = (in_hours(4), "Budi di pesawat");
    let add = [
        "override",
        "add",
        "GUBERNUR.piket",
        "kori",
        "--until",
        &until,
        "--reason",
        reason,
        "--yes",
    ];
    let (told, code) = siaga.run_for_code(&add);
    assert!(code == 0 && told.contains("is in force"), "{told}");
    assert!(
        told_at(&siaga, "LGWP82002").await.ends_with("003"),
        "who stands by"
    );
    let (told, code) = siaga.run_for_code(&["roster", "show", "GUBERNUR.piket", "--days", "30"]);
    assert_eq!(code, 0, "{told}");
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].contains("kori Contohwan  (pengganti)"), "{told}");
    assert!(
        lines[1].contains("budi Contohwan") && !lines[1].contains('('),
        "{told}"
    );
    assert!(lines[2].ends_with("KOSONG"), "{told}");
    assert!(
        lines.iter().any(|line| line.contains("sari Contohwan")),
        "{told}"
    );
    // Who ordered it and why are in the history.
    let (told, _) = siaga.run_for_code(&["history"]);
    assert!(told.contains(reason), "{told}");
    // Another one at the same time is refused with the field, and nothing changes.
    let again = [
        "override",
        "add",
        "GUBERNUR.piket",
        "sari",
        "--until",
        &until,
        "--reason",
        "x",
        "--yes",
    ];
    let (told, code) = siaga.run_for_code(&again);
    assert!(code != 0 && told.contains("overlaps"), "{told}");
    let end = [
        "override",
        "end",
        "GUBERNUR.piket",
        "kori",
        "--reason",
        "sudah mendarat",
        "--yes",
    ];
    let (told, code) = siaga.run_for_code(&end);
    assert_eq!(code, 0, "{told}");
    assert!(
        told_at(&siaga, "LGWP82003").await.ends_with("001"),
        "the turn goes on"
    );
    for (call, part) in [
        (
            &["roster", "show", "GUBERNUR.pikett"][..],
            "did you mean GUBERNUR.piket?",
        ),
        (
            &[
                "override",
                "add",
                "GUBERNUR.piket",
                "korii",
                "--until",
                &until,
                "--reason",
                "x",
            ],
            "did you mean kori?",
        ),
        (
            &["override", "end", "GUBERNUR.piket", "kori", "--reason", "x"],
            "stands by for nobody",
        ),
        (
            &[
                "override",
                "add",
                "GUBERNUR.piket",
                "kori",
                "--until",
                "besok",
                "--reason",
                "x",
            ],
            "with an offset",
        ),
    ] {
        let (told, code) = siaga.run_for_code(call);
        assert!(code == 2 && told.contains(part), "{call:?}: {code} {told}");
    }
    let (told, code) = siaga.run_for_code(&["roster", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!(
        (code, &listed["desks"][0]["now"]["responder"]),
        (0, &serde_json::json!("budi")),
        "{told}"
    );
    assert!(listed["desks"][0]["gap"].is_object(), "{told}");
    // The service itself has looked, and the operators were told once.
    let (told, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{told}");
    let (_, metrics) = siaga.get("/metrics").await;
    assert!(metrics.contains("siaga_desk_gaps 1"), "{metrics}");
    siaga.stop().await;
}
