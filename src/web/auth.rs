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
    /// Read complaints and their timelines.
    Read,
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
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| {
                Problem::new(StatusCode::UNAUTHORIZED, "an API key is needed")
                    .detail("send the header Authorization: Bearer KEY; siaga key makes one")
            })?;
        let hash: [u8; 32] = Sha256::digest(given.trim().as_bytes()).into();
        let key = self
            .keys
            .iter()
            .find(|key| bool::from(key.sha256.ct_eq(&hash)))
            .ok_or_else(|| {
                Problem::new(StatusCode::UNAUTHORIZED, "this API key is not known")
                    .detail("look whether its hash stands in [[api_keys]] of the settings")
            })?;
        if key.expires.is_some_and(|until| until <= now) {
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
}
