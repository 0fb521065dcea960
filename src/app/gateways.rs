//! Builds the ways out that the settings name, and what their providers must be told of the way back.

use std::sync::Arc;

use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    channel::{
        registry::{self, GatewaySettings},
        sandbox::SandboxBoard,
        twilio_voice::script::Script,
    },
    config::{Settings, settings::Gateway as GatewayEntry},
    domain::cost::{Budget, Ceilings},
    engine::gateways::{Gateway, Gateways, Terms},
    inbound::twilio::Account,
};

/// Every gateway, in the order in which they are written.
pub(super) fn build(settings: &Settings, board: &SandboxBoard) -> anyhow::Result<Gateways> {
    let parts = registry::Parts {
        http: registry::http_client()?,
        sandbox: board.clone(),
    };
    let ceilings = Ceilings {
        per_day: settings.costs.per_day,
        per_month: settings.costs.per_month,
        careful_from: settings.costs.careful_from,
    };
    let zone = TimeZone::get(&settings.server.zone)?;
    let mut gateways = Gateways::paid_by(Budget::new(ceilings, zone));
    for entry in &settings.gateways {
        let own = with_callback(entry, settings);
        let gateway = Gateway {
            channel: registry::build(&entry.name, own, &parts)?,
            two_way: entry.two_way,
            links: entry.links,
            route: entry.route.clone(),
        };
        let terms = Terms {
            limit: entry.limit,
            sender: entry.sender.clone(),
            price: entry.price,
        };
        gateways.add_on(gateway, &terms);
    }
    Ok(gateways)
}

/// Kannel and Twilio are told where their reports go, and keys that are pressed, unless the settings
/// say otherwise; e-mail, where its answers are read.
fn with_callback(entry: &GatewayEntry, settings: &Settings) -> GatewaySettings {
    let mut own = entry.settings.clone();
    if let GatewaySettings::Twilio(twilio) = &mut own
        && twilio.status_callback.is_none()
    {
        let url = format!("{}/hooks/twilio/status", settings.server.public_url);
        twilio.status_callback = Some(url);
    }
    if let GatewaySettings::Smtp(smtp) = &mut own
        && let Some(email) = &settings.inbound.email
    {
        // Looked at when the settings were read.
        smtp.returns = email.returns().ok();
    }
    if let GatewaySettings::TwilioVoice(calls) = &mut own {
        let at = |path: &str| format!("{}/hooks/twilio/{path}", settings.server.public_url);
        calls.status_callback.get_or_insert_with(|| at("call"));
        calls.key_callback.get_or_insert_with(|| at("key"));
    }
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

/// The accounts of all gateways through Twilio, by which its webhooks are believed.
pub(super) fn twilio_accounts(settings: &Settings) -> Arc<[Account]> {
    let accounts = settings.gateways.iter().map(|entry| match &entry.settings {
        GatewaySettings::Twilio(twilio) => Some(Account {
            sid: twilio.account_sid.clone(),
            auth_token: twilio.auth_token.clone(),
        }),
        GatewaySettings::TwilioVoice(calls) => Some(Account {
            sid: calls.account_sid.clone(),
            auth_token: calls.auth_token.clone(),
        }),
        _ => None,
    });
    accounts.flatten().collect()
}

/// How calls are worded, by the number from which they come.
pub(super) fn scripts(settings: &Settings) -> Arc<[(String, Script)]> {
    let scripts = settings.gateways.iter().filter_map(|entry| {
        let GatewaySettings::TwilioVoice(calls) = with_callback(entry, settings) else {
            return None;
        };
        Some((calls.from.clone(), calls.script()))
    });
    scripts.collect()
}
