//! What a 2xx promises: that what was handed in is as safe as the settings ask for. Here for every address at once, so
//! that none can forget it.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{Web, problem::Problem};

/// Lets a success go out only when replicas have what it answers for (`redis.copies`).
pub(super) async fn durable(State(web): State<Web>, request: Request, next: Next) -> Response {
    // Some gateways hand in by GET.
    let writes = request.method() != Method::GET || request.uri().path().starts_with("/hooks/");
    if !writes {
        return next.run(request).await;
    }
    let mark = web.inbound.store.mark();
    let answer = next.run(request).await;
    let status = answer.status();
    if !(status.is_success() || status.is_redirection()) {
        return answer;
    }
    match web.inbound.store.copied(mark).await {
        Ok(()) => answer,
        Err(error) => Problem::from(error).into_response(),
    }
}
