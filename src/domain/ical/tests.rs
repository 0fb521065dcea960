//! What a calendar means, worked out by hand; what is not understood is told; what we write is read back.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::*;

fn wanted() -> Wanted {
    Wanted {
        from: "2026-12-01T00:00:00+07:00".parse().unwrap(),
        until: "2027-01-01T00:00:00+07:00".parse().unwrap(),
        zone: TimeZone::get("Asia/Jakarta").unwrap(),
    }
}

fn calendar(event: &str) -> String {
    let event = event.replace('|', "\r\n");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// The times as day and hour in Jakarta: `1T08-16 2T08-16`.
fn told(text: &str) -> String {
    let zone = TimeZone::get("Asia/Jakarta").unwrap();
    let times = read(text, &wanted()).unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"));
    let times = times.iter().map(|it| {
        let (from, until) = (zone.to_datetime(it.from), zone.to_datetime(it.until));
        if from.date() == until.date() {
            format!("{}T{:02}-{:02}", from.day(), from.hour(), until.hour())
        } else {
            format!(
                "{}T{:02}-{}T{:02}",
                from.day(),
                from.hour(),
                until.day(),
                until.hour()
            )
        }
    });
    times.collect::<Vec<_>>().join(" ")
}

/// December 2026 begins on a Tuesday.
#[test]
fn times_recur_as_a_calendar_on_the_wall_says() {
    for (event, expected) in [
        // In its own zone, in none, in another, and by the hour of the world.
        (
            "DTSTART;TZID=Asia/Jakarta:20261203T080000|DTEND;TZID=Asia/Jakarta:20261203T160000",
            "3T08-16",
        ),
        ("DTSTART:20261203T080000|DTEND:20261203T160000", "3T08-16"),
        (
            "DTSTART;TZID=Asia/Jayapura:20261203T080000|DURATION:PT8H",
            "3T06-14",
        ),
        (
            "DTSTART;TZID=SE Asia Standard Time:20261203T080000|DURATION:PT8H",
            "3T08-16",
        ),
        (
            "DTSTART;TZID=/example.org/Asia/Makassar:20261203T080000|DURATION:PT8H",
            "3T07-15",
        ),
        ("DTSTART:20261203T010000Z|DTEND:20261203T090000Z", "3T08-16"),
        // Whole days end with the day before their end.
        ("DTSTART;VALUE=DATE:20261224", "24T00-25T00"),
        (
            "DTSTART;VALUE=DATE:20261224|DTEND;VALUE=DATE:20261227",
            "24T00-27T00",
        ),
        ("DTSTART;VALUE=DATE:20261224|DURATION:P1W", "24T00-31T00"),
        // Over midnight.
        ("DTSTART:20261203T220000|DURATION:PT8H", "3T22-4T06"),
        // By days.
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=3",
            "1T08-09 2T08-09 3T08-09",
        ),
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=DAILY;INTERVAL=10",
            "1T08-09 11T08-09 21T08-09 31T08-09",
        ),
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=DAILY;UNTIL=20261202T010000Z",
            "1T08-09 2T08-09",
        ),
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=DAILY;UNTIL=20261202T005959Z",
            "1T08-09",
        ),
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=DAILY;UNTIL=20261202",
            "1T08-09 2T08-09",
        ),
        // What began long before is counted from there: the 30th of November is the first of 3.
        (
            "DTSTART:20261130T080000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=3",
            "1T08-09 2T08-09",
        ),
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=DAILY;BYDAY=TU,TH;COUNT=3",
            "1T08-09 3T08-09 8T08-09",
        ),
        // By weeks: the 1st, 8th, 15th, 22nd, 29th are Tuesdays.
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=WEEKLY",
            "1T08-09 8T08-09 15T08-09 22T08-09 29T08-09",
        ),
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU",
            "1T08-09 6T08-09 15T08-09 20T08-09 29T08-09",
        ),
        // With weeks that begin on Sunday the 6th lies in the next week, which is left out.
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
            "1T08-09 13T08-09 15T08-09 27T08-09 29T08-09",
        ),
        // A Monday is before the first Tuesday of its week, and does not count.
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=3",
            "1T08-09 7T08-09 8T08-09",
        ),
        (
            "DTSTART;VALUE=DATE:20261205|RRULE:FREQ=WEEKLY;COUNT=2",
            "5T00-6T00 12T00-13T00",
        ),
        // Times that are left out, added, changed, cancelled.
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=4|EXDATE:20261202T080000,20261203T010000Z",
            "1T08-09 4T08-09",
        ),
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=3|EXDATE;VALUE=DATE:20261202",
            "1T08-09 3T08-09",
        ),
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RDATE:20261210T010000Z",
            "1T08-09 10T08-09",
        ),
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=3|END:VEVENT|BEGIN:VEVENT|UID:a|RECURRENCE-ID:20261202T080000|DTSTART:20261202T200000|DURATION:PT2H",
            "1T08-09 2T20-22 3T08-09",
        ),
        (
            "DTSTART:20261201T080000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=3|END:VEVENT|BEGIN:VEVENT|UID:a|RECURRENCE-ID:20261202T080000|DTSTART:20261202T080000|DURATION:PT1H|STATUS:CANCELLED",
            "1T08-09 3T08-09",
        ),
        // The newer of two counts, in whatever order they stand.
        (
            "SEQUENCE:2|DTSTART:20261201T080000|DURATION:PT1H|END:VEVENT|BEGIN:VEVENT|UID:a|SEQUENCE:1|DTSTART:20261202T080000|DURATION:PT1H",
            "1T08-09",
        ),
        // What lies in an event is not its own, and what is no event marks nothing.
        (
            "DTSTART:20261203T080000|DURATION:PT8H|BEGIN:VALARM|DURATION:PT5M|TRIGGER:-PT5M|END:VALARM",
            "3T08-16",
        ),
        (
            "DTSTART:20261203T080000|DURATION:PT8H|END:VEVENT|BEGIN:VTODO|DTSTART:20261204T080000|END:VTODO|BEGIN:VEVENT|UID:b|DTSTART:20261205T080000|DURATION:PT1H",
            "3T08-16 5T08-09",
        ),
        // What lies elsewhere is left out; what only reaches in is not.
        ("DTSTART:20261129T080000|DURATION:PT8H", ""),
        ("DTSTART:20261130T200000|DURATION:PT8H", "30T20-1T04"),
        ("DTSTART:20270101T000000|DURATION:PT8H", ""),
    ] {
        assert_eq!(told(&calendar(event)), expected, "{event}");
    }
}

#[test]
fn lines_are_unfolded_and_names_are_read_whole() {
    let text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:x\nSUMMARY:Piket\\, \n  malam\\; Bu\n\tdi\nDTSTART:20261203T08\n 0000\nDURATION:PT1H\nATTENDEE;CN=\"Budi: a;b\":MAILTO:Budi@Example.go.id\nX-SIAGA-RESPONDER:budi\nEND:VEVENT\nEND:VCALENDAR";
    let found = read(text, &wanted()).unwrap().remove(0);
    assert_eq!(found.summary, "Piket,  malam; Budi");
    assert_eq!(found.attendees, ["budi@example.go.id"]);
    assert_eq!(found.responder.as_deref(), Some("budi"));
    assert_eq!(found.line, 3);
}

#[test]
fn what_is_not_understood_is_told_with_its_line_and_nothing_is_taken() {
    let fine = "DTSTART:20261201T080000|DURATION:PT1H";
    for (event, line, field) in [
        ("DURATION:PT1H", 4, "DTSTART"),
        ("DTSTART:20261201T080000", 4, "DTEND"),
        ("DTSTART:2026-12-01|DURATION:PT1H", 5, "DTSTART"),
        ("DTSTART:20261301T080000|DURATION:PT1H", 5, "DTSTART"),
        ("DTSTART:20261201T080000|DTEND:20261201T080000", 6, "DTEND"),
        (
            "DTSTART;VALUE=DATE:20261201|DTEND:20261202T080000",
            6,
            "DTEND",
        ),
        ("DTSTART:20261201T080000|DURATION:-PT1H", 6, "DURATION"),
        ("DTSTART;VALUE=DATE:20261201|DURATION:PT1H", 6, "DURATION"),
        (
            "DTSTART;TZID=Mars/Base:20261201T080000|DURATION:PT1H",
            5,
            "DTSTART TZID",
        ),
        ("@|SEQUENCE:neu", 7, "SEQUENCE"),
        ("@|SEQUENCE:-1", 7, "SEQUENCE"),
        ("@|RRULE:FREQ=MONTHLY", 7, "RRULE FREQ"),
        ("@|RRULE:FREQ=YEARLY;COUNT=2", 7, "RRULE FREQ"),
        ("@|RRULE:COUNT=2", 7, "RRULE"),
        ("@|RRULE:FREQ=DAILY;INTERVAL=0", 7, "RRULE INTERVAL"),
        ("@|RRULE:FREQ=DAILY;COUNT=0", 7, "RRULE COUNT"),
        ("@|RRULE:FREQ=DAILY;UNTIL=bald", 7, "RRULE UNTIL"),
        ("@|RRULE:FREQ=WEEKLY;BYDAY=1TU", 7, "RRULE BYDAY"),
        ("@|RRULE:FREQ=WEEKLY;BYDAY=MO", 7, "RRULE"),
        ("@|RRULE:FREQ=DAILY;BYHOUR=8,9", 7, "RRULE BYHOUR"),
        ("@|RRULE:FREQ=DAILY|RRULE:FREQ=WEEKLY", 8, "RRULE"),
        ("@|EXRULE:FREQ=WEEKLY", 7, "EXRULE"),
        ("@|EXDATE:kemarin", 7, "EXDATE"),
        ("@|RDATE;VALUE=PERIOD:20261201T080000Z/PT1H", 7, "RDATE"),
        (
            "@|RECURRENCE-ID;RANGE=THISANDFUTURE:20261201T080000",
            7,
            "RECURRENCE-ID",
        ),
        (
            "@|END:VEVENT|BEGIN:VEVENT|UID:a|DTSTART:20261202T080000|DURATION:PT1H",
            9,
            "UID",
        ),
        ("@|no value here", 7, "line"),
        ("@|X-A\u{0}:1", 7, "line"),
        ("@|X-A;B:1", 7, "line"),
        ("@|BEGIN:VALARM", 8, "END"),
    ] {
        let text = calendar(&event.replace('@', fine));
        let faults = read(&text, &wanted()).expect_err(event);
        let fault = &faults[0];
        assert_eq!(
            (fault.line, fault.field.as_str()),
            (line, field),
            "{event}: {faults:?}"
        );
        assert!(!fault.problem.is_empty() && !fault.remedy.is_empty());
    }
    for text in [
        "",
        "halo",
        "BEGIN:VCARD\nEND:VCARD",
        "BEGIN:VCALENDAR",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\nX:1",
    ] {
        assert!(read(text, &wanted()).is_err(), "{text:?}");
    }
    assert_eq!(
        read("BEGIN:VCALENDAR\nEND:VCALENDAR\n", &wanted()),
        Ok(Vec::new())
    );
}

#[test]
fn hostile_calendars_end_soon() {
    let one = "BEGIN:VEVENT\nUID:@\nDTSTART:00010101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nEND:VEVENT\n";
    let many: String = (0..500).map(|n| one.replace('@', &n.to_string())).collect();
    for text in [
        format!("BEGIN:VCALENDAR\n{many}END:VCALENDAR\n"),
        calendar(&"a".repeat(LARGEST)),
        "BEGIN:VCALENDAR\n".repeat(10_000),
        format!(
            "BEGIN:VCALENDAR\n{}",
            "BEGIN:VEVENT\nBEGIN:VALARM\n".repeat(5_000)
        ),
        calendar(&format!(
            "DTSTART:20261201T080000|DURATION:PT1H|EXDATE:{}",
            "x,".repeat(50_000)
        )),
        calendar("DTSTART:20261201T080000|DURATION:P99999999999999999W"),
        calendar("DTSTART:99991231T235959|DURATION:P9999D|RRULE:FREQ=WEEKLY;INTERVAL=1000"),
    ] {
        // What it is does not matter: that it comes to an end, and to no more than it may.
        let times = read(&text, &wanted()).map_or(0, |times| times.len());
        assert!(times <= STEPS);
    }
}

prop_compose! {
    fn any_event()(
        minute in 0_i64..40_000, minutes in 1_i64..5_000,
        summary in "\\PC{0,120}", description in "[a-zA-Z,;\\\\\n é✓]{0,200}",
        responder in "[a-z.]{1,40}", id in "[a-z0-9.]{1,60}",
    ) -> Event {
        let from = wanted().from + SignedDuration::from_mins(minute);
        Event { id, from, until: from + SignedDuration::from_mins(minutes), summary, description, responder }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(mut events in proptest::collection::vec(any_event(), 0..8)) {
        for (place, event) in events.iter_mut().enumerate() {
            event.id = format!("{place}.{}", event.id);
        }
        let stamp: Timestamp = "2026-11-25T00:00:00Z".parse().unwrap();
        let text = write("Piket; \\ Budi, S.E.", &events, stamp);
        prop_assert!(text.split("\r\n").all(|line| line.len() <= 75), "{}", text);
        let all = Wanted { until: wanted().until + SignedDuration::from_hours(9_999), ..wanted() };
        let found = read(&text, &all).map_err(|faults| TestCaseError::fail(format!("{faults:?}")))?;
        let mut expected: Vec<_> = events
            .iter()
            .map(|it| (it.from, it.until, it.summary.trim().to_owned(), Some(it.responder.clone())))
            .collect();
        expected.sort();
        let mut found: Vec<_> = found
            .into_iter()
            .map(|it| (it.from, it.until, it.summary, it.responder))
            .collect();
        found.sort();
        prop_assert_eq!(found, expected);
    }

    /// Any bytes, and any lines of a calendar, end in times or in faults.
    #[test]
    fn nothing_breaks_it(parts in proptest::collection::vec(
        prop_oneof![
            Just("BEGIN:VCALENDAR\n".to_owned()), Just("END:VCALENDAR\n".to_owned()),
            Just("BEGIN:VEVENT\n".to_owned()), Just("END:VEVENT\n".to_owned()),
            "(DTSTART|DTEND|EXDATE|RDATE|RECURRENCE-ID|RRULE|DURATION|UID)[;:=A-Z0-9/,]{0,40}\n",
            "\\PC{0,60}\n",
        ], 0..20)
    ) {
        let _ = read(&parts.concat(), &wanted());
    }
}
