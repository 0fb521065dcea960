//! Stories of what changes under way: refusals, pauses, other units, progress that is told late. At
//! the end of each the ledger is played once more.

use std::collections::BTreeSet;

use jiff::Timestamp;
use siaga::{
    clock::Clock,
    domain::{
        complaint::Status,
        escalation::Input,
        fact::{SkipReason, What},
        id::UnitCode,
    },
    engine::Tuning,
};

use crate::support::town::{POLICY, Town, complaint_id, hours, minutes};

async fn give(town: &Town, id: &str, input: Input) {
    let world = town.worlds.get();
    town.store
        .advance(&world, &complaint_id(id), input, town.clock.now())
        .await
        .unwrap();
    town.engine.settle().await.unwrap();
}

fn to(unit: Option<&str>) -> Input {
    Input::Reassigned {
        unit: unit.map(|unit| UnitCode::parse(unit).unwrap()),
    }
}

fn state(status: &str, at: Option<Timestamp>) -> Input {
    Input::StatusChanged {
        status: Status::from(status),
        at,
    }
}

#[tokio::test]
async fn who_refused_hears_no_more_of_it_and_the_others_do() {
    let town = Town::start().await;
    town.complaint("A1").await;
    town.pass(hours(18)).await;
    town.sms("budi", "bukan wewenang kami").await;
    town.arrived();
    // Over the deadline, two repeats and the two steps that name the head.
    town.pass(hours(10)).await;
    let told = town.told();
    assert!(
        told.iter().all(|line| !line.starts_with("budi")),
        "the head said no: {told:?}"
    );
    for other in ["pono sms", "asti sms", "sekda sms"] {
        assert!(told.contains(&other.to_owned()), "{other}: {told:?}");
    }
    let spared = |what: &What| {
        matches!(
            what,
            What::Skipped {
                why: SkipReason::Refused,
                ..
            }
        )
    };
    assert_eq!(town.count("A1", spared).await, 4, "each time recorded");
    // Another unit's, and theirs again: that is asked anew.
    give(&town, "A1", to(None)).await;
    give(&town, "A1", to(Some("DISHUB"))).await;
    town.arrived();
    town.pass(hours(18)).await;
    assert!(town.told().contains(&"budi sms".to_owned()));
    town.end().await;
}

#[tokio::test]
async fn a_complaint_lives_through_everything_and_its_ledger_plays_once_more() {
    let policy = POLICY.replace(
        "on_refusal",
        "renew_progress_every = \"72h\"\non_reroute = \"keep_clock\"\non_refusal",
    );
    let town = Town::with(&policy, Tuning::default()).await;
    let now = || town.clock.now();
    for id in ["A1", "A2", "A3"] {
        town.complaint(id).await;
    }
    town.pass(hours(13)).await;
    give(&town, "A1", state("dibaca", None)).await;
    give(
        &town,
        "A1",
        state("menunggu kelengkapan informasi", Some(now() - hours(1))),
    )
    .await;
    give(&town, "A2", to(Some("SETDA"))).await;
    town.sms("kori", "ok").await;
    town.pass(hours(5)).await;
    give(&town, "A1", state("baru", None)).await;
    give(&town, "A2", state("bukan wewenang", None)).await;
    town.sms("sari", "tidak").await;
    town.pass(hours(8)).await;
    town.sms("budi", "semua ok").await;
    town.sms("pono", "semua ok").await;
    town.pass(minutes(20)).await;
    give(&town, "A3", state("verifikasi", Some(now() - hours(5)))).await;
    town.sms("budi", "semua bukan wewenang").await;
    town.pass(hours(100)).await;
    give(&town, "A3", state("verifikasi", Some(now() - hours(90)))).await;
    give(&town, "A3", state("selesai", None)).await;
    give(&town, "A3", to(None)).await;
    town.sms("budi", "ok").await;
    town.pass(hours(3)).await;
    give(&town, "A3", state("dibuka lagi", None)).await;
    give(
        &town,
        "A3",
        state("bukan wewenang", Some(now() - hours(200))),
    )
    .await;
    give(&town, "A1", state("selesai", Some(now() - hours(1)))).await;
    // An outage, and a life after it.
    town.clock.advance(hours(60));
    town.engine.settle().await.unwrap();
    town.pass(hours(40)).await;
    let mut kinds = BTreeSet::new();
    for id in ["A1", "A2", "A3"] {
        for fact in town.facts(id).await {
            let fact = serde_json::to_value(&fact).unwrap();
            kinds.insert(fact["k"].as_str().unwrap().to_owned());
        }
    }
    for kind in [
        "acknowledged",
        "answer_without_effect",
        "closed",
        "folded",
        "hold_ended",
        "missed",
        "not_ours",
        "paused",
        "progressed",
        "reassigned",
        "refused",
        "resumed",
        "skipped",
        "status_noted",
        "stepped",
        "warned",
    ] {
        assert!(kinds.contains(kind), "{kind} did not happen: {kinds:?}");
    }
    town.end().await;
}
