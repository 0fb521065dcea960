//! The WhatsApp channel against a strict stand-in for Meta.

use std::sync::Arc;

use serde_json::json;
use siaga::{
    channel::{
        Channel, Outgoing,
        registry::{GatewaySettings, Parts, build, http_client},
        sandbox::SandboxBoard,
    },
    domain::{
        delivery::{Address, FailureKind},
        message::{Button, Message},
    },
};

use crate::support::fake_meta::{self, FakeMeta, Mood, PHONE_NUMBER_ID, TOKEN};

const NUMBER: &str = "6281234567890";

fn channel(meta: &FakeMeta, token: &str) -> Arc<dyn Channel> {
    patient_channel(meta, token, "10s")
}

fn patient_channel(meta: &FakeMeta, token: &str, timeout: &str) -> Arc<dyn Channel> {
    let settings: GatewaySettings = toml::from_str(&format!(
        "type = 'whatsapp_cloud'\nbase_url = '{}/'\nphone_number_id = '{PHONE_NUMBER_ID}'\n\
         access_token = '{token}'\ntimeout = '{timeout}'\n",
        meta.base_url
    ))
    .unwrap();
    let parts = Parts {
        http: http_client().unwrap(),
        sandbox: SandboxBoard::default(),
    };
    build("wa", settings, &parts).unwrap()
}

fn outgoing(message: Message) -> Outgoing {
    let number = serde_json::from_value(json!(format!("+{NUMBER}"))).unwrap();
    Outgoing {
        reference: "LGWP1:s2".into(),
        to: Address::Phone(number),
        message,
        in_reply_to: None,
    }
}

fn buttons(n: usize) -> Vec<Button> {
    (1..=n)
        .map(|n| Button {
            payload: format!("OK {n}"),
            title: format!("Terima {n}"),
        })
        .collect()
}

fn session(text: &str, buttons: Vec<Button>) -> Message {
    Message::WhatsappText {
        text: text.into(),
        buttons,
    }
}

fn template(parameters: &[&str], buttons: Vec<Button>) -> Message {
    Message::WhatsappTemplate {
        name: "aduan_lewat".into(),
        language: "id".into(),
        parameters: parameters.iter().map(ToString::to_string).collect(),
        buttons,
        preview: "Aduan".into(),
    }
}

#[tokio::test]
async fn every_shape_is_one_that_meta_takes() {
    let meta = fake_meta::start().await;
    let channel = channel(&meta, TOKEN);
    let messages = [
        session("Aduan LGWP1 é", Vec::new()),
        session(&"a".repeat(4096), Vec::new()),
        session(&"a".repeat(1024), buttons(3)),
        template(&[], Vec::new()),
        template(&["LGWP1", "dua\n\tbaris   dan      jarak"], buttons(3)),
    ];
    for (n, message) in messages.into_iter().enumerate() {
        let sent = channel.send(&outgoing(message)).await;
        assert_eq!(meta.violations(), Vec::<String>::new());
        assert_eq!(sent.unwrap().gateway_id, Some(FakeMeta::id_of(n)));
    }
    let taken = meta.messages();
    assert!(
        taken
            .iter()
            .all(|m| m["biz_opaque_callback_data"] == "LGWP1:s2" && m["to"] == NUMBER)
    );
    let components = &taken[4]["template"]["components"];
    assert_eq!(
        components[0]["parameters"][1]["text"],
        "dua baris dan jarak"
    );
    assert_eq!(components[3]["parameters"][0]["payload"], "OK 3");
    assert_eq!(
        taken[2]["interactive"]["action"]["buttons"][0]["reply"]["id"],
        "OK 1"
    );
}

#[tokio::test]
async fn every_error_code_has_its_kind() {
    let meta = fake_meta::start().await;
    let channel = channel(&meta, TOKEN);
    for (status, code, is_transient, expected) in [
        (401, 190, false, "misconfigured"),
        (403, 10, false, "misconfigured"),
        (403, 200, false, "misconfigured"),
        (400, 100, false, "permanent"),
        (400, 368, false, "misconfigured"),
        (400, 131_026, false, "permanent"),
        (400, 131_021, false, "wrong_address"),
        (400, 131_047, false, "window_closed"),
        (400, 130_472, false, "permanent"),
        (400, 131_049, false, "permanent"),
        (400, 131_051, false, "permanent"),
        (429, 130_429, false, "rate_limited"),
        (400, 131_056, false, "rate_limited"),
        (400, 131_048, false, "rate_limited"),
        (400, 80_007, true, "rate_limited"),
        (400, 131_042, false, "misconfigured"),
        (403, 131_031, false, "misconfigured"),
        (404, 132_001, false, "template_refused"),
        (400, 132_015, false, "template_refused"),
        (500, 131_000, false, "temporary"),
        (400, 999_999, true, "temporary"),
        (400, 999_999, false, "permanent"),
        (503, 999_999, false, "temporary"),
        (429, 999_999, false, "rate_limited"),
    ] {
        let mood = Mood::Error {
            status,
            code,
            is_transient,
        };
        meta.set_mood(NUMBER, mood);
        let message = session("Aduan", Vec::new());
        let error = channel.send(&outgoing(message)).await.unwrap_err();
        assert_eq!(error.kind.as_str(), expected, "{code} {error}");
        assert!(error.detail.contains(&code.to_string()), "{error}");
    }
    assert_eq!(meta.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn silence_is_unknown_and_a_broken_server_is_temporary() {
    let meta = fake_meta::start().await;
    let channel = patient_channel(&meta, TOKEN, "2s");
    for (mood, expected) in [
        (Mood::Hang, FailureKind::Unknown),
        (Mood::Broken, FailureKind::Temporary),
    ] {
        meta.set_mood(NUMBER, mood);
        let message = session("Aduan", Vec::new());
        let error = channel.send(&outgoing(message)).await.unwrap_err();
        assert_eq!(error.kind, expected);
    }
    meta.clear_mood(NUMBER);
    let message = session("Aduan", Vec::new());
    channel.send(&outgoing(message)).await.unwrap();
    assert_eq!(meta.messages().len(), 3);
}

#[tokio::test]
async fn a_wrong_token_is_an_operators_matter() {
    let meta = fake_meta::start().await;
    let channel = channel(&meta, "EAAG-salah");
    let message = session("Aduan", Vec::new());
    let error = channel.send(&outgoing(message)).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Misconfigured);
    assert!(!error.to_string().contains("EAAG-salah"));
    assert_eq!(meta.violations(), ["invalid access token"]);
}

#[test]
fn webhooks_are_signed_over_the_bytes_that_travel() {
    let body = fake_meta::text_webhook(NUMBER, "wamid.in1", 1, "siap é 👍", Some("wamid.uji0"));
    assert!(body.is_ascii());
    let rewritten: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let message = &rewritten["entry"][0]["changes"][0]["value"]["messages"][0];
    assert_eq!(message["text"]["body"], "siap é 👍");
    assert_ne!(
        fake_meta::sign(&body),
        fake_meta::sign(rewritten.to_string().as_bytes())
    );
    for body in [
        fake_meta::button_webhook(NUMBER, "wamid.in2", 2, "OK 1", "wamid.uji0"),
        fake_meta::interactive_webhook(NUMBER, "wamid.in3", 3, "OK 1", "wamid.uji0"),
        fake_meta::status_webhook(
            "wamid.uji0",
            NUMBER,
            4,
            "failed",
            Some(131_026),
            Some("p:1"),
        ),
    ] {
        let [(_, first), (_, second)] = fake_meta::twice(&body);
        assert_eq!(first, second);
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
    }
}
