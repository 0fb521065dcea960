//! The real program and a gateway that counts: how fast its messages come, whatever dies meanwhile.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures::future::join_all;

use crate::support::{
    gateway::{Answer, Gateway, Request},
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

const PER_SECOND: usize = 50;
/// A second, but for what a message may be late on its way to the gateway.
const WINDOW: Duration = Duration::from_millis(900);

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

async fn start(gateways: &str) -> Siaga {
    let mut siaga = Siaga::prepare();
    siaga.write(kannel::SECRET, gateways, PEOPLE);
    let (checked, usable) = siaga.run(&["check"]);
    assert!(usable, "{checked}");
    siaga.start().await;
    siaga
}

/// The most requests in any window of such a length.
fn most_in(length: Duration, requests: &[Request]) -> usize {
    let within = |end: &Request| {
        let inside = |it: &&Request| {
            it.arrived <= end.arrived && end.arrived.duration_since(it.arrived) < length
        };
        requests.iter().filter(inside).count()
    };
    requests.iter().map(within).max().unwrap_or(0)
}

/// How often each page came.
fn times(requests: &[Request]) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for request in requests {
        let page = request.reference().split('_').next().unwrap_or_default();
        *times.entry(page.to_owned()).or_default() += 1;
    }
    times
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_pages_come_no_faster_than_the_limit_also_after_a_death() {
    const PAGES: usize = 500;
    let gateway = Gateway::start();
    let limit = format!("limit = {{ per_second = {PER_SECOND} }}");
    let mut siaga = start(&entry("sms", &gateway, &limit)).await;
    let ids: Vec<String> = (0..PAGES).map(|n| format!("A{n}")).collect();
    for some in ids.chunks(50) {
        join_all(some.iter().map(|id| siaga.overdue(id))).await;
    }
    let began = Instant::now();
    gateway.wait_for_count(PAGES / 2, PATIENCE).await;
    // The rest waits in Redis: a death does not forget it.
    siaga.kill9();
    let before = gateway.requests();
    siaga.start().await;
    let all = || times(&gateway.requests()).len() >= PAGES;
    crate::support::wait::eventually("every page", 2 * PATIENCE, || all().then_some(())).await;
    let after = gateway.requests().split_off(before.len());
    let took = began.elapsed();
    let (most, most_after) = (most_in(WINDOW, &before), most_in(WINDOW, &after));
    println!(
        "{} + {} in {took:?}, at most {most} and {most_after}",
        before.len(),
        after.len()
    );
    assert!(most <= PER_SECOND, "{most} before the death");
    assert!(most_after <= PER_SECOND, "{most_after} after it");
    let twice = before.len() + after.len() - PAGES;
    assert!(
        twice <= PER_SECOND,
        "only what was in flight comes twice: {twice}"
    );
    assert!(took < Duration::from_secs(30), "{took:?}");
    siaga.wait_until_handed_over().await;
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_is_left_alone_between_two_messages() {
    let gateway = Gateway::start();
    let limit = "limit = { per_recipient = \"2s\" }";
    let mut siaga = start(&entry("sms", &gateway, limit)).await;
    for n in 0..4 {
        siaga.overdue(&format!("A{n}")).await;
    }
    gateway.wait_for_count(4, PATIENCE).await;
    let requests = gateway.requests();
    assert_eq!(times(&requests).len(), 4);
    let arrivals: Vec<Instant> = requests.iter().map(|it| it.arrived).collect();
    for pair in arrivals.windows(2) {
        let gap = pair[1].duration_since(pair[0]);
        let rest = Duration::from_millis(1900);
        assert!(rest <= gap && gap < Duration::from_secs(4), "{gap:?}");
    }
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_asks_for_a_rest_has_it_while_another_carries_the_crowd() {
    let (first, second) = (Gateway::start(), Gateway::start());
    let gateways = entry("utama", &first, "order = 1") + &entry("cadangan", &second, "order = 2");
    let mut siaga = start(&gateways).await;
    first.answer_everyone(Answer::Limited(4));
    let began = Instant::now();
    let ids: Vec<String> = (0..40).map(|n| format!("A{n}")).collect();
    join_all(ids.iter().map(|id| siaga.overdue(id))).await;
    second.wait_for_count(40, Duration::from_secs(10)).await;
    println!("the other had all after {:?}", began.elapsed());
    let asked = first.requests();
    let (of, last) = (asked.len(), asked.last().unwrap().arrived);
    println!("{of} met the wish");
    // Whoever had left before the wish was heard is one thing, a stream of requests another.
    assert!(last.duration_since(asked[0].arrived) < Duration::from_secs(2));
    first.answer_everyone(Answer::accept());
    let back = |request: &Request| request.reference().starts_with("BACK");
    let mut n = 0;
    while !first.requests().iter().any(back) {
        assert!(began.elapsed() < PATIENCE, "never given back");
        siaga.overdue(&format!("BACK{n}")).await;
        n += 1;
        siaga::clock::patience(Duration::from_millis(300)).await;
    }
    let returned = first.requests().into_iter().find(back).unwrap();
    let rested = returned.arrived.duration_since(asked[0].arrived);
    assert!(rested >= Duration::from_secs(4), "{rested:?}");
    siaga.stop().await;
}
