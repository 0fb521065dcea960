//! The real program tests its gateway by itself, through a real Kannel.

use siaga::{
    domain::fact::{Alarm, Fact, What},
    store::{Shard, Side, Store},
};

use crate::support::{
    kannel::{self, Kannel},
    siaga::Siaga,
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

/// The telephone of the tests.
const OWN: &str = "+6281100000077";

fn settings(kannel: &Kannel, to: &str, test: &str) -> String {
    format!(
        r#"
[[gateways]]
name = "kannel"
type = "kannel"
address = "{}"
username = "{}"
password = "{}"
from = "{}"
[[self_tests]]
gateway = "kannel"
to = "{to}"
{test}
"#,
        kannel.send_url(),
        kannel::USERNAME,
        kannel::PASSWORD,
        kannel::SERVICE_NUMBER,
    )
}

/// Waits until a page of the service has what is looked for.
async fn wait_for(siaga: &Siaga, path: &str, what: &str, fits: impl Fn(&str) -> bool) -> String {
    eventually_asked(what, 2 * PATIENCE, || async {
        let (_, text) = siaga.get(path).await;
        fits(&text).then_some(text)
    })
    .await
}

/// The metric's value; 0 where it is not there yet.
fn metric(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0.0, |value| value.trim().parse().unwrap())
}

/// The alarms in the ledger of what is about no complaint.
async fn alarms(siaga: &Siaga) -> Vec<Alarm> {
    let store = Store::connect(&siaga.redis(), "siaga", 1).await.unwrap();
    let shard = Shard {
        side: Side::Responders,
        number: 0,
    };
    let stored = store.read_ledger(shard, 1).await.unwrap();
    let facts = stored.iter().map(|stored| &stored.fact);
    let alarms =
        facts.filter_map(
            |fact| match serde_json::from_slice::<Fact>(fact).unwrap().what {
                What::Alarm { alarm } => Some(alarm),
                _ => None,
            },
        );
    alarms.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_takes_all_and_delivers_none_is_found_out_and_its_recovery_too() {
    let mut siaga = Siaga::prepare();
    let mut kannel = Kannel::start(&siaga.base()).await;
    let test = "every = \"5s\"\nexpect = \"receipt\"\nwithin = \"3s\"";
    siaga.write(kannel::SECRET, &settings(&kannel, OWN, test), PEOPLE);
    let (checked, usable) = siaga.run(&["check"]);
    assert!(usable && checked.contains("costs much"), "{checked}");
    siaga.start().await;
    let passed = "siaga_self_tests_total{gateway=\"kannel\",result=\"passed\"}";
    let failed = "siaga_self_tests_total{gateway=\"kannel\",result=\"failed\"}";
    let metrics = wait_for(&siaga, "/metrics", "a test to pass", |text| {
        metric(text, passed) >= 1.0
    })
    .await;
    assert!(
        metrics.contains("siaga_self_test_seconds"),
        "how long it took"
    );
    assert!(metric(&metrics, "siaga_self_test_well{gateway=\"kannel\"}") > 0.5);
    let sms = kannel
        .wait_for_sms(OWN, |sms| sms.text.contains("uji jalur"), PATIENCE)
        .await;
    assert!(sms.text.starts_with("Siaga: "), "{}", sms.text);
    // Kannel goes on taking messages and keeps them.
    kannel.phone.switch_off();
    wait_for(&siaga, "/metrics", "two tests to fail", |text| {
        metric(text, failed) >= 2.0
    })
    .await;
    let (status, ready) = siaga.get("/readyz").await;
    assert_eq!(status, 200, "{ready}");
    assert!(
        ready.contains("the test of gateway kannel fails since")
            && ready.contains("nothing came in time")
            && !ready.contains("gateways_down"),
        "{ready}"
    );
    let failing = |alarms: &[Alarm]| {
        let failing = |alarm: &&Alarm| matches!(alarm, Alarm::SelfTestFailing { .. });
        alarms.iter().filter(failing).count()
    };
    let told = alarms(&siaga).await;
    assert_eq!((failing(&told), told.len()), (1, 1), "{told:?}");
    // The state outlives the process: it is not alarmed anew.
    siaga.kill9_service();
    siaga.start().await;
    wait_for(&siaga, "/metrics", "another test to fail", |text| {
        metric(text, failed) >= 1.0
    })
    .await;
    kannel.phone.switch_on().await;
    wait_for(&siaga, "/readyz", "the test to be well again", |text| {
        !text.contains("self_tests_failing")
    })
    .await;
    let told = alarms(&siaga).await;
    assert_eq!((failing(&told), told.len()), (1, 2), "{told:?}");
    assert!(
        matches!(told[1], Alarm::SelfTestWell { .. }),
        "{:?}",
        told[1]
    );
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_is_no_strangers_message_and_is_awaited_over_a_kill() {
    let mut siaga = Siaga::prepare();
    let kannel = Kannel::start(&siaga.base()).await;
    let test = "every = \"24h\"\nexpect = \"echo\"\nwithin = \"2h\"";
    siaga.write(kannel::SECRET, &settings(&kannel, OWN, test), PEOPLE);
    siaga.start().await;
    let sms = kannel
        .wait_for_sms(OWN, |sms| sms.text.contains("uji jalur"), PATIENCE)
        .await;
    siaga.kill9();
    siaga.start().await;
    // Another message of that telephone is no echo, and nobody's answer.
    kannel.reply(OWN, "OK");
    let heard = "siaga_replies_total{transport=\"sms\",result=\"self_test\"}";
    wait_for(&siaga, "/metrics", "the telephone to be heard", |text| {
        metric(text, heard) >= 1.0
    })
    .await;
    let passed = "siaga_self_tests_total{gateway=\"kannel\",result=\"passed\"}";
    let (_, metrics) = siaga.get("/metrics").await;
    assert!(metric(&metrics, passed) < 0.5, "{metrics}");
    kannel.reply(OWN, &format!("Fwd: {}", sms.text.to_lowercase()));
    let metrics = wait_for(&siaga, "/metrics", "the echo to be taken", |text| {
        metric(text, passed) >= 1.0
    })
    .await;
    assert!(!metrics.contains("result=\"stranger\""), "{metrics}");
    let same = kannel.phone.received();
    let same = same.iter().filter(|other| other.text == sms.text).count();
    assert!(same <= 2, "one for the test, one for the kill: {same}");
    let told = alarms(&siaga).await;
    assert_eq!(told, []);
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_of_somebody_who_is_paged_is_refused() {
    let siaga = Siaga::prepare();
    let kannel = Kannel::start(&siaga.base()).await;
    let test = "every = \"1h\"\nexpect = \"echo\"\nwithin = \"5m\"";
    siaga.write(
        kannel::SECRET,
        &settings(&kannel, "0811-0000-0001", test),
        PEOPLE,
    );
    let (checked, usable) = siaga.run(&["check"]);
    assert!(!usable, "{checked}");
    assert!(
        checked.contains("self_tests[0].to") && checked.contains("the number is budi's"),
        "{checked}"
    );
}
