//! What is posted for a call, what the script says, and the faults of the settings.

use super::*;
use crate::channel::{
    Channel as _, SendError,
    conformance::{
        NUMBER, example, outgoing,
        server::{Behaviour, Server},
    },
    exchange::http_client,
    registry::GatewaySettings,
};

const EXAMPLE: &str = include_str!("../../../config/gateways/twilio-voice.toml");
const TAKEN: &str = r#"{"sid":"CA87105da94bff44b999e4e6eb90d8eb6a","status":"queued"}"#;
const HOSTILE: &str = "Aduan </Say><Hangup/> & \"satu\" 'dua'\nbaris \u{b}dua";

fn settings() -> Settings {
    match example(EXAMPLE) {
        GatewaySettings::TwilioVoice(settings) => Settings {
            status_callback: Some("https://s.test/hooks/twilio/call".to_owned()),
            key_callback: Some("https://s.test/hooks/twilio/key?a=1".to_owned()),
            ..*settings
        },
        other => panic!("{other:?}"),
    }
}

fn message(text: &str, keys: bool) -> Message {
    Message::Voice {
        language: "id-ID".to_owned(),
        text: text.to_owned(),
        farewell: "Terima kasih.".to_owned(),
        keys,
    }
}

async fn meet(
    settings: Settings,
    message: Message,
    status: u16,
    answer: &str,
) -> (Vec<String>, Result<Sent, SendError>) {
    let server = Server::start(Behaviour::answer(status, answer)).await;
    let settings = Settings {
        base_url: format!("{}/", server.base),
        ..settings
    };
    let channel = TwilioVoice::new("uji".into(), settings, http_client().unwrap()).unwrap();
    let result = channel.send(&outgoing(message)).await;
    (server.requests(), result)
}

fn fields(request: &str) -> Vec<(String, String)> {
    let body = request.split_once("\r\n\r\n").unwrap().1;
    let url = Url::parse(&format!("http://h/?{body}")).unwrap();
    url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn a_call_is_posted_as_the_example_says() {
    let (requests, result) = meet(settings(), message("Halo.\nDua.", true), 201, TAKEN).await;
    let id = "CA87105da94bff44b999e4e6eb90d8eb6a";
    assert_eq!(result.unwrap().gateway_id.as_deref(), Some(id));
    let line = requests[0].lines().next().unwrap();
    let account = "AC00000000000000000000000000000000";
    assert_eq!(
        line,
        format!("POST /2010-04-01/Accounts/{account}/Calls.json HTTP/1.1")
    );
    let script = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>\
        <Gather input=\"dtmf\" numDigits=\"1\" finishOnKey=\"\" timeout=\"8\" \
        action=\"https://s.test/hooks/twilio/key?a=1&amp;reference=LGWP1:s2.r1-budi_sms\" \
        method=\"POST\"><Say language=\"id-ID\" voice=\"Google.id-ID-Standard-A\" loop=\"2\">\
        Halo. Dua.</Say></Gather><Say language=\"id-ID\" voice=\"Google.id-ID-Standard-A\">\
        Terima kasih.</Say><Hangup/></Response>";
    let callback = "https://s.test/hooks/twilio/call?reference=LGWP1:s2.r1-budi_sms";
    let wanted = [
        ("To", NUMBER),
        ("From", "+15005550006"),
        ("Twiml", script),
        ("Timeout", "40"),
        ("MachineDetection", "Enable"),
        ("StatusCallback", callback),
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "completed"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(fields(&requests[0]), wanted);
}

#[tokio::test]
async fn no_word_becomes_an_instruction_and_no_script_is_too_long() {
    let script = settings().script();
    let said = script.markup(&message(HOSTILE, true), "r");
    assert_eq!(said.matches("<Say").count(), 2);
    assert_eq!(said.matches("<Hangup/>").count(), 1);
    assert!(
        said.contains("Aduan &lt;/Say&gt;&lt;Hangup/&gt; &amp; &quot;satu&quot; &apos;dua&apos;"),
        "{said}"
    );
    assert!(!said.contains('\u{b}'));
    let only_told = script.markup(&message("Halo.", false), "r");
    assert!(!only_told.contains("Gather") && !only_told.contains("loop"));
    let long = message(&"kata ".repeat(800), true);
    for (what, settings, message, kind) in [
        ("too long", settings(), long, FailureKind::Permanent),
        (
            "no words",
            settings(),
            message(" ", true),
            FailureKind::Permanent,
        ),
        (
            "a key that nobody hears of",
            Settings {
                key_callback: None,
                ..settings()
            },
            message("Halo.", true),
            FailureKind::Misconfigured,
        ),
    ] {
        let (requests, result) = meet(settings, message, 201, TAKEN).await;
        assert_eq!(result.unwrap_err().kind, kind, "{what}");
        assert_eq!(requests, Vec::<String>::new(), "{what}");
    }
}

#[tokio::test]
async fn what_the_interface_refuses_has_its_kind() {
    for (status, code, kind) in [
        (400, 21_211, FailureKind::WrongAddress),
        (400, 21_217, FailureKind::WrongAddress),
        (400, 21_214, FailureKind::Permanent),
        (400, 21_215, FailureKind::Misconfigured),
        (400, 21_210, FailureKind::Misconfigured),
        (429, 10_004, FailureKind::RateLimited { retry_after: None }),
        (503, 20_503, FailureKind::Temporary),
    ] {
        let answer = format!(r#"{{"code":{code},"message":"as told"}}"#);
        let (_, result) = meet(settings(), message("Halo.", true), status, &answer).await;
        assert_eq!(result.unwrap_err().kind, kind, "{code}");
    }
}

#[test]
fn a_faulty_setting_is_named() {
    type Change = fn(&mut Settings);
    let cases: [(&str, Change); 9] = [
        ("account_sid", |it| it.account_sid = "AC1".into()),
        ("auth_token", |it| it.auth_token = "a b".into()),
        ("from", |it| it.from = "SIAGA".into()),
        ("base_url", |it| it.base_url = "https://h/?a".into()),
        ("ring_for", |it| {
            it.ring_for = jiff::SignedDuration::from_secs(601);
        }),
        ("key_wait", |it| it.key_wait = jiff::SignedDuration::ZERO),
        ("voices.jv-ID", |it| {
            it.voices.insert("jv-ID".into(), "Siti".into());
        }),
        ("voices.id-ID", |it| {
            it.voices.insert("id-ID".into(), "\"/><Hangup/>".into());
        }),
        ("key_callback", |it| it.key_callback = Some("s.test".into())),
    ];
    for (field, change) in cases {
        let mut settings = settings();
        change(&mut settings);
        let fault = TwilioVoice::new("uji".into(), settings, http_client().unwrap()).unwrap_err();
        assert_eq!(fault.field, field, "{fault}");
        assert!(!fault.to_string().contains("change-me"), "{fault}");
    }
}
