//! Tables and properties of a gateway's health.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Breaker, COOL_DOWN, Change, Health, LONGEST_COOL_DOWN};
use crate::domain::delivery::FailureKind;

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_795_500_000 + n).unwrap()
}

/// A request that takes no time.
fn request(breaker: &mut Breaker, at: i64, failure: Option<&FailureKind>) -> Change {
    breaker.begin(second(at));
    breaker.settled(second(at), failure, second(at))
}

fn down() -> Breaker {
    let mut breaker = Breaker::default();
    for _ in 0..2 {
        let change = request(&mut breaker, 0, Some(&FailureKind::Temporary));
        assert_eq!(change, Change::None);
    }
    let change = request(&mut breaker, 0, Some(&FailureKind::Temporary));
    assert_eq!(change, Change::WentDown);
    breaker
}

#[test]
fn each_kind_counts_in_its_own_way() {
    let asked = FailureKind::RateLimited { retry_after: None };
    for (kind, down_after) in [
        (FailureKind::Temporary, Some(3)),
        (FailureKind::Unknown, Some(3)),
        (FailureKind::Misconfigured, Some(2)),
        (asked, None),
        (FailureKind::Permanent, None),
        (FailureKind::WrongAddress, None),
        (FailureKind::WindowClosed, None),
        (FailureKind::TemplateRefused, None),
    ] {
        let mut breaker = Breaker::default();
        let went_down =
            (1..=50).find(|n| request(&mut breaker, *n, Some(&kind)) == Change::WentDown);
        assert_eq!(went_down, down_after, "{kind:?}");
    }
}

#[test]
fn a_success_between_forgives_and_half_of_many_does_not() {
    let mut breaker = Breaker::default();
    let mut went_down = None;
    for n in 0..30 {
        let failure = (n % 2 == 1).then_some(FailureKind::Temporary);
        if request(&mut breaker, n, failure.as_ref()) == Change::WentDown {
            went_down = Some(n);
            break;
        }
    }
    assert_eq!(went_down, Some(9), "five of ten");
    // One of four is a bad day and no outage.
    let mut breaker = Breaker::default();
    for n in 0..200 {
        let failure = (n % 4 == 3).then_some(FailureKind::Temporary);
        assert_eq!(request(&mut breaker, n, failure.as_ref()), Change::None);
    }
    // Failures of long ago are forgotten.
    let mut breaker = Breaker::default();
    for n in 0..60 {
        let failure = (n % 2 == 1).then_some(FailureKind::Temporary);
        assert_eq!(
            request(&mut breaker, n * 60, failure.as_ref()),
            Change::None
        );
    }
}

#[test]
fn one_message_at_a_time_tries_it_again_and_the_pauses_grow() {
    let mut breaker = down();
    let mut at = 0;
    for pause in [10, 20, 40, 80, 160, 300, 300] {
        let until = second(at + pause);
        assert_eq!(breaker.health(second(at)), Health::Down { until });
        at += pause;
        assert_eq!(breaker.health(second(at)), Health::Ready);
        breaker.begin(second(at));
        assert!(matches!(breaker.health(second(at)), Health::Down { .. }));
        let kind = FailureKind::Unknown;
        let change = breaker.settled(second(at), Some(&kind), second(at));
        assert_eq!(change, Change::None, "told once");
    }
    at += 300;
    let back = request(&mut breaker, at, None);
    let down_since = second(0);
    assert_eq!(back, Change::CameBack { down_since });
    assert_eq!(breaker.health(second(at)), Health::Ready);
    assert_eq!(breaker.down_since(), None);
}

#[test]
fn a_message_that_tries_it_and_is_lost_blocks_it_for_a_minute() {
    let mut breaker = down();
    breaker.begin(second(10));
    assert!(matches!(breaker.health(second(69)), Health::Down { .. }));
    assert_eq!(breaker.health(second(70)), Health::Ready);
}

#[test]
fn only_what_the_gateway_itself_said_brings_it_back() {
    let limited = FailureKind::RateLimited { retry_after: None };
    for (outcome, is_back) in [
        (None, true),
        (Some(FailureKind::WrongAddress), true),
        (Some(FailureKind::WindowClosed), true),
        (Some(limited), true),
        // Perhaps it was never asked: the next message finds out, without another pause.
        (Some(FailureKind::Permanent), false),
    ] {
        let mut breaker = down();
        let change = request(&mut breaker, 10, outcome.as_ref());
        let came_back = matches!(change, Change::CameBack { .. });
        assert_eq!(came_back, is_back, "{outcome:?}");
        if !is_back {
            assert_eq!(breaker.health(second(10)), Health::Ready);
            let next = request(&mut breaker, 11, None);
            assert!(matches!(next, Change::CameBack { .. }));
        }
    }
}

#[test]
fn what_left_before_it_went_down_says_nothing_after() {
    let mut breaker = down();
    let late = breaker.settled(second(-8), None, second(1));
    assert_eq!(late, Change::None, "an answer to an older request");
    assert!(breaker.down_since().is_some());
    // What was sent through it for want of a better one does.
    let forced = breaker.settled(second(2), None, second(3));
    assert!(matches!(forced, Change::CameBack { .. }));
    // And the failures that were under way do not take it down again.
    for _ in 0..10 {
        let kind = FailureKind::Unknown;
        let change = breaker.settled(second(1), Some(&kind), second(4));
        assert_eq!(change, Change::None);
    }
}

#[test]
fn a_wish_to_rest_is_kept_and_is_no_outage() {
    let mut breaker = Breaker::default();
    let asked = |seconds| FailureKind::RateLimited {
        retry_after: Some(SignedDuration::from_secs(seconds)),
    };
    request(&mut breaker, 0, Some(&asked(60)));
    request(&mut breaker, 1, Some(&asked(10)));
    let until = second(60);
    assert_eq!(breaker.health(second(59)), Health::Resting { until });
    assert_eq!(breaker.health(second(60)), Health::Ready);
    assert_eq!(breaker.down_since(), None);
}

fn outcomes() -> impl Strategy<Value = Option<FailureKind>> {
    prop::sample::select(vec![
        None,
        None,
        Some(FailureKind::Temporary),
        Some(FailureKind::Unknown),
        Some(FailureKind::Misconfigured),
        Some(FailureKind::Permanent),
        Some(FailureKind::RateLimited { retry_after: None }),
    ])
}

proptest! {
    #[test]
    fn down_and_back_are_told_in_turn_and_it_is_always_tried_again(
        run in prop::collection::vec((0..120_i64, 0..15_i64, outcomes()), 1..300)
    ) {
        let (mut breaker, mut at, mut is_down) = (Breaker::default(), 0, false);
        for (wait, took, failure) in run {
            at += wait;
            let now = second(at);
            breaker.begin(now);
            let done = second(at + took);
            match breaker.settled(now, failure.as_ref(), done) {
                Change::None => {}
                Change::WentDown => {
                    prop_assert!(!is_down);
                    is_down = true;
                }
                Change::CameBack { .. } => {
                    prop_assert!(is_down);
                    is_down = false;
                }
            }
            prop_assert_eq!(breaker.down_since().is_some(), is_down);
            if let Health::Down { until } = breaker.health(done) {
                prop_assert!(is_down);
                let left = until.duration_since(done);
                prop_assert!(left <= LONGEST_COOL_DOWN, "never left alone for long");
                prop_assert!(!left.is_negative() && COOL_DOWN <= LONGEST_COOL_DOWN);
            }
            at += took;
        }
    }
}
