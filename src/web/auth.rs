//! API keys: kept as hashes, with scopes and an expiry.

use axum::http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::Problem;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Hand complaints in and tell how they stand.
    Intake,
    /// Read complaints and their timelines, and how people can be reached.
    Read,
    /// Check people's telephones: verifications and test pages.
    Contacts,
    /// Look at what could not be processed, try it again, drop it.
    Operate,
}

/// One key.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Whose it is.
    pub name: String,
    /// The SHA-256 of the key.
    pub sha256: [u8; 32],
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// From when on it is worth nothing.
    pub expires: Option<Timestamp>,
}

/// The configured keys.
#[derive(Debug, Clone, Default)]
pub struct ApiKeys {
    /// The keys.
    pub keys: Vec<ApiKey>,
    /// Whether the API is open without a key: only for the demo.
    pub open: bool,
}

impl ApiKeys {
    /// Lets a request through that carries a key with this scope; gives the key's name.
    ///
    /// # Errors
    /// 401 without a key that is ours, 403 when it may not do this.
    pub fn require(
        &self,
        headers: &HeaderMap,
        scope: Scope,
        now: Timestamp,
    ) -> Result<&str, Problem> {
        if self.open {
            return Ok("demo");
        }
        let given = given(headers).ok_or_else(|| {
            Problem::new(StatusCode::UNAUTHORIZED, "an API key is needed")
                .detail("send the header Authorization: Bearer KEY; siaga key makes one")
        })?;
        let key = self.find(given).ok_or_else(|| {
            Problem::new(StatusCode::UNAUTHORIZED, "this API key is not known")
                .detail("look whether its hash stands in [[api_keys]] of the settings")
        })?;
        if key.has_expired(now) {
            return Err(
                Problem::new(StatusCode::UNAUTHORIZED, "this API key has expired")
                    .detail("make a new one with siaga key"),
            );
        }
        if !key.scopes.contains(&scope) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                format!("the API key {:?} may not do this", key.name),
            )
            .detail(format!("give it the scope {scope:?} in the settings")));
        }
        Ok(&key.name)
    }

    /// The key that a request carries, if it is worth something.
    pub(super) fn known(&self, headers: &HeaderMap, now: Timestamp) -> Option<&ApiKey> {
        let key = self.find(given(headers)?)?;
        (!key.has_expired(now)).then_some(key)
    }

    fn find(&self, given: &str) -> Option<&ApiKey> {
        let hash: [u8; 32] = Sha256::digest(given.trim().as_bytes()).into();
        let mut keys = self.keys.iter();
        keys.find(|key| bool::from(key.sha256.ct_eq(&hash)))
    }
}

impl ApiKey {
    fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|until| until <= now)
    }
}

fn given(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    given.strip_prefix("Bearer ")
}
