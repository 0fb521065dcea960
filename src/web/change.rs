//! Telling how a complaint stands: progress, closing, handing over to another unit.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Web,
    api::{complaint_id, content_type, not_read_here, standing, unknown},
    auth::Scope,
    problem::{Fault, Problem},
};
use crate::{
    domain::{complaint::Status, escalation::Input, id::ComplaintId, policy::StatusMeaning},
    store::{Advanced, World},
};

/// A change of state.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusChange {
    status: Option<String>,
    at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reassignment {
    unit: Option<String>,
}

/// Reads a body; `example` shows how it is written.
pub(super) fn body<T: serde::de::DeserializeOwned>(
    headers: &HeaderMap,
    bytes: &[u8],
    example: &str,
) -> Result<T, Problem> {
    let remedy = || format!("send {example}");
    if content_type(headers) != "application/json" {
        return Err(not_read_here(headers).detail(format!("send {example} as application/json")));
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
        fault("(body)", &shown, &format!("not JSON: {error}"), remedy())
    })?;
    serde_path_to_error::deserialize(&value).map_err(|error| {
        let path = error.path().to_string();
        let (field, found) = match value.get(&path) {
            Some(found) => (path.as_str(), found),
            None => ("(body)", &value),
        };
        let problem = error.inner().to_string();
        fault(field, &found.to_string(), &problem, remedy())
    })
}

pub(super) fn fault(field: &str, value: &str, problem: &str, remedy: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the body does not fit").errors(vec![Fault {
        line: None,
        field: field.to_owned(),
        value: value.chars().take(80).collect(),
        problem: problem.to_owned(),
        remedy,
    }])
}

/// `POST /api/v1/complaints/{id}/progress`: `{"status": "verifikasi", "at": "..."}`.
pub(super) async fn progress(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let change = || body(&headers, &bytes, r#"{"status": "verifikasi"}"#);
    change_status(&web, &headers, &id, change, None).await
}

/// `POST /api/v1/complaints/{id}/close`: `{"status": "selesai"}`, or nothing for that.
pub(super) async fn close(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let change = || {
        if bytes.is_empty() {
            let status = Some("selesai".to_owned());
            return Ok(StatusChange { status, at: None });
        }
        body(&headers, &bytes, r#"{"status": "selesai"}"#)
    };
    change_status(&web, &headers, &id, change, Some(StatusMeaning::End)).await
}

async fn change_status(
    web: &Web,
    headers: &HeaderMap,
    id: &str,
    change: impl FnOnce() -> Result<StatusChange, Problem>,
    must_mean: Option<StatusMeaning>,
) -> Result<Response, Problem> {
    let now = web.inbound.clock.now();
    web.keys.require(headers, Scope::Intake, now)?;
    let id = complaint_id(id)?;
    let change = change()?;
    // An empty one is none: the domain would take it for a new complaint's.
    let status = change.status.as_deref().unwrap_or_default().trim();
    let live = web.inbound.worlds.get();
    let known = web
        .inbound
        .store
        .load_escalation(&id)
        .await?
        .ok_or_else(|| unknown(&id))?
        .value;
    let world = web.inbound.store.covering(&live, [&known.policy]).await?;
    let meaning = world.context(&known.policy).and_then(|context| {
        context
            .policy
            .statuses
            .get(&Status::from(status))
            .copied()
            .map(|meaning| (meaning, context.policy))
    });
    let allowed = |policy: &crate::domain::policy::Policy| {
        policy
            .statuses
            .iter()
            .filter(|(_, meaning)| must_mean.is_none_or(|must| must == **meaning))
            .map(|(status, _)| status.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match meaning {
        Some((meaning, _))
            if !status.is_empty() && must_mean.is_none_or(|must| must == meaning) => {}
        _ => {
            let words = world
                .context(&known.policy)
                .map(|context| allowed(context.policy))
                .unwrap_or_default();
            let problem = if status.is_empty() {
                "missing"
            } else {
                "the policy gives this state no such meaning"
            };
            return Err(fault(
                "status",
                status,
                problem,
                format!("send one of: {words}"),
            ));
        }
    }
    let at = change
        .at
        .map(|text| {
            text.parse::<Timestamp>().map_err(|_| {
                fault(
                    "at",
                    &text,
                    "not a time with an offset",
                    "write it as 2026-11-24T13:27:00+07:00".to_owned(),
                )
            })
        })
        .transpose()?;
    if let Some(at) = at
        && (at > now || at < known.complaint.received_at)
    {
        return Err(fault(
            "at",
            &at.to_string(),
            "before the complaint was received, or in the future",
            format!(
                "a time from {} to now, or leave it out",
                known.complaint.received_at
            ),
        ));
    }
    let input = Input::StatusChanged {
        status: Status::from(status),
        at,
    };
    advance(web, &world, &id, input, now).await
}

/// `POST /api/v1/complaints/{id}/reassign`: `{"unit": "DPUPR"}`; without a unit: the desk.
pub(super) async fn reassign(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let now = web.inbound.clock.now();
    web.keys.require(&headers, Scope::Intake, now)?;
    let id = complaint_id(&id)?;
    let change: Reassignment = body(&headers, &bytes, r#"{"unit": "DISHUB"}"#)?;
    let unit = change
        .unit
        .map(|name| {
            let units = web.units.get();
            let found = units.find(&name).unit_or_problem();
            found.cloned().map_err(|problem| {
                fault(
                    "unit",
                    &name,
                    &problem,
                    "send a unit's code from the directory".to_owned(),
                )
            })
        })
        .transpose()?;
    let world = web.inbound.worlds.get();
    advance(&web, &world, &id, Input::Reassigned { unit }, now).await
}

async fn advance(
    web: &Web,
    world: &World,
    id: &ComplaintId,
    input: Input,
    now: Timestamp,
) -> Result<Response, Problem> {
    match web.inbound.store.advance(world, id, input, now).await? {
        Advanced::Done(transition) => {
            let policy = [&transition.state.policy];
            let world = web.inbound.store.covering(world, policy).await?;
            Ok(Json(standing(&world, &transition.state, "changed")).into_response())
        }
        Advanced::Unknown => Err(unknown(id)),
    }
}
