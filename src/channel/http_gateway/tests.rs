//! The described providers that are shipped, and the faults of a description.

use reqwest::Url;

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
    domain::message::{Button, Message},
};

const TEXT: &str = "Aduan \"LGWP1\" & 50% <b> é";

fn shipped(source: &str, host: &str, base: &str) -> HttpGateway {
    assert!(source.contains(host), "the example names {host}");
    let settings = example(&source.replace(host, base));
    let GatewaySettings::Http(settings) = settings else {
        panic!("the example is of type http");
    };
    HttpGateway::new("uji".into(), *settings, http_client().unwrap()).unwrap()
}

/// A form body's pairs, sorted.
fn form(request: &str) -> Vec<(String, String)> {
    assert!(request.contains("content-type: application/x-www-form-urlencoded"));
    let body = request.split_once("\r\n\r\n").unwrap().1;
    let url = Url::parse(&format!("http://h/?{body}")).unwrap();
    let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
    pairs.sort();
    pairs
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

async fn meet(
    source: &str,
    host: &str,
    message: Message,
    status: u16,
    answer: &str,
) -> (String, Result<Sent, SendError>) {
    let server = Server::start(Behaviour::answer(status, answer)).await;
    let channel = shipped(source, host, &server.base);
    let result = channel.send(&outgoing(message)).await;
    (server.requests().remove(0), result)
}

fn kind(result: &Result<Sent, SendError>) -> &'static str {
    match result {
        Ok(_) => "sent",
        Err(error) => error.kind.as_str(),
    }
}

#[tokio::test]
async fn zenziva_is_spoken_as_it_is_documented() {
    let source = include_str!("../../../config/gateways/zenziva.toml");
    for (status, answer, expected) in [
        (
            200,
            r#"{"messageId":12,"to":"08","status":"1","text":"Success"}"#,
            "sent",
        ),
        (201, r#"{"messageId":12,"status":1}"#, "sent"),
        (
            200,
            r#"{"status":"0","text":"Saldo tidak cukup"}"#,
            "permanent",
        ),
        (200, r#"{"nothing":"known"}"#, "unknown"),
        (401, r#"{"status":"5"}"#, "misconfigured"),
    ] {
        let message = Message::Sms { text: TEXT.into() };
        let host = "https://console.zenziva.net";
        let (request, result) = meet(source, host, message, status, answer).await;
        assert!(request.starts_with("POST /reguler/api/sendsms/ HTTP/1.1\r\n"));
        assert_eq!(
            form(&request),
            pairs(&[
                ("message", TEXT),
                ("passkey", "change-me-passkey"),
                ("to", "081234567890"),
                ("userkey", "change-me-userkey"),
            ])
        );
        assert_eq!(kind(&result), expected, "{answer}");
        if let Ok(sent) = result {
            assert_eq!(sent.gateway_id.as_deref(), Some("12"));
        }
    }
}

#[tokio::test]
async fn fonnte_is_spoken_as_it_is_documented() {
    let source = include_str!("../../../config/gateways/fonnte.toml");
    for (answer, expected) in [
        (
            r#"{"status":true,"id":["80367170"],"target":["62"],"process":"pending"}"#,
            "sent",
        ),
        (
            r#"{"status":false,"reason":"token invalid"}"#,
            "misconfigured",
        ),
        (
            r#"{"status":false,"reason":"Token Invalid"}"#,
            "misconfigured",
        ),
        (r#"{"status":false,"reason":"anything else"}"#, "permanent"),
    ] {
        let message = Message::WhatsappTemplate {
            name: "x".into(),
            language: "id".into(),
            parameters: Vec::new(),
            buttons: vec![Button {
                payload: "OK 10".into(),
                title: "Terima".into(),
            }],
            preview: TEXT.into(),
        };
        let (request, result) = meet(source, "https://api.fonnte.com", message, 200, answer).await;
        assert!(request.starts_with("POST /send HTTP/1.1\r\n"));
        assert!(request.contains("authorization: change-me-token\r\n"));
        assert_eq!(
            form(&request),
            pairs(&[
                ("countryCode", "62"),
                // There is no button: what it would answer is to be typed.
                (
                    "message",
                    &format!("{TEXT}\n\nKetik / type: *OK 10* (Terima)")
                ),
                ("target", "6281234567890")
            ])
        );
        assert_eq!(kind(&result), expected, "{answer}");
        if let Ok(sent) = result {
            assert_eq!(sent.gateway_id.as_deref(), Some("80367170"));
        }
    }
}

/// Sends `TEXT` by a description whose address begins with `{base}`; the request.
async fn request_of(description: &str) -> String {
    let server = Server::start(Behaviour::answer(200, "")).await;
    let source = format!("transport = 'sms'\n{description}").replace("{base}", &server.base);
    let settings: Settings = toml::from_str(&source).unwrap();
    let channel = HttpGateway::new("uji".into(), settings, http_client().unwrap()).unwrap();
    let message = Message::Sms { text: TEXT.into() };
    channel.send(&outgoing(message)).await.unwrap();
    server.requests().remove(0)
}

#[tokio::test]
async fn a_value_is_escaped_for_the_place_where_it_stands() {
    let request =
        request_of("method = 'GET'\nurl = '{base}/a/{{ text|safe }}/b?m={{ text }}'").await;
    let coded = "Aduan%20%22LGWP1%22%20%26%2050%25%20%3Cb%3E%20%C3%A9";
    assert!(
        request.starts_with(&format!("GET /a/{coded}/b?m={coded} HTTP/1.1")),
        "{request}"
    );

    let request = request_of(
        "url = '{base}'\n[body]\nkind = 'json'\n\
         value = { n = 1, list = ['{{ to_plus }}', { m = 'x {{ text }}' }] }",
    )
    .await;
    let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    let expected = serde_json::json!({ "n": 1, "list": [NUMBER, { "m": format!("x {TEXT}") }] });
    assert_eq!(body, expected);

    for (content_type, template, expected) in [
        (
            "application/json",
            "{\"m\":{{ text }}}",
            r#"{"m":"Aduan \"LGWP1\""#,
        ),
        ("text/xml", "<m>{{ text }}</m>", "&amp; 50% &lt;b&gt; é</m>"),
        (
            "application/x-www-form-urlencoded",
            "m={{ text }}",
            "m=Aduan%20%22LGWP1%22%20%26",
        ),
        ("text/plain", "{{ text }}", TEXT),
    ] {
        let request = request_of(&format!(
            "url = '{{base}}'\n[body]\nkind = 'raw'\ncontent_type = '{content_type}'\n\
             template = '{template}'"
        ))
        .await;
        assert!(
            request.contains(&format!("content-type: {content_type}\r\n")),
            "{request}"
        );
        assert!(request.contains(expected), "{request}");
    }
}

#[test]
fn a_fault_names_the_field_and_hides_secrets() {
    let good = "transport = 'sms'\nurl = 'https://h.test/'\n";
    for (description, field) in [
        (
            "transport = 'email'\nurl = 'https://h.test/'".to_owned(),
            "transport",
        ),
        ("transport = 'sms'\nurl = 'h.test'".to_owned(), "url"),
        (
            "transport = 'sms'\nurl = 'https://h.test/{{ secrets.nokey }}'".to_owned(),
            "url",
        ),
        (format!("{good}method = 'BREW'"), "method"),
        (format!("{good}timeout = '0s'"), "timeout"),
        (format!("{good}[headers]\n'X Y' = '1'"), "headers.X Y"),
        (
            format!("{good}[headers]\nX = '{{{{ txet }}}}'"),
            "headers.X",
        ),
        (format!("{good}[query]\nq = '{{{{ text '"), "query.q"),
        (
            format!("{good}[body]\nkind='json'\nvalue={{a=['{{% if %}}']}}"),
            "body.value.a.0",
        ),
        (format!("{good}[secrets]\nkey = ''"), "secrets.key"),
        (format!("{good}[answer]\nid = 'id'"), "answer.id"),
        (format!("{good}[success]\nequals = 1"), "success.equals"),
        (format!("{good}[success]\nstatus = [404]"), "success.status"),
    ] {
        let settings: Settings = toml::from_str(&description).unwrap();
        let fault = HttpGateway::new("uji".into(), settings, http_client().unwrap()).unwrap_err();
        assert_eq!(fault.field, field, "{fault}");
        assert!(!fault.remedy.is_empty());
    }
    let settings = "transport = 'sms'\nurl = 'https://{{ secrets.k }}@h.test/'\n\
                    [secrets]\nk = 'rahasia'";
    let settings: Settings = toml::from_str(settings).unwrap();
    let fault = HttpGateway::new("uji".into(), settings, http_client().unwrap()).unwrap_err();
    assert!(!format!("{fault:?}").contains("rahasia"), "{fault}");
}
