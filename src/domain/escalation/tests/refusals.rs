//! Refusals: no acknowledgement, passed on at once, and not asked again of whoever refused.

use super::{
    person,
    story::{WARNED, WARNED_ONCE, after, shipped},
    targets,
};

/// The head has refused at the warning.
const REFUSED: &str = "
        00:00 | open DISHUB   | opened until 24:00 | 12:00
        12:00 | wake          | warned 50%; -> warning: penghubung | 18:00
        18:00 | wake          | warned 75%; -> warning: kepala, sekretaris | 24:00
        18:10 | refuse kepala | refused by kepala; -> refused: BIRO-penghubung; stop refused: kepala | 24:00
        ";

#[test]
fn who_refused_is_spared_by_repeats_and_later_steps() {
    after(
        &shipped(),
        REFUSED,
        "
        24:00 | wake              | missed 1 of 24:00; step 0; skip kepala (refused); -> missed: penghubung | 24:30
        24:30 | wake              | step 0 x2; skip kepala (refused); -> still: penghubung | 25:00
        25:00 | wake              | step 1; skip kepala (refused); -> still: penghubung, SETDA-asisten | 26:00
        25:05 | refuse penghubung | refused by penghubung; -> refused: BIRO-penghubung; stop refused: penghubung | 26:00
        26:00 | wake              | step 1 x2; skip kepala (refused); skip penghubung (refused); -> still: SETDA-asisten | 27:00
        27:00 | wake              | step 2; skip kepala (refused); -> still: SETDA-kepala | 33:00
        48:00 | wake              | step 3; skip kepala (refused); -> still: GUBERNUR-piket, SETDA-kepala | 54:00
        54:00 | wake              | round 1 step 3; skip kepala (refused); -> still: GUBERNUR-piket, SETDA-kepala | 60:00
        ",
    );
}

#[test]
fn a_refusal_is_answered_with_where_it_goes() {
    after(
        &shipped(),
        WARNED,
        "
        18:10 | refuse kepala by sms #n       | refused by kepala; -> refused: BIRO-penghubung; stop refused: kepala; tells kepala: goes to penghubung BIRO | 24:00
        18:11 | refuse kepala by sms #n       | | 24:00
        # The desk itself refuses: it is not asked back, and somebody must know.
        18:20 | refuse BIRO-penghubung by sms | refused by BIRO-penghubung; skip koordinator:penghubung (refused); ALARM nobody for refusal; stop refused: BIRO-penghubung; tells BIRO-penghubung: goes to nobody | 24:00
        # Another's refusal is news for the desk all the same.
        18:30 | refuse sekretaris             | refused by sekretaris; ALARM all refused refusal; -> refused: BIRO-penghubung; stop refused: sekretaris | 24:00
        ",
    );
}

#[test]
fn where_everybody_has_refused_they_are_told_all_the_same() {
    // Both whom the step names.
    after(
        &shipped(),
        REFUSED,
        "
        18:20 | refuse penghubung | refused by penghubung; -> refused: BIRO-penghubung; stop refused: penghubung | 24:00
        24:00 | wake              | missed 1 of 24:00; step 0; ALARM all refused step 0; -> missed: kepala, penghubung | 24:30
        24:10 | refuse kepala     | refused by kepala; -> refused: BIRO-penghubung; stop refused: kepala | 24:30
        24:30 | wake              | step 0 x2; ALARM all refused step 0; -> still: kepala, penghubung | 25:00
        25:00 | wake              | step 1; skip kepala (refused); skip penghubung (refused); -> still: SETDA-asisten | 26:00
        ",
    );
    // The only one whom the step names.
    let mut world = shipped();
    world.policy.steps[0].to = targets(&["kepala"]);
    after(
        &world,
        REFUSED,
        "24:00 | wake | missed 1 of 24:00; step 0; ALARM all refused step 0; -> missed: kepala | 24:30",
    );
    // The only one who is left, because the other post is vacant.
    let mut world = shipped();
    world.post("DISHUB.penghubung").holder = None;
    after(
        &world,
        "
        00:00 | open DISHUB   | opened until 24:00 | 12:00
        18:00 | wake          | folded late [warning 50%]; warned 75%; skip penghubung (vacant); -> warning: kepala, sekretaris | 24:00
        18:10 | refuse kepala | refused by kepala; -> refused: BIRO-penghubung; stop refused: kepala | 24:00
        ",
        "24:00 | wake | missed 1 of 24:00; step 0; skip penghubung (vacant); ALARM all refused step 0; -> missed: kepala | 24:30",
    );
}

#[test]
fn a_hand_over_and_a_new_promise_clear_a_refusal() {
    after(
        &shipped(),
        REFUSED,
        "
        19:00 | to DINKES | to DINKES until 43:00; stop reassigned: BIRO-penghubung, penghubung, sekretaris | 31:00
        20:00 | to DISHUB | to DISHUB until 44:00 | 32:00
        38:00 | wake      | folded late [warning 50%]; warned 75%; -> warning: kepala, penghubung, sekretaris | 44:00
        ",
    );
    after(
        &shipped(),
        REFUSED,
        "
        19:00 | status selesai | closed; stop closed: BIRO-penghubung, penghubung, sekretaris | -
        20:00 | status baru    | runs until 44:00 | 32:00
        44:00 | wake           | missed 2 of 44:00; folded passed [warning 50%, warning 75%]; step 0; -> missed: kepala, penghubung | 44:30
        ",
    );
}

#[test]
fn the_coordinator_can_say_that_it_stays_with_the_unit() {
    after(
        &shipped(),
        REFUSED,
        "
        19:00 | to DISHUB | stays with DISHUB until 24:00 | 24:00
        19:01 | to DISHUB | | 24:00
        24:00 | wake      | missed 1 of 24:00; step 0; -> missed: kepala, penghubung | 24:30
        ",
    );
    // The same by the source's states: returned, and given back.
    after(
        &shipped(),
        REFUSED,
        "
        18:20 | status bukan wewenang | returned; -> refused: BIRO-penghubung | 24:00
        19:00 | status disposisi      | noted disposisi | 24:00
        24:00 | wake                  | missed 1 of 24:00; step 0; -> missed: kepala, penghubung | 24:30
        ",
    );
    // Whoever is noted as waiting without that keeps their refusal.
    after(
        &shipped(),
        REFUSED,
        "
        19:00 | status disposisi | noted disposisi | 24:00
        24:00 | wake             | missed 1 of 24:00; step 0; skip kepala (refused); -> missed: penghubung | 24:30
        ",
    );
}

#[test]
fn who_takes_it_on_after_all_is_told_again_like_everybody() {
    after(
        &shipped(),
        REFUSED,
        "
        23:50 | ok kepala | held by kepala until 25:50; stop acknowledged: BIRO-penghubung, penghubung, sekretaris | 24:00
        24:00 | wake      | missed 1 of 24:00 | 25:50
        25:50 | wake      | hold ended; folded held [step 0]; step 1; -> missed: kepala, penghubung, SETDA-asisten | 26:00
        ",
    );
}

#[test]
fn a_refusal_during_anothers_hold_waits_with_it() {
    after(
        &shipped(),
        WARNED,
        "
        24:00 | wake                 | missed 1 of 24:00; step 0; -> missed: kepala, penghubung | 24:30
        24:05 | ok penghubung        | held by penghubung until 26:05; stop acknowledged: kepala, penghubung, sekretaris | 26:05
        24:10 | refuse kepala by sms | refused by kepala; tells kepala: goes to nobody | 26:05
        26:05 | wake                 | hold ended; step 1; skip kepala (refused); -> still: penghubung, SETDA-asisten | 27:00
        ",
    );
}

#[test]
fn who_takes_back_an_acknowledgement_ends_its_hold() {
    after(
        &shipped(),
        WARNED,
        "
        24:00 | wake          | missed 1 of 24:00; step 0; -> missed: kepala, penghubung | 24:30
        24:05 | ok kepala     | held by kepala until 26:05; stop acknowledged: kepala, penghubung, sekretaris | 26:05
        24:20 | refuse kepala | refused by kepala; -> refused: BIRO-penghubung | 24:20
        24:20 | wake          | hold ended; step 0 x2; skip kepala (refused); -> still: penghubung | 24:50
        ",
    );
}

#[test]
fn the_acting_holders_refusal_is_not_the_holders() {
    let mut world = shipped();
    world.post("DISHUB.kepala").acting = vec![super::story::acting(
        crate::domain::directory::ActingKind::Plh,
        "DINKES-sekretaris",
        "00:00",
        "24:15",
    )];
    after(
        &world,
        WARNED_ONCE,
        "
        18:00 | wake                     | warned 75%; -> warning: DINKES-sekretaris as Plh. DISHUB.kepala, sekretaris | 24:00
        18:10 | refuse DINKES-sekretaris | refused by DINKES-sekretaris; -> refused: BIRO-penghubung; stop refused: DINKES-sekretaris | 24:00
        24:00 | wake                     | missed 1 of 24:00; step 0; skip kepala (refused); -> missed: penghubung | 24:30
        24:30 | wake                     | step 0 x2; -> still: kepala, penghubung | 25:00
        ",
    );
}

#[test]
fn a_refusal_that_the_policy_passes_to_nobody_is_an_alarm() {
    let mut world = shipped();
    world.policy.on_refusal.clear();
    after(
        &world,
        WARNED,
        "18:10 | refuse kepala | refused by kepala; ALARM nobody for refusal; stop refused: kepala | 24:00",
    );
    // Nor does it go to somebody who cannot be reached.
    let mut world = shipped();
    world
        .directory
        .responders
        .remove(&person("BIRO-penghubung"));
    after(
        &world,
        WARNED,
        "18:10 | refuse kepala by sms | refused by kepala; skip koordinator:penghubung (unknown); ALARM nobody for refusal; stop refused: kepala; tells kepala: goes to nobody | 24:00",
    );
}
