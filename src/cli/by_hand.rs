//! What is done by hand about a complaint: whom no way has reached, paging again, the next step now.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Failure, contacts, letters::operator};
use crate::{
    app::Backend,
    clock::{Clock as _, SystemClock},
    config::Settings,
    domain::{
        calendar::local_time,
        directory::Language,
        escalation::{ByHand, NotNow, Order},
        id::{ComplaintId, PageId, ResponderId, UnitCode},
    },
    store::{OrderFault, Undelivered, World},
};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;

/// The words of `siaga undelivered`.
#[derive(Subcommand)]
pub(super) enum Words {
    /// List whom no way has reached, the longest first, with every way that was tried.
    List {
        /// Only this unit's.
        #[arg(long)]
        unit: Option<String>,
        /// How many complaints at most.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Page them again; a running service sends it.
    PageAgain {
        /// Which complaint, or a page as the list tells it.
        #[arg(value_name = "PAGE|COMPLAINT")]
        about: String,
        /// Whom; left out: everybody whom no way has reached about it.
        responder: Option<String>,
        /// Why; the ledger keeps it.
        #[arg(long)]
        reason: String,
    },
}

/// How `siaga escalate` is called.
#[derive(Args)]
pub(super) struct Escalate {
    /// Which complaint.
    complaint: String,
    /// Why; the ledger keeps it.
    #[arg(long)]
    reason: String,
    /// Up to which step of the policy, counted from 1 [default: the next].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    to_step: Option<u16>,
    /// Also while somebody has taken it on; their acknowledgement ends by it.
    #[arg(long)]
    despite_acknowledgement: bool,
}

pub(super) async fn undelivered(settings: &Settings, words: Words) -> Result<ExitCode, Failure> {
    let backend = Backend::join(settings).await?;
    let done = match words {
        Words::List { unit, limit, json } => list(settings, &backend, unit, limit, json).await,
        Words::PageAgain {
            about,
            responder,
            reason,
        } => page_again(settings, &backend, &about, responder, &reason).await,
    };
    backend.close();
    done
}

pub(super) async fn escalate(settings: &Settings, call: Escalate) -> Result<ExitCode, Failure> {
    let id = complaint(&call.complaint)?;
    let reason = reason(&call.reason)?;
    let backend = Backend::join(settings).await?;
    let order = Order::Escalate {
        despite_acknowledgement: call.despite_acknowledgement,
        to_step: call.to_step.map(|step| usize::from(step) - 1),
    };
    let done = give(settings, &backend, &id, order, &reason).await;
    backend.close();
    done?;
    Ok(ExitCode::SUCCESS)
}

fn complaint(text: &str) -> Result<ComplaintId, Failure> {
    ComplaintId::parse(text).map_err(|error| Failure::Wrong(error.to_string()))
}

fn reason(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > LONGEST_REASON || text.chars().any(char::is_control) {
        return Err(Failure::Wrong(format!(
            "--reason {text:?}: say in one line of at most {LONGEST_REASON} characters why"
        )));
    }
    Ok(text.to_owned())
}

async fn list(
    settings: &Settings,
    backend: &Backend,
    unit: Option<String>,
    limit: usize,
    json: bool,
) -> Result<ExitCode, Failure> {
    let world = contacts::world(&backend.store, &settings.data.default_policy).await?;
    let unit = unit.map(|text| unit_of(&world, &text)).transpose()?;
    // Which of them are this unit's shows only when they are read.
    let read = if unit.is_some() {
        usize::MAX >> 1
    } else {
        limit
    };
    let found = backend.store.undelivered(read).await;
    let (mut undelivered, count) = found.map_err(anyhow::Error::from)?;
    if unit.is_some() {
        undelivered.retain(|one| one.unit == unit);
        undelivered.truncate(limit);
    }
    if json {
        let shown = serde_json::json!({ "complaints": count, "undelivered": undelivered });
        println!("{shown}");
        return Ok(ExitCode::SUCCESS);
    }
    for one in &undelivered {
        print(settings, one);
    }
    println!("{count} complaints in all");
    Ok(ExitCode::SUCCESS)
}

fn unit_of(world: &World, text: &str) -> Result<UnitCode, Failure> {
    let known = UnitCode::parse(text).ok();
    let known = known.filter(|code| world.directory().units.contains_key(code));
    known.ok_or_else(|| {
        Failure::Wrong(format!(
            "--unit {text:?}: there is no such unit: write a code from the directory, or leave it out"
        ))
    })
}

fn print(settings: &Settings, one: &Undelivered) {
    let unit = one.unit.as_ref().map_or("-", |unit| unit.as_str());
    let since = local_time(one.since, &settings.server.zone, Language::Id);
    println!(
        "{}  {unit}  {}  {since}  {}",
        one.complaint, one.responder, one.page
    );
    if one.tried.is_empty() {
        println!(
            "    no way at all: siaga verify {} shows why",
            one.responder
        );
    }
    for way in &one.tried {
        println!(
            "    {} ({}), {} attempt(s): {}",
            way.method, way.transport, way.attempts, way.why
        );
    }
}

async fn page_again(
    settings: &Settings,
    backend: &Backend,
    about: &str,
    whom: Option<String>,
    why: &str,
) -> Result<ExitCode, Failure> {
    let why = reason(why)?;
    let page = PageId::parse(about).ok();
    let page = page.and_then(|page| Some((page.parts()?, page)));
    let Some(((id, of_page), page)) = page else {
        let id = complaint(about)?;
        return page_people_again(settings, backend, &id, whom, &why).await;
    };
    if whom.as_ref().is_some_and(|whom| *whom != of_page.as_str()) {
        return Err(Failure::Wrong(format!(
            "{about}: this page is {of_page}'s: leave the person out, or name the complaint"
        )));
    }
    let found = backend.store.load_escalation(&id).await;
    let state = found.map_err(anyhow::Error::from)?;
    let state = state.ok_or_else(|| anyhow::anyhow!("there is no complaint {id}"))?;
    let unreached = state.value.unreached.get(&of_page);
    if unreached.is_none_or(|it| it.page != page) {
        return Err(Failure::Failed(anyhow::anyhow!(
            "{page} is not undelivered: siaga undelivered list shows those that are"
        )));
    }
    let responder = of_page;
    give(settings, backend, &id, Order::PageAgain { responder }, &why).await?;
    Ok(ExitCode::SUCCESS)
}

async fn page_people_again(
    settings: &Settings,
    backend: &Backend,
    id: &ComplaintId,
    whom: Option<String>,
    why: &str,
) -> Result<ExitCode, Failure> {
    let whom = if let Some(text) = whom {
        vec![ResponderId::parse(&text).map_err(|error| Failure::Wrong(error.to_string()))?]
    } else {
        let found = backend.store.load_escalation(id).await;
        let state = found.map_err(anyhow::Error::from)?;
        let state = state.ok_or_else(|| anyhow::anyhow!("there is no complaint {id}"))?;
        state.value.unreached.into_keys().collect()
    };
    if whom.is_empty() {
        return Err(Failure::Wrong(format!(
            "{id}: everybody who was paged about it was reached: name whom to page all the same"
        )));
    }
    for responder in whom {
        let order = Order::PageAgain { responder };
        give(settings, backend, id, order, why).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives the order and tells who is paged by it.
async fn give(
    settings: &Settings,
    backend: &Backend,
    id: &ComplaintId,
    order: Order,
    reason: &str,
) -> Result<(), Failure> {
    let store = &backend.store;
    let world = contacts::world(store, &settings.data.default_policy).await?;
    let now = SystemClock.now();
    let ordered = ByHand {
        order,
        by: operator(),
        reason: reason.to_owned(),
        key: format!("hand.{}.{}", std::process::id(), now.as_nanosecond()),
    };
    let done = store.order_by_hand(&world, id, ordered, now).await;
    let transition = done.map_err(|fault| told(settings, id, fault))?;
    let paged: Vec<String> = transition
        .state
        .told
        .iter()
        .filter(|(_, page)| page.is_some())
        .map(|(responder, _)| responder.to_string())
        .collect();
    println!("{id}: ordered; waiting for {}", paged.join(", "));
    Ok(())
}

fn told(settings: &Settings, id: &ComplaintId, fault: OrderFault) -> Failure {
    match fault {
        OrderFault::NotNow(NotNow::Acknowledged { by, until }) => {
            let until = local_time(until, &settings.server.zone, Language::Id);
            Failure::Failed(anyhow::anyhow!(
                "{id}: {by} has taken it on until {until}: siaga escalate with \
                 --despite-acknowledgement ends that"
            ))
        }
        fault => Failure::Failed(anyhow::anyhow!("{id}: {fault}")),
    }
}
