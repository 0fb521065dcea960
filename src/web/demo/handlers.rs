//! The demo's requests.

use std::convert::Infallible;

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event as SseEvent, KeepAlive},
    },
};
use futures::{Stream, StreamExt, future};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_stream::wrappers::BroadcastStream;

use super::{Demo, Shown, Web, view};
use crate::{
    channel::sandbox::SandboxBehaviour,
    domain::{
        complaint::{Complaint, Privacy, Status},
        delivery::{Address, Transport},
        escalation::Input,
        id::{ComplaintId, ResponderId, UnitCode},
        page,
    },
    inbound::{Answers, IncomingReply},
    intake::take::{Mode, take},
    web::problem::Problem,
};

/// The page's files.
const FILES: [(&str, &str, &str); 14] = [
    (
        "icon.svg",
        "image/svg+xml",
        include_str!("../../../templates/web/icon.svg"),
    ),
    (
        "demo/demo.css",
        "text/css",
        include_str!("../../../templates/web/demo/demo.css"),
    ),
    (
        "demo/detail.css",
        "text/css",
        include_str!("../../../templates/web/demo/detail.css"),
    ),
    (
        "demo/phones.css",
        "text/css",
        include_str!("../../../templates/web/demo/phones.css"),
    ),
    (
        "demo/demo.js",
        "text/javascript",
        include_str!("../../../templates/web/demo/demo.js"),
    ),
    (
        "demo/complaints.js",
        "text/javascript",
        include_str!("../../../templates/web/demo/complaints.js"),
    ),
    (
        "demo/detail.js",
        "text/javascript",
        include_str!("../../../templates/web/demo/detail.js"),
    ),
    (
        "demo/dial.js",
        "text/javascript",
        include_str!("../../../templates/web/demo/dial.js"),
    ),
    (
        "demo/element.js",
        "text/javascript",
        include_str!("../../../templates/web/demo/element.js"),
    ),
    (
        "demo/phones.js",
        "text/javascript",
        include_str!("../../../templates/web/demo/phones.js"),
    ),
    (
        "demo/sound.js",
        "text/javascript",
        include_str!("../../../templates/web/demo/sound.js"),
    ),
    (
        "demo/words.js",
        "text/javascript",
        include_str!("../../../templates/web/demo/words.js"),
    ),
    (
        "demo/world.js",
        "text/javascript",
        include_str!("../../../templates/web/demo/world.js"),
    ),
    (
        "acknowledge.css",
        "text/css",
        include_str!("../../../templates/web/acknowledge.css"),
    ),
];

fn demo(web: &Web) -> Result<&Demo, Problem> {
    web.demo
        .as_deref()
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "this is not the demo"))
}

pub(super) async fn page() -> Response {
    (
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        include_str!("../../../templates/web/demo/demo.html"),
    )
        .into_response()
}

pub(super) async fn asset(Path(path): Path<String>) -> Response {
    match FILES.iter().find(|(name, ..)| *name == path) {
        Some((_, kind, text)) => (
            [(header::CONTENT_TYPE, format!("{kind}; charset=utf-8"))],
            *text,
        )
            .into_response(),
        None => Problem::new(StatusCode::NOT_FOUND, "there is no such file").into_response(),
    }
}

pub(super) async fn state(State(web): State<Web>) -> Result<Json<Value>, Problem> {
    let demo = demo(&web)?;
    let complaints = view::complaints(&web.inbound, demo.known()).await?;
    let counts = view::counts(&complaints);
    let world = web.inbound.worlds.get();
    let directory = world.directory();
    let mut phones: Vec<Value> = Vec::new();
    for (code, post) in &directory.posts {
        let holder = post
            .holder_at(web.inbound.clock.now())
            .map(|(holder, _)| holder);
        let Some((id, person)) = holder.and_then(|id| directory.responders.get_key_value(id))
        else {
            continue;
        };
        if phones.iter().any(|phone| phone["responder"] == id.as_str()) {
            continue; // One person in two posts has one telephone.
        }
        let addresses: Vec<Address> = person.methods.iter().map(|m| m.address.clone()).collect();
        phones.push(json!({
            "responder": id, "name": person.name, "title": post.title,
            "unit": post.unit, "post": code, "off": demo.is_off(&addresses),
            "messages": demo.phone_of(id),
        }));
    }
    let shown: Vec<_> = complaints.into_iter().take(60).collect();
    Ok(Json(json!({
        "now": web.inbound.clock.now(),
        "factor": demo.clock.factor(),
        "counts": counts,
        "complaints": shown,
        "phones": phones,
    })))
}

pub(super) async fn events(
    State(web): State<Web>,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, Problem> {
    let events = demo(&web)?.events.subscribe();
    let stream = BroadcastStream::new(events).filter_map(|event| {
        // Who is too slow misses some; the page fetches the whole state now and then.
        future::ready(
            event
                .ok()
                .map(|event| Ok(SseEvent::default().event(event.name).data(event.data))),
        )
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

pub(super) async fn complaint(
    State(web): State<Web>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = ComplaintId::parse(&id)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    match view::one(&web.inbound, &id).await? {
        Some(value) => Ok(Json(value)),
        None => Err(Problem::new(
            StatusCode::NOT_FOUND,
            format!("there is no complaint {id}"),
        )),
    }
}

/// What was typed or pressed on a telephone.
#[derive(Deserialize)]
pub(super) struct Typed {
    responder: ResponderId,
    transport: Transport,
    text: String,
    #[serde(default)]
    reference: Option<String>,
}

pub(super) async fn reply(
    State(web): State<Web>,
    Json(typed): Json<Typed>,
) -> Result<StatusCode, Problem> {
    let demo = demo(&web)?;
    let world = web.inbound.worlds.get();
    let address = world
        .directory()
        .responders
        .get(&typed.responder)
        .and_then(|person| {
            person
                .methods
                .iter()
                .find(|m| m.transport == typed.transport)
        })
        .map(|method| method.address.clone())
        .ok_or_else(|| {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "this person has no such telephone",
            )
        })?;
    let text: String = typed.text.chars().take(500).collect();
    let complaint = typed
        .reference
        .as_deref()
        .and_then(page::parse_reference)
        .and_then(|(page, _)| page.parts())
        .map(|(complaint, _)| complaint);
    demo.show(Shown {
        responder: typed.responder,
        transport: typed.transport,
        direction: "in",
        reference: String::new(),
        text: text.clone(),
        subject: None,
        buttons: Vec::new(),
        at: web.inbound.clock.now(),
        complaint,
    });
    web.inbound
        .reply(IncomingReply {
            id: demo.next_reply(),
            transport: typed.transport,
            from: address,
            text,
            // A short message does not tell which one it answers; the others do.
            answers: typed
                .reference
                .filter(|_| typed.transport != Transport::Sms)
                .map(Answers::Reference),
            sent_at: None,
        })
        .await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize)]
pub(super) struct ProgressOf {
    complaint: ComplaintId,
    status: String,
}

pub(super) async fn progress(
    State(web): State<Web>,
    Json(progress): Json<ProgressOf>,
) -> Result<StatusCode, Problem> {
    demo(&web)?;
    let world = web.inbound.worlds.get();
    let input = Input::StatusChanged {
        status: Status::from(progress.status.as_str()),
        at: None,
    };
    web.inbound
        .store
        .advance(&world, &progress.complaint, input, web.inbound.clock.now())
        .await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize)]
pub(super) struct PhoneSwitch {
    responder: ResponderId,
    off: bool,
}

pub(super) async fn phone(
    State(web): State<Web>,
    Json(switch): Json<PhoneSwitch>,
) -> Result<StatusCode, Problem> {
    let demo = demo(&web)?;
    let world = web.inbound.worlds.get();
    if let Some(person) = world.directory().responders.get(&switch.responder) {
        for method in &person.methods {
            let behaviour = if switch.off {
                SandboxBehaviour::Silent
            } else {
                SandboxBehaviour::Deliver
            };
            demo.board.set_behaviour(method.address.clone(), behaviour);
        }
    }
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn new_complaint(State(web): State<Web>) -> Result<Json<Value>, Problem> {
    let demo = demo(&web)?;
    let now = web.inbound.clock.now();
    let number = 14_400_000 + now.as_second() % 100_000;
    let id = ComplaintId::parse(&format!("LGWP{number}"))
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let complaint = Complaint {
        id: id.clone(),
        // Near its deadline, so that there is something to see at once.
        received_at: now - SignedDuration::from_mins(23 * 60 + 20),
        unit: UnitCode::parse("DISHUB").ok(),
        source: Some("website".into()),
        classification: Some("Pengaduan".into()),
        urgency: None,
        category: Some("Infrastruktur".into()),
        area: Some("Kab. Pati".into()),
        title: None,
        privacy: Privacy::default(),
        status: Status::new_complaint(),
    };
    let world = web.inbound.worlds.get();
    take(
        &web.inbound.store,
        &world,
        complaint,
        None,
        Mode::Create,
        now,
    )
    .await?;
    demo.follow(id.clone());
    Ok(Json(json!({ "id": id })))
}

#[derive(Deserialize)]
pub(super) struct Pace {
    factor: f64,
}

pub(super) async fn pace(
    State(web): State<Web>,
    Json(pace): Json<Pace>,
) -> Result<Json<Value>, Problem> {
    let demo = demo(&web)?;
    // Faster than a day in some seconds nobody can follow.
    demo.clock.set_factor(pace.factor.clamp(0.0, 20_000.0));
    Ok(Json(json!({ "factor": demo.clock.factor() })))
}
