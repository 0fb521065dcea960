//! Editing live under load: a hundred changes of the policy while five thousand complaints escalate.
//! Nothing is lost, nothing is repeated, and each runs to its end under the version it began with.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use siaga::{
    changes::{Changes, Proposal, Rules, keeper::Keeper},
    clock::Clock,
    config::places::Places,
    domain::{
        calendar::Calendar,
        complaint::{Complaint, Privacy, Status},
        fact::What,
        id::{CalendarId, ComplaintId, PolicyId, ResponderId, UnitCode},
        policy::Policy,
        rulebook::Rulebook,
    },
    store::{Keys, Opened, World},
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    region::{Region, directory, holder},
    replayed,
};

const CHANGES: i64 = 100;
const COMPLAINTS: i64 = 5_000;
const UNITS: i64 = 20;

fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

/// Each version tells the provincial secretary at a minute of its own.
fn policy(version: i64) -> Policy {
    let second = 60 + version;
    toml::from_str(&format!(
        r#"
id = "uji"
title = "versi {version}"
clock = {{ length = "24h", calendar = "kalender" }}
steps = [
  {{ after = "0s", to = ["kepala", "penghubung"] }},
  {{ after = "{second}m", to = ["post:SETDA.kepala"] }},
]
repeat = {{ every = "6h", limit = 0 }}
hold = "2h"
[statuses]
verifikasi = "progress"
selesai = "end"
"#
    ))
    .unwrap()
}

fn book(version: i64, directory: &siaga::domain::directory::Directory) -> Rulebook {
    let calendar = Calendar::always("Asia/Jakarta").unwrap();
    let policy = policy(version);
    Rulebook {
        directory: directory.clone(),
        policies: [(policy.id.clone(), policy)].into(),
        calendars: [(CalendarId::parse("kalender").unwrap(), calendar)].into(),
    }
}

fn proposal(n: i64) -> Proposal {
    Proposal {
        author: "Siti".into(),
        reason: format!("perubahan {n}"),
        effective: None,
        ordered: false,
    }
}

fn complaint(n: i64, received_at: Timestamp) -> Complaint {
    Complaint {
        id: ComplaintId::parse(&format!("B{n:05}")).unwrap(),
        received_at,
        unit: Some(UnitCode::parse(&format!("U{}", n % UNITS + 1)).unwrap()),
        source: None,
        classification: None,
        urgency: None,
        category: None,
        area: None,
        title: None,
        privacy: Privacy::default(),
        status: Status::new_complaint(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_changes_while_five_thousand_escalate_lose_and_repeat_nothing() {
    let began = Instant::now();
    let names: BTreeSet<String> = (1..=UNITS).map(|n| format!("Dinas {n:02}")).collect();
    let directory = directory(&names);
    let start: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
    let one = Policy {
        version: 1,
        ..policy(0)
    };
    let region = Region::start(directory.clone(), one, start).await;
    let changes = Changes {
        store: region.store.clone(),
        rules: Rules {
            default_policy: PolicyId::parse("uji").unwrap(),
            gateways: Vec::new(),
            self_tests: Vec::new(),
            subscriptions: Vec::new(),
            approval: false,
        },
    };
    let places = Places::default();
    let plan = changes.plan(book(0, &directory)).await.unwrap();
    changes
        .submit(&plan, &places, &proposal(0), start)
        .await
        .unwrap();
    let live = changes.store.live().await.unwrap().unwrap();
    region
        .worlds
        .set(World::of(live, &changes.rules.default_policy).unwrap());
    let stop = CancellationToken::new();
    let keeper = Keeper::new(changes.clone(), region.worlds.clone(), region.clock.clone());
    let kept = tokio::spawn(keeper.keep(stop.clone()));

    let mut received = BTreeMap::new();
    for slice in 0..CHANGES {
        // The change and the work of this half hour go side by side.
        let (changes, wished) = (changes.clone(), book(slice + 1, &directory));
        let clock = region.clock.clone();
        let editor = tokio::spawn(async move {
            let plan = changes.plan(wished).await.unwrap();
            let (places, now) = (Places::default(), clock.now());
            let made = changes
                .submit(&plan, &places, &proposal(slice + 1), now)
                .await;
            made.unwrap();
        });
        let now = region.clock.now();
        let each = COMPLAINTS / CHANGES;
        let opened = join_all((0..each).map(|n| {
            // Due at one of five moments of this half hour, between which the change comes.
            let at = now - SignedDuration::from_hours(24) + minutes(n % 5 * 5 + 1);
            let complaint = complaint(slice * each + n, at);
            received.insert(complaint.id.clone(), at);
            let (store, worlds) = (region.store.clone(), region.worlds.clone());
            async move {
                store
                    .open(&worlds.get(), complaint, None, now)
                    .await
                    .unwrap()
            }
        }));
        for opened in opened.await {
            assert!(matches!(opened, Opened::New(_)), "{opened:?}");
        }
        region.pass_until(now + minutes(30)).await;
        editor.await.unwrap();
    }
    region
        .pass_until(region.clock.now() + SignedDuration::from_hours(12))
        .await;
    let played = began.elapsed();
    stop.cancel();
    kept.await.unwrap();

    let audit = region.audit().await;
    assert_eq!(audit.opened.len() as i64, COMPLAINTS);
    assert!(audit.opened.values().all(|opened| opened.len() == 1));
    assert_eq!(audit.missed.len() as i64, COMPLAINTS);
    assert!(audit.missed.values().all(|missed| *missed == 1));
    let arrived = region.arrived();
    audit.prove_arrivals(&arrived);
    // To whom, and at which second, by the version that each began with.
    let mut expected: BTreeSet<(ComplaintId, ResponderId, Timestamp)> = BTreeSet::new();
    let mut versions: BTreeMap<u32, usize> = BTreeMap::new();
    for (id, at) in &received {
        let facts = region.store.facts_of_complaint(id).await.unwrap();
        let Some(What::Opened { policy, unit, .. }) = facts.first().map(|fact| &fact.what) else {
            panic!("{id}: {facts:?}");
        };
        *versions.entry(policy.version).or_default() += 1;
        let unit = unit.as_ref().unwrap();
        let deadline = *at + SignedDuration::from_hours(24);
        for role in ["kepala", "penghubung"] {
            expected.insert((id.clone(), holder(unit.as_str(), role), deadline));
        }
        let second = deadline + minutes(60 + i64::from(policy.version) - 1);
        expected.insert((id.clone(), holder("SETDA", "kepala"), second));
        let stored = region
            .store
            .load_escalation(id)
            .await
            .unwrap()
            .unwrap()
            .value;
        assert_eq!(&stored.policy, policy, "{id} was moved");
    }
    // What fell due at one moment for one person came in one message.
    let brought = audit.brought();
    let told: Vec<_> = arrived
        .iter()
        .flat_map(|message| {
            let pages = brought.get(&message.page).into_iter().flatten();
            pages.map(|page| {
                let (complaint, responder) = page.parts().unwrap();
                (complaint, responder, message.at)
            })
        })
        .collect();
    let came: BTreeSet<_> = told.iter().cloned().collect();
    let lost: Vec<_> = expected.difference(&came).take(5).collect();
    let extra: Vec<_> = came.difference(&expected).take(5).collect();
    assert!(
        lost.is_empty() && extra.is_empty(),
        "lost {lost:?}, extra {extra:?}"
    );
    assert_eq!(came.len(), told.len(), "somebody was told twice");
    assert!(versions.len() > 50, "only {} versions ran", versions.len());
    // Every ledger plays once more under its own version, and every change stands in the record once.
    let replayed = replayed::all(&region.store, &region.worlds).await;
    assert_eq!(replayed as i64, COMPLAINTS);
    let shard = Keys::FIRST;
    let (mut from, mut made) = (1, Vec::new());
    loop {
        let read = region.store.read_ledger(shard, from).await.unwrap();
        let Some(last) = read.last() else { break };
        from = last.sequence + 1;
        for stored in &read {
            let fact: siaga::domain::fact::Fact = serde_json::from_slice(&stored.fact).unwrap();
            if let What::Changed { change, .. } = fact.what {
                made.push(change);
            }
        }
    }
    let all: Vec<u64> = (1..=CHANGES as u64 + 1).collect();
    assert_eq!(made, all);
    assert_eq!(region.worlds.get().default_policy().version, 101);
    println!(
        "{CHANGES} changes while {COMPLAINTS} complaints escalated under {} versions: {} misses, {} pages, \
         {} facts; played in {played:.1?}, proved in {:.1?}",
        versions.len(),
        audit.missed.len(),
        told.len(),
        audit.facts,
        began.elapsed().saturating_sub(played),
    );
    region.end();
}
