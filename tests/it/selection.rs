//! Which policy a complaint gets, with the real program: by the rules of the files, told before and the
//! same when it comes.

use std::fs;

use siaga::clock::{Clock as _, SystemClock};

use crate::support::siaga::{Settings, Siaga};

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
[holders]
"DISHUB.kepala" = "budi"
"DINKES.kepala" = "budi"
"#;

const SANDBOX: &str = "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n";

/// A folder of settings whose policies are the shipped one and these: name and rules.
fn prepare(policies: &[(&str, &str)]) -> Siaga {
    let siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: SANDBOX,
        people: PEOPLE,
        ..Settings::default()
    });
    let folder = siaga.folder.path().join("policies");
    let shipped = fs::read_to_string(folder.join("baku.toml")).unwrap();
    for (name, rules) in policies {
        let own = shipped.replace("id = \"baku\"", &format!("id = \"{name}\""));
        assert_ne!(own, shipped);
        fs::write(
            folder.join(format!("{name}.toml")),
            format!("{own}\n{rules}"),
        )
        .unwrap();
    }
    siaga
}

const URGENT: &str = "[[applies]]\norder = 10\nurgencies = [\"Darurat\"]\n";
const HEALTH: &str =
    "[[applies]]\norder = 20\nunits = [\"DINKES\"]\ncategories = [\"Kesehatan\"]\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_gets_the_policy_that_was_foretold_and_keeps_it() {
    let mut siaga = prepare(&[("darurat", URGENT), ("sehat", HEALTH)]);
    let (told, usable) = siaga.run(&["check"]);
    assert!(usable && !told.contains("applies"), "{told}");
    let (told, _) = siaga.run(&["policies", "list"]);
    let at = |part: &str| {
        told.find(part)
            .unwrap_or_else(|| panic!("{part:?} is not in\n{told}"))
    };
    assert!(at("10  darurat applies[0]  urgencies: Darurat") < at("20  sehat applies[0]"));
    assert!(at("20  sehat applies[0]") < at("-  baku  when no rule fits"));
    siaga.start().await;
    for (nth, (words, policy, parts)) in [
        (
            &[
                "--unit",
                "DINKES",
                "--category",
                "kesehatan",
                "--urgency",
                "DARURAT",
            ][..],
            "darurat",
            &[
                "darurat, by its rule applies[0]",
                "fits and is asked first",
                "fits too, but is asked later",
            ][..],
        ),
        (
            &["--unit", "DINKES", "--category", "Kesehatan"],
            "sehat",
            &[
                "sehat, by its rule applies[0]",
                "urgencies does not name what it has (nothing there)",
            ],
        ),
        (
            &["--unit", "DISHUB", "--category", "Kesehatan"],
            "baku",
            &[
                "baku, the default",
                "units does not name what it has (dishub)",
            ],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let (told, code) = siaga.run_for_code(&[&["policies", "explain"], words].concat());
        assert_eq!(code, 0, "{told}");
        for part in parts {
            assert!(told.contains(part), "{part:?} is not in\n{told}");
        }
        let (json, _) = siaga.run(&[&["policies", "explain", "--json"], words].concat());
        let json: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
        assert_eq!(json["policy"], policy);
        // The same complaint handed in.
        let id = format!("S{nth}");
        let mut record = serde_json::json!({ "id": id, "received_at": SystemClock.now() });
        for pair in words.chunks(2) {
            record[pair[0].trim_start_matches('-')] = pair[1].into();
        }
        let (status, text) = siaga
            .post("/api/v1/complaints", "application/json", record.to_string())
            .await;
        assert_eq!(status, 201, "{text}");
        let named = format!("\"policy\":{{\"id\":\"{policy}\",\"version\":1}}");
        siaga.wait_for_timeline(&id, &named).await;
    }
    // Another unit's now: that unit alone would have got the default, but what was begun is kept.
    let (status, text) = siaga
        .post(
            "/api/v1/complaints/S1/reassign",
            "application/json",
            r#"{"unit":"DISHUB"}"#.to_owned(),
        )
        .await;
    assert_eq!(status, 200, "{text}");
    siaga.wait_for_timeline("S1", "\"k\":\"reassigned\"").await;
    let (told, _) = siaga.run(&["show", "S1"]);
    assert!(told.contains("Kebijakan: sehat@1"), "{told}");
    siaga.stop().await;
}

#[test]
fn rules_that_leave_it_to_chance_are_refused_with_file_and_line() {
    let tie = "[[applies]]\norder = 10\ncategories = [\"Kesehatan\"]\n";
    let siaga = prepare(&[("darurat", URGENT), ("sehat", tie)]);
    let (told, usable) = siaga.run(&["check"]);
    assert!(!usable, "{told}");
    for part in [
        "sehat.toml",
        "policy sehat: applies[0].order",
        "10",
        "a complaint may fit applies[0] of policy darurat too",
        "give one of them another order",
    ] {
        assert!(told.contains(part), "{part:?} is not in\n{told}");
    }
    let misspelt = "[[applies]]\norder = 10\nunit = [\"DINKES\"]\n";
    let siaga = prepare(&[("sehat", misspelt)]);
    let (told, usable) = siaga.run(&["check"]);
    assert!(!usable && told.contains("applies[0].unit"), "{told}");
    assert!(told.contains("units"), "{told}");
    // What every complaint gets that no rule takes must be there.
    let mut siaga = prepare(&[("sehat", HEALTH)]);
    siaga.set("data.default_policy", "bakuu");
    let (told, usable) = siaga.run(&["check"]);
    assert!(!usable && told.contains("data.default_policy"), "{told}");
}
