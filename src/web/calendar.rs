//! A person's own duties as a calendar to subscribe to, behind a signed address.
//!
//! The address alone gives access, so it shows nobody else's name and no telephone, and can be revoked; one that is
//! not ours, or no more, is answered like any address at which there is nothing.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::{Web, nothing_here, problem::Problem};
use crate::domain::ical;

/// How long a duty that is over still stands in it.
const BEHIND: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How far ahead duties are shown.
const AHEAD: SignedDuration = SignedDuration::from_hours(180 * 24);

/// `GET /calendar/{token}.ics`.
pub(super) async fn own(
    State(web): State<Web>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = file.strip_suffix(".ics").unwrap_or(&file);
    let signer = web.signer.as_ref();
    let Some((who, generation)) = signer.and_then(|signer| signer.check_calendar(token)) else {
        return Ok(nothing_here().await.into_response());
    };
    let store = &web.inbound.store;
    if store.calendar_generation(&who).await? != generation {
        return Ok(nothing_here().await.into_response());
    }
    let world = web.inbound.worlds.get();
    let directory = world.directory();
    let Some(person) = directory.responders.get(&who) else {
        return Ok(nothing_here().await.into_response());
    };
    let now = web.inbound.clock.now();
    let from = now.saturating_sub(BEHIND).unwrap_or(Timestamp::MIN);
    let until = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let events = directory.duties_of(&who, from, until);
    // The hour, so that the same duties have the same text until the next.
    let hour = Timestamp::from_second(now.as_second() / 3600 * 3600).unwrap_or(now);
    let text = ical::write(&format!("Siaga: {}", person.name), &events, hour);
    let tag = format!("\"{}\"", &hex::encode(Sha256::digest(&text))[..32]);
    let known = headers.get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let headers = [
        (
            header::CONTENT_TYPE,
            "text/calendar; charset=utf-8".to_owned(),
        ),
        (header::CACHE_CONTROL, "private, max-age=900".to_owned()),
        (header::ETAG, tag),
    ];
    Ok((headers, text).into_response())
}
