//! Builds the ways out that the settings name, and what their providers must be told of the way back.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::{
    channel::{
        registry::{self, GatewaySettings},
        sandbox::SandboxBoard,
    },
    config::{Settings, settings::Gateway as GatewayEntry},
    engine::gateways::{Gateway, Gateways},
    inbound::twilio::Account,
};

/// Every gateway, in the order in which they are written.
pub(super) fn build(settings: &Settings, board: &SandboxBoard) -> anyhow::Result<Gateways> {
    let parts = registry::Parts {
        http: registry::http_client()?,
        sandbox: board.clone(),
    };
    let mut gateways = Gateways::default();
    for entry in &settings.gateways {
        let own = with_callback(entry, settings);
        let gateway = Gateway {
            channel: registry::build(&entry.name, own, &parts)?,
            two_way: entry.two_way,
            links: entry.links,
            route: entry.route.clone(),
        };
        gateways.add_limited(gateway, &entry.limit, entry.sender.as_deref());
    }
    Ok(gateways)
}

/// Kannel and Twilio are told where their reports go, unless the settings say otherwise.
fn with_callback(entry: &GatewayEntry, settings: &Settings) -> GatewaySettings {
    let mut own = entry.settings.clone();
    if let GatewaySettings::Twilio(twilio) = &mut own
        && twilio.status_callback.is_none()
    {
        let url = format!("{}/hooks/twilio/status", settings.server.public_url);
        twilio.status_callback = Some(url);
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
        _ => None,
    });
    accounts.flatten().collect()
}
