//! What operators' tools do by hand: whom no way has reached, paging again, the next step now. Needs a
//! key with the scope `operate`.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    Web,
    api::{complaint_id, standing, unknown},
    change::{body, fault},
    letters::{Limit, limit_of, line, operator},
    problem::Problem,
};
use crate::{
    domain::{
        escalation::{ByHand, NotNow, Order},
        id::ResponderId,
    },
    store::OrderFault,
};

/// `GET /api/v1/undelivered`: whom no way has reached, the longest first, with what was tried.
pub(super) async fn list(
    State(web): State<Web>,
    headers: HeaderMap,
    limit: Result<Query<Limit>, QueryRejection>,
) -> Result<Response, Problem> {
    operator(&web, &headers)?;
    let (undelivered, count) = web.inbound.store.undelivered(limit_of(limit)?).await?;
    let body = serde_json::json!({ "complaints": count, "undelivered": undelivered });
    Ok(Json(body).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageAgain {
    responder: String,
    reason: String,
}

/// `POST /api/v1/complaints/{id}/page` with `{"responder": "budi", "reason": "..."}`.
pub(super) async fn page(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let by = operator(&web, &headers)?;
    let example = r#"{"responder": "budi", "reason": "he has a new number"}"#;
    let asked: PageAgain = body(&headers, &bytes, example)?;
    let responder = ResponderId::parse(&asked.responder).map_err(|error| {
        let remedy = "send a person's id from the directory".to_owned();
        fault("responder", &asked.responder, &error.to_string(), remedy)
    })?;
    let order = Order::PageAgain { responder };
    give(&web, &headers, &id, (by, asked.reason), order).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Escalate {
    reason: String,
    #[serde(default)]
    despite_acknowledgement: bool,
    to_step: Option<usize>,
}

/// `POST /api/v1/complaints/{id}/escalate` with `{"reason": "..."}`: the next step, now.
pub(super) async fn escalate(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let by = operator(&web, &headers)?;
    let example = r#"{"reason": "the bridge is closed to ambulances"}"#;
    let asked: Escalate = body(&headers, &bytes, example)?;
    let order = Order::Escalate {
        despite_acknowledgement: asked.despite_acknowledgement,
        to_step: asked.to_step.map(from_one).transpose()?,
    };
    give(&web, &headers, &id, (by, asked.reason), order).await
}

/// A step as people count, from 1.
fn from_one(step: usize) -> Result<usize, Problem> {
    step.checked_sub(1).ok_or_else(|| {
        let remedy = "count the policy's steps from 1, or leave it out for the next".to_owned();
        fault("to_step", "0", "no step", remedy)
    })
}

/// The order's own id: the caller's `Idempotency-Key`, so that a repeat does nothing twice; otherwise
/// one of this moment.
pub(super) fn key(web: &Web, headers: &HeaderMap, by: &str) -> Result<String, Problem> {
    let Some(given) = headers.get("idempotency-key") else {
        let now = web.inbound.clock.now();
        return Ok(format!("hand.{by}.{}", now.as_nanosecond()));
    };
    let text = given.to_str().unwrap_or_default();
    let is_fit = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if !is_fit {
        return Err(fault(
            "Idempotency-Key",
            text,
            "no key",
            "send 1 to 64 letters, digits and signs, new for each order".to_owned(),
        ));
    }
    Ok(format!("hand.{by}.{text}"))
}

async fn give(
    web: &Web,
    headers: &HeaderMap,
    id: &str,
    (by, reason): (String, String),
    order: Order,
) -> Result<Response, Problem> {
    let id = complaint_id(id)?;
    let ordered = ByHand {
        order,
        reason: line("reason", &reason)?,
        key: key(web, headers, &by)?,
        by,
    };
    let now = web.inbound.clock.now();
    let world = web.inbound.worlds.get();
    let store = &web.inbound.store;
    match store.order_by_hand(&world, &id, ordered, now).await {
        Ok(transition) => {
            let policy = [&transition.state.policy];
            let world = store.covering(&world, policy).await?;
            Ok(Json(standing(&world, &transition.state, "ordered")).into_response())
        }
        Err(OrderFault::Unknown(id)) => Err(unknown(&id)),
        Err(OrderFault::NotNow(why)) => {
            let remedy = match &why {
                NotNow::Acknowledged { .. } => {
                    "wait, or escalate with \"despite_acknowledgement\": true, which ends that"
                }
                NotNow::HoldsNoPost(_) => "name the person who holds a post now, or escalate",
                NotNow::Closed | NotNow::Quiet => "there is nothing to do",
                NotNow::NoSuchStep { .. } | NotNow::StepTaken { .. } => {
                    "name a step that is left, or leave to_step out for the next"
                }
                NotNow::NoSteps => "write steps into the policy",
            };
            Err(Problem::new(StatusCode::CONFLICT, why.to_string()).detail(remedy))
        }
        Err(OrderFault::Store(error)) => Err(error.into()),
    }
}
