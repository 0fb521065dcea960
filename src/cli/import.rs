//! `siaga import`: a file of complaints, with a progress bar, a report, and restart.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Seek as _, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;

use super::{Failure, REFUSED, import_report};
use crate::{
    app::{self, Backend},
    clock::{Clock, SystemClock},
    config::{Settings, settings::AtStart},
    domain::{id::PolicyId, rulebook::Rulebook},
    intake::{
        file::{self, FileError, Options, Row, Rows},
        import::{Refused, Target, batch},
        mark::{self, Mark},
        units::UnitIndex,
    },
    store::{Live, World},
};

/// The words of `siaga import`.
#[derive(Args)]
#[command(after_help = "\
Columns of a table: id (or Tracking ID), received_at (or Tanggal Masuk and Waktu Masuk),
unit (or Instansi Terdisposisi), status, category, area, source, classification, title,
privacy (Anonim|Rahasia). In dates of digits the day stands before the month: 29/05/2023.

Handing a row in twice does nothing, so a file may be imported again; an import that was
interrupted goes on where it stopped.

Exit codes: 0 every row is taken in, 1 it stopped in the middle, 2 the call, the settings
or the file cannot be used and nothing was done, 3 done, but rows were refused.")]
pub(super) struct Arguments {
    /// The file: .csv, .jsonl or .xlsx.
    file: PathBuf,
    /// The zone of times that carry no offset: UTC, Asia/Jakarta, ... Without it they are refused.
    #[arg(long, value_name = "ZONE")]
    times_are: Option<String>,
    /// Only look: nothing is handed in.
    #[arg(long)]
    dry_run: bool,
    /// Take every complaint as untouched, whatever its state says: for trials on history.
    #[arg(long)]
    as_new: bool,
    /// The sheet of a workbook, where several have complaints.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Begin at the first row, even where an earlier import of this file was interrupted.
    #[arg(long)]
    restart: bool,
    /// Where refused rows are written: line and faults, as JSON Lines.
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
}

/// How many rows are handed in together.
const TOGETHER: usize = 200;

pub(super) async fn run(settings: Settings, arguments: Arguments) -> Result<ExitCode, Failure> {
    let options = Options {
        times_are: zone(arguments.times_are.as_deref())?,
        as_new: arguments.as_new,
        sheet: arguments.sheet.clone(),
    };
    let now = SystemClock.now();
    let files = app::files(&settings, false);
    let wrong = |error: FileError| Failure::Wrong(error.to_string());
    let rows = file::open(&arguments.file, &options, now).map_err(wrong)?;
    import_report::columns(&rows);
    if arguments.dry_run {
        if files.faults.has_errors() {
            return Err(Failure::Wrong(files.faults.to_string()));
        }
        let world = preview(files.seeds.book, &settings.data.default_policy)?;
        return look(rows, &world, &arguments).await;
    }
    let backend = Backend::join(&settings).await?;
    let outcome = async {
        // What is live decides, not the files: they are for the first start.
        let changes = app::changes(&backend.store, &settings)?;
        let world = app::begin(&changes, &files, AtStart::Seed, now).await?;
        let print = mark::print(&arguments.file, &options, world.directory())
            .map_err(|error| Failure::Wrong(format!("{}: {error}", arguments.file.display())))?;
        hand_in(rows, &backend, &world, &print, &arguments).await
    }
    .await;
    backend.close();
    outcome
}

/// What the files say as it would be live, without a store.
fn preview(book: Rulebook, default: &str) -> anyhow::Result<World> {
    let live = Live {
        book,
        ..Live::default()
    };
    Ok(World::of(live, &PolicyId::parse(default)?)?)
}

pub(super) fn zone(name: Option<&str>) -> Result<Option<TimeZone>, Failure> {
    name.map(|name| {
        TimeZone::get(name).map_err(|_| {
            Failure::Wrong(format!(
                "--times-are {name}: there is no such zone: write UTC, Asia/Jakarta (WIB), Asia/Makassar (WITA) or Asia/Jayapura (WIT)"
            ))
        })
    })
    .transpose()
}

/// Reads every row and says what would come of it.
async fn look(rows: Rows, world: &World, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut work = Work::begin(rows, world, Mark::begin(&arguments.file), arguments)?;
    let target = Target::DryRun { world };
    while work.next(&target).await? {}
    work.bar.finish_and_clear();
    import_report::looked(&work.mark.report);
    Ok(exit_code(&work.mark))
}

/// Hands every row in, from where an earlier import of the same file stopped.
async fn hand_in(
    rows: Rows,
    backend: &Backend,
    world: &World,
    print: &str,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let store = &backend.store;
    let redis = |error| anyhow::Error::from(error);
    let found = Mark::find(store, print, &arguments.file)
        .await
        .map_err(redis)?;
    let mark = match found.this {
        Some(mark) if !arguments.restart => {
            println!(
                "This import was interrupted after {} rows; it goes on behind them (--restart begins anew).",
                mark.rows
            );
            mark
        }
        _ => {
            for (_, other) in &found.others {
                println!(
                    "An import of {} was interrupted after {} rows, but the file, the units or the options are others now: every row is read anew; what is known is not taken twice.",
                    other.file, other.rows
                );
            }
            Mark::begin(&arguments.file)
        }
    };
    let target = Target::Store { store, world };
    let mut work = Work::begin(rows, world, mark, arguments)?;
    loop {
        match work.next(&target).await {
            Ok(true) => work.mark.save(store, print).await.map_err(redis)?,
            Ok(false) => break,
            Err(error) => {
                work.bar.finish_and_clear();
                return Err(error.context(format!(
                    "the import stopped after {} rows, which are safe: run it again, it goes on behind them",
                    work.mark.rows
                ))
                .into());
            }
        }
    }
    work.bar.finish_and_clear();
    for (other, _) in found.others {
        store.forget_import(&other).await.map_err(redis)?;
    }
    store.forget_import(print).await.map_err(redis)?;
    import_report::imported(&work.mark.report);
    Ok(exit_code(&work.mark))
}

fn exit_code(mark: &Mark) -> ExitCode {
    match mark.report.refused {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(REFUSED),
    }
}

/// An import under way.
struct Work {
    rows: Rows,
    units: UnitIndex,
    mark: Mark,
    refused: Option<BufWriter<File>>,
    bar: ProgressBar,
}

impl Work {
    fn begin(
        mut rows: Rows,
        world: &World,
        mark: Mark,
        arguments: &Arguments,
    ) -> Result<Self, Failure> {
        let refused = arguments
            .refused
            .as_ref()
            .map(|path| {
                refused_file(path, mark.refused_bytes).map_err(|error| {
                    Failure::Wrong(format!("--refused {}: {error}", path.display()))
                })
            })
            .transpose()?;
        let bar = ProgressBar::new(rows.size);
        if let Ok(style) =
            ProgressStyle::with_template("{wide_bar} {percent:>3}% {msg}, ready in {eta}")
        {
            bar.set_style(style);
        }
        bar.set_message("reading");
        // What an earlier import has done is read past, and is no measure of what is left.
        for _ in 0..mark.rows {
            match rows.next() {
                Some(Ok(row)) => bar.set_position(row.at),
                Some(Err(error)) => return Err(Failure::Failed(error.into())),
                None => break,
            }
        }
        bar.reset_eta();
        Ok(Self {
            rows,
            units: UnitIndex::new(world.directory()),
            mark,
            refused,
            bar,
        })
    }

    /// Does the next rows; false when there are none. What it counts is durable when it returns.
    async fn next(&mut self, target: &Target<'_>) -> anyhow::Result<bool> {
        let rows: Vec<Row> = self
            .rows
            .by_ref()
            .take(TOGETHER)
            .collect::<Result<_, _>>()?;
        let Some(at) = rows.last().map(|row| row.at) else {
            return Ok(false);
        };
        let count = rows.len() as u64;
        // Counted only when it is done: a batch that fails half-way is done again.
        let mut report = self.mark.report.clone();
        let now = SystemClock.now();
        let refused = batch(rows, &self.units, target, now, &mut report).await?;
        self.write(&refused).context("--refused")?;
        self.mark.report = report;
        self.mark.rows += count;
        self.bar.set_position(at);
        self.bar
            .set_message(format!("{} rows", HumanCount(self.mark.rows)));
        Ok(true)
    }

    fn write(&mut self, refused: &[Refused]) -> std::io::Result<()> {
        if let Some(file) = &mut self.refused {
            for refused in refused {
                serde_json::to_writer(&mut *file, refused)?;
                file.write_all(b"\n")?;
            }
            file.flush()?;
            self.mark.refused_bytes = file.stream_position()?;
        }
        Ok(())
    }
}

/// The file of refused rows, cut back to what the rows behind the mark put there.
fn refused_file(path: &std::path::Path, length: u64) -> std::io::Result<BufWriter<File>> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    // One that is shorter is another file: what earlier rows put elsewhere is not here.
    let keep = if file.metadata()?.len() < length {
        0
    } else {
        length
    };
    file.set_len(keep)?;
    file.seek(std::io::SeekFrom::Start(keep))?;
    Ok(BufWriter::new(file))
}
