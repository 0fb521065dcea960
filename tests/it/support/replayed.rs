//! The simulator is the engine: what a real run left in the ledger is played once more by the pure
//! function, and must give the same facts at the same times and the same state.

use std::path::Path;

use siaga::{
    app::replayed::{Outcome, Replayer},
    config::Settings,
    domain::{
        escalation::Context,
        fact::What,
        id::{ComplaintId, PolicyId},
        policy::PolicyRef,
    },
    simulate::replay,
    store::{
        Keys, Side, Store, Worlds,
        embedded::{Embedded, Options},
    },
};

/// Replays the ledger of every complaint; gives how many there are.
pub(crate) async fn all(store: &Store, worlds: &Worlds) -> usize {
    let mut replayed = 0;
    for complaint in complaints(store).await {
        one(store, worlds, &complaint).await;
        replayed += 1;
    }
    replayed
}

/// Replays what a program that has ended left in its private Redis.
pub(crate) async fn left_in(folder: &Path) {
    let redis = Embedded::start(Options {
        folder: folder.to_owned(),
        program: "redis-server".into(),
        sync_always: false,
        port: None,
    });
    let redis = redis.expect("its private Redis starts again");
    let store = Store::connect(&redis.address(), "siaga", Settings::default().redis.shards)
        .await
        .expect("Redis");
    by_what_was_known(&store).await;
    redis.stop();
}

/// Replays the ledger of every complaint by what was in force when it was decided; gives how many there are.
pub(crate) async fn by_what_was_known(store: &Store) -> usize {
    let default = PolicyId::parse("baku").expect("an id");
    let mut replayer = Replayer::new(store, &default).await.expect("Redis");
    let mut replayed = 0;
    for shard in replayer.shards() {
        let mut from = Some(1);
        while let Some(entry) = from {
            let (opened, next) = replayer.opened_in(shard, entry).await.expect("Redis");
            for complaint in opened {
                match replayer.play(&complaint).await.expect("Redis") {
                    Outcome::Same => replayed += 1,
                    Outcome::Gone => {}
                    other => panic!(
                        "{complaint}: {other:#?}\n{:#?}",
                        store.facts_of_complaint(&complaint).await
                    ),
                }
            }
            from = next;
        }
    }
    replayed
}

async fn one(store: &Store, worlds: &Worlds, complaint: &ComplaintId) {
    let facts = store.facts_of_complaint(complaint).await.expect("Redis");
    let stored = store
        .load_escalation(complaint)
        .await
        .expect("Redis")
        .expect("it is in the index")
        .value;
    let live = worlds.get();
    // Every version that it ever ran under.
    let policies = facts.iter().filter_map(|fact| match &fact.what {
        What::Opened { policy, .. } => Some(policy),
        What::PolicyMoved { to, .. } => Some(to),
        _ => None,
    });
    let world = store.covering(&live, policies).await.expect("Redis");
    let context = |known, _, policy: &PolicyRef| -> Option<Context<'_>> {
        let context = world.context(policy).expect("its policy");
        assert_eq!(context.policy.version, policy.version, "{policy:?} is lost");
        (known == 0).then_some(context)
    };
    match replay(&stored.complaint, &facts, context) {
        Ok(state) => assert_eq!(state, stored, "{complaint}: the same facts, another end"),
        Err(divergence) => panic!("{complaint}: {divergence}\n{facts:#?}"),
    }
}

async fn complaints(store: &Store) -> Vec<ComplaintId> {
    let mut found = Vec::new();
    for shard in store.keys().shards(Side::Complaints) {
        let pattern = store.keys().escalations(shard);
        let mut cursor = 0;
        loop {
            let (next, keys) = store.scan_step(cursor, &pattern).await.expect("Redis");
            found.extend(keys.iter().filter_map(|key| Keys::complaint_in(key)));
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
    }
    // A scan may name a key twice.
    found.sort();
    found.dedup();
    found
}
