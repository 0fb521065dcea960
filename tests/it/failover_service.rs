//! The real program with two HTTP gateways for short messages, the first of which misbehaves.

use std::time::{Duration, Instant};

use crate::support::{
    gateway::{Answer, Gateway},
    kannel,
    siaga::Siaga,
    wait::PATIENCE,
};

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

const BUDI: &str = "+6281100000001";

/// How long a page may take to its second gateway.
const SOON: Duration = Duration::from_secs(10);

fn entry(name: &str, gateway: &Gateway, more: &str) -> String {
    format!(
        r#"
[[gateways]]
name = "{name}"
type = "http"
transport = "sms"
method = "POST"
url = "{}"
{more}
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

/// The program with the gateways `utama` and `cadangan`, the second for when the first fails.
async fn start(first: &Gateway, second: &Gateway, more: &str) -> Siaga {
    let mut siaga = Siaga::prepare();
    // Longer than any gateway is waited for, as it is by default.
    siaga.set("engine.attempt_timeout", "30s");
    write(&siaga, first, second, more);
    let (checked, usable) = siaga.run(&["check"]);
    assert!(usable, "{checked}");
    siaga.start().await;
    siaga
}

fn write(siaga: &Siaga, first: &Gateway, second: &Gateway, more: &str) {
    let gateways = entry("cadangan", second, "order = 2") + &entry("utama", first, more);
    siaga.write(kannel::SECRET, &gateways, PEOPLE);
}

/// Waits for a complaint's page at a gateway; gives when it came and its reference.
async fn page(gateway: &Gateway, complaint: &str) -> (Instant, String) {
    let what = format!("the page about {complaint}");
    let about = |request: &crate::support::gateway::Request| {
        request.reference().starts_with(&format!("{complaint}:"))
    };
    let request = gateway.wait_for_request(&what, about, PATIENCE).await;
    (request.arrived, request.reference().to_owned())
}

/// How many requests about a complaint came to a gateway.
fn requests(gateway: &Gateway, complaint: &str) -> usize {
    let page = format!("{complaint}:");
    let requests = gateway.requests();
    let about = requests
        .iter()
        .filter(|it| it.reference().starts_with(&page));
    about.count()
}

async fn wait_for_metric(siaga: &Siaga, line: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        let (_, text) = siaga.get("/metrics").await;
        if text.lines().any(|found| found == line) {
            return;
        }
        assert!(Instant::now() < until, "{line} is not in {text}");
        siaga::clock::patience(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_gateway_takes_over_within_ten_seconds_and_gives_back() {
    let (mut first, second) = (Gateway::start(), Gateway::start());
    let siaga = start(&first, &second, "order = 1").await;
    wait_for_metric(&siaga, "siaga_gateway_up{gateway=\"utama\"} 1").await;

    // Silence, with the patience that a gateway has by default.
    first.answer_everyone(Answer::Hang);
    siaga.overdue("HANG").await;
    let (began, reference) = page(&first, "HANG").await;
    let (taken, again) = page(&second, "HANG").await;
    println!("hang: {:?}", taken.duration_since(began));
    assert!(taken.duration_since(began) < SOON);
    assert_eq!(reference, again, "it may have arrived: one reference");

    // Well, slow, or answering twice: the first keeps what it has.
    let late = Answer::Slowly(Duration::from_millis(700), Box::new(Answer::accept()));
    for (complaint, answer) in [
        ("WELL", Answer::accept()),
        ("LATE", late),
        ("TWICE", Answer::Twice(Box::new(Answer::accept()))),
    ] {
        first.answer_everyone(answer);
        siaga.overdue(complaint).await;
        let sent = "\"k\":\"attempt_sent\"";
        let told = siaga.wait_for_timeline(complaint, sent).await;
        assert!(told.contains("\"gateway\":\"utama\""), "{told}");
        assert_eq!(requests(&first, complaint), 1);
    }

    // It reads the request and closes the connection.
    first.answer_everyone(Answer::CloseAfterReading);
    siaga.overdue("CLOSE").await;
    let (began, reference) = page(&first, "CLOSE").await;
    let (taken, again) = page(&second, "CLOSE").await;
    println!("close: {:?}", taken.duration_since(began));
    assert!(taken.duration_since(began) < SOON);
    assert_eq!(reference, again);

    // It asks for a rest, and has it: the next page goes past it.
    first.answer_everyone(Answer::Limited(3));
    siaga.overdue("LIMIT").await;
    let (began, _) = page(&first, "LIMIT").await;
    let (taken, _) = page(&second, "LIMIT").await;
    println!("limit: {:?}", taken.duration_since(began));
    assert!(taken.duration_since(began) < SOON);
    siaga.overdue("PAST").await;
    page(&second, "PAST").await;
    assert_eq!(requests(&first, "PAST"), 0);

    // It is gone: after a few pages it is left alone, and whoever watches is told.
    first.stop();
    for n in 0..6 {
        let complaint = format!("GONE{n}");
        let handed_in = Instant::now();
        siaga.overdue(&complaint).await;
        let (taken, _) = page(&second, &complaint).await;
        assert!(taken.duration_since(handed_in) < SOON);
        if n == 0 {
            // The rest it had asked for is over.
            siaga::clock::patience(Duration::from_secs(3)).await;
        }
    }
    wait_for_metric(&siaga, "siaga_gateway_up{gateway=\"utama\"} 0").await;
    wait_for_metric(&siaga, "siaga_gateway_up{gateway=\"cadangan\"} 1").await;
    let (status, ready) = siaga.get("/readyz").await;
    assert_eq!(status, 200, "it goes on: {ready}");
    assert!(ready.contains("utama is down since"), "{ready}");

    // It comes back, and a page after its cool-down finds out.
    first.answer_everyone(Answer::accept());
    first.restart();
    let until = Instant::now() + Duration::from_mins(1);
    for n in 0.. {
        let complaint = format!("BACK{n}");
        siaga.overdue(&complaint).await;
        siaga
            .wait_for_timeline(&complaint, "\"k\":\"attempt_sent\"")
            .await;
        if requests(&first, &complaint) > 0 {
            break;
        }
        assert!(Instant::now() < until, "never given back");
        siaga::clock::patience(Duration::from_millis(500)).await;
    }
    wait_for_metric(&siaga, "siaga_gateway_up{gateway=\"utama\"} 1").await;
    let (_, ready) = siaga.get("/readyz").await;
    assert!(!ready.contains("gateways_down"), "{ready}");

    // Nobody had more than the one message that each page is, but for what may have arrived.
    for complaint in ["HANG", "CLOSE", "LIMIT", "PAST", "GONE0", "GONE5", "BACK0"] {
        let taken = requests(&second, complaint);
        assert!(taken <= 1, "{complaint}: {taken}");
    }
    for complaint in ["WELL", "LATE", "TWICE"] {
        assert_eq!(requests(&second, complaint), 0, "{complaint}");
    }
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    let mut siaga = siaga;
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answered_while_the_first_gateway_hung_is_not_paged_by_the_second() {
    let (first, second) = (Gateway::start(), Gateway::start());
    let mut siaga = start(&first, &second, "order = 1").await;
    let refusal = Box::new(Answer::status(503));
    first.answer_everyone(Answer::Slowly(Duration::from_secs(4), refusal));
    siaga.overdue("A1").await;
    page(&first, "A1").await;
    // The head has it from elsewhere, and answers while the request is still under way.
    let from = BUDI.replace('+', "%2B");
    let secret = kannel::SECRET;
    let call = format!("/hooks/kannel/mo?from={from}&text=OK&id=r1&secret={secret}");
    let (status, text) = siaga.get(&call).await;
    assert_eq!(status, 200, "{text}");
    let acknowledged = "\"phase\":\"acknowledged\"";
    siaga.wait_for_timeline("A1", acknowledged).await;
    assert_eq!(requests(&second, "A1"), 0, "the first request still hangs");
    let failed = "\"k\":\"attempt_failed\"";
    let told = siaga.wait_for_timeline("A1", failed).await;
    siaga.wait_until_handed_over().await;
    assert_eq!(requests(&second, "A1"), 0, "{told}");
    assert_eq!(told.matches("\"k\":\"attempt_begun\"").count(), 1, "{told}");
    // The confirmation has nothing to stop it.
    let confirmed =
        |request: &crate::support::gateway::Request| request.text().contains("Anda terima");
    second
        .wait_for_request("the confirmation", confirmed, PATIENCE)
        .await;
    assert_eq!(requests(&second, "A1"), 0);
    siaga.stop().await;
}

#[cfg(debug_assertions)] // Only then does the program know how to halt.
#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_turns_to_the_second_gateway_it_still_turns_there() {
    let (first, second) = (Gateway::start(), Gateway::start());
    let mut siaga = Siaga::prepare();
    siaga.set("engine.attempt_timeout", "9s");
    write(&siaga, &first, &second, "order = 1");
    first.answer_everyone(Answer::status(503));
    // The second attempt is on record, and its request has not left.
    let seam = siaga::seam::Seam::AttemptRecorded;
    siaga.start_to_halt(seam, 2).await;
    siaga.overdue("A1").await;
    siaga.wait_until_halted().await;
    assert_eq!((requests(&first, "A1"), requests(&second, "A1")), (1, 0));
    siaga.kill9();
    siaga.start().await;
    page(&second, "A1").await;
    let sent = "\"k\":\"attempt_sent\"";
    let told = siaga.wait_for_timeline("A1", sent).await;
    assert!(told.contains("\"gateway\":\"cadangan\""), "{told}");
    // What it had learnt of the first gateway for this page was durable.
    assert_eq!((requests(&first, "A1"), requests(&second, "A1")), (1, 1));
    siaga.stop().await;
}

#[test]
fn check_knows_the_units_that_a_gateway_may_name() {
    let (first, second) = (Gateway::start(), Gateway::start());
    let siaga = Siaga::prepare();
    for (unit, usable, told) in [
        ("DISHUB", true, "usable"),
        ("DISHUP", false, "did you mean DISHUB?"),
    ] {
        let more = format!("order = 1\nonly = {{ units = [{unit:?}] }}");
        write(&siaga, &first, &second, &more);
        let (checked, found) = siaga.run(&["check"]);
        assert_eq!(found, usable, "{checked}");
        assert!(checked.contains(told), "{checked}");
    }
}
