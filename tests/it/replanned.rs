//! A calendar that changes while complaints are open: a deadline that comes earlier is not slept through.

use std::{collections::HashMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use siaga::{
    clock::Clock,
    domain::{
        calendar::{Calendar, Holiday, Holidays, Hours, WeekDay},
        fact::What,
        id::CalendarId,
        policy::{Policy, PolicyRef},
    },
    simulate::replay,
    store::{Side, World},
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    town::{POLICY, START, Town, at, complaint_id, directory, hours},
    wait::eventually_asked,
};

/// All days are worked, but for so many after that of the start: what a decree may add and take back.
fn world(days_off: i64) -> World {
    let policy: Policy = toml::from_str(POLICY).unwrap();
    let default = PolicyRef {
        id: policy.id.clone(),
        version: policy.version,
    };
    let holidays: Holidays = (1..=days_off)
        .map(|day| {
            let date = jiff::civil::date(2026, 11, 24) + SignedDuration::from_hours(24 * day);
            let name = "Cuti bersama".to_owned();
            let joint_leave = true;
            (date, Holiday { name, joint_leave })
        })
        .collect();
    let days = WeekDay::ALL.into_iter().collect();
    let hours = Hours::WorkingDays { days };
    let calendar = Calendar::try_new("Asia/Jakarta", hours, holidays).unwrap();
    let calendars = HashMap::from([(CalendarId::parse("kalender").unwrap(), calendar)]);
    World::new(directory(), vec![policy], calendars, default).unwrap()
}

async fn next_due(town: &Town) -> Option<Timestamp> {
    let shard = town.store.keys().shards(Side::Complaints)[0];
    town.store.next_due(shard).await.unwrap()
}

async fn eventually_due(town: &Town, text: &str) {
    let what = format!("a wake time of {text}");
    eventually_asked(&what, Duration::from_secs(20), || async {
        (next_due(town).await == Some(at(text))).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_comes_earlier_is_not_slept_through() {
    let town = Town::start().await;
    town.worlds.set(world(10));
    let stop = CancellationToken::new();
    let follow = |stop: &CancellationToken| {
        let (engine, stop) = (town.engine.clone(), stop.clone());
        tokio::spawn(async move { engine.follow_calendars(stop).await })
    };
    let following = follow(&stop);
    town.complaint("A1").await;
    // Received at 07.00 in Semarang: 17 hours of that day, the other 7 after ten days off. The first
    // warning is out at 19.00; the second waits for 5 December 01.00.
    town.pass(hours(13)).await;
    assert_eq!(next_due(&town).await, Some(at("2026-12-04T18:00:00Z")));

    // The joint leave is taken back, while nobody is awake for A1.
    let changed_at = town.clock.now();
    town.worlds.set(world(0));
    eventually_due(&town, "2026-11-24T18:00:00Z").await;
    town.pass(hours(12)).await;
    let deadline = at(START) + hours(24);
    let missed: Vec<_> = town
        .facts("A1")
        .await
        .into_iter()
        .filter(|fact| matches!(fact.what, What::Missed { .. }))
        .map(|fact| fact.at)
        .collect();
    assert_eq!(missed, [deadline], "to the second, by the new calendar");

    // By what was in force at each moment, the ledger plays once more to the same end.
    let (old, new) = (world(10), world(0));
    let stored = town
        .store
        .load_escalation(&complaint_id("A1"))
        .await
        .unwrap();
    let stored = stored.unwrap().value;
    let id = complaint_id("A1");
    let facts = town.store.facts_of_complaint(&id).await.unwrap();
    let replayed = replay(&stored.complaint, &facts, |known, now, _| {
        let world = if now < changed_at { &old } else { &new };
        (known == 0).then(|| world.context(&stored.policy).unwrap())
    });
    assert_eq!(replayed.unwrap(), stored);
    stop.cancel();
    following.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_came_while_nothing_ran_is_made_up_for_at_the_start() {
    let town = Town::start().await;
    town.worlds.set(world(10));
    town.complaint("A1").await;
    town.complaint("A2").await;
    town.pass(hours(13)).await;
    // The service is down; a walk that was cut off has brought one forward and said nothing of it.
    town.worlds.set(world(0));
    assert_eq!(town.engine.replan(&town.worlds.get()).await.unwrap(), 2);
    assert_eq!(town.engine.replan(&town.worlds.get()).await.unwrap(), 0);
    town.worlds.set(world(3));
    let stop = CancellationToken::new();
    let engine = town.engine.clone();
    let own = stop.clone();
    // Later than planned: who wakes too early plans again.
    let following = tokio::spawn(async move { engine.follow_calendars(own).await });
    eventually_asked(
        "the walk to be through",
        Duration::from_secs(20),
        || async {
            let print = town.worlds.get().print_of_calendars();
            (town.store.planned_by().await.unwrap() == Some(print)).then_some(())
        },
    )
    .await;
    town.pass(hours(10)).await;
    assert_eq!(next_due(&town).await, Some(at("2026-11-27T18:00:00Z")));
    let missed = |what: &What| matches!(what, What::Missed { .. });
    assert_eq!(town.count("A1", missed).await, 0);
    stop.cancel();
    following.await.unwrap();
}
