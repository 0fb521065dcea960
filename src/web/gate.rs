//! What every request passes first: how often its caller may ask, and how much it may bring.
//!
//! Rates are kept in memory, so of several services each counts for itself. A body is read whole here, so that one
//! that is late or too large is refused in one place, and never stands in a handler half read.

use std::{
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension,
    body::{Body, BodyDataStream, HttpBody as _},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Version, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures::StreamExt as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Web,
    caller::{Addresses, Peer, counted},
    problem::{self, Problem},
};
use crate::config::http::Http;

/// What somebody may bring who has no key: a form, a check. Gateways bring more.
const WITHOUT_KEY: usize = 64 * 1024;
/// What a gateway may bring: Meta's webhooks have up to 3 MB.
const OF_A_GATEWAY: usize = 4 * 1024 * 1024;
/// So many bytes of a body that is too large are read and thrown away before it is refused,
const THROWN_AWAY: usize = 16 * 1024 * 1024;
/// or as many as come without such a pause.
const PAUSE: Duration = Duration::from_secs(1);
/// So many times what is allowed in a second may come at once; a refusal costs no more.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// What a refusal costs beside the request itself: guessing is slower than asking.
const REFUSAL: NonZeroU32 = NonZeroU32::new(9).unwrap();
/// After so many requests those are forgotten who have not asked for long.
const FORGET_AFTER: u32 = 4_096;

/// The limits, and how far each is used.
#[derive(Debug)]
pub struct Gate {
    pub(super) addresses: Addresses,
    by_address: Option<Rate<IpAddr>>,
    by_key: Option<Rate<String>>,
    body_limit: usize,
    body_timeout: Duration,
    bodies: Arc<Semaphore>,
    asked: AtomicU32,
}

/// So many requests a second of each.
#[derive(Debug)]
struct Rate<Whose: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<Whose>,
    per_second: u32,
}

impl<Whose: Hash + Eq + Clone> Rate<Whose> {
    fn of(per_second: u32) -> Option<Self> {
        let rate = NonZeroU32::new(per_second)?;
        let quota = Quota::per_second(rate).allow_burst(rate.saturating_mul(AT_ONCE));
        Some(Self {
            limiter: RateLimiter::keyed(quota),
            per_second,
        })
    }

    /// Counts a request, or tells how long to wait.
    fn count(&self, whose: &Whose) -> Result<(), Duration> {
        let counted = self.limiter.check_key(whose);
        counted.map_err(|until| until.wait_time_from(self.limiter.clock().now()))
    }

    fn forget(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

impl Gate {
    /// Limits that nothing has used yet.
    #[must_use]
    pub fn new(http: &Http, body_limit: usize) -> Self {
        Self {
            addresses: Addresses::new(http.unlimited.clone(), http.proxies.clone()),
            by_address: Rate::of(http.rate_per_address),
            by_key: Rate::of(http.rate_per_key),
            body_limit,
            body_timeout: http.body_timeout.unsigned_abs(),
            bodies: Arc::new(Semaphore::new(http.bodies_limit)),
            asked: AtomicU32::new(0),
        }
    }

    /// Counts a request for its key, or for its address when it has none.
    fn admit(&self, address: IpAddr, key: Option<&String>) -> Result<(), Box<Response>> {
        if self
            .asked
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(FORGET_AFTER)
        {
            self.by_address.iter().for_each(Rate::forget);
            self.by_key.iter().for_each(Rate::forget);
        }
        let (counted, whose, why) = match key {
            Some(key) => (count(self.by_key.as_ref(), key), "API key", "rate_of_key"),
            None => (
                count(self.by_address.as_ref(), &address),
                "address",
                "rate_of_address",
            ),
        };
        counted.map_err(|(per_second, wait)| {
            refused(why);
            let title = format!("too many requests of this {whose}");
            let detail =
                format!("at most {per_second} a second: wait as many seconds as Retry-After says");
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, title).detail(detail);
            Box::new(later(problem, wait))
        })
    }

    /// Counts a refusal for who was refused.
    fn refuse(&self, address: IpAddr) {
        if let Some(rate) = &self.by_address {
            // Where there is no room for it there is none for the next request either.
            let _ = rate.limiter.check_key_n(&address, REFUSAL);
        }
    }

    /// How much a request may bring.
    fn most(&self, path: &str, has_key: bool) -> usize {
        let most = if has_key {
            self.body_limit
        } else if path.starts_with("/hooks/") {
            OF_A_GATEWAY
        } else {
            WITHOUT_KEY
        };
        most.min(self.body_limit)
    }

    fn too_large(&self, most: usize) -> Response {
        refused("body_large");
        problem::too_large(most, self.body_limit).into_response()
    }

    /// The request with all of its body, and what holds its place until it is answered.
    async fn whole(
        &self,
        request: Request,
        most: usize,
    ) -> Result<(Request, Option<OwnedSemaphorePermit>), Box<Response>> {
        if request.body().is_end_stream() {
            return Ok((request, None));
        }
        let says_so_much = request.body().size_hint().lower() > most as u64;
        let waits_to_hear = request.headers().contains_key(header::EXPECT);
        if says_so_much && waits_to_hear {
            return Err(Box::new(self.too_large(most)));
        }
        let (parts, body) = request.into_parts();
        let mut stream = body.into_data_stream();
        let mut bytes = Vec::new();
        let mut held: Option<OwnedSemaphorePermit> = None;
        let reading = async {
            let mut is_too_large = says_so_much;
            while !is_too_large && let Some(part) = stream.next().await {
                let part = part.map_err(|_| Box::new(broken()))?;
                if bytes.len() + part.len() > most {
                    is_too_large = true;
                    break;
                }
                let room = Arc::clone(&self.bodies).try_acquire_many_owned(part.len() as u32);
                match (room, &mut held) {
                    (Ok(room), Some(held)) => held.merge(room),
                    (Ok(room), none) => *none = Some(room),
                    (Err(_), _) => return Err(Box::new(no_room())),
                }
                bytes.extend_from_slice(&part);
            }
            if is_too_large {
                (bytes, held) = (Vec::new(), None);
                throw_away(&mut stream).await;
                return Err(Box::new(self.too_large(most)));
            }
            Ok(())
        };
        match tokio::time::timeout(self.body_timeout, reading).await {
            Ok(read) => read?,
            Err(_) => return Err(Box::new(late())),
        }
        Ok((Request::from_parts(parts, Body::from(bytes)), held))
    }
}

/// Reads what still comes of a body: who is sending does not hear.
async fn throw_away(stream: &mut BodyDataStream) {
    let mut came = 0;
    while came < THROWN_AWAY
        && let Ok(Some(Ok(part))) = tokio::time::timeout(PAUSE, stream.next()).await
    {
        came += part.len();
    }
}

/// Counts a request where there is a limit, or tells the limit and how long to wait.
fn count<Whose: Hash + Eq + Clone>(
    rate: Option<&Rate<Whose>>,
    whose: &Whose,
) -> Result<(), (u32, Duration)> {
    rate.map_or(Ok(()), |rate| {
        let counted = rate.count(whose);
        counted.map_err(|wait| (rate.per_second, wait))
    })
}

/// Counts what was not let in, by the reason's name.
pub(super) fn refused(why: &'static str) {
    metrics::counter!("siaga_http_refused_total", "why" => why).increment(1);
}

/// A problem that is over after a while.
fn later(problem: Problem, wait: Duration) -> Response {
    let mut response = problem.into_response();
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let value = HeaderValue::from(seconds.max(1));
    response.headers_mut().insert(header::RETRY_AFTER, value);
    response
}

fn no_room() -> Response {
    refused("bodies");
    let problem = Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "as many bodies are being read as there is room for",
    );
    later(
        problem.detail("nothing was taken in: send the same request again in a moment"),
        Duration::from_secs(1),
    )
}

fn late() -> Response {
    refused("body_late");
    let problem = Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "the body took too long to come",
    );
    let mut response = problem
        .detail("send it again; http.body_timeout in the settings is the limit")
        .into_response();
    // The rest of it may still come, and is no request.
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

fn broken() -> Response {
    let problem = Problem::new(StatusCode::BAD_REQUEST, "the body broke off");
    problem
        .detail("send as many bytes as the head announces, or well-formed chunks")
        .into_response()
}

/// Lets a request through that keeps to the limits, or answers it.
pub(super) async fn guard(
    State(web): State<Web>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    // RFC 9112, 3.2: what two readers may understand differently is not read at all.
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        refused("host");
        let problem = Problem::new(StatusCode::BAD_REQUEST, "a request has one header Host");
        return problem
            .detail("send the name or address of the service in it, once")
            .into_response();
    }
    let gate = &web.gate;
    let caller = gate.addresses.of_caller(peer, request.headers());
    let limited = (!gate.addresses.is_unlimited(caller)).then(|| counted(caller));
    let key = web
        .keys
        .known(request.headers(), web.inbound.clock.now())
        .map(|key| key.name.clone());
    if let Some(address) = limited
        && let Err(answer) = gate.admit(address, key.as_ref())
    {
        return *answer;
    }
    let most = gate.most(request.uri().path(), key.is_some() || web.keys.open);
    let (request, held) = match gate.whole(request, most).await {
        Ok(whole) => whole,
        Err(answer) => return *answer,
    };
    let response = next.run(request).await;
    drop(held);
    let was_refused = matches!(
        response.status(),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    );
    if was_refused && let Some(address) = limited {
        gate.refuse(address);
    }
    response
}
