//! The settings, one struct a section. Read once at start; a change needs a restart.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Deserialize;

pub use super::{
    anchors::Anchors,
    http::Http,
    inbound_email::InboundEmail,
    operators::{DeadMan, Operators},
    outgoing::OutgoingRequests,
    redis_settings::{Redis, RedisMode, Require, Sync},
    subscriptions::Subscription,
};
use crate::{
    channel::registry::GatewaySettings,
    domain::{
        contacts::Contacts, gsm::RouteRules, pace::Limit, routing::Route, self_test::Plan,
        webhook::Shape,
    },
};

/// All settings.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How the service is reached.
    pub server: Server,
    /// How much one address or key may have of it.
    pub http: Http,
    /// Where Redis is.
    pub redis: Redis,
    /// How the loops run.
    pub engine: Engine,
    /// Complaints that other systems write into Redis.
    pub scan: Scan,
    /// What webhooks are authenticated by.
    pub inbound: Inbound,
    /// What may become of contact methods.
    pub contacts: Contacts,
    /// Signed acknowledgement links.
    pub links: Links,
    /// Where the directory, policies and calendars are read from.
    pub data: Data,
    /// How these are changed.
    pub changes: Changes,
    /// How long silences may last.
    pub silences: Silences,
    /// Who hears of the service itself.
    pub operators: Operators,
    /// Who hears that all is well.
    pub dead_man: DeadMan,
    /// What may be asked besides public addresses.
    pub outgoing: OutgoingRequests,
    /// Where it is noted how far the ledgers have come.
    pub anchors: Anchors,
    /// How it logs.
    pub log: Log,
    /// What messages may cost.
    pub costs: Costs,
    /// Who may use the API.
    pub api_keys: Vec<ApiKey>,
    /// The ways out.
    pub gateways: Vec<Gateway>,
    /// How gateways are tested.
    pub self_tests: Vec<Plan>,
    /// Calendars that are asked who stands by.
    pub subscriptions: Vec<Subscription>,
    /// Ways in of providers that have no file of their own.
    pub webhooks: Vec<Webhook>,
}

impl Settings {
    /// The ids of the WhatsApp numbers that we send from, by which webhooks name them.
    pub fn whatsapp_numbers(&self) -> Vec<String> {
        let ids = self.gateways.iter().map(|entry| match &entry.settings {
            GatewaySettings::WhatsappCloud(cloud) => Some(cloud.phone_number_id.clone()),
            _ => None,
        });
        ids.flatten().collect()
    }
}

/// How the service is reached.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How gateways and people reach it from outside: stands in callbacks and links.
    pub public_url: String,
    /// How large a request may be, in bytes.
    pub body_limit: usize,
    /// The zone in which times are shown.
    pub zone: String,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: "http://127.0.0.1:8080".to_owned(),
            body_limit: 8 * 1024 * 1024,
            zone: "Asia/Jakarta".to_owned(),
        }
    }
}

/// How the loops run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Engine {
    /// How many complaints or pages one pass takes.
    pub batch: usize,
    /// How long what was taken is nobody else's.
    pub lease: SignedDuration,
    /// How long an attempt may stay unsettled before it counts as lost with its process.
    pub attempt_timeout: SignedDuration,
    /// How many requests to gateways may be under way at once.
    pub in_flight: usize,
    /// How long a reply code rests after use.
    pub code_rest: SignedDuration,
    /// How long what follows a page to the same person is gathered, to leave as one message.
    pub bundle_window: SignedDuration,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            batch: 500,
            lease: SignedDuration::from_secs(6),
            attempt_timeout: SignedDuration::from_secs(6),
            in_flight: 64,
            code_rest: SignedDuration::from_hours(7 * 24),
            bundle_window: SignedDuration::from_secs(60),
        }
    }
}

/// Complaints that other systems write into Redis.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scan {
    /// Whether they are looked for.
    pub enabled: bool,
    /// Their keys.
    pub pattern: String,
    /// How often all of them are looked at.
    pub every: SignedDuration,
    /// Whether a key is looked at the moment it changes, where Redis tells.
    pub follow_changes: bool,
    /// Which of our fields stands in which field of the hash.
    pub fields: BTreeMap<String, String>,
}

impl Default for Scan {
    fn default() -> Self {
        let fields = [
            ("received_at", "diterima"),
            ("unit", "unit"),
            ("source", "kanal"),
            ("classification", "klasifikasi"),
            ("category", "kategori"),
            ("area", "wilayah"),
            ("urgency", "urgensi"),
            ("title", "judul"),
            ("anonymous", "anonim"),
            ("confidential", "rahasia"),
            ("status", "status"),
            ("status_at", "status_sejak"),
        ];
        Self {
            enabled: true,
            pattern: "aduan:*".to_owned(),
            every: SignedDuration::from_mins(10),
            follow_changes: true,
            fields: fields
                .map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()))
                .into(),
        }
    }
}

/// What webhooks are authenticated by (an empty one lets nobody in), and where e-mail is read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inbound {
    /// The parameter `secret` of Kannel's calls.
    pub kannel_secret: SecretString,
    /// The token of Meta's handshake.
    pub whatsapp_verify_token: SecretString,
    /// The app secret by which Meta signs.
    pub whatsapp_app_secret: SecretString,
    /// The mailbox that answers and bounces come to; none: nobody reads them.
    pub email: Option<InboundEmail>,
}

/// A way in of a provider that has no file of its own.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// What stands in its address or header.
    pub secret: SecretString,
    /// What stands where in it.
    pub shape: Shape,
}

/// Signed acknowledgement links.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Links {
    /// What they are signed with; an empty one: no links.
    pub secret: SecretString,
    /// How long one is valid.
    pub valid_for: SignedDuration,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            secret: SecretString::default(),
            valid_for: SignedDuration::from_hours(72),
        }
    }
}

/// Where the directory, policies and calendars are read from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// Units, posts and who holds them: files, each may hold a part.
    pub directory: Vec<PathBuf>,
    /// A folder with a file a policy.
    pub policies: PathBuf,
    /// A folder with a file a calendar.
    pub calendars: PathBuf,
    /// A folder with a folder a set of days off, in it a file a year.
    pub holidays: PathBuf,
    /// The policy of new complaints that no rule of a policy takes.
    pub default_policy: String,
    /// A folder with message templates that take the place of the shipped ones.
    pub templates: Option<PathBuf>,
    /// What a start does with the files.
    pub at_start: AtStart,
}

/// What a start does with the files of the directory, policies and calendars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AtStart {
    /// An empty Redis gets what they say; otherwise what is live stays.
    #[default]
    Seed,
    /// What they say takes force.
    Apply,
}

/// How long silences may last.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Silences {
    /// The longest; a series that recurs may go on ten times as long.
    pub longest: SignedDuration,
}

impl Default for Silences {
    fn default() -> Self {
        Self {
            longest: SignedDuration::from_hours(7 * 24),
        }
    }
}

/// How the directory, policies and calendars are changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Changes {
    /// Whether a second person must approve each change.
    pub approval: bool,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            directory: vec!["config/units.toml".into(), "config/people.toml".into()],
            policies: "config/policies".into(),
            calendars: "config/calendars".into(),
            holidays: "config/holidays".into(),
            default_policy: "baku".to_owned(),
            templates: None,
            at_start: AtStart::Seed,
        }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// How it logs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// What is logged.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

/// What messages may cost, in the currency's whole units.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Costs {
    /// In a day of the server's zone.
    pub per_day: Option<u64>,
    /// In a month of the server's zone.
    pub per_month: Option<u64>,
    /// From which percentage of a ceiling on warnings go by ways that cost nothing, where there are any.
    pub careful_from: u8,
}

impl Default for Costs {
    fn default() -> Self {
        Self {
            per_day: None,
            per_month: None,
            careful_from: 80,
        }
    }
}

/// A key for the API. Only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Whose it is.
    pub name: String,
    /// The SHA-256 of the key, in hexadecimal digits.
    pub sha256: String,
    /// What it may do: `intake`, `read`.
    pub scopes: Vec<Scope>,
    /// From when on it is worth nothing.
    #[serde(default)]
    pub expires: Option<Timestamp>,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Hand complaints in and tell how they stand.
    Intake,
    /// Read complaints and their timelines, and how people can be reached.
    Read,
    /// Check people's telephones: verifications and test pages.
    Contacts,
    /// Look at what could not be processed, try it again, drop it.
    Operate,
}

/// A way out.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Which of the list it is, from 0: where to look for what is said of it.
    pub place: usize,
    /// Its name, for logs and the ledger.
    pub name: String,
    /// Whether people can answer by the same way.
    pub two_way: bool,
    /// Whether its messages may carry a link.
    pub links: bool,
    /// What of a short message its operator lets pass; of other ways only links and answers count.
    pub passes: RouteRules,
    /// Its place among those of its transport.
    pub route: Route,
    /// How fast it may be used.
    pub limit: Limit,
    /// The sender whose limit it shares with the others that name it.
    pub sender: Option<String>,
    /// What a message costs, in the currency's whole units.
    pub price: u64,
    /// What is the provider's own.
    pub settings: GatewaySettings,
}
