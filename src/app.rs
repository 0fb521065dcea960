//! Puts every part together from the settings, starts it, and stops it in order.
//!
//! Stopping: first no new work is taken, then what is in flight is settled, then Redis is told to
//! end. A part that cannot be started names what is wrong and what to do.

mod arrivals;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use jiff::Timestamp;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    channel::{
        registry::{self, GatewaySettings},
        sandbox::SandboxBoard,
    },
    clock::{Clock, patience},
    config::{
        Faults, Settings,
        seed::{Seeds, Sources},
        settings::{Gateway as GatewayEntry, RedisMode, Scope, Sync},
    },
    domain::{
        calendar::Calendar,
        id::{CalendarId, ComplaintId, PolicyId, ResponderId},
        policy::{Policy, PolicyRef},
        policy_check,
    },
    engine::{
        Engine, Links, Pulse, Tuning,
        gateways::{Gateway, Gateways},
        housekeeping::Housekeeping,
        scan::Scan,
    },
    inbound::{Inbound, link::Signer},
    intake::units::UnitIndex,
    store::{
        Address, Store, World, Worlds,
        embedded::{self, Embedded, Options},
        snapshots::Kind,
    },
    template::Renderer,
    web::{
        self, Secrets, Web,
        auth::{ApiKey, ApiKeys, Scope as KeyScope},
        demo::Demo,
        health::Health,
    },
};

/// The connection to Redis, and the private child where it is ours.
pub struct Backend {
    /// The store.
    pub store: Store,
    embedded: Option<Embedded>,
}

impl Backend {
    /// Connects as the settings say; starts the private Redis where there is none yet.
    ///
    /// # Errors
    /// When Redis cannot be started or reached.
    pub async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let redis = &settings.redis;
        let (address, embedded) = match (redis.mode, &redis.url) {
            (RedisMode::External, Some(url)) => (Address::new(url.expose_secret()), None),
            (RedisMode::External, None) => bail!("redis.url is missing"),
            (RedisMode::Embedded, _) => {
                let options = Options {
                    folder: redis.data_dir.clone(),
                    program: redis.program.clone(),
                    sync_always: redis.appendfsync == Sync::Always,
                    port: redis.port,
                };
                let child = Embedded::start(options)?;
                (child.address(), Some(child))
            }
        };
        let store = Store::connect(&address, &redis.prefix, redis.shards)
            .await
            .with_context(|| format!("Redis at {address}"))?;
        Ok(Self { store, embedded })
    }

    /// Connects to a running service's Redis, or starts one where none runs: for one-shot commands.
    ///
    /// # Errors
    /// When Redis cannot be reached or started.
    pub async fn join(settings: &Settings) -> anyhow::Result<Self> {
        let redis = &settings.redis;
        if redis.mode == RedisMode::Embedded
            && let Ok(folder) = redis.data_dir.canonicalize()
        {
            let socket = embedded::socket_path(&folder);
            if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
                let store =
                    Store::connect(&Address::unix(&socket), &redis.prefix, redis.shards).await?;
                return Ok(Self {
                    store,
                    embedded: None,
                });
            }
        }
        Self::open(settings).await
    }

    /// Ends the private Redis, if there is one, and waits until its file is safe.
    pub fn close(self) {
        if let Some(child) = self.embedded {
            child.stop();
        }
    }
}

/// Reads and checks the seeds that the settings name, or the shipped ones with `demo`.
pub fn seeds(settings: &Settings, demo: bool) -> (Seeds, Faults) {
    let mut faults = Vec::new();
    let sources = if demo {
        Sources::shipped(true)
    } else {
        Sources::read(&settings.data, &mut faults)
    };
    let seeds = sources.parse(&mut faults);
    let calendars = seeds.calendars.keys().cloned().collect();
    let mut findings = policy_check::check(&seeds.policies, &seeds.directory, &calendars);
    findings.extend(UnitIndex::new(&seeds.directory).findings());
    for finding in findings {
        faults.push(crate::config::Fault {
            gravity: if finding.is_error {
                crate::config::Gravity::Error
            } else {
                crate::config::Gravity::Warning
            },
            file: "data".to_owned(),
            line: None,
            path: finding.place,
            value: finding.value,
            problem: finding.problem,
            remedy: finding.remedy,
        });
    }
    let default = &settings.data.default_policy;
    if !seeds
        .policies
        .iter()
        .any(|policy| policy.id.as_str() == default)
    {
        faults.push(crate::config::Fault {
            gravity: crate::config::Gravity::Error,
            file: "settings".to_owned(),
            line: None,
            path: "data.default_policy".to_owned(),
            value: default.clone(),
            problem: "there is no such policy".to_owned(),
            remedy: "name the id of a policy file".to_owned(),
        });
    }
    (seeds, Faults(faults))
}

/// Makes the seeds live: each that changed gets a new version; every older version that a running
/// escalation may still use is loaded beside it.
///
/// # Errors
/// When Redis is away or the snapshots do not fit together.
pub async fn publish(store: &Store, seeds: Seeds, default: &str) -> anyhow::Result<World> {
    store
        .publish(Kind::Directory, "all", &seeds.directory)
        .await?;
    let mut calendars: HashMap<CalendarId, Calendar> = HashMap::new();
    for (id, calendar) in seeds.calendars {
        store
            .publish(Kind::Calendar, id.as_str(), &calendar)
            .await?;
        calendars.insert(id, calendar);
    }
    let mut policies: Vec<Policy> = Vec::new();
    let mut live = HashMap::new();
    for policy in seeds.policies {
        let id = policy.id.clone();
        let (version, new) = store.publish(Kind::Policy, id.as_str(), &policy).await?;
        if new {
            tracing::info!(policy = %id, version, "a new version of the policy is live");
        }
        live.insert(id.clone(), version);
        for older in 1..version {
            if let Some(found) = store
                .snapshot::<Policy>(Kind::Policy, id.as_str(), older)
                .await?
            {
                policies.push(Policy {
                    version: older,
                    ..found
                });
            }
        }
        policies.push(Policy { version, ..policy });
    }
    let id = PolicyId::parse(default)?;
    let version = live
        .get(&id)
        .copied()
        .ok_or_else(|| anyhow!("data.default_policy = {default}: there is no such policy"))?;
    Ok(World::new(
        seeds.directory,
        policies,
        calendars,
        PolicyRef { id, version },
    )?)
}

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
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Service {
    /// Starts every part.
    ///
    /// # Errors
    /// Names the part that cannot be started, and why.
    pub async fn start(
        settings: &Settings,
        seeds: Seeds,
        around: Surroundings,
    ) -> anyhow::Result<Self> {
        // The listener first: a port that is taken is told before anything is started.
        let listener = TcpListener::bind(settings.server.listen)
            .await
            .with_context(|| format!("server.listen = {}", settings.server.listen))?;
        let address = listener.local_addr()?;
        let metrics = recorder()?;
        let backend = Backend::open(settings).await?;
        let world = publish(&backend.store, seeds, &settings.data.default_policy).await?;
        let units = Arc::new(UnitIndex::new(world.directory()));
        let worlds = Worlds::new(world);
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
            gateways(settings, &around.board)?,
            renderer(settings)?,
            Arc::new(SignedLinks {
                signer: signer.clone(),
                base: settings.server.public_url.clone(),
            }),
            tuning(settings),
        );
        let inbound = Inbound {
            store: backend.store.clone(),
            worlds,
            clock: around.clock.clone(),
        };
        let stop = CancellationToken::new();
        arrivals::listen(&engine, &inbound, &stop);
        engine.start(&stop);
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
        let web = Web {
            inbound: inbound.clone(),
            keys: Arc::new(api_keys(settings, around.demo.is_some())?),
            secrets: Arc::new(Secrets {
                kannel: settings.inbound.kannel_secret.clone(),
                whatsapp_verify_token: settings.inbound.whatsapp_verify_token.clone(),
                whatsapp_app_secret: settings.inbound.whatsapp_app_secret.clone(),
            }),
            whatsapp_numbers: settings.whatsapp_numbers().into(),
            signer,
            units,
            health: Arc::new(PartsHealth {
                pulse: engine.pulse(),
                metrics,
            }),
            demo: around.demo,
            zone: settings.server.zone.as_str().into(),
            body_limit: settings.server.body_limit,
        };
        let ending = stop.clone();
        let server = tokio::spawn(async move {
            axum::serve(listener, web::router(web))
                .with_graceful_shutdown(async move { ending.cancelled().await })
                .await
        });
        Ok(Self {
            engine,
            inbound,
            address,
            backend,
            stop,
            server,
        })
    }

    /// Told when the service is to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Stops every part in order.
    pub async fn stop(self) {
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

fn renderer(settings: &Settings) -> anyhow::Result<Renderer> {
    match &settings.data.templates {
        None => Ok(Renderer::shipped(&settings.server.zone)?),
        Some(folder) => {
            let (renderer, faults) = Renderer::with_overrides(folder, &settings.server.zone)?;
            for fault in faults {
                tracing::error!(%fault, "a template is not used; the shipped one is");
            }
            Ok(renderer)
        }
    }
}

fn gateways(settings: &Settings, board: &SandboxBoard) -> anyhow::Result<Gateways> {
    let parts = registry::Parts {
        http: registry::http_client()?,
        sandbox: board.clone(),
    };
    let mut gateways = Gateways::default();
    for entry in &settings.gateways {
        let own = with_callback(entry, settings);
        gateways.add(Gateway {
            channel: registry::build(&entry.name, own, &parts)?,
            two_way: entry.two_way,
            links: entry.links,
        });
    }
    Ok(gateways)
}

/// Kannel is told where its delivery reports go, unless the settings say otherwise.
fn with_callback(entry: &GatewayEntry, settings: &Settings) -> GatewaySettings {
    let mut own = entry.settings.clone();
    let secret = settings.inbound.kannel_secret.expose_secret();
    if let GatewaySettings::Kannel(kannel) = &mut own
        && kannel.dlr_url.is_none()
        && !secret.is_empty()
    {
        let url = format!(
            "{}/hooks/kannel/dlr?secret={secret}",
            settings.server.public_url
        );
        kannel.dlr_url = Some(SecretString::from(url));
    }
    own
}

fn tuning(settings: &Settings) -> Tuning {
    let engine = &settings.engine;
    Tuning {
        batch: engine.batch,
        lease: engine.lease,
        attempt_timeout: engine.attempt_timeout,
        in_flight: engine.in_flight,
        code_rest: engine.code_rest,
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

    fn metrics(&self) -> String {
        self.metrics.render()
    }
}
