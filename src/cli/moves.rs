//! `siaga move`: running complaints to another version of a policy, on purpose.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;

use super::{
    Failure,
    plan::{agreed, author, with_changes},
};
use crate::{
    changes::{Preview, Which},
    clock::{Clock as _, SystemClock},
    config::Settings,
    domain::{calendar::local_time, directory::Language, id::ComplaintId},
};

/// The words of `siaga move`.
#[derive(Args)]
#[command(after_help = "\
What has been is not undone, and nobody is told twice: a miss stays a miss, warnings count as gone up to the
share of the clock that was told, steps as taken up to the delay that was reached. The deadline is the new
policy's, from the same beginning; where that has passed already it is counted from now, and is never
later than it was.")]
pub(super) struct Arguments {
    /// The complaint's number.
    #[arg(required_unless_present = "all_of", conflicts_with = "all_of")]
    complaint: Option<String>,
    /// All open complaints that run under this version: baku@3.
    #[arg(long, value_name = "POLICY@VERSION")]
    all_of: Option<String>,
    /// Where to: baku@4, or baku for the version that is live.
    #[arg(long, value_name = "POLICY[@VERSION]")]
    to: String,
    /// Why; it stands in each complaint's timeline.
    #[arg(long)]
    reason: String,
    /// Who orders it [default: the name of this account].
    #[arg(long, env = "SIAGA_AUTHOR")]
    author: Option<String>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// How many are shown one by one.
const SHOWN: usize = 20;

pub(super) async fn run(settings: &Settings, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let zone = &settings.server.zone;
    let by = author(arguments.author.as_deref());
    with_changes(settings, async |changes| {
        let ordered = changes.order_to_move(&arguments.to, &by, &arguments.reason);
        let (order, world) = ordered.await?;
        let which = match (&arguments.complaint, &arguments.all_of) {
            (Some(text), _) => Which::One(
                ComplaintId::parse(text).map_err(|error| Failure::Wrong(error.to_string()))?,
            ),
            (None, Some(policy)) => Which::AllOf(changes.policy_named(policy).await?),
            (None, None) => return Err(Failure::Wrong("name a complaint, or --all-of".into())),
        };
        let now = SystemClock.now();
        let all = changes.preview(&which, &order, &world, now).await?;
        tell(&all, zone, now);
        if all.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        if !arguments.yes && !agreed("Type yes to move them: ")? {
            println!("Nothing is done.");
            return Ok(ExitCode::from(1));
        }
        let mut moved = 0;
        for one in &all {
            let now = SystemClock.now();
            let done = changes.move_one(&one.complaint, &order, &world, now).await;
            moved += usize::from(done.map_err(anyhow::Error::from)?);
        }
        println!(
            "{moved} moved to {}@{}; {} were closed or moved meanwhile.",
            order.policy.id,
            order.policy.version,
            all.len() - moved
        );
        Ok(ExitCode::SUCCESS)
    })
    .await
}

fn tell(all: &[Preview], zone: &str, now: Timestamp) {
    if all.is_empty() {
        println!("None to move: closed, or under that version already.");
        return;
    }
    let at = |at: Option<Timestamp>| {
        at.map_or_else(|| "-".to_owned(), |at| local_time(at, zone, Language::En))
    };
    for one in all.iter().take(SHOWN) {
        let [deadline, new_deadline] = one.deadline;
        let [next, new_next] = one.next;
        println!(
            "{} ({}@{}): deadline {} -> {}; next {} -> {}",
            one.complaint,
            one.from.id,
            one.from.version,
            at(deadline),
            at(new_deadline),
            at(next),
            at(new_next)
        );
    }
    if all.len() > SHOWN {
        println!("... and {} more", all.len() - SHOWN);
    }
    let changed = all.iter().filter(|it| it.deadline[0] != it.deadline[1]);
    let due = all
        .iter()
        .filter(|it| it.next[1].is_some_and(|at| at <= now));
    println!(
        "{} to move; {} get another deadline; for {} something is due at once.",
        all.len(),
        changed.count(),
        due.count()
    );
}
