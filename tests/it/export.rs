//! The export of SP4N-LAPOR!, through the very code of `siaga import`, against a clock that moves
//! when told and a gateway that counts.
//!
//! Where the real export lies beside the repository it is used: 2,127 complaints of a regency, 2021
//! to 2024. Elsewhere a sample of invented rows in the same shape stands in.
//!
//! The export says when a complaint came and how it stands at the end, but not when it got there. So
//! it is played twice. Once every row comes in at its moment as untouched and is given a course by a
//! rule on its number ([`Course`]); what must come of each is worked out beside it by hand. And once
//! it comes in as it is, in one go, as an operator would import history.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Instant,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use siaga::{
    clock::Clock as _,
    config::seed::Sources,
    domain::{
        complaint::Status,
        directory::Directory,
        id::{ComplaintId, ResponderId},
        policy::{Policy, StatusMeaning},
    },
    intake::{
        file::{self, Options, Row},
        import::{Report, Target, batch},
        submission::Submission,
        units::UnitIndex,
    },
};

use crate::support::region::{Arrived, Audit, DESK, Region, directory, holder};

/// Steps that end, so that four years can be played: nobody answers here.
const POLICY: &str = r#"
id = "uji"
version = 1
clock = { length = "24h", calendar = "kalender" }
warnings = [
  { at_percent = 50, to = ["penghubung"] },
  { at_percent = 75, to = ["kepala", "sekretaris"] },
]
steps = [
  { after = "0s", to = ["kepala", "penghubung"] },
  { after = "3h", to = ["kepala", "post:SETDA.kepala"] },
  { after = "24h", to = ["post:SETDA.kepala"] },
]
repeat = { every = "6h", limit = 0 }
hold = "2h"
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

/// Who is told how long after a complaint came, by that policy: hours, and posts of its unit.
const TOLD: [(i64, &[&str]); 5] = [
    (12, &["penghubung"]),
    (18, &["kepala", "sekretaris"]),
    (24, &["kepala", "penghubung"]),
    (27, &["kepala", "SETDA"]),
    (48, &["SETDA"]),
];

fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

/// The file, and whether it is the real one.
fn export() -> (PathBuf, bool) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let real = root.join("../shared/data/sp4n_lapor_export_2021_2024.csv");
    if real.exists() {
        (real, true)
    } else {
        (root.join("tests/it/samples/sp4n_lapor_contoh.csv"), false)
    }
}

/// Its rows, read as `siaga import --times-are UTC` reads them, in the order of the file.
fn read(as_new: bool) -> (Vec<Row>, bool) {
    let (path, real) = export();
    let options = Options {
        times_are: Some(TimeZone::UTC),
        as_new,
        ..Options::default()
    };
    let now = "2025-01-02T00:00:00Z".parse().unwrap();
    let rows = file::open(&path, &options, now).unwrap();
    (rows.map(Result::unwrap).collect(), real)
}

fn submission(row: &Row) -> &Submission {
    match &row.record {
        Ok(submission) => submission,
        Err(faults) => panic!("line {}: {faults:?}", row.line),
    }
}

/// A directory of the units that the file names.
fn units(rows: &[Row]) -> Directory {
    let names: BTreeSet<String> = rows
        .iter()
        .filter_map(|row| submission(row).unit_as_written())
        .map(str::to_owned)
        .collect();
    directory(&names)
}

/// What becomes of a complaint after it came: how long after, and which state.
struct Course {
    progress: Option<SignedDuration>,
    closed: SignedDuration,
}

impl Course {
    /// By the last digit of its number: 0 to 3 progress in time, 4 progress at the very deadline,
    /// 5 and 6 progress up to two days late, 7 and 8 none until it is closed after five days, 9
    /// closed before its deadline without any.
    fn of(complaint: &ComplaintId) -> Self {
        let number: i64 = complaint.as_str().parse().expect("a number");
        let (digit, rest) = (number % 10, number / 10);
        let progress = match digit {
            0..=3 => Some(hours(1 + rest % 23)),
            4 => Some(hours(24)),
            5 | 6 => Some(hours(25 + rest % 48)),
            _ => None,
        };
        let closed = if digit == 9 {
            hours(6 + rest % 18)
        } else {
            hours(5 * 24)
        };
        Self { progress, closed }
    }

    /// Until when people are told: not at that moment any more.
    fn quiet_from(&self) -> SignedDuration {
        self.progress.map_or(self.closed, |at| at.min(self.closed))
    }

    fn is_missed(&self) -> bool {
        self.quiet_from() >= hours(24)
    }
}

/// The row of a later export: the same complaint in another state.
fn later(row: &Row, status: &str, at: Timestamp) -> Row {
    let mut submission = submission(row).clone();
    submission.complaint.status = Status::from(status);
    submission.status_at = Some(at);
    Row {
        record: Ok(submission),
        ..row.clone()
    }
}

#[tokio::test]
async fn four_years_are_played_and_every_miss_and_page_is_there_once() {
    let began = Instant::now();
    let (rows, real) = read(true);
    let directory = units(&rows);
    let mut events: BTreeMap<Timestamp, Vec<Row>> = BTreeMap::new();
    for row in &rows {
        let complaint = &submission(row).complaint;
        let at = |after| complaint.received_at + after;
        let course = Course::of(&complaint.id);
        let mut happens = |at, row| events.entry(at).or_default().push(row);
        happens(complaint.received_at, row.clone());
        if let Some(progress) = course.progress {
            happens(at(progress), later(row, "Verifikasi", at(progress)));
        }
        happens(at(course.closed), later(row, "Selesai", at(course.closed)));
    }
    let (&first, _) = events.first_key_value().unwrap();
    let policy: Policy = toml::from_str(POLICY).unwrap();
    let index = UnitIndex::new(&directory);
    let region = Region::start(directory, policy, first).await;
    let world = region.worlds.get();
    let target = Target::Store {
        store: &region.store,
        world: &world,
    };
    let (mut report, mut last) = (Report::default(), first);
    for (at, rows) in events {
        region.pass_until(at).await;
        let refused = batch(rows, &index, &target, at, &mut report).await.unwrap();
        assert!(refused.is_empty(), "{refused:?}");
        region.engine.settle().await.unwrap();
        last = at;
    }
    region.pass_until(last + hours(72)).await;
    let played = began.elapsed();

    let audit = region.audit().await;
    let arrived = region.arrived();
    let mut expected: BTreeSet<(ComplaintId, ResponderId, Timestamp)> = BTreeSet::new();
    let (mut misses, mut without_unit) = (0, 0);
    for row in &rows {
        let given = submission(row);
        let id = &given.complaint.id;
        let opened = &audit.opened[id];
        assert_eq!(opened.len(), 1, "{id} was opened {} times", opened.len());
        let unit = given
            .unit_as_written()
            .map(|name| index.find(name).unit().unwrap().clone());
        assert_eq!(opened[0], unit, "{id}");
        without_unit += usize::from(unit.is_none());
        let course = Course::of(id);
        let missed = audit.missed.get(id).copied().unwrap_or(0);
        assert_eq!(missed, u32::from(course.is_missed()), "{id}: misses");
        misses += missed;
        let progressed = audit.progressed.get(id).cloned().unwrap_or_default();
        let in_time: Vec<bool> = course.progress.iter().map(|at| *at < hours(24)).collect();
        assert_eq!(progressed, in_time, "{id}: progress");
        // No unit: the coordinator's desk is told in its place.
        let unit = unit.as_ref().map_or(DESK, |code| code.as_str());
        for (after, posts) in TOLD {
            if hours(after) < course.quiet_from() {
                for post in posts {
                    let person = match *post {
                        "SETDA" => holder("SETDA", "kepala"),
                        role => holder(unit, role),
                    };
                    let at = given.complaint.received_at + hours(after);
                    expected.insert((id.clone(), person, at));
                }
            }
        }
    }
    assert_eq!(audit.opened.len(), rows.len());
    assert_eq!(
        audit.missed.values().sum::<u32>(),
        misses,
        "a miss of nothing in the file"
    );
    assert_eq!(audit.closed.len(), rows.len());
    audit.prove_arrivals(&arrived);
    // To the right people at the right second, as worked out by hand, and nothing else. Only what
    // followed another message within a minute waited for that minute's end.
    let mut gathered = 0;
    let came: Vec<_> = told(&audit, &arrived)
        .into_iter()
        .map(|(complaint, person, at)| {
            let due = (0..=60).map(|late| at - SignedDuration::from_secs(late));
            let found = due
                .map(|due| (complaint.clone(), person.clone(), due))
                .find(|due| expected.contains(due));
            let due = found.unwrap_or((complaint, person, at));
            gathered += usize::from(due.2 < at);
            due
        })
        .collect();
    let many = came.len();
    let came: BTreeSet<_> = came.into_iter().collect();
    assert_eq!(came.len(), many, "a page was brought twice");
    let lost: Vec<_> = expected.difference(&came).take(5).collect();
    let extra: Vec<_> = came.difference(&expected).take(5).collect();
    assert!(
        lost.is_empty() && extra.is_empty(),
        "lost {lost:?}, extra {extra:?}"
    );
    for message in &arrived {
        if let Some((complaint, _)) = message.page.parts() {
            assert!(message.text.contains(complaint.as_str()), "{message:?}");
        }
    }
    let at_desk = audit
        .opened
        .values()
        .filter(|opened| opened[0].is_none())
        .count();
    assert_eq!(at_desk, without_unit);
    if real {
        assert_eq!((rows.len(), without_unit), (2127, 233));
    } else {
        assert_eq!((rows.len(), without_unit), (80, 9));
    }
    println!(
        "{} rows ({}), {without_unit} at the coordinator's desk, {} handed in with their later states; {misses} missed; {} pages ordered, {} stopped in time, the others arrived in {} messages, {gathered} of them gathered; {} facts; played in {played:.1?}, proved in {:.1?}",
        rows.len(),
        if real {
            "the real export"
        } else {
            "the sample"
        },
        report.read,
        audit.paged.len(),
        audit.stopped.len(),
        arrived.len(),
        audit.facts,
        began.elapsed().saturating_sub(played),
    );
    region.end();
}

/// Who was told of which complaint, and when.
fn told(audit: &Audit, arrived: &[Arrived]) -> Vec<(ComplaintId, ResponderId, Timestamp)> {
    let brought = audit.brought();
    let each = arrived.iter().flat_map(|message| {
        let pages = brought[&message.page].iter();
        pages.map(|page| {
            let (complaint, responder) = page.parts().expect("a complaint's page");
            (complaint, responder, message.at)
        })
    });
    each.collect()
}

#[tokio::test]
async fn history_as_it_is_pages_only_for_what_still_waits() {
    let began = Instant::now();
    let (rows, real) = read(false);
    let directory = units(&rows);
    let index = UnitIndex::new(&directory);
    let mut faults = Vec::new();
    let shipped = Sources::shipped(false).parse(&mut faults).book;
    let policy = shipped
        .policies
        .into_values()
        .next()
        .expect("the shipped policy");
    let start: Timestamp = "2025-01-02T00:00:00Z".parse().unwrap();
    let region = Region::start(directory, policy.clone(), start).await;
    let world = region.worlds.get();
    let target = Target::Store {
        store: &region.store,
        world: &world,
    };
    let mut report = Report::default();
    for rows in rows.chunks(200) {
        let rows = rows.to_vec();
        let refused = batch(rows, &index, &target, start, &mut report)
            .await
            .unwrap();
        assert!(refused.is_empty(), "{refused:?}");
    }
    region.engine.settle().await.unwrap();
    region.pass_until(start + hours(50)).await;

    let audit = region.audit().await;
    let arrived = region.arrived();
    audit.prove_arrivals(&arrived);
    let told: BTreeSet<ComplaintId> = told(&audit, &arrived).into_iter().map(|it| it.0).collect();
    let mut meanings: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        let complaint = &submission(row).complaint;
        let id = &complaint.id;
        assert_eq!(audit.opened[id].len(), 1, "{id}");
        let missed = audit.missed.get(id).copied().unwrap_or(0);
        let told = told.contains(id);
        let meaning = match policy.meaning(&complaint.status) {
            // It says that it is over and not since when: no miss can be proved.
            StatusMeaning::End => {
                assert!(audit.closed.contains(id) && missed == 0 && !told, "{id}");
                "closed"
            }
            // It says that it waits for the reporter and not since when: nor can one here.
            StatusMeaning::Pause => {
                assert!(audit.paused.contains(id) && missed == 0 && !told, "{id}");
                "paused"
            }
            StatusMeaning::Waiting => {
                assert!(missed == 1 && told, "{id}: {missed}");
                "waiting"
            }
            other => panic!("{id}: {other:?} is not in the export"),
        };
        *meanings.entry(meaning).or_default() += 1;
    }
    let waiting = meanings.get("waiting").copied().unwrap_or(0);
    assert_eq!(report.due_at_once, waiting as u64);
    assert_eq!(report.new, rows.len() as u64);
    assert!(
        report.unknown_states.texts.is_empty(),
        "{:?}",
        report.unknown_states
    );
    assert!(report.unknown_units.texts.is_empty() && report.notes.texts.is_empty());
    assert_eq!(report.without_unit, if real { 233 } else { 9 });
    // A second time changes nothing.
    let before = audit.facts;
    let mut again = Report::default();
    let rows: Vec<Row> = rows.iter().take(400).cloned().collect();
    let count = rows.len() as u64;
    batch(rows, &index, &target, region.clock.now(), &mut again)
        .await
        .unwrap();
    assert_eq!((again.unchanged, again.new, again.changed), (count, 0, 0));
    assert!(again.kept.texts.is_empty(), "{:?}", again.kept);
    assert_eq!(region.audit().await.facts, before);
    println!(
        "{} rows as they are: {meanings:?}; {} misses, {} messages arrived, {before} facts, in {:.1?}",
        report.read,
        audit.missed.len(),
        arrived.len(),
        began.elapsed()
    );
    region.end();
}
