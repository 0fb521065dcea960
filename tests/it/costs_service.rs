//! The real program and a ceiling of its costs: what it says, and what a restart remembers.

use siaga::{
    domain::fact::{Alarm, Fact, What},
    store::Store,
};

use crate::support::{
    gateway::{Gateway, Request},
    siaga::{Settings, Siaga},
    wait::PATIENCE,
};

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
email = "budi@contoh.test"
[[people]]
id = "kori"
name = "Kori Contohwan"
sms = "0811-0000-0009"
[holders]
"DISHUB.kepala" = "budi"
"KOORDINATOR.penghubung" = "kori"
"#;

const POLICY: &str = r#"
id = "baku"
clock = { length = "24h", calendar = "kalender" }
warnings = [{ at_percent = 50, to = ["kepala"] }]
steps = [{ after = "0s", to = ["kepala"] }]
repeat = { every = "48h" }
hold = "2h"
on_refusal = ["koordinator:penghubung"]
[delivery]
patience = "5m"
retries = ["5s"]
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

fn about(complaint: &str) -> impl Fn(&Request) -> bool {
    move |request| request.reference().starts_with(&format!("{complaint}:"))
}

/// The percentages that were alarmed.
async fn alarmed(siaga: &Siaga) -> Vec<u8> {
    let store = Store::connect(&siaga.redis(), "siaga", 1).await.unwrap();
    let mut told = Vec::new();
    for shard in store.keys().all_shards() {
        for stored in store.read_ledger(shard, 1).await.unwrap() {
            let fact: Fact = serde_json::from_slice(&stored.fact).unwrap();
            if let What::Alarm {
                alarm: Alarm::CostCeiling { percent, .. },
            } = fact.what
            {
                told.push(percent);
            }
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ceiling_is_told_of_and_outlives_the_process() {
    let gateway = Gateway::start();
    let mut siaga = Siaga::prepare();
    // The month, so that a midnight during the test changes nothing.
    let more = format!(
        r#"
[costs]
per_month = 1050
[[gateways]]
name = "sms"
type = "http"
transport = "sms"
method = "POST"
url = "{}"
price = 350
[gateways.body]
kind = "form"
[gateways.body.fields]
reference = "{{{{ reference }}}}"
to = "{{{{ to }}}}"
text = "{{{{ text }}}}"
[[gateways]]
name = "mail"
type = "sandbox"
transport = "email"
"#,
        gateway.url()
    );
    siaga.write_settings(&Settings {
        more: &more,
        people: PEOPLE,
        policy: Some(POLICY),
        ..Settings::default()
    });
    let (checked, usable) = siaga.run(&["check"]);
    assert!(usable, "{checked}");
    siaga.start().await;
    let (_, ready) = siaga.get("/readyz").await;
    assert!(!ready.contains("degraded_by_costs"), "{ready}");
    for complaint in ["A1", "A2", "A3", "A4"] {
        siaga.overdue(complaint).await;
        let sent = "\"cost\":350";
        siaga.wait_for_timeline(complaint, sent).await;
    }
    assert_eq!(gateway.requests().len(), 4, "one above the ceiling");
    let said = "1400 of 1050 are spent since";
    let (status, ready) = siaga.get("/readyz").await;
    assert!(status == 200 && ready.contains(said), "{ready}");
    let (_, metrics) = siaga.get("/metrics").await;
    assert!(
        metrics.contains("siaga_cost_total{gateway=\"sms\"} 1400"),
        "{metrics}"
    );

    siaga.kill9();
    siaga.start().await;
    let (_, ready) = siaga.get("/readyz").await;
    assert!(ready.contains(said), "{ready}");
    // Half of its time is over.
    siaga.received("NEAR", 13 * 60).await;
    let told = siaga
        .wait_for_timeline("NEAR", "\"k\":\"attempt_sent\"")
        .await;
    assert!(
        told.contains("\"k\":\"spared\"") && told.contains("\"gateway\":\"mail\""),
        "{told}"
    );
    siaga.overdue("A5").await;
    gateway
        .wait_for_request("the miss", about("A5"), PATIENCE)
        .await;
    assert!(!gateway.requests().iter().any(about("NEAR")));
    // 33 % and 67 % are no thresholds; the third reached all of it, and no restart says so again.
    assert_eq!(alarmed(&siaga).await, [100]);
    siaga.stop().await;
}
