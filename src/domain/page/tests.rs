//! Tables and properties of the page: which contact method now, what next, and when it ends.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{
    Another, Input, Line, LineState, NewPage, Outcome, Page, Phase, Send, Transition, UNSETTLED,
    parse_reference, reference,
};
use crate::domain::{
    delivery::{Address, EmailAddress, FailureKind, ReceiptKind, Transport},
    directory::ContactMethod,
    fact::{Alarm, CancelReason, What},
    id::{MethodId, PageId, ResponderId},
    message::{Content, ReplyNote},
    notify::Way,
    policy::{DeliveryRule, Reach},
};

mod doubt;
mod failover;
mod for_the_moment;
mod put_off;
mod spare;
mod turns;
mod window;

const TIMEOUT: SignedDuration = SignedDuration::from_secs(60);

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_795_500_000 + n).unwrap()
}

fn new_page(methods: usize, reach: Reach) -> NewPage {
    NewPage {
        id: PageId::parse("LGWP1:1:budi").unwrap(),
        responder: ResponderId::parse("budi").unwrap(),
        complaint: None,
        content: Content::Reply(ReplyNote::NothingOpen),
        due_at: second(0),
        delivery: Arc::new(DeliveryRule {
            patience: SignedDuration::from_secs(300),
            retries: vec![SignedDuration::from_secs(5), SignedDuration::from_secs(15)],
        }),
        reach,
        ways: (0..methods)
            .map(|n| ContactMethod {
                id: MethodId::parse(&format!("m{n}")).unwrap(),
                transport: Transport::Email,
                address: Address::Email(EmailAddress::parse(&format!("m{n}@b.test")).unwrap()),
                enabled: true,
            })
            .map(Way::from)
            .collect(),
        in_reply_to: None,
    }
}

fn opened(methods: usize, reach: Reach) -> Transition {
    Page::open(new_page(methods, reach), TIMEOUT, second(0))
}

fn sent(line: usize, attempt: u32) -> Input {
    settled(
        line,
        attempt,
        Outcome::Sent {
            gateway_id: None,
            receipts_by_id: false,
        },
    )
}

fn failed(line: usize, attempt: u32, kind: FailureKind) -> Input {
    settled(
        line,
        attempt,
        Outcome::Failed {
            kind,
            detail: "503".to_owned(),
        },
    )
}

fn settled(line: usize, attempt: u32, outcome: Outcome) -> Input {
    Input::Settled {
        line,
        attempt,
        gateway: "g".to_owned(),
        outcome,
        another: Another::None,
        named: Vec::new(),
        cost: 0,
    }
}

fn receipt(line: usize, kind: ReceiptKind) -> Input {
    told(line, 1, kind, None)
}

fn told(line: usize, attempt: u32, kind: ReceiptKind, why: Option<FailureKind>) -> Input {
    Input::Receipt {
        of: Send { line, attempt },
        kind,
        why,
    }
}

/// A moment, what happens then, and `(line, attempt)` of the requests that leave.
type Row = (i64, Input, Vec<(usize, u32)>);

fn run(methods: usize, reach: Reach, rows: Vec<Row>) -> (Transition, Vec<What>) {
    let mut last = opened(methods, reach);
    let mut facts = last.facts.clone();
    for (row, (at, input, expected)) in rows.into_iter().enumerate() {
        last = last.state.advance(input, TIMEOUT, second(at));
        let sends: Vec<_> = last.sends.iter().map(|s| (s.line, s.attempt)).collect();
        assert_eq!(sends, expected, "row {row}");
        facts.extend(last.facts.clone());
    }
    (last, facts)
}

fn alarms(facts: &[What]) -> Vec<Alarm> {
    facts
        .iter()
        .filter_map(|fact| match fact {
            What::Alarm { alarm } => Some(alarm.clone()),
            _ => None,
        })
        .collect()
}

use Input::TimerFired as Timer;

#[test]
fn the_first_requests_leave_at_once() {
    let leave = |methods, reach| opened(methods, reach).sends.len();
    assert_eq!(leave(3, Reach::InTurn), 1);
    assert_eq!(leave(3, Reach::Everywhere), 3);
    // Nobody without a method is paged; were it so, the escalation would hear at once.
    assert!(opened(0, Reach::InTurn).gave_up);
    // A page nobody wants any more sends nothing, ever.
    let unwanted = Page::unwanted(new_page(2, Reach::InTurn));
    let after = unwanted.state.advance(Timer, TIMEOUT, second(9));
    assert!(after.sends.is_empty() && after.facts.is_empty() && after.wake_at.is_none());
}

#[test]
fn an_escalation_never_waits_for_a_receipt() {
    // No sign of life for five minutes from the first request, however long the gateway took to take
    // it: the next method, then the last, then quiet.
    let (end, _) = run(
        3,
        Reach::InTurn,
        vec![
            (10, sent(0, 1), vec![]),
            (299, Timer, vec![]),
            (300, Timer, vec![(1, 1)]),
            (301, sent(1, 1), vec![]),
            (600, Timer, vec![(2, 1)]),
            (612, sent(2, 1), vec![]),
        ],
    );
    assert_eq!(end.wake_at, None);
    assert_eq!(end.state.phase, Phase::Open);
}

#[test]
fn a_station_on_the_way_is_no_sign_of_life_and_a_delivery_is() {
    let rows = |kind, expected: Vec<(usize, u32)>| {
        vec![
            (1, sent(0, 1), vec![]),
            (2, receipt(0, kind), vec![]),
            (301, Timer, expected),
        ]
    };
    run(2, Reach::InTurn, rows(ReceiptKind::Sent, vec![(1, 1)]));
    run(2, Reach::InTurn, rows(ReceiptKind::Delivered, vec![]));
    run(2, Reach::InTurn, rows(ReceiptKind::Read, vec![]));
}

#[test]
fn the_kind_of_a_failure_decides_what_comes_next() {
    // For good: the next method at once, the first never again.
    for kind in [
        FailureKind::Permanent,
        FailureKind::WrongAddress,
        FailureKind::Misconfigured,
        FailureKind::TemplateRefused,
    ] {
        let rows = vec![
            (1, failed(0, 1, kind.clone()), vec![(1, 1)]),
            (2, sent(1, 1), vec![]),
            (9999, Timer, vec![]),
        ];
        let (_, facts) = run(2, Reach::InTurn, rows);
        // A wrong address is the conversation's to take out of use, and to alarm; a template is
        // alarmed by the hour.
        assert_eq!(
            alarms(&facts).len(),
            usize::from(kind == FailureKind::Misconfigured)
        );
    }
    // For now: the next method too, and the first again after each wait, until no wait is left.
    let (end, _) = run(
        2,
        Reach::InTurn,
        vec![
            (1, failed(0, 1, FailureKind::Temporary), vec![(1, 1)]),
            (2, sent(1, 1), vec![]),
            (6, Timer, vec![(0, 2)]),
            (7, failed(0, 2, FailureKind::Temporary), vec![]),
            (22, Timer, vec![(0, 3)]),
            (23, failed(0, 3, FailureKind::Temporary), vec![]),
        ],
    );
    assert_eq!(end.state.lines[0].state, LineState::Failed);
    // The gateway's own word is kept when it asks for longer.
    let asked = FailureKind::RateLimited {
        retry_after: Some(SignedDuration::from_secs(100)),
    };
    run(
        1,
        Reach::InTurn,
        vec![
            (1, failed(0, 1, asked), vec![]),
            (100, Timer, vec![]),
            (101, Timer, vec![(0, 2)]),
        ],
    );
}

#[test]
fn an_unsettled_request_is_sent_again_a_bounded_number_of_times() {
    let mut last = opened(2, Reach::InTurn);
    let mut sends = last.sends.clone();
    for n in 1..100 {
        last = last.state.advance(Timer, TIMEOUT, second(n * 60));
        sends.extend(last.sends.clone());
    }
    let by = |line| sends.iter().filter(|send| send.line == line).count();
    assert_eq!(by(0), 1 + UNSETTLED as usize);
    assert_eq!(
        by(1),
        1 + UNSETTLED as usize,
        "the next method has its turn"
    );
    assert!(sends.iter().all(|send| send.attempt == 1));
    assert_eq!(last.wake_at, None);
}

#[test]
fn a_page_that_arrived_after_all_is_open_again() {
    let (end, facts) = run(
        1,
        Reach::InTurn,
        vec![
            (1, failed(0, 1, FailureKind::Permanent), vec![]),
            (2, receipt(0, ReceiptKind::Delivered), vec![]),
            (3, receipt(0, ReceiptKind::Failed), vec![]),
        ],
    );
    assert_eq!(end.state.phase, Phase::Open);
    assert_eq!(end.state.best_receipt(), Some(ReceiptKind::Delivered));
    let failures = facts
        .iter()
        .filter(|fact| matches!(fact, What::PageFailed { .. }));
    assert_eq!(failures.count(), 1);
}

#[test]
fn each_receipt_is_on_record_once_whatever_their_order() {
    use ReceiptKind::{Delivered, Read, Sent};
    let one = |kind| (2, receipt(0, kind), vec![]);
    let rows = [Read, Sent, Delivered, Sent, Read, Delivered].map(one);
    let (end, facts) = run(1, Reach::InTurn, rows.into());
    let receipts: Vec<_> = facts
        .iter()
        .filter_map(|fact| match fact {
            What::Receipt { receipt, .. } => Some(*receipt),
            _ => None,
        })
        .collect();
    assert_eq!(receipts, [Read, Sent, Delivered]);
    assert_eq!(end.state.best_receipt(), Some(Read), "the highest counts");
}

#[test]
fn an_attempt_that_ended_badly_says_nothing_of_the_next() {
    let (end, _) = run(
        2,
        Reach::InTurn,
        vec![
            (1, failed(0, 1, FailureKind::Temporary), vec![(1, 1)]),
            (2, sent(1, 1), vec![]),
            (6, Timer, vec![(0, 2)]),
            (7, sent(0, 2), vec![]),
            (8, told(0, 1, ReceiptKind::Failed, None), vec![]),
        ],
    );
    assert!(matches!(end.state.lines[0].state, LineState::Sent { .. }));
}

#[test]
fn only_the_first_request_is_late() {
    let page = Page::open(new_page(2, Reach::InTurn), TIMEOUT, second(90));
    let next = page
        .state
        .advance(failed(0, 1, FailureKind::Permanent), TIMEOUT, second(91));
    let late = |facts: &[What]| {
        facts.iter().find_map(|fact| match fact {
            What::AttemptBegun { late, .. } => Some(*late),
            _ => None,
        })
    };
    assert_eq!(late(&page.facts), Some(SignedDuration::from_secs(90)));
    assert_eq!(late(&next.facts), Some(SignedDuration::ZERO));
}

#[test]
fn a_reference_is_read_back() {
    let page = PageId::parse("LG_1:3:budi_s").unwrap();
    let send = Send {
        line: 2,
        attempt: 7,
    };
    let read = parse_reference(&reference(&page, &send));
    assert_eq!(read, Some((page, send)));
    for bad in ["", "LG", "LG_x.1", "LG_1.x", "LG_1", "_1.1"] {
        assert_eq!(parse_reference(bad), None, "{bad}");
    }
}

fn kinds() -> impl Strategy<Value = FailureKind> {
    prop::sample::select(vec![
        FailureKind::Temporary,
        FailureKind::RateLimited { retry_after: None },
        FailureKind::Permanent,
        FailureKind::WrongAddress,
        FailureKind::Unknown,
        FailureKind::Unknown,
    ])
}

fn anothers() -> impl Strategy<Value = Another> {
    prop::sample::select(vec![Another::None, Another::Doubtful, Another::Ready])
}

fn receipts() -> impl Strategy<Value = ReceiptKind> {
    prop::sample::select(vec![
        ReceiptKind::Accepted,
        ReceiptKind::Sent,
        ReceiptKind::Failed,
        ReceiptKind::Delivered,
        ReceiptKind::Read,
    ])
}

/// Any input; attempts are near those that were made.
fn inputs() -> impl Strategy<Value = Input> {
    prop_oneof![
        6 => Just(Timer),
        3 => (0..4_usize, 0..5_u32).prop_map(|(line, attempt)| sent(line, attempt)),
        5 => (0..4_usize, 0..8_u32, kinds(), anothers()).prop_map(|(line, attempt, kind, another)| {
            let outcome = Outcome::Failed { kind, detail: "503".to_owned() };
            Input::Settled { line, attempt, gateway: "g".to_owned(), outcome, another, named: Vec::new(), cost: 0 }
        }),
        2 => (0..4_usize, receipts()).prop_map(|(line, kind)| receipt(line, kind)),
        1 => Just(Input::Cancelled(CancelReason::Acknowledged)),
    ]
}

fn waits() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), 1..20_i64, 50..400_i64]
}

fn arrived(line: &Line) -> bool {
    matches!(line.state, LineState::Receipt { .. })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_page_ends_and_nothing_leaves_after(
        methods in 1..4_usize,
        everywhere in any::<bool>(),
        run in prop::collection::vec((waits(), inputs()), 1..80),
    ) {
        let reach = if everywhere { Reach::Everywhere } else { Reach::InTurn };
        let mut last = opened(methods, reach);
        let (mut at, mut gave_up, mut cancelled) = (0, 0, false);
        let mut sends = last.sends.len();
        for (wait, input) in run {
            at += wait;
            // An attempt that was never made is never settled.
            if let Input::Settled { line, attempt, .. } = &input
                && last.state.lines.get(*line).is_none_or(|l| *attempt == 0 || l.attempts < *attempt)
            {
                continue;
            }
            let before = last.state.clone();
            let timer = input == Timer;
            cancelled |= matches!(input, Input::Cancelled(_)) && before.phase == Phase::Open;
            // The middle of a run may be read back from the store.
            let stored = serde_json::to_string(&before).unwrap();
            let read: Page = serde_json::from_str(&stored).unwrap();
            last = before.clone().advance(input.clone(), TIMEOUT, second(at));
            prop_assert_eq!(&read.advance(input, TIMEOUT, second(at)), &last);
            for send in &last.sends {
                prop_assert!(!cancelled, "sent after it was cancelled");
                prop_assert!(!arrived(&before.lines[send.line]), "sent after it arrived");
                prop_assert!(!arrived(&last.state.lines[send.line]));
            }
            sends += last.sends.len();
            gave_up += usize::from(last.gave_up);
            if timer {
                prop_assert!(last.wake_at.is_none_or(|wake| wake > second(at)));
                let again = last.state.clone().advance(Timer, TIMEOUT, second(at));
                prop_assert!(again.sends.is_empty() && again.facts.is_empty());
                prop_assert_eq!(&again.state, &last.state);
                if before.wake_at().is_none_or(|wake| wake > second(at)) {
                    prop_assert_eq!(&last.state, &before);
                    prop_assert!(last.sends.is_empty() && last.facts.is_empty());
                }
            }
            for (line, old) in last.state.lines.iter().zip(&before.lines) {
                // Three rounds, and one more attempt in each that only turned to another gateway.
                prop_assert!(line.attempts <= 3 + line.turned && line.turned <= 3);
                prop_assert!(line.repeats <= UNSETTLED + 1);
                prop_assert!(!arrived(old) || arrived(line));
            }
        }
        prop_assert!(gave_up <= 1);
        // Three rounds, in each of which one gateway fails once before another is turned to.
        prop_assert!(sends <= methods * (2 * 3 + UNSETTLED as usize + 1));
    }

    #[test]
    fn a_page_left_alone_comes_to_rest(methods in 1..4_usize, first in inputs()) {
        let mut last = opened(methods, Reach::InTurn).state.advance(first, TIMEOUT, second(1));
        for _ in 0..60 {
            let Some(wake) = last.wake_at else { return Ok(()) };
            last = last.state.advance(Timer, TIMEOUT, wake);
        }
        prop_assert!(false, "still wakes: {:?}", last.state);
    }

    #[test]
    fn receipts_count_alike_in_any_order(
        (one, other) in prop::collection::vec((0..3_usize, receipts()), 0..8)
            .prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle())),
    ) {
        let end = |list: Vec<(usize, ReceiptKind)>| {
            list.into_iter().fold(opened(3, Reach::Everywhere).state, |page, (line, kind)| {
                page.advance(receipt(line, kind), TIMEOUT, second(1)).state
            })
        };
        prop_assert_eq!(end(one.clone()).best_receipt(), end(other).best_receipt());
        let best = one.iter().map(|(_, kind)| *kind).max();
        prop_assert_eq!(end(one).best_receipt(), best.filter(|kind| *kind >= ReceiptKind::Delivered));
    }
}
