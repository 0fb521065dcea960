//! `siaga undelivered` and `siaga escalate`: what people order by hand when Siaga's own ways are at
//! their end, or too slow.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Failure, contacts, letters::operator};
use crate::{
    app::Backend,
    clock::{Clock as _, SystemClock},
    config::Settings,
    domain::{
        by_hand::{Command, Malformed},
        calendar::local_time,
        directory::Language,
        escalation::Transition,
        fact::What,
        id::{ComplaintId, PageId, UnitCode},
    },
    store::{
        Store, World,
        by_hand::{Author, OrderError, Ordered},
        undelivered::Undelivered,
    },
};

/// The words of `siaga undelivered`.
#[derive(Subcommand)]
pub(super) enum Words {
    /// List who was not reached by any way: by unit, since when, what was tried and why it failed.
    List {
        /// Only this unit's.
        #[arg(long)]
        unit: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Page again whom a page did not reach, or everybody of a complaint who was not reached.
    PageAgain {
        /// The page as the list tells it, or the complaint's number.
        #[arg(value_name = "PAGE|COMPLAINT")]
        of: String,
        /// Why; it stands in the timeline.
        #[arg(long)]
        reason: String,
    },
}

/// The words of `siaga escalate`.
#[derive(Args)]
pub(super) struct Escalate {
    /// The complaint's number.
    complaint: String,
    /// Why; it stands in the timeline.
    #[arg(long)]
    reason: String,
    /// Up to which step of the policy, counted from 1 [default: the next].
    #[arg(long, value_name = "N")]
    to_step: Option<usize>,
    /// Although somebody has acknowledged: that ends by it.
    #[arg(long)]
    despite_acknowledgement: bool,
    /// A word by which this order is known: given again under it, it does nothing twice.
    #[arg(long)]
    key: Option<String>,
}

pub(super) async fn run(settings: &Settings, words: Words) -> Result<ExitCode, Failure> {
    let backend = Backend::join(settings).await?;
    let done = match words {
        Words::List { unit, json } => list(settings, &backend.store, unit, json).await,
        Words::PageAgain { of, reason } => page_again(settings, &backend.store, &of, &reason).await,
    };
    backend.close();
    done
}

async fn list(
    settings: &Settings,
    store: &Store,
    unit: Option<String>,
    json: bool,
) -> Result<ExitCode, Failure> {
    let world = contacts::world(store, &settings.data.default_policy).await?;
    let unit = unit.map(|text| unit_of(&world, &text)).transpose()?;
    let found = store.undelivered(unit.as_ref()).await;
    let found = found.map_err(anyhow::Error::from)?;
    if json {
        let text = serde_json::to_string_pretty(&found).map_err(anyhow::Error::from)?;
        println!("{text}");
        return Ok(ExitCode::SUCCESS);
    }
    let mut before = None;
    for one in &found {
        if before != Some(&one.unit) {
            let unit = one.unit.as_ref().map_or("(desk)", |unit| unit.as_str());
            println!("{unit}");
            before = Some(&one.unit);
        }
        print_one(settings, &world, one);
    }
    println!("{} in all", found.len());
    Ok(ExitCode::SUCCESS)
}

fn unit_of(world: &World, text: &str) -> Result<UnitCode, Failure> {
    let known = UnitCode::parse(text).ok();
    let known = known.filter(|code| world.directory().units.contains_key(code));
    known.ok_or_else(|| {
        Failure::Wrong(format!(
            "--unit {text:?}: there is no such unit; write a unit's code from the directory, or \
             leave it out for all"
        ))
    })
}

fn print_one(settings: &Settings, world: &World, one: &Undelivered) {
    let since = local_time(one.since, &settings.server.zone, Language::Id);
    let person = world.directory().responders.get(&one.responder);
    let name = person.map_or(one.responder.as_str(), |person| person.name.as_str());
    println!("  {}  since {since}  {name}  ({})", one.page, one.phase);
    for way in &one.tried {
        let to = match (&way.transport, &way.address) {
            (Some(transport), Some(address)) => format!(" {transport} to {address}"),
            _ => String::new(),
        };
        println!(
            "      {}{to}, {} attempt(s): {}",
            way.method, way.attempts, way.why
        );
    }
    if one.tried.is_empty() {
        println!("      no way was tried: no contact method was in use");
    }
}

async fn page_again(
    settings: &Settings,
    store: &Store,
    of: &str,
    reason: &str,
) -> Result<ExitCode, Failure> {
    let world = contacts::world(store, &settings.data.default_policy).await?;
    let page = PageId::parse(of).ok().filter(|page| page.parts().is_some());
    let complaint = match page.as_ref().and_then(PageId::parts) {
        Some((complaint, _)) => complaint,
        None => complaint_of(of)?,
    };
    let by = operator();
    let author = Author { by: &by, reason };
    let now = SystemClock.now();
    let done = store.page_again(&world, (&complaint, page.as_ref()), author, now);
    let done = done.await.map_err(failure)?;
    let done = done.ok_or_else(|| unknown(&complaint))?;
    if done.is_empty() {
        return Err(Failure::Failed(anyhow::anyhow!(
            "{complaint}: everybody was reached, or was paged again; siaga undelivered list shows \
             who was not"
        )));
    }
    let mut all_done = true;
    for (page, ordered) in done {
        all_done &= tell(page.as_str(), &ordered);
    }
    Ok(if all_done {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

pub(super) async fn escalate(settings: &Settings, order: Escalate) -> Result<ExitCode, Failure> {
    let complaint = complaint_of(&order.complaint)?;
    let now = SystemClock.now();
    let key = order.key;
    let key = key.unwrap_or_else(|| format!("cli-{}", now.as_nanosecond()));
    let command = Command::escalate(
        &key,
        &operator(),
        &order.reason,
        order.to_step,
        order.despite_acknowledgement,
    )
    .map_err(malformed)?;
    let backend = Backend::join(settings).await?;
    let done = given(settings, &backend.store, &complaint, &command).await;
    backend.close();
    done
}

async fn given(
    settings: &Settings,
    store: &Store,
    complaint: &ComplaintId,
    command: &Command,
) -> Result<ExitCode, Failure> {
    let world = contacts::world(store, &settings.data.default_policy).await?;
    let now = SystemClock.now();
    let ordered = store.by_hand(&world, complaint, command, now).await;
    let ordered = ordered.map_err(anyhow::Error::from)?;
    if ordered == Ordered::Unknown {
        return Err(unknown(complaint));
    }
    Ok(if tell(complaint.as_str(), &ordered) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// Says what came of an order; false when nothing did.
fn tell(about: &str, ordered: &Ordered) -> bool {
    match ordered {
        Ordered::Done(transition) => {
            let paged = paged(transition);
            if paged.is_empty() {
                println!("{about}: nobody stands for the step's targets; the alarm is recorded");
            }
            for line in paged {
                println!("{about}: {line}");
            }
            true
        }
        Ordered::Repeated(_) => {
            println!("{about}: it was done before; nothing is done twice");
            true
        }
        Ordered::Refused(refusal) => {
            eprintln!("{about}: {refusal}; {}", refusal.remedy());
            false
        }
        Ordered::Unknown => {
            eprintln!("{about}: there is no such complaint");
            false
        }
    }
}

fn paged(transition: &Transition) -> Vec<String> {
    let facts = transition.facts.iter();
    let paged = facts.filter_map(|fact| match fact {
        What::Paged {
            page,
            responder,
            post,
            ..
        } => Some(format!("paging {responder} ({post}) by {page}")),
        _ => None,
    });
    paged.collect()
}

fn complaint_of(text: &str) -> Result<ComplaintId, Failure> {
    ComplaintId::parse(text).map_err(|error| Failure::Wrong(error.to_string()))
}

fn unknown(complaint: &ComplaintId) -> Failure {
    Failure::Failed(anyhow::anyhow!(
        "there is no complaint {complaint}: write its number as it was handed in"
    ))
}

fn malformed(fault: Malformed) -> Failure {
    // On the command line a field is an option.
    let option = fault.field.replace('_', "-");
    let Malformed {
        value,
        problem,
        remedy,
        ..
    } = fault;
    Failure::Wrong(format!("--{option} {value:?}: {problem}; {remedy}"))
}

fn failure(error: OrderError) -> Failure {
    match error {
        OrderError::Malformed(fault) => malformed(fault),
        OrderError::Store(error) => Failure::Failed(error.into()),
    }
}
