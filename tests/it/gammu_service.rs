//! The real program with a real gammu-smsd and its dummy telephone.

use std::time::{Duration, Instant};

use siaga::{
    channel::{
        Outgoing,
        registry::{GatewaySettings, Parts, build, http_client},
        sandbox::SandboxBoard,
    },
    domain::{delivery::Address, gsm, message::Message, phone::PhoneNumber},
};

use crate::support::{
    gateway::Gateway,
    siaga::{Settings, Siaga},
    smsd::{SOON, Smsd},
    wait::{PATIENCE, eventually},
};

const TICKET: &str = "LGWP14376928";
const BUDI: &str = "+6281100000001";
const PEOPLE: &str = "[[people]]\nid = \"budi\"\nname = \"Budi Contohwan\"\nsms = \
                      \"0811-0000-0001\"\n[holders]\n\"DISHUB.kepala\" = \"budi\"\n";

/// The program; an attempt is in hand for so long, longer than a gateway is waited for.
async fn started(gateways: &str, in_hand: &str) -> Siaga {
    let mut siaga = Siaga::prepare();
    siaga.set("engine.attempt_timeout", in_hand);
    siaga.write_settings(&Settings {
        more: gateways,
        people: PEOPLE,
        ..Settings::default()
    });
    let (checked, usable) = siaga.run(&["check"]);
    assert!(usable, "{checked}");
    siaga.start().await;
    siaga
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_goes_out_by_the_modem_and_the_reply_comes_in_by_it() {
    let mut smsd = Smsd::start().await;
    let mut siaga = started(&smsd.gateway("20s"), "30s").await;
    siaga.overdue(TICKET).await;
    let page = smsd.wait_for_sms(BUDI, TICKET).await;
    assert!(page.contains("Balas OK 10"), "{page}");
    let told = siaga
        .wait_for_timeline(TICKET, "\"k\":\"attempt_sent\"")
        .await;
    assert!(told.contains("\"gateway\":\"modem\""), "{told}");
    assert!(!told.contains("81100000001"), "{told}");

    // It came while we were dead.
    siaga.kill9();
    smsd.receive(BUDI, "Siap pak 👍");
    eventually("the reply to lie in the inbox", PATIENCE, || {
        smsd.files("in")
            .iter()
            .find(|name| name.contains(BUDI))
            .cloned()
    })
    .await;
    siaga.start().await;
    smsd.wait_for_sms(BUDI, "Anda terima").await;
    let told = siaga
        .wait_for_timeline(TICKET, "\"phase\":\"acknowledged\"")
        .await;
    assert_eq!(told.matches("\"k\":\"acknowledged\"").count(), 1, "{told}");
    let aside = smsd.files("in/done");
    assert!(aside.len() == 1 && aside[0].contains(BUDI), "{aside:?}");
    siaga.stop().await;
    assert_eq!(smsd.sent_to(BUDI).len(), 2, "the page and one answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_in_parts_is_one_reply() {
    let mut smsd = Smsd::start().await;
    let mut siaga = started(&smsd.gateway("20s"), "30s").await;
    siaga.overdue(TICKET).await;
    smsd.wait_for_sms(BUDI, TICKET).await;
    // Neither means anything alone, and the second part comes first.
    smsd.receive_part(BUDI, "K saya terima", Some("0500030A0202"));
    smsd.receive_part(BUDI, "O", Some("0500030A0201"));
    smsd.receive("SIAGA-X", "promo");
    smsd.wait_for_sms(BUDI, "Anda terima").await;
    siaga
        .wait_for_timeline(TICKET, "\"phase\":\"acknowledged\"")
        .await;
    siaga.stop().await;
    assert_eq!(smsd.sent_to(BUDI).len(), 2, "the page and one answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_smsd_does_not_take_goes_another_way_and_not_by_it_later() {
    let mut smsd = Smsd::prepare();
    let other = Gateway::start();
    let gateways = format!(
        "{}\n[[gateways]]\nname = \"cadangan\"\ntype = \"http\"\ntransport = \"sms\"\n\
         method = \"POST\"\nurl = \"{}\"\n[gateways.body]\nkind = \"form\"\n\
         [gateways.body.fields]\nreference = \"{{{{ reference }}}}\"\nto = \"{{{{ to }}}}\"\n\
         text = \"{{{{ text }}}}\"\n",
        smsd.gateway("3s"),
        other.url()
    );
    let mut siaga = started(&gateways, "30s").await;
    siaga.overdue(TICKET).await;
    eventually("the page in the outbox", PATIENCE, || {
        smsd.files("out").pop()
    })
    .await;
    let began = Instant::now();
    let about =
        |request: &crate::support::gateway::Request| request.reference().starts_with(TICKET);
    let request = other.wait_for_request("the page", about, PATIENCE).await;
    let took = request.arrived.duration_since(began);
    println!("by another gateway after {took:?}");
    assert!(took < SOON, "{took:?}");
    let told = siaga
        .wait_for_timeline(TICKET, "\"gateway\":\"cadangan\"")
        .await;
    assert!(told.contains("gammu-smsd runs"), "{told}");
    siaga.stop().await;
    // smsd comes back and finds nothing of it; what another program puts there it sends.
    assert_eq!(smsd.files("out"), Vec::<String>::new());
    std::fs::write(smsd.outbox().join("OUTC_+628110000009_1.txt"), "apa kabar").unwrap();
    smsd.switch_on().await;
    eventually("smsd to work", PATIENCE, || smsd.files("sent").pop()).await;
    assert_eq!(smsd.sent_to(BUDI), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_left_while_we_were_dead_does_not_leave_twice() {
    let mut smsd = Smsd::prepare();
    let mut siaga = started(&smsd.gateway("4s"), "5s").await;
    siaga.overdue(TICKET).await;
    eventually("the page in the outbox", PATIENCE, || {
        smsd.files("out").pop()
    })
    .await;
    siaga.kill9();
    smsd.switch_on().await;
    smsd.wait_for_sms(BUDI, TICKET).await;
    siaga.start().await;
    siaga
        .wait_for_timeline(TICKET, "\"k\":\"attempt_sent\"")
        .await;
    siaga.stop().await;
    smsd.kill9();
    assert_eq!(smsd.parts_of(BUDI).len(), 1, "it was in hand once");
    assert_eq!(smsd.sent_to(BUDI).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn smsd_makes_as_many_parts_of_a_text_as_we_count() {
    let smsd = Smsd::start().await;
    let entry: toml::Table = smsd.gateway("20s").parse().unwrap();
    let mut entry = entry["gateways"][0].as_table().unwrap().clone();
    entry.remove("name");
    let settings: GatewaySettings = entry.try_into().unwrap();
    let parts = Parts {
        http: http_client().unwrap(),
        sandbox: SandboxBoard::default(),
    };
    let channel = build("modem", settings, &parts).unwrap();
    let texts = [
        "a".repeat(160),
        "a".repeat(161),
        "Aduan {LGWP1} lewat € ".repeat(40),
        "✓".repeat(70),
        "✓".repeat(71),
        "a".repeat(1530),
    ];
    for (n, text) in texts.iter().enumerate() {
        let outgoing = Outgoing {
            reference: format!("p:{n}"),
            to: Address::Phone(PhoneNumber::parse(BUDI).unwrap()),
            message: Message::Sms { text: text.clone() },
            in_reply_to: None,
        };
        let began = Instant::now();
        channel.send(&outgoing).await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    let counted: Vec<usize> = texts.iter().map(|text| gsm::measure(text).parts).collect();
    assert_eq!(smsd.parts_of(BUDI), counted);
    assert!(counted.contains(&10), "{counted:?}");
}
