//! Several gateways of one transport: when the next one carries a message, and when a wait does.

use super::*;

/// A request that failed by a gateway.
fn failed_by(gateway: &str, attempt: u32, kind: FailureKind, another: Another) -> Input {
    Input::Settled {
        line: 0,
        attempt,
        gateway: gateway.to_owned(),
        outcome: Outcome::Failed {
            kind,
            detail: "503".to_owned(),
        },
        another,
        named: Vec::new(),
        cost: 0,
    }
}

#[test]
fn another_gateway_carries_it_at_once_where_that_is_worth_a_request() {
    use Another::{Doubtful, None as Nobody, Ready};
    let limited = || FailureKind::RateLimited { retry_after: None };
    for (kind, another, turns) in [
        (FailureKind::Temporary, Ready, true),
        (FailureKind::Temporary, Doubtful, false),
        (FailureKind::Temporary, Nobody, false),
        (limited(), Ready, true),
        (limited(), Doubtful, false),
        (FailureKind::Unknown, Ready, true),
        (FailureKind::Unknown, Doubtful, false),
        (FailureKind::Misconfigured, Ready, true),
        (FailureKind::Misconfigured, Doubtful, true),
        (FailureKind::Misconfigured, Nobody, false),
        (FailureKind::TemplateRefused, Ready, true),
        (FailureKind::TemplateRefused, Doubtful, true),
        (FailureKind::TemplateRefused, Nobody, false),
        (FailureKind::Permanent, Ready, false),
        (FailureKind::WrongAddress, Ready, false),
    ] {
        let page = opened(2, Reach::InTurn).state;
        let input = failed_by("a", 1, kind.clone(), another);
        let next = page.advance(input, TIMEOUT, second(1));
        let by_first = next.sends.iter().filter(|send| send.line == 0).count();
        assert_eq!(by_first == 1, turns, "{kind:?} {another:?}");
        let line = &next.state.lines[0];
        assert_eq!(line.tried == ["a"], turns, "{kind:?} {another:?}");
        // The next method is used only when no gateway is left for this one.
        assert_eq!(next.sends.len(), 1, "{kind:?} {another:?}");
    }
}

#[test]
fn what_may_have_arrived_goes_again_under_its_reference_and_only_where_the_rule_would() {
    let unknown = |gateway, another| failed_by(gateway, 1, FailureKind::Unknown, another);
    let (end, facts) = run(
        2,
        Reach::InTurn,
        vec![
            (1, unknown("a", Another::Ready), vec![(0, 1)]),
            (2, unknown("b", Another::Ready), vec![(1, 1)]),
            (3, sent(1, 1), vec![]),
            (9999, Timer, vec![]),
        ],
    );
    assert!(matches!(end.state.lines[0].state, LineState::Sent { .. }));
    let repeated = facts
        .iter()
        .filter(|fact| matches!(fact, What::AttemptBegun { repeated: true, .. }));
    assert_eq!(repeated.count(), 1);
    // A rule without a retry sends nothing twice.
    let mut new = new_page(1, Reach::InTurn);
    Arc::make_mut(&mut new.delivery).retries = Vec::new();
    let page = Page::open(new, TIMEOUT, second(0)).state;
    let next = page.advance(unknown("a", Another::Ready), TIMEOUT, second(1));
    assert!(next.sends.is_empty() && next.gave_up);
}

#[test]
fn turning_to_another_gateway_uses_up_no_wait() {
    let temporary =
        |gateway, attempt, another| failed_by(gateway, attempt, FailureKind::Temporary, another);
    let (end, facts) = run(
        1,
        Reach::InTurn,
        vec![
            (0, temporary("a", 1, Another::Ready), vec![(0, 2)]),
            (0, temporary("b", 2, Another::None), vec![]),
            (4, Timer, vec![]),
            (5, Timer, vec![(0, 3)]),
            (5, temporary("a", 3, Another::Ready), vec![(0, 4)]),
            (5, temporary("b", 4, Another::None), vec![]),
            (19, Timer, vec![]),
            (20, Timer, vec![(0, 5)]),
            (20, temporary("a", 5, Another::Ready), vec![(0, 6)]),
            (20, temporary("b", 6, Another::None), vec![]),
        ],
    );
    assert!(end.gave_up, "no wait is left and no gateway");
    let gave_up = |fact: &&What| matches!(fact, What::PageFailed { .. });
    assert_eq!(facts.iter().filter(gave_up).count(), 1);
}

#[test]
fn a_refused_account_at_one_gateway_does_not_give_up_the_other() {
    let refused = |gateway, attempt, another| {
        failed_by(gateway, attempt, FailureKind::Misconfigured, another)
    };
    // The first is out of order, the second refuses us: the first may get well.
    let (end, _) = run(
        1,
        Reach::InTurn,
        vec![
            (
                0,
                failed_by("a", 1, FailureKind::Temporary, Another::Ready),
                vec![(0, 2)],
            ),
            (0, refused("b", 2, Another::None), vec![]),
            (5, Timer, vec![(0, 3)]),
            // Both refuse us: only an operator can mend that.
            (5, refused("a", 3, Another::Doubtful), vec![(0, 4)]),
            (5, refused("b", 4, Another::None), vec![]),
        ],
    );
    assert!(end.gave_up);
}

#[test]
fn nothing_turns_to_another_gateway_after_the_answer() {
    let page = opened(2, Reach::InTurn).state;
    let cancelled = Input::Cancelled(CancelReason::Acknowledged);
    let page = page.advance(cancelled, TIMEOUT, second(1)).state;
    let input = failed_by("a", 1, FailureKind::Temporary, Another::Ready);
    let next = page.advance(input, TIMEOUT, second(2));
    assert!(next.sends.is_empty() && next.wake_at.is_none());
}

#[test]
fn each_gateway_has_one_turn_between_two_waits() {
    let mut last = opened(1, Reach::InTurn);
    let mut sends = 1;
    // A world in which another gateway always seems ready, and it is always the same two.
    for n in 0..200 {
        let attempt = last.state.lines[0].attempts;
        let gateway = if n % 2 == 0 { "a" } else { "b" };
        let input = failed_by(gateway, attempt, FailureKind::Temporary, Another::Ready);
        last = last.state.advance(input, TIMEOUT, second(0));
        sends += last.sends.len();
        if last.gave_up {
            break;
        }
        if let Some(at) = last.wake_at.filter(|_| last.sends.is_empty()) {
            last = last.state.advance(Timer, TIMEOUT, at);
            sends += last.sends.len();
        }
    }
    assert!(last.gave_up, "it ends");
    assert!(sends <= 9, "three rounds of two and one more each: {sends}");
}
