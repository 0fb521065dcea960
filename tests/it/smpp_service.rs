//! The real program bound to an SMSC that others wrote.

use std::time::Instant;

use siaga::clock::patience;

use crate::support::{
    siaga::{Settings, Siaga},
    smsc::{PASSWORD, SERVICE_NUMBER, SOON, SYSTEM_ID, Smsc},
    smtp::SmtpServer,
    wait::PATIENCE,
};

const TICKET: &str = "LGWP14376928";

/// A head with this telephone, and a mailbox where there is to be a second way.
fn head(sms: &str, mailbox: bool) -> String {
    let email = if mailbox {
        "email = \"budi@dishub.test\"\n"
    } else {
        ""
    };
    format!(
        "[[people]]\nid = \"budi\"\nname = \"Budi Contohwan\"\nsms = \"{sms}\"\n{email}\
         [holders]\n\"DISHUB.kepala\" = \"budi\"\n"
    )
}

fn gateway(smsc: &Smsc, password: &str) -> String {
    format!(
        "[[gateways]]\nname = \"smsc\"\ntype = \"smpp\"\naddress = \"{}\"\nsystem_id = \
         \"{SYSTEM_ID}\"\npassword = \"{password}\"\nfrom = \"{SERVICE_NUMBER}\"\n\
         enquire_link = \"2s\"\ntimeout = \"2s\"\n",
        smsc.address()
    )
}

fn mail_gateway(mail: &SmtpServer) -> String {
    format!(
        "[[gateways]]\nname = \"mail\"\ntype = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\n\
         tls = \"none\"\nfrom = \"Siaga <siaga@siaga.test>\"\n",
        mail.port()
    )
}

async fn started(gateways: &str, people: &str) -> Siaga {
    let mut siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: gateways,
        people,
        ..Settings::default()
    });
    let (checked, usable) = siaga.run(&["check"]);
    assert!(usable, "{checked}");
    siaga.start().await;
    siaga
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_goes_out_its_receipt_and_the_reply_come_in_and_the_answer_goes_out() {
    let smsc = Smsc::start().await;
    let mut siaga = started(&gateway(&smsc, PASSWORD), &head("0811-0000-0001", false)).await;
    assert_eq!(smsc.wait_for("bound", 1).await[0]["version"], 0x34);
    siaga.overdue(TICKET).await;
    let page = smsc.wait_for_sms("6281100000001", TICKET).await;
    assert_eq!(page["from"], SERVICE_NUMBER);
    assert_eq!(
        (page["esm_class"].as_u64(), page["coding"].as_u64()),
        (Some(0), Some(0))
    );
    assert_eq!(page["registered"], 1);
    assert!(
        page["text"].as_str().unwrap().contains("Balas OK 10"),
        "{page}"
    );
    let told = siaga
        .wait_for_timeline(TICKET, "\"receipt\":\"delivered\"")
        .await;
    assert!(told.contains("\"gateway\":\"smsc\""), "{told}");
    assert_eq!(smsc.wait_for("receipt_answered", 1).await[0]["status"], 0);

    // Answered with success, so it is durable: a kill now loses nothing.
    assert_eq!(smsc.reply("6281100000001", "Siap pak, laksanakan"), 0);
    siaga.kill9();
    siaga.start().await;
    smsc.wait_for_sms("6281100000001", "Anda terima").await;
    let told = siaga
        .wait_for_timeline(TICKET, "\"phase\":\"acknowledged\"")
        .await;
    assert_eq!(told.matches("\"k\":\"acknowledged\"").count(), 1, "{told}");
    assert_eq!(
        smsc.reply("6289999999999", "siapa ini"),
        0,
        "a stranger is answered too"
    );
    siaga.stop().await;
    assert_eq!(smsc.wait_for("unbound", 1).await.len(), 1, "it takes leave");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_in_parts_is_one_reply() {
    let smsc = Smsc::start().await;
    let mut siaga = started(&gateway(&smsc, PASSWORD), &head("0811-0000-0001", false)).await;
    siaga.overdue(TICKET).await;
    smsc.wait_for_sms("6281100000001", TICKET).await;
    // Neither means anything alone, and the second part comes first.
    let parts = [
        (Some("050003070202"), "K saya terima"),
        (Some("050003070201"), "O"),
    ];
    assert_eq!(smsc.parts("6281100000001", &parts), [0, 0]);
    smsc.wait_for_sms("6281100000001", "Anda terima").await;
    siaga
        .wait_for_timeline(TICKET, "\"phase\":\"acknowledged\"")
        .await;
    siaga.stop().await;
    assert_eq!(smsc.events("message").len(), 2, "the page and one answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_finds_its_page_after_a_kill() {
    let smsc = Smsc::start().await;
    let people = head("0811-0000-0066", false);
    let mut siaga = started(&gateway(&smsc, PASSWORD), &people).await;
    siaga.overdue(TICKET).await;
    siaga
        .wait_for_timeline(TICKET, "\"k\":\"attempt_sent\"")
        .await;
    siaga.kill9();
    siaga.start().await;
    smsc.wait_for("bound", 2).await;
    assert_eq!(smsc.late_receipt("6281100000066", "DELIVRD"), 0);
    siaga
        .wait_for_timeline(TICKET, "\"receipt\":\"delivered\"")
        .await;
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_network_cannot_deliver_goes_another_way() {
    for (sms, receipt) in [("0811-0000-0099", "UNDELIV"), ("0811-0000-0077", "EXPIRED")] {
        let smsc = Smsc::start().await;
        let mail = SmtpServer::start().await;
        let gateways = gateway(&smsc, PASSWORD) + &mail_gateway(&mail);
        let mut siaga = started(&gateways, &head(sms, true)).await;
        siaga.overdue(TICKET).await;
        let told = siaga
            .wait_for_timeline(TICKET, "\"receipt\":\"failed\"")
            .await;
        assert!(told.contains("\"k\":\"attempt_sent\""), "{receipt}: {told}");
        let letter = mail.wait_for_mail("budi@dishub.test", PATIENCE).await;
        assert!(letter.header("subject").contains(TICKET), "{receipt}");
        siaga.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_message_goes_again_and_a_wrong_number_does_not() {
    let smsc = Smsc::start().await;
    let mut siaga = started(&gateway(&smsc, PASSWORD), &head("0811-0000-0088", false)).await;
    siaga.overdue(TICKET).await;
    smsc.wait_for("throttled", 1).await;
    let told = siaga
        .wait_for_timeline(TICKET, "\"kind\":{\"rate_limited\"")
        .await;
    assert!(!told.contains("\"k\":\"page_failed\""), "{told}");
    siaga.stop().await;

    let smsc = Smsc::start().await;
    let mut siaga = started(&gateway(&smsc, PASSWORD), &head("0811-0000-0011", false)).await;
    siaga.overdue(TICKET).await;
    let told = siaga
        .wait_for_timeline(TICKET, "\"kind\":\"wrong_address\"")
        .await;
    assert!(!told.contains("81100000011"), "{told}");
    // The number goes out of use, which is about no complaint; that it was the last way is.
    siaga
        .wait_for_timeline(TICKET, "\"k\":\"page_failed\"")
        .await;
    assert_eq!(smsc.events("message").len(), 0);
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_smsc_that_was_killed_is_bound_again_and_nothing_is_lost() {
    let mut smsc = Smsc::start().await;
    let mut siaga = started(&gateway(&smsc, PASSWORD), &head("0811-0000-0001", false)).await;
    smsc.wait_for("bound", 1).await;
    smsc.kill9();
    for n in 0..5 {
        siaga.overdue(&format!("K{n}")).await;
    }
    siaga
        .wait_for_timeline("K0", "\"k\":\"attempt_begun\"")
        .await;
    smsc.restart().await;
    let back = Instant::now();
    smsc.wait_for("bound", 2).await;
    assert!(back.elapsed() < SOON, "{:?}", back.elapsed());
    for n in 0..5 {
        smsc.wait_for_sms("6281100000001", &format!("K{n}")).await;
    }
    assert_eq!(smsc.reply("6281100000001", "OK semua"), 0);
    for n in 0..5 {
        siaga
            .wait_for_timeline(&format!("K{n}"), "\"phase\":\"acknowledged\"")
            .await;
    }
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_an_alarm_and_no_storm_of_binds() {
    let smsc = Smsc::start().await;
    let mut siaga = started(&gateway(&smsc, "salah"), &head("0811-0000-0001", false)).await;
    smsc.wait_for("refused", 1).await;
    siaga.overdue(TICKET).await;
    let told = siaga
        .wait_for_timeline(TICKET, "\"kind\":\"misconfigured\"")
        .await;
    assert!(
        told.contains("{\"alarm\":\"gateway_misconfigured\",\"gateway\":\"smsc\"}"),
        "{told}"
    );
    assert!(told.contains("look at system_id, password"), "{told}");
    assert!(!told.contains("salah"), "{told}");
    // Longer than all the pauses after a lost connection that are below the first after a refusal.
    patience(std::time::Duration::from_secs(5)).await;
    assert_eq!(smsc.events("refused").len(), 1);
    siaga.stop().await;
}
