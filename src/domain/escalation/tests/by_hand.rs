//! What people order by hand: paged again, escalated now; each once, none where nobody has to be told.

use jiff::Timestamp;
use proptest::{prelude::*, test_runner::TestCaseError};

use super::{
    World,
    story::{MISSED, OPENED, WARNED, after, each, name, shipped, someone},
};
use crate::domain::{
    by_hand::{Command, Order, Refusal},
    escalation::{Effect, Escalation, Input, Paging},
    fact::What,
    id::{PageId, ResponderId},
};

/// `again kepala`, `escalate`, `escalate 3`, `escalate despite`, each with `#key`.
pub(super) fn order(state: &Escalation, verb: &str, rest: &str, key: String) -> Input {
    let order = if verb == "again" {
        let responder = someone(rest);
        let undelivered = state.unreached.get(&responder);
        let first = PageId::of_paging(&state.complaint.id, 1, &responder);
        Order::PageAgain {
            page: undelivered.map_or(first, |it| it.page.clone()),
            responder,
        }
    } else {
        let words: Vec<&str> = rest.split_whitespace().collect();
        Order::Escalate {
            to_step: words.iter().find_map(|word| word.parse().ok()),
            despite_acknowledgement: words.contains(&"despite"),
        }
    };
    Input::ByHand(command(key, order))
}

fn command(key: String, order: Order) -> Command {
    Command {
        key,
        by: "petugas".to_owned(),
        reason: "uji".to_owned(),
        order,
    }
}

/// An order by hand in a story's words.
pub(super) fn told(command: &Command) -> String {
    match &command.order {
        Order::PageAgain { responder, .. } => format!("again by hand: {}", name(responder)),
        Order::Escalate {
            to_step,
            despite_acknowledgement,
        } => {
            let to = to_step.map_or(String::new(), |step| format!(" to {step}"));
            let despite = if *despite_acknowledgement {
                " despite"
            } else {
                ""
            };
            format!("escalated by hand{to}{despite}")
        }
    }
}

/// Orders as people may give them: also such as fit nothing.
pub(super) fn orders(who: impl Strategy<Value = &'static str>) -> impl Strategy<Value = Input> {
    let again = (who, 1..9_u32).prop_map(|(who, n)| Order::PageAgain {
        responder: super::person(who),
        page: PageId::of_paging(&super::complaint(None).id, n, &super::person(who)),
    });
    let step = (prop::option::of(0..5_usize), any::<bool>()).prop_map(|(to_step, despite)| {
        Order::Escalate {
            to_step,
            despite_acknowledgement: despite,
        }
    });
    (prop_oneof![again, step], 0..20_u8)
        .prop_map(|(order, key)| Input::ByHand(command(format!("k{key}"), order)))
}

/// What holds of every order, in whatever state it comes.
pub(super) fn laws_of_an_order(
    before: &Escalation,
    command: &Command,
    world: &World,
    now: Timestamp,
) -> Result<(), TestCaseError> {
    let context = world.context();
    let refused = before.refuses(&context, command, now);
    let input = Input::ByHand(command.clone());
    let done = before.clone().advance(context, input.clone(), now);
    let paged: Vec<&ResponderId> = done
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Page(order) => Some(&order.responder),
            _ => None,
        })
        .collect();
    if refused.is_some() {
        prop_assert_eq!(&done.state, before, "a refused order changed something");
        prop_assert!(done.facts.is_empty() && done.effects.is_empty());
        return Ok(());
    }
    let over = matches!(before.paging, Paging::Closed { .. } | Paging::Quiet);
    prop_assert!(!over, "nobody has to be told");
    let recorded = done.facts.iter();
    let recorded = recorded.filter(|fact| **fact == What::OrderedByHand(command.clone()));
    prop_assert_eq!(recorded.count(), 1, "recorded once");
    match &command.order {
        Order::PageAgain { responder, page } => {
            prop_assert_eq!(&paged, &[responder], "one page, to who was not reached");
            prop_assert_eq!(&before.unreached[responder].page, page);
            prop_assert!(!done.state.unreached.contains_key(responder));
            let held = matches!(&before.paging, Paging::Acknowledged { until, .. } if *until > now);
            prop_assert!(!held, "paged again within a hold");
        }
        Order::Escalate { .. } => {
            prop_assert!(matches!(done.state.paging, Paging::Escalating(_)));
        }
    }
    // The clock is not the order's to change.
    prop_assert_eq!(&done.state.promise.running, &before.promise.running);
    prop_assert_eq!(done.state.promise.number, before.promise.number);
    // The same order again does nothing, at once or later.
    let later = now + super::minutes(1);
    for at in [now, later] {
        let again = done.state.refuses(&context, command, at);
        prop_assert_eq!(again, Some(Refusal::Repeated));
        let again = done.state.clone().advance(context, input.clone(), at);
        prop_assert_eq!(&again.state, &done.state);
        prop_assert!(again.facts.is_empty() && again.effects.is_empty());
    }
    Ok(())
}

#[test]
fn who_was_not_reached_is_paged_again_once() {
    after(
        &shipped(),
        MISSED,
        "
        24:05 | unreachable kepala | ALARM kepala unreachable | 24:30
        24:10 | again kepala #a    | again by hand: kepala; -> still: kepala | 24:30
        24:11 | again kepala #a    | | 24:30
        # It is on its way: there is nothing undelivered to page again.
        24:11 | again kepala #b    | | 24:30
        24:12 | unreachable kepala | ALARM kepala unreachable | 24:30
        24:13 | again kepala #c    | again by hand: kepala; -> still: kepala | 24:30
        24:30 | wake               | step 0 x2; -> still: kepala, penghubung | 25:00
        ",
    );
    // A step pages them by itself: nothing is undelivered any more.
    after(
        &shipped(),
        MISSED,
        "
        24:05 | unreachable kepala | ALARM kepala unreachable | 24:30
        24:30 | wake               | step 0 x2; -> still: kepala, penghubung | 25:00
        24:31 | again kepala       | | 25:00
        ",
    );
}

#[test]
fn nobody_is_paged_again_whom_nobody_has_to_tell() {
    let beginning =
        &format!("{MISSED}\n24:05 | unreachable kepala | ALARM kepala unreachable | 24:30");
    for then in [
        // Somebody has it: until that is over.
        "24:06 | ok penghubung #x     | held by penghubung until 26:06; stop acknowledged: penghubung, sekretaris | 26:06
         24:07 | again kepala #y      | | 26:06
         26:06 | wake                 | hold ended; folded held [step 0]; step 1; -> still: kepala, penghubung, SETDA-asisten | 27:00",
        // The head answers by another way.
        "24:06 | ok kepala #x         | held by kepala until 26:06; stop acknowledged: penghubung, sekretaris | 26:06
         24:07 | again kepala #y      | | 26:06",
        "24:06 | refuse kepala #x     | refused by kepala; -> refused: BIRO-penghubung | 24:30
         24:07 | again kepala #y      | | 24:30",
        "24:06 | status verifikasi    | kept 1 too late @24:06; stop progressed: penghubung, sekretaris | -
         24:07 | again kepala #y      | | -",
        "24:06 | status selesai       | closed; stop closed: penghubung, sekretaris | -
         24:07 | again kepala #y      | | -",
        "24:06 | to DINKES            | to DINKES until 48:06; stop reassigned: penghubung, sekretaris | 36:06
         24:07 | again kepala #y      | | 36:06",
    ] {
        after(&shipped(), beginning, then);
    }
}

#[test]
fn a_warning_that_reached_nobody_is_sent_again_as_a_warning() {
    after(
        &shipped(),
        WARNED,
        "
        18:05 | unreachable sekretaris | ALARM sekretaris unreachable | 24:00
        20:24 | again sekretaris       | again by hand: sekretaris; -> warning: sekretaris | 24:00
        ",
    );
}

#[test]
fn the_next_step_is_taken_now_and_the_schedule_goes_on_from_there() {
    after(
        &shipped(),
        MISSED,
        "
        24:10 | escalate #a  | escalated by hand; step 1; -> still: kepala, penghubung, SETDA-asisten | 25:10
        24:11 | escalate #a  | | 25:10
        25:10 | wake         | step 1 x2; -> still: kepala, penghubung, SETDA-asisten | 26:10
        26:10 | wake         | step 2; -> still: SETDA-kepala, kepala | 32:10
        ",
    );
    // To a step further on: whom the steps between name is told too, once.
    after(
        &shipped(),
        MISSED,
        "24:10 | escalate 2 | escalated by hand to 2; folded by hand [step 1]; step 2; -> still: SETDA-asisten, SETDA-kepala, kepala, penghubung | 30:10",
    );
    // One that was taken is not taken back, and there is no such step.
    each(
        &shipped(),
        MISSED,
        "
        24:10 | escalate 0 | | 24:30
        24:10 | escalate 9 | | 24:30
        ",
    );
}

#[test]
fn an_acknowledgement_is_broken_only_on_purpose() {
    after(
        &shipped(),
        MISSED,
        "
        24:05 | ok kepala #o        | held by kepala until 26:05; stop acknowledged: kepala, penghubung, sekretaris | 26:05
        24:10 | escalate #a         | | 26:05
        24:11 | escalate despite #b | escalated by hand despite; step 1; -> still: kepala, penghubung, SETDA-asisten | 25:11
        24:12 | ok kepala #p        | held by kepala until 26:12; stop acknowledged: kepala, penghubung, SETDA-asisten | 26:12
        ",
    );
    // Whose hold is over holds nothing.
    after(
        &shipped(),
        MISSED,
        "
        24:05 | ok kepala   | held by kepala until 26:05; stop acknowledged: kepala, penghubung, sekretaris | 26:05
        26:05 | escalate #a | escalated by hand; step 1; -> still: kepala, penghubung, SETDA-asisten | 27:05
        ",
    );
}

#[test]
fn before_the_deadline_the_steps_begin_early_and_the_miss_stays() {
    after(
        &shipped(),
        OPENED,
        "
        06:00 | escalate      | escalated by hand; step 0; -> warning: kepala, penghubung | 06:30
        06:30 | wake          | step 0 x2; -> warning: kepala, penghubung | 07:00
        06:40 | ok kepala     | held by kepala until 08:40; stop acknowledged: kepala, penghubung | 08:40
        # Who takes it on and shows nothing earns no silence, before the deadline either.
        08:40 | wake          | hold ended; folded held [step 1]; step 1; -> warning: kepala, penghubung, SETDA-asisten | 09:00
        23:59 | ok kepala     | held by kepala until 25:59; stop acknowledged: kepala, penghubung, SETDA-asisten | 24:00
        24:00 | wake          | missed 1 of 24:00; folded passed [warning 50%, warning 75%] | 25:59
        ",
    );
}

#[test]
fn when_early_steps_are_over_the_deadline_begins_them_again() {
    let mut world = shipped();
    world.policy.steps.truncate(1);
    world.policy.steps[0].again_every = None;
    world.policy.repeat.from_step = 0;
    world.policy.repeat.limit = Some(0);
    after(
        &world,
        OPENED,
        "
        06:00 | escalate | escalated by hand; step 0; -> warning: kepala, penghubung | 12:00
        12:00 | wake     | exhausted; ALARM | 24:00
        24:00 | wake     | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; step 0; -> missed: kepala, penghubung | 30:00
        30:00 | wake     | exhausted; ALARM | -
        # The policy is at its end, a person is not.
        31:00 | escalate | escalated by hand; round 1 step 0; -> still: kepala, penghubung | 37:00
        37:00 | wake     | exhausted; ALARM | -
        ",
    );
}
