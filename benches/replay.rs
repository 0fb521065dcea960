//! A candidate policy over a year of complaints, and over a million: how long, and how much memory?
//!
//! The aims: 25,000 complaints in less than a second, a million in less than 20 s on one core, memory
//! that does not grow with the history. Each figure stands beside a bare fold over the same facts.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a bench that cannot go on fails, and prints what it found; the benches share their support"
)]

mod support;

use std::{cmp::Reverse, collections::BinaryHeap, time::Instant};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use siaga::{
    config::seed::Sources,
    domain::{
        complaint::Status,
        escalation::Context,
        fact::{Fact, What},
        id::{ComplaintId, UnitCode},
        policy::PolicyRef,
        rulebook::Rulebook,
    },
    simulate::{
        compare::{Simulation, Terms},
        history::Lives,
        tally::Prices,
    },
};

use support::figures::{mib, seconds};

/// A year's complaints, in the order in which a ledger has their facts.
struct History {
    units: Vec<UnitCode>,
    policy: PolicyRef,
    complaints: u64,
    begun: u64,
    waiting: BinaryHeap<Reverse<(Timestamp, u64, u8)>>,
}

const YEAR: i64 = 365 * 24 * 3600;

impl History {
    fn new(book: &Rulebook, complaints: u64) -> Self {
        let policy = PolicyRef {
            id: book.policies.keys().next().unwrap().clone(),
            version: 1,
        };
        let mut history = Self {
            units: book.directory.units.keys().cloned().collect(),
            policy,
            complaints,
            begun: 0,
            waiting: BinaryHeap::new(),
        };
        history.begin();
        history
    }

    fn begin(&mut self) {
        if self.begun < self.complaints {
            let number = self.begun;
            self.begun += 1;
            self.waiting
                .push(Reverse((self.received(number), number, 0)));
        }
    }

    fn received(&self, number: u64) -> Timestamp {
        let step = YEAR as f64 / self.complaints as f64;
        Timestamp::from_second(1_735_664_400 + (number as f64 * step) as i64).unwrap()
    }

    /// Minutes until progress: most within hours, some late, one of a hundred after weeks.
    fn answered(number: u64) -> i64 {
        let chance = spread(number) % 1000;
        let within = |low: u64, high: u64| (low + spread(number ^ 0xabcdef) % (high - low)) as i64;
        match chance {
            0..550 => within(20, 12 * 60),
            550..860 => within(12 * 60, 24 * 60),
            860..970 => within(24 * 60, 72 * 60),
            970..990 => within(72 * 60, 10 * 24 * 60),
            _ => within(10 * 24 * 60, 25 * 24 * 60),
        }
    }
}

/// The same for the same number, and like chance (SplitMix64).
fn spread(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Iterator for History {
    type Item = Fact;

    fn next(&mut self) -> Option<Fact> {
        let Reverse((at, number, stage)) = self.waiting.pop()?;
        let later = |minutes| at + SignedDuration::from_mins(minutes);
        let what = match stage {
            0 => {
                self.begin();
                let then = later(Self::answered(number));
                self.waiting.push(Reverse((then, number, 1)));
                let unit = (spread(number ^ 7) % self.units.len() as u64) as usize;
                What::Opened {
                    received_at: at,
                    unit: Some(self.units[unit].clone()),
                    policy: self.policy.clone(),
                    deadline: None,
                    status: None,
                    status_at: None,
                }
            }
            1 => {
                self.waiting.push(Reverse((later(48 * 60), number, 2)));
                What::Progressed {
                    status: Status::from("proses"),
                    shown_at: at,
                    promise: 1,
                    in_time: true,
                    next: None,
                }
            }
            _ => What::Closed {
                status: Status::from("selesai"),
                since: None,
            },
        };
        let id = ComplaintId::parse(&format!("LGWP{number:08}")).unwrap();
        Some(Fact {
            at,
            complaint: Some(id),
            what,
        })
    }
}

/// The most memory that this process has had, in bytes.
fn peak() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes: u64 = line
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap();
    kibibytes * 1024
}

fn main() {
    let mut faults = Vec::new();
    let book = Sources::shipped(true).parse(&mut faults).book;
    assert!(
        faults
            .iter()
            .all(|fault| fault.gravity != siaga::config::Gravity::Error)
    );
    let in_force = book.policies.values().next().unwrap().clone();
    let mut candidate = in_force.clone();
    candidate.warnings[0].at_percent = 30;
    let calendar = &book.calendars[&in_force.clock.calendar];
    let directory = &book.directory;
    let calendars = book.shared_calendars();
    let zone = TimeZone::get("Asia/Jakarta").unwrap();
    println!(
        "complaints | facts | bare fold | both policies | ratio | pages | lives kept at most | peak memory"
    );
    let warm = History::new(&book, 1000).count();
    assert!(warm > 2000);
    for (complaints, aim) in [(25_000, 1.0), (1_000_000, 20.0)] {
        let begun = Instant::now();
        let facts = History::new(&book, complaints)
            .filter(|fact| fact.complaint.is_some())
            .count();
        let bare = begun.elapsed();
        let context = |policy| Context {
            policy,
            calendar,
            calendars: &calendars,
            directory,
            clock: None,
        };
        let mut simulation = Simulation::new(
            context(&candidate),
            context(&in_force),
            &zone,
            Prices::default(),
            Terms::default(),
        );
        let mut lives = Lives::default();
        let begun = Instant::now();
        for fact in History::new(&book, complaints) {
            let end = fact.at;
            for life in lives.take(fact) {
                simulation.play(&life, end);
            }
        }
        let end = lives.latest().unwrap();
        for life in lives.rest() {
            simulation.play(&life, end);
        }
        let took = begun.elapsed();
        assert_eq!(simulation.complaints, complaints);
        println!(
            "{complaints} | {facts} | {} | {} (aim {aim} s) | {:.1} | {} | {} | {:.0} MiB",
            seconds(bare),
            seconds(took),
            took.as_secs_f64() / bare.as_secs_f64(),
            simulation.of_candidate.total.pages + simulation.of_in_force.total.pages,
            lives.most(),
            mib(peak()),
        );
    }
}
