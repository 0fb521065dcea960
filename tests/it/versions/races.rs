//! Two administrators at once, a Redis that is away, versions that were altered.

use jiff::Timestamp;
use siaga::{
    changes::{ChangeError, Changes, Proposal, Rules, keeper::Keeper},
    clock::ManualClock,
    config::{places::Places, seed::Sources},
    domain::{
        fact::{Alarm, Fact, What},
        id::PolicyId,
        policy::PolicyRef,
        rulebook::Rulebook,
    },
    store::{Address, Keys, Store, World, Worlds},
};

use crate::support::redis::{Durability, RedisServer};

fn shipped() -> Rulebook {
    Sources::shipped(true).parse(&mut Vec::new()).book
}

fn with_hold(minutes: i64) -> Rulebook {
    let mut book = shipped();
    for policy in book.policies.values_mut() {
        policy.hold = jiff::SignedDuration::from_mins(minutes);
    }
    book
}

fn proposal(author: &str) -> Proposal {
    Proposal {
        author: author.into(),
        reason: "uji".into(),
        effective: None,
        ordered: false,
    }
}

fn now() -> Timestamp {
    "2026-11-24T00:00:00Z".parse().unwrap()
}

fn baku(version: u32) -> PolicyRef {
    PolicyRef {
        id: PolicyId::parse("baku").unwrap(),
        version,
    }
}

async fn changes(redis: &RedisServer) -> Changes {
    let store = Store::connect(&Address::new(&redis.url()), "siaga", 1)
        .await
        .unwrap();
    Changes {
        store,
        rules: Rules {
            default_policy: PolicyId::parse("baku").unwrap(),
            gateways: Vec::new(),
            self_tests: Vec::new(),
            subscriptions: Vec::new(),
            approval: false,
        },
    }
}

async fn submit(changes: &Changes, book: Rulebook, author: &str) -> Result<u64, ChangeError> {
    let plan = changes.plan(book).await?;
    let made = changes
        .submit(&plan, &Places::default(), &proposal(author), now())
        .await?;
    Ok(made.change.number)
}

async fn alarms(store: &Store) -> Vec<Alarm> {
    let read = store.read_ledger(Keys::FIRST, 1).await.unwrap();
    let facts = read
        .iter()
        .map(|stored| serde_json::from_slice::<Fact>(&stored.fact).unwrap());
    facts
        .filter_map(|fact| match fact.what {
            What::Alarm { alarm } => Some(alarm),
            _ => None,
        })
        .collect()
}

fn keeper(changes: &Changes, world: World) -> (Keeper, Worlds) {
    let worlds = Worlds::new(world);
    let clock = std::sync::Arc::new(ManualClock::new(now()));
    (Keeper::new(changes.clone(), worlds.clone(), clock), worlds)
}

async fn world(changes: &Changes) -> World {
    let live = changes.store.live().await.unwrap().unwrap();
    World::of(live, &changes.rules.default_policy).unwrap()
}

#[tokio::test]
async fn who_comes_again_with_the_same_waits_once() {
    let redis = RedisServer::start(Durability::None).await;
    let mut changes = changes(&redis).await;
    submit(&changes, shipped(), "seed").await.unwrap();
    changes.rules.approval = true;
    let again = async |minutes| {
        let plan = changes.plan(with_hold(minutes)).await.unwrap();
        let calendar = proposal("calendar:piket");
        let places = Places::default();
        let made = changes.submit_again(&plan, &places, &calendar, now());
        made.await.unwrap().map(|made| made.change.number)
    };
    let first = again(100).await;
    assert!(first.is_some());
    assert_eq!(again(100).await, None, "it waits already");
    let other = again(200).await;
    assert!(other.is_some());
    let pending = changes.store.changes(10).await.unwrap().into_iter();
    let pending = pending.filter(|found| found.change.is_pending());
    let pending: Vec<u64> = pending.map(|found| found.change.number).collect();
    assert_eq!(
        Some(pending),
        other.map(|other| vec![other]),
        "the first is taken back"
    );
}

#[tokio::test]
async fn of_two_administrators_at_once_one_is_told() {
    let redis = RedisServer::start(Durability::None).await;
    let (one, other) = (changes(&redis).await, changes(&redis).await);
    submit(&one, shipped(), "seed").await.unwrap();
    for round in 0..20_i64 {
        // Both look at the same, then both apply.
        let plan_one = one.plan(with_hold(100 + round)).await.unwrap();
        let plan_other = other.plan(with_hold(200 + round)).await.unwrap();
        let places = Places::default();
        let (siti, budi) = (proposal("Siti"), proposal("Budi"));
        let (first, second) = tokio::join!(
            one.submit(&plan_one, &places, &siti, now()),
            other.submit(&plan_other, &places, &budi, now()),
        );
        let (done, raced, held) = match (first, second) {
            (Ok(done), Err(raced)) => (done, raced, 100 + round),
            (Err(raced), Ok(done)) => (done, raced, 200 + round),
            other => panic!("not one of two: {other:?}"),
        };
        let told = raced.to_string();
        assert!(
            told.contains(&format!("change {} by", done.change.number)),
            "{told}"
        );
        let live = one.store.live().await.unwrap().unwrap();
        let policy = live.book.policies.values().next().unwrap();
        assert_eq!(policy.hold, jiff::SignedDuration::from_mins(held));
        assert_eq!(u64::from(policy.version), u64::try_from(round).unwrap() + 2);
        assert_eq!(live.revision, u64::from(policy.version));
    }
    // Every version is there, and every change stands once in the ledger.
    assert_eq!(one.store.record_changes().await.unwrap(), 0);
    let verified = one.store.verify_ledger(Keys::FIRST).await.unwrap();
    assert_eq!((verified.entries, verified.fault), (21, None));
}

#[tokio::test]
async fn two_first_starts_at_once_make_one_seed() {
    let redis = RedisServer::start(Durability::None).await;
    let (one, other) = (changes(&redis).await, changes(&redis).await);
    let (first, second) = tokio::join!(
        submit(&one, shipped(), "seed"),
        submit(&other, shipped(), "seed")
    );
    let raced = [&first, &second]
        .into_iter()
        .filter(|it| matches!(it, Err(ChangeError::Raced(_) | ChangeError::Nothing)))
        .count();
    assert!(
        raced == 1 && (first.is_ok() || second.is_ok()),
        "{first:?} {second:?}"
    );
    assert_eq!(one.store.revision().await.unwrap(), 1);
}

#[tokio::test]
async fn a_redis_that_is_away_leaves_nothing_half() {
    let mut redis = RedisServer::start(Durability::Always).await;
    let changes = changes(&redis).await;
    submit(&changes, shipped(), "seed").await.unwrap();
    let plan = changes.plan(with_hold(7)).await.unwrap();
    redis.kill9();
    let failed = changes
        .submit(&plan, &Places::default(), &proposal("Siti"), now())
        .await
        .unwrap_err();
    assert!(matches!(failed, ChangeError::Store(_)), "{failed:?}");
    redis.restart().await;
    let live = changes.store.live().await.unwrap().unwrap();
    assert_eq!(
        (live.revision, changes.store.last_change().await.unwrap()),
        (1, 1)
    );
    // The same plan still holds.
    let made = changes
        .submit(&plan, &Places::default(), &proposal("Siti"), now())
        .await
        .unwrap();
    assert_eq!(made.change.number, 2);
}

#[tokio::test]
async fn killed_between_the_change_and_its_fact_the_next_one_records_it() {
    let redis = RedisServer::start(Durability::None).await;
    let changes = changes(&redis).await;
    submit(&changes, shipped(), "seed").await.unwrap();
    let (mut keeper, worlds) = keeper(&changes, world(&changes).await);
    submit(&changes, with_hold(9), "Siti").await.unwrap();
    // As if the process had died before its fact: the machine that counts them, and its facts, are gone.
    redis.cli(&["DEL", &changes.store.keys().recorded_changes()]);
    redis.cli(&[
        "DEL",
        &changes.store.keys().ledger(Keys::FIRST),
        &changes.store.keys().ledger_head(Keys::FIRST),
    ]);
    keeper.pass().await.unwrap();
    keeper.pass().await.unwrap();
    let verified = changes.store.verify_ledger(Keys::FIRST).await.unwrap();
    assert_eq!((verified.entries, verified.fault), (2, None));
    assert_eq!(worlds.get().default_policy(), &baku(2));
}

#[tokio::test]
async fn a_version_that_was_altered_is_named_and_never_used() {
    let redis = RedisServer::start(Durability::None).await;
    let changes = changes(&redis).await;
    submit(&changes, shipped(), "seed").await.unwrap();
    let (mut keeper, worlds) = keeper(&changes, world(&changes).await);
    submit(&changes, with_hold(9), "Siti").await.unwrap();
    // Somebody gives version 2 another content.
    let contents = changes.store.keys().contents();
    let snapshots = changes.store.keys().snapshots();
    let name = redis.cli(&["HGET", &snapshots, "policy:baku:2"]);
    let name = name.strip_prefix("sha256:").unwrap();
    let forged = serde_json::to_string(with_hold(1).policies.values().next().unwrap()).unwrap();
    redis.cli(&["HSET", &contents, name, &forged]);
    let told = changes.store.live().await.unwrap_err().to_string();
    assert!(
        told.contains("policy:baku@2") && told.contains("altered"),
        "{told}"
    );
    keeper.pass().await.unwrap();
    keeper.pass().await.unwrap();
    assert_eq!(
        worlds.get().default_policy(),
        &baku(1),
        "the old one stays in force"
    );
    let told = alarms(&changes.store).await;
    assert!(
        matches!(told.as_slice(), [Alarm::LiveUnusable { why }] if why.contains("policy:baku@2")),
        "{told:?}"
    );
    // An escalation under a version that is lost has the default, and that is told once.
    let live = worlds.get();
    for _ in 0..3 {
        let found = changes.store.covering(&live, [&baku(2)]).await.unwrap();
        assert_eq!(found.context(&baku(2)).unwrap().policy.version, 1);
        keeper.pass().await.unwrap();
    }
    let told = alarms(&changes.store).await;
    assert_eq!(told[1..], [Alarm::PolicyVersionLost { policy: baku(2) }]);
}

#[tokio::test]
async fn older_versions_are_there_when_they_are_asked_for_also_without_their_calendar() {
    let redis = RedisServer::start(Durability::None).await;
    let changes = changes(&redis).await;
    // Version 1 runs by working days; then nothing does, and that calendar is taken out.
    let mut first = shipped();
    for policy in first.policies.values_mut() {
        policy.clock.calendar = siaga::domain::id::CalendarId::parse("kerja").unwrap();
    }
    submit(&changes, first, "seed").await.unwrap();
    let mut then = shipped();
    then.calendars.retain(|id, _| id.as_str() != "kerja");
    submit(&changes, then, "Siti").await.unwrap();
    for minutes in 10..310 {
        submit(&changes, with_hold(minutes), "Siti").await.unwrap();
        if minutes == 11 {
            let mut without = with_hold(11);
            without.calendars.retain(|id, _| id.as_str() != "kerja");
            submit(&changes, without, "Siti").await.unwrap();
        }
    }
    let live = world(&changes).await;
    assert_eq!(live.default_policy(), &baku(302));
    assert!(!live.has(&baku(1)));
    let refs: Vec<_> = (1..=302).map(baku).collect();
    for _ in 0..2 {
        let found = changes.store.covering(&live, &refs).await.unwrap();
        for policy in &refs {
            assert_eq!(
                &found.context(policy).unwrap().policy.version,
                &policy.version
            );
        }
        let context = found.context(&baku(1)).unwrap();
        assert_eq!(context.policy.clock.calendar.as_str(), "kerja");
    }
    assert!(changes.store.take_lost_policies().is_empty());
}
