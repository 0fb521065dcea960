//! Refusals at every step of the dialogue, against a scripted server, and what a letter holds.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::channel::Channel as _;
use crate::domain::{delivery::EmailAddress, message::Message};

/// One line of the script: when a command begins so, this is answered. `HANG` and `CLOSE` do so.
type Script = &'static [(&'static str, &'static str)];

async fn server(script: Script) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, script, ears.clone()));
        }
    });
    (port, heard)
}

async fn talk(stream: TcpStream, script: Script, heard: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    let mut command = "GREETING".to_owned();
    let mut is_letter = false;
    loop {
        let known = [
            ("GREETING", "220 mx.test"),
            ("EHLO", "250-mx.test\r\n250-8BITMIME\r\n250 AUTH PLAIN"),
            ("AUTH", "235 2.7.0 ok"),
            ("DATA", "354 go on"),
        ];
        let said = script
            .iter()
            .chain(&known)
            .find(|(start, _)| command.starts_with(start))
            .map_or("250 2.0.0 ok", |(_, said)| said);
        match said {
            "HANG" => std::future::pending().await,
            "CLOSE" => return,
            said if !is_letter || command == "." => {
                let line = format!("{said}\r\n");
                if stream.get_mut().write_all(line.as_bytes()).await.is_err() {
                    return;
                }
                is_letter = said.starts_with("354");
            }
            _ => {}
        }
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        command = line.trim_end_matches(['\r', '\n']).to_owned();
        heard.lock().unwrap().push(command.clone());
    }
}

fn settings(port: u16, more: &str) -> Settings {
    toml::from_str(&format!(
        "host = '127.0.0.1'\nport = {port}\ntls = 'none'\nhello_name = 'siaga.test'\n\
         from = 'Siaga <siaga@siaga.test>'\ntimeout = '10s'\n{more}"
    ))
    .unwrap()
}

fn channel(port: u16, more: &str) -> EmailSmtp {
    EmailSmtp::new("surat".into(), settings(port, more)).unwrap()
}

fn letter(subject: &str) -> Outgoing {
    Outgoing {
        reference: "LGWP1:s2.r1".into(),
        to: Address::Email(EmailAddress::parse("budi@dishub.test").unwrap()),
        message: Message::Email {
            subject: subject.into(),
            text: "Yth. Kepala\n.\nBalas OK 12 é".into(),
            html: "<p>Yth.</p>".into(),
        },
        in_reply_to: Some("LGWP1:s1".into()),
    }
}

#[tokio::test]
async fn every_refusal_has_its_kind() {
    let cases: &[(Script, &str)] = &[
        (&[("GREETING", "554 5.3.2 no service")], "misconfigured"),
        (&[("GREETING", "421 4.3.2 busy")], "temporary"),
        (&[("GREETING", "HANG")], "temporary"),
        (&[("GREETING", "CLOSE")], "temporary"),
        (&[("AUTH", "535 5.7.8 bad password")], "misconfigured"),
        (&[("AUTH", "454 4.7.0 later")], "temporary"),
        (
            &[("MAIL", "530 5.7.0 authentication required")],
            "misconfigured",
        ),
        (&[("MAIL", "553 5.1.8 sender unknown")], "misconfigured"),
        (&[("MAIL", "CLOSE")], "temporary"),
        (
            &[("RCPT", "550 5.1.1 <budi@dishub.test> unknown")],
            "wrong_address",
        ),
        (
            &[("RCPT", "550-5.1.1 gone\r\n550 5.1.1 really")],
            "wrong_address",
        ),
        (&[("RCPT", "551 5.1.6 moved")], "wrong_address"),
        (&[("RCPT", "553 5.1.3 bad syntax")], "wrong_address"),
        (&[("RCPT", "550 5.2.1 mailbox disabled")], "permanent"),
        (&[("RCPT", "550 no")], "permanent"),
        (&[("RCPT", "552 5.2.2 mailbox full")], "permanent"),
        (
            &[("RCPT", "554 5.7.1 Relay access denied")],
            "misconfigured",
        ),
        (&[("RCPT", "450 4.2.1 greylisted")], "temporary"),
        (&[("RCPT", "HANG")], "temporary"),
        (&[("RCPT", "what?")], "temporary"),
        (&[("DATA", "451 4.3.0 later")], "temporary"),
        (&[("DATA", "CLOSE")], "temporary"),
        (&[(".", "554 5.6.0 spam")], "permanent"),
        (&[(".", "452 4.3.1 disk full")], "temporary"),
        (&[(".", "HANG")], "unknown"),
        (&[(".", "CLOSE")], "unknown"),
        (&[(".", "what?")], "unknown"),
    ];
    for (script, expected) in cases {
        let (port, _) = server(script).await;
        let mut settings = settings(port, "username = 'u'\npassword = 'rahasia'");
        if script[0].1 == "HANG" {
            // Long enough for a loaded machine to come as far as the silence.
            settings.timeout = SignedDuration::from_millis(1500);
        }
        let channel = EmailSmtp::new("surat".into(), settings).unwrap();
        let error = channel.send(&letter("s")).await.unwrap_err();
        assert_eq!(error.kind.as_str(), *expected, "{script:?} {error}");
        assert!(!error.detail.contains("budi@"), "{error}");
        assert!(!format!("{error:?}{channel:?}").contains("rahasia"));
    }
}

#[tokio::test]
async fn nobody_at_the_door_is_temporary() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = channel(port, "").send(&letter("s")).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Temporary);
}

#[tokio::test]
async fn without_starttls_nothing_is_sent_in_the_clear() {
    let (port, heard) = server(&[]).await;
    let mut settings = settings(port, "username = 'u'\npassword = 'rahasia'");
    settings.tls = TlsMode::Starttls;
    let channel = EmailSmtp::new("surat".into(), settings).unwrap();
    let error = channel.send(&letter("s")).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Misconfigured);
    let heard = heard.lock().unwrap().join("\n");
    assert!(
        !heard.contains("AUTH") && !heard.contains("MAIL"),
        "{heard}"
    );
}

#[tokio::test]
async fn a_letter_holds_what_replies_and_machines_need_and_nothing_smuggled() {
    let (port, heard) = server(&[]).await;
    let channel = channel(port, "reply_to = 'balas@siaga.test'");
    let sent = channel
        .send(&letter("Aduan é\r\nBcc: evil@x.test\n\nhello"))
        .await
        .unwrap();
    assert_eq!(sent.gateway_id.as_deref(), Some("<LGWP1=s2.r1@siaga.test>"));
    // The second goes over the same connection.
    channel.send(&letter("Kedua")).await.unwrap();
    let heard = heard.lock().unwrap().clone();
    let starting = |start: &str| heard.iter().filter(|line| line.starts_with(start)).count();
    assert_eq!((starting("EHLO siaga.test"), starting("NOOP")), (1, 1));
    assert_eq!(starting("RCPT TO:<budi@dishub.test>"), 2);
    assert_eq!(starting("MAIL FROM:<siaga@siaga.test>"), 2);
    assert_eq!(starting("Bcc"), 0, "{heard:?}");
    for line in [
        "Message-ID: <LGWP1=s2.r1@siaga.test>",
        "In-Reply-To: <LGWP1=s1@siaga.test>",
        "References: <LGWP1=s1@siaga.test>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "Reply-To: balas@siaga.test",
    ] {
        assert_eq!(starting(line), 2, "{line} {heard:?}");
    }
    assert_eq!(starting("Content-Type: multipart/alternative"), 2);
    assert_eq!(starting("Content-Type: text/html"), 2);
}

#[tokio::test]
async fn where_answers_are_read_letters_are_sealed_and_stand_in_their_complaints_thread() {
    let (port, heard) = server(&[]).await;
    let returns = ReturnAddress::new("balas@siaga.test", Some('+'), "rahasia".into()).unwrap();
    let mut settings = settings(port, "");
    settings.returns = Some(returns.clone());
    let own = EmailSmtp::new("surat".into(), settings.clone()).unwrap();
    let page = "LGWP1:3:budi_0.1";
    let first = Outgoing {
        reference: page.into(),
        in_reply_to: None,
        ..letter("Aduan")
    };
    let answer = Outgoing {
        reference: "r:mail.00112233445566778899aabbccddeeff:LGWP1_0.1".into(),
        in_reply_to: Some(page.into()),
        ..letter("Terima kasih")
    };
    for letter in [&first, &answer] {
        own.send(letter).await.unwrap();
    }
    let sealed = returns.seal(page);
    let heard = |start: &str| {
        let heard = heard.lock().unwrap();
        let lines = heard.iter().filter_map(|line| line.strip_prefix(start));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    // The answer's own reference is too long for an address.
    let to = [
        format!("balas+{sealed}@siaga.test"),
        "balas@siaga.test".into(),
    ];
    let from = heard("MAIL FROM:<");
    for ((line, reply_to), to) in from.iter().zip(heard("Reply-To: ")).zip(&to) {
        assert!(line.starts_with(&format!("{to}>")), "{line}");
        assert_eq!(reply_to, format!("Siaga <{to}>"));
    }
    assert_eq!(from.len(), 2);
    let id = format!("<{sealed}@siaga.test>");
    assert_eq!(heard("Message-ID: ")[0], id);
    let root = "<LGWP1+budi@siaga.test>";
    assert_eq!(heard("In-Reply-To: "), [root.to_owned(), id.clone()]);
    assert_eq!(heard("References: ")[0], root);
    assert!(heard("References: ")[1].starts_with(root));
    // What the gateway's own settings say goes before.
    settings.reply_to = Some("lain@siaga.test".into());
    settings.envelope_from = Some("pantul@siaga.test".into());
    let other = EmailSmtp::new("surat".into(), settings).unwrap();
    other.send(&first).await.unwrap();
    assert!(heard("MAIL FROM:<")[2].starts_with("pantul@siaga.test>"));
    assert_eq!(heard("Reply-To: ")[2], "lain@siaga.test");
}

#[tokio::test]
async fn what_is_no_letter_is_refused_before_a_connection() {
    let (port, heard) = server(&[]).await;
    let channel = channel(port, "");
    let good = letter("s");
    let sms = Message::Sms { text: "t".into() };
    for outgoing in [
        Outgoing {
            message: sms,
            ..good.clone()
        },
        letter("\r\n"),
        letter(&"s".repeat(201)),
        Outgoing {
            reference: "a>b".into(),
            ..good.clone()
        },
        Outgoing {
            in_reply_to: Some("a\r\nb".into()),
            ..good.clone()
        },
    ] {
        let error = channel.send(&outgoing).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Permanent, "{outgoing:?}");
    }
    assert_eq!(*heard.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn a_fault_names_the_field() {
    for (more, field) in [
        ("username = 'u'", "username, password"),
        ("reply_to = 'nobody'", "reply_to"),
        ("envelope_from = 'a b'", "envelope_from"),
        ("message_id_domain = 'a>b'", "message_id_domain"),
    ] {
        let fault = EmailSmtp::new("surat".into(), settings(25, more)).unwrap_err();
        assert_eq!(fault.field, field);
    }
    let mut wrong = settings(25, "");
    wrong.from = "Siaga\r\nBcc: x@y.test <a@b.test>".into();
    assert_eq!(
        EmailSmtp::new("surat".into(), wrong).unwrap_err().field,
        "from"
    );
    let mut wrong = settings(25, "ca_file = '/nowhere/ca.pem'");
    wrong.tls = TlsMode::Tls;
    assert_eq!(
        EmailSmtp::new("surat".into(), wrong).unwrap_err().field,
        "ca_file"
    );
}
