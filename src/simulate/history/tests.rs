//! The simulator is the engine: over the policy that made a history it orders the very pages that were
//! ordered, whatever happened.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::super::{
    compare::{Simulation, Terms},
    history::{Lives, REMEMBERED},
    life::{Answers, Life, Outside, play},
    tally::{Prices, Tally},
};
use crate::domain::{
    delivery::Transport,
    escalation::{
        Effect, Input, Transition,
        tests::{
            World,
            laws::{runs, worlds},
            minute, minutes,
        },
    },
    fact::{Fact, What},
    id::{ComplaintId, PageId},
};

type Pages = Vec<(Timestamp, PageId)>;

fn zone() -> TimeZone {
    TimeZone::get("Asia/Jakarta").unwrap()
}

/// What a punctual Siaga records of a run: each thing that happens has its own thousandth of a second,
/// so that nothing happens at the moment at which something is due.
fn recorded(world: &World, run: Vec<(Option<i64>, Input)>) -> (Vec<Fact>, Timestamp) {
    let mut now = minute(0);
    let mut facts = Vec::new();
    let mut keep = |transition: &Transition, at| {
        facts.extend(transition.facts.iter().map(|what| Fact {
            at,
            complaint: Some(transition.state.complaint.id.clone()),
            what: what.clone(),
        }));
    };
    let mut last = world.open(Some("DISHUB"));
    keep(&last, now);
    let mut whole = minute(0);
    for (number, (wait, input)) in run.into_iter().enumerate() {
        if matches!(input, Input::TimerFired | Input::PageFailed { .. }) {
            continue;
        }
        whole += minutes(wait.unwrap_or(7).abs());
        let at = whole + SignedDuration::from_millis(number as i64 + 1);
        while let Some(wake) = last
            .wake_at
            .map(|wake| wake.max(now))
            .filter(|wake| *wake <= at)
        {
            now = wake;
            last = last.state.advance(world.context(), Input::TimerFired, now);
            keep(&last, now);
        }
        now = at.max(now);
        last = last.state.advance(world.context(), input, now);
        keep(&last, now);
    }
    // What the last of it made due at once.
    while last.wake_at.is_some_and(|wake| wake <= now) {
        last = last.state.advance(world.context(), Input::TimerFired, now);
        keep(&last, now);
    }
    (facts, now)
}

fn lives(facts: &[Fact]) -> Vec<Life> {
    let mut lives = Lives::default();
    let mut all: Vec<Life> = facts
        .iter()
        .flat_map(|fact| lives.take(fact.clone()))
        .collect();
    all.extend(lives.rest());
    all
}

fn ordered(facts: &[Fact]) -> Pages {
    let pages = facts.iter().filter_map(|fact| match &fact.what {
        What::Paged { page, .. } => Some((fact.at, page.clone())),
        _ => None,
    });
    pages.collect()
}

fn played(world: &World, life: &Life, answers: Answers, until: Timestamp) -> Pages {
    let mut pages = Vec::new();
    play(life, world.context(), answers, until, |at, transition| {
        pages.extend(transition.effects.iter().filter_map(|effect| match effect {
            Effect::Page(order) => Some((at, order.page.clone())),
            _ => None,
        }));
    });
    pages
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_policy_that_made_a_history_orders_the_very_same_pages(world in worlds(), run in runs()) {
        let (facts, end) = recorded(&world, run);
        let lives = lives(&facts);
        prop_assert_eq!(lives.len(), 1);
        let again = played(&world, &lives[0], Answers::AsHappened, end);
        prop_assert_eq!(again, ordered(&facts), "{:#?}", facts);
    }

    #[test]
    fn an_earlier_warning_is_an_earlier_warning_and_no_other_miss(world in worlds(), run in runs()) {
        let Some(first) = world.policy.warnings.first().cloned().filter(|it| it.at_percent > 1) else {
            return Ok(());
        };
        let (facts, end) = recorded(&world, run);
        let mut candidate = world.policy.clone();
        let mut earlier = first;
        earlier.at_percent /= 2;
        candidate.warnings.insert(0, earlier);
        let zone = zone();
        let in_force = world.context();
        let ours = crate::domain::escalation::Context { policy: &candidate, ..in_force };
        let terms = Terms { answers: Answers::Never, ..Terms::default() };
        let mut simulation = Simulation::new(ours, in_force, &zone, Prices::default(), terms);
        for life in lives(&facts) {
            simulation.play(&life, end);
        }
        prop_assert_eq!(simulation.of_candidate.total.misses, simulation.of_in_force.total.misses);
        prop_assert_eq!(simulation.warned.only_candidate + simulation.warned.only_in_force, 0);
        prop_assert_eq!(simulation.warned.later, 0);
        prop_assert!(simulation.of_candidate.total.unwarned <= simulation.of_in_force.total.unwarned);
        // Everything that is counted of units is counted in all, and of people.
        for tally in [&simulation.of_candidate, &simulation.of_in_force] {
            let pages: u64 = tally.units.values().map(|sums| sums.pages).sum();
            prop_assert_eq!(pages, tally.total.pages);
            let pages: u64 = tally.people.values().map(|person| person.sums.pages).sum();
            prop_assert_eq!(pages, tally.total.pages);
            prop_assert_eq!(tally.day.iter().sum::<u64>(), tally.total.messages);
            prop_assert_eq!(tally.transports.iter().sum::<u64>(), tally.total.messages);
        }
    }
}

fn fact(id: &str, at: Timestamp, what: What) -> Fact {
    Fact {
        at,
        complaint: Some(ComplaintId::parse(id).unwrap()),
        what,
    }
}

fn opened(world: &World, id: &str, at: Timestamp) -> Fact {
    let What::Opened { policy, .. } = world.open(None).facts[0].clone() else {
        unreachable!()
    };
    let what = What::Opened {
        received_at: at,
        unit: Some("DISHUB".parse().unwrap()),
        policy,
        deadline: None,
        status: None,
        status_at: None,
    };
    fact(id, at, what)
}

fn closed(id: &str, at: Timestamp) -> Fact {
    let what = What::Closed {
        status: "selesai".into(),
        since: None,
    };
    fact(id, at, what)
}

#[test]
fn what_is_kept_grows_with_what_is_open_and_not_with_the_history() {
    let world = World::new();
    let most_of = |complaints: i64| {
        let mut lives = Lives::default();
        let mut over = 0;
        for n in 0..complaints {
            over += lives
                .take(opened(&world, &format!("A{n}"), minute(n * 60)))
                .len();
            if n >= 10 {
                over += lives
                    .take(closed(&format!("A{}", n - 10), minute(n * 60 + 1)))
                    .len();
            }
        }
        let left = lives.rest().count();
        assert_eq!(over + left, complaints as usize, "none is lost");
        lives.most()
    };
    let most = most_of(2_000);
    assert_eq!(most_of(6_000), most);
    let remembered = REMEMBERED.as_hours() as usize;
    assert!((remembered..remembered + 20).contains(&most), "{most}");
}

#[test]
fn a_complaint_that_is_opened_again_within_a_month_is_one_life() {
    let world = World::new();
    let again = What::Resumed {
        status: "dibaca".into(),
        deadline: None,
        since: None,
    };
    let reopened = |days: i64| {
        let at = minute(60) + SignedDuration::from_hours(24 * days);
        let mut lives = Lives::default();
        let mut all = Vec::new();
        for fact in [
            opened(&world, "A1", minute(0)),
            closed("A1", minute(60)),
            opened(&world, "A2", at),
            fact("A1", at, again.clone()),
        ] {
            all.extend(lives.take(fact));
        }
        all.extend(lives.rest());
        let life = all
            .iter()
            .find(|life| life.complaint.id.as_str() == "A1")
            .unwrap();
        (life.happenings.len(), lives.without_beginning())
    };
    assert_eq!(reopened(20), (2, 0));
    assert_eq!(reopened(40), (1, 1), "it is told that it was passed over");
}

#[test]
fn whoever_answered_answers_as_long_after_their_first_page_as_they_did() {
    let world = World::new();
    let accepted = Input::Acknowledged(crate::domain::escalation::Answer {
        responder: "DISHUB-penghubung".parse().unwrap(),
        reply: "r1".to_owned(),
        via: None,
    });
    // Warned at minute 50; answered at 60.
    let (facts, _) = recorded(&world, vec![(Some(60), accepted)]);
    let life = &lives(&facts)[0];
    let Outside::Answered { after, .. } = &life.happenings[0].what else {
        unreachable!()
    };
    let after = after.unwrap();
    assert_eq!(after, minutes(10) + SignedDuration::from_millis(1));
    // A candidate that warns at 30 is answered at 40.
    let mut candidate = World::new();
    candidate.policy.warnings[0].at_percent = 30;
    let mut answered = Vec::new();
    let context = candidate.context();
    play(
        life,
        context,
        Answers::AsHappened,
        minute(90),
        |at, transition| {
            if transition
                .facts
                .iter()
                .any(|fact| matches!(fact, What::Acknowledged { .. }))
            {
                answered.push(at);
            }
        },
    );
    assert_eq!(answered, [minute(30) + after]);
    let none = played(&candidate, life, Answers::Never, minute(90));
    assert_eq!(
        none.len(),
        3,
        "the officer at 30; head and secretary at 75: {none:?}"
    );
}

#[test]
fn messages_are_weighed_by_reach_price_and_night() {
    let mut world = World::new();
    let zone = zone();
    let mut prices = Prices::default();
    prices[Transport::ALL
        .iter()
        .position(|it| *it == Transport::Email)
        .unwrap()] = 7;
    let who = "DISHUB-penghubung".parse().unwrap();
    let mut second = world.directory.responders[&who].methods[0].clone();
    second.id = "lain".parse().unwrap();
    world
        .directory
        .responders
        .get_mut(&who)
        .unwrap()
        .methods
        .push(second);
    let (facts, _) = recorded(&world, Vec::new());
    let life = &lives(&facts)[0];
    let sums = |world: &World| {
        let mut tally = Tally::new(&world.directory, &zone, prices);
        play(
            life,
            world.context(),
            Answers::Never,
            minute(60),
            |at, transition| {
                tally.see(at, transition);
            },
        );
        tally.end_of_life();
        tally.total
    };
    let in_turn = sums(&world);
    assert_eq!((in_turn.pages, in_turn.messages, in_turn.cost), (1, 1, 7));
    let night = !(6..22).contains(&zone.to_datetime(minute(50)).hour());
    assert_eq!(in_turn.at_night, u64::from(night));
    world.policy.warnings[0].reach = crate::domain::policy::Reach::Everywhere;
    let everywhere = sums(&world);
    assert_eq!(
        (everywhere.pages, everywhere.messages, everywhere.cost),
        (1, 2, 14)
    );
}
