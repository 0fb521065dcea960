//! What people order by hand, for operators' tools: who was not reached, page them again, take the next
//! step now. Needs a key with the scope `operate`.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Web,
    api::{complaint_id, unknown},
    change::{body, fault},
    letters::operator,
    problem::Problem,
};
use crate::{
    domain::{
        by_hand::{Command, Malformed},
        fact::What,
        id::PageId,
    },
    store::by_hand::{Author, OrderError, Ordered},
};

/// Whose to list.
#[derive(Deserialize)]
pub(super) struct OfUnit {
    unit: Option<String>,
}

/// `GET /api/v1/undelivered`, with `?unit=CODE` one unit's: whom no way reached, and what was tried.
pub(super) async fn undelivered(
    State(web): State<Web>,
    headers: HeaderMap,
    asked: Result<Query<OfUnit>, QueryRejection>,
) -> Result<Response, Problem> {
    operator(&web, &headers)?;
    let unit = asked.ok().and_then(|Query(asked)| asked.unit);
    let units = web.units.get();
    let unit = unit
        .map(|text| {
            let found = units.find(&text).unit_or_problem();
            found.cloned().map_err(|problem| {
                let shown: String = text.chars().take(40).collect();
                let title = format!("the parameter unit is {shown:?}: {problem}");
                Problem::new(StatusCode::BAD_REQUEST, title)
                    .detail("send a unit's code from the directory, or leave it out for all")
            })
        })
        .transpose()?;
    let found = web.inbound.store.undelivered(unit.as_ref()).await?;
    let body = json!({ "count": found.len(), "undelivered": found });
    Ok(Json(body).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    reason: Option<String>,
}

/// `POST /api/v1/undelivered/{id}/page-again` with `{"reason": "..."}`; `id` is a page as the list tells
/// it, or a complaint for everybody of it.
pub(super) async fn page_again(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let by = operator(&web, &headers)?;
    let example = r#"{"reason": "the number was corrected"}"#;
    let Again { reason } = body(&headers, &bytes, example)?;
    let page = PageId::parse(&id).ok();
    let page = page.filter(|page| page.parts().is_some());
    let complaint = match page.as_ref().and_then(PageId::parts) {
        Some((complaint, _)) => complaint,
        None => complaint_id(&id)?,
    };
    let author = Author {
        by: &by,
        reason: reason.as_deref().unwrap_or_default(),
    };
    let (world, now) = (web.inbound.worlds.get(), web.inbound.clock.now());
    let store = &web.inbound.store;
    let done = store.page_again(&world, (&complaint, page.as_ref()), author, now);
    let done = done.await.map_err(problem)?;
    let done = done.ok_or_else(|| unknown(&complaint))?;
    if done.is_empty() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            format!("{complaint} has nobody whom no way reached"),
        )
        .detail("GET /api/v1/undelivered lists those that there are"));
    }
    // Of several each has its own result; of one its refusal is the answer.
    if let [(_, ordered)] = done.as_slice() {
        return Ok(Json(told(ordered)?).into_response());
    }
    let each = done.iter().map(|(page, ordered)| match told(ordered) {
        Ok(told) => json!({ "page": page, "ordered": told }),
        Err(problem) => json!({ "page": page, "refused": problem }),
    });
    let each: Vec<Value> = each.collect();
    Ok(Json(json!({ "complaint": complaint, "pages": each })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Now {
    key: Option<String>,
    reason: Option<String>,
    to_step: Option<usize>,
    #[serde(default)]
    despite_acknowledgement: bool,
}

/// `POST /api/v1/complaints/{id}/escalate` with `{"key": "...", "reason": "..."}`. A key is asked for, so
/// that a request that is sent again takes no second step.
pub(super) async fn escalate(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let by = operator(&web, &headers)?;
    let id = complaint_id(&id)?;
    let example =
        r#"{"key": "call-of-the-governor-1", "reason": "the bridge may fall", "to_step": 3}"#;
    let now: Now = body(&headers, &bytes, example)?;
    let command = Command::escalate(
        now.key.as_deref().unwrap_or_default(),
        &by,
        now.reason.as_deref().unwrap_or_default(),
        now.to_step,
        now.despite_acknowledgement,
    );
    let command = command.map_err(malformed)?;
    let (world, now) = (web.inbound.worlds.get(), web.inbound.clock.now());
    let ordered = web
        .inbound
        .store
        .by_hand(&world, &id, &command, now)
        .await?;
    if ordered == Ordered::Unknown {
        return Err(unknown(&id));
    }
    Ok(Json(told(&ordered)?).into_response())
}

/// What came of an order, as it is answered; 409 when nothing did.
fn told(ordered: &Ordered) -> Result<Value, Problem> {
    let (state, result, facts) = match ordered {
        Ordered::Done(transition) => (&transition.state, "ordered", transition.facts.as_slice()),
        Ordered::Repeated(state) => (&**state, "repeated", [].as_slice()),
        Ordered::Refused(refusal) => {
            let problem = Problem::new(StatusCode::CONFLICT, refusal.to_string());
            return Err(problem.detail(refusal.remedy()));
        }
        Ordered::Unknown => {
            let problem = Problem::new(StatusCode::NOT_FOUND, "there is no such complaint");
            return Err(problem.detail("hand it in first, by POST /api/v1/complaints"));
        }
    };
    let paged = facts.iter().filter_map(|fact| match fact {
        What::Paged {
            page,
            responder,
            post,
            ..
        } => Some(json!({ "page": page, "responder": responder, "post": post })),
        _ => None,
    });
    let paged: Vec<Value> = paged.collect();
    Ok(json!({
        "complaint": state.complaint.id,
        "result": result,
        "phase": state.phase(),
        "paged": paged,
    }))
}

fn malformed(found: Malformed) -> Problem {
    fault(found.field, &found.value, found.problem, found.remedy)
}

fn problem(error: OrderError) -> Problem {
    match error {
        OrderError::Malformed(found) => malformed(found),
        OrderError::Store(error) => error.into(),
    }
}
