//! The ledger of any run is enough to play it once more, and a ledger that was changed is not.

use jiff::Timestamp;
use proptest::prelude::*;

use super::{Divergence, replay};
use crate::domain::{
    escalation::{
        Context, Escalation, Input, Transition,
        tests::{
            World,
            laws::{runs, worlds},
            minute, minutes,
            moves::{beside, to},
        },
    },
    fact::{Fact, What},
    policy::PolicyRef,
};

/// What a run leaves behind: its facts, and where it ended.
fn recorded(world: &World, run: Vec<(Option<i64>, Input)>) -> (Vec<Fact>, Escalation) {
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
    for (wait, input) in run {
        now = match wait {
            Some(wait) => now + minutes(wait),
            None => last.wake_at.map_or(now, |wake| wake.max(now)),
        };
        last = last.state.advance(world.context(), input, now);
        keep(&last, now);
    }
    (facts, last.state)
}

/// Nothing changed on the way.
fn only<'a>(
    context: impl Fn(&PolicyRef) -> Context<'a>,
) -> impl Fn(usize, Timestamp, &PolicyRef) -> Option<Context<'a>> {
    move |known, _, policy| (known == 0).then(|| context(policy))
}

fn again(world: &World, facts: &[Fact], end: &Escalation) -> Result<Escalation, Divergence> {
    let context: Context<'_> = world.context();
    replay(&end.complaint, facts, only(|_| context))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_ledger_with_moves_plays_once_more_under_each_ones_own_policy(
        one in worlds(), other in worlds(), run in runs(),
    ) {
        let other = beside(&one, other, 2);
        let under = |version| if version == 2 { &other } else { &one };
        let mut last = one.open(Some("DISHUB"));
        let mut now = minute(0);
        let mut facts = Vec::new();
        let mut keep = |transition: &Transition, at| {
            facts.extend(transition.facts.iter().map(|what| Fact {
                at,
                complaint: Some(transition.state.complaint.id.clone()),
                what: what.clone(),
            }));
        };
        keep(&last, now);
        for (index, (wait, input)) in run.into_iter().enumerate() {
            now = wait.map_or_else(
                || last.wake_at.map_or(now, |wake| wake.max(now)),
                |wait| now + minutes(wait),
            );
            last = last.state.clone().advance(under(last.state.policy.version).context(), input, now);
            keep(&last, now);
            if index % 4 == 0 {
                let world = under(last.state.policy.version);
                let next = to(under(3 - last.state.policy.version.max(1)));
                last = last.state.advance(world.context(), next, now);
                keep(&last, now);
            }
        }
        let played = replay(&last.state.complaint, &facts, only(|policy: &PolicyRef| under(policy.version).context()));
        match played {
            Ok(state) => prop_assert_eq!(state, last.state),
            Err(divergence) => prop_assert!(false, "{} of {:#?}", divergence, facts),
        }
    }

    #[test]
    fn every_ledger_plays_once_more_to_the_same_end(world in worlds(), run in runs()) {
        let (facts, end) = recorded(&world, run);
        // As the ledger keeps them.
        let stored = serde_json::to_string(&facts).unwrap();
        let read: Vec<Fact> = serde_json::from_str(&stored).unwrap();
        match again(&world, &read, &end) {
            Ok(state) => prop_assert_eq!(state, end),
            Err(divergence) => prop_assert!(false, "{} of {:#?}", divergence, facts),
        }
    }

    #[test]
    fn a_consequence_that_was_changed_and_a_page_that_was_taken_out_are_found(
        world in worlds(), run in runs(), which in any::<prop::sample::Index>(), by in 1..100_000_i64,
    ) {
        let (facts, end) = recorded(&world, run);
        // What came of an input; what came in could be another ledger's truth.
        let derived: Vec<usize> = (0..facts.len())
            .filter(|index| matches!(
                facts[*index].what,
                What::Paged { .. } | What::Stepped { .. } | What::Missed { .. } | What::Warned { .. }
            ))
            .collect();
        if derived.is_empty() {
            return Ok(());
        }
        let index = derived[which.index(derived.len())];
        let mut changed = facts.clone();
        match &mut changed[index].what {
            What::Paged { post, .. } => *post = "LAIN.kepala".parse().unwrap(),
            What::Stepped { due_at, .. } | What::Warned { due_at, .. } => *due_at += minutes(by),
            What::Missed { deadline, .. } => *deadline -= minutes(by),
            _ => {}
        }
        let found = again(&world, &changed, &end).unwrap_err();
        prop_assert!(found.index <= index, "fact {} was changed: {}", index, found);
        prop_assert!(found.recorded.is_some());
        // A page never stands alone: what ordered it tells that it is missing.
        if matches!(facts[index].what, What::Paged { .. }) {
            let mut cut = facts;
            cut.remove(index);
            prop_assert!(again(&world, &cut, &end).is_err(), "page {} was taken out", index);
        }
    }
}

#[test]
fn a_divergence_names_the_fact_and_both_sides() {
    let world = World::new();
    let run = vec![
        (None, Input::TimerFired),
        (None, Input::TimerFired),
        (None, Input::TimerFired),
    ];
    let (facts, end) = recorded(&world, run);
    assert_eq!(again(&world, &facts, &end).as_ref(), Ok(&end));
    let missed = facts
        .iter()
        .position(|fact| matches!(fact.what, What::Missed { .. }))
        .unwrap();
    let mut changed = facts.clone();
    changed[missed].at -= minutes(1);
    let found = again(&world, &changed, &end).unwrap_err();
    assert_eq!(found.index, missed);
    assert_eq!(found.recorded.as_deref(), Some(&changed[missed]));
    assert_eq!(found.replayed, None, "nothing was due then");
    let text = found.to_string();
    let begins = format!("fact {missed}: the ledger has Missed");
    assert!(
        text.starts_with(&begins) && text.ends_with("its replay nothing"),
        "{text}"
    );
    // What happened at one moment cannot have been recorded at another.
    let mut moved = facts.clone();
    moved[missed + 1].at += minutes(1);
    assert_eq!(again(&world, &moved, &end).unwrap_err().index, missed + 1);
    // A ledger without its beginning, and none at all.
    for facts in [&facts[1..], &[]] {
        let found = again(&world, facts, &end).unwrap_err();
        assert_eq!((found.index, found.replayed), (0, None));
    }
    // Judged by another policy.
    let mut other = World::new();
    other.policy.steps[0].after = minutes(5);
    assert_eq!(again(&other, &facts, &end).unwrap_err().index, missed + 1);
}
