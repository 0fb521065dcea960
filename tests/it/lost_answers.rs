//! Commits that Redis has done and whose answer never came: the connection was lost between.
//!
//! The committer gives such a batch again. One with facts is known by the ledger's head, which is
//! just what the batch would have made it; one without meets its own versions, which is a conflict
//! like any other: load again, and see that it is done.

use std::collections::HashMap;

use jiff::Timestamp;
use siaga::{
    domain::{
        conversation::Conversation,
        fact::{Fact, What},
        id::{ComplaintId, ResponderId},
    },
    store::{Address, Committed, Shard, Side, Store, Unit},
};

use crate::support::{
    night::{COMPLAINTS, Night, ticket},
    redis::{Durability, RedisServer},
    wire::{Command, Fate, Wire},
};

const SHARD: Shard = Shard {
    side: Side::Responders,
    number: 0,
};

fn budi() -> ResponderId {
    ResponderId::parse("budi").unwrap()
}

/// A change of a conversation, with or without a fact.
fn unit(store: &Store, version: u64, facts: Vec<Fact>) -> Unit {
    let talk = Conversation {
        last_code: 10,
        ..Conversation::default()
    };
    Unit {
        machines: vec![store.write_conversation(&budi(), version, &talk, facts)],
        ..Unit::default()
    }
}

/// The ledger that a command commits to: only that script touches one.
fn commits_to(command: &Command) -> Option<&Vec<u8>> {
    let is_script = command[0].starts_with(b"EVAL");
    let mut parts = command.iter().filter(|_| is_script);
    parts.find(|part| part.ends_with(b":ledger"))
}

/// Loses the answer of the next commit, and of no other.
fn lose_next_commit(wire: &Wire, fate: Fate) {
    let mut lost = false;
    wire.judge(move |command| {
        if lost || commits_to(command).is_none() {
            return Fate::Pass;
        }
        lost = true;
        fate
    });
}

/// A store at the other end of the wire. Redis knows its scripts already: otherwise the first answer
/// to be lost would be that it does not.
async fn connect(wire: &Wire) -> Store {
    let address = Address::new(&wire.url());
    let store = Store::connect(&address, "siaga", 1).await.unwrap();
    let nothing = store.commit(SHARD, Unit::default()).await;
    assert_eq!(nothing.unwrap(), Committed::Applied);
    store
}

async fn version(store: &Store) -> u64 {
    store.load_conversations(&[budi()]).await.unwrap()[0].version
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_facts_is_known_by_the_head_it_made() {
    let redis = RedisServer::start(Durability::None).await;
    let wire = Wire::to(&redis);
    let store = connect(&wire).await;
    let fact = |complaint: &str| Fact {
        at: Timestamp::UNIX_EPOCH,
        complaint: Some(ComplaintId::parse(complaint).unwrap()),
        what: What::Exhausted,
    };
    for (round, fate) in [Fate::LoseAnswer, Fate::LoseCommand, Fate::LoseAnswer]
        .into_iter()
        .enumerate()
    {
        let round = round as u64;
        lose_next_commit(&wire, fate);
        let facts = vec![fact("A1"), fact("A2")];
        let committed = store.commit(SHARD, unit(&store, round, facts)).await;
        assert_eq!(committed.unwrap(), Committed::Applied, "{fate:?}");
        assert_eq!(wire.lost() as u64, round + 1, "nothing was lost");
        assert_eq!(version(&store).await, round + 1);
        let verified = store.verify_ledger(SHARD).await.unwrap();
        assert_eq!(verified.fault, None);
        assert_eq!(verified.entries, 2 * (round + 1), "recorded once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_without_facts_meets_its_own_version_and_is_loaded_again() {
    let redis = RedisServer::start(Durability::None).await;
    let wire = Wire::to(&redis);
    let store = connect(&wire).await;
    lose_next_commit(&wire, Fate::LoseAnswer);
    let committed = store.commit(SHARD, unit(&store, 0, Vec::new())).await;
    assert_eq!(committed.unwrap(), Committed::Conflict);
    assert_eq!(wire.lost(), 1);
    assert_eq!(version(&store).await, 1, "done once");
    let again = store.commit(SHARD, unit(&store, 1, Vec::new())).await;
    assert_eq!(again.unwrap(), Committed::Applied);
}

/// A night on a wire; gives how many messages came twice.
async fn night(
    redis: &RedisServer,
    wire: &Wire,
    judge: impl FnMut(&Command) -> Fate + Send + 'static,
) -> usize {
    let mut night = Night::prepare();
    night.siaga.set("redis.mode", "external");
    night.siaga.set("redis.require", "nothing");
    night.siaga.set("redis.url", &wire.url());
    night.siaga.start().await;
    wire.judge(judge);
    let story = night.begin();
    let redis = Address::new(&redis.url());
    // Nothing dies: no message may come twice.
    let found = night.morning(story, &redis, &[].into()).await;
    println!("{} lost, {} messages", wire.lost(), found.messages);
    found.duplicates
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_of_lost_answers_ends_like_any_other() {
    let redis = RedisServer::start(Durability::None).await;
    let wire = Wire::to(&redis);
    // Every third of a ledger's commits; so what is given again comes through.
    let mut commits: HashMap<Vec<u8>, usize> = HashMap::new();
    let judge = move |command: &Command| {
        let Some(ledger) = commits_to(command) else {
            return Fate::Pass;
        };
        let commits = commits.entry(ledger.clone()).or_default();
        *commits += 1;
        if commits.is_multiple_of(3) {
            Fate::LoseAnswer
        } else {
            Fate::Pass
        }
    };
    // What was committed goes on at once: no message waits for its attempt to run out.
    assert_eq!(night(&redis, &wire, judge).await, 0);
    assert!(wire.lost() >= 3, "only {} answers were lost", wire.lost());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_while_pages_are_settled_pages_nobody_twice() {
    let redis = RedisServer::start(Durability::None).await;
    let wire = Wire::to(&redis);
    // Nobody answers the last complaint: its page is committed in flight, then settled.
    let page = format!("}}:p:{}:1:budi", ticket(COMPLAINTS - 1)).into_bytes();
    let mut commits = 0;
    let judge = move |command: &Command| {
        let changes_page = command.iter().any(|part| part.ends_with(&page));
        if commits_to(command).is_none() || !changes_page {
            return Fate::Pass;
        }
        commits += 1;
        // To settle it is lost, and lost again: the committer gives it up, whoever settles does not.
        if commits == 2 || commits == 3 {
            Fate::LoseCommand
        } else {
            Fate::Pass
        }
    };
    assert_eq!(night(&redis, &wire, judge).await, 0);
    assert_eq!(wire.lost(), 2);
}
