//! What the service says on its own account, to whoever runs it or keeps its records: by an address of the settings, by
//! the first gateway that takes it. Pages of people go another way, through the engine.

use std::time::Duration;

use reqwest::{RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    channel::{
        Outgoing,
        guard::{Refused, told},
    },
    domain::delivery::Transport,
    engine::gateways::Gateways,
};

/// How long an address may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks an address of the settings, and tells why it did not take it.
pub(super) async fn asked(
    url: &SecretString,
    begin: impl FnOnce(Url) -> Result<RequestBuilder, Refused>,
) -> Result<(), String> {
    let url = Url::parse(url.expose_secret()).map_err(|error| error.to_string())?;
    let request = begin(url).map_err(|refused| refused.to_string())?;
    let answer = request.timeout(PATIENCE).send().await.map_err(told)?;
    answer.error_for_status().map(drop).map_err(told)
}

/// Sends by the first gateway that takes it, whatever its breaker thinks; tells why none did.
pub(super) async fn by_any_gateway(
    gateways: &Gateways,
    transport: Transport,
    outgoing: &Outgoing,
) -> Result<(), String> {
    let mut why = format!("no gateway carries {transport}");
    for gateway in gateways.iter() {
        if gateway.channel.transport() != transport {
            continue;
        }
        match gateway.channel.send(outgoing).await {
            Ok(_) => return Ok(()),
            Err(error) => why = format!("{}: {}", gateway.channel.name(), error.detail),
        }
    }
    Err(why)
}

/// Text as HTML shows it.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
