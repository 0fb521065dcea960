//! Twilio from end to end: the real program against a strict stand-in, with signed webhooks.

use std::{fmt::Write as _, time::Instant};

use serde_json::{Value, json};

use crate::support::{
    fake_twilio::{
        self, ACCOUNT_SID, AUTH_TOKEN, CONTENTS, FakeTwilio, Mood, NUMBER, SERVICE_SID, Webhook,
    },
    siaga::{Settings, Siaga},
};

/// One step, one way after the other, and retries that a test can wait for.
const POLICY: &str = r#"
id = "baku"
clock = { length = "24h", calendar = "kalender" }
hold = "2h"
steps = [{ after = "0s", to = ["kepala"], again_every = "6h" }]
repeat = { from_step = 0, every = "24h" }
on_refusal = ["koordinator:penghubung"]
[delivery]
patience = "10m"
retries = ["1s", "1s"]
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

/// Heads of units and their ways, the first one first.
const HEADS: [(&str, &str, &str, &[&str]); 4] = [
    ("DISHUB", "budi", "+628110000001", &["sms"]),
    ("DINKES", "dewi", "+628110000002", &["whatsapp", "sms"]),
    ("DINSOS", "danu", "+628110000003", &["whatsapp", "sms"]),
    ("BAPPEDA", "bima", "+628110000004", &["sms", "whatsapp"]),
];

struct Stage {
    siaga: Siaga,
    twilio: FakeTwilio,
}

async fn stage() -> Stage {
    let twilio = fake_twilio::start().await;
    let mut siaga = Siaga::prepare();
    let gateway = |name: &str, more: &str| {
        format!(
            r#"
[[gateways]]
name = "{name}"
type = "twilio"
transport = "{name}"
base_url = "{}"
account_sid = "{ACCOUNT_SID}"
auth_token = "{AUTH_TOKEN}"
from = "{NUMBER}"
timeout = "2s"
{more}
"#,
            twilio.base_url
        )
    };
    let contents = format!(
        "[gateways.templates]\n\"siaga_aduan_peringatan.id\" = \"{}\"\n\"siaga_aduan_lewat.id\" = \"{}\"",
        CONTENTS[0].0, CONTENTS[1].0
    );
    let gateways = gateway("sms", "validity = \"4h\"") + &gateway("whatsapp", &contents);
    let mut people = String::new();
    for (_, id, number, ways) in HEADS {
        writeln!(
            people,
            "[[people]]\nid = \"{id}\"\nname = \"{id} Contohwan\""
        )
        .unwrap();
        for way in ways {
            writeln!(people, "{way} = \"{number}\"").unwrap();
        }
    }
    people += "[holders]\n";
    for (unit, id, ..) in HEADS {
        writeln!(people, "\"{unit}.kepala\" = \"{id}\"").unwrap();
    }
    siaga.write_settings(&Settings {
        inbound: "",
        more: &gateways,
        people: &people,
        policy: Some(POLICY),
    });
    siaga.start().await;
    Stage { siaga, twilio }
}

impl Stage {
    fn incoming(&self, from: &str, sid: &str, body: &str) -> Webhook {
        let url = format!("{}/hooks/twilio/message", self.siaga.base());
        fake_twilio::incoming(&url, from, sid, body)
    }

    /// A message from a person is taken, and answered with TwiML that says nothing.
    async fn taken(&self, webhook: &Webhook) {
        let (status, kind, body) = self.twilio.signed(webhook).await;
        assert_eq!((status, kind.as_str()), (200, "text/xml; charset=utf-8"));
        let silence = r#"<?xml version="1.0" encoding="UTF-8"?><Response></Response>"#;
        assert_eq!(body, silence);
    }

    async fn told(&self, webhook: &Webhook) {
        let (status, _, body) = self.twilio.signed(webhook).await;
        assert_eq!((status, body.as_str()), (204, ""));
    }

    async fn record(&self, id: &str) -> Value {
        let (status, text) = self.siaga.get(&format!("/api/v1/complaints/{id}")).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The facts of a kind, after everything that was taken in has arrived where it belongs.
    async fn facts(&self, id: &str, kind: &str) -> Vec<Value> {
        self.siaga.wait_until_handed_over().await;
        let record = self.record(id).await;
        let timeline = record["timeline"].as_array().unwrap().iter();
        let facts = timeline.map(|entry| entry["fact"].clone());
        facts.filter(|fact| fact["k"] == kind).collect()
    }

    /// Everything that a webhook could have changed, to be the same before and after.
    async fn standing(&self, id: &str) -> (Value, usize) {
        self.siaga.wait_until_handed_over().await;
        (self.record(id).await, self.twilio.messages().len())
    }

    async fn acknowledged(&self, id: &str) {
        let phase = "\"phase\":\"acknowledged\"";
        self.siaga.wait_for_timeline(id, phase).await;
        assert_eq!(self.facts(id, "acknowledged").await.len(), 1);
    }

    async fn end(mut self) {
        assert_eq!(self.twilio.violations(), Vec::<String>::new());
        let (verified, holds) = self.siaga.run(&["ledger", "verify"]);
        assert!(holds, "{verified}");
        self.siaga.stop().await;
    }
}

/// The reply code that a text names: `OK 10`.
fn answer_in(text: &str) -> String {
    let (_, rest) = text.split_once("OK ").expect("the text says how to answer");
    let code: String = rest.chars().take_while(char::is_ascii_digit).collect();
    format!("OK {code}")
}

#[tokio::test]
async fn the_stand_in_is_as_strict_as_the_interface() {
    let twilio = fake_twilio::start().await;
    let path = format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json");
    let http = siaga::channel::registry::http_client().unwrap();
    let base = "StatusCallback=https%3A%2F%2Fs.test%2F";
    let (sender, to) = ("From=%2B15005550006", "To=%2B628110000001");
    let good = format!("{base}&{sender}&{to}&Body=x");
    let whatsapp = "From=whatsapp%3A%2B15005550006&To=whatsapp%3A%2B628110000001";
    let content = CONTENTS[0].0;
    for (form, token, code) in [
        (good.clone(), AUTH_TOKEN, None),
        (good.clone(), "lain", Some(20_003)),
        (format!("{base}&{sender}&Body=x"), AUTH_TOKEN, Some(21_604)),
        (
            format!("{base}&{sender}&To=0811&Body=x"),
            AUTH_TOKEN,
            Some(21_211),
        ),
        (format!("{base}&{to}&Body=x"), AUTH_TOKEN, Some(21_603)),
        (
            format!("{base}&From=%2B1&{to}&Body=x"),
            AUTH_TOKEN,
            Some(21_606),
        ),
        (
            format!("{good}&MessagingServiceSid={SERVICE_SID}"),
            AUTH_TOKEN,
            Some(20_001),
        ),
        (
            format!("{base}&MessagingServiceSid={SERVICE_SID}&{to}&Body=x"),
            AUTH_TOKEN,
            None,
        ),
        (format!("{base}&{sender}&{to}"), AUTH_TOKEN, Some(21_602)),
        (
            format!("{good}{}", "x".repeat(1600)),
            AUTH_TOKEN,
            Some(21_617),
        ),
        (
            format!("{good}&ContentSid={content}"),
            AUTH_TOKEN,
            Some(20_001),
        ),
        (format!("{good}&Body=y"), AUTH_TOKEN, Some(20_001)),
        (format!("{good}&Text=y"), AUTH_TOKEN, Some(20_001)),
        (
            format!("{good}&ValidityPeriod=36001"),
            AUTH_TOKEN,
            Some(21_623),
        ),
        (
            format!("{sender}&{to}&Body=x&StatusCallback=x"),
            AUTH_TOKEN,
            Some(21_609),
        ),
        (
            format!("{base}&{whatsapp}&ContentSid=HX1"),
            AUTH_TOKEN,
            Some(21_655),
        ),
        (
            format!("{base}&{whatsapp}&ContentSid={content}"),
            AUTH_TOKEN,
            Some(21_656),
        ),
        (format!("{base}&{whatsapp}&Body=x"), AUTH_TOKEN, None),
        (
            format!("{base}&{sender}&To=whatsapp%3A%2B628110000001&Body=x"),
            AUTH_TOKEN,
            Some(63_007),
        ),
    ] {
        let request = http
            .post(format!("{}{path}", twilio.base_url))
            .basic_auth(ACCOUNT_SID, Some(token))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.clone());
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["code"].as_i64(), code, "{form}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_message_is_receipted_answered_and_confirmed_once_each() {
    let stage = stage().await;
    let (_, _, number, _) = HEADS[0];
    stage.siaga.overdue("LGWP14376928").await;
    let (place, page) = stage.twilio.wait_for_messages(number, 1).await.remove(0);
    assert_eq!(
        (page["From"].as_str(), page["ValidityPeriod"].as_str()),
        (NUMBER, "14400")
    );
    assert!(page["Body"].contains("LGWP14376928"), "{page:?}");
    let hook = format!("{}/hooks/twilio/status?reference=", stage.siaga.base());
    assert!(page["StatusCallback"].starts_with(&hook), "{page:?}");
    stage
        .siaga
        .wait_for_timeline("LGWP14376928", &FakeTwilio::sid_of(place))
        .await;
    // Statuses come shuffled and repeated.
    for status in [
        "delivered",
        "queued",
        "sent",
        "sending",
        "delivered",
        "sent",
    ] {
        stage.told(&stage.twilio.status(place, status, None)).await;
    }
    let mut receipts: Vec<_> = stage
        .facts("LGWP14376928", "receipt")
        .await
        .iter()
        .map(|fact| fact["receipt"].as_str().unwrap().to_owned())
        .collect();
    receipts.sort();
    assert_eq!(receipts, ["accepted", "delivered", "sent"], "one fact each");
    let reply = stage.incoming(
        number,
        "SM00000000000000000000000000000aaa",
        &answer_in(&page["Body"]),
    );
    stage.taken(&reply).await;
    stage.acknowledged("LGWP14376928").await;
    let messages = stage.twilio.wait_for_messages(number, 2).await;
    assert!(
        messages[1].1["Body"].contains("LGWP14376928"),
        "{messages:?}"
    );
    // Twilio sends it again, as it does when our answer is late.
    let before = stage.standing("LGWP14376928").await;
    stage.taken(&reply).await;
    stage.taken(&reply).await;
    stage
        .told(&stage.twilio.status(place, "delivered", None))
        .await;
    assert_eq!(stage.standing("LGWP14376928").await, before);
    stage.acknowledged("LGWP14376928").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_answers_its_message_and_a_closed_window_sends_the_content() {
    let stage = stage().await;
    let (unit, _, number, _) = HEADS[1];
    let whatsapp = format!("whatsapp:{number}");
    stage.siaga.overdue_at("LGWP20001", unit).await;
    let (place, page) = stage.twilio.wait_for_messages(&whatsapp, 1).await.remove(0);
    assert_eq!(page["ContentSid"], CONTENTS[1].0, "nobody wrote");
    let variables: Value = serde_json::from_str(&page["ContentVariables"]).unwrap();
    assert_eq!(variables["2"], "LGWP20001");
    let payload = variables["8"].as_str().unwrap();
    stage
        .siaga
        .wait_for_timeline("LGWP20001", &FakeTwilio::sid_of(place))
        .await;
    let tap = stage
        .incoming(&whatsapp, "SM00000000000000000000000000000001", "Terima é")
        .with("ButtonText", "Terima é")
        .with("ButtonPayload", payload)
        .with(
            "OriginalRepliedMessageSender",
            &format!("whatsapp:{NUMBER}"),
        )
        .with("OriginalRepliedMessageSid", &FakeTwilio::sid_of(place));
    stage.taken(&tap).await;
    stage.acknowledged("LGWP20001").await;
    let messages = stage.twilio.wait_for_messages(&whatsapp, 2).await;
    let confirmation = &messages[1].1;
    assert!(
        confirmation["Body"].contains("LGWP20001"),
        "the tap opened the window"
    );
    // We believe that the window is open; Twilio says later that it is not.
    stage.siaga.overdue_at("LGWP20002", unit).await;
    let messages = stage.twilio.wait_for_messages(&whatsapp, 3).await;
    let (place, page) = &messages[2];
    assert!(page["Body"].contains("LGWP20002"), "{page:?}");
    for _ in 0..3 {
        stage
            .told(&stage.twilio.status(*place, "failed", Some(63_016)))
            .await;
    }
    let messages = stage.twilio.wait_for_messages(&whatsapp, 4).await;
    assert_eq!(messages[3].1["ContentSid"], CONTENTS[1].0);
    assert_eq!(stage.facts("LGWP20002", "receipt").await.len(), 1);
    assert!(stage.facts("LGWP20002", "fell_back").await.is_empty());
    assert_eq!(stage.twilio.messages().len(), 4, "no other way was needed");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_twilio_did_not_sign_for_us_changes_nothing() {
    let stage = stage().await;
    let (_, _, number, _) = HEADS[0];
    stage.siaga.overdue("LGWP14376928").await;
    let (place, page) = stage.twilio.wait_for_messages(number, 1).await.remove(0);
    let sid = FakeTwilio::sid_of(place);
    stage.siaga.wait_for_timeline("LGWP14376928", &sid).await;
    let answer = answer_in(&page["Body"]);
    let reply = stage.incoming(number, "SM00000000000000000000000000000001", &answer);
    let status = stage.twilio.status(place, "delivered", None);
    let right = reply.signature();
    let at = |webhook: &Webhook, from: &str, to: &str| Webhook {
        url: webhook.url.replace(from, to),
        ..webhook.clone()
    };
    let other = "AC99999999999999999999999999999999";
    let foreign = reply.clone().with("AccountSid", other);
    let foreign_status = status.clone().with("AccountSid", other);
    let touched = reply.clone().with("From", "+628110000002");
    let redirected = at(&status, "_0.1", "_0.9");
    let upside_down = status.clone().with("MessageStatus", "failed");
    let no_id = reply.clone().with("MessageSid", "");
    let no_number = reply.clone().with("From", "SIAGA");
    let no_status = status.clone().with("MessageStatus", "lain");
    let elsewhere = at(&reply, "127.0.0.1", "localhost");
    let cases: Vec<(&str, &Webhook, String, u16)> = vec![
        ("no signature", &reply, String::new(), 403),
        (
            "of another token",
            &reply,
            "AAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(),
            403,
        ),
        ("cut", &reply, right[..20].to_owned(), 403),
        ("no base64", &reply, "?".repeat(28), 403),
        ("of another sender", &touched, right.clone(), 403),
        ("of a status", &reply, status.signature(), 403),
        ("for another address", &reply, elsewhere.signature(), 403),
        (
            "for another reference",
            &redirected,
            status.signature(),
            403,
        ),
        ("another status", &upside_down, status.signature(), 403),
        (
            "another account's message",
            &foreign,
            foreign.signature(),
            403,
        ),
        (
            "another account's status",
            &foreign_status,
            foreign_status.signature(),
            403,
        ),
        ("without an id", &no_id, no_id.signature(), 400),
        ("from no number", &no_number, no_number.signature(), 400),
        ("of no status", &no_status, no_status.signature(), 400),
    ];
    let before = stage.standing("LGWP14376928").await;
    assert_ne!(redirected.url, status.url);
    for (what, webhook, signature, expected) in cases {
        let (status, _, text) = stage.twilio.send(webhook, &signature).await;
        assert_eq!(status, expected, "{what}: {text}");
        assert!(!text.contains(AUTH_TOKEN), "{text}");
        assert_eq!(stage.standing("LGWP14376928").await, before, "{what}");
    }
    // A stranger's message and a reference that is none of ours are taken and change nothing.
    let stranger = stage.incoming(
        "+628999999999",
        "SM00000000000000000000000000000002",
        &answer,
    );
    stage.taken(&stranger).await;
    let (url, _) = status.url.split_once('?').unwrap();
    let nobodys = Webhook {
        url: format!("{url}?reference=lain"),
        ..status.clone()
    };
    stage.told(&nobodys).await;
    assert_eq!(stage.standing("LGWP14376928").await, before);
    // And the right one works.
    stage.taken(&reply).await;
    stage.acknowledged("LGWP14376928").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_at_once_or_later_goes_on_to_the_next_way() {
    let stage = stage().await;
    // Refused at once: the number is not right, the other way is taken.
    let (unit, _, number, _) = HEADS[3];
    let whatsapp = format!("whatsapp:{number}");
    stage.twilio.set_mood(number, Mood::Error(400, 21_211));
    let handed_in = Instant::now();
    stage.siaga.overdue_at("LGWP30001", unit).await;
    stage.twilio.wait_for_messages(&whatsapp, 1).await;
    // Patience with a way that gives no sign is ten minutes here: this was not patience.
    assert!(handed_in.elapsed().as_secs() < 30);
    assert_eq!(stage.twilio.wait_for_messages(number, 1).await.len(), 1);
    let failed = stage.facts("LGWP30001", "attempt_failed").await;
    assert_eq!(failed[0]["kind"], json!("wrong_address"), "{failed:?}");
    assert!(!failed[0].to_string().contains(&number[1..]), "{failed:?}");
    // That way is out of use from now on: the next page does not try it.
    stage.siaga.overdue_at("LGWP30009", unit).await;
    stage.twilio.wait_for_messages(&whatsapp, 2).await;
    assert_eq!(stage.twilio.wait_for_messages(number, 1).await.len(), 1);
    // Told later: not on WhatsApp, so a short message goes at once.
    let (unit, _, number, _) = HEADS[2];
    let whatsapp = format!("whatsapp:{number}");
    stage.siaga.overdue_at("LGWP30002", unit).await;
    let (place, _) = stage.twilio.wait_for_messages(&whatsapp, 1).await.remove(0);
    stage.told(&stage.twilio.status(place, "sent", None)).await;
    for _ in 0..2 {
        stage
            .told(&stage.twilio.status(place, "undelivered", Some(63_024)))
            .await;
    }
    stage.twilio.wait_for_messages(number, 1).await;
    let back = stage.facts("LGWP30002", "fell_back").await;
    assert_eq!((back.len(), &back[0]["why"]), (1, &json!("failed")));
    // Throttled: tried again, under a reference of its own.
    let (unit, _, number, _) = HEADS[0];
    stage.twilio.set_mood(number, Mood::Error(429, 20_429));
    stage.siaga.overdue_at("LGWP30003", unit).await;
    let messages = stage.twilio.wait_for_messages(number, 2).await;
    assert_ne!(
        messages[0].1["StatusCallback"],
        messages[1].1["StatusCallback"]
    );
    // Taken and never answered: in doubt, so the other way is taken too.
    let (unit, _, number, _) = HEADS[1];
    let whatsapp = format!("whatsapp:{number}");
    stage.twilio.set_mood(&whatsapp, Mood::Hang);
    stage.siaga.overdue_at("LGWP30004", unit).await;
    stage.twilio.wait_for_messages(number, 1).await;
    stage.end().await;
}
