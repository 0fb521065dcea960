//! The ways out as the settings name them: what is common to all, what is the provider's own, and
//! whether several of one transport fit together.

use std::collections::BTreeSet;

use serde::{Deserialize, de::DeserializeOwned};
use toml::{Table, Value};

use super::{
    document::Document,
    drops,
    fault::{Fault, Gravity, did_you_mean},
    limits,
    settings::Gateway,
    words::nearest,
};
use crate::{
    channel::{
        registry::{self, GatewaySettings, Parts, Reader},
        sandbox::SandboxBoard,
    },
    domain::{
        delivery::Transport,
        directory::Directory,
        gsm::RouteRules,
        id::UnitCode,
        routing::{Conditions, Route, Urgency},
    },
};

/// The fields that every gateway has, whatever its provider.
const COMMON: &[&str] = &[
    "name", "two_way", "links", "drops", "order", "share", "only", "limit", "sender", "price",
];

#[derive(Deserialize)]
struct Common {
    name: String,
    #[serde(default = "yes")]
    two_way: bool,
    #[serde(default)]
    links: Option<bool>,
    #[serde(default)]
    drops: Option<drops::Written>,
    #[serde(default)]
    order: Option<u32>,
    #[serde(default)]
    share: Option<u32>,
    #[serde(default)]
    only: Option<Only>,
    #[serde(default)]
    limit: Option<limits::Written>,
    #[serde(default)]
    sender: Option<String>,
    #[serde(default)]
    price: u64,
}

/// [`Conditions`] as they are written: a list that is there and empty is a mistake.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Only {
    prefixes: Option<Vec<String>>,
    units: Option<Vec<String>>,
    urgency: Option<Urgency>,
}

fn yes() -> bool {
    true
}

/// Reads the pieces of one gateway's table.
struct Piece<'a> {
    document: &'a mut Document,
    path: &'a str,
    table: Table,
}

impl Reader for Piece<'_> {
    fn read<T: DeserializeOwned>(&mut self) -> Option<T> {
        self.document
            .piece(self.path, std::mem::take(&mut self.table))
    }
}

/// Reads every `[[gateways]]`; what does not fit is a fault each.
pub(super) fn read(document: &mut Document) -> Vec<Gateway> {
    let mut gateways: Vec<Gateway> = Vec::new();
    let mut shares: Vec<(usize, u32)> = Vec::new();
    let mut limited: Vec<usize> = Vec::new();
    let listed = document.list("gateways");
    let all = listed.len();
    for (place, (path, mut table)) in listed.into_iter().enumerate() {
        let mut common = Table::new();
        for name in COMMON {
            if let Some(value) = table.remove(*name) {
                common.insert((*name).to_owned(), value);
            }
        }
        let common = document.piece::<Common>(&path, common);
        let settings = provider(document, &path, table);
        let (Some(common), Some(settings)) = (common, settings) else {
            continue;
        };
        if gateways.iter().any(|other| other.name == common.name) {
            document.fault(
                &format!("{path}.name"),
                &common.name,
                "the name is taken",
                "give each gateway a name of its own",
            );
        }
        let transport = settings.transport();
        if common.share == Some(0) {
            document.fault(
                &format!("{path}.share"),
                "0",
                "a gateway that carries nothing",
                "write 1 or more; to use it only when the others fail, give it a higher order",
            );
        }
        if let Some(share) = common.share {
            shares.push((place, share));
        }
        if common.limit.is_some() {
            limited.push(place);
        }
        let limit = limits::limit(document, &format!("{path}.limit"), common.limit, &settings);
        try_out(document, &path, &common.name, &settings);
        // Short messages carry no link unless the route is known to let them through; nobody writes
        // a spoken one down.
        let links =
            transport != Transport::Voice && common.links.unwrap_or(transport != Transport::Sms);
        let passes = RouteRules {
            links_allowed: links,
            two_way: common.two_way,
            ..drops::read(document, &format!("{path}.drops"), common.drops, transport)
        };
        let only = common.only.unwrap_or_default();
        let only = conditions(document, &format!("{path}.only"), only, transport);
        gateways.push(Gateway {
            place,
            name: common.name,
            two_way: common.two_way,
            links,
            passes,
            route: Route {
                // As they are written, from 1.
                order: common
                    .order
                    .unwrap_or_else(|| u32::try_from(place + 1).unwrap_or(u32::MAX)),
                share: common.share.unwrap_or(1),
                only,
            },
            limit,
            sender: common.sender,
            price: common.price,
            settings,
        });
    }
    limits::agree(document, &mut gateways, &limited);
    // One that could not be read might be what the others lack.
    if gateways.len() == all {
        together(document, &gateways, &shares);
    }
    gateways
}

/// Reads what is the provider's own, by the field `type`.
fn provider(document: &mut Document, path: &str, mut table: Table) -> Option<GatewaySettings> {
    let types = GatewaySettings::TYPES;
    let field = format!("{path}.type");
    match table.remove("type") {
        Some(Value::String(kind)) if types.contains(&kind.as_str()) => {
            let mut piece = Piece {
                document,
                path,
                table,
            };
            GatewaySettings::read(&kind, &mut piece)
        }
        Some(Value::String(kind)) => {
            let remedy = nearest(&kind, types, "write one of");
            document.fault(
                &field,
                &format!("{kind:?}"),
                "there is no such choice",
                &remedy,
            );
            None
        }
        given => {
            let value = given.map(|value| value.to_string()).unwrap_or_default();
            let remedy = format!("write one of: {}", types.join(", "));
            document.fault(&field, &value, "missing, or no text", &remedy);
            None
        }
    }
}

/// Builds the gateway once, to find now what would be found when the service starts. Nothing is
/// connected.
fn try_out(document: &mut Document, path: &str, name: &str, settings: &GatewaySettings) {
    let Ok(http) = registry::http_client() else {
        return; // No fault of the settings.
    };
    let parts = Parts {
        http,
        sandbox: SandboxBoard::default(),
    };
    if let Err(fault) = registry::build(name, settings.clone(), &parts) {
        document.fault(
            &format!("{path}.{}", fault.field),
            &fault.value,
            "cannot be used",
            &fault.remedy,
        );
    }
}

/// Checks the conditions of one gateway.
fn conditions(document: &mut Document, path: &str, only: Only, transport: Transport) -> Conditions {
    let empty = "an empty list: nothing would go by this gateway";
    if only.prefixes.as_ref().is_some_and(Vec::is_empty) {
        let remedy = "write the beginnings of numbers, or leave prefixes out";
        document.fault(&format!("{path}.prefixes"), "[]", empty, remedy);
    }
    if only.units.as_ref().is_some_and(Vec::is_empty) {
        let remedy = "write the codes of units, or leave units out";
        document.fault(&format!("{path}.units"), "[]", empty, remedy);
    }
    let prefixes = only.prefixes.unwrap_or_default();
    if transport == Transport::Email && !prefixes.is_empty() {
        document.fault(
            &format!("{path}.prefixes"),
            &format!("{prefixes:?}"),
            "an e-mail goes to no number: nothing would go by this gateway",
            "leave prefixes out",
        );
    }
    for (index, prefix) in prefixes.iter().enumerate() {
        let digits = prefix.strip_prefix('+').unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            document.fault(
                &format!("{path}.prefixes[{index}]"),
                &format!("{prefix:?}"),
                "not the beginning of a number",
                "write it with its country, + and digits only: +62811",
            );
        }
    }
    let mut units = Vec::new();
    for (index, code) in only.units.unwrap_or_default().iter().enumerate() {
        match UnitCode::parse(code) {
            Ok(code) => units.push(code),
            Err(error) => document.fault(
                &format!("{path}.units[{index}]"),
                &format!("{code:?}"),
                &error.to_string(),
                "write the code of a unit: DISHUB",
            ),
        }
    }
    Conditions {
        prefixes,
        units,
        urgency: only.urgency,
    }
}

/// Whether the gateways of one transport fit together.
fn together(document: &mut Document, gateways: &[Gateway], shares: &[(usize, u32)]) {
    for transport in Transport::ALL {
        let of_transport = |gateway: &&Gateway| gateway.settings.transport() == transport;
        let mut those = gateways.iter().filter(of_transport).peekable();
        if those.peek().is_some() && those.all(|gateway| !gateway.route.only.is_empty()) {
            document.warn(
                "gateways",
                transport.as_str(),
                "every gateway of this transport has conditions: a page that meets none goes nowhere \
                 by it",
                "add one without `only`, with the highest order, for all the rest",
            );
        }
    }
    for gateway in gateways {
        let shared = gateways.iter().any(|other| {
            other.place != gateway.place
                && other.settings.transport() == gateway.settings.transport()
                && other.route.order == gateway.route.order
        });
        let share = shares.iter().find(|(place, _)| *place == gateway.place);
        if !shared && let Some((place, share)) = share {
            document.warn(
                &format!("gateways[{place}].share"),
                &share.to_string(),
                &format!(
                    "nothing is shared: no other gateway has the order of {}",
                    gateway.name
                ),
                "give those that share the same order, or leave share out",
            );
        }
    }
}

/// Conditions that name a unit which the directory does not know.
pub fn unknown_units(gateways: &[Gateway], directory: &Directory) -> Vec<Fault> {
    let known: BTreeSet<&str> = directory.units.keys().map(UnitCode::as_str).collect();
    let mut faults = Vec::new();
    for gateway in gateways {
        for (index, unit) in gateway.route.only.units.iter().enumerate() {
            let unit = unit.as_str();
            if known.contains(unit) {
                continue;
            }
            faults.push(Fault {
                gravity: Gravity::Error,
                file: "settings".to_owned(),
                line: None,
                path: format!("gateways[{}].only.units[{index}]", gateway.place),
                value: unit.to_owned(),
                problem: format!("{}: there is no such unit", gateway.name),
                remedy: match did_you_mean(unit, known.iter().copied()) {
                    Some(name) => format!("did you mean {name}?"),
                    None => "write the code of a unit in the directory".to_owned(),
                },
            });
        }
    }
    faults
}
