//! The real program, a real Kannel, a real mail server, a real Redis.

use std::{collections::HashMap, time::Duration};

use crate::support::{
    gateway::{Answer, Gateway},
    kannel::{self, Kannel},
    siaga::Siaga,
    smtp::SmtpServer,
    wait::PATIENCE,
};

const HEAD: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
email = "budi@dishub.test"
[[people]]
id = "kori"
name = "Kori Contohwan"
sms = "0811-0000-0009"
[holders]
"DISHUB.kepala" = "budi"
"KOORDINATOR.penghubung" = "kori"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_miss_goes_out_through_kannel_and_mail_and_one_word_stops_it() {
    let mut siaga = Siaga::prepare();
    let kannel = Kannel::start(&siaga.base()).await;
    let mail = SmtpServer::start().await;
    let gateways = format!(
        r#"
[[gateways]]
name = "kannel"
type = "kannel"
address = "{}"
username = "{}"
password = "{}"
from = "{}"
[[gateways]]
name = "mail"
type = "smtp"
host = "127.0.0.1"
port = {}
tls = "none"
from = "Siaga <siaga@siaga.test>"
"#,
        kannel.send_url(),
        kannel::USERNAME,
        kannel::PASSWORD,
        kannel::SERVICE_NUMBER,
        mail.port(),
    );
    siaga.write(kannel::SECRET, &gateways, HEAD);
    let (checked, usable) = siaga.run(&["check"]);
    assert!(usable, "{checked}");
    siaga.start().await;
    siaga.overdue("LGWP14376928").await;
    let sent = siaga
        .wait_for_timeline("LGWP14376928", "\"gateway\":\"kannel\"")
        .await;
    assert!(!sent.contains("attempt_failed"), "{sent}");
    let page = kannel
        .wait_for_sms(
            "+6281100000001",
            |sms| sms.text.contains("LGWP14376928"),
            PATIENCE,
        )
        .await;
    assert!(page.text.contains("Balas OK 10"), "{}", page.text);
    let letter = mail.wait_for_mail("budi@dishub.test", PATIENCE).await;
    assert!(letter.header("subject").contains("LGWP14376928"));
    assert_eq!(letter.header("auto-submitted"), "auto-generated");
    siaga
        .wait_for_timeline("LGWP14376928", "\"receipt\":\"delivered\"")
        .await;
    kannel.reply("+6281100000001", "Siap pak, laksanakan");
    kannel
        .wait_for_sms(
            "+6281100000001",
            |sms| sms.text.contains("Anda terima"),
            PATIENCE,
        )
        .await;
    let told = siaga
        .wait_for_timeline("LGWP14376928", "\"phase\":\"acknowledged\"")
        .await;
    assert_eq!(told.matches("\"k\":\"missed\"").count(), 1);
    assert_eq!(told.matches("\"k\":\"acknowledged\"").count(), 1);
    let (shown, found) = siaga.run(&["show", "LGWP14376928"]);
    assert!(
        found && shown.contains("Diterima oleh Budi Contohwan"),
        "{shown}"
    );
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_nothing_is_lost_and_little_comes_twice() {
    const COMPLAINTS: usize = 40;
    let gateway = Gateway::start();
    let mut siaga = Siaga::prepare();
    let gateways = format!(
        r#"
[[gateways]]
name = "fast"
type = "http"
transport = "sms"
method = "POST"
url = "{}"
[gateways.body]
kind = "form"
[gateways.body.fields]
reference = "{{{{ reference }}}}"
to = "{{{{ to }}}}"
text = "{{{{ text }}}}"
"#,
        gateway.url()
    );
    let people = HEAD.replace("email = \"budi@dishub.test\"\n", "");
    siaga.write("", &gateways, &people);
    siaga.start().await;
    gateway.answer_everyone(Answer::accept());
    for n in 0..COMPLAINTS {
        siaga.overdue(&format!("K{n}")).await;
        if n == 10 || n == 25 {
            siaga.kill9();
            siaga.start().await;
        }
    }
    siaga.kill9();
    siaga.start().await;
    let everyone = |requests: &[crate::support::gateway::Request]| {
        let mut times: HashMap<String, usize> = HashMap::new();
        for request in requests {
            *times.entry(request.reference().to_owned()).or_default() += 1;
        }
        times
    };
    let until = std::time::Instant::now() + Duration::from_secs(40);
    let times = loop {
        let times = everyone(&gateway.requests());
        if times.len() >= COMPLAINTS {
            break times;
        }
        assert!(
            std::time::Instant::now() < until,
            "{} of {COMPLAINTS} arrived",
            times.len()
        );
        siaga::clock::patience(Duration::from_millis(100)).await;
    };
    assert_eq!(times.len(), COMPLAINTS, "one page each");
    assert!(times.values().all(|n| *n <= 2), "{times:?}");
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    for n in 0..COMPLAINTS {
        let (_, record) = siaga.get(&format!("/api/v1/complaints/K{n}")).await;
        assert_eq!(
            record.matches("\"k\":\"missed\"").count(),
            1,
            "K{n}: {record}"
        );
    }
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_request_is_told_what_is_wrong_and_the_service_lives() {
    let mut siaga = Siaga::prepare();
    siaga.write("", "", HEAD);
    siaga.start().await;
    let at = "/api/v1/complaints";
    let good = r#"{"id":"A1","received_at":"2026-11-01T00:00:00Z","unit":"DISHUB","category":"x"}"#;
    let json = "application/json";
    let cases: [(&str, &str, u16, &str); 10] = [
        (json, good, 201, "\"result\":\"new\""),
        (json, good, 200, "\"result\":\"known\""),
        (
            json,
            r#"{"id":"A1","received_at":"2026-11-01T00:00:00Z","unit":"DISHUB","category":"y"}"#,
            409,
            "category",
        ),
        (json, "{", 422, "not JSON"),
        (
            json,
            r#"{"id":"A2","received_at":"2026-11-01 00:00"}"#,
            422,
            "offset",
        ),
        (
            json,
            r#"{"id":"A2","received_at":"2026-11-01T00:00:00Z","unit":"DISHUP"}"#,
            422,
            "there is no such unit",
        ),
        (
            json,
            r#"{"id":"A3","received_at":"2026-11-01T00:00:00Z","unit":"Dinas Perhubungan"}"#,
            201,
            "\"unit\":\"DISHUB\"",
        ),
        (
            json,
            r#"{"id":"A4","received_at":"2026-11-01T00:00:00Z","unit":"Dinas Yang Tidak Ada"}"#,
            422,
            "there is no such unit",
        ),
        ("text/plain", "x", 415, "application/x-ndjson"),
        (
            "application/x-ndjson",
            "{\"id\":\"B1\",\"received_at\":\"2026-11-01T00:00:00Z\"}\n{\"id\":\"B 2\"}\n",
            207,
            "\"line\":2",
        ),
    ];
    for (kind, body, status, part) in cases {
        let (found, text) = siaga.post(at, kind, body.to_owned()).await;
        assert_eq!(found, status, "{body}: {text}");
        assert!(text.contains(part), "{body}: {text}");
    }
    let (status, text) = siaga
        .post(
            "/api/v1/complaints/A1/progress",
            json,
            r#"{"status":"tidur"}"#.into(),
        )
        .await;
    assert!(status == 422 && text.contains("verifikasi"), "{text}");
    let (status, _) = siaga
        .post(
            "/api/v1/complaints/A1/progress",
            json,
            r#"{"status":"Verifikasi"}"#.into(),
        )
        .await;
    assert_eq!(status, 200);
    for (path, expected) in [
        (
            "/hooks/kannel/mo?from=%2B6281100000001&text=ok&id=1&secret=x",
            403,
        ),
        (
            "/hooks/whatsapp?hub.mode=subscribe&hub.verify_token=x&hub.challenge=1",
            403,
        ),
        ("/a/forged", 403),
        ("/nowhere", 404),
        ("/healthz", 200),
        ("/metrics", 200),
        ("/", 200),
    ] {
        let (status, text) = siaga.get(path).await;
        assert_eq!(status, expected, "{path}: {text}");
    }
    let (status, _) = siaga.post("/hooks/whatsapp", json, "{}".into()).await;
    assert_eq!(status, 403);
    siaga.stop().await;
}
