//! An administrator's own templates in the real program: what would be dropped is told before, and
//! what fails all the same keeps no page back.

use serde_json::json;
use siaga::{
    clock::{Clock, SystemClock},
    domain::fact::{Alarm, Fact, What},
    store::Store,
};

use crate::support::{
    fake_twilio::{self, ACCOUNT_SID, AUTH_TOKEN, NUMBER},
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually_asked},
};

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
[holders]
"DISHUB.kepala" = "budi"
"#;

/// Sound with every sample, and with nothing that is about bridges.
const FAILS: &str = "SIAGA {{ ticket }}: balas {{ answer }}\
                     {% if category == 'Jembatan' %} di {{ bridge.name }}{% endif %}";

/// The templates that were alarmed, and why.
async fn alarmed(siaga: &Siaga) -> Vec<(String, String)> {
    let store = Store::connect(&siaga.redis(), "siaga", 1).await.unwrap();
    let mut told = Vec::new();
    for shard in store.keys().all_shards() {
        for stored in store.read_ledger(shard, 1).await.unwrap() {
            let fact: Fact = serde_json::from_slice(&stored.fact).unwrap();
            if let What::Alarm {
                alarm: Alarm::TemplateFailed { template, why },
            } = fact.what
            {
                told.push((template, why));
            }
        }
    }
    told
}

fn gateway(base_url: &str, more: &str) -> String {
    format!(
        "[[gateways]]\nname = \"seluler\"\ntype = \"twilio\"\ntransport = \"sms\"\nbase_url = \
         \"{base_url}\"\naccount_sid = \"{ACCOUNT_SID}\"\nauth_token = \"{AUTH_TOKEN}\"\nfrom = \
         \"{NUMBER}\"\n{more}\n"
    )
}

fn prepared(base_url: &str, more: &str, template: &str) -> (Siaga, tempfile::TempDir) {
    let templates = tempfile::tempdir().unwrap();
    std::fs::create_dir(templates.path().join("sms")).unwrap();
    std::fs::write(templates.path().join("sms/alert.id.txt"), template).unwrap();
    let mut siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        inbound: "",
        more: &gateway(base_url, more),
        people: PEOPLE,
        policy: None,
    });
    siaga.set("data.templates", templates.path().to_str().unwrap());
    (siaga, templates)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_fails_when_a_page_leaves_is_alarmed_once_and_the_page_arrives() {
    let twilio = fake_twilio::start().await;
    let (mut siaga, _templates) = prepared(&twilio.base_url, "", FAILS);
    let (checked, usable) = siaga.run(&["check"]);
    assert!(usable, "{checked}");
    siaga.start().await;
    let hour = || SystemClock.now().as_second() / 3600;
    let began = hour();
    for (id, category) in [
        ("LGWP1", "Jembatan"),
        ("LGWP2", "Jalan"),
        ("LGWP3", "Jembatan"),
    ] {
        let received = SystemClock.now() - jiff::SignedDuration::from_mins(24 * 60 + 1);
        let complaint = json!({
            "id": id, "received_at": received.to_string(), "unit": "DISHUB", "category": category,
        });
        let (status, text) = siaga
            .post(
                "/api/v1/complaints",
                "application/json",
                complaint.to_string(),
            )
            .await;
        assert_eq!(status, 201, "{text}");
        // One after the other, so that which is which is known.
        let count = id[4..].parse().unwrap();
        twilio.wait_for_messages("+6281100000001", count).await;
    }
    let arrived = twilio.wait_for_messages("+6281100000001", 3).await;
    let text = |place: usize| arrived[place].1["Body"].clone();
    assert!(text(1).starts_with("SIAGA LGWP2: balas OK "), "{}", text(1));
    for place in [0, 2] {
        let text = text(place);
        // In the shipped words.
        assert!(text.starts_with("SIAGA: Yth. Ka DISHUB"), "{text}");
        assert!(text.contains(&format!("LGWP{}", place + 1)), "{text}");
    }
    siaga.wait_until_handed_over().await;
    let told = eventually_asked("the alarm", PATIENCE, async || {
        let told = alarmed(&siaga).await;
        (!told.is_empty()).then_some(told)
    })
    .await;
    assert!(told.len() == 1 || hour() != began, "{told:?}");
    let (template, why) = &told[0];
    assert_eq!(template, "sms/alert.id.txt");
    assert!(why.contains("undefined"), "{why}");
    assert_eq!(twilio.violations(), Vec::<String>::new());
    siaga.stop().await;
}

#[test]
fn the_check_tells_what_a_gateway_would_drop() {
    let sound = "SIAGA {{ ticket }}: balas {{ answer }}";
    let nowhere = "http://127.0.0.1:1";
    let (siaga, _templates) = prepared(nowhere, "", sound);
    let (checked, usable) = siaga.run(&["check"]);
    assert!(usable, "{checked}");
    let drops = "drops = { words = [\"aduan\", \"dinas\"] }";
    let (siaga, _templates) = prepared(nowhere, drops, sound);
    let (checked, usable) = siaga.run(&["check"]);
    assert!(!usable, "{checked}");
    let of = |file: &str| checked.lines().filter(|line| line.contains(file)).count();
    // The shipped reply is lost there; the administrator's own page is not.
    assert!(of("template sms/reply.id.txt") > 0, "{checked}");
    assert_eq!(of("template sms/alert.id.txt"), 0, "{checked}");
    for part in [
        "gateway seluler would drop it",
        "blocked word (aduan)",
        "say it in another word",
    ] {
        assert!(checked.contains(part), "{part} in {checked}");
    }
}
