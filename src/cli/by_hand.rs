//! What is done by hand about a complaint: whom no way has reached, paging again, the next step now.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Failure, letters::operator};
use crate::{
    app::Backend,
    clock::{Clock as _, SystemClock},
    config::Settings,
    domain::{
        calendar::local_time,
        directory::Language,
        escalation::{ByHand, NotNow, Order},
        id::{ComplaintId, PolicyId, ResponderId},
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
        /// How many complaints at most.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Page them again; a running service sends it.
    PageAgain {
        /// Which complaint.
        complaint: String,
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
    /// Also while somebody has taken it on; their acknowledgement ends by it.
    #[arg(long)]
    despite_acknowledgement: bool,
}

pub(super) async fn undelivered(settings: &Settings, words: Words) -> Result<ExitCode, Failure> {
    let backend = Backend::join(settings).await?;
    let done = match words {
        Words::List { limit, json } => list(settings, &backend, limit, json).await,
        Words::PageAgain {
            complaint,
            responder,
            reason,
        } => page_again(settings, &backend, &complaint, responder, &reason).await,
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
    limit: usize,
    json: bool,
) -> Result<ExitCode, Failure> {
    let found = backend.store.undelivered(limit).await;
    let (undelivered, count) = found.map_err(anyhow::Error::from)?;
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

fn print(settings: &Settings, one: &Undelivered) {
    let unit = one.unit.as_ref().map_or("-", |unit| unit.as_str());
    let since = local_time(one.since, &settings.server.zone, Language::Id);
    println!("{}  {unit}  {}  {since}", one.complaint, one.responder);
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
    let id = complaint(about)?;
    let why = reason(why)?;
    let whom = if let Some(text) = whom {
        vec![ResponderId::parse(&text).map_err(|error| Failure::Wrong(error.to_string()))?]
    } else {
        let found = backend.store.load_escalation(&id).await;
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
        give(settings, backend, &id, order, &why).await?;
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
    let live = store.live().await.map_err(anyhow::Error::from)?;
    let lacking = || Failure::Wrong("there is no directory yet: start the service once".to_owned());
    let policy = PolicyId::parse(&settings.data.default_policy).map_err(anyhow::Error::from)?;
    let world = World::of(live.ok_or_else(lacking)?, &policy).map_err(anyhow::Error::from)?;
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
