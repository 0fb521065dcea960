//! The table goes on: a whole year of days off, the edges of days and years, and one instant read in
//! three zones. Worked out as the rest of it: what a row's dates leave over is written beside it.

use super::*;

#[test]
fn every_feast_and_joint_leave_of_two_years_is_passed_over() {
    check(
        &working(),
        "+07:00",
        &[
            ("2025-01-24T14:00", "1d", "2025-01-30T14:00"), // Fri; Mon 27, Tue 28, Wed 29 off, Thu
            ("2025-01-28T09:00", "1d", "2025-01-31T00:00"), // on joint leave: Thu 30 in full
            ("2025-04-17T09:00", "1d", "2025-04-21T09:00"), // Thu; Good Friday, weekend, Mon
            ("2025-04-30T20:00", "1d", "2025-05-02T20:00"), // Wed; Thu 1 May off, Fri
            ("2025-05-09T17:00", "1d", "2025-05-14T17:00"), // Fri; Mon 12, joint leave 13, Wed
            ("2025-05-09T17:00", "3d", "2025-05-16T17:00"), // then Thu 15, Fri 16
            ("2025-05-28T10:00", "1d", "2025-06-02T10:00"), // Wed; 29, joint leave 30, weekend, Mon
            ("2025-06-05T10:00", "1d", "2025-06-10T10:00"), // Thu; Fri 6 off, joint leave Mon 9, Tue
            ("2025-06-26T10:00", "2d", "2025-07-01T10:00"), // Thu; Fri 27 off, Mon 30, Tue 1 July
            ("2026-02-27T18:00", "1d", "2026-03-02T18:00"), // Fri to Mon, February has 28 days
            ("2026-03-13T12:00", "5d", "2026-03-27T12:00"), // Fri; 16, 17, off to 24, 25, 26, 27
            ("2026-03-13T12:00", "10d", "2026-04-06T12:00"), // 30, 31, 1, 2 April, Good Friday, Mon 6
            ("2026-05-12T09:00", "3d", "2026-05-19T09:00"), // Tue; 13, off 14 and 15, Mon 18, Tue 19
            ("2026-05-29T16:20", "1d", "2026-06-02T16:20"), // Fri; Waisak on Sun, Mon 1 off, Tue
            ("2026-06-12T07:00", "3d", "2026-06-18T07:00"), // Fri; Mon 15, Tue 16 off, 17, 18
            ("2026-08-13T12:00", "2d", "2026-08-18T12:00"), // Thu; Fri 14, Mon 17 off, Tue 18
            ("2026-08-21T12:00", "2d", "2026-08-26T12:00"), // Fri; Mon 24, Tue 25 off, Wed 26
            ("2026-12-18T13:00", "5d", "2026-12-29T13:00"), // Fri; 21, 22, 23, off 24 25, 28, 29
        ],
    );
}

#[test]
fn the_last_minute_before_a_day_off_belongs_to_the_day_that_ends() {
    check(
        &working(),
        "+07:00",
        &[
            ("2025-09-04T23:59", "1m", "2025-09-05T00:00"), // Thu at 24.00, before Maulid
            ("2025-09-04T23:59", "2m", "2025-09-08T00:01"), // one more: Fri off, weekend, Mon
            ("2026-03-17T23:59", "1m", "2026-03-18T00:00"), // Tue at 24.00, before Nyepi's leave
            ("2026-04-30T23:30", "1h", "2026-05-04T00:30"), // half of it on Thu, half on Mon
            ("2026-05-26T23:59", "2m", "2026-05-29T00:01"), // Tue; Wed 27, Thu 28 off, Fri
            ("2026-12-23T23:59", "1m", "2026-12-24T00:00"), // Wed at 24.00, before joint leave
            ("2025-12-24T23:00", "2h", "2025-12-29T01:00"), // 1 h; 25, 26 off, weekend; 1 h on Mon
        ],
    );
}

#[test]
fn a_year_ends_as_any_day_does() {
    check(
        &working(),
        "+07:00",
        &[
            ("2025-12-26T12:00", "1d", "2025-12-30T00:00"), // on joint leave: Mon 29 in full
            ("2025-12-29T08:00", "5d", "2026-01-06T08:00"), // Mon; 30, 31, off 1, Fri 2, Mon 5, Tue 6
            ("2025-12-31T23:59", "1m", "2026-01-01T00:00"), // ends with the year
            ("2025-12-31T23:59", "2m", "2026-01-02T00:01"), // over New Year's Day
            ("2026-12-31T23:00", "2h", "2027-01-01T01:00"), // 2027 is not in the table: a plain Fri
            ("2026-12-23T16:20", "10d", "2027-01-08T16:20"), // 28 to 31 are 4, Fri 1 is 5, 4 to 8
            ("2027-12-31T12:00", "1d", "2028-01-03T12:00"), // Fri, weekend, Mon
            ("2028-02-28T08:00", "2d", "2028-03-01T08:00"), // Mon; Tue is the 29th, Wed
        ],
    );
}

#[test]
fn office_hours_over_days_off_and_year_ends() {
    check(
        &office(),
        "+07:00",
        &[
            ("2026-11-26T15:59", "2m", "2026-11-27T07:31"), // Thu's last minute, Fri's first
            ("2026-11-27T13:59", "1m", "2026-11-27T14:00"), // Friday's last minute
            ("2026-11-27T14:00", "1m", "2026-11-30T07:31"), // Friday is over at 14.00
            ("2026-11-27T07:30", "15h", "2026-11-30T16:00"), // Fri 6.30, Mon 8.30
            ("2026-03-17T15:00", "2h", "2026-03-25T08:30"), // 1 h on Tue, off to 24, 1 h on Wed
            ("2026-05-13T07:30", "17h", "2026-05-18T16:00"), // Wed 8.30; 14, 15, weekend; Mon 8.30
            ("2026-12-23T16:00", "8h", "2026-12-28T15:30"), // closed since 16.00: all of it on Mon
            ("2026-12-30T12:00", "10h", "2026-12-31T13:30"), // Wed 4 h, Thu 6 h
            ("2026-12-31T15:30", "1h", "2027-01-01T08:00"), // 2027 is not in the table: a plain Fri
            // Wed 3 h; 25, 26, weekend; Mon 8.30, Tue 8.30: 20 h; Wed 4 h from 07.30.
            ("2025-12-24T13:00", "24h", "2025-12-31T11:30"),
        ],
    );
}

/// A start, a length, and the deadline in Jakarta, Makassar and Jayapura.
type Row = (&'static str, &'static str, [&'static str; 3]);

#[test]
fn one_instant_is_read_in_three_zones() {
    let zones = ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"];
    let in_office = |zone: &str| {
        let text = serde_json::to_string(&office()).unwrap();
        serde_json::from_str(&text.replace("Asia/Jakarta", zone)).unwrap()
    };
    let days: [Row; 5] = [
        // 22.30 WIB and 23.30 WITA on New Year's Eve, 00.30 WIT on the day off: an hour of the old
        // year; half of it; none.
        (
            "2025-12-31T22:30+07:00",
            "1h",
            [
                "2025-12-31T23:30+07:00",
                "2026-01-02T00:30+08:00",
                "2026-01-02T01:00+09:00",
            ],
        ),
        // 22.30 WIB, 23.30 WITA on Wed 23; 00.30 WIT is joint leave: 90, 30 and 0 minutes of Wed,
        // the rest on Mon 28.
        (
            "2026-12-24T00:30+09:00",
            "2h",
            [
                "2026-12-28T00:30+07:00",
                "2026-12-28T01:30+08:00",
                "2026-12-28T02:00+09:00",
            ],
        ),
        // Monday begins in the east while it is Sunday in the west: each has its own Monday in full.
        (
            "2026-11-30T00:00+09:00",
            "24h",
            [
                "2026-12-01T00:00+07:00",
                "2026-12-01T00:00+08:00",
                "2026-12-01T00:00+09:00",
            ],
        ),
        // In the middle of Tuesday the zone makes no difference to the instant.
        (
            "2026-11-24T13:27+07:00",
            "1d",
            [
                "2026-11-25T13:27+07:00",
                "2026-11-25T13:27+07:00",
                "2026-11-25T13:27+07:00",
            ],
        ),
        // Fri 22.00 WIB, 23.00 WITA, 24.00 WIT: 2 hours, 1 hour and nothing of Friday; 3 are asked.
        (
            "2026-11-27T22:00+07:00",
            "3h",
            [
                "2026-11-30T01:00+07:00",
                "2026-11-30T02:00+08:00",
                "2026-11-30T03:00+09:00",
            ],
        ),
    ];
    let hours: [Row; 2] = [
        // Tue 14.30 WIB, 15.30 WITA, 16.30 WIT (closed): an hour; half of it; none of it today.
        (
            "2026-11-24T14:30+07:00",
            "1h",
            [
                "2026-11-24T15:30+07:00",
                "2026-11-25T08:00+08:00",
                "2026-11-25T08:30+09:00",
            ],
        ),
        // Fri 12.30 WIB, 13.30 WITA, 14.30 WIT: Friday closes at 14.00.
        (
            "2026-11-27T12:30+07:00",
            "1h",
            [
                "2026-11-27T13:30+07:00",
                "2026-11-30T08:00+08:00",
                "2026-11-30T08:30+09:00",
            ],
        ),
    ];
    let check = |calendar: Calendar, start: &str, long: &str, expected: &str| {
        let found = calendar.add(at(start), length(long)).unwrap();
        assert_eq!(found, at(expected), "{start} in {}", calendar.zone());
        assert_eq!(calendar.elapsed(at(start), at(expected)), length(long));
    };
    for (start, long, expected) in days {
        for (zone, expected) in zones.into_iter().zip(expected) {
            check(working_in(zone), start, long, expected);
        }
    }
    for (start, long, expected) in hours {
        for (zone, expected) in zones.into_iter().zip(expected) {
            check(in_office(zone), start, long, expected);
        }
    }
}

#[test]
fn the_east_has_its_own_new_year_and_its_own_joint_leave() {
    for (zone, offset) in [("Asia/Makassar", "+08:00"), ("Asia/Jayapura", "+09:00")] {
        let table = [
            ("2025-12-31T23:30", "1h", "2026-01-02T00:30"), // half in the old year, then Fri 2
            ("2026-03-17T23:59", "2m", "2026-03-25T00:01"), // Tue's last minute; off to 24; Wed
            ("2026-05-26T15:00", "2d", "2026-06-02T15:00"), // Fri 29, weekend, Mon 1 off, Tue
        ];
        check(&working_in(zone), offset, &table);
    }
}
