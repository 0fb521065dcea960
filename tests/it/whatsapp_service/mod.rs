//! WhatsApp from end to end: the real program against a strict stand-in for Meta, with signed
//! webhooks as Meta sends them.

mod refusals;

use std::fmt::Write as _;

use serde_json::{Value, json};
use siaga::{
    clock::{Clock, SystemClock},
    domain::id::ResponderId,
    store::Store,
};

use crate::support::{
    fake_meta::{self, APP_SECRET, FakeMeta, PHONE_NUMBER_ID, TOKEN},
    gateway::Gateway,
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually_asked},
};

/// What Meta sends in its handshake.
const VERIFY_TOKEN: &str = "jabat-tangan";

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

/// Heads of units, each with WhatsApp first and SMS after it.
const HEADS: [(&str, &str, &str); 6] = [
    ("DISHUB", "budi", "628110000001"),
    ("DINKES", "dewi", "628110000002"),
    ("DINSOS", "danu", "628110000003"),
    ("BAPPEDA", "bima", "628110000004"),
    ("BPBD", "bayu", "628110000005"),
    ("ESDM", "edi", "628110000006"),
];

struct Stage {
    siaga: Siaga,
    meta: FakeMeta,
    sms: Gateway,
}

async fn stage() -> Stage {
    stage_with_window("0s").await
}

/// The same, where what follows a page within so long leaves as one message.
async fn stage_with_window(window: &str) -> Stage {
    let meta = fake_meta::start().await;
    let sms = Gateway::start();
    let mut siaga = Siaga::prepare();
    let gateways = format!(
        r#"
[[gateways]]
name = "meta"
type = "whatsapp_cloud"
base_url = "{}"
phone_number_id = "{PHONE_NUMBER_ID}"
access_token = "{TOKEN}"
[[gateways]]
name = "pesan"
type = "http"
transport = "sms"
url = "{}"
[gateways.body]
kind = "form"
[gateways.body.fields]
reference = "{{{{ reference }}}}"
to = "{{{{ to }}}}"
text = "{{{{ text }}}}"
"#,
        meta.base_url,
        sms.url()
    );
    let mut people = String::new();
    for (_, id, number) in HEADS {
        writeln!(
            people,
            "[[people]]\nid = \"{id}\"\nname = \"{id} Contohwan\"\nwhatsapp = \"+{number}\"\nsms = \"+{number}\""
        )
        .unwrap();
    }
    people += "[holders]\n";
    for (unit, id, _) in HEADS {
        writeln!(people, "\"{unit}.kepala\" = \"{id}\"").unwrap();
    }
    siaga.write_settings(&Settings {
        inbound: &format!(
            "whatsapp_verify_token = \"{VERIFY_TOKEN}\"\nwhatsapp_app_secret = \"{APP_SECRET}\""
        ),
        more: &gateways,
        people: &people,
        policy: Some(POLICY),
    });
    siaga.set("engine.bundle_window", window);
    siaga.start().await;
    Stage { siaga, meta, sms }
}

impl Stage {
    /// Posts a webhook with its right signature.
    async fn signed(&self, body: &[u8]) -> u16 {
        let (status, _) = self.siaga.hook(body, Some(&fake_meta::sign(body))).await;
        status
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

    /// Waits until the service knows what its message to this person is called: a person presses a
    /// button later than a test can.
    async fn wait_until_known(&self, person: &str, message: &str) {
        let store = Store::connect(&self.siaga.redis(), "siaga", 1)
            .await
            .unwrap();
        let person = [ResponderId::parse(person).unwrap()];
        eventually_asked(message, PATIENCE, || async {
            let talks = store.load_conversations(&person).await.unwrap();
            talks[0].value.message(message).map(drop)
        })
        .await;
    }

    /// Everything that a webhook could have changed, to be the same before and after.
    async fn standing(&self, id: &str) -> (Value, usize) {
        self.siaga.wait_until_handed_over().await;
        (self.record(id).await, self.meta.messages().len())
    }

    async fn end(mut self) {
        assert_eq!(self.meta.violations(), Vec::<String>::new());
        let (verified, holds) = self.siaga.run(&["ledger", "verify"]);
        assert!(holds, "{verified}");
        self.siaga.stop().await;
    }
}

fn now() -> i64 {
    SystemClock.now().as_second()
}

/// The tap on a template's button as Meta words it, with letters that it escapes.
fn tap(from: &str, id: &str, payload: &str, on: &str) -> Vec<u8> {
    fake_meta::webhook(&json!({
        "contacts": [{ "profile": { "name": "Budi Contohwan é 👍" }, "wa_id": from }],
        "messages": [{ "from": from, "id": id, "timestamp": now().to_string(), "type": "button",
            "button": { "payload": payload, "text": "Terima é" },
            "context": { "from": "622412345678", "id": on } }],
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_tapped_confirmed_as_free_text_and_receipted_once_each() {
    let stage = stage().await;
    let (_, _, number) = HEADS[0];
    stage.siaga.overdue("LGWP14376928").await;
    let (place, page) = stage.meta.wait_for_messages(number, 1).await.remove(0);
    assert_eq!(page["type"], "template", "nobody wrote: {page}");
    let components = page["template"]["components"].as_array().unwrap();
    let payloads: Vec<_> = components[1..]
        .iter()
        .map(|button| button["parameters"][0]["payload"].as_str().unwrap())
        .collect();
    assert_eq!(payloads, ["OK 10", "BUKAN WEWENANG 10", "DAFTAR"]);
    let wamid = FakeMeta::id_of(place);
    let reference = page["biz_opaque_callback_data"].as_str().unwrap();
    // Receipts come shuffled and repeated.
    for status in ["read", "sent", "delivered", "sent", "read", "delivered"] {
        let body = fake_meta::status_webhook(&wamid, number, now(), status, None, Some(reference));
        assert_eq!(stage.signed(&body).await, 200);
    }
    let mut receipts: Vec<_> = stage
        .facts("LGWP14376928", "receipt")
        .await
        .iter()
        .map(|fact| fact["receipt"].as_str().unwrap().to_owned())
        .collect();
    receipts.sort();
    assert_eq!(receipts, ["delivered", "read", "sent"], "one fact each");
    // The tap, bound to its message.
    let body = tap(number, "wamid.tap1", payloads[0], &wamid);
    assert!(body.is_ascii() && String::from_utf8_lossy(&body).contains("\\u00e9"));
    assert_eq!(stage.signed(&body).await, 200);
    stage
        .siaga
        .wait_for_timeline("LGWP14376928", "\"phase\":\"acknowledged\"")
        .await;
    let messages = stage.meta.wait_for_messages(number, 2).await;
    let confirmation = &messages[1].1;
    assert_eq!(confirmation["type"], "text", "the tap opened the window");
    let words = confirmation["text"]["body"].as_str().unwrap();
    assert!(words.contains("LGWP14376928"), "{words}");
    // Meta sends it again, as it does when our answer is late.
    let before = stage.standing("LGWP14376928").await;
    for (body, signature) in fake_meta::twice(&body) {
        let (status, _) = stage.siaga.hook(&body, Some(&signature)).await;
        assert_eq!(status, 200, "what is known needs no repeating");
    }
    assert_eq!(stage.standing("LGWP14376928").await, before);
    assert_eq!(stage.facts("LGWP14376928", "acknowledged").await.len(), 1);
    let idle = stage.facts("LGWP14376928", "answer_without_effect").await;
    assert!(idle.is_empty(), "{idle:?}");
    assert!(stage.sms.requests().is_empty(), "nobody was told twice");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_for_us_changes_nothing() {
    let stage = stage().await;
    let (_, _, number) = HEADS[0];
    stage.siaga.overdue("LGWP14376928").await;
    let (place, page) = stage.meta.wait_for_messages(number, 1).await.remove(0);
    let wamid = FakeMeta::id_of(place);
    let reference = page["biz_opaque_callback_data"].as_str().unwrap();
    let good = tap(number, "wamid.tap1", "OK 10", &wamid);
    let right = fake_meta::sign(&good);
    let rewritten: Value = serde_json::from_slice(&good).unwrap();
    let touched = String::from_utf8(good.clone())
        .unwrap()
        .replace("OK 10", "OK 11");
    let for_another = |body: &[u8]| {
        let text = String::from_utf8(body.to_vec()).unwrap();
        text.replace(PHONE_NUMBER_ID, "999999999999999")
            .into_bytes()
    };
    let status = fake_meta::status_webhook(&wamid, number, now(), "read", None, Some(reference));
    let foreign_tap = for_another(&good);
    let foreign_status = for_another(&status);
    let broken = b"{\"entry\":[{".to_vec();
    let elsewhere = b"{\"object\":\"page\",\"entry\":7}".to_vec();
    let cases: Vec<(&str, &[u8], Option<String>, u16)> = vec![
        ("no signature", &good, None, 403),
        ("an empty one", &good, Some(String::new()), 403),
        (
            "of another secret",
            &good,
            Some(format!("sha256={}", "0".repeat(64))),
            403,
        ),
        ("cut", &good, Some(right[..40].to_owned()), 403),
        ("without its kind", &good, Some(right[7..].to_owned()), 403),
        (
            "of the older kind",
            &good,
            Some(right.replace("sha256=", "sha1=")),
            403,
        ),
        (
            "no hex digits",
            &good,
            Some(format!("sha256={}", "z".repeat(64))),
            403,
        ),
        (
            "of other bytes",
            touched.as_bytes(),
            Some(right.clone()),
            403,
        ),
        (
            "of the same JSON written otherwise",
            &good,
            Some(fake_meta::sign(rewritten.to_string().as_bytes())),
            403,
        ),
        // Signed for another number of the same app: not ours, and sent again it would not be.
        (
            "a tap for another number",
            &foreign_tap,
            Some(fake_meta::sign(&foreign_tap)),
            200,
        ),
        (
            "a status for another",
            &foreign_status,
            Some(fake_meta::sign(&foreign_status)),
            200,
        ),
        ("no JSON", &broken, Some(fake_meta::sign(&broken)), 400),
        (
            "another shape",
            &elsewhere,
            Some(fake_meta::sign(&elsewhere)),
            400,
        ),
    ];
    let before = stage.standing("LGWP14376928").await;
    for (what, body, signature, expected) in cases {
        let (status, text) = stage.siaga.hook(body, signature.as_deref()).await;
        assert_eq!(status, expected, "{what}: {text}");
        assert_eq!(stage.standing("LGWP14376928").await, before, "{what}");
    }
    // A stranger's message, and one of a kind that we do not know, are taken and change nothing.
    for body in [
        fake_meta::text_webhook("628999999999", "wamid.s", now(), "OK 10", None),
        fake_meta::webhook(&json!({ "messages": [{ "from": number, "id": "wamid.u",
            "timestamp": "1", "type": "unsupported", "errors": [{ "code": 131_051 }] }] })),
    ] {
        assert_eq!(stage.signed(&body).await, 200);
        assert_eq!(stage.standing("LGWP14376928").await, before);
    }
    // And the right one works.
    let (status, _) = stage.siaga.hook(&good, Some(&right)).await;
    assert_eq!(status, 200);
    stage
        .siaga
        .wait_for_timeline("LGWP14376928", "\"phase\":\"acknowledged\"")
        .await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_that_is_answered_says_which_complaint() {
    let stage = stage().await;
    let (_, _, number) = HEADS[0];
    for id in ["LGWP10001", "LGWP10002", "LGWP10003", "LGWP10004"] {
        stage.siaga.overdue(id).await;
    }
    let pages = stage.meta.wait_for_messages(number, 4).await;
    let wamid_about = |id: &str| {
        let found = pages.iter().find(|(_, page)| page.to_string().contains(id));
        FakeMeta::id_of(found.unwrap().0)
    };
    stage.siaga.wait_until_handed_over().await;
    let acknowledged = |id: &'static str| async {
        let phase = stage
            .siaga
            .wait_for_timeline(id, "\"phase\":\"acknowledged\"");
        phase.await;
        assert_eq!(stage.facts(id, "acknowledged").await.len(), 1);
    };
    // A bare word with four open is asked back; quoting a message it is clear.
    let body = fake_meta::text_webhook(number, "wamid.t1", now(), "siap", None);
    assert_eq!(stage.signed(&body).await, 200);
    stage.meta.wait_for_messages(number, 5).await;
    for id in ["LGWP10001", "LGWP10002", "LGWP10003", "LGWP10004"] {
        assert!(stage.facts(id, "acknowledged").await.is_empty(), "{id}");
    }
    let quoting = wamid_about("LGWP10003");
    let body = fake_meta::text_webhook(number, "wamid.t2", now(), "siap 👍", Some(&quoting));
    assert_eq!(stage.signed(&body).await, 200);
    acknowledged("LGWP10003").await;
    // A button's message counts more than its code, which may be another complaint's by now.
    let body = tap(number, "wamid.t3", "OK 99", &wamid_about("LGWP10002"));
    assert_eq!(stage.signed(&body).await, 200);
    acknowledged("LGWP10002").await;
    // Both are confirmed; one person gets a message every few seconds, no faster.
    stage.meta.wait_for_messages(number, 7).await;
    // Quoting what nobody remembers means no other complaint: it is asked back.
    let before = stage.meta.messages().len();
    let body = fake_meta::text_webhook(number, "wamid.t4", now(), "siap", Some("wamid.old"));
    assert_eq!(stage.signed(&body).await, 200);
    stage.meta.wait_for_messages(number, before + 1).await;
    assert!(stage.facts("LGWP10001", "acknowledged").await.is_empty());
    assert!(stage.facts("LGWP10004", "acknowledged").await.is_empty());
    // In the window the list comes with buttons of a session: the other shape of a tap.
    let before = stage.meta.messages().len();
    let body = fake_meta::text_webhook(number, "wamid.t5", now(), "daftar", None);
    assert_eq!(stage.signed(&body).await, 200);
    let messages = stage.meta.wait_for_messages(number, before + 1).await;
    let (place, list) = messages.last().unwrap();
    assert_eq!(list["type"], "interactive", "{list}");
    let buttons = list["interactive"]["action"]["buttons"].as_array().unwrap();
    let press = buttons[0]["reply"]["id"].as_str().unwrap();
    let on = FakeMeta::id_of(*place);
    stage.wait_until_known(HEADS[0].1, &on).await;
    let body = fake_meta::interactive_webhook(number, "wamid.t6", now(), press, &on);
    assert_eq!(stage.signed(&body).await, 200);
    assert_eq!(
        press, "OK SEMUA",
        "four are open: acknowledged is not answered"
    );
    acknowledged("LGWP10001").await;
    acknowledged("LGWP10004").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handshake_gives_the_challenge_to_who_knows_the_token() {
    let mut stage = stage().await;
    let ask = |query: &str| {
        let path = format!("/hooks/whatsapp?{query}");
        let siaga = &stage.siaga;
        async move { siaga.get(&path).await }
    };
    let right = format!("hub.verify_token={VERIFY_TOKEN}&hub.challenge=1158201444");
    let (status, text) = ask(&format!("hub.mode=subscribe&{right}")).await;
    assert_eq!((status, text.as_str()), (200, "1158201444"));
    for wrong in [
        "hub.mode=subscribe&hub.verify_token=lain&hub.challenge=1".to_owned(),
        "hub.mode=subscribe&hub.challenge=1".to_owned(),
        "hub.mode=subscribe&hub.verify_token=&hub.challenge=1".to_owned(),
        format!("hub.mode=unsubscribe&{right}"),
        right,
        String::new(),
    ] {
        let (status, text) = ask(&wrong).await;
        assert_eq!(status, 403, "{wrong}: {text}");
        assert!(text.contains("inbound.whatsapp_verify_token"), "{text}");
    }
    stage.siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tap_under_a_message_about_several_answers_what_it_named() {
    let stage = stage_with_window("2s").await;
    let (_, _, number) = HEADS[0];
    stage.siaga.overdue("LGWP10001").await;
    stage.meta.wait_for_messages(number, 1).await;
    for id in ["LGWP10002", "LGWP10003", "LGWP10004"] {
        stage.siaga.overdue(id).await;
    }
    let messages = stage.meta.wait_for_messages(number, 2).await;
    let (place, bundle) = messages.last().unwrap();
    assert_eq!(bundle["template"]["name"], "siaga_aduan_banyak", "{bundle}");
    let text = bundle.to_string();
    for id in ["LGWP10002", "LGWP10003", "LGWP10004"] {
        assert!(text.contains(id), "{text}");
    }
    assert!(text.contains("OK SEMUA") && !text.contains("LGWP10001"));
    stage.siaga.wait_until_handed_over().await;
    let on = FakeMeta::id_of(*place);
    let body = tap(number, "wamid.b1", "OK SEMUA", &on);
    assert_eq!(stage.signed(&body).await, 200);
    for id in ["LGWP10002", "LGWP10003", "LGWP10004"] {
        let acknowledged = "\"phase\":\"acknowledged\"";
        stage.siaga.wait_for_timeline(id, acknowledged).await;
        assert_eq!(stage.facts(id, "acknowledged").await.len(), 1);
    }
    // The first page was another message; a tap on one that nobody remembers is asked back.
    assert!(stage.facts("LGWP10001", "acknowledged").await.is_empty());
    let before = stage.meta.wait_for_messages(number, 3).await.len();
    let body = tap(number, "wamid.b2", "OK SEMUA", "wamid.old");
    assert_eq!(stage.signed(&body).await, 200);
    stage.meta.wait_for_messages(number, before + 1).await;
    assert!(stage.facts("LGWP10001", "acknowledged").await.is_empty());
    stage.end().await;
}
