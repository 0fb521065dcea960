//! What whoever watches must hear of gateways and costs: the log, the metrics and the ledger, once.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::Engine;
use crate::{
    clock::patience,
    domain::{
        breaker::Change,
        delivery::{FailureKind, Transport},
        fact::{Alarm, Fact, What},
        message::Message,
        page::Page,
    },
    store::{Shard, Side, Unit},
    template::{Recipient, TemplateFault},
};

/// The pauses in milliseconds before which a word to the ledger is tried again while Redis is away.
const TELLING: [u64; 5] = [0, 100, 1000, 5000, 20_000];

/// What is to be done about a template that WhatsApp refuses.
const REGISTER: &str = "register it word for word as docs/whatsapp-templates.md has it, wait until it \
                        is approved (through Twilio: name its content in the gateway's templates)";

impl Engine {
    /// Says of every gateway that it is well, before anything is known.
    pub(super) fn show_gateways(&self) {
        for gateway in self.gateways.iter() {
            show(gateway.channel.name(), true);
        }
    }

    /// Tells that a gateway went down or came back.
    pub(super) fn tell_of_gateway(
        &self,
        gateway: &str,
        change: Change,
        failure: Option<&FailureKind>,
        now: Timestamp,
    ) {
        let gateway = gateway.to_owned();
        let alarm = match (change, failure) {
            (Change::WentDown, Some(why)) => {
                show(&gateway, false);
                let kind = why.as_str();
                tracing::error!(
                    gateway,
                    kind,
                    "a gateway is down; others are used where there are any"
                );
                let why = why.clone();
                Alarm::GatewayDown { gateway, why }
            }
            (Change::CameBack { down_since }, _) => {
                show(&gateway, true);
                tracing::warn!(gateway, %down_since, "a gateway is back");
                Alarm::GatewayBack {
                    gateway,
                    down_since,
                }
            }
            (Change::None | Change::WentDown, _) => return,
        };
        self.record_alarm(alarm, now);
    }

    /// Tells that a template failed: always the log and the metric, the ledger once an hour.
    pub(super) fn tell_of_template(&self, fault: &TemplateFault, now: Timestamp) {
        metrics::counter!("siaga_template_failures_total").increment(1);
        tracing::error!(%fault, "a template failed; the message went out in other words");
        let alarm = Alarm::TemplateFailed {
            template: fault.file.clone(),
            why: format!("{}; {}", fault.problem, fault.remedy),
        };
        self.alarm_once_an_hour(format!("template:{}", fault.file), alarm, now);
    }

    /// Tells that WhatsApp does not carry one of our templates: always the log and the metric, the
    /// ledger once an hour. `said` is what the gateway gave as its reason, where it gave one.
    pub(super) fn tell_of_refused_template(
        &self,
        gateway: &str,
        message: &Message,
        said: &str,
        now: Timestamp,
    ) {
        let Message::WhatsappTemplate { name, language, .. } = message else {
            return;
        };
        metrics::counter!("siaga_templates_refused_total").increment(1);
        let template = format!("{name}.{language}");
        tracing::error!(gateway, template, said, "WhatsApp refuses a template");
        let job = format!("whatsapp:{gateway}:{template}");
        let alarm = Alarm::TemplateRefused {
            gateway: gateway.to_owned(),
            template,
            why: format!("{said}; {REGISTER}"),
        };
        self.alarm_once_an_hour(job, alarm, now);
    }

    /// The same of a page whose template was refused after the gateway had taken it. The receipt names
    /// neither, so the template is the one that its content goes by.
    pub(super) fn tell_of_template_refused_later(&self, page: &Page, now: Timestamp) {
        let world = self.worlds.get();
        let person = world.directory().responders.get(&page.responder);
        let to = Recipient {
            transport: Transport::Whatsapp,
            language: person.map(|person| person.language).unwrap_or_default(),
            two_way: true,
            whatsapp_window_open: false,
            link: None,
            links: BTreeMap::new(),
        };
        let message = self.renderer.render(&page.content, &to, now).message;
        let said = format!("a receipt of page {} says so", page.id);
        self.tell_of_refused_template(&to.transport.to_string(), &message, &said, now);
    }

    /// Puts an alarm into the ledger, once a job and hour, whichever process tells it.
    fn alarm_once_an_hour(&self, job: String, alarm: Alarm, now: Timestamp) {
        let hour = now.as_second().div_euclid(3600) * 3600;
        let Ok(hour) = Timestamp::from_second(hour) else {
            return;
        };
        if self.gateways.told().insert(job.clone(), hour) == Some(hour) {
            return;
        }
        let (engine, busy) = (self.clone(), self.busy.begin());
        self.tasks.spawn(async move {
            let _busy = busy;
            // When Redis cannot say whether somebody else has told it: twice is better than never.
            if engine.store.claim_slot(&job, hour).await.unwrap_or(true) {
                engine.record_alarm(alarm, now);
            }
        });
    }

    /// Puts an alarm that is about no complaint into the first ledger of the responders' side.
    pub(super) fn record_alarm(&self, alarm: Alarm, now: Timestamp) {
        let fact = Fact {
            at: now,
            complaint: None,
            what: What::Alarm { alarm },
        };
        let (store, busy) = (self.store.clone(), self.busy.begin());
        self.tasks.spawn(async move {
            let _busy = busy;
            let shard = Shard {
                side: Side::Responders,
                number: 0,
            };
            for pause in TELLING {
                patience(Duration::from_millis(pause)).await;
                let unit = Unit {
                    facts: vec![fact.clone()],
                    ..Unit::default()
                };
                match store.commit(shard, unit).await {
                    Ok(_) => return,
                    Err(error) => tracing::error!(%error, "an alarm is not recorded yet"),
                }
            }
        });
    }
}

fn show(gateway: &str, up: bool) {
    let value = if up { 1.0 } else { 0.0 };
    metrics::gauge!("siaga_gateway_up", "gateway" => gateway.to_owned()).set(value);
}
