//! One HTTP request and its answer, for every provider that speaks HTTP.
//!
//! Here is decided what a silence means: before the connection stood, nothing has left
//! ([`FailureKind::Temporary`]); after it, the message may be on its way ([`FailureKind::Unknown`]).
//! An answer is read up to a bound, for a gateway may say anything.

use std::time::Duration;

use jiff::{SignedDuration, fmt::rfc2822};
use reqwest::{
    StatusCode,
    header::{self, HeaderMap},
};

use crate::domain::delivery::FailureKind;

/// How much of an answer is read, in bytes.
const LONGEST_BODY: usize = 64 * 1024;
/// How long a connection may take to stand, with its name look-up and its TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A gateway that asks for more is asked again after this anyway.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// Builds the one HTTP client that all gateways share.
///
/// It follows no redirect (a page sent to another host is a leak), takes no proxy from the
/// environment and never sends a request again by itself.
///
/// # Errors
/// When the machine's TLS set-up cannot be read.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    client_with(CONNECT_TIMEOUT)
}

pub(crate) fn client_with(connect_timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // An error only says that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("siaga/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(connect_timeout)
        // As many as may be under way at once: a burst must not open a connection a message.
        .pool_max_idle_per_host(256)
        .pool_idle_timeout(Duration::from_secs(30))
        .tcp_nodelay(true)
        .build()
}

/// A failure before it is made safe to tell.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) detail: String,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }

    /// A message that this gateway can never carry; nothing was sent.
    pub(crate) fn refused(detail: impl Into<String>) -> Self {
        Self::new(FailureKind::Permanent, detail)
    }
}

/// What a gateway answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The body, up to 64 KiB, with anything that is not UTF-8 replaced.
    pub(crate) body: String,
    /// Whether the body was read to its end.
    pub(crate) is_whole: bool,
    /// How long the gateway asks to wait.
    pub(crate) retry_after: Option<SignedDuration>,
}

impl Answer {
    /// The body as JSON, when it is whole and is JSON.
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        if self.is_whole {
            serde_json::from_str(&self.body).ok()
        } else {
            None
        }
    }

    /// What the status alone says of a failure; an unexplained success is
    /// [`FailureKind::Unknown`], since the message may be on its way.
    pub(crate) fn kind(&self) -> FailureKind {
        match self.status.as_u16() {
            429 => FailureKind::RateLimited {
                retry_after: self.retry_after,
            },
            // 504: a way station gave up waiting for the gateway; it may have got through.
            200..=299 | 504 => FailureKind::Unknown,
            // 408, 425: our request was not read to its end, or not yet wanted.
            408 | 425 | 500..=599 => FailureKind::Temporary,
            // No account, no money, no such place, the wrong door: an operator must mend it.
            100..=199 | 300..=399 | 401 | 402 | 403 | 404 | 405 | 407 | 410 => {
                FailureKind::Misconfigured
            }
            _ => FailureKind::Permanent,
        }
    }

    /// Status and body in one line, not yet safe to tell.
    pub(crate) fn summary(&self) -> String {
        format!("HTTP {}: {}", self.status.as_u16(), self.body.trim())
    }
}

/// Sends a request once and reads its answer.
pub(crate) async fn exchange(
    request: reqwest::RequestBuilder,
    patience: Duration,
) -> Result<Answer, Failure> {
    let mut response = request
        .timeout(patience)
        .send()
        .await
        .map_err(|error| explain(&error))?;
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let mut body = Vec::new();
    let is_whole = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LONGEST_BODY => {
                body.extend(chunk.iter().take(LONGEST_BODY - body.len()));
                break false;
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break true,
            // The status has arrived and says more than the break does.
            Err(_) => break false,
        }
    };
    Ok(Answer {
        status,
        body: String::from_utf8_lossy(&body).into_owned(),
        is_whole,
        retry_after,
    })
}

/// Only the error's class is told: its own words hold the address, and that may hold a password.
fn explain(error: &reqwest::Error) -> Failure {
    if error.is_builder() {
        Failure::refused("the request could not be built from this message")
    } else if error.is_connect() {
        let cause = if error.is_timeout() {
            "timed out"
        } else if error.is_dns() {
            "its name was not found"
        } else {
            "refused or failed"
        };
        Failure::new(
            FailureKind::Temporary,
            format!("connecting to the gateway: {cause}"),
        )
    } else if error.is_timeout() {
        Failure::new(
            FailureKind::Unknown,
            "no answer in time; the message may have left",
        )
    } else {
        Failure::new(
            FailureKind::Unknown,
            "the connection broke before an answer; the message may have left",
        )
    }
}

/// Reads `Retry-After`, as seconds or as a date. A date is measured against the gateway's own
/// `Date`, so that no clock of ours takes part.
fn retry_after(headers: &HeaderMap) -> Option<SignedDuration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let wish = text(header::RETRY_AFTER)?.trim();
    let wait = if let Ok(seconds) = wish.parse::<u32>() {
        SignedDuration::from_secs(i64::from(seconds))
    } else {
        let instant = |text| rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
        instant(wish)?.duration_since(instant(text(header::DATE)?)?)
    };
    Some(wait.clamp(SignedDuration::ZERO, LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_wait_is_read_in_both_spellings() {
        for (wish, date, seconds) in [
            ("120", None, Some(120)),
            (" 0 ", None, Some(0)),
            ("4000000000", None, Some(86_400)),
            ("-1", None, None),
            ("soon", None, None),
            (
                "Tue, 24 Nov 2026 08:00:30 GMT",
                Some("Tue, 24 Nov 2026 08:00:00 GMT"),
                Some(30),
            ),
            (
                "Tue, 24 Nov 2026 07:00:00 GMT",
                Some("Tue, 24 Nov 2026 08:00:00 GMT"),
                Some(0),
            ),
            ("Tue, 24 Nov 2026 08:00:30 GMT", None, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, wish.parse().unwrap());
            if let Some(date) = date {
                headers.insert(header::DATE, date.parse().unwrap());
            }
            let expected = seconds.map(SignedDuration::from_secs);
            assert_eq!(retry_after(&headers), expected, "{wish}");
        }
    }
}
