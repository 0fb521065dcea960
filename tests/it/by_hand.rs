//! What an operator sees of pages that reached nobody, and does about it: at the real program.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use siaga::clock::{Clock, SystemClock};

use crate::support::{
    fake_twilio::{self, ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, Mood, NUMBER},
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually_asked},
};

const OPERATOR: &str = "siaga_operator_key";
const HEAD: &str = "+628110000001";
const SECRETARY: &str = "+628110000002";

const POLICY: &str = r#"
id = "baku"
clock = { length = "24h", calendar = "kalender" }
hold = "2h"
steps = [
  { after = "0s", to = ["kepala"] },
  { after = "1h", to = ["sekretaris"] },
]
repeat = { from_step = 0, every = "24h" }
on_refusal = ["koordinator:penghubung"]
[delivery]
patience = "10m"
retries = ["1s"]
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "+628110000001"
[[people]]
id = "sari"
name = "Sari Contohwan"
sms = "+628110000002"
[holders]
"DISHUB.kepala" = "budi"
"DISHUB.sekretaris" = "sari"
"#;

async fn start() -> (Siaga, FakeTwilio) {
    let twilio = fake_twilio::start().await;
    let mut siaga = Siaga::prepare();
    let more = format!(
        "[[api_keys]]\nname = \"petugas\"\nsha256 = \"{}\"\nscopes = [\"operate\"]\n\
         [[gateways]]\nname = \"seluler\"\ntype = \"twilio\"\ntransport = \"sms\"\n\
         base_url = \"{}\"\naccount_sid = \"{ACCOUNT_SID}\"\nauth_token = \"{AUTH_TOKEN}\"\n\
         from = \"{NUMBER}\"\n",
        hex::encode(Sha256::digest(OPERATOR.as_bytes())),
        twilio.base_url,
    );
    siaga.write_settings(&Settings {
        inbound: "",
        more: &more,
        people: PEOPLE,
        policy: Some(POLICY),
    });
    siaga.start().await;
    (siaga, twilio)
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

/// Whom no way has reached, once there are so many complaints.
async fn undelivered(siaga: &Siaga, count: u64) -> Vec<Value> {
    eventually_asked("the undelivered", PATIENCE, || async {
        let (status, body) = ask(siaga, Method::GET, "undelivered", None, &Value::Null).await;
        assert_eq!(status, 200, "{body}");
        let listed = body["undelivered"].as_array().unwrap().clone();
        (body["complaints"] == json!(count)).then_some(listed)
    })
    .await
}

async fn facts(siaga: &Siaga, id: &str, kind: &str) -> Vec<Value> {
    siaga.wait_until_handed_over().await;
    let (status, text) = siaga.get(&format!("/api/v1/complaints/{id}")).await;
    assert_eq!(status, 200, "{text}");
    let record: Value = serde_json::from_str(&text).unwrap();
    let timeline = record["timeline"].as_array().unwrap().iter();
    let facts = timeline.map(|entry| entry["fact"].clone());
    facts.filter(|fact| fact["k"] == kind).collect()
}

async fn end(mut siaga: Siaga, twilio: &FakeTwilio) {
    assert_eq!(twilio.violations(), Vec::<String>::new());
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_no_way_has_reached_is_seen_and_paged_again() {
    let (siaga, twilio) = start().await;
    // Twilio may not send to this region: for good, and no fault of the number.
    twilio.set_mood(HEAD, Mood::Error(403, 21_408));
    siaga.overdue("LGWP70001").await;
    let listed = undelivered(&siaga, 1).await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["complaint"], json!("LGWP70001"));
    assert_eq!(listed[0]["unit"], json!("DISHUB"));
    assert_eq!(listed[0]["responder"], json!("budi"));
    let tried = listed[0]["tried"].as_array().unwrap();
    assert_eq!(tried.len(), 1, "{tried:?}");
    assert_eq!(tried[0]["transport"], json!("sms"));
    let why = tried[0]["why"].as_str().unwrap();
    assert!(why.contains("at seluler"), "{why}");
    let (said, done) = siaga.run(&["undelivered", "list"]);
    assert!(done, "{said}");
    for part in ["LGWP70001  DISHUB  budi", "seluler", "1 complaints in all"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let (_, metrics) = siaga.get("/metrics").await;
    assert!(metrics.contains("siaga_complaints_unreached 1"));

    // Without a reason nothing is done.
    let words = ["undelivered", "page-again", "LGWP70001", "--reason", " "];
    let (said, done) = siaga.run(&words);
    assert!(!done && said.contains("--reason"), "{said}");
    // By unit, and another unit's are none of it.
    for (unit, done, part) in [
        ("DISHUB", true, "LGWP70001"),
        ("NIHIL", false, "no such unit"),
    ] {
        let (said, went) = siaga.run(&["undelivered", "list", "--unit", unit]);
        assert!(went == done && said.contains(part), "{unit}: {said}");
    }
    let (said, done) = siaga.run(&[
        "undelivered",
        "page-again",
        "LGWP70001:9:budi",
        "--reason",
        "x",
    ]);
    assert!(!done && said.contains("not undelivered"), "{said}");
    twilio.set_well(HEAD);
    let page = listed[0]["page"].as_str().unwrap();
    let (said, done) = siaga.run(&[
        "undelivered",
        "page-again",
        page,
        "--reason",
        "wilayah sudah dibuka",
    ]);
    assert!(done && said.contains("waiting for budi"), "{said}");
    let arrived = twilio.wait_for_messages(HEAD, 2).await;
    assert!(arrived[1].1["Body"].contains("LGWP70001"), "{arrived:?}");
    undelivered(&siaga, 0).await;
    let ordered = facts(&siaga, "LGWP70001", "ordered_by_hand").await;
    assert_eq!(ordered.len(), 1, "{ordered:?}");
    assert_eq!(ordered[0]["reason"], json!("wilayah sudah dibuka"));
    assert_eq!(ordered[0]["order"], json!("page_again"));
    end(siaga, &twilio).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_step_is_taken_now_and_an_order_is_done_once() {
    let (siaga, twilio) = start().await;
    siaga.overdue("LGWP70002").await;
    twilio.wait_for_messages(HEAD, 1).await;
    let order = json!({ "reason": "jembatan putus" });
    let path = "complaints/LGWP70002/escalate";
    for _ in 0..3 {
        let (status, body) = ask(&siaga, Method::POST, path, Some("k-1"), &order).await;
        assert_eq!(status, 200, "{body}");
    }
    let arrived = twilio.wait_for_messages(SECRETARY, 1).await;
    assert!(arrived[0].1["Body"].contains("LGWP70002"), "{arrived:?}");
    assert_eq!(facts(&siaga, "LGWP70002", "ordered_by_hand").await.len(), 1);
    assert_eq!(
        twilio.messages().len(),
        2,
        "the head once, the secretary once"
    );

    // The secretary takes it on: from then on it must be said that this ends.
    let reply = fake_twilio::incoming(
        &format!("{}/hooks/twilio/message", siaga.base()),
        SECRETARY,
        "SM70002",
        "siap LGWP70002",
    );
    let (status, ..) = twilio.signed(&reply).await;
    assert_eq!(status, 200);
    let phase = "\"phase\":\"acknowledged\"";
    siaga.wait_for_timeline("LGWP70002", phase).await;
    let (status, body) = ask(&siaga, Method::POST, path, Some("k-2"), &order).await;
    assert_eq!(status, 409, "{body}");
    assert!(
        body.to_string().contains("despite_acknowledgement"),
        "{body}"
    );
    let (said, done) = siaga.run(&["escalate", "LGWP70002", "--reason", "lama sekali"]);
    assert!(!done && said.contains("sari has taken it on"), "{said}");
    let words = [
        "escalate",
        "LGWP70002",
        "--reason",
        "lama",
        "--despite-acknowledgement",
    ];
    let (said, done) = siaga.run(&words);
    assert!(done, "{said}");
    // A new round: the head again.
    twilio.wait_for_messages(HEAD, 2).await;

    for (path, body, status, part) in [
        ("complaints/NIHIL/escalate", order.clone(), 404, "NIHIL"),
        (path, json!({ "reason": "x", "to_step": 0 }), 422, "to_step"),
        (
            path,
            json!({ "reason": "x", "to_step": 3 }),
            409,
            "no step 3",
        ),
        (path, json!({ "reason": "" }), 422, "reason"),
        (path, json!({ "raeson": "x" }), 422, "raeson"),
        (
            "complaints/LGWP70002/page",
            json!({ "responder": "nemo", "reason": "x" }),
            409,
            "holds no post",
        ),
    ] {
        let (found, text) = ask(&siaga, Method::POST, path, None, &body).await;
        assert_eq!(found, status, "{path} {body}: {text}");
        assert!(text.to_string().contains(part), "{part} in {text}");
    }
    let (status, body) = ask(&siaga, Method::POST, path, Some(&"k".repeat(65)), &order).await;
    assert_eq!(status, 422, "{body}");
    // Who may only hand in may not order.
    let (status, _) = siaga
        .post(
            "/api/v1/complaints/LGWP70002/escalate",
            "application/json",
            order.to_string(),
        )
        .await;
    assert_eq!(status, 403);
    end(siaga, &twilio).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_deadline_the_steps_up_to_one_that_is_named_are_told_at_once() {
    let (siaga, twilio) = start().await;
    let received = SystemClock.now() - SignedDuration::from_hours(6);
    let handed_in = json!({ "id": "LGWP70003", "received_at": received, "unit": "DISHUB" });
    let (status, text) = siaga
        .post(
            "/api/v1/complaints",
            "application/json",
            handed_in.to_string(),
        )
        .await;
    assert_eq!(status, 201, "{text}");
    let words = |step: &'static str| {
        let words = [
            "escalate",
            "LGWP70003",
            "--reason",
            "asap tebal",
            "--to-step",
            step,
        ];
        siaga.run(&words)
    };
    let (said, done) = words("0");
    assert!(!done && said.contains("--to-step"), "{said}");
    let (said, done) = words("3");
    assert!(!done && said.contains("no step 3"), "{said}");
    let (said, done) = words("2");
    assert!(done && said.contains("budi, sari"), "{said}");
    for telephone in [HEAD, SECRETARY] {
        let arrived = twilio.wait_for_messages(telephone, 1).await;
        assert!(arrived[0].1["Body"].contains("LGWP70003"), "{arrived:?}");
    }
    let ordered = facts(&siaga, "LGWP70003", "ordered_by_hand").await;
    assert_eq!(
        ordered[0]["to_step"],
        json!(1),
        "from 0 in the record: {ordered:?}"
    );
    assert!(facts(&siaga, "LGWP70003", "missed").await.is_empty());
    end(siaga, &twilio).await;
}
