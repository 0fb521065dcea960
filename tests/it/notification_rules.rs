//! Who is reached by which method: a person's rules as they are written into a file, and what arrives
//! on which telephone at which hour.

use siaga::{
    config::seed::Sources,
    domain::delivery::Transport,
    domain::{delivery::FailureKind, directory::Directory, fact::What, id::ResponderId},
};

use crate::support::town::{POLICY, Town, directory, hours, minutes, world_of};

/// The rules of one person of the files.
fn read(rules: &str) -> (Directory, Vec<String>) {
    let text = format!(
        "[[people]]\nid = \"budi\"\nname = \"Budi\"\nsms = \"0811-000-0001\"\nwhatsapp = \"0811-000-0001\"\n\
         email = \"budi@contoh.test\"\nmethods = [{{ id = \"rumah\", transport = \"sms\", address = \"024-8311174\" }}]\n{rules}"
    );
    let mut faults = Vec::new();
    let sources = Sources {
        directory: vec![("people.toml".to_owned(), text)],
        ..Sources::default()
    };
    let seeds = sources.parse(&mut faults);
    let faults = faults.iter().map(ToString::to_string).collect();
    (seeds.book.directory, faults)
}

const RULES: &str = r#"
[[people.rules]]
when = { urgency = "miss", hours = "05:00-09:00" }
by = [
  { method = "whatsapp" },
  { method = "sms", after = "2m" },
  { method = "email", after = "1m" },
]
[[people.rules]]
when = { urgency = "warning" }
by = [{ method = "email" }]
"#;

#[tokio::test]
async fn a_person_is_reached_as_their_rules_say() {
    let (read, faults) = read(RULES);
    assert_eq!(faults, [""; 0]);
    let budi = ResponderId::parse("budi").unwrap();
    let rules = read.responders[&budi].rules.clone();
    assert_eq!(rules.len(), 2);
    let town = Town::start().await;
    let mut people = directory();
    people.responders.get_mut(&budi).unwrap().rules = rules;
    town.worlds.set(world_of(POLICY, people));
    // Received at 07.00 WIB, so the miss is at 07.00 too, and the warning at 01.00.
    town.complaint("LGWP1").await;
    town.pass(hours(18)).await;
    let told = town.told();
    assert!(
        told.contains(&"budi email".to_owned()),
        "a warning: {told:?}"
    );
    assert!(!told.contains(&"budi sms".to_owned()), "{told:?}");
    town.pass(hours(6) - minutes(1)).await;
    town.arrived();
    town.pass(minutes(1)).await;
    assert_eq!(town.told(), ["budi whatsapp", "pono sms"]);
    town.pass(minutes(2)).await;
    assert_eq!(
        town.told(),
        ["budi sms"],
        "two minutes without a sign of life"
    );
    town.pass(minutes(1)).await;
    assert_eq!(town.told(), ["budi email"], "and one more");
    town.end().await;
}

#[tokio::test]
async fn a_failed_way_is_left_at_once_and_a_rule_never_silences() {
    let town = Town::start().await;
    let budi = ResponderId::parse("budi").unwrap();
    let mut people = directory();
    people.responders.get_mut(&budi).unwrap().rules = read(RULES).0.responders[&budi].rules.clone();
    town.worlds.set(world_of(POLICY, people));
    town.fail(Transport::Whatsapp, Some(FailureKind::Permanent));
    town.complaint("LGWP1").await;
    town.pass(hours(24)).await;
    let sms = |what: &What| {
        matches!(what, What::AttemptBegun { page, method, .. }
        if page.as_str().ends_with(":budi") && method.as_str() == "sms")
    };
    assert_eq!(
        town.count("LGWP1", sms).await,
        1,
        "no wait for what has failed"
    );
    town.end().await;
}

#[test]
fn a_slip_in_a_rule_is_told_with_its_remedy() {
    for (rules, parts) in [
        (
            "[[people.rules]]\nby = [{ method = \"whatsap\" }]",
            [
                "people[0].rules[0].by[0].method = whatsap",
                "did you mean whatsapp?",
            ],
        ),
        (
            "[[people.rules]]\nwhen = { hours = \"22-6\" }\nby = [{ method = \"sms\" }]",
            [
                "people[0].rules[0].when.hours",
                "write two times that differ, as 22:00-06:00",
            ],
        ),
        (
            "[[people.rules]]\nwhen = { urgency = \"mis\" }\nby = [{ method = \"sms\" }]",
            [
                "people[0].rules[0].when.urgency = \"mis\"",
                "did you mean miss?",
            ],
        ),
        (
            "[[people.rules]]\nwhen = { days = [\"sabut\"] }\nby = [{ method = \"sms\" }]",
            [
                "people[0].rules[0].when.days[0] = \"sabut\"",
                "did you mean sabtu?",
            ],
        ),
        (
            "[[people.rules]]\nby = [{ method = \"sms\", after = \"soon\" }]",
            [
                "people[0].rules[0].by[0].after",
                "write it as 30s, 5m or 2h",
            ],
        ),
        (
            "disabled = [\"rumha\"]",
            ["people[0].disabled[0] = rumha", "did you mean rumah?"],
        ),
    ] {
        let (_, faults) = read(rules);
        let text = faults.join("\n");
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    }
}
