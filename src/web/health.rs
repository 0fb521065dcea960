//! Health that says what is wrong and why, and metrics.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::Web;
use crate::domain::calendar::next_years_due;

/// What the parts say of themselves. Given by whoever put them together.
pub trait Health: Send + Sync {
    /// What is wrong with the loops, in words; none when all is well.
    fn trouble(&self) -> Option<String>;
    /// The gateways that are down, in words. The service stays ready: it goes on trying, and replies
    /// must still come in.
    fn gateways_down(&self) -> Vec<String>;
    /// Why the mailbox that answers come to is not being read, in words. The service stays ready:
    /// answers wait there, and other ways to answer work.
    fn mailbox_down(&self) -> Option<String>;
    /// What is saved because of the costs, in words.
    fn costs(&self) -> Vec<String>;
    /// The metrics in Prometheus' text form.
    fn metrics(&self) -> String;
}

/// A shared health.
pub type SharedHealth = Arc<dyn Health>;

#[derive(Serialize)]
struct Ready {
    ready: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wrong: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gateways_down: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mailbox_down: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    self_tests_failing: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    degraded_by_costs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holidays_running_out: Vec<String>,
    /// How many silences hold pages, or gateways back, now.
    silences_active: usize,
    open: u64,
    waiting_to_be_handed_over: u64,
    dead_letters: u64,
}

/// `GET /healthz`: the process lives.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: everything that is needed to page somebody works, or what does not.
pub(super) async fn ready(State(web): State<Web>) -> Response {
    let mut wrong = Vec::new();
    let (mut open, mut outbox) = (0, 0);
    for shard in web.inbound.store.keys().all_shards() {
        match web.inbound.store.depths(shard).await {
            Ok((due, waiting)) => {
                open += due;
                outbox += waiting;
            }
            Err(error) => {
                wrong.push(format!("Redis does not answer: {error}"));
                break;
            }
        }
    }
    let mut self_tests_failing = Vec::new();
    for plan in web.inbound.self_tests.iter() {
        if !wrong.is_empty() {
            break;
        }
        match web.inbound.store.load_self_test(&plan.gateway).await {
            Ok(found) => {
                let failing = found.value.failing.iter();
                self_tests_failing.extend(failing.map(|it| {
                    let (gateway, since, why) = (&plan.gateway, it.since, &it.why);
                    format!("the test of gateway {gateway} fails since {since:.0}: {why}")
                }));
            }
            Err(error) => wrong.push(format!("Redis does not answer: {error}")),
        }
    }
    let mut dead_letters = 0;
    if wrong.is_empty() {
        match web.inbound.store.count_dead_letters().await {
            Ok(count) => dead_letters = count,
            Err(error) => wrong.push(format!("Redis does not answer: {error}")),
        }
    }
    let mut silences_active = 0;
    if wrong.is_empty() {
        let now = web.inbound.clock.now();
        match web.inbound.store.silences().await {
            Ok(silences) => silences_active = silences.active(now).count(),
            Err(error) => wrong.push(format!("Redis does not answer: {error}")),
        }
    }
    wrong.extend(web.health.trouble());
    let status = if wrong.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = Ready {
        ready: wrong.is_empty(),
        wrong,
        gateways_down: web.health.gateways_down(),
        mailbox_down: web.health.mailbox_down(),
        self_tests_failing,
        degraded_by_costs: web.health.costs(),
        holidays_running_out: holidays_running_out(&web),
        silences_active,
        open,
        waiting_to_be_handed_over: outbox,
        dead_letters,
    };
    (status, Json(body)).into_response()
}

/// Until when days off are known, of each calendar whose next year is due. The service stays ready.
fn holidays_running_out(web: &Web) -> Vec<String> {
    let world = web.inbound.worlds.get();
    next_years_due(world.calendars(), web.inbound.clock.now())
        .into_iter()
        .map(|(id, until)| {
            format!(
                "calendar {id}: days off are known until {until}; later ones count as working days"
            )
        })
        .collect()
}

/// `GET /metrics`.
pub(super) async fn metrics(State(web): State<Web>) -> String {
    // Counted when it is asked for: whoever tries again or drops may be another process.
    if let Ok(count) = web.inbound.store.count_dead_letters().await {
        metrics::gauge!("siaga_dead_letters").set(count as f64);
    }
    if let Ok((_, count)) = web.inbound.store.undelivered(0).await {
        metrics::gauge!("siaga_complaints_unreached").set(count as f64);
    }
    for (id, calendar) in web.inbound.worlds.get().calendars() {
        if let Some(end) = calendar.known_days_off_end() {
            let end = end.as_second() as f64;
            metrics::gauge!("siaga_holidays_known_until_timestamp_seconds", "calendar" => id.to_string())
                .set(end);
        }
    }
    web.health.metrics()
}
