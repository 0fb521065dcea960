//! Steps that everybody has to answer, by example.

use super::{World, accept, minute, minutes, person, refuse, status};
use crate::domain::{
    escalation::{Effect, Input, Paging, Transition},
    fact::What,
    id::PageId,
    message::ReplyNote,
    policy::Acknowledge,
};

/// Head and officer both have to answer the first step, told again each 20 minutes.
fn world() -> World {
    let mut world = World::new();
    world.policy.warnings.clear();
    world.policy.steps[0].acknowledge = Acknowledge::All;
    world.policy.steps[0].again_every = Some(minutes(20));
    world
}

fn at_deadline(world: &World) -> Transition {
    let last = world.open(Some("DISHUB"));
    last.state
        .advance(world.context(), Input::TimerFired, minute(100))
}

fn told(transition: &Transition) -> Vec<String> {
    let pages = transition.effects.iter().filter_map(|effect| match effect {
        Effect::Page(order) => Some(order.responder.to_string()),
        _ => None,
    });
    let mut told: Vec<String> = pages.collect();
    told.sort();
    told
}

fn cancelled(transition: &Transition) -> Vec<String> {
    let cancels = transition.effects.iter().filter_map(|effect| match effect {
        Effect::Cancel { responder, .. } => Some(responder.to_string()),
        _ => None,
    });
    cancels.collect()
}

#[test]
fn the_first_answer_leaves_its_writer_alone_and_the_others_are_told_on() {
    let world = world();
    let last = at_deadline(&world);
    assert_eq!(told(&last), ["DISHUB-kepala", "DISHUB-penghubung"]);
    let last = last
        .state
        .advance(world.context(), accept("DISHUB-kepala", "r1"), minute(105));
    assert_eq!(
        cancelled(&last),
        ["DISHUB-kepala"],
        "and nobody else's page is stopped"
    );
    assert!(matches!(last.state.paging, Paging::Escalating(_)));
    let last = last
        .state
        .advance(world.context(), Input::TimerFired, minute(120));
    assert_eq!(told(&last), ["DISHUB-penghubung"], "told again alone");
    // The next step names others; who is still waited for is told with them.
    let last = last
        .state
        .advance(world.context(), Input::TimerFired, minute(160));
    assert_eq!(told(&last), ["DISHUB-penghubung", "SETDA-asisten"]);
    let last = last.state.advance(
        world.context(),
        accept("DISHUB-penghubung", "r2"),
        minute(170),
    );
    assert!(
        matches!(last.state.paging, Paging::Acknowledged { .. }),
        "now it is answered"
    );
    assert!(last.state.together.is_none());
}

#[test]
fn who_answers_first_reads_who_is_waited_for() {
    let world = world();
    let last = at_deadline(&world);
    let mut answer = accept("DISHUB-kepala", "r1");
    if let Input::Acknowledged(answer) = &mut answer {
        answer.via = Some(crate::domain::escalation::Via {
            transport: crate::domain::delivery::Transport::Email,
            address: super::directory().responders[&person("DISHUB-kepala")].methods[0]
                .address
                .clone(),
            in_reply_to: None,
        });
    }
    let last = last.state.advance(world.context(), answer, minute(105));
    let note = last.effects.iter().find_map(|effect| match effect {
        Effect::Confirm { note, .. } => Some(note.clone()),
        _ => None,
    });
    let Some(ReplyNote::Acknowledged { waiting, .. }) = note else {
        panic!("{note:?}");
    };
    assert_eq!(waiting.as_deref(), Some("penghubung"));
    assert!(last.facts.iter().any(|fact| matches!(
        fact,
        What::Acknowledged { waiting, .. } if *waiting == [person("DISHUB-penghubung")]
    )));
}

#[test]
fn who_refuses_or_cannot_be_reached_keeps_nobody_from_an_end() {
    let world = world();
    let part = at_deadline(&world).state;
    let part = part.advance(world.context(), accept("DISHUB-kepala", "r1"), minute(105));
    let page = PageId::of_paging(&part.state.complaint.id, 1, &person("DISHUB-penghubung"));
    for input in [
        refuse("DISHUB-penghubung", "r2"),
        Input::PageFailed {
            page,
            responder: person("DISHUB-penghubung"),
        },
    ] {
        let last = part
            .state
            .clone()
            .advance(world.context(), input, minute(110));
        let all = last.facts.iter().find_map(|fact| match fact {
            What::AllAnswered { by, until } => Some((by.to_string(), *until)),
            _ => None,
        });
        assert_eq!(all, Some(("DISHUB-kepala".to_owned(), minute(105 + 120))));
        assert!(matches!(last.state.paging, Paging::Acknowledged { .. }));
    }
    // Who left the post is waited for no longer; whoever has it now is.
    let mut other = self::world();
    other.post("DISHUB.penghubung").holder = Some(person("SETDA-kepala"));
    let last = part
        .state
        .advance(other.context(), Input::TimerFired, minute(120));
    assert_eq!(told(&last), ["SETDA-kepala"]);
    let last = last
        .state
        .advance(other.context(), accept("SETDA-kepala", "r3"), minute(121));
    assert!(matches!(last.state.paging, Paging::Acknowledged { .. }));
}

#[test]
fn when_all_have_refused_nobody_has_answered() {
    let world = world();
    let last = at_deadline(&world);
    let last = last
        .state
        .advance(world.context(), refuse("DISHUB-kepala", "r1"), minute(101));
    let last = last.state.advance(
        world.context(),
        refuse("DISHUB-penghubung", "r2"),
        minute(102),
    );
    assert!(matches!(last.state.paging, Paging::Escalating(_)));
    assert!(last.state.together.is_none());
}

#[test]
fn progress_and_another_unit_end_the_waiting() {
    let world = world();
    let part = at_deadline(&world).state;
    let part = part.advance(world.context(), accept("DISHUB-kepala", "r1"), minute(105));
    for input in [
        status("pengerjaan"),
        Input::Reassigned {
            unit: Some(super::unit("DINKES")),
        },
    ] {
        let last = part
            .state
            .clone()
            .advance(world.context(), input, minute(110));
        assert!(last.state.together.is_none());
    }
}

#[test]
fn one_person_in_two_posts_answers_once() {
    let mut world = world();
    world.post("DISHUB.penghubung").holder = Some(person("DISHUB-kepala"));
    let last = at_deadline(&world);
    assert_eq!(told(&last), ["DISHUB-kepala"]);
    let last = last
        .state
        .advance(world.context(), accept("DISHUB-kepala", "r1"), minute(105));
    assert!(matches!(last.state.paging, Paging::Acknowledged { .. }));
}

#[test]
fn when_the_hold_ends_all_are_told_again() {
    let world = world();
    let last = at_deadline(&world);
    let last = last
        .state
        .advance(world.context(), accept("DISHUB-kepala", "r1"), minute(101));
    let last = last.state.advance(
        world.context(),
        accept("DISHUB-penghubung", "r2"),
        minute(102),
    );
    let until = last.wake_at.unwrap();
    let last = last
        .state
        .advance(world.context(), Input::TimerFired, until);
    assert!(
        told(&last).contains(&"SETDA-asisten".to_owned()),
        "the step that fell into the hold"
    );
}
