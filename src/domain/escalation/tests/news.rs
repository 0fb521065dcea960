//! News: who is told, what, and when.

use jiff::Timestamp;

use super::{
    World, accept, person, refuse, status,
    story::{TUESDAY, calendar, time},
};
use crate::domain::{
    escalation::{Effect, Escalation, Input, NewsOrder},
    message::News,
    policy::{Policy, Updates},
};

fn shipped() -> World {
    let mut world = World::new();
    let policy = include_str!("../../../../config/policies/baku.toml");
    world.policy = toml::from_str::<Policy>(policy).unwrap();
    world.calendar = calendar(include_str!("../../../../config/calendars/kalender.toml"));
    assert_eq!(
        world.policy.updates,
        Updates::Daytime,
        "what a head would want"
    );
    world
}

fn at(text: &str) -> Timestamp {
    time(TUESDAY.parse().unwrap(), text)
}

/// Plays inputs at their times, from the opening at midnight; gives the state and the last news.
fn play(world: &World, story: &[(&str, Input)]) -> (Escalation, Vec<NewsOrder>) {
    let mut complaint = super::complaint(Some("DISHUB"));
    complaint.received_at = at("00:00");
    let mut last = Escalation::open(world.context(), complaint, None, at("00:00"));
    for (when, input) in story {
        last = last.state.advance(world.context(), input.clone(), at(when));
    }
    let news = last.effects.into_iter().filter_map(|effect| match effect {
        Effect::News(order) => Some(*order),
        _ => None,
    });
    (last.state, news.collect())
}

fn told(news: &[NewsOrder]) -> Vec<(&str, Timestamp)> {
    news.iter()
        .map(|order| (order.responder.as_str(), order.at))
        .collect()
}

/// The warnings at 12:00 and 18:00 and the miss at 24:00 have gone out.
fn missed() -> Vec<(&'static str, Input)> {
    ["12:00", "18:00", "24:00"]
        .map(|at| (at, Input::TimerFired))
        .into()
}

fn with(
    mut story: Vec<(&'static str, Input)>,
    more: &[(&'static str, Input)],
) -> Vec<(&'static str, Input)> {
    story.extend(more.iter().cloned());
    story
}

#[test]
fn who_has_not_answered_hears_who_took_it_and_nobody_else() {
    let story = [
        ("12:00", Input::TimerFired),
        ("18:00", Input::TimerFired),
        ("18:05", refuse("DISHUB-sekretaris", "r1")),
        ("18:10", accept("DISHUB-kepala", "r2")),
    ];
    let (state, news) = play(&shipped(), &story);
    // The officer's page of noon waits for an answer, and the desk's of a moment ago.
    assert_eq!(
        told(&news),
        [
            ("BIRO-penghubung", at("18:11")),
            ("DISHUB-penghubung", at("18:11"))
        ]
    );
    let taken = News::Taken {
        by: "kepala".to_owned(),
        at: at("18:10"),
        zone: Some("Asia/Jakarta".into()),
    };
    assert!(news.iter().all(|order| order.news == taken), "{news:?}");
    assert_eq!(state.still_news(&news[0]), Some(taken));
}

#[test]
fn at_night_it_waits_for_the_morning_and_tells_what_is_true_then() {
    let night = with(missed(), &[("26:30", accept("DISHUB-kepala", "r1"))]);
    let (state, news) = play(&shipped(), &night);
    let morning = at("30:00");
    assert_eq!(
        told(&news),
        [
            ("DISHUB-penghubung", morning),
            ("DISHUB-sekretaris", morning)
        ]
    );
    assert!(state.still_news(&news[0]).is_some());
    // The hold ends at 28:30 and they are paged again: nothing is over.
    let again = with(night.clone(), &[("28:30", Input::TimerFired)]);
    let (state, none) = play(&shipped(), &again);
    assert_eq!(none, []);
    assert_eq!(state.still_news(&news[0]), None);
    // It is closed before the morning: that is what they hear, once.
    let closed = with(night, &[("27:00", status("selesai"))]);
    let (state, none) = play(&shipped(), &closed);
    assert_eq!(none, [], "nobody's page waits any more");
    assert_eq!(state.still_news(&news[0]), Some(News::Closed));
}

#[test]
fn progress_and_the_end_are_told_to_whose_page_waits() {
    for (name, expected) in [("pengerjaan", News::Progressed), ("selesai", News::Closed)] {
        let story = with(
            missed(),
            &[("33:00", Input::TimerFired), ("34:00", status(name))],
        );
        let (state, news) = play(&shipped(), &story);
        assert!(news.len() >= 3, "{news:?}");
        assert!(
            news.iter()
                .all(|order| order.news == expected && order.at == at("34:01"))
        );
        assert!(news.iter().all(|order| state.still_news(order).is_some()));
    }
}

#[test]
fn the_hours_and_the_policy_decide() {
    for (when, updates, expected) in [
        ("29:59", Updates::Daytime, Some("30:00")),
        ("29:58", Updates::Daytime, Some("30:00")),
        ("30:00", Updates::Daytime, Some("30:01")),
        ("44:58:59", Updates::Daytime, Some("44:59")),
        ("44:59", Updates::Daytime, Some("54:00")),
        ("26:30", Updates::Always, Some("26:31")),
        ("34:00", Updates::Never, None),
    ] {
        let mut world = shipped();
        world.policy.updates = updates;
        let story = with(missed(), &[(when, accept("DISHUB-kepala", "r1"))]);
        let (_, news) = play(&world, &story);
        let found = news.first().map(|order| order.at);
        assert_eq!(found, expected.map(at), "{when} {updates:?}");
        assert!(
            news.iter()
                .all(|order| order.responder != person("DISHUB-kepala"))
        );
    }
}

#[test]
fn progress_at_night_is_told_in_the_morning_also_where_it_begins_the_next_promise() {
    let mut world = shipped();
    world.policy.renew_progress_every = Some(jiff::SignedDuration::from_hours(3));
    let progress = ("27:00", status("pengerjaan"));
    // Taken at night, progress after it: nobody's page waits any more, so this order is all there is.
    let night = with(missed(), &[("26:30", accept("DISHUB-kepala", "r1"))]);
    let (_, news) = play(&world, &night);
    assert_eq!(news.len(), 2, "{news:?}");
    let (state, none) = play(&world, &with(night, std::slice::from_ref(&progress)));
    assert_eq!(none, []);
    for order in &news {
        assert_eq!(state.still_news(order), Some(News::Progressed));
    }
    // Nobody had taken it. The next promise pages the officer before the morning: whoever was not paged
    // again hears of the progress all the same.
    let night = with(missed(), &[progress]);
    let (_, news) = play(&world, &night);
    assert_eq!(news.len(), 3, "{news:?}");
    let warned = with(night, &[("28:30", Input::TimerFired)]);
    let (state, _) = play(&world, &warned);
    for order in &news {
        let officer = order.responder == person("DISHUB-penghubung");
        let expected = (!officer).then_some(News::Progressed);
        assert_eq!(state.still_news(order), expected, "{}", order.responder);
    }
    // By the morning it is closed.
    let closed = with(warned, &[("29:00", status("selesai"))]);
    let (state, _) = play(&world, &closed);
    assert!(
        news.iter()
            .all(|order| state.still_news(order) == Some(News::Closed))
    );
}
