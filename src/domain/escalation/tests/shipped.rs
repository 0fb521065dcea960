//! Who is told when, by the shipped policy and the shipped calendars.

use super::story::{after, calendar, check, check_from, shipped};

#[test]
fn nobody_answers_and_it_goes_up_to_the_governors_desk() {
    const ROWS: &str = "
        00:00 | open DISHUB       | opened until 24:00 | 12:00
        # 50 %: the officer; 75 %: the head and the secretary.
        12:00 | wake              | warned 50%; -> warning: penghubung | 18:00
        18:00 | wake              | warned 75%; -> warning: kepala, sekretaris | 24:00
        # 100 %: the miss, and again each half hour.
        24:00 | wake              | missed 1 of 24:00; step 0; -> missed: kepala, penghubung | 24:30
        24:30 | wake              | step 0 x2; -> still: kepala, penghubung | 25:00
        # One hour: the assistant too.
        25:00 | wake              | step 1; -> still: kepala, penghubung, SETDA-asisten | 26:00
        26:00 | wake              | step 1 x2; -> still: kepala, penghubung, SETDA-asisten | 27:00
        # Three hours: the provincial secretary.
        27:00 | wake              | step 2; -> still: kepala, SETDA-kepala | 33:00
        33:00 | wake              | step 2 x2; -> still: kepala, SETDA-kepala | 39:00
        39:00 | wake              | step 2 x3; -> still: kepala, SETDA-kepala | 45:00
        45:00 | wake              | step 2 x4; -> still: kepala, SETDA-kepala | 48:00
        # 2x24 hours: the governor's desk, and so on each six hours.
        48:00 | wake              | step 3; -> still: kepala, GUBERNUR-piket, SETDA-kepala | 54:00
        54:00 | wake              | round 1 step 3; -> still: kepala, GUBERNUR-piket, SETDA-kepala | 60:00
        60:00 | wake              | round 2 step 3; -> still: kepala, GUBERNUR-piket, SETDA-kepala | 66:00
        60:01 | status pengerjaan | kept 1 too late @60:01; stop progressed: kepala, penghubung, sekretaris, GUBERNUR-piket, SETDA-asisten, SETDA-kepala | -
        ";
    check(&shipped(), ROWS);
}

#[test]
fn a_complaint_of_no_unit_or_of_an_unknown_one_is_the_coordinators() {
    const DESK: &str = "
        12:00 | wake | warned 50%; -> warning: BIRO-penghubung | 18:00
        18:00 | wake | warned 75%; -> warning: BIRO-kepala, BIRO-sekretaris | 24:00
        24:00 | wake | missed 1 of 24:00; step 0; -> missed: BIRO-kepala, BIRO-penghubung | 24:30
        ";
    for opened in [
        "00:00 | open -     | opened until 24:00 | 12:00",
        "00:00 | open NIHIL | opened until 24:00 | 12:00",
    ] {
        after(&shipped(), opened, DESK);
    }
}

#[test]
fn nights_weekends_and_holidays_count_by_the_shipped_calendar() {
    // The eve of Christmas Eve, a joint leave: an hour is an hour.
    const ROWS: &str = "
        00:00 | open DISHUB | opened until 24:00 | 12:00
        12:00 | wake        | warned 50%; -> warning: penghubung | 18:00
        18:00 | wake        | warned 75%; -> warning: kepala, sekretaris | 24:00
        24:00 | wake        | missed 1 of 24:00; step 0; -> missed: kepala, penghubung | 24:30
        ";
    check_from(&shipped(), "2026-12-23T13:00:00+07:00", ROWS);
}

#[test]
fn working_days_pass_over_weekends_and_holidays() {
    let mut world = shipped();
    world.calendar = calendar(&crate::domain::calendar::tests::working_text());
    // Friday 13:00: eleven hours that day, the rest on Monday. Steps after the deadline run through.
    const FRIDAY: &str = "
        00:00 | open DISHUB | opened until 72:00 | 60:00
        60:00 | wake        | warned 50%; -> warning: penghubung | 66:00
        66:00 | wake        | warned 75%; -> warning: kepala, sekretaris | 72:00
        72:00 | wake        | missed 1 of 72:00; step 0; -> missed: kepala, penghubung | 72:30
        72:30 | wake        | step 0 x2; -> still: kepala, penghubung | 73:00
        ";
    check_from(&world, "2026-11-27T13:00:00+07:00", FRIDAY);
    // Wednesday 13:00 before Christmas: joint leave, Christmas and a weekend lie between.
    const CHRISTMAS: &str = "
        00:00  | open DISHUB | opened until 120:00 | 108:00
        108:00 | wake        | warned 50%; -> warning: penghubung | 114:00
        114:00 | wake        | warned 75%; -> warning: kepala, sekretaris | 120:00
        120:00 | wake        | missed 1 of 120:00; step 0; -> missed: kepala, penghubung | 120:30
        ";
    check_from(&world, "2026-12-23T13:00:00+07:00", CHRISTMAS);
}
