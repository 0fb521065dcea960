//! Importing a file: in batches, with a report of what came of it, and a mark of how far it came.
//!
//! Handing a row in twice does nothing, so a mark that is a little behind is harmless; one that is
//! ahead would lose rows, so it is written after its rows are durable, and into the same Redis.

use std::collections::{BTreeMap, HashSet};

use futures::future::join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    file::Row,
    submission::{FieldFault, Submission},
    take::{Mode, Taken, differences, take},
    units::{Named, UnitIndex, list},
};
use crate::{
    domain::{
        complaint::{Complaint, Status},
        escalation::Escalation,
    },
    store::{Store, StoreError, World},
};

/// What an import did. All counts are of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Rows that were read.
    pub read: u64,
    /// Complaints that were new.
    pub new: u64,
    /// Complaints that were brought up to date.
    pub changed: u64,
    /// Complaints that were known just so.
    pub unchanged: u64,
    /// Rows that were refused.
    pub refused: u64,
    /// Rows that name no unit, or none that we know: the coordinator's desk has them.
    pub without_unit: u64,
    /// New complaints that are open and have something due already: people are told at once.
    pub due_at_once: u64,
    /// Units that are not in the directory.
    pub unknown_units: Tally,
    /// Names that stand for several units.
    pub ambiguous_units: Tally,
    /// States that the policy does not name: they count as waiting.
    pub unknown_states: Tally,
    /// Known complaints that stand in the file with other content, by field: what is known was kept.
    pub kept: Tally,
    /// What was taken in another way than it stands in the file.
    pub notes: Tally,
    /// What is wrong with rows that were refused.
    pub faults: Tally,
}

/// How often each of several texts came, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// The texts, and where each came.
    pub texts: BTreeMap<String, Times>,
    /// How often one came that found no room.
    pub others: u64,
}

/// How often and where a text came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// How often.
    pub times: u64,
    /// The first lines.
    pub lines: Vec<u64>,
    /// The first value, where the text is about one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}

impl Tally {
    /// How many different texts are kept: a column that slipped must not fill the memory.
    const ROOM: usize = 200;
    /// How many lines are kept of each.
    const LINES: usize = 5;

    fn add(&mut self, line: u64, text: &str, value: &str) {
        let text: String = text.chars().take(400).collect();
        if self.texts.len() >= Self::ROOM && !self.texts.contains_key(&text) {
            self.others += 1;
            return;
        }
        let known = self.texts.entry(text).or_insert_with(|| Times {
            value: value.to_owned(),
            ..Times::default()
        });
        known.times += 1;
        // A row may have the same fault in two fields of one name.
        if known.lines.len() < Self::LINES && known.lines.last() != Some(&line) {
            known.lines.push(line);
        }
    }

    fn add_fault(&mut self, line: u64, fault: &FieldFault) {
        let FieldFault {
            field,
            value,
            problem,
            remedy,
        } = fault;
        // Without the value, so that a thousand rows with one mistake are one line of the report.
        self.add(line, &format!("{field}: {problem}; {remedy}"), value);
    }

    /// How often any of them came.
    pub fn total(&self) -> u64 {
        self.texts.values().map(|known| known.times).sum::<u64>() + self.others
    }

    /// The texts, those that came most often first.
    pub fn by_times(&self) -> Vec<(&str, &Times)> {
        let mut found: Vec<_> = self
            .texts
            .iter()
            .map(|(t, known)| (t.as_str(), known))
            .collect();
        found.sort_by_key(|(_, known)| std::cmp::Reverse(known.times));
        found
    }
}

/// A row that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its line.
    pub line: u64,
    /// What is wrong with it.
    pub faults: Vec<FieldFault>,
}

/// Where the rows go.
pub enum Target<'a> {
    /// Nowhere: only to see what would come of them.
    DryRun {
        /// The snapshots by which complaints would be opened.
        world: &'a World,
    },
    /// Into the store.
    Store {
        /// The store.
        store: &'a Store,
        /// The snapshots by which complaints are opened.
        world: &'a World,
    },
}

impl Target<'_> {
    fn world(&self) -> &World {
        match self {
            Self::DryRun { world } | Self::Store { world, .. } => world,
        }
    }
}

/// Imports a batch of rows and gives those that were refused. Durable when it returns.
///
/// # Errors
/// When Redis is away: import again from the mark.
pub async fn batch(
    rows: Vec<Row>,
    units: &UnitIndex,
    target: &Target<'_>,
    now: Timestamp,
    report: &mut Report,
) -> Result<Vec<Refused>, StoreError> {
    let mut work = Vec::with_capacity(rows.len());
    let mut refused = Vec::new();
    for Row {
        line,
        record,
        notes,
        ..
    } in rows
    {
        report.read += 1;
        match record {
            Ok(submission) => {
                for note in &notes {
                    report.notes.add_fault(line, note);
                }
                let submission = with_unit(line, submission, units, report);
                report.look_at_state(target.world(), line, &submission.complaint);
                work.push((line, submission));
            }
            Err(faults) => {
                for fault in &faults {
                    report.faults.add_fault(line, fault);
                }
                refused.push(Refused { line, faults });
            }
        }
    }
    report.refused += refused.len() as u64;
    match target {
        Target::DryRun { world } => {
            for (_, submission) in work {
                let Submission {
                    complaint,
                    status_at,
                    ..
                } = submission;
                report.new += 1;
                if let Some(context) = world.context(world.policy_for(&complaint)) {
                    let opened = Escalation::open(context, complaint, status_at, now);
                    report.look_at_due(world, &opened.state, now);
                }
            }
        }
        Target::Store { store, world } => {
            for (line, given, taken) in hand_in(store, world, work, now).await? {
                report.look_at_taken(world, line, &given, &taken, now);
            }
        }
    }
    Ok(refused)
}

/// Hands all of them in, side by side; a number that stands twice, one after the other.
async fn hand_in(
    store: &Store,
    world: &World,
    work: Vec<(u64, Submission)>,
    now: Timestamp,
) -> Result<Vec<(u64, Complaint, Taken)>, StoreError> {
    let mut seen = HashSet::new();
    let (first, again): (Vec<_>, Vec<_>) = work
        .into_iter()
        .partition(|(_, submission)| seen.insert(submission.complaint.id.clone()));
    let one = async |(line, submission): (u64, Submission)| {
        let Submission {
            complaint,
            status_at,
            ..
        } = submission;
        let given = complaint.clone();
        let taken = take(store, world, complaint, status_at, Mode::Follow, now).await?;
        Ok::<_, StoreError>((line, given, taken))
    };
    let mut all = join_all(first.into_iter().map(one)).await;
    for repeated in again {
        all.push(one(repeated).await);
    }
    all.into_iter().collect()
}

impl Report {
    fn look_at_state(&mut self, world: &World, line: u64, complaint: &Complaint) {
        let status = &complaint.status;
        let policy = world.context(world.policy_for(complaint));
        let policy = policy.map(|at| at.policy);
        let named = policy.is_some_and(|policy| policy.statuses.contains_key(status));
        if !named && *status != Status::new_complaint() {
            self.unknown_states.add(line, status.as_str(), "");
        }
    }

    fn look_at_due(&mut self, world: &World, state: &Escalation, now: Timestamp) {
        let context = world.context_of(state);
        let wake_at = context.and_then(|context| state.wake_at(&context));
        // A long pause is the operators' to hear of; nobody is paged for it.
        if wake_at.is_some_and(|wake_at| wake_at <= now) && !state.promise.is_paused() {
            self.due_at_once += 1;
        }
    }

    fn look_at_taken(
        &mut self,
        world: &World,
        line: u64,
        given: &Complaint,
        taken: &Taken,
        now: Timestamp,
    ) {
        let known = match taken {
            Taken::New(state) => {
                self.new += 1;
                return self.look_at_due(world, state, now);
            }
            Taken::Changed(state) => {
                self.changed += 1;
                state
            }
            Taken::Unchanged(state) => {
                self.unchanged += 1;
                state
            }
            // Follow takes what it may and keeps the rest; there is no conflict in it.
            Taken::Conflict { .. } => return self.unchanged += 1,
        };
        for (field, ..) in differences(&known.complaint, given) {
            // A unit that a source no longer names has not been taken away.
            if field != "unit" {
                self.kept.add(line, field, "");
            }
        }
    }
}

fn with_unit(
    line: u64,
    mut submission: Submission,
    units: &UnitIndex,
    report: &mut Report,
) -> Submission {
    let found = match submission.unit_as_written() {
        None => None,
        Some(written) => match units.find(written) {
            Named::Unit(code) => Some(code.clone()),
            Named::Several(codes) => {
                let several = format!("{written} ({})", list(&codes));
                report.ambiguous_units.add(line, &several, "");
                None
            }
            Named::Nothing => {
                report.unknown_units.add(line, written, "");
                None
            }
        },
    };
    report.without_unit += u64::from(found.is_none());
    submission.complaint.unit = found;
    submission
}
