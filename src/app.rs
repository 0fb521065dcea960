//! Puts every part together from the settings, starts it, and stops it in order.
//!
//! Stopping: first no new work is taken, then what is in flight is settled, then Redis is told to
//! end. A part that cannot be started names what is wrong and what to do.

mod anchors;
mod arrivals;
mod backend;
mod gateways;
mod mailbox;
mod outward;
pub mod replayed;
mod seeding;
mod slots;
mod subscriptions;
mod supervisor;
mod watch;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    changes::keeper::Keeper,
    channel::{guard::GuardedClient, sandbox::SandboxBoard},
    clock::{Clock, patience},
    config::{Settings, settings::Scope},
    domain::id::{ComplaintId, ResponderId},
    engine::{
        Engine, Links, Pulse, Tuning, gateways::Gateways, housekeeping::Housekeeping, scan::Scan,
    },
    inbound::{Inbound, email::mailbox::MailboxHealth, link::Signer},
    intake::live_units::LiveUnits,
    store::Worlds,
    template::{Renderer, lint::Carrier},
    web::{
        self, Calls, Gate, Secrets, Web,
        auth::{ApiKey, ApiKeys, Scope as KeyScope},
        demo::Demo,
        health::{Health, SharedHealth},
    },
};

use self::{anchors::Anchoring, supervisor::Supervisor, watch::Watch};
pub use self::{
    backend::Backend,
    seeding::{Files, begin, changes, files},
};

/// What a service runs on beside its settings.
pub struct Surroundings {
    /// Promise time.
    pub clock: Arc<dyn Clock>,
    /// The demo's telephones, in the demo.
    pub demo: Option<Arc<Demo>>,
    /// Where sandbox messages arrive.
    pub board: SandboxBoard,
}

/// A running service.
pub struct Service {
    /// The loops.
    pub engine: Engine,
    /// Replies and receipts.
    pub inbound: Inbound,
    /// Where it listens.
    pub address: SocketAddr,
    backend: Backend,
    stop: CancellationToken,
    server: tokio::task::JoinHandle<()>,
    supervisor: Arc<Supervisor>,
}

impl Service {
    /// Starts every part.
    ///
    /// # Errors
    /// Names the part that cannot be started, and why.
    pub async fn start(
        settings: &Settings,
        files: &Files,
        around: Surroundings,
    ) -> anyhow::Result<Self> {
        // The listener first: a port that is taken is told before anything is started.
        let listener = TcpListener::bind(settings.server.listen)
            .await
            .with_context(|| format!("server.listen = {}", settings.server.listen))?;
        let address = listener.local_addr()?;
        let metrics = recorder()?;
        let backend = Backend::open(settings).await?;
        let changes = changes(&backend.store, settings)?;
        let now = around.clock.now();
        let world = begin(&changes, files, settings.data.at_start, now).await?;
        let worlds = Worlds::new(world);
        let units = LiveUnits::new(worlds.clone());
        let signer = (!settings.links.secret.expose_secret().is_empty()).then(|| {
            Arc::new(Signer::new(
                settings.links.secret.clone(),
                settings.links.valid_for,
            ))
        });
        let engine = Engine::new(
            backend.store.clone(),
            around.clock.clone(),
            worlds.clone(),
            gateways::build(settings, &around.board)?,
            renderer(settings)?,
            Arc::new(SignedLinks {
                signer: signer.clone(),
                base: settings.server.public_url.clone(),
            }),
            tuning(settings),
        );
        let inbound = Inbound {
            store: backend.store.clone(),
            worlds: worlds.clone(),
            clock: around.clock.clone(),
            contacts: settings.contacts,
            self_tests: settings.self_tests.iter().cloned().collect(),
        };
        let stop = CancellationToken::new();
        arrivals::listen(&engine, &inbound, &stop);
        engine.read_costs().await?;
        let mailbox = mailbox::start(settings, &inbound, &stop)?;
        engine.start(&stop);
        engine.keep_testing(&inbound.self_tests, &stop);
        subscriptions::start(settings, &changes, &around.clock, &stop)?;
        let keeper = Keeper::new(changes, worlds.clone(), around.clock.clone());
        tokio::spawn(keeper.keep(stop.clone()));
        let work = Housekeeping {
            scan: settings.scan.enabled.then(|| Scan {
                pattern: settings.scan.pattern.clone(),
                fields: settings.scan.fields.clone().into_iter().collect(),
                units: units.clone(),
            }),
            every: settings.scan.every,
            follow_changes: settings.scan.follow_changes,
        };
        engine.keep_house(work, stop.clone()).await?;
        if let Some(demo) = &around.demo {
            tokio::spawn(demo.clone().run(inbound.clone(), stop.clone()));
        }
        let health: SharedHealth = Arc::new(PartsHealth {
            pulse: engine.pulse(),
            gateways: engine.gateways.clone(),
            mailbox,
            clock: around.clock.clone(),
            metrics,
        });
        // The demo's fast clock makes everything late that takes a moment.
        if around.demo.is_none() {
            let watch = Watch {
                engine: engine.clone(),
                health: health.clone(),
                clock: around.clock.clone(),
                operators: settings.operators.clone(),
                dead_man: settings.dead_man.clone(),
                instance: settings.server.public_url.clone(),
                client: GuardedClient::new(settings.outgoing.reach(), 0)?,
            };
            tokio::spawn(watch.keep(stop.clone()));
        }
        let gate = Arc::new(Gate::new(&settings.http, settings.server.body_limit));
        let anchoring = Anchoring {
            engine: engine.clone(),
            anchors: settings.anchors.clone(),
            instance: settings.server.public_url.clone(),
            client: GuardedClient::new(settings.outgoing.reach(), 0)?,
        };
        tokio::spawn(anchoring.keep(stop.clone()));
        let web = Web {
            inbound: inbound.clone(),
            keys: Arc::new(api_keys(settings, around.demo.is_some())?),
            secrets: Arc::new(Secrets {
                kannel: settings.inbound.kannel_secret.clone(),
                whatsapp_verify_token: settings.inbound.whatsapp_verify_token.clone(),
                whatsapp_app_secret: settings.inbound.whatsapp_app_secret.clone(),
            }),
            webhooks: settings.webhooks.clone().into(),
            whatsapp_numbers: settings.whatsapp_numbers().into(),
            twilio_accounts: gateways::twilio_accounts(settings),
            calls: Calls {
                scripts: gateways::scripts(settings),
                renderer: engine.renderer.clone(),
            },
            public_url: settings.server.public_url.as_str().into(),
            signer,
            units,
            health,
            demo: around.demo,
            silence_terms: Arc::new(web::silences::Terms {
                longest: settings.silences.longest,
                gateways: settings.gateways.iter().map(|it| it.name.clone()).collect(),
            }),
            zone: settings.server.zone.as_str().into(),
            gate: Arc::clone(&gate),
        };
        let server = tokio::spawn(web::serve(
            listener,
            web::router(web),
            gate,
            settings.http.clone(),
            stop.clone(),
        ));
        let supervisor = Arc::new(Supervisor::found());
        tokio::spawn(supervisor.clone().keep(engine.pulse(), stop.clone()));
        Ok(Self {
            engine,
            inbound,
            address,
            backend,
            stop,
            server,
            supervisor,
        })
    }

    /// Told when the service is to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Stops every part in order.
    pub async fn stop(self) {
        self.supervisor.ending();
        self.stop.cancel();
        // Open event streams never end by themselves; the others are given a moment.
        let _ = tokio::time::timeout(Duration::from_secs(3), self.server).await;
        // Requests that are under way are settled; one that hangs is recovered by its lease.
        let _ = tokio::time::timeout(Duration::from_secs(20), self.engine.finish()).await;
        self.backend.close();
    }
}

/// The metrics' recorder: one a process, whoever asks first.
fn recorder() -> anyhow::Result<PrometheusHandle> {
    static HANDLE: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut handle = HANDLE
        .lock()
        .map_err(|_| anyhow!("the metrics are in disorder"))?;
    if let Some(handle) = &*handle {
        return Ok(handle.clone());
    }
    let new = PrometheusBuilder::new().install_recorder()?;
    let upkeep = new.clone();
    tokio::spawn(async move {
        loop {
            patience(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    *handle = Some(new.clone());
    Ok(new)
}

/// What the gateways carry, by which messages are put into words.
pub fn carriers(settings: &Settings) -> Vec<Carrier> {
    let gateways = settings.gateways.iter();
    gateways
        .map(|entry| Carrier {
            gateway: entry.name.clone(),
            transport: entry.settings.transport(),
            rules: entry.passes.clone(),
        })
        .collect()
}

fn renderer(settings: &Settings) -> anyhow::Result<Renderer> {
    let shipped = Renderer::shipped(&settings.server.zone)?.carried_by(carriers(settings));
    match &settings.data.templates {
        None => Ok(shipped),
        Some(folder) => {
            let (renderer, faults) = shipped.with_overrides(folder)?;
            for fault in faults {
                tracing::error!(%fault, "a template is not used; the shipped one is");
            }
            Ok(renderer)
        }
    }
}

fn tuning(settings: &Settings) -> Tuning {
    let engine = &settings.engine;
    Tuning {
        batch: engine.batch,
        lease: engine.lease,
        attempt_timeout: engine.attempt_timeout,
        in_flight: engine.in_flight,
        code_rest: engine.code_rest,
        bundle_window: engine.bundle_window,
        contacts: settings.contacts,
    }
}

fn api_keys(settings: &Settings, demo: bool) -> anyhow::Result<ApiKeys> {
    let mut keys = Vec::new();
    for entry in &settings.api_keys {
        let hash = hex::decode(&entry.sha256)?;
        keys.push(ApiKey {
            name: entry.name.clone(),
            sha256: hash
                .try_into()
                .map_err(|_| anyhow!("api_keys: {}: not a SHA-256", entry.name))?,
            scopes: entry
                .scopes
                .iter()
                .map(|scope| match scope {
                    Scope::Intake => KeyScope::Intake,
                    Scope::Read => KeyScope::Read,
                    Scope::Contacts => KeyScope::Contacts,
                    Scope::Operate => KeyScope::Operate,
                })
                .collect(),
            expires: entry.expires,
        });
    }
    Ok(ApiKeys { keys, open: demo })
}

struct SignedLinks {
    signer: Option<Arc<Signer>>,
    base: String,
}

impl Links for SignedLinks {
    fn link(
        &self,
        responder: &ResponderId,
        complaint: &ComplaintId,
        now: Timestamp,
    ) -> Option<String> {
        let signer = self.signer.as_ref()?;
        Some(format!(
            "{}/a/{}",
            self.base,
            signer.sign(responder, complaint, now)
        ))
    }
}

struct PartsHealth {
    pulse: Arc<Pulse>,
    gateways: Arc<Gateways>,
    mailbox: Option<Arc<MailboxHealth>>,
    clock: Arc<dyn Clock>,
    metrics: PrometheusHandle,
}

/// So many passes in a row may fail before the service calls itself unready.
const FAILURES: i64 = 5;

impl Health for PartsHealth {
    fn trouble(&self) -> Option<String> {
        let failures = self.pulse.failures_in_a_row();
        (failures >= FAILURES).then(|| {
            format!("{failures} passes in a row have failed; the log says why (siaga_pass_failures_total)")
        })
    }

    fn gateways_down(&self) -> Vec<String> {
        let down = self.gateways.down().into_iter();
        down.map(|(gateway, since)| format!("{gateway} is down since {since:.0}"))
            .collect()
    }

    fn mailbox_down(&self) -> Option<String> {
        self.mailbox.as_ref()?.trouble()
    }

    fn costs(&self) -> Vec<String> {
        let reached = self.gateways.reached_ceilings(self.clock.now()).into_iter();
        reached
            .map(|it| {
                let (spent, ceiling, from) = (it.spent, it.ceiling, it.from);
                let what = if spent >= ceiling {
                    "only misses go by ways that cost something"
                } else {
                    "warnings go by ways that cost nothing, where there are any"
                };
                format!("{spent} of {ceiling} are spent since {from}: {what}")
            })
            .collect()
    }

    fn metrics(&self) -> String {
        self.metrics.render()
    }
}
