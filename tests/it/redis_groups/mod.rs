//! A night at one unit over several Redis servers, of which one dies in the middle of it.

mod copies;
mod instances;
mod mending;
mod secured;

use std::{process::Command, time::Instant};

use siaga::seam::Seam;

use crate::support::{
    night::Night,
    redis_group::{MASTER, RedisGroup},
};

fn prepare(mode: &str, group: &RedisGroup, shards: u16) -> Night {
    let mut night = Night::prepare();
    night.shards = shards;
    let siaga = &mut night.siaga;
    siaga.set("redis.mode", mode);
    siaga.set("redis.nodes", &group.named());
    siaga.set("redis.master", MASTER);
    siaga.set("redis.shards", &shards.to_string());
    siaga.set("redis.require", "always");
    night
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_dies_is_followed_by_its_replica() {
    let mut group = RedisGroup::watched().await;
    let mut night = prepare("sentinel", &group, 1);
    night.siaga.start_to_halt(Seam::AttemptRecorded, 6).await;
    let redis = group.address();
    let story = night.begin();
    night.siaga.wait_until_halted().await;
    let in_flight = night.in_flight(&redis).await;
    group.wait_until_copied(0).await;
    let begun = Instant::now();
    group.nodes[0].kill9();
    night.siaga.go_on();
    let found = night.morning(story, &redis, &in_flight).await;
    println!(
        "the master died: the morning came {:?} later, {} messages, {} of them twice",
        begun.elapsed(),
        found.messages,
        found.duplicates
    );
    assert_eq!(group.masters(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_moves_its_slots_and_loses_a_master_loses_nothing() {
    let mut group = RedisGroup::cluster().await;
    let mut night = prepare("cluster", &group, 8);
    night.siaga.start_to_halt(Seam::AttemptRecorded, 6).await;
    let redis = group.address();
    let masters = group.masters();
    // A third of the first master's slots goes to the second while complaints come in.
    let slots = |from: usize, to: usize| {
        let id = |place: usize| group.nodes[place].cli(&["CLUSTER", "MYID"]);
        let mut reshard = Command::new("redis-cli");
        reshard.args([
            "--cluster",
            "reshard",
            &format!("127.0.0.1:{}", group.nodes[from].port()),
        ]);
        reshard.args(["--cluster-from", &id(from), "--cluster-to", &id(to)]);
        reshard.args(["--cluster-slots", "1800", "--cluster-yes"]);
        reshard
    };
    let mut moving = slots(masters[0], masters[1])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let story = night.begin();
    night.siaga.wait_until_halted().await;
    let in_flight = night.in_flight(&redis).await;
    let moved = tokio::task::spawn_blocking(move || moving.wait())
        .await
        .unwrap();
    assert!(moved.unwrap().success());
    for master in group.masters() {
        group.wait_until_copied(master).await;
    }
    let begun = Instant::now();
    group.nodes[masters[2]].kill9();
    night.siaga.go_on();
    let found = night.morning(story, &redis, &in_flight).await;
    println!(
        "a master of the cluster died: the morning came {:?} later, {} messages, {} of them twice",
        begun.elapsed(),
        found.messages,
        found.duplicates
    );
    assert_eq!(group.masters().len(), 3, "its replica has its place");
}
