//! People and their contact methods: how each stands, and checks of their own telephones.

use std::io::Read as _;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Web,
    auth::Scope,
    problem::{Fault, Problem},
};
use crate::{
    domain::{
        contacts::Contacts,
        conversation::{Check, Conversation},
        delivery::Address,
        directory::Responder,
        id::{MethodId, ResponderId},
        message::CheckKind,
    },
    store::{CheckFault, CheckOrder},
};

/// How a person's methods stand, as it is told. Codes are not: they are answered, not looked up.
pub fn shown(
    id: &ResponderId,
    person: &Responder,
    talk: &Conversation,
    contacts: Contacts,
    now: Timestamp,
) -> Value {
    let carrying = talk.may_carry(person, contacts);
    let last_resorts = talk.last_resorts(person, contacts);
    let methods: Vec<Value> = person
        .methods
        .iter()
        .map(|method| {
            let stopped = talk.stop_of(method);
            json!({
                "method": method.id,
                "transport": method.transport,
                "address": method.address.masked(),
                "enabled": method.enabled,
                "carries_pages": carrying.contains(&method.id),
                "last_resort": last_resorts.contains(method),
                "verified_at": talk.verified(&method.address),
                "out_of_use": stopped.map(|it| json!({"since": it.since, "why": it.why})),
            })
        })
        .collect();
    json!({
        "id": id,
        "name": person.name,
        "reachable": !carrying.is_empty(),
        "methods": methods,
        "checks": talk.checks.iter().rev().map(|it| check_shown(it, now)).collect::<Vec<_>>(),
    })
}

/// How a check stands, as it is told.
pub fn check_shown(check: &Check, now: Timestamp) -> Value {
    let after = |at: Timestamp| at.duration_since(check.asked_at).as_secs();
    json!({
        "check": check.page,
        "kind": check.kind,
        "state": check.state(now),
        "to": check.to.iter().map(Address::masked).collect::<Vec<_>>(),
        "asked_at": check.asked_at,
        "sent_after_seconds": check.sent_at.map(after),
        "delivered_after_seconds": check.delivered_at.map(after),
        "answered_after_seconds": check.answered.map(|(at, _)| after(at)),
        "answered_by": check.answered.and_then(|(_, by)| by),
        "failed": check.failed.as_ref().map(|(_, why)| why),
    })
}

/// A number that nobody can foresee, for the code of a check.
///
/// # Errors
/// When the machine gives none.
pub fn chance() -> std::io::Result<u64> {
    let mut bytes = [0_u8; 8];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// `GET /api/v1/responders`: everybody, with their methods, and how many were never verified.
pub(super) async fn list(State(web): State<Web>, headers: HeaderMap) -> Result<Response, Problem> {
    let now = web.inbound.clock.now();
    web.keys.require(&headers, Scope::Read, now)?;
    let world = web.inbound.worlds.get();
    let people = &world.directory().responders;
    let ids: Vec<ResponderId> = people.keys().cloned().collect();
    let talks = web.inbound.store.load_conversations(&ids).await?;
    let (mut unverified, mut out_of_use, mut shown_people) = (0, 0, Vec::with_capacity(ids.len()));
    for ((id, person), talk) in people.iter().zip(&talks) {
        for method in person.usable_methods() {
            unverified += usize::from(talk.value.verified(&method.address).is_none());
            out_of_use += usize::from(!talk.value.in_use(method));
        }
        shown_people.push(shown(id, person, &talk.value, web.inbound.contacts, now));
    }
    let body = json!({
        "unverified_methods": unverified,
        "methods_out_of_use": out_of_use,
        "responders": shown_people,
    });
    Ok(Json(body).into_response())
}

/// `GET /api/v1/responders/{id}`: one of them.
pub(super) async fn read(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let now = web.inbound.clock.now();
    web.keys.require(&headers, Scope::Read, now)?;
    let world = web.inbound.worlds.get();
    let (id, person) = ResponderId::parse(&id)
        .ok()
        .and_then(|id| world.directory().responders.get_key_value(&id))
        .ok_or_else(|| refused(CheckFault::NoPerson(id.chars().take(80).collect())))?;
    let talks = web
        .inbound
        .store
        .load_conversations(std::slice::from_ref(id))
        .await?;
    let talk = talks
        .into_iter()
        .next()
        .map(|talk| talk.value)
        .unwrap_or_default();
    Ok(Json(shown(id, person, &talk, web.inbound.contacts, now)).into_response())
}

/// What a check may be asked with.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asking {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    code: Option<u16>,
}

/// `POST /api/v1/responders/{id}/methods/{method}/verify`: asks there; with `{"code": 123}`, what the
/// person has told is confirmed.
pub(super) async fn verify(
    State(web): State<Web>,
    headers: HeaderMap,
    Path((id, method)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Problem> {
    let mut asking = asking(&body)?;
    asking.method = Some(method);
    check(&web, &headers, &id, asking, CheckKind::Verify).await
}

/// `POST /api/v1/responders/{id}/test-page`: a test page by the ways of a missed deadline, or by
/// `{"method": "sms"}`.
pub(super) async fn test_page(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let mut asking = asking(&body)?;
    asking.code = None;
    check(&web, &headers, &id, asking, CheckKind::Test).await
}

fn asking(body: &[u8]) -> Result<Asking, Problem> {
    if body.trim_ascii().is_empty() {
        return Ok(Asking::default());
    }
    serde_json::from_slice(body).map_err(|error| {
        let value = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        misfit(
            "(body)",
            value,
            &error.to_string(),
            "send nothing, {\"method\": \"sms\"} or {\"code\": 123}",
        )
    })
}

fn misfit(field: &str, value: String, problem: &str, remedy: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the request does not fit").errors(vec![Fault {
        line: None,
        field: field.to_owned(),
        value,
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }])
}

async fn check(
    web: &Web,
    headers: &HeaderMap,
    id: &str,
    asking: Asking,
    kind: CheckKind,
) -> Result<Response, Problem> {
    let now = web.inbound.clock.now();
    web.keys.require(headers, Scope::Contacts, now)?;
    let responder = ResponderId::parse(id)
        .map_err(|_| refused(CheckFault::NoPerson(id.chars().take(80).collect())))?;
    let method = asking.method.as_deref().map(MethodId::parse).transpose();
    let method = method.map_err(|error| {
        misfit(
            "method",
            error.value.clone(),
            &error.to_string(),
            "write the name of a contact method",
        )
    })?;
    let world = web.inbound.worlds.get();
    let order = CheckOrder {
        responder: &responder,
        method: method.as_ref(),
        kind,
        contacts: web.inbound.contacts,
        at: web.local(now),
        now,
    };
    let store = &web.inbound.store;
    if let Some(code) = asking.code {
        if store
            .confirm_check(&world, &order, code)
            .await
            .map_err(refused)?
        {
            return Ok(Json(json!({"verified": true})).into_response());
        }
        return Err(misfit(
            "code",
            code.to_string(),
            "not the code that was sent there, or none is awaited",
            "ask for the digits again, or send a new check; three wrong ones end it",
        ));
    }
    // Drawn before, because a race may need some more.
    let mut drawn = Vec::new();
    for _ in 0..16 {
        let number = chance()
            .map_err(|error| Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
        drawn.push(number);
    }
    let mut drawn = drawn.into_iter().cycle();
    let checks = store
        .order_check(&world, &order, || drawn.next().unwrap_or_default())
        .await;
    let checks = checks.map_err(refused)?;
    let shown: Vec<Value> = checks.iter().map(|it| check_shown(it, now)).collect();
    Ok((StatusCode::ACCEPTED, Json(json!({"checks": shown}))).into_response())
}

fn refused(fault: CheckFault) -> Problem {
    let status = match fault {
        CheckFault::NoPerson(_) | CheckFault::NoMethod { .. } => StatusCode::NOT_FOUND,
        CheckFault::Nothing(_) => StatusCode::CONFLICT,
        CheckFault::NotNow(_) => StatusCode::TOO_MANY_REQUESTS,
        CheckFault::Store(error) => return error.into(),
    };
    Problem::new(status, fault.to_string())
}
