//! Ways that cost too much: the next one begins, and a spared one has its turn when nothing else is left.

use super::*;
use crate::domain::cost::Thrift;

fn spare(transition: Transition, now: i64) -> Transition {
    transition.spare(0, Thrift::Careful, TIMEOUT, second(now))
}

fn sends(transition: &Transition) -> Vec<(usize, u32)> {
    let sends = transition.sends.iter();
    sends.map(|send| (send.line, send.attempt)).collect()
}

fn spared(facts: &[What]) -> usize {
    let spared = |fact: &&What| matches!(fact, What::Spared { .. });
    facts.iter().filter(spared).count()
}

#[test]
fn the_next_way_begins_at_once_and_the_spared_one_leaves_no_attempt() {
    let page = spare(opened(2, Reach::InTurn), 0);
    assert_eq!((sends(&page), spared(&page.facts)), (vec![(1, 1)], 1));
    let line = &page.state.lines[0];
    assert_eq!((line.attempts, &line.state), (0, &LineState::Waiting));
    // It has gone by the other; silence there is no reason to spend.
    let page = page.state.advance(sent(1, 1), TIMEOUT, second(1));
    assert_eq!(page.wake_at, None);
    let page = page.state.advance(Timer, TIMEOUT, second(9999));
    assert_eq!(sends(&page), []);
}

#[test]
fn a_spared_way_has_its_turn_when_every_other_has_failed() {
    let page = spare(opened(2, Reach::InTurn), 0);
    let failure = failed(1, 1, FailureKind::Permanent);
    let page = page.state.advance(failure, TIMEOUT, second(1));
    assert_eq!(sends(&page), [(0, 1)]);
    assert!(!page.gave_up);
    let failure = failed(0, 1, FailureKind::Permanent);
    let page = page.state.advance(failure, TIMEOUT, second(2));
    assert!(page.gave_up, "now every way has failed");
}

#[test]
fn a_spared_way_has_its_turn_when_the_others_are_in_doubt() {
    let unknown = || failed(1, 1, FailureKind::Unknown);
    let page = spare(opened(2, Reach::InTurn), 0);
    let page = page.state.advance(unknown(), TIMEOUT, second(1));
    let page = page.state.advance(Timer, TIMEOUT, second(6));
    assert_eq!(sends(&page), [(1, 1)], "once more under its reference");
    let page = page.state.advance(unknown(), TIMEOUT, second(7));
    assert_eq!(sends(&page), [(0, 1)]);
    let failure = failed(0, 1, FailureKind::Permanent);
    let page = page.state.advance(failure, TIMEOUT, second(8));
    assert!(page.gave_up, "nobody is left in the dark");
}

#[test]
fn of_ways_that_are_used_together_the_dear_one_is_spared_alone() {
    let page = spare(opened(3, Reach::Everywhere), 0);
    assert_eq!(sends(&page), [(1, 1), (2, 1)]);
    assert_eq!(spared(&page.facts), 1);
}

#[test]
fn what_is_let_be_is_cancelled_by_name_and_never_leaves() {
    let page = opened(1, Reach::InTurn).let_be(TIMEOUT, second(0));
    assert_eq!((sends(&page), page.wake_at), (vec![], None));
    let why = page.facts.iter().map(|fact| match fact {
        What::PageCancelled { why, .. } => *why,
        other => panic!("{other:?}"),
    });
    assert_eq!(why.collect::<Vec<_>>(), [CancelReason::CostCeiling]);
    let after = page.state.advance(Timer, TIMEOUT, second(9));
    assert!(after.sends.is_empty() && !after.gave_up);
}

#[test]
fn what_was_spent_is_told_with_its_request() {
    let page = opened(1, Reach::InTurn).state;
    let input = Input::Settled {
        line: 0,
        attempt: 1,
        gateway: "g".to_owned(),
        outcome: Outcome::Sent {
            gateway_id: None,
            receipts_by_id: false,
        },
        another: Another::None,
        cost: 350,
        named: Vec::new(),
    };
    let page = page.advance(input, TIMEOUT, second(1));
    assert_eq!(page.cost, 350);
    assert!(matches!(page.facts[0], What::AttemptSent { cost: 350, .. }));
    assert_eq!(page.state.advance(Timer, TIMEOUT, second(2)).cost, 0);
}
