//! Checks of people's own telephones: verifications and test pages. A running service sends them.

use std::{process::ExitCode, time::Duration};

use clap::Args;
use jiff::{
    Timestamp,
    tz::{TimeZone, TimeZoneDatabase},
};
use serde_json::Value;

use super::Failure;
use crate::{
    app::Backend,
    clock::{Clock, SystemClock, patience},
    config::Settings,
    domain::{
        conversation::{Check, CheckState, Conversation},
        delivery::Address,
        id::{MethodId, PolicyId, ResponderId},
        message::CheckKind,
    },
    store::{CheckFault, CheckOrder, Store, World},
    web::responders,
};

/// How `siaga verify` is called.
#[derive(Args)]
pub(super) struct Verify {
    /// Whom to ask; left out: show how everybody's contact methods stand.
    responder: Option<String>,
    /// At which contact method; left out: at each whose address is not verified.
    method: Option<String>,
    /// Ask everybody who has an address that is not verified.
    #[arg(long, conflicts_with_all = ["responder", "method"])]
    all: bool,
    /// The digits that the person has told you, where no reply can come back.
    #[arg(long, requires = "method")]
    code: Option<u16>,
}

/// How `siaga test-page` is called.
#[derive(Args)]
pub(super) struct TestPage {
    /// To whom.
    responder: String,
    /// By which contact method; left out: by the ways of a missed deadline.
    method: Option<String>,
    /// How long to wait for the answer, in seconds; 0: do not wait.
    #[arg(long, default_value_t = 0)]
    wait: u64,
}

/// What the commands work with.
struct Office {
    backend: Backend,
    world: World,
    zone: TimeZone,
    contacts: crate::domain::contacts::Contacts,
}

impl Office {
    async fn open(settings: &Settings) -> Result<Self, Failure> {
        let backend = Backend::join(settings).await?;
        let world = world(&backend.store, &settings.data.default_policy).await?;
        let zone = TimeZoneDatabase::bundled().get(&settings.server.zone);
        Ok(Self {
            backend,
            world,
            zone: zone.unwrap_or(TimeZone::UTC),
            contacts: settings.contacts,
        })
    }

    fn store(&self) -> &Store {
        &self.backend.store
    }

    async fn order(
        &self,
        responder: &ResponderId,
        method: Option<&MethodId>,
        kind: CheckKind,
    ) -> Result<Vec<Check>, CheckFault> {
        let now = SystemClock.now();
        let order = self.order_of(responder, method, kind, now);
        // A machine without chance cannot run the service either; then every code is the first.
        let chance = || responders::chance().unwrap_or_default();
        self.store().order_check(&self.world, &order, chance).await
    }

    fn order_of<'a>(
        &self,
        responder: &'a ResponderId,
        method: Option<&'a MethodId>,
        kind: CheckKind,
        now: Timestamp,
    ) -> CheckOrder<'a> {
        CheckOrder {
            responder,
            method,
            kind,
            contacts: self.contacts,
            at: self.zone.to_datetime(now),
            now,
        }
    }

    async fn talk(&self, id: &ResponderId) -> Result<Conversation, Failure> {
        let found = self
            .store()
            .load_conversations(std::slice::from_ref(id))
            .await;
        let found = found.map_err(anyhow::Error::from)?.pop();
        Ok(found.map(|talk| talk.value).unwrap_or_default())
    }
}

/// What the service runs by.
pub(super) async fn world(store: &Store, policy: &str) -> Result<World, Failure> {
    let lacking = || Failure::Wrong("there is no directory yet: start the service once".to_owned());
    let live = store.live().await.map_err(anyhow::Error::from)?;
    let policy = PolicyId::parse(policy).map_err(anyhow::Error::from)?;
    let world = World::of(live.ok_or_else(lacking)?, &policy);
    Ok(world.map_err(anyhow::Error::from)?)
}

pub(super) async fn verify(settings: &Settings, call: Verify) -> Result<ExitCode, Failure> {
    let office = Office::open(settings).await?;
    let done = verified(&office, call).await;
    office.backend.close();
    done
}

async fn verified(office: &Office, call: Verify) -> Result<ExitCode, Failure> {
    let method = method(call.method.as_deref())?;
    if let Some(responder) = &call.responder {
        let id = person(responder)?;
        if let Some(code) = call.code {
            let now = SystemClock.now();
            let order = office.order_of(&id, method.as_ref(), CheckKind::Verify, now);
            let confirmed = office
                .store()
                .confirm_check(&office.world, &order, code)
                .await;
            if confirmed.map_err(refused)? {
                println!("{id}: verified");
                return Ok(ExitCode::SUCCESS);
            }
            let text = format!("{code} is not what was sent to {id}, or nothing is awaited");
            return Err(Failure::Failed(anyhow::anyhow!(text)));
        }
        let checks = office.order(&id, method.as_ref(), CheckKind::Verify).await;
        tell(&id, &checks.map_err(refused)?);
        return Ok(ExitCode::SUCCESS);
    }
    let people: Vec<ResponderId> = office
        .world
        .directory()
        .responders
        .keys()
        .cloned()
        .collect();
    for id in people {
        if call.all {
            match office.order(&id, None, CheckKind::Verify).await {
                Ok(checks) => tell(&id, &checks),
                Err(CheckFault::Nothing(_)) => {}
                Err(CheckFault::Store(error)) => return Err(Failure::Failed(error.into())),
                Err(fault) => println!("{id}: {fault}"),
            }
        } else {
            show(office, &id).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(office: &Office, id: &ResponderId) -> Result<(), Failure> {
    let Some(person) = office.world.directory().responders.get(id) else {
        return Ok(());
    };
    let talk = office.talk(id).await?;
    let carrying = talk.may_carry(person, office.contacts);
    let last_resorts = talk.last_resorts(person, office.contacts);
    for method in &person.methods {
        let verified = talk.verified(&method.address);
        let verified = verified.map_or_else(
            || "not verified".to_owned(),
            |at| format!("verified {at:.0}"),
        );
        let standing = match talk.stop_of(method) {
            Some(stopped) => format!(
                "out of use since {:.0} ({})",
                stopped.since,
                word(stopped.why)
            ),
            None if !method.enabled => "disabled".to_owned(),
            None if carrying.contains(&method.id) => "carries pages".to_owned(),
            None if last_resorts.contains(method) => "last resort".to_owned(),
            None => "carries none until it is verified".to_owned(),
        };
        println!(
            "{id} {}: {}, {verified}, {standing}",
            method.id,
            method.address.masked()
        );
    }
    Ok(())
}

/// A word as records write it.
fn word(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or(Value::Null);
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) async fn test_page(settings: &Settings, call: TestPage) -> Result<ExitCode, Failure> {
    let office = Office::open(settings).await?;
    let done = tested(&office, call).await;
    office.backend.close();
    done
}

async fn tested(office: &Office, call: TestPage) -> Result<ExitCode, Failure> {
    let id = person(&call.responder)?;
    let method = method(call.method.as_deref())?;
    let checks = office
        .order(&id, method.as_ref(), CheckKind::Test)
        .await
        .map_err(refused)?;
    tell(&id, &checks);
    let Some(ordered) = checks.first().filter(|_| call.wait > 0) else {
        return Ok(ExitCode::SUCCESS);
    };
    let until = ordered.asked_at + Duration::from_secs(call.wait);
    loop {
        let talk = office.talk(&id).await?;
        let now = SystemClock.now();
        let Some(check) = talk.checks.iter().find(|it| it.page == ordered.page) else {
            return Ok(ExitCode::FAILURE);
        };
        if check.state(now) != CheckState::Waiting || now >= until {
            println!("{:#}", responders::check_shown(check, now));
            let answered = check.state(now) == CheckState::Answered;
            return Ok(if answered {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        patience(Duration::from_millis(200)).await;
    }
}

fn tell(id: &ResponderId, checks: &[Check]) {
    for check in checks {
        let to: Vec<String> = check.to.iter().map(Address::masked).collect();
        println!("{id}: {} is on its way to {}", check.page, to.join(", "));
    }
}

fn person(text: &str) -> Result<ResponderId, Failure> {
    ResponderId::parse(text).map_err(|error| Failure::Wrong(error.to_string()))
}

fn method(text: Option<&str>) -> Result<Option<MethodId>, Failure> {
    let method = text.map(MethodId::parse).transpose();
    method.map_err(|error| Failure::Wrong(error.to_string()))
}

fn refused(fault: CheckFault) -> Failure {
    match fault {
        CheckFault::Store(error) => Failure::Failed(error.into()),
        fault => Failure::Wrong(fault.to_string()),
    }
}
