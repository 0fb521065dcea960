//! The turns of the methods: each passes on to the next once, at the latest when its patience ends,
//! whatever gateways and receipts say or fail to say.

use super::*;
use crate::domain::fact::FallBack;

/// A page whose lines may go so many seconds without a sign of life.
fn page_with(patience: &[i64]) -> NewPage {
    let mut new = new_page(patience.len(), Reach::InTurn);
    for (way, seconds) in new.ways.iter_mut().zip(patience) {
        way.patience = Some(SignedDuration::from_secs(*seconds));
    }
    new
}

fn sends(transition: &Transition) -> Vec<usize> {
    transition.sends.iter().map(|send| send.line).collect()
}

#[test]
fn a_rule_decides_how_long_each_way_may_be_silent() {
    let mut last = Page::open(page_with(&[120, 0, 60, 30]), TIMEOUT, second(0));
    assert_eq!(sends(&last), [0]);
    for (at, input, expected) in [
        (1, sent(0, 1), vec![]),
        (119, Timer, vec![]),
        // No time between the second and the third: both at once.
        (120, Timer, vec![1, 2]),
        (121, sent(1, 1), vec![]),
        (122, sent(2, 1), vec![]),
        (179, Timer, vec![]),
        (180, Timer, vec![3]),
        (181, sent(3, 1), vec![]),
    ] {
        last = last.state.advance(input, TIMEOUT, second(at));
        assert_eq!(sends(&last), expected, "{at}");
    }
    assert_eq!(last.wake_at, None);
    let together = Page::open(page_with(&[0, 0, 60]), TIMEOUT, second(0));
    assert_eq!(sends(&together), [0, 1, 2]);
}

#[test]
fn a_gateway_that_does_not_answer_keeps_nobody_waiting() {
    // The request hangs, is lost with its process, and is sent again: the person is told meanwhile.
    let mut last = Page::open(page_with(&[20, 20]), TIMEOUT, second(0));
    assert_eq!(last.wake_at, Some(second(20)));
    last = last.state.advance(Timer, TIMEOUT, second(20));
    assert_eq!(sends(&last), [1]);
    // Its answer comes late and changes no turn.
    last = last.state.advance(sent(0, 1), TIMEOUT, second(50));
    assert_eq!(sends(&last), [0; 0]);
    assert!(matches!(
        last.state.lines[0].state,
        LineState::Sent {
            patience_until: None
        }
    ));
}

#[test]
fn a_last_resort_waits_until_all_others_have_led_nowhere() {
    for reach in [Reach::InTurn, Reach::Everywhere] {
        let mut new = new_page(3, reach);
        for way in &mut new.ways {
            way.patience = Some(SignedDuration::from_secs(60));
        }
        new.ways[2].last_resort = true;
        let opened = Page::open(new, TIMEOUT, second(0)).state;
        let after = |inputs: &[(i64, Input)]| {
            let mut page = opened.clone();
            let mut used = Vec::new();
            for (at, input) in inputs {
                let next = page.advance(input.clone(), TIMEOUT, second(*at));
                used.extend(next.sends.iter().map(|send| (*at, send.line)));
                page = next.state;
            }
            used.into_iter().find(|(_, line)| *line == 2)
        };
        let begun = match reach {
            Reach::InTurn => 60,
            Reach::Everywhere => 0,
        };
        // One of two has failed for good: the other may still arrive.
        let permanent = |line| failed(line, 1, FailureKind::Permanent);
        let one = [(1, permanent(0)), (2, Timer)];
        assert_eq!(after(&one), None, "{reach:?}");
        let both = [(1, permanent(0)), (2, permanent(1))];
        assert_eq!(after(&both), Some((2, 2)), "{reach:?}");
        // Nothing fails and nothing gives a sign of life: when the last patience has ended.
        let silent = [
            (1, sent(0, 1)),
            (60, Timer),
            (61, sent(1, 1)),
            (begun + 60, Timer),
        ];
        let silent = if reach == Reach::Everywhere {
            vec![(1, sent(0, 1)), (2, sent(1, 1)), (59, Timer), (60, Timer)]
        } else {
            silent.to_vec()
        };
        assert_eq!(after(&silent), Some((begun + 60, 2)), "{reach:?}");
        // Somebody has it: no other way is needed.
        let arrived = [
            (1, sent(0, 1)),
            (2, receipt(0, ReceiptKind::Delivered)),
            (600, Timer),
        ];
        assert_eq!(after(&arrived), None, "{reach:?}");
    }
}

#[test]
fn a_way_that_fails_after_its_turn_was_passed_on_starts_no_third() {
    let (_, facts) = run(
        3,
        Reach::InTurn,
        vec![
            (1, sent(0, 1), vec![]),
            (300, Timer, vec![(1, 1)]),
            (301, sent(1, 1), vec![]),
            // The first is lost for certain now; the second has its time all the same.
            (302, receipt(0, ReceiptKind::Failed), vec![]),
            (599, Timer, vec![]),
            (600, Timer, vec![(2, 1)]),
        ],
    );
    let fell_back = facts
        .iter()
        .filter(|fact| matches!(fact, What::FellBack { .. }));
    assert_eq!(fell_back.count(), 2);
}

/// How the receipts of one line may contradict each other, and what counts in the end.
#[test]
fn contradictory_receipts_are_weighed_not_counted() {
    use ReceiptKind::{Accepted, Delivered, Failed, Read, Sent};
    for (order, arrived) in [
        (vec![Delivered, Failed], true),
        (vec![Failed, Delivered], true),
        (vec![Failed, Sent, Accepted], false),
        (vec![Sent, Failed, Failed], false),
        (vec![Read, Failed, Delivered], true),
        (vec![Failed, Failed, Read], true),
    ] {
        let mut last = opened(1, Reach::InTurn)
            .state
            .advance(sent(0, 1), TIMEOUT, second(1));
        let mut gave_up = 0;
        for (n, kind) in (2..).zip(&order) {
            last = last.state.advance(receipt(0, *kind), TIMEOUT, second(n));
            gave_up += usize::from(last.gave_up);
        }
        assert_eq!(last.state.best_receipt().is_some(), arrived, "{order:?}");
        let phase = if arrived { Phase::Open } else { Phase::Failed };
        assert_eq!(last.state.phase, phase, "{order:?}");
        // The escalation hears of a failure at once, also of one that turns out to be none.
        let failed_first = order[0] == Failed || !arrived;
        assert_eq!(gave_up, usize::from(failed_first), "{order:?}");
    }
}

/// What a gateway or the network does next.
#[derive(Debug, Clone)]
enum Doing {
    /// A request that is under way is answered.
    Settle(usize, Outcome, Another),
    /// A receipt of any attempt that was made, early or late.
    Tell(usize, u32, ReceiptKind, Option<FailureKind>),
}

fn doings() -> impl Strategy<Value = Doing> {
    let outcome = prop_oneof![
        3 => Just(Outcome::Sent { gateway_id: None, receipts_by_id: false }),
        2 => kinds().prop_map(|kind| Outcome::Failed { kind, detail: "503".to_owned() }),
    ];
    let why = prop::option::of(kinds());
    prop_oneof![
        3 => (0..4_usize, outcome, anothers()).prop_map(|(line, outcome, another)| {
            Doing::Settle(line, outcome, another)
        }),
        2 => (0..4_usize, 1..4_u32, receipts(), why).prop_map(|(line, attempt, kind, why)| {
            Doing::Tell(line, attempt, kind, why)
        }),
    ]
}

/// Which lines have begun: always the first so many.
fn begun(page: &Page) -> usize {
    let count = page.lines.iter().filter(|line| line.attempts > 0).count();
    assert!(
        page.lines[..count].iter().all(|line| line.attempts > 0),
        "out of turn: {page:?}"
    );
    count
}

fn patience_of(page: &Page, line: usize) -> SignedDuration {
    page.lines[line].patience.unwrap_or(page.delivery.patience)
}

/// Whether what has just been done ends the hope in a line.
fn ends_hope(doing: Option<&Doing>, line: usize) -> bool {
    match doing {
        Some(
            Doing::Settle(of, Outcome::Failed { .. }, _)
            | Doing::Tell(of, _, ReceiptKind::Failed, _),
        ) => *of == line,
        _ => false,
    }
}

/// What must hold of every step.
fn check(
    before: &Page,
    after: &Transition,
    at: Timestamp,
    doing: Option<&Doing>,
) -> Result<(), TestCaseError> {
    let page = &after.state;
    let (was, is) = (begun(before), begun(page));
    let arrived_before = before.best_receipt();
    prop_assert!(is >= was, "a turn is never taken back");
    prop_assert!(
        page.best_receipt() >= arrived_before,
        "a receipt is never taken back"
    );
    if arrived_before.is_some() || before.phase != Phase::Open {
        prop_assert_eq!(is, was, "a way began although nobody need be told");
    }
    for line in was..is {
        let cause = line - 1;
        let waited = page.lines[cause].begun_at.unwrap() + patience_of(page, cause);
        // The unsettled one that was sent again and again counts as silent too.
        let lost = matches!(page.lines[cause].state, LineState::Sent { .. })
            && page.lines[cause].repeats >= UNSETTLED;
        prop_assert!(
            waited <= at || ends_hope(doing, cause) || lost,
            "line {line} began without a cause at {at}: {before:?}"
        );
        let told = after
            .facts
            .iter()
            .any(|fact| matches!(fact, What::FellBack { .. }));
        prop_assert!(told);
    }
    // Nobody waits longer than the rule says.
    let waiting = page
        .lines
        .iter()
        .any(|line| line.state == LineState::Waiting);
    if doing.is_none() && waiting && page.phase == Phase::Open && page.best_receipt().is_none() {
        let last = is - 1;
        let until = page.lines[last].begun_at.unwrap() + patience_of(page, last);
        prop_assert!(
            until > at,
            "line {last} had its time until {until}, it is {at}"
        );
        prop_assert!(
            after.wake_at.is_some_and(|wake| wake <= until),
            "nothing wakes it"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn turns_pass_in_order_each_for_a_cause_and_never_too_late(
        patience in prop::collection::vec(prop_oneof![Just(0_i64), 1..30_i64, 60..400_i64], 1..5),
        run in prop::collection::vec((waits(), doings()), 1..60),
    ) {
        let mut last = Page::open(page_with(&patience), TIMEOUT, second(0));
        let mut at = second(0);
        let mut gave_up = 0;
        for (wait, doing) in run {
            let moment = at + SignedDuration::from_secs(wait);
            // The engine wakes a page whenever it asks for it.
            while let Some(wake) = last.wake_at.filter(|wake| *wake <= moment) {
                let before = last.state.clone();
                last = last.state.advance(Timer, TIMEOUT, wake);
                check(&before, &last, wake, None)?;
                gave_up += usize::from(last.gave_up);
            }
            at = moment;
            let before = last.state.clone();
            let input = match doing.clone() {
                Doing::Settle(line, outcome, another) => {
                    let Some(found) = before.lines.get(line) else { continue };
                    if !matches!(found.state, LineState::InFlight { .. }) {
                        continue;
                    }
                    Input::Settled {
                        line, attempt: found.attempts, gateway: "g".to_owned(), outcome, another, cost: 0,
                        named: Vec::new(),
                    }
                }
                Doing::Tell(line, attempt, kind, why) => {
                    if before.lines.get(line).is_none_or(|found| found.attempts < attempt) {
                        continue;
                    }
                    told(line, attempt, kind, why.filter(|_| kind == ReceiptKind::Failed))
                }
            };
            last = last.state.advance(input.clone(), TIMEOUT, at);
            check(&before, &last, at, Some(&doing))?;
            gave_up += usize::from(last.gave_up);
            // The same receipt again changes nothing and is told no second time.
            if matches!(input, Input::Receipt { .. }) {
                let again = last.state.clone().advance(input, TIMEOUT, at);
                prop_assert_eq!(&again.state, &last.state);
                prop_assert!(again.facts.is_empty() && again.sends.is_empty() && !again.gave_up);
            }
        }
        prop_assert!(gave_up <= 1, "the escalation hears once");
    }
}

#[test]
fn why_the_next_way_is_used_is_on_record() {
    let reasons = |input, at| {
        let page = opened(2, Reach::InTurn).state;
        let next = page.advance(input, TIMEOUT, second(at));
        next.facts.iter().find_map(|fact| match fact {
            What::FellBack { why, .. } => Some(*why),
            _ => None,
        })
    };
    assert_eq!(reasons(Timer, 300), Some(FallBack::NoSignOfLife));
    assert_eq!(
        reasons(failed(0, 1, FailureKind::Temporary), 1),
        Some(FallBack::Failed)
    );
    assert_eq!(
        reasons(receipt(0, ReceiptKind::Failed), 1),
        Some(FallBack::Failed)
    );
    assert_eq!(reasons(receipt(0, ReceiptKind::Sent), 1), None);
}

#[test]
fn a_wrong_address_is_told_whenever_it_is_heard_of_and_a_delivery_refutes_it() {
    use ReceiptKind::{Delivered, Failed};
    let wrong = || Some(FailureKind::WrongAddress);
    let heard = |inputs: Vec<Input>| {
        let mut last = opened(2, Reach::InTurn);
        let mut heard = Vec::new();
        for (n, input) in (1..).zip(inputs) {
            last = last.state.advance(input, TIMEOUT, second(n));
            heard.extend(last.undeliverable.clone().map(|switch| switch.address));
        }
        heard
    };
    let to = |line: usize| opened(2, Reach::InTurn).state.lines[line].address.clone();
    let cancelled = || Input::Cancelled(CancelReason::Acknowledged);
    for (inputs, expected) in [
        (vec![failed(0, 1, FailureKind::WrongAddress)], vec![to(0)]),
        (vec![sent(0, 1), told(0, 1, Failed, wrong())], vec![to(0)]),
        // Told twice, heard once.
        (
            vec![told(0, 1, Failed, wrong()), told(0, 1, Failed, wrong())],
            vec![to(0)],
        ),
        // Of an earlier attempt, and after somebody has answered.
        (
            vec![
                failed(0, 1, FailureKind::Temporary),
                Timer,
                told(0, 1, Failed, wrong()),
            ],
            vec![to(0)],
        ),
        (
            vec![sent(0, 1), cancelled(), told(0, 1, Failed, wrong())],
            vec![to(0)],
        ),
        // The telephone has shown a message: it cannot be wrong.
        (
            vec![
                sent(0, 1),
                told(0, 1, Delivered, None),
                told(0, 1, Failed, wrong()),
            ],
            vec![],
        ),
        (vec![sent(0, 1), told(0, 1, Failed, None)], vec![]),
        (vec![failed(0, 1, FailureKind::Permanent)], vec![]),
    ] {
        assert_eq!(heard(inputs.clone()), expected, "{inputs:?}");
    }
}
