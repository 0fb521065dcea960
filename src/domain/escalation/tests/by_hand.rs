//! Orders by hand: paging again whom no way has reached, the next step before its time.

use jiff::SignedDuration;

use super::{
    World, minute, person,
    story::{MISSED, OPENED, WARNED, after, each, shipped},
};
use crate::domain::escalation::{ByHand, Input, NotNow, Order};

#[test]
fn who_could_not_be_reached_is_paged_again() {
    after(
        &shipped(),
        MISSED,
        "
        24:05 | unreachable kepala | ALARM kepala unreachable | 24:30
        24:10 | again kepala #h    | ordered again kepala; -> still: kepala | 24:30
        # The same order once more.
        24:11 | again kepala #h    | | 24:30
        ",
    );
    after(
        &shipped(),
        WARNED,
        "
        18:05 | unreachable kepala | ALARM kepala unreachable | 24:00
        # Before the deadline it is a warning; who has a page gets the newer one in its place.
        18:10 | again kepala       | ordered again kepala; -> warning: kepala | 24:00
        18:20 | again kepala       | ordered again kepala; -> warning: kepala | 24:00
        ",
    );
}

#[test]
fn the_next_step_is_taken_and_those_after_it_keep_their_distance() {
    after(
        &shipped(),
        MISSED,
        "
        # Step 1 would be due at 25:00, step 2 at 27:00.
        24:10 | escalate | ordered on; step 1; -> still: kepala, penghubung, SETDA-asisten | 25:10
        ",
    );
}

#[test]
fn up_to_a_later_step_whom_those_on_the_way_name_is_told_too_once() {
    each(
        &shipped(),
        MISSED,
        "
        24:10 | escalate 2 | ordered on to 2; folded by hand [step 1]; step 2; -> still: kepala, penghubung, SETDA-asisten, SETDA-kepala | 30:10
        24:10 | escalate 1 | ordered on to 1; step 1; -> still: kepala, penghubung, SETDA-asisten | 25:10
        # One that was taken, and one that there is not.
        24:10 | escalate 0 | | 24:30
        24:10 | escalate 4 | | 24:30
        ",
    );
    after(
        &shipped(),
        OPENED,
        "06:00 | escalate 1 | ordered on to 1; -> warning: kepala, penghubung, SETDA-asisten | 12:00",
    );
}

#[test]
fn before_the_deadline_the_first_step_is_told_as_a_warning() {
    after(
        &shipped(),
        OPENED,
        "
        06:00 | escalate | ordered on; -> warning: kepala, penghubung | 12:00
        12:00 | wake     | warned 50%; -> warning: penghubung | 18:00
        ",
    );
}

#[test]
fn while_somebody_answers_for_it_it_must_be_said() {
    after(
        &shipped(),
        MISSED,
        "
        24:05 | ok kepala     | held by kepala until 26:05; stop acknowledged: kepala, penghubung, sekretaris | 26:05
        24:10 | escalate      | | 26:05
        24:11 | again kepala  | | 26:05
        24:12 | escalate!     | ordered on; step 1; -> still: kepala, penghubung, SETDA-asisten | 25:12
        ",
    );
}

#[test]
fn after_the_last_step_a_new_round_begins() {
    after(
        &shipped(),
        MISSED,
        "
        24:01 | escalate | ordered on; step 1; -> still: kepala, penghubung, SETDA-asisten | 25:01
        24:02 | escalate | ordered on; step 2; -> still: kepala, SETDA-kepala | 30:02
        24:03 | escalate | ordered on; step 3; -> still: kepala, GUBERNUR-piket, SETDA-kepala | 30:03
        24:04 | escalate | ordered on; round 1 step 3; -> still: kepala, GUBERNUR-piket, SETDA-kepala | 30:04
        ",
    );
}

#[test]
fn where_nobody_has_to_be_told_nothing_is_done_and_it_is_said_why() {
    let world = World::new();
    let context = world.context();
    let open = world.open(Some("DISHUB")).state;
    let escalate = |despite_acknowledgement| Order::Escalate {
        despite_acknowledgement,
        to_step: None,
    };
    let again = Order::PageAgain {
        responder: person("NIHIL-kepala"),
    };
    assert_eq!(
        open.why_not(context, &again, minute(1)),
        Some(NotNow::HoldsNoPost(person("NIHIL-kepala")))
    );
    assert_eq!(open.why_not(context, &escalate(false), minute(1)), None);
    let go = |state: &crate::domain::escalation::Escalation, input| {
        state.clone().advance(context, input, minute(1)).state
    };
    let kept = go(&open, super::status("pengerjaan"));
    let closed = go(&open, super::status("selesai"));
    let taken = go(&open, super::accept("DISHUB-kepala", "r1"));
    for despite in [false, true] {
        let order = escalate(despite);
        assert_eq!(
            kept.why_not(context, &order, minute(2)),
            Some(NotNow::Quiet)
        );
        assert_eq!(
            closed.why_not(context, &order, minute(2)),
            Some(NotNow::Closed)
        );
        let ordered = Input::ByHand(ByHand {
            order: order.clone(),
            by: "admin".to_owned(),
            reason: "x".to_owned(),
            key: "k".to_owned(),
        });
        for state in [&kept, &closed] {
            let after = state.clone().advance(context, ordered.clone(), minute(2));
            assert_eq!(&after.state, state);
            assert!(after.facts.is_empty() && after.effects.is_empty());
        }
        let why = taken.why_not(context, &order, minute(2));
        assert_eq!(why.is_none(), despite, "{why:?}");
    }
    // A hold that is over holds nothing.
    let later = minute(1)
        .saturating_add(SignedDuration::from_hours(48))
        .unwrap();
    assert_eq!(taken.why_not(context, &escalate(false), later), None);
}
