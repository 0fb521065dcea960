//! Each peer alone does what the other tests rely on, so that a failure there is ours.

use std::time::{Duration, Instant};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, message::MultiPart,
    transport::smtp::authentication::Credentials,
};

use crate::support::{
    gateway::{Answer, Gateway, Request},
    kannel::{self, Kannel},
    percent,
    process::Process,
    redis::{Durability, RedisServer},
    smtp::{self, SmtpServer},
    wait::{PATIENCE, eventually},
};

const HEAD: &str = "+6281234567890";

/// A client that speaks plain HTTP; the TLS provider must be named all the same.
fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().build().unwrap()
}

async fn send_by_kannel(kannel: &Kannel, text: &str, receipts: &str) -> (u16, String) {
    let answer = http()
        .get(kannel.send_url())
        .query(&[
            ("username", kannel::USERNAME),
            ("password", kannel::PASSWORD),
            ("from", "SIAGA"),
            ("to", HEAD),
            ("text", text),
            ("charset", "UTF-8"),
            ("dlr-mask", "31"),
            (
                "dlr-url",
                &format!("{receipts}/hooks/kannel/dlr?id=page-1&type=%d"),
            ),
        ])
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn is_receipt(request: &Request, kind: &str) -> bool {
    request.path == "/hooks/kannel/dlr"
        && request.field("id") == "page-1"
        && request.field("type") == kind
}

#[tokio::test]
async fn kannel_delivers_reports_and_passes_replies_on() {
    let ours = Gateway::start();
    ours.answer_everyone(Answer::empty());
    let kannel = Kannel::start(&ours.url()).await;

    let text = "SIAGA: Yth. Ka DISHUB. Balas OK 12 utk terima. 100% & + = ?";
    let (status, _) = send_by_kannel(&kannel, text, &ours.url()).await;
    assert_eq!(status, 202);
    let sms = kannel
        .wait_for_sms(HEAD, |sms| sms.text == text, PATIENCE)
        .await;
    assert_eq!(sms.from, "SIAGA");
    // Their order is not promised: each is waited for by itself.
    for kind in ["1", "8"] {
        let what = format!("the receipt {kind}");
        ours.wait_for_request(&what, |seen| is_receipt(seen, kind), PATIENCE)
            .await;
    }

    kannel.reply(HEAD, "Siap, OK 12 & 100%");
    let is_reply = |seen: &Request| seen.path == "/hooks/kannel/mo";
    let reply = ours.wait_for_request("the reply", is_reply, PATIENCE).await;
    assert_eq!(reply.field("secret"), kannel::SECRET);
    assert_eq!(reply.field("from"), HEAD);
    assert_eq!(reply.to(), kannel::SERVICE_NUMBER);
    assert_eq!(reply.text(), "Siap, OK 12 & 100%");
    assert!(!reply.field("id").is_empty());
    let sent_at: i64 = reply.field("ts").parse().unwrap();
    assert!(
        sent_at > 1_700_000_000,
        "{sent_at} is in seconds since 1970"
    );
}

#[tokio::test]
async fn kannel_splits_a_long_text_into_parts_of_153() {
    let ours = Gateway::start();
    let kannel = Kannel::start(&ours.url()).await;
    send_by_kannel(&kannel, &"A".repeat(200), &ours.url()).await;
    let ends = |sms: &crate::support::phone::Mt| sms.text.len() == 47;
    kannel.wait_for_sms(HEAD, ends, PATIENCE).await;
    let lengths: Vec<_> = kannel
        .phone
        .received()
        .iter()
        .map(|sms| sms.text.len())
        .collect();
    assert_eq!(lengths, [153, 47]);
}

#[tokio::test]
async fn kannel_queues_while_the_phone_is_off_and_calls_back_when_we_return() {
    let mut ours = Gateway::start();
    ours.answer_everyone(Answer::empty());
    let mut kannel = Kannel::start(&ours.url()).await;

    kannel.phone.switch_off();
    // Kannel notices after a moment; until then it answers "0: Accepted" and still queues.
    let (status, _) = send_by_kannel(&kannel, "queued", &ours.url()).await;
    assert_eq!(status, 202);
    ours.stop();
    kannel.phone.switch_on().await;
    kannel
        .wait_for_sms(HEAD, |sms| sms.text == "queued", PATIENCE)
        .await;
    kannel.reply(HEAD, "ok 7");
    ours.restart();
    let is_reply = |seen: &Request| seen.text() == "ok 7";
    ours.wait_for_request("the reply", is_reply, PATIENCE).await;

    kannel.stop_smsbox().await;
    let refused = http().get(kannel.send_url()).send().await;
    assert!(refused.unwrap_err().is_connect());
    kannel.start_smsbox().await;
    kannel.restart().await;
    let (status, _) = send_by_kannel(&kannel, "after the outage", &ours.url()).await;
    assert_eq!(status, 202);
    let back = kannel.wait_for_sms(HEAD, |sms| sms.text == "after the outage", PATIENCE);
    back.await;
}

#[tokio::test]
async fn the_mail_server_keeps_what_it_takes_and_refuses_by_name() {
    let server = SmtpServer::start().await;
    let user = Credentials::new(smtp::USERNAME.into(), smtp::PASSWORD.into());
    let client = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(server.port())
        .credentials(user)
        .build();
    let mail_to = |to: &str| {
        Message::builder()
            .from("Siaga <siaga@jateng.test>".parse().unwrap())
            .to(to.parse().unwrap())
            .subject("Aduan belum direspons: 24 jam – Kab. Pati")
            .multipart(MultiPart::alternative_plain_html(
                "Yth. Kepala Dinas é".to_owned(),
                "<p>Yth. Kepala Dinas é</p>".to_owned(),
            ))
            .unwrap()
    };

    client.send(mail_to("head@jateng.test")).await.unwrap();
    let mail = server.wait_for_mail("head@jateng.test", PATIENCE).await;
    assert_eq!(mail.from, "siaga@jateng.test");
    assert_eq!(mail.user.as_deref(), Some(smtp::USERNAME));
    assert_eq!(
        mail.header("subject"),
        "Aduan belum direspons: 24 jam – Kab. Pati"
    );
    assert_eq!(mail.text.trim_end(), "Yth. Kepala Dinas é");
    assert_eq!(mail.html.trim_end(), "<p>Yth. Kepala Dinas é</p>");
    assert!(mail.raw.windows(5).any(|bytes| bytes == b"From:"));

    let nobody = client
        .send(mail_to("nobody@jateng.test"))
        .await
        .unwrap_err();
    assert!(nobody.is_permanent(), "{nobody}");
    let later = client.send(mail_to("later@jateng.test")).await.unwrap_err();
    assert!(later.is_transient(), "{later}");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn redis_keeps_what_it_acknowledged_when_it_is_killed() {
    let mut server = RedisServer::start(Durability::Always).await;
    assert_eq!(server.cli(&["SET", "kept", "yes"]), "OK");
    server.kill9();
    server.restart().await;
    assert_eq!(server.cli(&["GET", "kept"]), "yes");
    server.restart().await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let kept: String = redis::cmd("GET")
        .arg("kept")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(kept, "yes");
    assert!(server.socket().exists());
}

#[tokio::test]
async fn redis_without_a_file_forgets() {
    let mut server = RedisServer::start(Durability::None).await;
    server.cli(&["SET", "kept", "yes"]);
    server.kill9();
    server.restart().await;
    assert_eq!(server.cli(&["EXISTS", "kept"]), "0");
}

#[tokio::test]
async fn the_gateway_records_and_misbehaves() {
    let mut gateway = Gateway::start();
    let client = http();
    let limit = Duration::from_millis(300);
    let send = |to: &str| {
        let message = serde_json::json!({"reference": "page-1:1", "to": to, "text": "halo"});
        let request = client.post(format!("{}/send", gateway.url()));
        request.json(&message).timeout(limit).send()
    };

    gateway.answer("+62813", Answer::status(503));
    gateway.answer("+62814", Answer::Hang);
    gateway.answer("+62815", Answer::CloseAfterReading);
    let late = Duration::from_millis(50);
    gateway.answer("+62816", Answer::Slowly(late, Box::new(Answer::accept())));
    gateway.answer("+62817", Answer::Twice(Box::new(Answer::accept())));

    let accepted = send("+62812").await.unwrap();
    assert_eq!(
        accepted.text().await.unwrap(),
        r#"{"id":"gw-1","status":"accepted"}"#
    );
    assert_eq!(send("+62813").await.unwrap().status(), 503);
    assert!(send("+62814").await.unwrap_err().is_timeout());
    let closed = send("+62815").await.unwrap_err();
    assert!(!closed.is_timeout() && !closed.is_connect(), "{closed:?}");
    let start = Instant::now();
    assert_eq!(send("+62816").await.unwrap().status(), 200);
    assert!(start.elapsed() >= late);
    assert_eq!(send("+62817").await.unwrap().status(), 200);

    let form = format!("to={}&text=a+b&reference=r", "%2B62812");
    assert_eq!(percent::fields(&form).len(), 3);
    let kind = "application/x-www-form-urlencoded";
    let request = client.post(gateway.url()).header("content-type", kind);
    request.body(form).send().await.unwrap();
    gateway.wait_for_count(7, PATIENCE).await;
    let requests = gateway.requests();
    assert_eq!(requests[0].method, "POST");
    assert_eq!(
        (requests[0].reference(), requests[0].text()),
        ("page-1:1", "halo")
    );
    assert_eq!((requests[6].to(), requests[6].text()), ("+62812", "a b"));
    assert_eq!(requests[0].headers["content-type"], "application/json");
    assert!(requests[6].arrived >= requests[0].arrived && !requests[6].body.is_empty());

    gateway.stop();
    // A fresh client each time: a kept connection would tell of its own end instead.
    let away = http().get(gateway.url()).send().await;
    assert!(away.unwrap_err().is_connect());
    gateway.restart();
    let back = http().get(gateway.url()).send().await.unwrap();
    assert_eq!(back.status(), 200);
}

#[tokio::test]
async fn a_child_and_its_children_end_with_their_guard() {
    let folder = tempfile::tempdir().unwrap();
    let script = "sleep 300 & echo \"started $$ $!\"; wait";
    let mut process = Process::start("shell", "sh", ["-c", script], folder.path());
    let line = process.wait_for_line("started").await;
    let ids: Vec<_> = line.split(' ').skip(1).map(str::to_owned).collect();
    assert_eq!(ids[0], process.id().to_string());
    drop(process);
    // The kernel carries the signal out in its own time. A dead child of somebody else may wait to
    // be collected (state Z).
    for id in ids {
        let stat = format!("/proc/{id}/stat");
        let gone = || match std::fs::read_to_string(&stat) {
            Ok(state) => state.contains(") Z ").then_some(()),
            Err(_) => Some(()),
        };
        eventually(&format!("{id} to end"), PATIENCE, gone).await;
    }
}
