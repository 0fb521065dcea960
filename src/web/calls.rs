//! Twilio's webhooks about calls. A key that is pressed is taken as a reply to exactly the page of
//! its call, and the answer is spoken while the person still listens.

use std::sync::Arc;

use std::collections::BTreeMap;

use axum::{
    extract::{OriginalUri, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    Web,
    hooks::{About, Parameters, twilio_webhook},
    problem::Problem,
};
use crate::{
    channel::twilio_voice::script::Script,
    domain::{
        delivery::{ReceiptKind, Transport},
        escalation::Paging,
        id::{ComplaintId, PageId, ResponderId},
        message::{Content, ReplyNote},
        page,
        reply::{self, Meaning},
    },
    inbound::{
        IncomingReceipt, IncomingReply,
        twilio::{Key, Webhook},
    },
    store::Loaded,
    template::{Recipient, Renderer},
};

/// What is said on a call when a key was pressed. Cheap to clone.
#[derive(Clone)]
pub struct Calls {
    /// How calls are worded, by the number from which they come.
    pub scripts: Arc<[(String, Script)]>,
    /// Puts it into words.
    pub renderer: Arc<Renderer>,
}

/// `POST /hooks/twilio/call`: how a call fared.
pub(super) async fn status(
    State(web): State<Web>,
    uri: OriginalUri,
    Query(about): Query<About>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<StatusCode, Problem> {
    let webhook = twilio_webhook(&web, &uri, &headers, parameters)?;
    if let Some(receipt) = webhook.call_receipt(&about.reference)? {
        web.inbound.receipt(receipt).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /hooks/twilio/key`: a key was pressed on a call.
pub(super) async fn key(
    State(web): State<Web>,
    uri: OriginalUri,
    Query(about): Query<About>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let webhook = twilio_webhook(&web, &uri, &headers, parameters)?;
    let reference = about.reference;
    let called = page::parse_reference(&reference)
        .and_then(|(page, _)| page.responder().map(|responder| (page, responder)));
    let Some((page, responder)) = called else {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "the parameter reference is that of no page",
        )
        .detail("call the address that stands in the script, as it stands there"));
    };
    let key = webhook.key(&reference)?;
    // Whoever pressed a key has heard the message, whatever Twilio makes of the call's end.
    web.inbound
        .receipt(IncomingReceipt {
            reference: reference.clone(),
            kind: ReceiptKind::Delivered,
            why: None,
        })
        .await?;
    let named = named(&web, &page, &responder, &reference).await?;
    let content = match key {
        Key::Answer(reply) => Content::Reply(answer(&web, reply, &named, &responder).await?),
        Key::Again => message_of(&web, &page, &named, &responder).await?,
    };
    Ok(spoken(&web, &webhook, &content, &responder, &reference))
}

/// The complaints that a call named: a page's id says it, of a bundle's call it is remembered.
async fn named(
    web: &Web,
    page: &PageId,
    responder: &ResponderId,
    reference: &str,
) -> Result<Vec<ComplaintId>, Problem> {
    if let Some((complaint, _)) = page.parts() {
        return Ok(vec![complaint]);
    }
    let store = &web.inbound.store;
    let talks = store.load_conversations(std::slice::from_ref(responder));
    let talks = talks.await?;
    let message = talks.iter().find_map(|talk| talk.value.message(reference));
    Ok(message.map_or_else(Vec::new, |message| message.complaints().to_vec()))
}

/// Takes the reply in; gives what is to be said of it.
async fn answer(
    web: &Web,
    reply: IncomingReply,
    named: &[ComplaintId],
    responder: &ResponderId,
) -> Result<ReplyNote, Problem> {
    let accepts = reply::parse(&reply.text).meaning == Meaning::Accept;
    let [complaint] = named else {
        let (_, note) = web.inbound.hear(reply).await?;
        return Ok(note.unwrap_or(ReplyNote::Several {
            count: named.len(),
            accepted: accepts,
        }));
    };
    // As it stands before this answer: what the answer does to it is done a moment later.
    let standing = standing(web, complaint, responder).await?;
    let (_, note) = web.inbound.hear(reply).await?;
    let complaint = complaint.clone();
    Ok(match (note, standing) {
        (Some(note), _) | (None, Some(note)) => note,
        (None, None) if accepts => ReplyNote::Acknowledged {
            complaint,
            hold_until: web.inbound.clock.now(),
            zone: None,
            waiting: None,
        },
        (None, None) => ReplyNote::Refused {
            complaint,
            passed_to: None,
            proposed: None,
        },
    })
}

/// What makes an answer needless, if anything does.
async fn standing(
    web: &Web,
    complaint: &ComplaintId,
    responder: &ResponderId,
) -> Result<Option<ReplyNote>, Problem> {
    let found = web
        .inbound
        .store
        .find_escalations(std::slice::from_ref(complaint))
        .await?
        .pop();
    let Some(Loaded::There(state)) = found else {
        return Ok(Some(ReplyNote::NothingOpen));
    };
    let complaint = complaint.clone();
    Ok(match state.value.paging {
        Paging::Quiet | Paging::Closed { .. } => Some(ReplyNote::NoLongerOpen { complaint }),
        Paging::Acknowledged { by, until, .. }
            if by != *responder && until > web.inbound.clock.now() =>
        {
            let world = web.inbound.worlds.get();
            let person = world.directory().responders.get(&by);
            let by = person.map_or_else(|| by.to_string(), |person| person.name.clone());
            Some(ReplyNote::AlreadyAcknowledged { complaint, by })
        }
        _ => None,
    })
}

/// The call's message once more; what has become of it, where it is no longer wanted.
async fn message_of(
    web: &Web,
    page: &PageId,
    named: &[ComplaintId],
    responder: &ResponderId,
) -> Result<Content, Problem> {
    if let [complaint] = named
        && let Some(note) = standing(web, complaint, responder).await?
    {
        return Ok(Content::Reply(note));
    }
    let store = &web.inbound.store;
    let shard = store.keys().shard_of_responder(responder);
    let found = store.find_pages(shard, std::slice::from_ref(page)).await?;
    Ok(match found.into_iter().next() {
        Some(Loaded::There(page)) => page.value.content,
        _ => Content::Reply(ReplyNote::NothingOpen),
    })
}

fn spoken(
    web: &Web,
    webhook: &Webhook,
    content: &Content,
    responder: &ResponderId,
    reference: &str,
) -> Response {
    let now = web.inbound.clock.now();
    let world = web.inbound.worlds.get();
    let person = world.directory().responders.get(responder);
    let to = Recipient {
        transport: Transport::Voice,
        language: person.map(|person| person.language).unwrap_or_default(),
        two_way: true,
        whatsapp_window_open: false,
        link: None,
        links: BTreeMap::new(),
    };
    let rendered = web.calls.renderer.render(content, &to, now);
    if let Some(fault) = &rendered.fallback {
        // Whoever is called hears plain words; that a page by this template failed is alarmed there.
        metrics::counter!("siaga_template_failures_total").increment(1);
        tracing::error!(%fault, "a template failed; the call went on in plain words");
    }
    let scripts = web.calls.scripts.iter();
    let script = scripts
        .clone()
        .find(|(from, _)| from == webhook.caller())
        .or_else(|| scripts.clone().next());
    let Some((_, script)) = script else {
        // Signed by an account of ours, and we call by none any more: there is nothing to say.
        return StatusCode::NO_CONTENT.into_response();
    };
    let kind = [(header::CONTENT_TYPE, "text/xml; charset=utf-8")];
    (kind, script.markup(&rendered.message, reference)).into_response()
}
