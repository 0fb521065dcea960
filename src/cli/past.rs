//! Histories in files: a ledger that was exported, or complaints as an import reads them. What does
//! not fit is told with its line, and left out.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
};

use indicatif::ProgressBar;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Failure, simulate::bar};
use crate::{
    domain::{
        complaint::Status,
        directory::{Directory, Language},
        fact::Fact,
    },
    intake::{
        file::{self, Options, Row, Rows},
        units::UnitIndex,
    },
    simulate::{
        compare::Simulation,
        history::{Lives, concerns},
        life::{Happening, Life, Outside},
    },
};

/// What a reader has to say of a history.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// For the outcome.
    pub(super) notes: Vec<String>,
    /// How many lines did not fit.
    pub(super) refused: u64,
}

/// A history in a file.
pub(super) enum Past {
    /// An exported ledger.
    Facts(Facts),
    /// Complaints with their states.
    Complaints(Complaints),
}

/// An exported ledger, under way.
pub(super) struct Facts {
    lines: BufReader<File>,
    size: u64,
    name: String,
}

/// A file of complaints, under way.
pub(super) struct Complaints {
    rows: Rows,
    units: UnitIndex,
    undated_after: Option<SignedDuration>,
}

/// So many faults are shown; the others are counted.
const SHOWN: u64 = 10;
/// No fact is longer.
const LONGEST: u64 = 1 << 20;

impl Past {
    pub(super) fn open(
        path: &Path,
        options: &Options,
        undated_after: Option<SignedDuration>,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        if is_ledger(path) {
            let name = path.display().to_string();
            let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
            let (size, file) = opened.map_err(|error| {
                Failure::Wrong(format!(
                    "{name}: {error}: look at the name and at who may read it"
                ))
            })?;
            return Ok(Self::Facts(Facts {
                lines: BufReader::with_capacity(1 << 16, file),
                size,
                name,
            }));
        }
        let rows =
            file::open(path, options, now).map_err(|error| Failure::Wrong(error.to_string()))?;
        Ok(Self::Complaints(Complaints {
            rows,
            units: UnitIndex::new(directory),
            undated_after,
        }))
    }

    /// Whether it is a file of complaints.
    pub(super) fn is_of_rows(&self) -> bool {
        matches!(self, Self::Complaints(_))
    }

    /// Plays it all.
    pub(super) fn play(
        self,
        simulation: &mut Simulation<'_>,
        now: Timestamp,
        language: Language,
    ) -> Result<Told, Failure> {
        match self {
            Self::Facts(facts) => facts.play(simulation, language),
            Self::Complaints(complaints) => complaints.play(simulation, now, language),
        }
    }
}

/// Whether the first line of a file is an entry of an exported ledger.
fn is_ledger(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head));
    read.is_ok() && head.starts_with(b"{\"shard\":")
}

/// The fact of an entry, if it changes anything of a simulation.
pub(super) fn fact(
    json: &[u8],
) -> Result<Option<Fact>, serde_path_to_error::Error<serde_json::Error>> {
    if passes(json) {
        return Ok(None);
    }
    let mut reader = serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(&mut reader).map(Some)
}

/// Whether the kind of a fact, which stands in it as `"k":"..."`, is of no concern. Within a text the
/// quotes would be escaped.
fn passes(json: &[u8]) -> bool {
    const KEY: &[u8] = b"\"k\":\"";
    let Some(at) = json.windows(KEY.len()).position(|window| window == KEY) else {
        return false;
    };
    let rest = &json[at + KEY.len()..];
    let end = rest.iter().position(|byte| *byte == b'"').unwrap_or(0);
    std::str::from_utf8(&rest[..end]).is_ok_and(|kind| !kind.is_empty() && !concerns(kind))
}

/// A line of an exported ledger.
#[derive(Deserialize)]
struct Entry {
    shard: String,
    sequence: u64,
    fact: Fact,
}

/// The place of an entry, where its fact is of no concern.
#[derive(Deserialize)]
struct Place {
    shard: String,
    sequence: u64,
}

impl Facts {
    fn play(
        mut self,
        simulation: &mut Simulation<'_>,
        language: Language,
    ) -> Result<Told, Failure> {
        let bar = bar(self.size);
        let mut faults = Faults::new(&self.name);
        let mut lives = Lives::default();
        let mut shard = String::new();
        let mut before = 0;
        let mut gaps: BTreeMap<String, u64> = BTreeMap::new();
        let mut without_beginning = 0;
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let mut limited = (&mut self.lines).take(LONGEST);
            let length = limited.read_until(b'\n', &mut line).map_err(|error| {
                anyhow::anyhow!(
                    "{}: reading stopped after line {}: {error}",
                    self.name,
                    number - 1
                )
            })?;
            if length == 0 {
                break;
            }
            bar.inc(length as u64);
            if length as u64 == LONGEST {
                faults.tell(
                    number,
                    "(line)",
                    "longer than a mebibyte",
                    "export the ledger anew: siaga ledger export",
                );
                self.lines.skip_until(b'\n').map_err(anyhow::Error::from)?;
                continue;
            }
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let (of, sequence, fact) = match entry(&line) {
                Ok(entry) => entry,
                Err(error) => {
                    let found = beginning(&line);
                    faults.tell(
                        number,
                        &error.path().to_string(),
                        &format!("{} in {found}", error.inner()),
                        "export the ledger anew: siaga ledger export",
                    );
                    continue;
                }
            };
            if of != shard {
                finish(&mut lives, simulation, &mut without_beginning);
                lives = Lives::default();
                shard = of;
                before = 0;
            }
            if sequence != before + 1 {
                *gaps.entry(shard.clone()).or_default() += 1;
            }
            before = sequence;
            let end = lives.latest().unwrap_or(Timestamp::MAX);
            for life in fact.into_iter().flat_map(|fact| lives.take(fact)) {
                simulation.play(&life, end);
            }
        }
        finish(&mut lives, simulation, &mut without_beginning);
        bar.finish_and_clear();
        let mut told = Told::of_facts(without_beginning, gaps, language);
        faults.end(&mut told, language);
        Ok(told)
    }
}

fn entry(
    line: &[u8],
) -> Result<(String, u64, Option<Fact>), serde_path_to_error::Error<serde_json::Error>> {
    let mut reader = serde_json::Deserializer::from_slice(line);
    if passes(line) {
        let Place { shard, sequence } = serde_path_to_error::deserialize(&mut reader)?;
        return Ok((shard, sequence, None));
    }
    let Entry {
        shard,
        sequence,
        fact,
    } = serde_path_to_error::deserialize(&mut reader)?;
    Ok((shard, sequence, Some(fact)))
}

/// The beginning of a line: a fact's own fields are known as a whole only, so the one that does not fit
/// cannot be told alone.
fn beginning(line: &[u8]) -> String {
    String::from_utf8_lossy(line)
        .trim()
        .chars()
        .take(200)
        .collect()
}

/// A shard is at its end: what is open is played as far as the shard has been recorded.
fn finish(lives: &mut Lives, simulation: &mut Simulation<'_>, without_beginning: &mut u64) {
    let end = lives.latest().unwrap_or(Timestamp::MIN);
    for life in lives.rest() {
        simulation.play(&life, end);
    }
    *without_beginning += lives.without_beginning();
}

impl Told {
    pub(super) fn of_facts(
        without_beginning: u64,
        gaps: BTreeMap<String, u64>,
        language: Language,
    ) -> Self {
        let id = language == Language::Id;
        let mut told = Self::default();
        if without_beginning > 0 {
            told.notes.push(if id {
                format!("{without_beginning} catatan dilewati: awal aduannya tidak ada dalam riwayat, atau sudah ditutup lebih dari 30 hari.")
            } else {
                format!("{without_beginning} facts are passed over: the beginning of their complaint is not in the history, or it was closed more than 30 days before.")
            });
        }
        for (shard, times) in gaps {
            told.notes.push(if id {
                format!("Riwayat {shard} tidak utuh: ada {times} celah. Periksa dengan siaga ledger verify.")
            } else {
                format!("The history of {shard} is not whole: {times} gaps. Look with siaga ledger verify.")
            });
        }
        told
    }
}

impl Complaints {
    fn play(
        self,
        simulation: &mut Simulation<'_>,
        now: Timestamp,
        language: Language,
    ) -> Result<Told, Failure> {
        let id = language == Language::Id;
        let bar: ProgressBar = bar(self.rows.size);
        let mut faults = Faults::new("");
        let (mut undated, mut nameless) = (0_u64, 0_u64);
        for row in self.rows {
            let Row {
                line, at, record, ..
            } = row.map_err(anyhow::Error::from)?;
            bar.set_position(at);
            let submission = match record {
                Ok(submission) => submission,
                Err(found) => {
                    faults.count();
                    for fault in found {
                        faults.show(
                            line,
                            &fault.field,
                            &format!("{:?}: {}", fault.value, fault.problem),
                            &fault.remedy,
                        );
                    }
                    continue;
                }
            };
            let unit = submission
                .unit_as_written()
                .map(|name| self.units.find(name).unit().cloned());
            nameless += u64::from(unit == Some(None));
            let mut complaint = submission.complaint;
            complaint.unit = unit.flatten();
            let status = std::mem::replace(&mut complaint.status, Status::new_complaint());
            let received_at = complaint.received_at;
            let mut life = Life {
                complaint,
                status_at: None,
                opened_at: received_at,
                happenings: Vec::new(),
            };
            if status != Status::new_complaint() {
                let assumed = self
                    .undated_after
                    .and_then(|after| received_at.checked_add(after).ok());
                let Some(at) = submission.status_at.or(assumed) else {
                    undated += 1;
                    continue;
                };
                life.happenings.push(Happening {
                    at: at.max(received_at),
                    what: Outside::Status {
                        status,
                        told: Some(at),
                    },
                });
            }
            simulation.play(&life, now);
        }
        bar.finish_and_clear();
        let mut told = Told::default();
        if undated > 0 {
            told.notes.push(if id {
                format!("{undated} aduan dilewati: statusnya tanpa waktu. Ekspor juga waktunya (kolom Status Sejak), atau beri --undated-after 24h.")
            } else {
                format!("{undated} complaints are left out: their state has no time. Export it too (column status_at), or give --undated-after 24h.")
            });
        }
        if nameless > 0 {
            told.notes.push(if id {
                format!("{nameless} aduan atas nama unit yang tidak dikenal: dihitung pada meja koordinator.")
            } else {
                format!("{nameless} complaints of a unit that is not known: counted at the coordinator's desk.")
            });
        }
        faults.end(&mut told, language);
        Ok(told)
    }
}

/// Lines that do not fit: the first are shown, all are counted.
struct Faults<'n> {
    name: &'n str,
    count: u64,
}

impl<'n> Faults<'n> {
    fn new(name: &'n str) -> Self {
        Self { name, count: 0 }
    }

    fn count(&mut self) {
        self.count += 1;
    }

    fn tell(&mut self, line: u64, field: &str, problem: &str, remedy: &str) {
        self.count();
        self.show(line, field, problem, remedy);
    }

    fn show(&self, line: u64, field: &str, problem: &str, remedy: &str) {
        if self.count <= SHOWN {
            let name = if self.name.is_empty() {
                "history"
            } else {
                self.name
            };
            eprintln!("{name}: line {line}: {field}: {problem}: {remedy}");
        }
    }

    fn end(self, told: &mut Told, language: Language) {
        told.refused = self.count;
        if self.count > 0 {
            told.notes.push(match language {
                Language::Id => format!("{} baris tidak cocok dan tidak dihitung.", self.count),
                Language::En => format!("{} lines do not fit and are left out.", self.count),
            });
        }
    }
}
