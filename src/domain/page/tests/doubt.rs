//! A way that gives no answer: what may have arrived goes again, and nobody is left in the dark about it.

use super::*;

#[test]
fn what_may_have_arrived_is_sent_twice_and_no_more() {
    let unknown = || failed(0, 1, FailureKind::Unknown);
    // The same reference both times. The next method has had its turn since the first doubt.
    let (end, facts) = run(
        3,
        Reach::InTurn,
        vec![
            (1, unknown(), vec![(1, 1)]),
            (2, sent(1, 1), vec![]),
            (6, Timer, vec![(0, 1)]),
            (7, unknown(), vec![]),
            (301, Timer, vec![(2, 1)]),
        ],
    );
    assert!(matches!(end.state.lines[0].state, LineState::Sent { .. }));
    let repeated = facts
        .iter()
        .filter(|fact| matches!(fact, What::AttemptBegun { repeated: true, .. }));
    assert_eq!(repeated.count(), 1);
}

#[test]
fn without_another_way_what_is_in_doubt_goes_again_until_it_is_given_up_on_record() {
    let unknown = || failed(0, 1, FailureKind::Unknown);
    let (end, facts) = run(
        1,
        Reach::InTurn,
        vec![
            (1, unknown(), vec![]),
            (6, Timer, vec![(0, 1)]),
            (7, unknown(), vec![]),
            (22, Timer, vec![(0, 1)]),
            (23, unknown(), vec![]),
        ],
    );
    assert_eq!(end.state.phase, Phase::Failed);
    assert!(end.gave_up, "the escalation goes on to the next person");
    let failures = facts
        .iter()
        .filter(|fact| matches!(fact, What::PageFailed { .. }));
    assert_eq!(failures.count(), 1);
    // It arrived after all.
    let end = end
        .state
        .advance(receipt(0, ReceiptKind::Delivered), TIMEOUT, second(60));
    assert_eq!(end.state.phase, Phase::Open);
}

#[test]
fn a_way_in_doubt_hides_no_failure_of_the_others() {
    let (end, _) = run(
        2,
        Reach::InTurn,
        vec![
            (1, failed(0, 1, FailureKind::Unknown), vec![(1, 1)]),
            (2, sent(1, 1), vec![]),
            (6, Timer, vec![(0, 1)]),
            (7, failed(0, 1, FailureKind::Unknown), vec![]),
            (90, receipt(1, ReceiptKind::Failed), vec![]),
        ],
    );
    assert_eq!(end.state.phase, Phase::Failed);
    assert!(end.gave_up);
}
