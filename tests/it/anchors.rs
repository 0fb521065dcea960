//! How far the ledgers have come is noted elsewhere by Siaga itself, everywhere, also where it fails at first; and what
//! was noted proves a chain that was made anew.

use crate::support::{
    gateway::{Answer, Gateway, Request},
    redis::{Durability, RedisServer},
    siaga::{HEAD, Settings, Siaga},
    smtp::SmtpServer,
    wait::{PATIENCE, eventually_asked},
};

fn heads(request: &Request) -> String {
    String::from_utf8_lossy(&request.body).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_noted_everywhere_and_prove_what_stood_before_them() {
    let (hook, operators) = (Gateway::start(), Gateway::start());
    hook.answer_everyone(Answer::status(500));
    let mails = SmtpServer::start().await;
    let redis = RedisServer::start(Durability::Always).await;
    let mut siaga = Siaga::prepare();
    siaga.set("redis.mode", "external");
    siaga.set("redis.url", &redis.url());
    let noted = siaga.folder.path().join("noted");
    siaga.write_settings(&Settings {
        more: &format!(
            "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n\
             [[gateways]]\nname = \"mail\"\ntype = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
             from = \"Siaga <siaga@siaga.test>\"\n\
             [anchors]\nevery = \"1s\"\nfile = \"{}\"\nwebhook = \"{}\"\nemails = [\"notaris@ops.test\"]\n\
             [operators]\nwebhook = \"{}\"\nafter = \"0s\"\n",
            mails.port(),
            noted.display(),
            hook.url(),
            operators.url(),
        ),
        people: HEAD,
        ..Settings::default()
    });
    siaga.start().await;
    siaga.overdue("LGWP93001").await;
    siaga
        .wait_for_timeline("LGWP93001", "\"attempt_sent\"")
        .await;
    operators
        .wait_for_request(
            "the trouble",
            |request| {
                request.field("name") == "anchors_waiting" && request.field("turn") == "begun"
            },
            PATIENCE,
        )
        .await;
    hook.answer_everyone(Answer::empty());
    let told = hook
        .wait_for_request(
            "the webhook",
            |request| request.answer == Answer::empty() && heads(request).contains("\"c0\""),
            PATIENCE,
        )
        .await;
    assert!(heads(&told).contains("\"link\""), "{told:?}");
    operators
        .wait_for_request(
            "its end",
            |request| request.field("name") == "anchors_waiting" && request.field("turn") == "over",
            PATIENCE,
        )
        .await;
    let mail = mails.wait_for_mail("notaris@ops.test", PATIENCE).await;
    assert!(mail.header("subject").contains("kepala buku besar"));

    // What was noted proves the ledger as it is.
    let path = noted.to_str().unwrap().to_owned();
    eventually_asked("the whole ledger to be noted", PATIENCE, || async {
        let text = std::fs::read_to_string(&noted).unwrap_or_default();
        let (heads, _) = siaga.run_for_code(&["ledger", "heads"]);
        text.contains(heads.lines().next()?).then_some(())
    })
    .await;
    let (told, code) = siaga.run_for_code(&["ledger", "verify", "--noted", &path]);
    assert!(code == 0 && told.contains("noted heads"), "{told}");

    // What was noted is taken out: it is told, and nothing of that ledger is noted any more.
    let (heads, _) = siaga.run_for_code(&["ledger", "heads"]);
    let line = heads.lines().find(|line| line.starts_with("c0 ")).unwrap();
    let last = line.split(' ').nth(1).unwrap();
    redis.cli(&["XDEL", "siaga:{c0}:ledger", &format!("{last}-0")]);
    operators
        .wait_for_request(
            "the broken ledger",
            |request| request.field("name") == "ledger_broken" && request.field("turn") == "begun",
            PATIENCE,
        )
        .await;
    let (told, code) = siaga.run_for_code(&["ledger", "verify", "--noted", &path]);
    assert_ne!(code, 0, "{told}");
    siaga.stop().await;
}
