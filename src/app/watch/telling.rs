//! Telling those who run the service: by a webhook, by e-mail, by short message. Each way by itself, so that one that
//! is ill keeps nothing from the others; by the first gateway that takes it, whatever its breaker thinks.

use jiff::Timestamp;
use serde_json::json;

use crate::{
    app::outward::{asked, by_any_gateway, escaped},
    channel::{Outgoing, guard::GuardedClient},
    config::settings::Operators,
    domain::{
        delivery::{Address, Transport},
        message::Message,
        watch::{Told, Turn},
    },
    engine::gateways::Gateways,
};

/// What fits into one short message.
const SHORT: usize = 160;

pub(super) struct Teller<'w> {
    pub(super) client: &'w GuardedClient,
    pub(super) gateways: &'w Gateways,
    pub(super) operators: &'w Operators,
    pub(super) instance: &'w str,
}

impl Teller<'_> {
    /// Tells everybody; what fails is in the log and counted.
    pub(super) async fn tell(&self, told: &Told, now: Timestamp) {
        if let Some(url) = &self.operators.webhook {
            let body = json!({
                "name": told.name,
                "turn": told.turn,
                "since": told.since,
                "what": told.what,
                "remedy": told.remedy,
                "instance": self.instance,
            });
            let outcome = asked(url, |url| Ok(self.client.post(url)?.json(&body))).await;
            count("webhook", outcome.err());
        }
        let subject = match told.turn {
            Turn::Begun => "SIAGA SISTEM",
            Turn::Lasts => "SIAGA SISTEM, masih",
            Turn::Over => "SIAGA SISTEM, pulih",
        };
        let remedy = if told.remedy.is_empty() {
            String::new()
        } else {
            format!(". {}", told.remedy)
        };
        let text = format!("{subject}: {}{remedy}", told.what);
        for (place, address) in self.operators.emails.iter().enumerate() {
            let since = told.since;
            let text = format!("{text}.\n\nSejak {since:.0}, pada {}.\n", self.instance);
            let html = format!("<p>{}</p>", escaped(&text));
            let message = Message::Email {
                subject: format!("{subject}: {}", told.what),
                text,
                html,
            };
            let to = Address::Email(address.clone());
            self.send(Transport::Email, to, message, told, (place, now))
                .await;
        }
        let short: String = text.chars().take(SHORT).collect();
        for (place, number) in self.operators.telephones.iter().enumerate() {
            let message = Message::Sms {
                text: short.clone(),
            };
            let to = Address::Phone(number.clone());
            self.send(Transport::Sms, to, message, told, (place, now))
                .await;
        }
    }

    async fn send(
        &self,
        transport: Transport,
        to: Address,
        message: Message,
        told: &Told,
        (place, now): (usize, Timestamp),
    ) {
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        };
        let name: String = told.name.chars().map(plain).take(80).collect();
        let outgoing = Outgoing {
            reference: format!("watch.{name}.{place}.{}", now.as_second()),
            to,
            message,
            in_reply_to: None,
        };
        let outcome = by_any_gateway(self.gateways, transport, &outgoing).await;
        count(transport.as_str(), outcome.err());
    }
}

fn count(way: &'static str, why: Option<String>) {
    let result = if why.is_none() { "sent" } else { "failed" };
    metrics::counter!("siaga_operator_messages_total", "way" => way, "result" => result)
        .increment(1);
    if let Some(why) = why {
        tracing::error!(
            way,
            why,
            "whoever runs the service could not be told this way"
        );
    }
}
