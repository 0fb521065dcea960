//! Acknowledgements: who holds, for how long, and what comes after.

use super::story::{check, shipped};

#[test]
fn an_acknowledgement_holds_over_the_deadline_and_the_miss_is_recorded_all_the_same() {
    const ROWS: &str = "
        00:00 | open DISHUB   | opened until 24:00 | 12:00
        12:00 | wake          | warned 50%; -> warning: penghubung | 18:00
        12:05 | ok penghubung | held by penghubung until 14:05; stop acknowledged: penghubung | 14:05
        14:05 | wake          | hold ended | 18:00
        18:00 | wake          | warned 75%; -> warning: kepala, sekretaris | 24:00
        23:00 | ok kepala     | held by kepala until 25:00; stop acknowledged: kepala, sekretaris | 24:00
        24:00 | wake          | missed 1 of 24:00 | 25:00
        # The hold ends exactly at a step: one message, and it is the first that tells of the miss.
        25:00 | wake          | hold ended; folded held [step 0]; step 1; -> missed: kepala, penghubung, SETDA-asisten | 26:00
        26:00 | wake          | step 1 x2; -> still: kepala, penghubung, SETDA-asisten | 27:00
        ";
    check(&shipped(), ROWS);
}

#[test]
fn a_warning_that_falls_into_a_hold_goes_out_at_its_end() {
    const ROWS: &str = "
        00:00 | open DISHUB   | opened until 24:00 | 12:00
        12:00 | wake          | warned 50%; -> warning: penghubung | 18:00
        17:00 | ok penghubung | held by penghubung until 19:00; stop acknowledged: penghubung | 19:00
        18:00 | wake          | | 19:00
        19:00 | wake          | hold ended; warned 75%; -> warning: kepala, sekretaris | 24:00
        ";
    check(&shipped(), ROWS);
}

#[test]
fn warnings_that_a_hold_over_the_deadline_kept_back_are_recorded_as_folded() {
    const ROWS: &str = "
        00:00 | open DISHUB   | opened until 24:00 | 12:00
        12:00 | wake          | warned 50%; -> warning: penghubung | 18:00
        17:59 | ok penghubung | held by penghubung until 19:59; stop acknowledged: penghubung | 19:59
        19:58 | ok penghubung | no effect: penghubung holds | 19:59
        # Siaga is away until after the deadline.
        24:10 | wake          | missed 1 of 24:00; folded passed [warning 75%]; hold ended; step 0 due 24:00; -> missed: kepala, penghubung | 24:30
        ";
    check(&shipped(), ROWS);
}

#[test]
fn the_first_to_answer_holds_and_the_second_is_told_who() {
    const ROWS: &str = "
        00:00 | open DISHUB          | opened until 24:00 | 12:00
        12:00 | wake                 | warned 50%; -> warning: penghubung | 18:00
        18:00 | wake                 | warned 75%; -> warning: kepala, sekretaris | 24:00
        24:00 | wake                 | missed 1 of 24:00; step 0; -> missed: kepala, penghubung | 24:30
        24:03 | ok kepala by sms #a  | held by kepala until 26:03; stop acknowledged: kepala, penghubung, sekretaris; tells kepala: yours until 26:03 | 26:03
        24:04 | ok penghubung by sms | no effect: kepala holds; tells penghubung: DISHUB-kepala has it | 26:03
        # The same reply handed over again does nothing; a second one is confirmed and moves nothing.
        24:05 | ok kepala by sms #a  | | 26:03
        24:06 | ok kepala by sms     | no effect: kepala holds; tells kepala: yours until 26:03 | 26:03
        25:00 | wake                 | | 26:03
        26:03 | wake                 | hold ended; step 1; -> still: kepala, penghubung, SETDA-asisten | 27:00
        27:00 | wake                 | step 2; -> still: kepala, SETDA-kepala | 33:00
        27:30 | ok kepala            | held by kepala until 29:30; stop acknowledged: kepala, penghubung, SETDA-asisten, SETDA-kepala | 29:30
        # Nothing new fell into the hold: the step that was taken last, once more.
        29:30 | wake                 | hold ended; step 2 x2; -> still: kepala, SETDA-kepala | 35:30
        35:30 | wake                 | step 2 x3; -> still: kepala, SETDA-kepala | 41:30
        ";
    check(&shipped(), ROWS);
}

#[test]
fn an_answer_at_the_very_instant_of_the_deadline_comes_after_the_miss() {
    const ROWS: &str = "
        00:00 | open DISHUB | opened until 24:00 | 12:00
        12:00 | wake        | warned 50%; -> warning: penghubung | 18:00
        18:00 | wake        | warned 75%; -> warning: kepala, sekretaris | 24:00
        24:00 | ok kepala   | missed 1 of 24:00; held by kepala until 26:00; stop acknowledged: kepala, penghubung, sekretaris | 26:00
        24:00 | wake        | | 26:00
        26:00 | wake        | hold ended; folded held [step 0]; step 1; -> missed: kepala, penghubung, SETDA-asisten | 27:00
        ";
    check(&shipped(), ROWS);
}

#[test]
fn an_answer_at_the_very_end_of_a_hold_takes_it_on_anew() {
    const ROWS: &str = "
        00:00 | open DISHUB   | opened until 24:00 | 12:00
        12:00 | wake          | warned 50%; -> warning: penghubung | 18:00
        12:05 | ok penghubung | held by penghubung until 14:05; stop acknowledged: penghubung | 14:05
        14:05 | ok sekretaris | held by sekretaris until 16:05 | 16:05
        16:05 | wake          | hold ended | 18:00
        ";
    check(&shipped(), ROWS);
}

#[test]
fn progress_ends_a_hold_and_answers_after_the_end_are_told_the_truth() {
    const ROWS: &str = "
        00:00 | open DISHUB          | opened until 24:00 | 12:00
        12:00 | wake                 | warned 50%; -> warning: penghubung | 18:00
        12:05 | ok penghubung        | held by penghubung until 14:05; stop acknowledged: penghubung | 14:05
        13:00 | status verifikasi    | kept 1 in time @13:00 | -
        13:01 | ok kepala by sms     | no effect: over; tells kepala: over | -
        13:02 | refuse kepala by sms | no effect: over; tells kepala: over | -
        13:03 | status tuntas        | noted tuntas | -
        13:04 | status selesai       | closed | -
        13:05 | ok kepala by sms     | no effect: over; tells kepala: over | -
        13:06 | wake                 | | -
        ";
    check(&shipped(), ROWS);
}

#[test]
fn a_complaint_that_is_closed_while_pages_are_in_flight_stops_them() {
    const ROWS: &str = "
        00:00 | open DISHUB      | opened until 24:00 | 12:00
        24:00 | wake             | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; step 0; -> missed: kepala, penghubung | 24:30
        24:01 | status selesai   | closed; stop closed: kepala, penghubung | -
        24:02 | ok kepala by sms | no effect: over; tells kepala: over | -
        24:03 | stale kepala     | | -
        24:30 | wake             | | -
        ";
    check(&shipped(), ROWS);
}

#[test]
fn whoever_takes_it_on_after_the_end_of_the_policy_is_told_in_a_new_round() {
    let mut world = shipped();
    world.policy.repeat.limit = Some(0);
    const ROWS: &str = "
        00:00 | open DISHUB       | opened until 24:00 | 12:00
        48:00 | wake              | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; folded late [step 0, step 1, step 2]; step 3; -> missed: kepala, penghubung, GUBERNUR-piket, SETDA-asisten, SETDA-kepala | 54:00
        54:00 | wake              | exhausted; ALARM | -
        55:00 | ok kepala         | held by kepala until 57:00; stop acknowledged: kepala, penghubung, GUBERNUR-piket, SETDA-asisten, SETDA-kepala | 57:00
        # Not as if for the first time, not from the first step, and counted.
        57:00 | wake              | hold ended; round 1 step 3; -> still: kepala, GUBERNUR-piket, SETDA-kepala | 63:00
        63:00 | wake              | exhausted; ALARM | -
        64:00 | ok GUBERNUR-piket | held by GUBERNUR-piket until 66:00; stop acknowledged: kepala, GUBERNUR-piket, SETDA-kepala | 66:00
        66:00 | wake              | hold ended; round 2 step 3; -> still: kepala, GUBERNUR-piket, SETDA-kepala | 72:00
        ";
    check(&world, ROWS);
}

#[test]
fn a_hold_over_the_end_of_the_policy_ends_with_a_page_and_not_in_silence() {
    let mut world = shipped();
    world.policy.repeat.limit = Some(0);
    const ROWS: &str = "
        00:00 | open DISHUB   | opened until 24:00 | 12:00
        48:00 | wake          | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; folded late [step 0, step 1, step 2]; step 3; -> missed: kepala, penghubung, GUBERNUR-piket, SETDA-asisten, SETDA-kepala | 54:00
        53:00 | ok kepala     | held by kepala until 55:00; stop acknowledged: kepala, penghubung, GUBERNUR-piket, SETDA-asisten, SETDA-kepala | 55:00
        55:00 | wake          | hold ended; round 1 step 3; -> still: kepala, GUBERNUR-piket, SETDA-kepala | 61:00
        61:00 | wake          | exhausted; ALARM | -
        # A refusal after the end still goes on to somebody.
        61:30 | refuse kepala | refused by kepala; -> refused: BIRO-penghubung; stop refused: kepala | -
        ";
    check(&world, ROWS);
}
