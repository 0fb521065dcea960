//! What the requests of many messages do to the choice, and the choice to them.

use async_trait::async_trait;

use super::*;
use crate::{
    channel::{Outgoing, SendError, Sent},
    domain::{
        delivery::{Address, EmailAddress},
        id::{MethodId, PageId},
        page::LineState,
    },
};

struct Nowhere(&'static str, Transport);

#[async_trait]
impl Channel for Nowhere {
    fn name(&self) -> &str {
        self.0
    }
    fn transport(&self) -> Transport {
        self.1
    }
    async fn send(&self, _: &Outgoing) -> Result<Sent, SendError> {
        Ok(Sent::default())
    }
}

fn gateways(named: &[(&'static str, Transport, u32)]) -> Gateways {
    let mut gateways = Gateways::default();
    for (name, transport, order) in named {
        gateways.add(Gateway {
            channel: Arc::new(Nowhere(name, *transport)),
            two_way: true,
            links: true,
            route: Route {
                order: *order,
                ..Route::default()
            },
        });
    }
    gateways
}

fn line(tried: &[&str]) -> Line {
    Line {
        method: MethodId::parse("email").unwrap(),
        transport: Transport::Email,
        address: Address::Email(EmailAddress::parse("a@b.test").unwrap()),
        attempts: 1,
        repeats: 0,
        turned: 0,
        tried: tried.iter().map(|name| (*name).to_owned()).collect(),
        may_recover: false,
        as_template: false,
        told: Vec::new(),
        deferred: None,
        patience: None,
        begun_at: None,
        passed_on: false,
        spared: false,
        last_resort: false,
        doubtful: false,
        state: LineState::Waiting,
    }
}

fn ask(line: &Line, n: u32) -> Ask<'_> {
    Ask {
        who: (PageId::parse(&format!("A{n}:1:budi")).unwrap(), 0),
        line,
        units: Vec::new(),
        urgency: None,
        spread: routing::spread(&PageId::parse(&format!("A{n}:1:budi")).unwrap()),
        otherwise: false,
    }
}

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_795_500_000 + n).unwrap()
}

/// Gives a message room and lets it leave at once.
fn choose<'a>(gateways: &'a Gateways, ask: &Ask<'_>, now: Timestamp) -> Option<Chosen<'a>> {
    let Room::Here(slot) = gateways.room(ask, now) else {
        return None;
    };
    match gateways.begin(ask, Some(slot), now) {
        Start::By(chosen) => Some(chosen),
        Start::Later(_) | Start::Nowhere => None,
    }
}

fn chosen(gateways: &Gateways, line: &Line, n: u32, at: i64) -> String {
    let chosen = choose(gateways, &ask(line, n), second(at));
    chosen
        .map_or("nobody", |it| it.gateway.channel.name())
        .to_owned()
}

/// Three requests that began together at 0 and all failed.
fn take_down(gateways: &Gateways, line: &Line) {
    let failure = FailureKind::Unknown;
    let begun: Vec<_> = (0..3)
        .filter_map(|n| choose(gateways, &ask(line, n), second(0)))
        .collect();
    let changes: Vec<Change> = begun
        .iter()
        .map(|it| {
            gateways
                .settled(&ask(line, 0), it, Some(&failure), second(8))
                .0
        })
        .collect();
    assert_eq!(changes, [Change::None, Change::None, Change::WentDown]);
}

#[test]
fn of_many_messages_at_once_one_tries_the_gateway_that_was_down() {
    let gateways = gateways(&[
        ("sms", Transport::Sms, 1),
        ("b", Transport::Email, 2),
        ("a", Transport::Email, 1),
    ]);
    let line = line(&[]);
    take_down(&gateways, &line);
    assert_eq!(gateways.down(), [("a".to_owned(), second(8))]);
    assert_eq!(chosen(&gateways, &line, 1, 9), "b");
    let after = (0..50).map(|n| chosen(&gateways, &line, n, 18));
    assert_eq!(after.filter(|name| name == "a").count(), 1);
}

#[test]
fn the_only_gateway_is_used_however_it_is() {
    let gateways = gateways(&[("a", Transport::Email, 1)]);
    let line = line(&[]);
    take_down(&gateways, &line);
    assert_eq!(chosen(&gateways, &line, 1, 9), "a");
    // Also by a message that has failed by it: a lost process leaves such a line behind.
    assert_eq!(chosen(&gateways, &self::line(&["a"]), 1, 9), "a");
}

#[test]
fn what_is_left_for_a_message_is_told_when_its_request_is_settled() {
    let three = [
        ("a", Transport::Email, 1),
        ("b", Transport::Email, 2),
        ("sms", Transport::Sms, 1),
    ];
    let failure = FailureKind::Temporary;
    let settle = |gateways: &Gateways, line: &Line, at: i64| {
        let ask = ask(line, 0);
        let chosen = choose(gateways, &ask, second(at)).unwrap();
        let (_, another) = gateways.settled(&ask, &chosen, Some(&failure), second(at));
        (chosen.gateway.channel.name().to_owned(), another)
    };
    let well = gateways(&three);
    let told = settle(&well, &line(&[]), 0);
    assert_eq!(told, ("a".to_owned(), Another::Ready));
    let told = settle(&well, &line(&["a"]), 0);
    assert_eq!(told, ("b".to_owned(), Another::None));
    // The first is down; the second fails as well.
    let ill = gateways(&three);
    take_down(&ill, &line(&[]));
    let told = settle(&ill, &line(&[]), 9);
    assert_eq!(told, ("b".to_owned(), Another::Doubtful));
}

#[test]
fn why_nobody_carries_a_message_is_told() {
    let mut picky = gateways(&[("a", Transport::Email, 1)]);
    picky.members[0].route.only.urgency = Some(Urgency::Miss);
    assert_eq!(chosen(&picky, &line(&[]), 1, 0), "nobody");
    assert!(picky.lack(Transport::Email).contains("conditions"));
    assert!(
        picky
            .lack(Transport::Sms)
            .contains("no gateway is configured")
    );
}
