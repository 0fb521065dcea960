//! Errors as callers see them: RFC 9457 problem details that name field, value and remedy.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::store::StoreError;

/// A problem with a request.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    #[serde(skip)]
    status: StatusCode,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The line of a batch, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Which field.
    pub field: String,
    /// Its value, cut.
    pub value: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// A problem in a few words.
    pub fn new(status: StatusCode, title: impl Into<String>) -> Self {
        Self {
            status,
            title: title.into(),
            detail: None,
            errors: Vec::new(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The things that do not fit.
    #[must_use]
    pub fn errors(mut self, errors: Vec<Fault>) -> Self {
        self.errors = errors;
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut body = serde_json::to_value(&self).unwrap_or_default();
        if let Some(object) = body.as_object_mut() {
            object.insert("type".into(), "about:blank".into());
            object.insert("status".into(), status.as_u16().into());
        }
        (
            status,
            [(header::CONTENT_TYPE, PROBLEM_JSON)],
            Json(body).into_response().into_body(),
        )
            .into_response()
    }
}

const PROBLEM_JSON: &str = "application/problem+json";

/// A body that is larger than `most`; `limit` is how large one may be that comes with a key.
pub(super) fn too_large(most: usize, limit: usize) -> Problem {
    let problem = Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is larger than {most} bytes"),
    );
    problem.detail(if most < limit {
        "send less, or a known API key: without one only gateways may bring more"
    } else {
        "send less at once; server.body_limit in the settings is the limit"
    })
}

/// Makes a problem of every refusal that is none yet. The framework refuses in bare words or in none:
/// a method that is not for an address, a query that cannot be read.
pub(super) async fn worded(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_worded =
        kind.is_some_and(|kind| kind == PROBLEM_JSON || kind.as_bytes().starts_with(b"text/html"));
    if is_worded || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let said = axum::body::to_bytes(body, 2_000).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let problem = match status {
        // The header is put on outside of this.
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(status, "this method is not for this address")
                .detail("the header Allow names those that are")
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            Problem::new(status, "the request took too long").detail("send it again in a moment")
        }
        _ if status.is_server_error() => Problem::new(status, "the request failed here")
            .detail("it is a fault of the service: its log tells more"),
        _ => Problem::new(status, "the request does not fit").detail(said),
    };
    let mut response = problem.into_response();
    // Whatever else stands in its head still holds.
    for (name, value) in &parts.headers {
        if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        // What Redis says is for the operators; the caller needs to know that nothing was promised.
        tracing::error!(%error, "a request failed at the store");
        let (title, detail) = match error {
            StoreError::NotCopied(_) => (
                "what was handed in is not safe yet",
                "it may have been taken in: send the same request again, which does nothing twice",
            ),
            _ => (
                "the store is not available",
                "nothing was promised: send the same request again in a moment",
            ),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, title).detail(detail)
    }
}
