//! The ways out, as the settings name them: what is common to all, and what is the provider's own.

use serde::{Deserialize, de::DeserializeOwned};
use toml::{Table, Value};

use super::{document::Document, settings::Gateway, words::nearest};
use crate::{
    channel::{
        registry::{self, GatewaySettings, Parts, Reader},
        sandbox::SandboxBoard,
    },
    domain::delivery::Transport,
};

#[derive(Deserialize)]
struct Common {
    name: String,
    #[serde(default = "yes")]
    two_way: bool,
    #[serde(default)]
    links: Option<bool>,
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
pub(super) fn gateways(document: &mut Document) -> Vec<Gateway> {
    let mut gateways: Vec<Gateway> = Vec::new();
    for (path, mut table) in document.list("gateways") {
        let mut common = Table::new();
        for name in ["name", "two_way", "links"] {
            if let Some(value) = table.remove(name) {
                common.insert(name.to_owned(), value);
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
        if gateways
            .iter()
            .any(|other| other.settings.transport() == transport)
        {
            document.warn(
                &path,
                &common.name,
                &format!("another gateway carries {transport} already"),
                "the first one is used; several gateways for one transport are not supported yet",
            );
        }
        try_out(document, &path, &common.name, &settings);
        gateways.push(Gateway {
            name: common.name,
            two_way: common.two_way,
            // Short messages carry no link unless the route is known to let them through.
            links: common.links.unwrap_or(transport != Transport::Sms),
            settings,
        });
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
            let remedy = nearest(&kind, &types, "write one of");
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
