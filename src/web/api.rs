//! Intake for machines: hand complaints in, tell how they stand, read them with their timeline.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Web,
    auth::Scope,
    problem::{Fault, Problem},
};
use crate::{
    domain::{
        complaint::Status,
        directory::Language,
        escalation::Escalation,
        id::{ComplaintId, UnitCode},
    },
    intake::{
        submission::{FieldFault, Submission, parse_submission, shown},
        take::{Mode, Taken, take},
    },
    report::timeline,
    simulate,
    store::World,
};

/// How many lines of a batch are under way at once.
const TOGETHER: usize = 200;

/// A complaint as it is answered.
#[derive(Serialize)]
pub(super) struct Standing<'a> {
    id: &'a ComplaintId,
    result: &'static str,
    unit: Option<&'a UnitCode>,
    status: &'a Status,
    phase: &'static str,
    policy: String,
    received_at: Timestamp,
    deadline: Option<Timestamp>,
    missed: Option<Timestamp>,
    next_at: Option<Timestamp>,
}

pub(super) fn standing<'a>(
    world: &World,
    state: &'a Escalation,
    result: &'static str,
) -> Standing<'a> {
    let context = world.context_of(state);
    Standing {
        id: &state.complaint.id,
        result,
        unit: state.complaint.unit.as_ref(),
        status: &state.complaint.status,
        phase: state.phase(),
        policy: format!("{}@{}", state.policy.id, state.policy.version),
        received_at: state.complaint.received_at,
        deadline: context.and_then(|context| state.promise.deadline(&context)),
        missed: state.promise.missed,
        next_at: context.and_then(|context| state.wake_at(&context)),
    }
}

fn faults(line: Option<usize>, found: Vec<FieldFault>) -> Vec<Fault> {
    found
        .into_iter()
        .map(|fault| Fault {
            line,
            field: fault.field,
            value: fault.value,
            problem: fault.problem,
            remedy: fault.remedy,
        })
        .collect()
}

/// `POST /api/v1/complaints`: one complaint as JSON, or many as NDJSON.
pub(super) async fn hand_in(
    State(web): State<Web>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    web.keys
        .require(&headers, Scope::Intake, web.inbound.clock.now())?;
    match content_type(&headers).as_str() {
        "application/x-ndjson" | "application/jsonl" => batch(&web, &body).await,
        "application/json" => one(&web, &body).await,
        _ => Err(not_read_here(&headers)
            .detail("send application/json for one complaint, application/x-ndjson for many")),
    }
}

/// The content type in small letters, without its parameters; nothing when there is none.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next());
    kind.unwrap_or_default().trim().to_ascii_lowercase()
}

pub(super) fn not_read_here(headers: &HeaderMap) -> Problem {
    let kind: String = content_type(headers).chars().take(80).collect();
    let title = format!("the content type {kind:?} is not read here");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, title)
}

fn parse(web: &Web, text: &[u8], now: Timestamp) -> Result<Submission, Vec<FieldFault>> {
    let value = serde_json::from_slice(text).map_err(|error| {
        vec![FieldFault {
            field: "(body)".into(),
            value: format!("({} bytes)", text.len()),
            problem: format!("not JSON: {error}"),
            remedy: "send one JSON object".into(),
        }]
    })?;
    let mut submission = parse_submission(value, now)?;
    if let Some(written) = submission.unit_as_written() {
        // A caller of the API is told of a unit that is not there; a file's row goes to the desk.
        let units = web.units.get();
        let found = units.find(written).unit_or_problem().map_err(|problem| {
            vec![FieldFault {
                field: "unit".into(),
                value: shown("unit", &written.into()),
                problem,
                remedy: "send a unit's code from the directory, or leave the field out for the coordinator's desk".into(),
            }]
        })?;
        submission.complaint.unit = Some(found.clone());
    }
    Ok(submission)
}

/// What came of one record.
enum HandedIn {
    /// It is taken in, now or before.
    Standing(Box<Escalation>, &'static str),
    /// It does not fit, field by field.
    Refused(Vec<Fault>),
    /// It is known with other content.
    Conflict(ComplaintId, Vec<Fault>),
}

/// Hands one record in: alone, or as a line of a batch.
async fn take_in(web: &Web, text: &[u8], line: Option<usize>) -> Result<HandedIn, Problem> {
    let now = web.inbound.clock.now();
    let submission = match parse(web, text, now) {
        Ok(submission) => submission,
        Err(found) => return Ok(HandedIn::Refused(faults(line, found))),
    };
    let id = submission.complaint.id.clone();
    let taken = take(
        &web.inbound.store,
        &web.inbound.worlds.get(),
        submission.complaint,
        submission.status_at,
        Mode::Create,
        now,
    )
    .await?;
    Ok(match taken {
        Taken::New(state) => HandedIn::Standing(state, "new"),
        Taken::Unchanged(state) | Taken::Changed(state) => HandedIn::Standing(state, "known"),
        Taken::Conflict { fields } => {
            let differences = fields.into_iter().map(|(field, known, given)| Fault {
                line,
                field: field.to_owned(),
                value: given.chars().take(80).collect(),
                problem: format!("it is known with {known:?}"),
                remedy:
                    "a complaint is handed in once: tell changes by /progress, /reassign or /close"
                        .to_owned(),
            });
            HandedIn::Conflict(id, differences.collect())
        }
    })
}

async fn one(web: &Web, body: &[u8]) -> Result<Response, Problem> {
    let (status, title, errors) = match take_in(web, body, None).await? {
        HandedIn::Standing(state, result) => {
            let status = if result == "new" {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            let live = web.inbound.worlds.get();
            let world = web.inbound.store.covering(&live, [&state.policy]).await?;
            return Ok((status, Json(standing(&world, &state, result))).into_response());
        }
        HandedIn::Refused(errors) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "the complaint does not fit",
            errors,
        ),
        HandedIn::Conflict(_, errors) => (
            StatusCode::CONFLICT,
            "this complaint is known with other content",
            errors,
        ),
    };
    Err(Problem::new(status, title).errors(errors))
}

/// What came of one line of a batch.
#[derive(Serialize)]
struct LineResult {
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<ComplaintId>,
    result: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

async fn batch(web: &Web, body: &[u8]) -> Result<Response, Problem> {
    let lines: Vec<(usize, &[u8])> = body
        .split(|byte| *byte == b'\n')
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim_ascii()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let mut results = Vec::with_capacity(lines.len());
    for together in lines.chunks(TOGETHER) {
        let done = join_all(
            together
                .iter()
                .map(|(line, text)| one_line(web, *line, text)),
        )
        .await;
        for result in done {
            results.push(result?);
        }
    }
    // Each line has its own result; one that was refused takes nothing from the others.
    let all_well = results.iter().all(|result| result.errors.is_empty());
    let status = if all_well {
        StatusCode::OK
    } else {
        StatusCode::MULTI_STATUS
    };
    Ok((status, Json(results)).into_response())
}

async fn one_line(web: &Web, line: usize, text: &[u8]) -> Result<LineResult, Problem> {
    let (id, result, errors) = match take_in(web, text, Some(line)).await? {
        HandedIn::Standing(state, result) => (Some(state.complaint.id), result, Vec::new()),
        HandedIn::Refused(errors) => (None, "refused", errors),
        HandedIn::Conflict(id, errors) => (Some(id), "conflict", errors),
    };
    Ok(LineResult {
        line,
        id,
        result,
        errors,
    })
}

pub(super) fn complaint_id(text: &str) -> Result<ComplaintId, Problem> {
    ComplaintId::parse(text)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))
}

pub(super) fn unknown(id: &ComplaintId) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no complaint {id}"))
        .detail("hand it in first, by POST /api/v1/complaints")
}

/// `GET /api/v1/complaints/{id}`: how it stands, what has happened, what comes next.
pub(super) async fn read(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    web.keys
        .require(&headers, Scope::Read, web.inbound.clock.now())?;
    let id = complaint_id(&id)?;
    let store = &web.inbound.store;
    let state = store
        .load_escalation(&id)
        .await?
        .ok_or_else(|| unknown(&id))?
        .value;
    let live = web.inbound.worlds.get();
    let world = store.covering(&live, [&state.policy]).await?;
    let facts = store.timeline(&id).await?;
    let timeline: Vec<_> = facts
        .iter()
        .map(|fact| {
            serde_json::json!({
                "fact": fact,
                "text": timeline::line(fact, world.directory(), Language::Id).text,
                "text_en": timeline::line(fact, world.directory(), Language::En).text,
            })
        })
        .collect();
    let next: Vec<_> = world
        .context_of(&state)
        .map(|context| simulate::upcoming(&state, context, 8))
        .unwrap_or_default()
        .into_iter()
        .map(|next| {
            serde_json::json!({
                "at": next.at,
                "facts": next.facts,
                "told": next.told.iter().map(|(who, post)| serde_json::json!({"responder": who, "post": post})).collect::<Vec<_>>(),
            })
        })
        .collect();
    let why = |language| {
        let context = world.context_of(&state)?;
        (!state.is_closed()).then(|| state.explain(&context, language))
    };
    let body = serde_json::json!({
        "complaint": standing(&world, &state, "known"),
        "deadline_explained": { "id": why(Language::Id), "en": why(Language::En) },
        "clocks": world.context_of(&state).map(|it| state.explain_clocks(&it, Language::Id)),
        "paging": state.paging,
        "timeline": timeline,
        "next": next,
    });
    Ok(Json(body).into_response())
}
