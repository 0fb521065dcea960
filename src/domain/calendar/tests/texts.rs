//! Calendars in files, holiday tables, and times and promises in words.

use super::*;

#[test]
fn times_are_written_as_they_are_read_here() {
    let moment = at("2026-11-24T06:27Z");
    for (zone, language, expected) in [
        ("Asia/Jakarta", Language::Id, "24 Nov 2026 13.27 WIB"),
        ("Asia/Pontianak", Language::En, "24 Nov 2026 13.27 WIB"),
        ("Asia/Makassar", Language::Id, "24 Nov 2026 14.27 WITA"),
        ("Asia/Jayapura", Language::Id, "24 Nov 2026 15.27 WIT"),
        ("Asia/Bangkok", Language::Id, "24 Nov 2026 13.27 UTC+07:00"),
        ("Asia/Kolkata", Language::En, "24 Nov 2026 11.57 UTC+05:30"),
        (
            "America/St_Johns",
            Language::En,
            "24 Nov 2026 02.57 UTC-03:30",
        ),
        ("UTC", Language::Id, "24 Nov 2026 06.27 UTC"),
        ("Asia/Nowhere", Language::Id, "24 Nov 2026 06.27 UTC"),
    ] {
        assert_eq!(local_time(moment, zone, language), expected);
    }
    assert_eq!(short_local_time(moment, "Asia/Jakarta"), "24/11 13.27");
    assert_eq!(short_local_time(moment, "Asia/Nowhere"), "24/11 06.27 UTC");
    let names = |language| -> Vec<String> {
        (1..=12)
            .map(|month| local_time(at(&format!("2026-{month:02}-09T00:00Z")), "UTC", language))
            .map(|text| text.split(' ').nth(1).unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        names(Language::Id).join(" "),
        "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des"
    );
    assert_eq!(
        names(Language::En).join(" "),
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
    );
}

#[test]
fn a_deadline_can_be_explained() {
    let (working, always) = (working(), Calendar::from_toml(EVERY_HOUR).unwrap());
    for (calendar, start, long, indonesian, english) in [
        (
            &working,
            "2026-12-23T16:20",
            "3d",
            "3 hari kerja sejak Rabu 23 Des 2026 16.20 WIB, tanpa 24 dan 25 Desember",
            "3 working days since Wednesday 23 Dec 2026 16.20 WIB, without 24 and 25 December",
        ),
        (
            &working,
            "2025-12-24T16:20",
            "5d",
            "5 hari kerja sejak Rabu 24 Des 2025 16.20 WIB, tanpa 25 dan 26 Desember, 1 Januari 2026",
            "5 working days since Wednesday 24 Dec 2025 16.20 WIB, without 25 and 26 December, 1 January 2026",
        ),
        (
            // Idul Fitri of 2026 falls on a weekend, which is passed over anyway and not named.
            &working,
            "2026-03-17T08:00",
            "1d",
            "1 hari kerja sejak Selasa 17 Mar 2026 08.00 WIB, tanpa 18, 19, 20, 23 dan 24 Maret",
            "1 working day since Tuesday 17 Mar 2026 08.00 WIB, without 18, 19, 20, 23 and 24 March",
        ),
        (
            &working,
            "2026-11-24T08:00",
            "90m",
            "1 jam 30 menit pada hari kerja sejak Selasa 24 Nov 2026 08.00 WIB",
            "1 hour 30 minutes of working days since Tuesday 24 Nov 2026 08.00 WIB",
        ),
        (
            &always,
            "2026-12-24T08:00",
            "24h",
            "1x24 jam sejak Kamis 24 Des 2026 08.00 WIB",
            "24 hours since Thursday 24 Dec 2026 08.00 WIB",
        ),
        (
            &office(),
            "2026-11-24T08:00",
            "16h",
            "16 jam kerja sejak Selasa 24 Nov 2026 08.00 WIB",
            "16 office hours since Tuesday 24 Nov 2026 08.00 WIB",
        ),
    ] {
        let start = at(&format!("{start}+07:00"));
        assert_eq!(
            calendar.explain(start, length(long), Language::Id),
            indonesian
        );
        assert_eq!(calendar.explain(start, length(long), Language::En), english);
    }
}

#[test]
fn a_calendar_survives_being_written() {
    for calendar in [
        office(),
        working(),
        Calendar::always("Asia/Jayapura").unwrap(),
    ] {
        let written = toml::to_string(&calendar).unwrap();
        assert_eq!(
            Calendar::from_toml(&written).unwrap(),
            calendar,
            "{written}"
        );
        let written = serde_json::to_string(&calendar).unwrap();
        assert_eq!(
            serde_json::from_str::<Calendar>(&written).unwrap(),
            calendar,
            "{written}"
        );
    }
    let plain = Calendar::from_toml("zone = \"Asia/Jakarta\"\nhours = { kind = \"working_days\" }")
        .unwrap();
    assert_eq!(*plain.hours(), Hours::working_days());
    let seed = working();
    assert_eq!(seed.holidays().len(), 52);
    assert_eq!(
        seed.holidays_known_until(),
        Some(jiff::civil::date(2026, 12, 31))
    );
    assert_eq!(
        Calendar::from_toml(EVERY_HOUR)
            .unwrap()
            .holidays_known_until(),
        None
    );
}

#[test]
fn all_faults_of_a_calendar_are_told_at_once() {
    let bad = r#"
        zone = "Asia/Semarang"
        [hours]
        kind = "office"
        week = { monday = "16.00-07.30", senin = "07.30-16.00", friday = "07.30-24.01" }
        [[holidays]]
        date = "2026-02-30"
        name = " "
    "#;
    let faults = Calendar::from_toml(bad).unwrap_err();
    let fields: Vec<&str> = faults.0.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "zone",
            "hours.week.friday",
            "hours.week.monday",
            "hours.week",
            "holidays[0].date",
            "holidays[0].name"
        ]
    );
    let words = faults.to_string();
    for part in [
        "\"Asia/Semarang\"",
        "Asia/Jakarta",
        "\"16.00-07.30\"",
        "\"senin\"",
        "\"2026-02-30\"",
        "say what is celebrated",
    ] {
        assert!(words.contains(part), "{part} in {words}");
    }
    assert_eq!(CalendarForm::from_toml(bad).unwrap().check(), faults.0);
    let empty = "zone = \"Asia/Jakarta\"\nhours = { kind = \"working_days\", days = [] }";
    assert_eq!(
        Calendar::from_toml(empty).unwrap_err().0[0].field,
        "hours.days"
    );
    for (text, place) in [
        (
            "zone = \"Asia/Jakarta\"\nhours = { kind = \"always\", days = [] }",
            "line 2",
        ),
        (
            "zone = \"Asia/Jakarta\"\n\nzona = 1\n[hours]\nkind = \"always\"",
            "line 3",
        ),
        ("zone = ", "line 1"),
    ] {
        assert_eq!(
            Calendar::from_toml(text).unwrap_err().0[0].field,
            place,
            "{text}"
        );
    }
}

#[test]
fn a_published_holiday_table_is_read() {
    let table = r#"[
        {"tanggal": "2021-05-13", "keterangan": "Kenaikan", "cuti_bersama": true},
        {"tanggal": "2021-05-13", "keterangan": "Idul Fitri", "cuti_bersama": false},
        {"tanggal": "2021-05-14", "keterangan": "Cuti bersama", "cuti_bersama": true, "x": 1}
    ]"#;
    let holidays: Vec<_> = holidays_from_json(table).unwrap().into_iter().collect();
    let row = |day, name: &str, joint_leave| {
        (
            jiff::civil::date(2021, 5, day),
            Holiday {
                name: name.into(),
                joint_leave,
            },
        )
    };
    assert_eq!(
        holidays,
        [
            row(13, "Kenaikan / Idul Fitri", false),
            row(14, "Cuti bersama", true)
        ]
    );

    let bad = r#"[
        {"tanggal": "13-05-2021", "keterangan": "a", "cuti_bersama": true},
        7,
        {"tanggal": 20210513, "keterangan": " ", "cuti_bersama": "ya"},
        {"tanggal": "2021-05-13T00:00", "keterangan": "a", "cuti_bersama": true}
    ]"#;
    let faults = holidays_from_json(bad).unwrap_err().0;
    let told: Vec<_> = faults
        .iter()
        .map(|f| (f.field.as_str(), f.value.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("[0].tanggal", "13-05-2021"),
            ("[1]", "7"),
            ("[2].cuti_bersama", "\"ya\""),
            ("[2].tanggal", "20210513"),
            ("[2].keterangan", ""),
            ("[3].tanggal", "2021-05-13T00:00"),
        ]
    );
    assert!(faults.iter().all(|fault| !fault.remedy.is_empty()));
    for text in ["", "{}", "[", "null"] {
        assert_eq!(
            holidays_from_json(text).unwrap_err().0[0].field,
            "table",
            "{text}"
        );
    }
}

#[test]
fn the_next_year_is_due_sixty_days_before_the_last_known_one_ends() {
    let calendar = working();
    let end = jiff::civil::date(2026, 12, 31);
    for (now, due) in [
        ("2026-11-01T23:59:59+07:00", None), // 2027 begins in 60 days and a second
        ("2026-11-02T00:00+07:00", Some(end)),
        ("2027-03-01T00:00+07:00", Some(end)), // and after it has begun
    ] {
        assert_eq!(calendar.next_year_is_due(at(now)), due, "{now}");
    }
    let always = Calendar::from_toml(EVERY_HOUR).unwrap();
    assert_eq!(always.next_year_is_due(at("2030-01-01T00:00Z")), None);
}
