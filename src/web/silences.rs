//! Silences by the API: those that hold, a new one, the end of one. Needs a key with the scope `operate`.
//!
//! Pages of missed deadlines cannot be held from here: only who sits at the machine may say so.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{
    Web,
    by_hand::key,
    change::{body, fault},
    letters::{line, operator},
    problem::{Fault, Problem},
};
use crate::domain::silence::{CannotEnd, Covers, Hours, Silence};

/// What a silence may be.
#[derive(Debug, Clone)]
pub struct Terms {
    /// How long it may last.
    pub longest: SignedDuration,
    /// The gateways that can be maintained.
    pub gateways: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    all: bool,
}

/// `GET /api/v1/silences`: those that hold or are to come; with `?all=true` those that are over too.
pub(super) async fn list(
    State(web): State<Web>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    operator(&web, &headers)?;
    let Ok(Query(Asked { all })) = asked else {
        let remedy = "write ?all=true, or nothing".to_owned();
        return Err(fault("all", "", "no yes or no", remedy));
    };
    let now = web.inbound.clock.now();
    let silences = web.inbound.store.silences().await?;
    let shown = silences.iter().filter(|(_, it)| all || !it.is_over(now));
    let shown = shown.map(|(number, silence)| {
        let holds_until = silence.holds_until(now);
        serde_json::json!({ "number": number, "holds_until": holds_until, "silence": silence })
    });
    let silences: Vec<serde_json::Value> = shown.collect();
    Ok(Json(serde_json::json!({ "silences": silences })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    covers: Covers,
    #[serde(default)]
    from: Option<Timestamp>,
    until: Timestamp,
    #[serde(default)]
    hours: Option<Hours>,
    #[serde(default)]
    owner: Option<String>,
    reason: String,
}

/// `POST /api/v1/silences`: declares one. With an `Idempotency-Key` one that is sent twice is declared once.
pub(super) async fn declare(
    State(web): State<Web>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let by = operator(&web, &headers)?;
    let example = r#"{"covers": {"units": ["DISHUB"]}, "until": "2026-11-24T18:00:00+07:00", "reason": "a power cut"}"#;
    let wanted: Wanted = body(&headers, &bytes, example)?;
    let now = web.inbound.clock.now();
    let key = match headers.get("idempotency-key") {
        Some(_) => key(&web, &headers, &by)?,
        None => String::new(),
    };
    let silence = Silence {
        covers: wanted.covers,
        from: wanted.from.unwrap_or(now),
        until: wanted.until,
        hours: wanted.hours,
        misses_too: false,
        owner: wanted.owner.unwrap_or(by),
        reason: wanted.reason,
        key,
        ended: None,
    };
    let world = web.inbound.worlds.get();
    let Terms { longest, gateways } = &*web.silence_terms;
    let store = &web.inbound.store;
    let faults = silence.faults(world.directory(), gateways, *longest, now);
    if !faults.is_empty() {
        let faults = faults.into_iter().map(|it| Fault {
            line: None,
            field: it.field.to_owned(),
            value: it.value.chars().take(80).collect(),
            problem: it.problem,
            remedy: it.remedy,
        });
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no silence was declared");
        return Err(problem.errors(faults.collect()));
    }
    let number = store.declare_silence(&silence, now).await?;
    let told = serde_json::json!({ "number": number, "until": silence.until });
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ending {
    reason: String,
}

/// `POST /api/v1/silences/{number}/end` with `{"reason": "..."}`: what it held leaves within a minute.
pub(super) async fn end(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(number): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let by = operator(&web, &headers)?;
    let Ending { reason } = body(&headers, &bytes, r#"{"reason": "the power is back"}"#)?;
    let reason = line("reason", &reason)?;
    let unknown = || {
        let number: String = number.chars().take(40).collect();
        let told = format!("there is no silence {number:?}");
        Problem::new(StatusCode::NOT_FOUND, told)
            .detail("GET /api/v1/silences lists those that there are")
    };
    let wanted: u64 = number.parse().map_err(|_| unknown())?;
    let now = web.inbound.clock.now();
    match web
        .inbound
        .store
        .end_silence(wanted, (&by, &reason), now)
        .await?
    {
        Ok(()) => Ok(Json(serde_json::json!({ "number": wanted, "ended": now })).into_response()),
        Err(CannotEnd::Unknown(_)) => Err(unknown()),
        Err(over @ CannotEnd::Over(_)) => {
            Err(Problem::new(StatusCode::CONFLICT, over.to_string())
                .detail("there is nothing to do"))
        }
    }
}
