//! `siaga import`: a file of complaints, with a progress bar, a report, and restart.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;

use super::Failure;
use crate::{
    app::{self, Backend},
    clock::{Clock, SystemClock},
    config::Settings,
    intake::{
        file::{self, Options, Row},
        import::{Mark, Report, Target, batch},
        units::UnitIndex,
    },
};

/// The words of `siaga import`.
#[derive(Args)]
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
    /// Where refused rows are written, as JSON Lines.
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
}

/// How many rows are handed in together.
const TOGETHER: usize = 200;
/// How many refused rows the screen shows.
const SHOWN: usize = 20;

pub(super) async fn run(settings: Settings, arguments: Arguments) -> Result<ExitCode, Failure> {
    let times_are = arguments
        .times_are
        .as_deref()
        .map(|name| {
            TimeZone::get(name).map_err(|_| {
                Failure::Wrong(format!(
                    "--times-are {name}: no such zone: UTC or Asia/Jakarta"
                ))
            })
        })
        .transpose()?;
    let options = Options {
        times_are,
        as_new: arguments.as_new,
    };
    let now = SystemClock.now();
    let (seeds, faults) = app::seeds(&settings, false);
    if faults.has_errors() {
        return Err(Failure::Wrong(faults.to_string()));
    }
    let units = UnitIndex::new(&seeds.directory);
    let failed = |error: std::io::Error| Failure::Failed(error.into());
    let mut mark = Mark::begin(&arguments.file).map_err(failed)?;
    let total = file::open(&arguments.file, &options, now)
        .map_err(|error| Failure::Wrong(error.to_string()))?
        .count() as u64;
    if !arguments.dry_run {
        mark = mark.resume(&arguments.file).map_err(failed)?;
    }
    let mut rows = file::open(&arguments.file, &options, now)
        .map_err(|error| Failure::Wrong(error.to_string()))?
        .skip(usize::try_from(mark.rows).unwrap_or(usize::MAX));
    let backend = if arguments.dry_run {
        None
    } else {
        let backend = Backend::join(&settings).await?;
        let world = app::publish(&backend.store, seeds, &settings.data.default_policy).await?;
        Some((backend, world))
    };
    let target = match &backend {
        Some((backend, world)) => Target::Store {
            store: &backend.store,
            world,
        },
        None => Target::DryRun,
    };
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar.set_position(mark.rows);
    let mut report = Report::default();
    loop {
        let together: Vec<Row> = rows.by_ref().take(TOGETHER).collect();
        if together.is_empty() {
            break;
        }
        let count = together.len() as u64;
        batch(together, &units, &target, now, &mut report)
            .await
            .map_err(anyhow::Error::from)?;
        mark.rows += count;
        if !arguments.dry_run {
            mark.save(&arguments.file).map_err(failed)?;
        }
        bar.set_position(mark.rows);
    }
    bar.finish_and_clear();
    if let Some((backend, _)) = backend {
        backend.close();
        Mark::remove(&arguments.file);
    }
    print(&report);
    if let Some(path) = arguments.refused {
        let lines: String = report
            .refused
            .iter()
            .filter_map(|refused| serde_json::to_string(refused).ok())
            .map(|line| line + "\n")
            .collect();
        std::fs::write(path, lines).map_err(failed)?;
    }
    Ok(if report.refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn print(report: &Report) {
    println!(
        "{} rows: {} new, {} changed, {} unchanged, {} refused; {} without a known unit go to the coordinator's desk",
        report.read,
        report.new,
        report.changed,
        report.unchanged,
        report.refused.len(),
        report.without_unit,
    );
    let mut unknown: Vec<_> = report.unknown_units.iter().collect();
    unknown.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (name, count) in unknown.iter().take(SHOWN) {
        println!("  {count:>6} times a unit that is not in the directory: {name}");
    }
    for refused in report.refused.iter().take(SHOWN) {
        for fault in &refused.faults {
            println!(
                "  line {}: {} = {:?}: {}; {}",
                refused.line, fault.field, fault.value, fault.problem, fault.remedy
            );
        }
    }
    if report.refused.len() > SHOWN {
        println!(
            "  ... and {} more; --refused FILE writes all",
            report.refused.len() - SHOWN
        );
    }
}
