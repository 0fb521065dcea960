//! Dead letters for operators' tools: look, try again, drop with a reason. Needs a key with the scope
//! `operate`: what lies there may hold what a complaint says.

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
    auth::Scope,
    change::{body, fault},
    problem::Problem,
};
use crate::store::letters::{Letter, Retried};

/// How many are listed when nothing is said.
const LISTED: usize = 100;
/// The most that are listed at once.
const MOST: usize = 1000;
/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;

/// Lets a request through whose key may operate; gives the key's name.
pub(super) fn operator(web: &Web, headers: &HeaderMap) -> Result<String, Problem> {
    let now = web.inbound.clock.now();
    let name = web.keys.require(headers, Scope::Operate, now)?;
    Ok(name.to_owned())
}

fn unknown(id: &str) -> Problem {
    let id: String = id.chars().take(40).collect();
    Problem::new(
        StatusCode::NOT_FOUND,
        format!("there is no dead letter {id:?}"),
    )
    .detail("GET /api/v1/dead-letters lists those that there are")
}

/// How many to list.
#[derive(Deserialize)]
pub(super) struct Limit {
    limit: Option<usize>,
}

/// How many are asked for.
pub(super) fn limit_of(limit: Result<Query<Limit>, QueryRejection>) -> Result<usize, Problem> {
    let limit = limit.ok().map(|Query(asked)| asked.limit.unwrap_or(LISTED));
    limit
        .filter(|limit| (1..=MOST).contains(limit))
        .ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                format!("the parameter limit is no number from 1 to {MOST}"),
            )
            .detail("send ?limit=100, or leave it out")
        })
}

/// `GET /api/v1/dead-letters`: the newest first, without what lay there.
pub(super) async fn list(
    State(web): State<Web>,
    headers: HeaderMap,
    limit: Result<Query<Limit>, QueryRejection>,
) -> Result<Response, Problem> {
    operator(&web, &headers)?;
    let limit = limit_of(limit)?;
    let letters = web.inbound.store.dead_letters(limit).await?;
    let listed: Vec<Letter> = letters
        .into_iter()
        .map(|letter| Letter {
            body: String::new(),
            ..letter
        })
        .collect();
    let count = web.inbound.store.count_dead_letters().await?;
    let body = serde_json::json!({ "count": count, "dead_letters": listed });
    Ok(Json(body).into_response())
}

/// `GET /api/v1/dead-letters/{id}`: one, with what lay there.
pub(super) async fn show(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    operator(&web, &headers)?;
    let found = web.inbound.store.dead_letter(&id).await?;
    let letter = found.ok_or_else(|| unknown(&id))?;
    Ok(Json(letter).into_response())
}

/// `POST /api/v1/dead-letters/{id}/retry`: back where it came from; 409 when it still cannot be read.
pub(super) async fn retry(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let by = operator(&web, &headers)?;
    let now = web.inbound.clock.now();
    let retried = web.inbound.store.retry_letter(&id, &by, now).await?;
    match retried.ok_or_else(|| unknown(&id))? {
        Retried::Back { then } => {
            let body = serde_json::json!({ "id": id, "result": "retried", "then": then });
            Ok(Json(body).into_response())
        }
        Retried::Kept { why, remedy } => Err(Problem::new(
            StatusCode::CONFLICT,
            format!("it still cannot be processed: {why}"),
        )
        .detail(remedy)),
    }
}

/// A reason: one line that says something.
pub(super) fn line(field: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty()
        || text.chars().count() > LONGEST_REASON
        || text.chars().any(char::is_control)
    {
        let remedy = format!("say in one line of at most {LONGEST_REASON} characters why");
        return Err(fault(field, text, "no reason", remedy));
    }
    Ok(text.to_owned())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    reason: String,
}

/// `DELETE /api/v1/dead-letters/{id}` with `{"reason": "..."}`: given up, and recorded as such.
pub(super) async fn drop_one(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let by = operator(&web, &headers)?;
    let example = r#"{"reason": "a test of 2019"}"#;
    let Given { reason } = body(&headers, &bytes, example)?;
    let reason = line("reason", &reason)?;
    let now = web.inbound.clock.now();
    let dropped = web
        .inbound
        .store
        .drop_letter(&id, &by, &reason, now)
        .await?;
    dropped.ok_or_else(|| unknown(&id))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
