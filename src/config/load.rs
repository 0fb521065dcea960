//! Reading the settings: file, then environment, then files of secrets; all faults at once.

use std::{fs, path::Path};

use jiff::SignedDuration;
use secrecy::ExposeSecret;
use toml::{Table, Value};
use tracing_subscriber::EnvFilter;

use super::{
    anchors, costs,
    document::Document,
    fault::{Fault, Faults, Gravity},
    gateways, http, inbound_email, operators, outgoing, redis_settings, self_tests,
    settings::{ApiKey, AtStart, Gateway, Scan, Settings},
    subscriptions, webhooks,
    words::nearest,
};
use crate::channel::registry::GatewaySettings;

/// The sections there are.
const SECTIONS: &[&str] = &[
    "server",
    "http",
    "redis",
    "engine",
    "scan",
    "inbound",
    "contacts",
    "links",
    "data",
    "changes",
    "silences",
    "operators",
    "dead_man",
    "outgoing",
    "anchors",
    "log",
    "costs",
    "api_keys",
    "subscriptions",
    "webhooks",
    "gateways",
    "self_tests",
];

/// Before an environment variable that sets a field: `SIAGA__SERVER__LISTEN`.
const PREFIX: &str = "SIAGA__";

/// Reads the settings of a file, or the defaults without one. Gives warnings beside them.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn load(
    path: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<(Settings, Vec<Fault>), Faults> {
    usable(look(path, environment))
}

/// Reads the settings of a text.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn read(
    file: &str,
    text: &str,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<(Settings, Vec<Fault>), Faults> {
    usable(look_at(file, text, environment))
}

fn usable((settings, faults): (Settings, Faults)) -> Result<(Settings, Vec<Fault>), Faults> {
    if faults.has_errors() {
        Err(faults)
    } else {
        Ok((settings, faults.0))
    }
}

/// Reads as much of the settings of a file as fits, and everything that is wrong with the rest, so
/// that what the settings name can be looked at too.
pub fn look(
    path: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> (Settings, Faults) {
    let Some(path) = path else {
        return look_at("(defaults)", "", environment);
    };
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => look_at(&name, &text, environment),
        Err(error) => {
            let fault = Fault {
                gravity: Gravity::Error,
                file: name,
                line: None,
                path: "(file)".to_owned(),
                value: String::new(),
                problem: format!("cannot be read ({error})"),
                remedy: "name the settings file with --config".to_owned(),
            };
            (Settings::default(), Faults(vec![fault]))
        }
    }
}

/// As [`look`], of a text.
pub(super) fn look_at(
    file: &str,
    text: &str,
    environment: impl Iterator<Item = (String, String)>,
) -> (Settings, Faults) {
    let mut document = Document::parse(file, text);
    for (name, value) in environment {
        if let Some(path) = name.strip_prefix(PREFIX) {
            let path: Vec<String> = path.split("__").map(str::to_lowercase).collect();
            set(&mut document.table, &path, &value);
            let whence = format!("the environment's {name}");
            document.came_from(&path.join("."), &whence);
        }
    }
    let mut table = std::mem::take(&mut document.table);
    secrets(&mut table, "", &mut document);
    document.table = table;
    let mut settings = Settings {
        server: document.section("server"),
        http: document.section("http"),
        redis: document.section("redis"),
        engine: document.section("engine"),
        scan: document.section("scan"),
        inbound: document.section("inbound"),
        contacts: document.section("contacts"),
        links: document.section("links"),
        data: document.section("data"),
        changes: document.section("changes"),
        silences: document.section("silences"),
        operators: document.section("operators"),
        dead_man: document.section("dead_man"),
        outgoing: document.section("outgoing"),
        anchors: document.section("anchors"),
        log: document.section("log"),
        costs: document.section("costs"),
        api_keys: api_keys(&mut document),
        gateways: gateways::read(&mut document),
        self_tests: Vec::new(),
        subscriptions: subscriptions::read(&mut document),
        webhooks: webhooks::read(&mut document),
    };
    settings.self_tests = self_tests::read(&settings, &mut document);
    check(&settings, &mut document);
    http::check(&settings, &mut document);
    inbound_email::check(&settings, &mut document);
    costs::check(&settings, &mut document);
    operators::check(&settings, &mut document);
    outgoing::check(&settings, &mut document);
    anchors::check(&settings, &mut document);
    redis_settings::check(&settings, &mut document);
    let faults = Faults(document.finish(SECTIONS));
    (settings, faults)
}

/// Puts a value from the environment in its place. What is no TOML value is text.
fn set(table: &mut Table, path: &[String], value: &str) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        let value = format!("v = {value}")
            .parse::<Table>()
            .ok()
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(|| Value::String(value.to_owned()));
        table.insert(first.clone(), value);
    } else if let Value::Table(inner) = table
        .entry(first.clone())
        .or_insert_with(|| Value::Table(Table::new()))
    {
        set(inner, rest, value);
    }
}

/// Fields that end in `_file` and are themselves the name of a file: they stay as they are.
const NAMES_OF_FILES: [&str; 1] = ["ca_file"];

/// Replaces each `NAME_file` by `NAME` with the file's content, so that no secret need stand in the
/// settings.
fn secrets(table: &mut Table, path: &str, document: &mut Document) {
    let names: Vec<String> = table.keys().cloned().collect();
    for name in names {
        let here = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        match table.get_mut(&name) {
            Some(Value::Table(inner)) => secrets(inner, &here, document),
            Some(Value::Array(items)) => {
                for (index, item) in items.iter_mut().enumerate() {
                    if let Value::Table(inner) = item {
                        secrets(inner, &format!("{here}[{index}]"), document);
                    }
                }
            }
            Some(Value::String(file)) => {
                let Some(bare) = name.strip_suffix("_file") else {
                    continue;
                };
                if NAMES_OF_FILES.contains(&name.as_str()) {
                    continue;
                }
                match fs::read_to_string(&*file) {
                    Ok(text) => {
                        table.insert(bare.to_owned(), Value::String(text.trim().to_owned()));
                    }
                    Err(error) => document.fault(
                        &here,
                        file,
                        &format!("cannot be read ({error})"),
                        "name a file that the service may read",
                    ),
                }
                table.remove(&name);
            }
            _ => {}
        }
    }
}

fn api_keys(document: &mut Document) -> Vec<ApiKey> {
    let mut keys: Vec<ApiKey> = Vec::new();
    for (path, table) in document.list("api_keys") {
        let Some(key) = document.piece::<ApiKey>(&path, table) else {
            continue;
        };
        if hex::decode(&key.sha256).map(|bytes| bytes.len()) != Ok(32) {
            document.fault(
                &format!("{path}.sha256"),
                &format!("{:?}", key.sha256.chars().take(20).collect::<String>()),
                "not the SHA-256 of a key",
                "64 hexadecimal digits, as siaga key prints them",
            );
        }
        if keys.iter().any(|other| other.name == key.name) {
            document.fault(
                &format!("{path}.name"),
                &key.name,
                "the name is taken",
                "give each key a name of its own",
            );
        }
        keys.push(key);
    }
    keys
}

/// A rule about settings: whether it is broken, the setting, its value, what is wrong, what to write.
type Rule<'a> = (bool, &'a str, String, &'a str, &'a str);

/// What fits by itself and not together.
fn check(settings: &Settings, document: &mut Document) {
    let (engine, scan, redis) = (&settings.engine, &settings.scan, &settings.redis);
    let url = &settings.server.public_url;
    let is_address = url.starts_with("http://") || url.starts_with("https://");
    let known = Scan::default().fields;
    let foreign = scan.fields.keys().find(|name| !known.contains_key(*name));
    let names: Vec<&String> = known.keys().collect();
    let nearest_name = foreign
        .map(|name| nearest(name, &names, "the fields are"))
        .unwrap_or_default();
    let secret = settings.links.secret.expose_secret().len();
    let filter = &settings.log.filter;
    let orders = settings.data.at_start == AtStart::Apply;
    let errors: [Rule<'_>; 18] = [
        (
            settings.changes.approval && orders,
            "data.at_start",
            "\"apply\"".to_owned(),
            "a start would pass by the approval that changes.approval asks for",
            "write at_start = \"seed\" and use siaga apply, or approval = false",
        ),
        (
            settings.server.body_limit < 1024,
            "server.body_limit",
            settings.server.body_limit.to_string(),
            "too little for a complaint",
            "8388608 is good: 8 MiB",
        ),
        (
            !(1..=5_000).contains(&engine.batch),
            "engine.batch",
            engine.batch.to_string(),
            "not a size of a batch",
            "1 to 5000; 200 is good",
        ),
        (
            !(1..=10_000).contains(&engine.in_flight),
            "engine.in_flight",
            engine.in_flight.to_string(),
            "not a number of requests",
            "1 to 10000; 64 is good",
        ),
        (
            engine.lease.as_secs() < 5,
            "engine.lease",
            length(engine.lease),
            "too short: a slow pass would lose its work to another",
            "6s is good",
        ),
        (
            engine.attempt_timeout.as_secs() < 1,
            "engine.attempt_timeout",
            length(engine.attempt_timeout),
            "not a length of time that a gateway could answer in",
            "6s is good",
        ),
        (
            engine.code_rest.is_negative() || engine.code_rest.is_zero(),
            "engine.code_rest",
            length(engine.code_rest),
            "a code that does not rest stands for another complaint while a late reply may come",
            "168h is good",
        ),
        (
            engine.bundle_window.is_negative() || engine.bundle_window.as_mins() >= 60,
            "engine.bundle_window",
            length(engine.bundle_window),
            "what is gathered in a flood is told when this has passed",
            "60s is good, 0s gathers nothing",
        ),
        (
            scan.every.as_secs() < 1,
            "scan.every",
            length(scan.every),
            "too often to be done",
            "10m is good",
        ),
        (
            settings.links.valid_for.as_secs() < 60,
            "links.valid_for",
            length(settings.links.valid_for),
            "a link would expire before it is read",
            "72h is good",
        ),
        (
            (1..16).contains(&secret),
            "links.secret",
            "(hidden)".to_owned(),
            "so short that it could be guessed from a link",
            "at least 16 characters, or none for no links: openssl rand -hex 32 makes one",
        ),
        (
            EnvFilter::try_new(filter).is_err(),
            "log.filter",
            filter.clone(),
            "not a filter",
            "info, or siaga=debug,warn",
        ),
        (
            scan.enabled && !scan.pattern.contains('*'),
            "scan.pattern",
            scan.pattern.clone(),
            "no place for the complaint's id",
            "write a * where the id stands: aduan:*",
        ),
        (
            scan.enabled && scan.pattern.starts_with(&format!("{}:", redis.prefix)),
            "scan.pattern",
            scan.pattern.clone(),
            "these are Siaga's own keys",
            "other systems write under a prefix of their own",
        ),
        (
            scan.enabled && foreign.is_some(),
            "scan.fields",
            foreign.cloned().unwrap_or_default(),
            "no field of ours",
            &nearest_name,
        ),
        (
            scan.enabled && !scan.fields.contains_key("received_at"),
            "scan.fields",
            String::new(),
            "without received_at no complaint has a deadline",
            "name every field that the hashes have: received_at = \"diterima\"",
        ),
        (
            jiff::tz::TimeZone::get(&settings.server.zone).is_err(),
            "server.zone",
            settings.server.zone.clone(),
            "no such time zone",
            "Asia/Jakarta, Asia/Makassar or Asia/Jayapura",
        ),
        (
            !is_address || url.ends_with('/'),
            "server.public_url",
            url.clone(),
            "not an address",
            "https://siaga.example.go.id, without a slash at the end",
        ),
    ];
    for (is_broken, path, value, problem, remedy) in errors {
        if is_broken {
            document.fault(path, &value, problem, remedy);
        }
    }
    let is_real = |gateway: &Gateway| !matches!(gateway.settings, GatewaySettings::Sandbox(_));
    let (real, all) = (
        settings.gateways.iter().filter(|it| is_real(it)).count(),
        settings.gateways.len(),
    );
    let answered_by = |is: fn(&GatewaySettings) -> bool| {
        let mut gateways = settings.gateways.iter();
        gateways.any(|gateway| gateway.two_way && is(&gateway.settings))
    };
    let inbound = &settings.inbound;
    let warnings: [Rule<'_>; 5] = [
        (
            answered_by(|it| matches!(it, GatewaySettings::Kannel(_)))
                && inbound.kannel_secret.expose_secret().is_empty(),
            "inbound.kannel_secret",
            String::new(),
            "empty: Kannel's replies and receipts are refused",
            "a secret that stands in Kannel's get-url too, or two_way = false for its gateway",
        ),
        (
            answered_by(|it| matches!(it, GatewaySettings::WhatsappCloud(_)))
                && inbound.whatsapp_app_secret.expose_secret().is_empty(),
            "inbound.whatsapp_app_secret",
            String::new(),
            "empty: WhatsApp's replies and receipts are refused",
            "the app secret at Meta, or two_way = false for its gateway",
        ),
        (
            real > 0 && real < all,
            "gateways",
            String::new(),
            "a sandbox stands beside real gateways: what goes through it reaches nobody",
            "take the sandbox out",
        ),
        (
            real > 0 && url.contains("//127.0.0.1"),
            "server.public_url",
            url.clone(),
            "gateways on other machines cannot reach this address: no replies, no receipts",
            "the address by which they reach the service",
        ),
        (
            all == 0,
            "gateways",
            String::new(),
            "there is no gateway: nobody can be paged",
            "add [[gateways]]; type = \"sandbox\" for a trial",
        ),
    ];
    for (is_broken, path, value, problem, remedy) in warnings {
        if is_broken {
            document.warn(path, &value, problem, remedy);
        }
    }
}

/// A length of time as it is written in a file.
fn length(length: SignedDuration) -> String {
    let sign = if length.is_negative() { "-" } else { "" };
    format!("{sign}{:#}", length.abs())
}
