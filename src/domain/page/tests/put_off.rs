//! Requests without room: they wait, cost nothing, and let the next method begin when it lasts.

use super::*;
use crate::domain::{
    fact::{DeferReason, FallBack},
    page::Wait,
};

fn wait(until: i64) -> Wait {
    Wait {
        until: second(until),
        why: DeferReason::NoRoom,
    }
}

fn deferred(facts: &[What]) -> usize {
    let deferred = |fact: &&What| matches!(fact, What::Deferred { .. });
    facts.iter().filter(deferred).count()
}

fn begun(facts: &[What]) -> usize {
    let begun = |fact: &&What| matches!(fact, What::AttemptBegun { .. });
    facts.iter().filter(begun).count()
}

#[test]
fn a_short_wait_leaves_no_trace_and_costs_no_attempt() {
    let opened = opened(2, Reach::InTurn);
    let put_off = opened.put_off(0, wait(3), TIMEOUT, second(0));
    assert_eq!((put_off.sends.len(), put_off.facts.len()), (0, 0));
    assert_eq!(put_off.wake_at, Some(second(3)));
    let next = put_off.state.advance(Timer, TIMEOUT, second(3));
    let late = |facts: &[What]| match &facts[0] {
        What::AttemptBegun { late, attempt, .. } => (*late, *attempt),
        other => panic!("{other:?}"),
    };
    // It is late all the same, and the ledger says so.
    assert_eq!(late(&next.facts), (SignedDuration::from_secs(3), 1));
    assert_eq!(
        next.sends,
        [Send {
            line: 0,
            attempt: 1
        }]
    );
    // The rule's waits are all there.
    let failed = next
        .state
        .advance(failed(0, 1, FailureKind::Temporary), TIMEOUT, second(4));
    assert_eq!(failed.wake_at, Some(second(9)), "after its first wait");
    assert_eq!(failed.state.lines[0].deferred, None);
}

#[test]
fn a_long_wait_is_recorded_once_and_asked_about_every_minute() {
    let mut transition = opened(1, Reach::InTurn);
    let mut facts = Vec::new();
    for minute in 0..5 {
        let now = minute * 60;
        transition = transition.put_off(0, wait(now + 200), TIMEOUT, second(now));
        assert_eq!(transition.wake_at, Some(second(now + 60)));
        facts.append(&mut transition.facts);
        transition = transition.state.advance(Timer, TIMEOUT, second(now + 60));
    }
    assert_eq!((deferred(&facts), begun(&facts)), (1, 0));
    assert_eq!(transition.sends.len(), 1);
    assert!(!transition.gave_up);
}

#[test]
fn a_wait_beyond_patience_lets_the_next_method_begin_once() {
    let opened = opened(3, Reach::InTurn);
    // The first lasts too long at once, the second after a while.
    let put_off = opened.put_off(0, wait(301), TIMEOUT, second(0));
    let sends: Vec<_> = put_off.sends.iter().map(|send| send.line).collect();
    assert_eq!(sends, [1]);
    let fell_back = |facts: &[What]| {
        let by = |fact: &&What| {
            matches!(
                fact,
                What::FellBack {
                    why: FallBack::NoRoom,
                    ..
                }
            )
        };
        facts.iter().filter(by).count()
    };
    assert_eq!(fell_back(&put_off.facts), 1);
    let again = put_off.state.advance(Timer, TIMEOUT, second(60));
    let sends: Vec<_> = again.sends.iter().map(|send| send.line).collect();
    // The second was never settled: its time is over too.
    assert_eq!(sends, [0, 1]);
    let again = again.put_off(0, wait(999), TIMEOUT, second(60));
    assert_eq!(fell_back(&again.facts), 0, "once a wait");
    assert_eq!(
        again.sends,
        [Send {
            line: 1,
            attempt: 1
        }]
    );
}

#[test]
fn what_is_repeated_stays_the_same_attempt() {
    let page = opened(1, Reach::InTurn).state;
    // Never settled: it may have been delivered.
    let again = page.advance(Timer, TIMEOUT, second(60));
    let put_off = again.put_off(0, wait(61), TIMEOUT, second(60));
    let line = &put_off.state.lines[0];
    assert_eq!((line.attempts, line.repeats), (1, 0));
    let next = put_off.state.advance(Timer, TIMEOUT, second(61));
    assert_eq!(
        next.sends,
        [Send {
            line: 0,
            attempt: 1
        }]
    );
    assert!(matches!(
        next.facts[0],
        What::AttemptBegun { repeated: true, .. }
    ));
}

#[test]
fn a_request_that_did_not_leave_uses_up_no_wait_of_the_rule() {
    let deferral = |attempt| settled(0, attempt, Outcome::Deferred(wait(9)));
    let temporary = |attempt| failed(0, attempt, FailureKind::Temporary);
    let (end, facts) = run(
        1,
        Reach::InTurn,
        vec![
            (0, deferral(1), vec![]),
            (8, Timer, vec![]),
            (9, Timer, vec![(0, 2)]),
            // Told once more, it changes nothing.
            (9, deferral(1), vec![]),
            (9, temporary(2), vec![]),
            (14, Timer, vec![(0, 3)]),
            (14, temporary(3), vec![]),
            (29, Timer, vec![(0, 4)]),
            (29, temporary(4), vec![]),
        ],
    );
    assert!(end.gave_up, "after the two waits of the rule");
    assert_eq!(
        deferred(&facts),
        1,
        "it was begun, so what became of it is told"
    );
}

#[test]
fn who_answered_meanwhile_is_not_sent_what_waits() {
    let put_off = opened(1, Reach::InTurn).put_off(0, wait(30), TIMEOUT, second(0));
    let cancelled = Input::Cancelled(CancelReason::Acknowledged);
    let cancelled = put_off.state.advance(cancelled, TIMEOUT, second(1));
    assert_eq!(cancelled.wake_at, None);
    let after = cancelled.state.advance(Timer, TIMEOUT, second(30));
    assert!(after.sends.is_empty());
}
