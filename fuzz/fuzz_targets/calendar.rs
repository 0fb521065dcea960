//! A calendar of another program ends in times or in faults; what we write of its times is read again as the same.

#![no_main]

use jiff::{Timestamp, tz::TimeZone};
use libfuzzer_sys::fuzz_target;
use siaga::domain::ical::{self, Event, Wanted};

fuzz_target!(|text: &str| {
    let wanted = Wanted {
        from: "2026-12-01T00:00:00+07:00".parse().expect("a time"),
        until: "2027-03-01T00:00:00+07:00".parse().expect("a time"),
        zone: TimeZone::get("Asia/Jakarta").expect("a zone"),
    };
    let times = match ical::read(text, &wanted) {
        Ok(times) => times,
        Err(faults) => {
            assert!(!faults.is_empty() && faults.iter().all(|it| !it.remedy.is_empty()));
            return;
        }
    };
    assert!(
        times
            .iter()
            .all(|it| it.from < it.until && it.until > wanted.from && it.from < wanted.until)
    );
    let whole = |at: Timestamp| at.subsec_nanosecond() == 0;
    let events = times.iter().enumerate().map(|(place, it)| Event {
        id: place.to_string(),
        from: it.from,
        until: it.until,
        summary: it.summary.clone(),
        description: String::new(),
        responder: "budi".to_owned(),
    });
    let events: Vec<Event> = events.collect();
    assert!(events.iter().all(|it| whole(it.from) && whole(it.until)));
    let written = ical::write("x", &events, wanted.from);
    if written.len() > ical::LARGEST {
        return;
    }
    let again = ical::read(&written, &wanted).expect("what we write");
    let same = |it: &ical::Occurrence| (it.from, it.until);
    assert_eq!(
        again.iter().map(same).collect::<Vec<_>>(),
        times.iter().map(same).collect::<Vec<_>>()
    );
});
