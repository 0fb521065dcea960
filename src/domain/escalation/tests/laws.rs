//! What holds of every escalation, tried on random policies, directories and sequences of inputs.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;

use super::{
    World, accept, count, further, minute, minutes, person, refuse, status, targets, unit,
};
use crate::domain::{
    complaint::Status,
    escalation::{ByHand, Effect, Escalation, Input, Order, Paging, Running, Transition},
    fact::{Alarm, ClockAct, What},
    id::{PageId, PostCode, ResponderId},
    policy::{Acknowledge, OnHandover, Reroute, Step, Updates, Warning},
    referral::Named,
};

const PEOPLE: [&str; 7] = [
    "DISHUB-kepala",
    "DISHUB-penghubung",
    "DISHUB-sekretaris",
    "DINKES-kepala",
    "SETDA-kepala",
    "SETDA-asisten",
    "BIRO-penghubung",
];
const TARGETS: [&str; 6] = [
    "kepala",
    "penghubung",
    "sekretaris",
    "post:SETDA.kepala",
    "post:NIHIL.kepala",
    "koordinator:penghubung",
];

pub(super) fn some_targets() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(TARGETS.to_vec()), 0..3)
}

/// A policy that the checks would let pass, over a directory with gaps.
pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let steps = prop::collection::vec(
        (
            1..90_i64,
            some_targets(),
            prop::option::of(1..40_i64),
            any::<bool>(),
        ),
        1..4,
    );
    let warnings = prop::collection::vec((1..40_u8, some_targets()), 0..3);
    let rounds = (0..4_usize, 1..120_i64, prop::option::of(0..3_u32));
    let terms = (
        1..300_i64,
        1..200_i64,
        prop::option::of(1..300_i64),
        any::<bool>(),
        some_targets(),
    );
    let gaps = prop::collection::vec((0..PEOPLE.len(), any::<bool>()), 0..4);
    let clocks = prop::collection::vec(further::clocks(), 0..3);
    (steps, warnings, rounds, terms, (gaps, clocks), 0..30_i64).prop_map(
        |(steps, warnings, (from, every, limit), terms, (gaps, clocks), begin)| {
            let mut world = World::new();
            let policy = &mut world.policy;
            let mut after = begin;
            policy.steps = steps
                .into_iter()
                .map(|(gap, to, again, all)| {
                    let step = Step {
                        after: minutes(after),
                        to: targets(&to),
                        reach: crate::domain::policy::Reach::InTurn,
                        again_every: again.map(minutes),
                        acknowledge: if all {
                            Acknowledge::All
                        } else {
                            Acknowledge::One
                        },
                    };
                    after += gap;
                    step
                })
                .collect();
            let mut percent = 0;
            policy.warnings = warnings
                .into_iter()
                .map(|(gap, to)| {
                    percent += gap;
                    Warning {
                        at_percent: percent,
                        to: targets(&to),
                        reach: crate::domain::policy::Reach::Everywhere,
                    }
                })
                .collect();
            policy.repeat.from_step = from.min(policy.steps.len() - 1);
            policy.repeat.every = minutes(every);
            policy.repeat.limit = limit;
            let (length, hold, renew, keep, on_refusal) = terms;
            policy.clock.length = minutes(length);
            policy.hold = minutes(hold);
            policy.renew_progress_every = renew.map(minutes);
            if keep {
                policy.on_handover = OnHandover::Page;
                policy.on_reroute = Reroute::KeepClock;
            }
            policy.updates = [Updates::Daytime, Updates::Always, Updates::Never]
                [usize::from(keep) + usize::from(begin > 20)];
            policy.on_refusal = targets(&on_refusal);
            policy.clocks = further::named(clocks);
            for (who, vacant) in gaps {
                let name = PEOPLE[who];
                if vacant {
                    world.post(&name.replace('-', ".")).holder = None;
                } else if let Some(found) = world.directory.responders.get_mut(&person(name)) {
                    found.methods.clear();
                }
            }
            world
        },
    )
}

/// A state, dated now and then: before, within and after what happens.
fn states() -> impl Strategy<Value = Input> {
    let names = vec![
        "pengerjaan",
        "tuntas",
        "menunggu",
        "menunggu",
        "bukan wewenang",
        "selesai",
        "dibaca",
        "dibaca",
        "tak dikenal",
    ];
    let dated = prop_oneof![2 => Just(None), 1 => (-50..3000_i64).prop_map(Some)];
    (prop::sample::select(names), dated).prop_map(|(name, at)| Input::StatusChanged {
        status: Status::from(name),
        at: at.map(minute),
    })
}

/// An input; a wake-up comes often, and `live` picks a page that is on its way.
fn inputs() -> impl Strategy<Value = Input> {
    let who = || prop::sample::select(PEOPLE.to_vec());
    prop_oneof![
        10 => Just(Input::TimerFired),
        2 => (who(), 0..30_u8).prop_map(|(who, n)| accept(who, &format!("r{n}"))),
        1 => (who(), 0..30_u8).prop_map(|(who, n)| refuse(who, &format!("r{n}"))),
        1 => (who(), 0..30_u8, named()).prop_map(|(who, n, named)| match refuse(who, &format!("r{n}")) {
            Input::Refused { answer, to, .. } => Input::Refused { answer, to, named },
            other => other,
        }),
        2 => states(),
        1 => prop::option::of(prop::sample::select(vec!["DISHUB", "DINKES", "NIHIL"]))
            .prop_map(|code| Input::Reassigned { unit: code.map(unit) }),
        1 => (who(), 1..9_u32).prop_map(|(who, n)| Input::PageFailed {
            page: PageId::of_paging(&super::complaint(None).id, n, &person(who)),
            responder: person(who),
        }),
        1 => (orders(), 0..30_u8).prop_map(|(order, n)| Input::ByHand(ByHand {
            order,
            by: "admin".to_owned(),
            reason: "x".to_owned(),
            key: format!("h{n}"),
        })),
    ]
}

/// What an operator orders, also about who was never told.
fn orders() -> impl Strategy<Value = Order> {
    prop_oneof![
        prop::sample::select(PEOPLE.to_vec()).prop_map(|who| Order::PageAgain {
            responder: person(who)
        }),
        (any::<bool>(), prop::option::of(0..5_usize)).prop_map(
            |(despite_acknowledgement, to_step)| {
                Order::Escalate {
                    despite_acknowledgement,
                    to_step,
                }
            }
        ),
    ]
}

/// Whom a refusal names: a post or unit of the directory, also a vacant one, or nobody there.
fn named() -> impl Strategy<Value = Option<Named>> {
    let posts = [
        "DISHUB.kepala",
        "DISHUB.sekretaris",
        "DINKES.kepala",
        "BIRO.penghubung",
        "NIHIL.x",
    ];
    let units = ["DISHUB", "DINKES", "BIRO", "NIHIL"];
    prop::option::of(prop_oneof![
        prop::sample::select(posts.to_vec())
            .prop_map(|code| Named::Post(PostCode::parse(code).unwrap())),
        prop::sample::select(units.to_vec()).prop_map(|code| Named::Unit(unit(code))),
    ])
}

/// Waits in minutes, and for a wake-up also exactly until it is due.
pub(crate) fn runs() -> impl Strategy<Value = Vec<(Option<i64>, Input)>> {
    let wait = prop_oneof![
        3 => Just(None),
        1 => Just(Some(0)),
        // A clock that is set back.
        1 => (-30..0_i64).prop_map(Some),
        2 => (1..40_i64).prop_map(Some),
        1 => (40..1000_i64).prop_map(Some),
    ];
    prop::collection::vec((wait, inputs()), 1..60)
}

/// The hold that must not be broken, if one runs.
type Hold = Option<(ResponderId, Timestamp)>;

fn hold_after(hold: Hold, facts: &[What]) -> Hold {
    let mut hold = hold;
    for fact in facts {
        match fact {
            What::Acknowledged {
                by, until, waiting, ..
            } if waiting.is_empty() => {
                hold = Some((by.clone(), *until));
            }
            What::AllAnswered { by, until } => hold = Some((by.clone(), *until)),
            What::Refused { by, .. } if hold.as_ref().is_some_and(|(held, _)| held == by) => {
                hold = None;
            }
            What::Reassigned { from, to, .. } if from == to => {}
            What::OrderedByHand {
                order: Order::Escalate { .. },
                ..
            }
            | What::HoldEnded
            | What::Clock {
                act: ClockAct::Kept { .. },
                ..
            }
            | What::NotOurs { .. }
            | What::Reassigned { .. }
            | What::Progressed { .. }
            | What::Resumed { .. } => hold = None,
            _ => {}
        }
    }
    hold
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_laws_hold_in_every_run(world in worlds(), run in runs()) {
        let context = world.context();
        let mut last = world.open(Some("DISHUB"));
        let mut now = minute(0);
        let mut hold: Hold = None;
        let mut missed = Vec::new();
        let mut clocks_missed = Vec::new();
        let mut pages = BTreeSet::new();
        let mut exhausted = false;
        let mut refused = BTreeSet::new();
        for (wait, input) in run {
            now = match wait {
                Some(wait) => now + minutes(wait),
                None => last.wake_at.map_or(now, |wake| wake.max(now)),
            };
            let before = last.state.clone();
            let due = before.unmissed_deadline(&world);
            let woken_early = before.wake_at(&context).is_none_or(|wake| wake > now);
            let timer = input == Input::TimerFired;
            // A state that was stored goes on as one that was not.
            let stored = serde_json::to_string(&before).unwrap();
            let read: Escalation = serde_json::from_str(&stored).unwrap();
            last = before.clone().advance(context, input.clone(), now);
            prop_assert_eq!(&read.advance(context, input.clone(), now), &last);

            hold = hold_after(hold, &last.facts);
            for effect in &last.effects {
                if let Effect::Page(order) = effect {
                    if let Some((_, until)) = &hold {
                        prop_assert!(now >= *until, "paged within a hold by {:?}", input);
                    }
                    prop_assert!(pages.insert(order.page.clone()), "a page's id came twice");
                    prop_assert!(last.state.wants(&order.page), "ordered and not wanted");
                    prop_assert_eq!(
                        last.state.told.get(&order.responder), Some(&Some(order.page.clone()))
                    );
                }
            }
            // News are for those whose page waits, never for who answers, never before now, and never at night.
            for effect in &last.effects {
                let Effect::News(order) = effect else { continue };
                prop_assert!(world.policy.updates != Updates::Never);
                prop_assert_eq!(
                    before.told.get(&order.responder), Some(&Some(order.page.clone()))
                );
                prop_assert!(order.at > now);
                let hour = world.context().calendar.local(order.at).hour();
                prop_assert!(world.policy.updates == Updates::Always || (6..21).contains(&hour));
                if let Input::Acknowledged(answer) = &input {
                    prop_assert!(answer.responder != order.responder, "told of their own answer");
                }
                let brings = !matches!(input, Input::TimerFired | Input::Refused { .. });
                prop_assert!(brings, "nothing was answered, shown or ended");
                prop_assert!(last.state.still_news(order).is_some(), "no news from the start");
            }
            // Who has answered is left alone while the others are waited for; and whoever is waited for was
            // told, and stands in the way of nobody for ever.
            if let (Some(together), true) = (&before.together, timer) {
                for (who, until) in &together.answered {
                    prop_assert!(*until <= now || !pages_to(&last, who), "{} had answered", who);
                }
            }
            if let Some(together) = &last.state.together {
                for who in together.waiting.keys() {
                    prop_assert!(last.state.told.contains_key(who), "{} was never told", who);
                    prop_assert!(!last.state.unreached.contains_key(who), "{} cannot answer", who);
                }
                prop_assert!(!together.waiting.is_empty() || together.answered.is_empty());
            }
            // Who has refused a promise is told of it no more while somebody else can be.
            if let Input::Refused { answer, .. } = &input
                && last.facts.iter().any(|fact| matches!(fact, What::Refused { .. }))
            {
                prop_assert!(!pages_to(&last, &answer.responder), "told of their own refusal");
            }
            let everybody = last.facts.iter().any(|fact| {
                matches!(fact, What::Alarm { alarm: Alarm::AllRefused { .. } })
            });
            refused = refused_after(refused, &before, &last);
            for who in &refused {
                prop_assert!(everybody || !pages_to(&last, who), "{} was told again", who);
            }
            // A reply, whatever it names, changes neither whose complaint it is nor its clock.
            if matches!(input, Input::Acknowledged(_) | Input::Refused { .. }) {
                prop_assert_eq!(&last.state.complaint, &before.complaint);
                prop_assert_eq!(&last.state.promise.running, &before.promise.running);
                prop_assert_eq!(last.state.promise.number, before.promise.number);
            }
            // Who could not be reached is remembered until they are paged again or need not be told.
            let gone = before.unreached.keys().filter(|who| !last.state.unreached.contains_key(*who));
            for who in gone {
                let answered = last.state.told.values().all(Option::is_none)
                    || last.facts.iter().any(|fact| matches!(
                        fact, What::Acknowledged { .. } | What::Reassigned { .. } | What::NotOurs { .. }
                            | What::Progressed { .. } | What::Resumed { .. }
                    ));
                prop_assert!(answered || pages_to(&last, who), "{} is forgotten", who);
            }
            // An order by hand is done once, and only as it was asked for.
            if let Input::ByHand(ordered) = &input {
                let why_not = before.why_not(context, &ordered.order, now);
                let is_done = last.facts.iter().any(|fact| matches!(fact, What::OrderedByHand { .. }));
                let known = before.handled.contains(&ordered.key);
                prop_assert_eq!(is_done, why_not.is_none() && !known);
                let again = last.state.clone().advance(context, input.clone(), now);
                prop_assert!(again.facts.is_empty() && again.effects.is_empty());
                if !is_done {
                    prop_assert_eq!(&last.state, &before, "not done, and yet changed");
                }
                // Paging again is one page, to whom it names, and never a later step.
                if let (Order::PageAgain { responder }, true) = (&ordered.order, is_done) {
                    let paged = last.effects.iter().filter(|it| matches!(it, Effect::Page(_)));
                    prop_assert_eq!(paged.count(), 1);
                    prop_assert!(pages_to(&last, responder));
                }
            }
            // A promise never begins over, unless it is the citizen's own: that is what was promised.
            let began = last.state.promise.number > before.promise.number;
            if began && let Some((_, deadline)) = last.state.unmissed_deadline(&world) {
                let left = last.state.promise.is_paused() || deadline > now;
                prop_assert!(left, "over when it began: {:?}", input);
            }
            // Whoever has a new page has no older one: it was cancelled.
            let cancelled: BTreeSet<_> = last.effects.iter().filter_map(|effect| match effect {
                Effect::Cancel { page, .. } => Some(page.clone()),
                _ => None,
            }).collect();
            let live: BTreeSet<_> = last.state.told.values().flatten().collect();
            let failed = matches!(input, Input::PageFailed { .. });
            for old in before.told.values().flatten() {
                prop_assert!(live.contains(old) || cancelled.contains(old) || failed);
            }

            missed.extend(last.facts.iter().filter_map(|fact| match fact {
                What::Missed { promise, .. } => Some(*promise),
                _ => None,
            }));
            clocks_missed.extend(further::missed(&last.facts));
            if timer {
                further::nothing_is_overdue(&world, &last.state, now)?;
            }
            // The deadline has passed and the clock was neither stopped nor begun anew before.
            if due.is_some_and(|(_, deadline)| deadline <= now) && !before.is_closed()
                && (timer || matches!(input, Input::StatusChanged { at: None, .. } | Input::Reassigned { .. }))
                && last.state.promise != before.promise
            {
                prop_assert!(missed.contains(&due.unwrap().0), "{:?}", input);
            }
            if timer && let Some((number, deadline)) = due && deadline <= now && !before.is_closed() {
                prop_assert!(missed.contains(&number));
            }

            exhausted |= last.facts.iter().any(|fact| {
                matches!(fact, What::Alarm { alarm: Alarm::Exhausted })
            });
            match (&last.state.paging, last.wake_at) {
                (_, Some(wake)) if timer => prop_assert!(wake > now, "it would spin"),
                (_, Some(_)) | (Paging::Closed { .. }, None) => {}
                (Paging::Exhausted { .. }, None) => prop_assert!(exhausted),
                (Paging::Quiet, None) => {
                    let kept = matches!(last.state.promise.running, Running::Kept { .. });
                    prop_assert!(kept && world.policy.renew_progress_every.is_none());
                }
                (other, None) => prop_assert!(false, "never woken: {:?}", other),
            }
            if timer {
                if woken_early {
                    prop_assert_eq!(&last.state, &before);
                    prop_assert!(last.facts.is_empty() && last.effects.is_empty());
                }
                let again = last.state.clone().advance(context, Input::TimerFired, now);
                prop_assert_eq!(&again.state, &last.state);
                prop_assert!(again.facts.is_empty() && again.effects.is_empty());
            }
        }
        prop_assert!(count(missed).values().all(|times| *times == 1), "missed twice");
        let twice = count(clocks_missed).into_iter().find(|(_, times)| *times > 1);
        prop_assert_eq!(twice, None, "a further clock was missed twice");
    }

    #[test]
    fn a_pause_adds_exactly_its_own_length(
        begin in 0..99_i64, long in 0..10_000_i64, read in any::<bool>(),
    ) {
        let world = World::new();
        let context = world.context();
        let last = world.open(Some("DISHUB"));
        let last = last.state.advance(context, status("menunggu"), minute(begin));
        let resume = if read { Status::from("dibaca") } else { Status::new_complaint() };
        let resumed = Input::StatusChanged { status: resume, at: None };
        let last = last.state.advance(context, resumed, minute(begin + long));
        prop_assert_eq!(last.state.promise.deadline(&context), Some(minute(100 + long)));
    }
}

fn pages_to(transition: &Transition, who: &ResponderId) -> bool {
    transition
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Page(order) if order.responder == *who))
}

/// Who has refused and was not asked anew since: by a new promise, another unit, or their own word.
fn refused_after(
    mut refused: BTreeSet<ResponderId>,
    before: &Escalation,
    last: &Transition,
) -> BTreeSet<ResponderId> {
    let returned = before.complaint.status == Status::from("bukan wewenang");
    for fact in &last.facts {
        match fact {
            What::Refused { by, .. } => {
                refused.insert(by.clone());
            }
            What::Acknowledged { by, .. } => {
                refused.remove(by);
            }
            What::Reassigned { .. } | What::Progressed { .. } | What::Resumed { .. } => {
                refused.clear();
            }
            What::NotOurs { deadline, .. } if deadline.is_some() => refused.clear(),
            What::StatusNoted { .. } if returned => refused.clear(),
            _ => {}
        }
    }
    refused
}

impl Escalation {
    fn unmissed_deadline(&self, world: &World) -> Option<(u32, Timestamp)> {
        let deadline = self.promise.unmissed_deadline(&world.context())?;
        Some((self.promise.number, deadline))
    }
}
