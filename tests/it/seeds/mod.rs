//! Seeded runs: the real core, engine and store, with the store's own scripts, in a world that a number
//! decides. Lives of the service are killed and stopped, answers of Redis are lost or late, Redis goes
//! away, clocks jump, the gateway fails in every way and tells of it twice, people answer or do not. At the
//! end the balance is drawn (`balance`).
//!
//! Each seed is some three quarters of an hour of the service's time in a fraction of a second of ours. A
//! seed that does not hold is named, and plays the same again: `SIAGA_SEEDS=17..18`.
//! `deploy/seeds 5000` plays that many.

mod balance;
mod life;
mod network;
mod plot;
mod redis;
mod stage;

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use self::balance::Balance;

/// How many are played with every run of the tests.
const USUAL: Range<u64> = 0..30;

/// Plays one seed.
fn play(seed: u64) -> Result<Balance, String> {
    let played = catch_unwind(AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async { balance::draw(&plot::play(seed).await).await })
    }));
    played.map_err(|panic| {
        let told = panic.downcast_ref::<String>().cloned();
        let told = told.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        format!("seed {seed}: {}", told.unwrap_or_default())
    })
}

/// Which seeds the environment asks for.
fn asked() -> Range<u64> {
    let Ok(text) = std::env::var("SIAGA_SEEDS") else {
        return USUAL;
    };
    let range = text
        .split_once("..")
        .and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.unwrap_or_else(|| panic!("SIAGA_SEEDS is {text:?}: write 0..5000"))
}

#[test]
fn no_seed_loses_repeats_or_pages_after_the_answer() {
    let seeds = asked();
    let next = AtomicU64::new(seeds.start);
    let told: Mutex<(Vec<Balance>, Vec<String>)> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    let played = play(seed);
                    let mut told = told.lock().unwrap();
                    match played {
                        Ok(balance) => told.0.push(balance),
                        Err(fault) => told.1.push(fault),
                    }
                }
            });
        }
    });
    let (held, faults) = told.into_inner().unwrap();
    let sum = |count: fn(&Balance) -> u64| held.iter().map(count).sum::<u64>();
    println!(
        "{} seeds held: {} events, {} complaints, {} facts, {} pages in {} requests, {} misses, {} answers; \
         {} deaths, {} stops, {} absences of Redis, {} jumps of clocks; {} requests taken twice, each with its cause; \
         the latest miss {:#} after its deadline",
        held.len(),
        sum(|it| it.events),
        sum(|it| it.complaints),
        sum(|it| it.facts),
        sum(|it| it.pages),
        sum(|it| it.requests),
        sum(|it| it.misses),
        sum(|it| it.answers),
        sum(|it| it.deaths),
        sum(|it| it.stops),
        sum(|it| it.absences),
        sum(|it| it.jumps),
        sum(|it| it.taken_twice),
        held.iter().map(|it| it.latest).max().unwrap_or_default(),
    );
    assert!(
        faults.is_empty(),
        "{} seeds do not hold:\n{}",
        faults.len(),
        faults.join("\n")
    );
    if seeds == USUAL {
        // The usual seeds meet what they are for.
        assert!(sum(|it| it.deaths) > 25 && sum(|it| it.stops) > 10 && sum(|it| it.absences) > 5);
        assert!(
            sum(|it| it.misses) > 100 && sum(|it| it.answers) > 100 && sum(|it| it.taken_twice) > 0
        );
    }
}

#[test]
fn a_seed_plays_the_same_again() {
    for seed in [3, 17, 88] {
        let (first, again) = (play(seed).unwrap(), play(seed).unwrap());
        assert_eq!(
            (first.events, first.trace),
            (again.events, again.trace),
            "seed {seed}"
        );
    }
}
