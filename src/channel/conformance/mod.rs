//! The table that every provider over HTTP must pass, against a real server on the loopback.
//!
//! To add a provider, add it to [`providers`]. Nothing here knows how a provider words its request.

pub(super) mod server;

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;

use self::server::{Behaviour, Server};
use super::{
    Channel, Outgoing,
    exchange::{client_with, http_client},
    registry::{GatewaySettings, Parts, build},
    sandbox::SandboxBoard,
};
use crate::domain::{
    delivery::{Address, EmailAddress, FailureKind, Transport},
    message::{Button, Message},
    phone::PhoneNumber,
};

pub(super) const SECRET: &str = "s3cr&t=/value";
pub(super) const NUMBER: &str = "+6281234567890";
const REFERENCE: &str = "LGWP1:s2.r1-budi_sms";
const TIMEOUT: &str = "10s";
/// Where nothing will answer: long enough for a loaded machine to take the request.
const SHORT_TIMEOUT: &str = "1500ms";

pub(super) fn phone(number: &str) -> Address {
    let number: PhoneNumber = serde_json::from_value(number.into()).unwrap();
    Address::Phone(number)
}

/// The first gateway of an example as an operator copies it; the settings' own fields are not ours.
pub(super) fn example(text: &str) -> GatewaySettings {
    let table: toml::Table = text.parse().unwrap();
    let mut gateway = table["gateways"][0].as_table().unwrap().clone();
    for name in ["name", "two_way", "links", "limit", "sender", "price"] {
        gateway.remove(name);
    }
    gateway.try_into().unwrap()
}

pub(super) fn outgoing(message: Message) -> Outgoing {
    Outgoing {
        reference: REFERENCE.into(),
        to: phone(NUMBER),
        message,
        in_reply_to: None,
    }
}

fn sms(text: &str) -> Message {
    Message::Sms { text: text.into() }
}

fn whatsapp(text: &str) -> Message {
    Message::WhatsappText {
        text: text.into(),
        buttons: Vec::new(),
    }
}

fn email() -> Message {
    Message::Email {
        subject: "s".into(),
        text: "t".into(),
        html: "h".into(),
    }
}

fn voice(text: &str) -> Message {
    Message::Voice {
        language: "id-ID".into(),
        text: text.into(),
        farewell: "f".into(),
        keys: true,
    }
}

fn message_of(transport: Transport, text: &str) -> Message {
    match transport {
        Transport::Sms => sms(text),
        Transport::Whatsapp => whatsapp(text),
        Transport::Email => email(),
        Transport::Voice => voice(text),
    }
}

/// One provider of the table.
struct Provider {
    /// Settings in TOML, without `type`'s secrets shown: the server's address comes in `{base}`.
    settings: String,
    /// An answer that means success.
    status: u16,
    body: &'static str,
}

fn providers() -> Vec<Provider> {
    let kannel = format!(
        "type = 'kannel'\naddress = '{{base}}/cgi-bin/sendsms'\nusername = 'siaga'\n\
         password = '{SECRET}'\nfrom = '85001'\ndlr_url = 'https://s.test/dlr'\n\
         timeout = '{TIMEOUT}'\n"
    );
    let whatsapp = format!(
        "type = 'whatsapp_cloud'\nbase_url = '{{base}}'\nphone_number_id = '1055'\n\
         access_token = '{SECRET}'\ntimeout = '{TIMEOUT}'\n"
    );
    let twilio = |transport: &str, more: &str| {
        format!(
            "type = 'twilio'\ntransport = '{transport}'\nbase_url = '{{base}}'\n\
             account_sid = 'AC{zeros}'\nauth_token = '{SECRET}'\nfrom = '+15005550006'\n\
             status_callback = 'https://s.test/status'\ntimeout = '{TIMEOUT}'\n{more}",
            zeros = "0".repeat(32)
        )
    };
    let calls = format!(
        "type = 'twilio_voice'\nbase_url = '{{base}}'\naccount_sid = 'AC{zeros}'\n\
         auth_token = '{SECRET}'\nfrom = '+15005550006'\ntimeout = '{TIMEOUT}'\n\
         status_callback = 'https://s.test/call'\nkey_callback = 'https://s.test/key'\n",
        zeros = "0".repeat(32)
    );
    let contents = format!("templates = {{ 'x.id' = 'HX{}' }}\n", "0".repeat(32));
    let queued = r#"{"sid":"SM1","status":"queued","error_code":null}"#;
    let http = |body: &str| {
        format!(
            "type = 'http'\ntransport = 'sms'\nurl = '{{base}}/send'\ntimeout = '{TIMEOUT}'\n\
             [secrets]\nkey = '{SECRET}'\n[headers]\nX-Reference = '{{{{ reference }}}}'\n\
             [success]\npointer = '/ok'\nequals = true\n{body}"
        )
    };
    let form = http(
        "[body]\nkind = 'form'\nfields = { key = '{{ secrets.key }}', to = '{{ to }}', m = '{{ text }}' }\n",
    );
    let json = http(
        "[body]\nkind = 'json'\nvalue = { key = '{{ secrets.key }}', data = [{ to = '{{ to }}', m = '{{ text }}' }] }\n",
    );
    let query = http("[query]\nkey = '{{ secrets.key }}'\nto = '{{ to }}'\nm = '{{ text }}'\n");
    let taken = r#"{"ok":true}"#;
    vec![
        Provider {
            settings: kannel,
            status: 202,
            body: "0: Accepted for delivery",
        },
        Provider {
            settings: whatsapp,
            status: 200,
            body: r#"{"messages":[{"id":"wamid.1"}]}"#,
        },
        Provider {
            settings: twilio("sms", ""),
            status: 201,
            body: queued,
        },
        Provider {
            settings: twilio("whatsapp", &contents),
            status: 201,
            body: queued,
        },
        Provider {
            settings: calls,
            status: 201,
            body: queued,
        },
        Provider {
            settings: form,
            status: 200,
            body: taken,
        },
        Provider {
            settings: json,
            status: 200,
            body: taken,
        },
        Provider {
            settings: query,
            status: 200,
            body: taken,
        },
    ]
}

impl Provider {
    fn channel(&self, base: &str) -> Arc<dyn Channel> {
        self.channel_with(base, http_client().unwrap())
    }

    fn channel_with(&self, base: &str, http: reqwest::Client) -> Arc<dyn Channel> {
        let settings: GatewaySettings =
            toml::from_str(&self.settings.replace("{base}", base)).unwrap();
        assert!(!format!("{settings:?}").contains(SECRET));
        let sandbox = SandboxBoard::default();
        build("uji", settings, &Parts { http, sandbox }).unwrap()
    }

    /// Sends one good message to a server that behaves so; the failure's kind.
    async fn meet(&self, behaviour: Behaviour) -> Option<FailureKind> {
        let timeout = if behaviour.is_silent() {
            SHORT_TIMEOUT
        } else {
            TIMEOUT
        };
        let hasty = Self {
            settings: self.settings.replace(TIMEOUT, timeout),
            ..*self
        };
        let server = Server::start(behaviour).await;
        let channel = hasty.channel(&server.base);
        let message = message_of(channel.transport(), "Aduan LGWP1 lewat 24 jam.");
        let result = channel.send(&outgoing(message)).await;
        assert_eq!(server.requests().len(), 1, "sent exactly once");
        result.err().map(|error| {
            let told = format!("{error} {error:?} {channel}", channel = channel.name());
            assert!(!told.contains(SECRET), "{told}");
            assert!(!told.contains(&NUMBER[1..]), "{told}");
            assert!(!told.contains("81234567890"), "{told}");
            assert!(error.detail.chars().count() <= 300);
            error.kind
        })
    }
}

#[tokio::test]
async fn every_status_has_its_kind() {
    let echo = format!("{{\"nope\":\"{SECRET} {NUMBER} 081234567890\"}}");
    for provider in providers() {
        for status in 200..=599 {
            if status == provider.status || status == 204 || status == 205 || status == 304 {
                continue;
            }
            let expected = match status {
                200..=299 | 504 => FailureKind::Unknown,
                429 => FailureKind::RateLimited { retry_after: None },
                408 | 425 | 500..=599 => FailureKind::Temporary,
                300..=399 | 401..=405 | 407 | 410 => FailureKind::Misconfigured,
                _ => FailureKind::Permanent,
            };
            let kind = provider.meet(Behaviour::answer(status, &echo)).await;
            assert_eq!(kind, Some(expected), "{status} {}", provider.settings);
        }
    }
}

#[tokio::test]
async fn an_answer_of_success_is_a_success_also_after_an_interim_answer_and_when_doubled() {
    for provider in providers() {
        let answer = server::written(provider.status, provider.body, "");
        for said in [
            answer.clone(),
            format!("HTTP/1.1 103 Early Hints\r\n\r\n{answer}"),
            format!("{answer}{answer}"),
        ] {
            let kind = provider.meet(Behaviour::Say(said.clone().into())).await;
            assert_eq!(kind, None, "{said} {}", provider.settings);
        }
    }
}

#[tokio::test]
async fn a_wish_to_wait_is_passed_on() {
    for provider in providers() {
        let said = server::written(429, "{}", "Retry-After: 7\r\n");
        let retry_after = Some(SignedDuration::from_secs(7));
        assert_eq!(
            provider.meet(Behaviour::Say(said.into())).await,
            Some(FailureKind::RateLimited { retry_after })
        );
    }
}

#[tokio::test]
async fn silence_after_the_request_left_is_unknown() {
    for provider in providers() {
        let head = format!(
            "HTTP/1.1 {} X\r\nContent-Length: 100\r\n\r\nhalf",
            provider.status
        );
        for behaviour in [
            Behaviour::Hang,
            Behaviour::Close,
            Behaviour::SayAndHang(head.clone().into()),
            Behaviour::Say(head.into()),
            Behaviour::Say(b"\x00\xff\xfenonsense\r\n\r\n".to_vec()),
            Behaviour::answer(provider.status, "\u{fffd}garbage {["),
            Behaviour::answer(provider.status, &"x".repeat(10 * 1024 * 1024)),
        ] {
            let label = behaviour.label();
            let kind = provider.meet(behaviour).await;
            assert_eq!(
                kind,
                Some(FailureKind::Unknown),
                "{label} {}",
                provider.settings
            );
        }
    }
}

#[tokio::test]
async fn a_broken_body_does_not_hide_a_refusing_status() {
    for provider in providers() {
        let said = "HTTP/1.1 503 X\r\nContent-Length: 100\r\n\r\nhalf".to_owned();
        let kind = provider.meet(Behaviour::Say(said.into())).await;
        assert_eq!(kind, Some(FailureKind::Temporary), "{}", provider.settings);
    }
}

#[tokio::test]
async fn before_a_connection_stands_nothing_has_left() {
    // Bound and dropped: nobody listens there.
    let closed = server::free_address().await;
    // Accepts and never shakes hands.
    let mute = Server::start(Behaviour::Hang).await;
    let hasty = client_with(Duration::from_millis(200)).unwrap();
    for provider in providers() {
        for base in [
            format!("http://{closed}"),
            mute.base.replace("http:", "https:"),
        ] {
            let channel = provider.channel_with(&base, hasty.clone());
            let message = message_of(channel.transport(), "Aduan");
            let error = channel.send(&outgoing(message)).await.unwrap_err();
            assert_eq!(error.kind, FailureKind::Temporary, "{base} {error}");
            assert!(!error.to_string().contains(SECRET), "{error}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_leaves() {
    let long = "a".repeat(10 * 153 + 1);
    let button = |n: usize, title: &str| Button {
        payload: format!("OK {n}"),
        title: title.into(),
    };
    let buttons = |buttons| Message::WhatsappText {
        text: "t".into(),
        buttons,
    };
    for provider in providers() {
        let server = Server::start(Behaviour::answer(provider.status, provider.body)).await;
        let channel = provider.channel(&server.base);
        let mut refused = vec![outgoing(email())];
        match channel.transport() {
            Transport::Sms => {
                refused.extend([sms(""), sms(" \n"), sms(&long), whatsapp("t")].map(outgoing));
                refused.push(outgoing(sms(&"⚠".repeat(671))));
            }
            Transport::Voice => {
                refused.extend([voice(""), voice(&long.repeat(3)), sms("t")].map(outgoing));
            }
            Transport::Whatsapp | Transport::Email => {
                let four = (1..=4).map(|n| button(n, &n.to_string())).collect();
                refused.extend(
                    [
                        whatsapp(""),
                        whatsapp(&"a".repeat(4097)),
                        sms("t"),
                        buttons(four),
                        buttons(vec![button(1, &"t".repeat(21))]),
                        buttons(vec![button(1, "Ya"), button(2, "Ya")]),
                    ]
                    .map(outgoing),
                );
            }
        }
        let good = outgoing(message_of(channel.transport(), "Aduan"));
        refused.push(Outgoing {
            to: Address::Email(EmailAddress::parse("a@b.test").unwrap()),
            ..good.clone()
        });
        for reference in ["", "a b", "a&b=c", "a\r\nb", "%d"] {
            refused.push(Outgoing {
                reference: reference.into(),
                ..good.clone()
            });
        }
        for message in refused {
            let error = channel.send(&message).await.unwrap_err();
            assert_eq!(error.kind, FailureKind::Permanent, "{message:?}");
        }
        assert_eq!(server.requests(), Vec::<String>::new());
        channel.send(&good).await.unwrap();
    }
}

#[tokio::test]
async fn the_reference_and_the_number_travel_with_the_message() {
    for provider in providers() {
        let server = Server::start(Behaviour::answer(provider.status, provider.body)).await;
        let channel = provider.channel(&server.base);
        let message = message_of(channel.transport(), "Aduan \"1\" & {{ text }} é");
        channel.send(&outgoing(message)).await.unwrap();
        let request = server.requests().remove(0);
        let plain = request.replace("%3A", ":").replace("%253A", ":");
        assert!(plain.contains(REFERENCE), "{request}");
        assert!(plain.contains(&NUMBER[1..]), "{request}");
        assert!(request.contains("user-agent: siaga/"), "{request}");
    }
}

#[tokio::test]
async fn kannel_gets_its_escapes_and_its_alphabet() {
    let provider = providers().remove(0);
    let server = Server::start(Behaviour::answer(202, "0: Accepted for delivery")).await;
    let channel = provider.channel(&server.base);
    channel.send(&outgoing(sms("biasa"))).await.unwrap();
    channel.send(&outgoing(sms("⚠ darurat"))).await.unwrap();
    let parse = |request: &String| {
        let path = request.split(' ').nth(1).unwrap();
        let url = reqwest::Url::parse(&format!("http://h{path}")).unwrap();
        url.query_pairs()
            .into_owned()
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let sent: Vec<_> = server.requests().iter().map(parse).collect();
    let dlr = format!("https://s.test/dlr?reference={REFERENCE}&type=%d&smsc=%F&reply=%A");
    assert_eq!(sent[0]["dlr-url"], dlr);
    assert_eq!(sent[0]["dlr-mask"], "31");
    assert_eq!(sent[0]["password"], SECRET);
    assert_eq!(sent[0]["to"], NUMBER);
    assert_eq!(sent[0].get("coding"), None);
    assert_eq!(
        (sent[1]["coding"].as_str(), sent[1]["charset"].as_str()),
        ("2", "UTF-8")
    );
    assert_eq!(sent[1]["text"], "⚠ darurat");
}
