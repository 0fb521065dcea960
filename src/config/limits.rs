//! How fast a gateway may be used, as the settings say it: checked, with what its provider is known
//! to allow where they say nothing.

use std::num::NonZeroU32;

use jiff::SignedDuration;
use serde::Deserialize;

use super::{document::Document, settings::Gateway};
use crate::{
    channel::registry::GatewaySettings,
    domain::{delivery::Transport, pace::Limit},
};

/// A limit as it is written; a field that is left out is none.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Written {
    per_second: Option<u32>,
    per_minute: Option<u32>,
    per_recipient: Option<SignedDuration>,
}

/// The longest that one recipient may be left alone: more would only be a slip of the pen.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// The limit of one gateway. One that is written takes the place of what is known.
pub(super) fn limit(
    document: &mut Document,
    path: &str,
    written: Option<Written>,
    settings: &GatewaySettings,
) -> Limit {
    let Some(written) = written else {
        return known(settings);
    };
    let mut counted = |field: &str, count: Option<u32>| {
        let counted = count.and_then(NonZeroU32::new);
        if count.is_some() && counted.is_none() {
            document.fault(
                &format!("{path}.{field}"),
                "0",
                "nothing would ever leave",
                &format!("write 1 or more, or leave {field} out for no limit"),
            );
        }
        counted
    };
    let per_second = counted("per_second", written.per_second);
    let per_minute = counted("per_minute", written.per_minute);
    if let Some(length) = written.per_recipient
        && !(SignedDuration::ZERO < length && length <= LONGEST)
    {
        document.fault(
            &format!("{path}.per_recipient"),
            &format!("{length:#}"),
            "not a time to leave a recipient alone for",
            "write more than 0 s and at most 1 h, like \"6s\", or leave it out for no limit",
        );
    }
    Limit {
        per_second,
        per_minute,
        per_recipient: written.per_recipient,
    }
}

/// What a provider is known to allow.
fn known(settings: &GatewaySettings) -> Limit {
    // Meta: 80 messages a second by one number, and one in 6 seconds to the same person. An unofficial
    // gateway has its own rules.
    let metas = match settings {
        GatewaySettings::WhatsappCloud(_) => true,
        GatewaySettings::Twilio(twilio) => twilio.transport == Transport::Whatsapp,
        _ => false,
    };
    if !metas {
        return Limit::default();
    }
    Limit {
        per_second: NonZeroU32::new(80),
        per_minute: None,
        per_recipient: Some(SignedDuration::from_secs(6)),
    }
}

/// Whether gateways that share a sender agree about it. One that writes no limit takes the others'.
pub(super) fn agree(document: &mut Document, gateways: &mut [Gateway], written: &[usize]) {
    for index in 0..gateways.len() {
        let Some(sender) = gateways[index].sender.clone() else {
            continue;
        };
        if sender.trim().is_empty() {
            document.fault(
                &format!("gateways[{}].sender", gateways[index].place),
                "\"\"",
                "a sender without a name",
                "write the number or name that messages come from, or leave it out",
            );
            continue;
        }
        let shares = |gateway: &&Gateway| {
            gateway.sender.as_ref() == Some(&sender) && written.contains(&gateway.place)
        };
        let Some(first) = gateways.iter().find(shares) else {
            continue;
        };
        let (first, limit) = (first.name.clone(), first.limit);
        let own = &mut gateways[index];
        if written.contains(&own.place) && own.limit != limit {
            document.fault(
                &format!("gateways[{}].limit", own.place),
                &own.name,
                &format!("{first} has the same sender, {sender}, and another limit"),
                "write it at one of them only, or the same at both",
            );
        }
        own.limit = limit;
    }
}
