//! The promise's clock: pauses, hand-overs, renewals, closing and opening again.

use super::{
    World, minutes,
    story::{MISSED, OPENED, WARNED, WARNED_ONCE, after, check, each, shipped},
};
use crate::domain::policy::Reroute;

fn keeping() -> World {
    let mut world = shipped();
    world.policy.on_reroute = Reroute::KeepClock;
    world
}

/// New progress every three days.
fn renewing() -> World {
    let mut world = shipped();
    world.policy.renew_progress_every = Some(minutes(72 * 60));
    world
}

#[test]
fn a_pause_before_the_deadline_gives_its_own_length() {
    after(
        &shipped(),
        OPENED,
        "
        10:00 | status menunggu kelengkapan informasi | paused | 346:00
        12:00 | wake                                  | | 346:00
        20:00 | status baru                           | runs until 34:00 | 22:00
        22:00 | wake                                  | warned 50%; -> warning: penghubung | 28:00
        28:00 | wake                                  | warned 75%; -> warning: kepala, sekretaris | 34:00
        34:00 | wake                                  | missed 1 of 34:00; step 0; -> missed: kepala, penghubung | 34:30
        ",
    );
}

#[test]
fn a_state_that_the_policy_does_not_know_ends_a_pause() {
    after(
        &shipped(),
        OPENED,
        "
        10:00 | status menunggu kelengkapan informasi | paused                   | 346:00
        20:00 | status lengkap                        | runs until 34:00         | 22:00
        21:00 | status dibaca petugas                 | noted dibaca petugas     | 22:00
        ",
    );
}

#[test]
fn a_pause_after_the_deadline_stops_the_paging_and_unsays_no_miss() {
    after(
        &shipped(),
        MISSED,
        "
        24:10 | status menunggu kelengkapan informasi | paused; stop paused: kepala, penghubung, sekretaris | 360:10
        24:30 | wake                                  | | 360:10
        24:40 | ok kepala                             | no effect: over | 360:10
        30:00 | status baru                           | runs until 24:00 | 30:00
        # They have heard of the miss: it is still missed, and counted from now.
        30:00 | wake                                  | step 0; -> still: kepala, penghubung | 30:30
        31:00 | wake                                  | step 1; -> still: kepala, penghubung, SETDA-asisten | 32:00
        ",
    );
}

#[test]
fn a_pause_that_lasts_is_asked_about_again_and_again() {
    after(
        &shipped(),
        OPENED,
        "
        10:00  | status menunggu kelengkapan informasi | paused | 346:00
        346:00 | wake                                  | ALARM paused since 10:00 | 682:00
        682:00 | wake                                  | ALARM paused since 10:00 | 1018:00
        ",
    );
}

#[test]
fn a_hand_over_that_restarts_the_clock_gives_the_new_unit_the_whole_time() {
    after(
        &shipped(),
        WARNED_ONCE,
        "
        13:00 | to DINKES | to DINKES until 37:00; stop reassigned: penghubung | 25:00
        25:00 | wake      | warned 50%; -> warning: DINKES-penghubung | 31:00
        ",
    );
    // After the deadline: the miss stays with the old unit.
    after(
        &shipped(),
        MISSED,
        "
        24:10 | to DINKES | to DINKES until 48:10; stop reassigned: kepala, penghubung, sekretaris | 36:10
        36:10 | wake      | warned 50%; -> warning: DINKES-penghubung | 42:10
        42:10 | wake      | warned 75%; -> warning: DINKES-kepala, DINKES-sekretaris | 48:10
        48:10 | wake      | missed 2 of 48:10; step 0; -> missed: DINKES-kepala, DINKES-penghubung | 48:40
        ",
    );
    // At the very instant of the deadline it is the old unit's miss.
    after(
        &shipped(),
        WARNED,
        "24:00 | to DINKES | missed 1 of 24:00; to DINKES until 48:00; stop reassigned: kepala, penghubung, sekretaris | 36:00",
    );
}

#[test]
fn a_hand_over_that_keeps_the_clock_tells_the_new_unit_what_the_old_one_was_told() {
    after(
        &keeping(),
        WARNED,
        "
        19:00 | to DINKES | to DINKES until 24:00; stop reassigned: kepala, penghubung, sekretaris | 19:00
        19:00 | wake      | folded together [warning 50%]; warned 75%; -> warning: DINKES-kepala, DINKES-penghubung, DINKES-sekretaris | 24:00
        24:00 | wake      | missed 1 of 24:00; step 0; -> missed: DINKES-kepala, DINKES-penghubung | 24:30
        ",
    );
    after(
        &keeping(),
        MISSED,
        "
        24:10 | to DINKES | to DINKES until 24:00; stop reassigned: kepala, penghubung, sekretaris | 24:10
        24:10 | wake      | step 0; -> missed: DINKES-kepala, DINKES-penghubung | 24:40
        ",
    );
    // A hold was the old unit's.
    after(
        &keeping(),
        WARNED,
        "
        19:00 | ok kepala | held by kepala until 21:00; stop acknowledged: kepala, penghubung, sekretaris | 21:00
        20:00 | to DINKES | to DINKES until 24:00 | 20:00
        20:00 | wake      | folded together [warning 50%]; warned 75%; -> warning: DINKES-kepala, DINKES-penghubung, DINKES-sekretaris | 24:00
        ",
    );
}

#[test]
fn a_hand_over_while_the_reporter_is_waited_for_starts_no_clock() {
    after(
        &shipped(),
        OPENED,
        "
        10:00 | status menunggu kelengkapan informasi | paused | 346:00
        12:00 | to DINKES                             | to DINKES without deadline | 348:00
        20:00 | status baru                           | runs until 44:00 | 32:00
        ",
    );
    after(
        &keeping(),
        WARNED,
        "
        20:00 | status menunggu kelengkapan informasi | paused; stop paused: kepala, penghubung, sekretaris | 356:00
        21:00 | to DINKES                             | to DINKES without deadline | 356:00
        30:00 | status baru                           | runs until 34:00 | 30:00
        30:00 | wake                                  | folded together [warning 50%]; warned 75%; -> warning: DINKES-kepala, DINKES-penghubung, DINKES-sekretaris | 34:00
        ",
    );
}

#[test]
fn what_was_verified_and_then_returned_is_not_dropped() {
    after(
        &shipped(),
        OPENED,
        "
        10:00 | status verifikasi     | kept 1 in time @10:00 | -
        11:00 | status bukan wewenang | returned, runs until 35:00; -> refused: BIRO-penghubung | 23:00
        12:00 | to DINKES             | to DINKES until 36:00; stop reassigned: BIRO-penghubung | 24:00
        13:00 | status verifikasi     | kept 3 in time @13:00 | -
        ",
    );
    // Handed over after a first progress: the new unit must show its own, under the same word too.
    after(
        &shipped(),
        OPENED,
        "
        10:00 | status verifikasi        | kept 1 in time @10:00 | -
        12:00 | to DINKES                | to DINKES until 36:00 | 24:00
        12:30 | status verifikasi @10:00 | | 24:00
        13:00 | status verifikasi        | kept 2 in time @13:00 | -
        ",
    );
    after(
        &keeping(),
        OPENED,
        "
        10:00 | status verifikasi | kept 1 in time @10:00 | -
        12:00 | to DINKES         | to DINKES without deadline | -
        ",
    );
}

#[test]
fn after_progress_new_progress_is_due() {
    after(
        &renewing(),
        OPENED,
        "
        10:00  | status verifikasi | kept 1 in time @10:00, next until 82:00 | 46:00
        46:00  | wake              | warned 50%; -> warning: penghubung | 64:00
        # The same word once more is new progress.
        50:00  | status verifikasi | kept 2 in time @50:00, next until 122:00; stop progressed: penghubung | 86:00
        86:00  | wake              | warned 50%; -> warning: penghubung | 104:00
        104:00 | wake              | warned 75%; -> warning: kepala, sekretaris | 122:00
        122:00 | wake              | missed 3 of 122:00; step 0; -> missed: kepala, penghubung | 122:30
        122:10 | status selesai    | closed; stop closed: kepala, penghubung, sekretaris | -
        ",
    );
}

#[test]
fn a_closed_complaint_that_is_opened_again_begins_a_new_promise() {
    const CLOSED: &str = "
        00:00 | open DISHUB    | opened until 24:00 | 12:00
        10:00 | status selesai | closed | -
        ";
    each(
        &shipped(),
        CLOSED,
        "
        30:00 | status disposisi                      | runs until 54:00 | 42:00
        30:00 | status disposisi @29:00               | runs until 53:00 @29:00 | 41:00
        # Into progress, into a pause, back to somebody.
        30:00 | status pengerjaan @29:00              | runs until 53:00 @29:00; kept 2 in time @29:00 | -
        30:00 | status menunggu kelengkapan informasi | runs until 54:00; paused | 366:00
        30:00 | status bukan wewenang                 | runs until 54:00; returned; -> refused: BIRO-penghubung | 42:00
        # Another end, and a state that the policy does not know, open nothing.
        30:00 | status arsip                          | noted arsip | -
        30:00 | status dinilai pelapor                | noted dinilai pelapor | -
        30:00 | status selesai                        | | -
        ",
    );
    after(
        &shipped(),
        CLOSED,
        "
        30:00 | status disposisi | runs until 54:00 | 42:00
        42:00 | wake             | warned 50%; -> warning: penghubung | 48:00
        48:00 | wake             | warned 75%; -> warning: kepala, sekretaris | 54:00
        54:00 | wake             | missed 2 of 54:00; step 0; -> missed: kepala, penghubung | 54:30
        ",
    );
    // Handed over while it was closed: the new unit is told.
    after(
        &shipped(),
        CLOSED,
        "
        11:00 | to DINKES        | to DINKES without deadline | -
        30:00 | status disposisi | runs until 54:00 | 42:00
        42:00 | wake             | warned 50%; -> warning: DINKES-penghubung | 48:00
        ",
    );
}

#[test]
fn a_calendar_without_open_time_is_an_alarm_whenever_a_promise_begins() {
    let mut world = shipped();
    // Every Sunday of more than two years is a day off.
    let sundays = (0..120).map(|week| {
        let sunday = jiff::civil::date(2026, 11, 22) + jiff::Span::new().weeks(week);
        format!("[[holidays]]\ndate = \"{sunday}\"\nname = \"Libur\"\n")
    });
    let closed = "zone = \"Asia/Jakarta\"\n[hours]\nkind = \"working_days\"\ndays = [\"sunday\"]\n";
    let closed: String = std::iter::once(closed.to_owned()).chain(sundays).collect();
    world.calendar = super::story::calendar(&closed);
    check(
        &world,
        "
        00:00 | open DISHUB                | opened without deadline; ALARM no deadline | -
        10:00 | status menunggu kelengkapan informasi | paused | 346:00
        20:00 | status baru                | runs without deadline; ALARM no deadline | -
        21:00 | to DINKES                  | to DINKES without deadline; ALARM no deadline | -
        22:00 | status selesai             | closed | -
        23:00 | status baru                | runs without deadline; ALARM no deadline | -
        ",
    );
}
