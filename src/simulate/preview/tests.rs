//! What a preview shows is what the engine does, and what is worth a thought is found.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::{Kind, MarkKind, Place, Preview, Question, preview, svg};
use crate::{
    domain::{
        calendar::{Calendar, Holiday, Holidays, Hours},
        delivery::Transport,
        directory::Language,
        escalation::{
            Effect, Escalation, Input,
            tests::{World, complaint, laws::worlds, minute, minutes, person, targets},
        },
        id::{PageId, ResponderId},
    },
    simulate::words::escaped,
};

fn place() -> Place {
    Place {
        zone: TimeZone::get("Asia/Jakarta").unwrap(),
        holidays: Holidays::new(),
        transports: Vec::new(),
    }
}

fn question(hours: i64) -> Question {
    Question {
        complaint: complaint(Some("DISHUB")),
        until: minute(hours * 60),
        answer_after: None,
        progress_after: None,
        per_hour: 6,
        language: Language::En,
    }
}

fn kinds(preview: &Preview) -> Vec<&Kind> {
    preview.findings.iter().map(|found| &found.kind).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn it_shows_every_page_that_the_engine_orders_and_no_other(world in worlds()) {
        let until = minute(3000);
        let mut ordered: Vec<(Timestamp, PageId)> = Vec::new();
        let mut now = minute(0);
        let mut last = world.open(Some("DISHUB"));
        while now <= until {
            ordered.extend(last.effects.iter().filter_map(|effect| match effect {
                Effect::Page(order) => Some((now, order.page.clone())),
                _ => None,
            }));
            let Some(wake) = last.wake_at else { break };
            now = wake.max(now);
            let state: Escalation = last.state;
            last = state.advance(world.context(), Input::TimerFired, now);
        }
        let shown = preview(world.context(), &place(), &question(50));
        let mut first: Vec<(Timestamp, PageId)> = shown.rows.iter()
            .filter(|row| !row.fallback)
            .map(|row| (row.at, row.page.clone()))
            .collect();
        first.dedup();
        ordered.sort();
        first.sort();
        prop_assert_eq!(first, ordered);
    }

    #[test]
    fn an_answer_is_shown_and_keeps_everybody_quiet(world in worlds(), after in 0..200_i64) {
        let mut asked = question(50);
        asked.answer_after = Some(minutes(after));
        let shown = preview(world.context(), &place(), &asked);
        let answered = shown.marks.iter().find_map(|mark| match &mark.what {
            MarkKind::Acknowledged { until, .. } => Some((mark.at, *until)),
            _ => None,
        });
        if let Some((at, until)) = answered {
            let first = shown.rows.iter().map(|row| row.at).min().unwrap();
            prop_assert_eq!(at, first + minutes(after));
            prop_assert!(shown.rows.iter().all(|row| row.at <= at || row.at >= until));
        }
    }
}

#[test]
fn ways_that_go_in_turn_are_shown_when_each_would_be_used() {
    let mut world = World::new();
    let who = person("DISHUB-penghubung");
    let mut methods = world.directory.responders[&who].methods.clone();
    let mut second = methods[0].clone();
    second.id = "lain".parse().unwrap();
    methods.push(second);
    world.directory.responders.get_mut(&who).unwrap().methods = methods;
    let shown = preview(world.context(), &place(), &question(1));
    let seen: Vec<_> = shown
        .rows
        .iter()
        .map(|row| (row.at, row.method.as_str(), row.fallback))
        .collect();
    assert_eq!(
        seen,
        [(minute(50), "email", false), (minute(55), "lain", true)],
        "the policy's patience lies between"
    );
    let named =
        |found: &&Kind| matches!(found, Kind::OnlyOneMethod { name, .. } if name == who.as_str());
    assert!(!kinds(&shown).iter().any(named), "two ways are enough");
}

#[test]
fn progress_ends_it() {
    let world = World::new();
    let mut asked = question(50);
    asked.progress_after = Some(minutes(60));
    let shown = preview(world.context(), &place(), &asked);
    assert_eq!(shown.rows.len(), 1);
    assert_eq!(shown.marks.len(), 1);
    assert_eq!(shown.marks[0].what, MarkKind::Progressed);
}

#[test]
fn whoever_cannot_be_reached_is_named_with_the_remedy() {
    let mut world = World::new();
    world.post("DISHUB.penghubung").holder = None;
    let head = person("DISHUB-kepala");
    let mut place = place();
    place.transports = vec![Transport::Sms];
    let shown = preview(world.context(), &place, &question(3));
    let nobody = Kind::NobodyReachable {
        step: "warning 50%".to_owned(),
        at: minute(50),
    };
    assert!(kinds(&shown).contains(&&nobody), "{:?}", shown.findings);
    let skipped = |found: &&Kind| matches!(found, Kind::Skipped { target, .. } if target.to_string() == "penghubung");
    assert!(kinds(&shown).iter().any(skipped));
    let only = Kind::OnlyOneMethod {
        name: head.to_string(),
        transport: Transport::Email,
    };
    assert!(kinds(&shown).contains(&&only));
    let gateway = |found: &&Kind| matches!(found, Kind::NoGateway { transport: Transport::Email, messages } if *messages > 0);
    assert!(kinds(&shown).iter().any(gateway));
    for found in &shown.findings {
        let remedy = found.text.split(": ").last().unwrap();
        assert!(remedy.ends_with('.') && remedy.len() > 10, "{}", found.text);
    }
}

#[test]
fn an_hour_that_is_too_full_is_found_and_one_that_is_just_full_is_not() {
    let mut world = World::new();
    world.policy.steps[0].again_every = Some(minutes(10));
    world.policy.steps[0].to = targets(&["kepala"]);
    // From minute 100 on every ten minutes, until step 1 at 160: six within the hour.
    let crowded = |limit| {
        let mut asked = question(5);
        asked.per_hour = limit;
        let shown = preview(world.context(), &place(), &asked);
        kinds(&shown)
            .into_iter()
            .find(|found| matches!(found, Kind::TooMany { .. }))
            .cloned()
    };
    let found = crowded(5).unwrap();
    let Kind::TooMany {
        name,
        messages,
        from,
    } = found
    else {
        unreachable!()
    };
    assert_eq!(
        (name.as_str(), messages, from),
        ("DISHUB-kepala", 6, minute(100))
    );
    assert_eq!(crowded(6), None);
}

#[test]
fn a_night_without_a_message_is_found_and_one_with_a_message_is_not() {
    let silent = |every: i64| {
        let mut world = World::new();
        world.policy.steps.truncate(1);
        world.policy.repeat.from_step = 0;
        world.policy.repeat.limit = None;
        world.policy.repeat.every = SignedDuration::from_hours(every);
        let shown = preview(world.context(), &place(), &question(96));
        kinds(&shown)
            .into_iter()
            .any(|found| matches!(found, Kind::SilentNight { .. }))
    };
    assert!(silent(48));
    assert!(!silent(4));
}

#[test]
fn days_off_that_move_the_deadline_or_are_not_known_are_told() {
    let mut world = World::new();
    let zone = TimeZone::get("Asia/Jakarta").unwrap();
    let day = zone.to_datetime(minute(0)).date().tomorrow().unwrap();
    let off = Holiday {
        name: "Hari Uji".to_owned(),
        joint_leave: false,
    };
    let holidays: Holidays = [(day, off)].into();
    world.calendar =
        Calendar::try_new("Asia/Jakarta", Hours::working_days(), holidays.clone()).unwrap();
    world.policy.clock.length = SignedDuration::from_hours(48);
    let mut place = place();
    place.holidays = holidays;
    let shown = preview(world.context(), &place, &question(24 * 50));
    let moved = kinds(&shown)
        .into_iter()
        .find(|found| matches!(found, Kind::DeadlineMoved { .. }));
    let expected = Kind::DeadlineMoved {
        days: vec![format!("{day} Hari Uji")],
    };
    assert_eq!(moved, Some(&expected), "{:?}", shown.findings);
    let unknown = |found: &&Kind| matches!(found, Kind::HolidaysUnknown { .. });
    assert!(kinds(&shown).iter().any(unknown), "50 days are next year");
    // A policy by which every hour counts tells people on the day off.
    let world = World::new();
    let mut asked = question(48);
    asked.complaint.received_at = zone.to_timestamp(day.at(7, 0, 0, 0)).unwrap();
    asked.until = asked.complaint.received_at + SignedDuration::from_hours(10);
    let shown = preview(world.context(), &place, &asked);
    let on = |found: &&Kind| matches!(found, Kind::OnHoliday { day, messages } if day.contains("Hari Uji") && *messages > 2);
    assert!(kinds(&shown).iter().any(on), "{:?}", shown.findings);
}

#[test]
fn a_drawing_is_whole_and_takes_nothing_from_a_name() {
    let mut world = World::new();
    let evil = "<script>alert('&')</script>\"\u{0}";
    let who: ResponderId = person("DISHUB-kepala");
    world.directory.responders.get_mut(&who).unwrap().name = evil.to_owned();
    let shown = preview(world.context(), &place(), &question(50));
    let drawing = svg(&shown, Language::Id);
    assert!(!drawing.contains("<script"), "{drawing}");
    assert!(drawing.contains("&lt;script&gt;"));
    assert_eq!(
        escaped(evil),
        "&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;&quot;"
    );
    // Each message has its mark, with the words of its own.
    let messages = drawing.matches("<title>").count();
    assert!(messages > shown.rows.len());
    for outside in ["href", "url(", "http://", "https://"] {
        let own = drawing.replace("http://www.w3.org/2000/svg", "");
        assert!(!own.contains(outside), "{outside}");
    }
}
