//! Which addresses of the own network may be asked besides public ones: `[outgoing]`.

use std::net::IpAddr;

use ipnet::IpNet;
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{document::Document, settings::Settings};
use crate::channel::guard::Reach;

/// What requests to configured addresses may reach. Gateways are not among these.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutgoingRequests {
    /// Networks that are not public and may be asked all the same.
    #[serde(deserialize_with = "networks")]
    pub private: Vec<IpNet>,
}

impl OutgoingRequests {
    /// What may be asked.
    #[must_use]
    pub fn reach(&self) -> Reach {
        Reach::new(self.private.clone())
    }
}

/// Networks as operators write them.
pub(super) fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    let written = Vec::<String>::deserialize(from)?;
    let read = |text: &String| {
        let whole = || text.parse::<IpAddr>().map(IpNet::from);
        let network = text.parse::<IpNet>().or_else(|_| whole());
        network.map_err(|_| {
            D::Error::custom(format!(
                "{text:?} is no network; write it as \"10.1.0.0/16\" or \"10.1.2.3\""
            ))
        })
    };
    written.iter().map(read).collect()
}

/// Whether this is an address that can be asked.
pub(super) fn is_address(url: &SecretString) -> bool {
    Url::parse(url.expose_secret())
        .is_ok_and(|it| matches!(it.scheme(), "http" | "https") && it.host().is_some())
}

/// Tells which addresses would never be asked. What a name leads to is seen when it is asked.
pub(super) fn check(settings: &Settings, document: &mut Document) {
    let reach = settings.outgoing.reach();
    let operators = [
        ("anchors.webhook", &settings.anchors.webhook),
        ("operators.webhook", &settings.operators.webhook),
        ("dead_man.url", &settings.dead_man.url),
    ];
    let operators = operators
        .into_iter()
        .filter_map(|(field, url)| Some((field.to_owned(), url.as_ref()?)));
    let calendars = settings
        .subscriptions
        .iter()
        .enumerate()
        .map(|(place, it)| (format!("subscriptions[{place}].url"), &it.url));
    for (field, url) in operators.chain(calendars) {
        let judged = Url::parse(url.expose_secret()).map(|url| reach.judge(&url));
        if let Ok(Err(refused)) = judged {
            let network = IpNet::from(refused.address);
            let remedy = format!("write outgoing.private = [\"{network}\"] if that is meant");
            document.fault(&field, "(hidden)", "no public address", &remedy);
        }
    }
}
