//! Hand-overs: to a post of the same unit at once, to another unit as a proposal.

use super::story::{MISSED, WARNED, acting, after, shipped};
use crate::domain::{directory::ActingKind, policy::OnHandover};

#[test]
fn a_post_of_the_same_unit_is_told_at_once_and_the_desk_is_not() {
    after(
        &shipped(),
        WARNED,
        "
        18:10 | refuse kepala > DISHUB.sekretaris by sms #n | refused by kepala > DISHUB.sekretaris; -> handed over: sekretaris; stop refused: kepala; tells kepala: handed to sekretaris DISHUB | 24:00
        18:11 | refuse kepala > DISHUB.sekretaris by sms #n | | 24:00
        # It is no acknowledgement: the clock runs, and who handed it over is spared like any who refuse.
        24:00 | wake | missed 1 of 24:00; step 0; skip kepala (refused); -> missed: penghubung | 24:30
        24:10 | ok sekretaris by sms | held by sekretaris until 26:10; stop acknowledged: penghubung, sekretaris; tells sekretaris: yours until 26:10 | 26:10
        ",
    );
    // The unit alone is whom the policy tells first there.
    after(
        &shipped(),
        MISSED,
        "24:05 | refuse SETDA-kepala > DISHUB by sms | refused by SETDA-kepala > DISHUB; -> handed over: penghubung; tells SETDA-kepala: handed to penghubung DISHUB | 24:30",
    );
}

#[test]
fn whoever_acts_for_the_named_post_has_it() {
    let mut world = shipped();
    world.post("DISHUB.sekretaris").acting = vec![acting(
        ActingKind::Plh,
        "DINKES-sekretaris",
        "18:00",
        "30:00",
    )];
    after(
        &world,
        WARNED_WITH_ACTING,
        "18:10 | refuse kepala > DISHUB.sekretaris by sms | refused by kepala > DISHUB.sekretaris; -> handed over: DINKES-sekretaris as Plh. DISHUB.sekretaris; stop refused: kepala; tells kepala: handed to Plh. sekretaris DISHUB | 24:00",
    );
}

const WARNED_WITH_ACTING: &str = "
        00:00 | open DISHUB | opened until 24:00 | 12:00
        12:00 | wake        | warned 50%; -> warning: penghubung | 18:00
        18:00 | wake        | warned 75%; -> warning: DINKES-sekretaris as Plh. DISHUB.sekretaris, kepala | 24:00
        ";

#[test]
fn a_post_that_cannot_take_it_leaves_it_to_the_desk() {
    // Vacant, their own, one that has refused, and one that is not there.
    let mut world = shipped();
    world.post("DISHUB.penghubung").holder = None;
    after(
        &world,
        "
        00:00 | open DISHUB | opened until 24:00 | 12:00
        18:00 | wake        | folded late [warning 50%]; warned 75%; skip penghubung (vacant); -> warning: kepala, sekretaris | 24:00
        ",
        "
        18:10 | refuse kepala > DISHUB.penghubung by sms | refused by kepala > DISHUB.penghubung; skip post:DISHUB.penghubung (vacant); -> refused: BIRO-penghubung; stop refused: kepala; tells kepala: goes to penghubung BIRO | 24:00
        18:20 | refuse sekretaris > DISHUB.kepala | refused by sekretaris > DISHUB.kepala; skip post:DISHUB.kepala (refused); -> refused: BIRO-penghubung; stop refused: sekretaris | 24:00
        ",
    );
    after(
        &shipped(),
        WARNED,
        "
        18:10 | refuse kepala > DISHUB.kepala | refused by kepala > DISHUB.kepala; skip post:DISHUB.kepala (refused); -> refused: BIRO-penghubung; stop refused: kepala | 24:00
        18:20 | refuse sekretaris > DISHUB.x  | refused by sekretaris > DISHUB.x; -> refused: BIRO-penghubung; stop refused: sekretaris | 24:00
        ",
    );
}

#[test]
fn another_unit_is_proposed_to_the_desk_and_the_complaint_stays_where_it_is() {
    after(
        &shipped(),
        WARNED,
        "
        18:10 | refuse kepala > DINKES by sms | refused by kepala > DINKES; -> refused: BIRO-penghubung; stop refused: kepala; tells kepala: goes to penghubung BIRO, proposing DINKES | 24:00
        24:00 | wake | missed 1 of 24:00; step 0; skip kepala (refused); -> missed: penghubung | 24:30
        # Only the source assigns it.
        24:10 | to DINKES | to DINKES until 48:10; stop reassigned: BIRO-penghubung, penghubung, sekretaris | 36:10
        ",
    );
    after(
        &shipped(),
        WARNED,
        "18:10 | refuse kepala > DINKES.kepala by sms | refused by kepala > DINKES.kepala; -> refused: BIRO-penghubung; stop refused: kepala; tells kepala: goes to penghubung BIRO, proposing DINKES | 24:00",
    );
}

#[test]
fn where_the_policy_says_so_the_named_unit_is_told_too() {
    let mut world = shipped();
    world.policy.on_handover = OnHandover::Page;
    after(
        &world,
        WARNED,
        "
        18:10 | refuse kepala > DINKES by sms | refused by kepala > DINKES; -> refused: BIRO-penghubung; -> handed over: DINKES-penghubung; stop refused: kepala; tells kepala: goes to penghubung BIRO, proposing DINKES | 24:00
        # Their yes is a yes, and the clock is still that of the unit which has it.
        18:20 | ok DINKES-penghubung | held by DINKES-penghubung until 20:20; stop acknowledged: BIRO-penghubung, DINKES-penghubung, penghubung, sekretaris | 20:20
        20:20 | wake | hold ended | 24:00
        24:00 | wake | missed 1 of 24:00; step 0; skip kepala (refused); -> missed: penghubung | 24:30
        ",
    );
    after(
        &world,
        WARNED,
        "18:10 | refuse kepala > DINKES.kepala | refused by kepala > DINKES.kepala; -> refused: BIRO-penghubung; -> handed over: DINKES-kepala; stop refused: kepala | 24:00",
    );
    // The desk is told once, in the words of a refusal.
    after(
        &world,
        WARNED,
        "18:10 | refuse kepala > BIRO | refused by kepala > BIRO; -> refused: BIRO-penghubung; stop refused: kepala | 24:00",
    );
}

#[test]
fn while_anothers_acknowledgement_holds_nobody_is_told() {
    after(
        &shipped(),
        MISSED,
        "
        24:05 | ok penghubung | held by penghubung until 26:05; stop acknowledged: kepala, penghubung, sekretaris | 26:05
        24:10 | refuse kepala > DISHUB.sekretaris by sms | refused by kepala > DISHUB.sekretaris; tells kepala: goes to nobody | 26:05
        # Who holds it and hands it over ends the hold.
        24:20 | refuse penghubung > DISHUB.sekretaris by sms | refused by penghubung > DISHUB.sekretaris; -> handed over: sekretaris; tells penghubung: handed to sekretaris DISHUB | 24:20
        ",
    );
}
