//! What is sent to Twilio, what its answers mean, and the faults of its settings.

use std::collections::BTreeMap;

use super::*;
use crate::{
    channel::{
        Channel as _, SendError,
        conformance::{
            NUMBER, example, outgoing,
            server::{Behaviour, Server},
        },
        exchange::http_client,
        registry::GatewaySettings,
    },
    domain::message::Button,
};

/// The shipped example, and the part of it that is commented out.
const EXAMPLE: &str = include_str!("../../../config/gateways/twilio.toml");
const TAKEN: &str =
    r#"{"sid":"SM87105da94bff44b999e4e6eb90d8eb6a","status":"queued","error_code":null}"#;
const TEXT: &str = "Aduan \"LGWP1\" & 50% <b> é";

/// The second gateway of the example, without its comment marks.
fn whatsapp_example() -> String {
    let (_, second) = EXAMPLE.split_once("# WhatsApp: the same").unwrap();
    let lines = second.lines().filter_map(|line| line.strip_prefix("# "));
    lines
        .filter(|line| line.contains(" = ") || line.starts_with('['))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn settings(source: &str) -> Settings {
    match example(source) {
        GatewaySettings::Twilio(settings) => *settings,
        other => panic!("{other:?}"),
    }
}

fn channel(source: &str, base: &str) -> Twilio {
    let settings = Settings {
        base_url: format!("{base}/"),
        status_callback: Some("https://s.test/hooks/twilio/status".to_owned()),
        ..settings(source)
    };
    assert!(!format!("{settings:?}").contains("change-me-token"));
    Twilio::new("uji".into(), settings, http_client().unwrap()).unwrap()
}

async fn meet(
    source: &str,
    message: Message,
    status: u16,
    answer: &str,
) -> (Vec<String>, Result<Sent, SendError>) {
    let server = Server::start(Behaviour::answer(status, answer)).await;
    let result = channel(source, &server.base).send(&outgoing(message)).await;
    (server.requests(), result)
}

fn form(request: &str) -> BTreeMap<String, String> {
    assert!(request.contains("content-type: application/x-www-form-urlencoded"));
    let body = request.split_once("\r\n\r\n").unwrap().1;
    let url = Url::parse(&format!("http://h/?{body}")).unwrap();
    url.query_pairs().into_owned().collect()
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

const CALLBACK: &str = "https://s.test/hooks/twilio/status?reference=LGWP1:s2.r1-budi_sms";

#[tokio::test]
async fn a_short_message_is_posted_as_the_example_says() {
    let message = Message::Sms { text: TEXT.into() };
    let (requests, result) = meet(EXAMPLE, message, 201, TAKEN).await;
    let path = format!("/2010-04-01/Accounts/AC{}/Messages.json", "0".repeat(32));
    assert!(requests[0].starts_with(&format!("POST {path} HTTP/1.1\r\n")));
    let expected = "authorization: Basic \
        QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDpjaGFuZ2UtbWUtdG9rZW4=\r\n";
    assert!(requests[0].contains(expected), "{}", requests[0]);
    assert_eq!(
        form(&requests[0]),
        pairs(&[
            ("Body", TEXT),
            ("From", "+15005550006"),
            ("StatusCallback", CALLBACK),
            ("To", NUMBER),
            ("ValidityPeriod", "14400"),
        ])
    );
    assert_eq!(
        result.unwrap().gateway_id.as_deref(),
        Some("SM87105da94bff44b999e4e6eb90d8eb6a")
    );
}

#[tokio::test]
async fn a_messaging_service_takes_the_place_of_the_sender() {
    let service = "MG0123456789abcdef0123456789abcdef";
    let sender = format!("messaging_service_sid = \"{service}\"");
    let source = EXAMPLE.replacen("from = \"+15005550006\"", &sender, 1);
    let message = Message::Sms { text: TEXT.into() };
    let (requests, _) = meet(&source, message, 201, TAKEN).await;
    let form = form(&requests[0]);
    assert_eq!(form["MessagingServiceSid"], service);
    assert!(!form.contains_key("From"), "{form:?}");
}

fn template(name: &str) -> Message {
    let button = |payload: &str| Button {
        payload: payload.into(),
        title: payload.into(),
    };
    Message::WhatsappTemplate {
        name: name.into(),
        language: "id".into(),
        parameters: vec!["Ka\nDISHUB".into(), "LGWP1".into()],
        buttons: vec![button("OK 10"), button("DAFTAR")],
        preview: "x".into(),
    }
}

#[tokio::test]
async fn a_template_goes_as_the_content_that_stands_for_it() {
    let source = whatsapp_example();
    let (requests, _) = meet(&source, template("siaga_aduan_lewat"), 201, TAKEN).await;
    assert_eq!(
        form(&requests[0]),
        pairs(&[
            ("ContentSid", "HX00000000000000000000000000000003"),
            (
                "ContentVariables",
                r#"{"1":"Ka DISHUB","2":"LGWP1","3":"OK 10","4":"DAFTAR"}"#
            ),
            ("From", "whatsapp:+15005550006"),
            ("StatusCallback", CALLBACK),
            ("To", &format!("whatsapp:{NUMBER}")),
        ])
    );
    // One that no content stands for is the operator's to mend; nothing leaves.
    let (requests, result) = meet(&source, template("lain"), 201, TAKEN).await;
    let error = result.unwrap_err();
    assert_eq!(
        (requests.len(), error.kind),
        (0, FailureKind::TemplateRefused)
    );
    assert!(error.detail.contains("lain.id"), "{}", error.detail);
    let free = Message::WhatsappText {
        text: TEXT.into(),
        buttons: Vec::new(),
    };
    let (requests, _) = meet(&source, free, 201, TAKEN).await;
    assert_eq!(form(&requests[0])["Body"], TEXT);
    let long = Message::WhatsappText {
        text: "a".repeat(1601),
        buttons: Vec::new(),
    };
    let (requests, result) = meet(&source, long, 201, TAKEN).await;
    assert_eq!(requests.len(), 0);
    assert_eq!(result.unwrap_err().kind, FailureKind::Permanent);
}

#[tokio::test]
async fn an_errors_code_says_what_follows() {
    let error = |code: i64| format!(r#"{{"code":{code},"message":"told","status":400}}"#);
    for (status, answer, expected) in [
        (400, error(21_211), "wrong_address"),
        (400, error(21_614), "wrong_address"),
        (400, error(21_610), "permanent"),
        (400, error(21_408), "misconfigured"),
        (401, error(20_003), "misconfigured"),
        (429, error(20_429), "rate_limited"),
        (400, error(63_016), "window_closed"),
        (400, error(21_655), "template_refused"),
        (400, error(63_027), "template_refused"),
        (400, error(63_041), "template_refused"),
        (400, error(99_999), "permanent"),
        (503, error(20_503), "temporary"),
        (503, error(99_999), "temporary"),
        (500, "oops".to_owned(), "temporary"),
        (200, r#"{"status":"queued"}"#.to_owned(), "unknown"),
        (
            201,
            r#"{"sid":"SM1","status":"failed","error_code":30006,"error_message":"x"}"#.to_owned(),
            "wrong_address",
        ),
    ] {
        let message = Message::Sms { text: TEXT.into() };
        let (_, result) = meet(EXAMPLE, message, status, &answer).await;
        assert_eq!(result.unwrap_err().kind.as_str(), expected, "{answer}");
    }
}

#[test]
fn a_fault_of_the_settings_names_the_field() {
    let whatsapp = whatsapp_example();
    let from = "from = \"+15005550006\"";
    let other_sender = "messaging_service_sid = \"MG00000000000000000000000000000000\"";
    let sid = "AC00000000000000000000000000000000";
    let both = format!("{from}\n{other_sender}");
    for (source, old, new, field) in [
        (EXAMPLE, sid, "ACchange-me", "account_sid"),
        (EXAMPLE, "change-me-token", "", "auth_token"),
        (EXAMPLE, "change-me-token", "rahasia saya", "auth_token"),
        (EXAMPLE, "\"sms\"", "\"email\"", "transport"),
        (EXAMPLE, from, "", "from"),
        (EXAMPLE, from, "from = \"+0815\"", "from"),
        (EXAMPLE, from, "from = \"Dinas Perhubungan\"", "from"),
        (EXAMPLE, from, &both, "from"),
        (
            EXAMPLE,
            from,
            "messaging_service_sid = \"X\"",
            "messaging_service_sid",
        ),
        (EXAMPLE, "\"4h\"", "\"11h\"", "validity"),
        (EXAMPLE, "\"4h\"", "\"0s\"", "validity"),
        (EXAMPLE, "\"15s\"", "\"3m\"", "timeout"),
        (
            EXAMPLE,
            from,
            &format!("{from}\nbase_url = \"x\""),
            "base_url",
        ),
        (
            EXAMPLE,
            from,
            &format!("{from}\nstatus_callback = \"x\""),
            "status_callback",
        ),
        (
            EXAMPLE,
            from,
            &format!("{from}\ntemplates = {{ \"a.id\" = \"HX\" }}"),
            "templates.a.id",
        ),
        (&whatsapp, from, "from = \"SIAGA\"", "from"),
        (
            &whatsapp,
            from,
            &format!("{from}\nvalidity = \"1h\""),
            "validity",
        ),
        (
            &whatsapp,
            "_lewat.id\" = \"HX0",
            "_lewat.id\" = \"HY0",
            "templates.siaga_aduan_lewat.id",
        ),
        (
            &whatsapp,
            "siaga_aduan_lewat.id",
            "lewat",
            "templates.lewat",
        ),
    ] {
        let changed = settings(&source.replacen(old, new, 1));
        let fault = Twilio::new("uji".into(), changed, http_client().unwrap()).unwrap_err();
        assert_eq!(fault.field, field, "{fault}");
        assert!(!fault.to_string().contains("rahasia"), "{fault}");
    }
    let (without, _) = whatsapp.split_once("[gateways.templates]").unwrap();
    let http = http_client().unwrap();
    let fault = Twilio::new("uji".into(), settings(without), http.clone()).unwrap_err();
    assert_eq!(fault.field, "templates");
    for sender in ["from = \"85001\"", "from = \"SIAGA JTG\"", other_sender] {
        let changed = settings(&EXAMPLE.replacen(from, sender, 1));
        assert!(
            Twilio::new("uji".into(), changed, http.clone()).is_ok(),
            "{sender}"
        );
    }
}
