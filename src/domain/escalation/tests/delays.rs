//! What comes late: an outage of ours, a source that tells late, a clock that was set back, a page
//! that reached nobody.

use super::{
    minutes,
    story::{MISSED, OPENED, after, each, shipped},
};

#[test]
fn after_an_outage_everybody_is_told_once_in_the_words_of_the_latest() {
    // Over both warnings.
    after(
        &shipped(),
        OPENED,
        "19:00 | wake | folded late [warning 50%]; warned 75% due 18:00; -> warning: kepala, penghubung, sekretaris | 24:00",
    );
    // Over the deadline.
    after(
        &shipped(),
        OPENED,
        "24:10 | wake | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; step 0 due 24:00; -> missed: kepala, penghubung | 24:30",
    );
    // Days: rounds that lie in the past are not walked through.
    after(
        &shipped(),
        OPENED,
        "
        100:00 | wake | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; folded late [step 0, step 1, step 2, step 3]; round 1 step 3 due 54:00; -> missed: kepala, penghubung, GUBERNUR-piket, SETDA-asisten, SETDA-kepala | 106:00
        106:00 | wake | round 2 step 3; -> still: kepala, GUBERNUR-piket, SETDA-kepala | 112:00
        ",
    );
    // Repeats of one step: once, and late since the first of them.
    after(
        &shipped(),
        MISSED,
        "
        27:00 | wake | folded late [step 1]; step 2; -> still: kepala, penghubung, SETDA-asisten, SETDA-kepala | 33:00
        47:00 | wake | step 2 x2 due 33:00; -> still: kepala, SETDA-kepala | 48:00
        ",
    );
}

#[test]
fn an_outage_over_the_end_of_the_policy_leaves_time_to_answer() {
    let mut world = shipped();
    world.policy.repeat.limit = Some(0);
    after(
        &world,
        MISSED,
        "
        100:00 | wake | folded late [step 1, step 2]; step 3 due 48:00; -> still: kepala, penghubung, GUBERNUR-piket, SETDA-asisten, SETDA-kepala | 106:00
        106:00 | wake | exhausted; ALARM | -
        ",
    );
}

#[test]
fn progress_that_is_told_late_was_in_time_although_the_miss_stands() {
    each(
        &shipped(),
        MISSED,
        "
        24:20 | status verifikasi @23:50  | kept 1 in time @23:50; stop progressed: kepala, penghubung, sekretaris | -
        24:20 | status verifikasi @24:00  | kept 1 too late @24:00; stop progressed: kepala, penghubung, sekretaris | -
        24:20 | status verifikasi         | kept 1 too late @24:20; stop progressed: kepala, penghubung, sekretaris | -
        # Before the complaint came, and in the future: cut to what can be.
        24:20 | status verifikasi @-01:00 | kept 1 in time @00:00; stop progressed: kepala, penghubung, sekretaris | -
        24:20 | status verifikasi @40:00  | kept 1 too late @24:20; stop progressed: kepala, penghubung, sekretaris | -
        24:20 | status selesai @23:50     | closed @23:50; stop closed: kepala, penghubung, sekretaris | -
        ",
    );
    // Where the miss was not recorded yet, because Siaga was away, it is not.
    each(
        &shipped(),
        OPENED,
        "
        30:00 | status verifikasi @23:50                     | kept 1 in time @23:50 | -
        30:00 | status verifikasi @24:00                     | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; kept 1 too late @24:00 | -
        30:00 | status selesai @23:50                        | closed @23:50 | -
        30:00 | status selesai @24:00                        | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; closed @24:00 | -
        30:00 | status menunggu kelengkapan informasi @23:00 | paused @23:00 | 359:00
        ",
    );
}

#[test]
fn a_pause_that_is_told_late_gives_back_what_was_left() {
    after(
        &shipped(),
        MISSED,
        "
        25:00 | status menunggu kelengkapan informasi @23:00 | paused @23:00; stop paused: kepala, penghubung, sekretaris | 359:00
        30:00 | status baru                                  | runs until 31:00 | 31:00
        # The first miss stays in the ledger, excused by the date of the pause. This one counts.
        31:00 | wake                                         | missed 2 of 31:00; step 0; -> missed: kepala, penghubung | 31:30
        ",
    );
    // Dated before the clock last began to run: it cannot have stopped before.
    after(
        &shipped(),
        OPENED,
        "
        10:00 | status menunggu kelengkapan informasi        | paused | 346:00
        11:00 | status baru                                  | runs until 25:00 | 13:00
        12:00 | status menunggu kelengkapan informasi @05:00 | paused @05:00 | 347:00
        20:00 | status baru                                  | runs until 34:00 | 22:00
        ",
    );
}

#[test]
fn a_renewal_that_is_told_late_is_not_over_before_it_is_known() {
    let mut world = shipped();
    world.policy.renew_progress_every = Some(minutes(72 * 60));
    each(
        &world,
        MISSED,
        "
        # Dated back, and its deadline lies ahead: counted from its date.
        24:20  | status verifikasi @10:00 | kept 1 in time @10:00, next until 82:00; stop progressed: kepala, penghubung, sekretaris | 46:00
        # Its deadline has passed: nobody could be warned, so it is counted from now.
        500:00 | status verifikasi @10:00 | kept 1 in time @10:00, next until 572:00; stop progressed: kepala, penghubung, sekretaris | 536:00
        82:00  | status verifikasi @10:00 | kept 1 in time @10:00, next until 154:00; stop progressed: kepala, penghubung, sekretaris | 118:00
        81:59  | status verifikasi @10:00 | kept 1 in time @10:00, next until 82:00; stop progressed: kepala, penghubung, sekretaris | 46:00
        ",
    );
    after(
        &world,
        OPENED,
        "
        10:00 | status verifikasi        | kept 1 in time @10:00, next until 82:00 | 46:00
        # An honest miss stays one: nothing newer was shown before the deadline.
        82:00 | wake                     | missed 2 of 82:00; folded passed [warning 50%, warning 75%]; step 0; -> missed: kepala, penghubung | 82:30
        # Older or the same progress told again, or late, keeps nothing.
        82:10 | status verifikasi @10:00 | | 82:30
        82:11 | status pengerjaan @09:00 | noted pengerjaan @09:00 | 82:30
        82:20 | status tuntas @81:00     | kept 2 in time @81:00, next until 153:00; stop progressed: kepala, penghubung | 117:00
        ",
    );
    // Old progress told while the clock stands still keeps nothing, but ends the pause.
    after(
        &world,
        OPENED,
        "
        10:00 | status verifikasi                     | kept 1 in time @10:00, next until 82:00 | 46:00
        20:00 | status menunggu kelengkapan informasi | paused | 356:00
        30:00 | status verifikasi @10:00              | runs until 92:00 @10:00 | 56:00
        ",
    );
}

#[test]
fn a_complaint_is_opened_again_when_its_source_can_have_opened_it() {
    const CLOSED: &str = "
        00:00 | open DISHUB    | opened until 24:00 | 12:00
        10:00 | status selesai | closed | -
        ";
    each(
        &shipped(),
        CLOSED,
        "
        200:00 | status disposisi @190:00 | runs until 214:00 @190:00 | 202:00
        # Before it was closed, or in the future: such a date tells nothing.
        200:00 | status disposisi @05:00  | runs until 224:00 @05:00 | 212:00
        200:00 | status disposisi @300:00 | runs until 224:00 @200:00 | 212:00
        # Long ago: it would be missed before anybody could be warned.
        200:00 | status disposisi @20:00  | runs until 224:00 @20:00 | 212:00
        200:00 | status pengerjaan @05:00 | runs until 224:00 @05:00; kept 2 in time @200:00 | -
        ",
    );
    after(
        &shipped(),
        CLOSED,
        "
        200:00 | status disposisi         | runs until 224:00 | 212:00
        201:00 | status pengerjaan @09:00 | noted pengerjaan @09:00 | 212:00
        202:00 | status tuntas @199:00    | kept 2 in time @199:00 | -
        ",
    );
}

#[test]
fn a_complaint_that_comes_with_a_state_is_judged_by_its_date() {
    each(
        &shipped(),
        "",
        "
        100:00 | open DISHUB                                       | opened until 24:00 | 12:00
        100:00 | open DISHUB disposisi                             | opened until 24:00 | 12:00
        100:00 | open DISHUB verifikasi @10:00                     | opened until 24:00; kept 1 in time @10:00 | -
        100:00 | open DISHUB verifikasi                            | opened until 24:00; missed 1 of 24:00; folded passed [warning 50%, warning 75%]; kept 1 too late @100:00 | -
        100:00 | open DISHUB selesai @10:00                        | opened until 24:00; closed @10:00 | -
        100:00 | open DISHUB selesai @30:00                        | opened until 24:00; missed 1 of 24:00; folded passed [warning 50%, warning 75%]; closed @30:00 | -
        # Over, and nobody knows since when: that proves no miss.
        100:00 | open DISHUB selesai                               | opened until 24:00; closed | -
        10:00  | open DISHUB menunggu kelengkapan informasi @04:00 | opened until 24:00; paused @04:00 | 340:00
        10:00  | open DISHUB bukan wewenang                        | opened until 24:00; returned; -> refused: BIRO-penghubung | 12:00
        ",
    );
}

#[test]
fn a_clock_that_was_set_back_loses_nothing_and_does_nothing_twice() {
    after(
        &shipped(),
        MISSED,
        "
        23:00 | wake              | | 24:30
        24:00 | wake              | | 24:30
        24:30 | wake              | step 0 x2; -> still: kepala, penghubung | 25:00
        24:30 | wake              | | 25:00
        24:10 | ok kepala         | held by kepala until 26:10; stop acknowledged: kepala, penghubung, sekretaris | 26:10
        24:05 | status verifikasi | kept 1 too late @24:05 | -
        ",
    );
    // A hold that ended before the step it answers: the next repeat is counted from the step.
    after(
        &shipped(),
        MISSED,
        "
        21:00 | ok kepala | held by kepala until 23:00; stop acknowledged: kepala, penghubung, sekretaris | 23:00
        24:10 | wake      | hold ended; step 0 x2 due 23:00; -> still: kepala, penghubung | 24:30
        ",
    );
    // A pause never costs the unit time.
    after(
        &shipped(),
        OPENED,
        "
        10:00 | status menunggu kelengkapan informasi | paused | 346:00
        09:00 | status baru                           | runs until 24:00 | 12:00
        11:00 | to DINKES                             | to DINKES until 35:00 | 23:00
        10:30 | to DISHUB                             | to DISHUB until 34:30 | 22:30
        ",
    );
}

#[test]
fn a_page_that_reached_nobody_is_known_and_the_next_repeat_tries_again() {
    after(
        &shipped(),
        MISSED,
        "
        24:05 | unreachable kepala     | ALARM kepala unreachable | 24:30
        24:06 | unreachable penghubung | ALARM penghubung unreachable | 24:30
        24:30 | wake                   | step 0 x2; -> still: kepala, penghubung | 25:00
        # The failure of a page that another has replaced says nothing.
        24:31 | stale penghubung       | | 25:00
        24:40 | ok kepala              | held by kepala until 26:40; stop acknowledged: kepala, penghubung, sekretaris | 26:40
        24:41 | stale penghubung       | | 26:40
        ",
    );
}
