//! Calls from end to end: the real program against a strict stand-in that plays who is called.

use std::{fmt::Write as _, time::Instant};

use serde_json::{Value, json};
use siaga::clock::{Clock, SystemClock};

use crate::support::{
    fake_calls::{self, FakeCalls, Human},
    fake_twilio::{self, ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, NUMBER, Webhook},
    siaga::{Settings, Siaga},
};

/// One step and one refusal, the ways of a person one after the other.
fn policy(patience: &str) -> String {
    format!(
        r#"
id = "baku"
clock = {{ length = "24h", calendar = "kalender" }}
hold = "2h"
steps = [{{ after = "0s", to = ["kepala"], again_every = "6h" }}]
repeat = {{ from_step = 0, every = "24h" }}
on_refusal = ["koordinator:penghubung"]
[delivery]
patience = "{patience}"
retries = ["1s", "1s"]
[statuses]
verifikasi = "progress"
selesai = "end"
"#
    )
}

/// Heads of units and their ways, the first one first.
const HEADS: [(&str, &str, &str, [&str; 2]); 4] = [
    ("DISHUB", "budi", "+628110000001", ["voice", "sms"]),
    ("DINKES", "dewi", "+628110000002", ["sms", "voice"]),
    ("DINSOS", "danu", "+628110000003", ["voice", "sms"]),
    ("BAPPEDA", "bima", "+628110000004", ["voice", "sms"]),
];

struct Stage {
    siaga: Siaga,
    calls: FakeCalls,
    messages: FakeTwilio,
}

async fn stage(patience: &str, detects: bool) -> Stage {
    let calls = fake_calls::start().await;
    let messages = fake_twilio::start().await;
    let mut siaga = Siaga::prepare();
    let account = format!(
        "account_sid = \"{ACCOUNT_SID}\"\nauth_token = \"{AUTH_TOKEN}\"\nfrom = \"{NUMBER}\"\n\
         timeout = \"2s\"\n"
    );
    let gateways = format!(
        "[[gateways]]\nname = \"telepon\"\ntype = \"twilio_voice\"\nbase_url = \"{}\"\n\
         machine_detection = {detects}\n{account}\n\
         [[gateways]]\nname = \"sms\"\ntype = \"twilio\"\ntransport = \"sms\"\nbase_url = \"{}\"\n\
         {account}",
        calls.base_url, messages.base_url,
    );
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
        policy: Some(&policy(patience)),
    });
    siaga.start().await;
    Stage {
        siaga,
        calls,
        messages,
    }
}

impl Stage {
    async fn record(&self, id: &str) -> Value {
        self.siaga.wait_until_handed_over().await;
        let (status, text) = self.siaga.get(&format!("/api/v1/complaints/{id}")).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The facts of a kind, after everything that was taken in has arrived where it belongs.
    async fn facts(&self, id: &str, kind: &str) -> Vec<Value> {
        let record = self.record(id).await;
        let timeline = record["timeline"].as_array().unwrap().iter();
        let facts = timeline.map(|entry| entry["fact"].clone());
        facts.filter(|fact| fact["k"] == kind).collect()
    }

    /// Everything that a webhook could have changed, to be the same before and after.
    async fn standing(&self, id: &str) -> (Value, usize, usize) {
        let record = self.record(id).await;
        let sent = self.messages.messages().len();
        (record, self.calls.calls().len(), sent)
    }

    async fn end(mut self) {
        assert_eq!(self.calls.violations(), Vec::<String>::new());
        assert_eq!(self.messages.violations(), Vec::<String>::new());
        let (verified, holds) = self.siaga.run(&["ledger", "verify"]);
        assert!(holds, "{verified}");
        self.siaga.stop().await;
    }
}

#[tokio::test]
async fn the_stand_in_is_as_strict_as_the_interface() {
    let calls = fake_calls::start().await;
    let http = siaga::channel::registry::http_client().unwrap();
    let script = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say language=\"id-ID\">A\
                  </Say></Response>";
    let good = [
        ("To", "+628110000001"),
        ("From", NUMBER),
        ("Twiml", script),
        ("StatusCallback", "https://s.test/"),
    ];
    let with = |name: &'static str, value: &'static str| {
        let mut fields: Vec<_> = good.iter().filter(|it| it.0 != name).copied().collect();
        if value != "-" {
            fields.push((name, value));
        }
        fields
    };
    for (fields, token, code) in [
        (good.to_vec(), AUTH_TOKEN, None),
        (good.to_vec(), "lain", Some(20_003)),
        (with("To", "-"), AUTH_TOKEN, Some(21_201)),
        (with("To", "0811"), AUTH_TOKEN, Some(21_211)),
        (with("From", "-"), AUTH_TOKEN, Some(21_213)),
        (with("From", "+1"), AUTH_TOKEN, Some(21_210)),
        (with("Twiml", "-"), AUTH_TOKEN, Some(21_205)),
        (with("Twiml", "<Response>"), AUTH_TOKEN, Some(12_100)),
        (with("Timeout", "601"), AUTH_TOKEN, Some(20_001)),
        (with("MachineDetection", "Yes"), AUTH_TOKEN, Some(20_001)),
        (with("StatusCallback", "s.test"), AUTH_TOKEN, Some(21_609)),
        (
            with("StatusCallbackEvent", "done"),
            AUTH_TOKEN,
            Some(20_001),
        ),
        (with("Body", "x"), AUTH_TOKEN, Some(20_001)),
    ] {
        let request = http
            .post(format!(
                "{}/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json",
                calls.base_url
            ))
            .basic_auth(ACCOUNT_SID, Some(token))
            .form(&fields);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["code"].as_i64(), code, "{fields:?}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_acknowledges_once_and_nobody_is_called_to_be_thanked() {
    let stage = stage("10m", false).await;
    let number = HEADS[0].2;
    stage.calls.at(number, Human::Presses(&["9", "1"]));
    let received = SystemClock.now() - jiff::SignedDuration::from_mins(24 * 60 + 1);
    let hostile = json!({
        "id": "LGWP14376928", "received_at": received.to_string(), "unit": "DISHUB",
        "category": "</Say><Dial>+62811</Dial> & \"Jalan\"", "area": "Kab. Pati]]><Hangup/>",
    });
    let (status, text) = stage
        .siaga
        .post(
            "/api/v1/complaints",
            "application/json",
            hostile.to_string(),
        )
        .await;
    assert_eq!(status, 201, "{text}");
    let (n, _) = stage.calls.wait_for_calls(number, 1).await.remove(0);
    let call = stage.calls.wait_until_over(n).await;
    let [asked, again, thanked] = call.played.as_slice() else {
        panic!(
            "the message, the message again, the thanks: {:?}",
            call.played
        )
    };
    assert_eq!(asked, again, "9 repeats");
    let said = &asked.said[0];
    assert_eq!(
        (said.language.as_str(), said.times, said.awaits_key),
        ("id-ID", 2, true)
    );
    for part in [
        "Aduan L G W P, satu empat tiga tujuh, enam sembilan dua delapan, Say Dial 62811 Dial",
        "Kabupaten Pati Hangup.",
        "Kepala Dinas Perhubungan",
        "Tekan satu untuk menerima.",
    ] {
        assert!(said.words.contains(part), "{part} in {}", said.words);
    }
    assert_eq!(thanked.keys_to, None);
    let thanks = &thanked.said[0].words;
    assert!(
        thanks.contains("Terima kasih. Aduan L G W P, satu empat"),
        "{thanks}"
    );
    let phase = "\"phase\":\"acknowledged\"";
    stage.siaga.wait_for_timeline("LGWP14376928", phase).await;
    let acknowledged = stage.facts("LGWP14376928", "acknowledged").await;
    let reply = format!("twilio.{}.1", FakeCalls::sid_of(n));
    assert_eq!(
        (acknowledged.len(), &acknowledged[0]["reply"]),
        (1, &json!(reply))
    );
    let receipts = stage.facts("LGWP14376928", "receipt").await;
    let delivered = receipts.iter().filter(|it| it["receipt"] == "delivered");
    assert_eq!(delivered.count(), 1, "who presses a key has heard it");
    // Twilio tells it again, as it does when our answer is late.
    let before = stage.standing("LGWP14376928").await;
    let key = stage.calls.key(n, "1");
    for _ in 0..3 {
        let (status, text) = stage.calls.send(&key, &key.signature()).await;
        assert_eq!(status, 200);
        assert!(text.contains(thanks.as_str()), "{text}");
        let completed = stage.calls.status(n, "completed");
        let (status, _) = stage.calls.send(&completed, &completed.signature()).await;
        assert_eq!(status, 204);
    }
    assert_eq!(stage.standing("LGWP14376928").await, before);
    assert_eq!((before.1, before.2), (1, 0), "one call, no message");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_key_refuses_for_exactly_the_complaint_of_its_call() {
    let stage = stage("10m", false).await;
    let (unit, _, number, _) = HEADS[2];
    stage.siaga.overdue_at("LGWP20001", unit).await;
    stage.siaga.overdue_at("LGWP20002", unit).await;
    let calls = stage.calls.wait_for_calls(number, 2).await;
    let second = calls
        .iter()
        .find(|(_, call)| call.field("StatusCallback").contains("LGWP20002"))
        .expect("a call about the second");
    let key = stage.calls.key(second.0, "2");
    let (status, text) = stage.calls.send(&key, &key.signature()).await;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("bukan wewenang Bapak atau Ibu"), "{text}");
    stage
        .siaga
        .wait_for_timeline("LGWP20002", "\"k\":\"refused\"")
        .await;
    assert_eq!(stage.facts("LGWP20002", "refused").await.len(), 1);
    assert!(stage.facts("LGWP20001", "refused").await.is_empty());
    // Who presses on the first call too late hears that it is done.
    let progress = json!({ "status": "verifikasi" });
    let (status, text) = stage
        .siaga
        .post(
            "/api/v1/complaints/LGWP20001/progress",
            "application/json",
            progress.to_string(),
        )
        .await;
    assert!((200..300).contains(&status), "{text}");
    let first = calls.iter().find(|(n, _)| *n != second.0).unwrap();
    for digits in ["1", "9"] {
        let key = stage.calls.key(first.0, digits);
        let (status, text) = stage.calls.send(&key, &key.signature()).await;
        assert_eq!(status, 200, "{text}");
        assert!(text.contains("sudah direspons atau ditutup"), "{text}");
    }
    assert!(stage.facts("LGWP20001", "acknowledged").await.is_empty());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_reached_by_a_call_gets_a_message_at_once() {
    let stage = stage("10m", true).await;
    for (round, (who, human, why)) in [
        (0, Human::Busy, "temporary"),
        (2, Human::Away, "temporary"),
        (3, Human::Machine, "temporary"),
        (0, Human::Nobody, "permanent"),
    ]
    .into_iter()
    .enumerate()
    {
        let (unit, _, number, _) = HEADS[who];
        let id = format!("LGWP3000{round}");
        let before = stage.messages.messages().len();
        stage.calls.at(number, human.clone());
        let handed_in = Instant::now();
        stage.siaga.overdue_at(&id, unit).await;
        let all = stage.messages.messages().into_iter();
        let to_them = all.filter(|message| message["To"] == number).count();
        let messages = stage.messages.wait_for_messages(number, to_them + 1).await;
        let (_, message) = messages.last().unwrap();
        assert!(message["Body"].contains(&id), "{human:?}: {message:?}");
        // Patience with a way that gives no sign is ten minutes here: this was not patience.
        assert!(handed_in.elapsed().as_secs() < 30, "{human:?}");
        let receipts = stage.facts(&id, "receipt").await;
        let failed = receipts.iter().find(|it| it["receipt"] == "failed");
        assert_eq!(
            failed.unwrap()["why"],
            json!(why),
            "{human:?}: {receipts:?}"
        );
        let back = stage.facts(&id, "fell_back").await;
        assert_eq!((back.len(), &back[0]["why"]), (1, &json!("failed")));
        assert_eq!(stage.messages.messages().len(), before + 1, "{human:?}");
    }
    // A person who listens and presses nothing has heard it: no other way is used.
    let (unit, _, number, _) = HEADS[3];
    stage.calls.at(number, Human::Listens);
    stage.siaga.overdue_at("LGWP30010", unit).await;
    stage
        .siaga
        .wait_for_timeline("LGWP30010", "\"receipt\":\"delivered\"")
        .await;
    assert!(stage.facts("LGWP30010", "fell_back").await.is_empty());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interface_that_refuses_or_hangs_costs_no_page() {
    let stage = stage("10m", false).await;
    for (who, human, kind) in [
        (0, Human::Refused(400, 21_211), "wrong_address"),
        (2, Human::Refused(400, 21_215), "misconfigured"),
        (3, Human::Hang, "unknown"),
    ] {
        let (unit, id, number, _) = HEADS[who];
        stage.calls.at(number, human);
        let complaint = format!("LGWP4{id}");
        stage.siaga.overdue_at(&complaint, unit).await;
        let messages = stage.messages.wait_for_messages(number, 1).await;
        assert!(messages[0].1["Body"].contains(&complaint));
        let failed = stage.facts(&complaint, "attempt_failed").await;
        assert_eq!(failed[0]["kind"], json!(kind), "{failed:?}");
        assert!(!failed[0].to_string().contains(&number[1..]), "{failed:?}");
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_twilio_did_not_sign_for_us_changes_nothing() {
    let stage = stage("10m", false).await;
    let number = HEADS[0].2;
    stage.siaga.overdue("LGWP14376928").await;
    let (n, _) = stage.calls.wait_for_calls(number, 1).await.remove(0);
    let sid = FakeCalls::sid_of(n);
    stage.siaga.wait_for_timeline("LGWP14376928", &sid).await;
    let key = stage.calls.key(n, "1");
    let busy = stage.calls.status(n, "busy");
    let redirected = Webhook {
        url: key.url.replace("LGWP14376928", "LGWP14376929"),
        ..key.clone()
    };
    let nobodys = Webhook {
        url: format!(
            "{}lain",
            key.url.split_once('=').unwrap().0.to_owned() + "="
        ),
        ..key.clone()
    };
    let other = key
        .clone()
        .with("AccountSid", "AC99999999999999999999999999999999");
    let pressed_more = key.clone().with("Digits", "2");
    let no_id = key.clone().with("CallSid", "");
    let no_status = busy.clone().with("CallStatus", "lain");
    assert_ne!(redirected.url, key.url);
    let before = stage.standing("LGWP14376928").await;
    for (what, webhook, signature, expected) in [
        ("no signature", &key, String::new(), 403),
        ("cut", &key, key.signature()[..20].to_owned(), 403),
        ("of a status", &key, busy.signature(), 403),
        ("of another key", &pressed_more, key.signature(), 403),
        ("of another complaint", &redirected, key.signature(), 403),
        ("another account", &other, other.signature(), 403),
        ("no such reference", &nobodys, nobodys.signature(), 400),
        ("without an id", &no_id, no_id.signature(), 400),
        ("of no status", &no_status, no_status.signature(), 400),
        ("an unsigned status", &busy, key.signature(), 403),
    ] {
        let (status, text) = stage.calls.send(webhook, &signature).await;
        assert_eq!(status, expected, "{what}: {text}");
        assert!(!text.contains(AUTH_TOKEN), "{text}");
        assert_eq!(stage.standing("LGWP14376928").await, before, "{what}");
    }
    let (status, _) = stage.calls.send(&key, &key.signature()).await;
    assert_eq!(status, 200, "and the right one works");
    let phase = "\"phase\":\"acknowledged\"";
    stage.siaga.wait_for_timeline("LGWP14376928", phase).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_night_the_telephone_rings_after_the_message_gave_no_sign_of_life() {
    let stage = stage("3s", false).await;
    let (unit, _, number, _) = HEADS[1];
    stage.calls.at(number, Human::Presses(&["1"]));
    stage.siaga.overdue_at("LGWP50001", unit).await;
    let messages = stage.messages.wait_for_messages(number, 1).await;
    let told = Instant::now();
    assert!(messages[0].1["Body"].contains("LGWP50001"));
    assert!(stage.calls.calls().is_empty(), "first the message");
    stage.calls.wait_for_calls(number, 1).await;
    assert!(told.elapsed().as_millis() > 2000, "patience first");
    let phase = "\"phase\":\"acknowledged\"";
    stage.siaga.wait_for_timeline("LGWP50001", phase).await;
    let back = stage.facts("LGWP50001", "fell_back").await;
    assert_eq!(
        (back.len(), &back[0]["why"]),
        (1, &json!("no_sign_of_life"))
    );
    let begun = stage.facts("LGWP50001", "attempt_begun").await;
    let ways: Vec<_> = begun.iter().map(|it| it["transport"].clone()).collect();
    assert_eq!(ways, [json!("sms"), json!("voice")]);
    stage.end().await;
}
