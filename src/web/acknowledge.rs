//! The page behind a signed link. Looking changes nothing; the button answers.

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use minijinja::{Environment, context};
use serde::Deserialize;

use super::{Web, problem::Problem};
use crate::{
    domain::{
        calendar::local_time,
        directory::Language,
        escalation::{Answer, Escalation, Input, Paging},
        fact::{NoEffect, What},
        id::ResponderId,
    },
    inbound::link::{Allowed, BadToken},
    store::{Advanced, World},
};

/// Puts a page together from a template of ours.
pub(super) fn render(template: &str, context: minijinja::Value) -> Result<String, Problem> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
    environment.render_str(template, context).map_err(|error| {
        tracing::error!(%error, "a page's template failed");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the page could not be made",
        )
    })
}

/// `GET /assets/acknowledge.css`.
pub(super) async fn style() -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "public, max-age=3600"),
        ],
        include_str!("../../templates/web/acknowledge.css"),
    )
        .into_response()
}

/// `GET /a/{token}`: shows, and changes nothing.
pub(super) async fn show(
    State(web): State<Web>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let now = web.inbound.clock.now();
    let allowed = match check(&web, &token) {
        Ok(allowed) => allowed,
        Err(bad) => return expired(bad),
    };
    let live = web.inbound.worlds.get();
    let state = load(&web, &allowed).await?;
    let world = web.inbound.store.covering(&live, [&state.policy]).await?;
    let standing = match &state.paging {
        Paging::Acknowledged { by, until, .. } if *until > now => {
            Standing::holding(&world, by, &allowed.responder, *until)
        }
        Paging::Quiet | Paging::Closed { .. } => Standing::Closed,
        _ => Standing::Ask,
    };
    page(&web, &world, &allowed, &state, &token, &standing)
}

/// The button that was pressed.
#[derive(Deserialize)]
pub(super) struct Pressed {
    #[serde(default)]
    answer: String,
}

/// `POST /a/{token}`: `answer=accept` or `answer=refuse`.
pub(super) async fn answer(
    State(web): State<Web>,
    Path(token): Path<String>,
    axum::Form(pressed): axum::Form<Pressed>,
) -> Result<Response, Problem> {
    let now = web.inbound.clock.now();
    let allowed = match check(&web, &token) {
        Ok(allowed) => allowed,
        Err(bad) => return expired(bad),
    };
    let live = web.inbound.worlds.get();
    let before = load(&web, &allowed).await?;
    let world = web.inbound.store.covering(&live, [&before.policy]).await?;
    let answer = Answer {
        responder: allowed.responder.clone(),
        // One answer a paging: pressing twice is one answer, after the next page it is a new one.
        reply: format!(
            "link.{}.{}.{}",
            allowed.responder, before.pagings, pressed.answer
        ),
        via: None,
    };
    let input = match pressed.answer.as_str() {
        "accept" => Input::Acknowledged(answer),
        "refuse" => Input::Refused {
            answer,
            to: None,
            named: None,
        },
        other => {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("the field answer has the value {other:?}: send accept or refuse"),
            ));
        }
    };
    let advanced = web
        .inbound
        .store
        .advance(&world, &allowed.complaint, input, now)
        .await?;
    let Advanced::Done(transition) = advanced else {
        return Err(gone());
    };
    metrics::counter!("siaga_replies_total", "transport" => "link", "result" => "taken")
        .increment(1);
    let closed = transition.facts.iter().any(|fact| {
        matches!(
            fact,
            What::AnswerWithoutEffect {
                why: NoEffect::NoLongerOpen,
                ..
            }
        )
    });
    let standing = match &transition.state.paging {
        _ if closed => Standing::Closed,
        Paging::Acknowledged { by, until, .. } if *until > now => {
            Standing::holding(&world, by, &allowed.responder, *until)
        }
        _ if pressed.answer == "refuse" => Standing::Refused,
        _ => Standing::Ask,
    };
    page(&web, &world, &allowed, &transition.state, &token, &standing)
}

enum Standing {
    Ask,
    Done { until: jiff::Timestamp },
    Already { by: String, until: jiff::Timestamp },
    Refused,
    Closed,
}

impl Standing {
    fn holding(
        world: &World,
        by: &ResponderId,
        viewer: &ResponderId,
        until: jiff::Timestamp,
    ) -> Self {
        if by == viewer {
            return Self::Done { until };
        }
        let name = world
            .directory()
            .responders
            .get(by)
            .map_or_else(|| by.to_string(), |person| person.name.clone());
        Self::Already { by: name, until }
    }
}

fn check(web: &Web, token: &str) -> Result<Allowed, BadToken> {
    match &web.signer {
        Some(signer) => signer.check(token, web.inbound.clock.now()),
        None => Err(BadToken::Forged),
    }
}

async fn load(web: &Web, allowed: &Allowed) -> Result<Escalation, Problem> {
    let found = web
        .inbound
        .store
        .load_escalation(&allowed.complaint)
        .await?;
    Ok(found.ok_or_else(gone)?.value)
}

fn gone() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "this complaint is no longer here")
}

fn expired(bad: BadToken) -> Result<Response, Problem> {
    let html = render(
        include_str!("../../templates/web/acknowledge.html"),
        context! { lang => "id", state => "expired", complaint => "" },
    )?;
    let status = match bad {
        BadToken::Forged => StatusCode::FORBIDDEN,
        BadToken::Expired => StatusCode::GONE,
    };
    Ok((status, Html(html)).into_response())
}

fn page(
    web: &Web,
    world: &World,
    allowed: &Allowed,
    state: &Escalation,
    token: &str,
    standing: &Standing,
) -> Result<Response, Problem> {
    let now = web.inbound.clock.now();
    let language = world
        .directory()
        .responders
        .get(&allowed.responder)
        .map(|person| person.language)
        .unwrap_or_default();
    let context = world.context_of(state);
    let due = |context| state.promise.due_at(context);
    let deadline = context.as_ref().and_then(due).or(state.promise.missed);
    // As the page told it: by the unit's own zone.
    let told = |at| match &context {
        Some(context) => context.calendar.local_time(at, language),
        None => local_time(at, &web.zone, language),
    };
    let length = |seconds: i64| {
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        match language {
            Language::Id => format!("{hours} jam {minutes} menit"),
            Language::En => format!("{hours} h {minutes} min"),
        }
    };
    let late = deadline.map(|deadline| now.duration_since(deadline).as_secs());
    let (word, by, until) = match standing {
        Standing::Ask => ("ask", None, None),
        Standing::Done { until } => ("done", None, Some(*until)),
        Standing::Already { by, until } => ("already", Some(by.clone()), Some(*until)),
        Standing::Refused => ("refused", None, None),
        Standing::Closed => ("closed", None, None),
    };
    let complaint = &state.complaint;
    let html = render(
        include_str!("../../templates/web/acknowledge.html"),
        context! {
            lang => if language == Language::En { "en" } else { "id" },
            title => title_of(world, allowed),
            complaint => complaint.id.as_str(),
            category => complaint.category.clone(),
            area => complaint.area.clone(),
            unit => complaint.unit.as_ref().map(ToString::to_string),
            deadline_text => deadline.map(told),
            late_text => late.filter(|late| *late > 0).map(length),
            left_text => late.filter(|late| *late <= 0).map(|late| length(-late)),
            state => word,
            by => by,
            hold_until_text => until.map(told),
            action => format!("/a/{token}"),
        },
    )?;
    Ok(Html(html).into_response())
}

fn title_of(world: &World, allowed: &Allowed) -> Option<String> {
    let directory = world.directory();
    directory
        .posts
        .values()
        .find(|post| post.holder.as_ref() == Some(&allowed.responder))
        .map(|post| post.title.clone())
        .or_else(|| {
            directory
                .responders
                .get(&allowed.responder)
                .map(|person| person.name.clone())
        })
}
