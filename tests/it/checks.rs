//! Checks of one's own telephone: is it theirs, does a page arrive, does an answer come back. By the
//! town's machines with a clock that moves when told, and by the real program with a gateway.

use siaga::domain::{
    delivery::{FailureKind, ReceiptKind, Transport},
    fact::What,
    id::{MethodId, ResponderId},
    message::CheckKind,
};
use siaga::{
    domain::conversation::{Check, CheckState},
    inbound::IncomingReceipt,
    store::{CheckFault, CheckOrder},
};

use crate::support::{
    gateway::{Gateway, Request},
    kannel,
    siaga::Siaga,
    town::{Arrived, Town, hours, minutes},
    wait::{self, PATIENCE},
};

/// Orders a check of a person and lets it leave.
async fn order(
    town: &Town,
    person: &str,
    method: Option<&str>,
    kind: CheckKind,
) -> Result<Vec<Check>, CheckFault> {
    let responder = ResponderId::parse(person).unwrap();
    let method = method.map(|it| MethodId::parse(it).unwrap());
    let now = town.inbound.clock.now();
    let order = CheckOrder {
        responder: &responder,
        method: method.as_ref(),
        kind,
        contacts: town.inbound.contacts,
        at: "2026-11-24T07:00".parse().unwrap(),
        now,
    };
    let world = town.worlds.get();
    let mut number = 41;
    let ordered = town.store.order_check(&world, &order, || {
        number += 1;
        number
    });
    let ordered = ordered.await;
    town.engine.settle().await.unwrap();
    ordered
}

async fn checks(town: &Town, person: &str) -> Vec<Check> {
    let id = ResponderId::parse(person).unwrap();
    let talks = town.store.load_conversations(&[id]).await.unwrap();
    talks[0].value.checks.clone()
}

fn to(arrived: &[Arrived], transport: Transport) -> &str {
    let found = arrived.iter().find(|it| it.transport == transport);
    &found
        .unwrap_or_else(|| panic!("nothing by {transport}: {arrived:?}"))
        .text
}

#[tokio::test]
async fn a_telephone_that_answers_with_its_digits_is_known_to_be_theirs() {
    let town = Town::start().await;
    town.complaint("LGWP1").await;
    let asked = order(&town, "budi", None, CheckKind::Verify).await.unwrap();
    // One telephone, one mailbox: two addresses.
    assert_eq!(asked.len(), 2);
    let arrived = town.arrived();
    let text = to(&arrived, Transport::Sms);
    assert!(
        text.contains("kepala DISHUB?") && text.contains(&format!("Balas OK {}", asked[0].code)),
        "{text}"
    );
    assert!(to(&arrived, Transport::Email).contains(&format!("OK {}", asked[1].code)));
    // Somebody else's answer proves nothing.
    town.sms("sari", &format!("OK {}", asked[0].code)).await;
    assert_eq!(checks(&town, "budi").await[0].answered, None);
    town.arrived();
    town.pass(minutes(1)).await;
    town.sms("budi", &format!("ok {}", asked[0].code)).await;
    assert!(town.arrived()[0].text.contains("kini tercatat milik Anda"));
    let done = checks(&town, "budi").await.remove(0);
    assert_eq!(
        done.answered,
        Some((town.inbound.clock.now(), Some(Transport::Sms)))
    );
    town.end().await;
}

#[tokio::test]
async fn what_was_not_verified_is_used_when_all_that_was_has_failed() {
    let town = Town::start().await;
    town.complaint("LGWP1").await;
    let asked = order(&town, "budi", Some("sms"), CheckKind::Verify)
        .await
        .unwrap();
    town.sms("budi", &format!("ok {}", asked[0].code)).await;
    town.fail(Transport::Sms, Some(FailureKind::Permanent));
    town.fail(Transport::Whatsapp, Some(FailureKind::Permanent));
    town.pass(hours(24) - minutes(1)).await;
    town.arrived();
    town.pass(minutes(1)).await;
    let told = town.told();
    assert!(told.contains(&"budi email".to_owned()), "{told:?}");
    town.end().await;
}

#[tokio::test]
async fn a_verification_puts_a_number_back_that_was_called_wrong() {
    let town = Town::start().await;
    town.complaint("LGWP1").await;
    town.sms("budi", "salah nomor").await;
    town.arrived();
    let asked = order(&town, "budi", Some("sms"), CheckKind::Verify)
        .await
        .unwrap();
    assert_eq!(town.told(), ["budi sms"]);
    town.sms("budi", &format!("OK {}", asked[0].code)).await;
    town.arrived();
    town.pass(hours(24)).await;
    assert!(town.told().contains(&"budi sms".to_owned()));
    town.end().await;
}

#[tokio::test]
async fn a_test_page_says_that_it_is_one_and_touches_no_complaint() {
    let town = Town::start().await;
    town.complaint("LGWP1").await;
    town.pass(hours(18)).await;
    town.arrived();
    let asked = order(&town, "budi", None, CheckKind::Test).await.unwrap();
    let page = town.arrived().remove(0);
    assert!(
        page.text.contains("UJI COBA") && page.text.contains("tidak perlu ditindaklanjuti"),
        "{}",
        page.text
    );
    town.pass(minutes(1)).await;
    town.inbound
        .receipt(IncomingReceipt {
            reference: page.reference,
            kind: ReceiptKind::Delivered,
            why: None,
        })
        .await
        .unwrap();
    town.engine.settle().await.unwrap();
    town.arrived();
    // A complaint is open too: a bare OK may mean either, and is asked back.
    town.sms("budi", "OK").await;
    let back = town.arrived();
    assert!(back[0].text.contains("Ada 1 aduan"), "{back:?}");
    let acknowledged = |what: &What| matches!(what, What::Acknowledged { .. });
    assert_eq!(
        town.count("LGWP1", acknowledged).await,
        0,
        "no complaint is touched"
    );
    town.pass(minutes(1)).await;
    town.sms("budi", &format!("OK {}", asked[0].code)).await;
    assert!(town.arrived()[0].text.contains("UJI COBA berhasil"));
    assert_eq!(town.count("LGWP1", acknowledged).await, 0);
    let done = checks(&town, "budi").await.remove(0);
    let after = |at: Option<jiff::Timestamp>| at.unwrap().duration_since(done.asked_at).as_secs();
    assert_eq!(after(done.sent_at), 0);
    assert_eq!(after(done.delivered_at), 60);
    assert_eq!(after(done.answered.map(|(at, _)| at)), 120);
    // With nothing else open a bare OK is enough.
    town.status("LGWP1", "Selesai").await;
    order(&town, "pono", Some("whatsapp"), CheckKind::Test)
        .await
        .unwrap();
    town.sms("pono", "ok").await;
    assert_eq!(
        checks(&town, "pono").await[0].state(town.inbound.clock.now()),
        CheckState::Answered
    );
    town.end().await;
}

#[tokio::test]
async fn a_test_page_falls_back_and_fails_as_pages_do() {
    let town = Town::start().await;
    town.complaint("LGWP1").await;
    town.fail(Transport::Sms, Some(FailureKind::Permanent));
    order(&town, "budi", None, CheckKind::Test).await.unwrap();
    assert_eq!(town.told(), ["budi whatsapp"]);
    order(&town, "sari", Some("sms"), CheckKind::Test)
        .await
        .unwrap();
    let failed = checks(&town, "sari").await.remove(0);
    assert_eq!(failed.state(town.inbound.clock.now()), CheckState::Failed);
    assert!(failed.failed.unwrap().1.starts_with("permanent"));
    let fault = order(&town, "sari", Some("fax"), CheckKind::Test)
        .await
        .unwrap_err();
    assert!(
        fault
            .to_string()
            .contains("write one of sms, whatsapp, email"),
        "{fault}"
    );
    town.end().await;
}

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
[[people]]
id = "kori"
name = "Kori Contohwan"
sms = "0811-0000-0009"
[holders]
"DISHUB.kepala" = "budi"
"KOORDINATOR.penghubung" = "kori"
"#;

fn sms_gateway(gateway: &Gateway) -> String {
    format!(
        r#"
[[gateways]]
name = "sms"
type = "http"
transport = "sms"
method = "POST"
url = "{}"
two_way = true
[gateways.body]
kind = "form"
[gateways.body.fields]
reference = "{{{{ reference }}}}"
to = "{{{{ to }}}}"
text = "{{{{ text }}}}"
"#,
        gateway.url()
    )
}

/// The digits after OK in a text.
fn digits(request: &Request) -> String {
    let (_, rest) = request.text().split_once("OK ").expect("a way to answer");
    rest.chars().take_while(char::is_ascii_digit).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_checks_telephones_by_the_interface_and_the_command_line() {
    let gateway = Gateway::start();
    let mut siaga = Siaga::prepare();
    siaga.write(kannel::SECRET, &sms_gateway(&gateway), PEOPLE);
    siaga.start().await;
    let (_, before) = siaga.get("/api/v1/responders").await;
    assert!(before.contains("\"unverified_methods\":2"), "{before}");
    assert!(
        !before.contains("811000000"),
        "addresses are masked: {before}"
    );

    let path = "/api/v1/responders/budi/methods/sms/verify";
    let (status, text) = siaga.post(path, "application/json", String::new()).await;
    assert_eq!(status, 202, "{text}");
    let asked = gateway
        .wait_for_request(
            "the question",
            |it| it.text().contains("Apakah ini"),
            PATIENCE,
        )
        .await;
    assert_eq!(asked.to(), "6281100000001");
    let code = digits(&asked);
    assert!(
        !text.contains(&code),
        "the digits are answered, not looked up: {text}"
    );
    let reply = [
        ("secret", kannel::SECRET),
        ("from", "+6281100000001"),
        ("text", &format!("OK {code}")),
        ("id", "m1"),
    ];
    siaga.caller().get("/hooks/kannel/mo", &reply).await;
    wait::eventually_asked("budi to be verified", PATIENCE, || async {
        let (_, text) = siaga.get("/api/v1/responders/budi").await;
        (text.contains("\"state\":\"answered\"") && text.contains("\"verified_at\":\"2"))
            .then_some(())
    })
    .await;
    gateway
        .wait_for_request(
            "the thanks",
            |it| it.text().contains("milik Anda"),
            PATIENCE,
        )
        .await;

    // The digits told to the administrator: wrong, then right.
    let path = "/api/v1/responders/kori/methods/sms/verify";
    siaga.post(path, "application/json", String::new()).await;
    let asked = gateway
        .wait_for_request(
            "the question to kori",
            |it| it.to() == "6281100000009",
            PATIENCE,
        )
        .await;
    let (text, code) = siaga.run_for_code(&["verify", "kori", "sms", "--code", "99"]);
    assert_eq!(code, 1, "{text}");
    let (text, well) = siaga.run(&["verify", "kori", "sms", "--code", &digits(&asked)]);
    assert!(well && text.contains("verified"), "{text}");
    let (text, _) = siaga.run(&["verify"]);
    assert!(
        text.contains("budi sms") && !text.contains("not verified"),
        "{text}"
    );

    // A test page, and what came of it.
    let siaga = std::sync::Arc::new(siaga);
    let waiting = std::sync::Arc::clone(&siaga);
    let command = std::thread::spawn(move || waiting.run(&["test-page", "budi", "--wait", "20"]));
    let page = gateway
        .wait_for_request(
            "the test page",
            |it| it.text().contains("UJI COBA utk"),
            PATIENCE,
        )
        .await;
    let reply = [
        ("secret", kannel::SECRET),
        ("from", "+6281100000001"),
        ("text", &format!("OK {}", digits(&page))),
        ("id", "m2"),
    ];
    siaga.caller().get("/hooks/kannel/mo", &reply).await;
    let (text, well) = command.join().unwrap();
    assert!(well && text.contains("answered_after_seconds"), "{text}");
    gateway
        .wait_for_request(
            "the thanks",
            |it| it.text().contains("UJI COBA berhasil"),
            PATIENCE,
        )
        .await;

    for (path, body, status, part) in [
        (
            "/api/v1/responders/nobody/test-page",
            "",
            404,
            "there is no person",
        ),
        (
            "/api/v1/responders/budi/test-page",
            r#"{"method": "fax"}"#,
            404,
            "write one of sms",
        ),
        (
            "/api/v1/responders/budi/test-page",
            r#"{"methode": "sms"}"#,
            422,
            "unknown field",
        ),
        (
            "/api/v1/responders/budi/methods/sms/verify",
            r#"{"code": 100}"#,
            422,
            "none is awaited",
        ),
    ] {
        let (found, text) = siaga.post(path, "application/json", body.to_owned()).await;
        assert_eq!(found, status, "{path} {text}");
        assert!(text.contains(part), "{part}: {text}");
    }
}
