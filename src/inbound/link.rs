//! Signed links: to acknowledge, and to a person's own calendar. Looking at one changes nothing (mail scanners open
//! every link); only the button on its page acts.
//!
//! A token of an acknowledgement is `RESPONDER~COMPLAINT~SECONDS~MAC`: who may answer what until when, and an HMAC-SHA256
//! over that, cut to 128 bits.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::domain::id::{ComplaintId, ResponderId};

const ACKNOWLEDGEMENT: &[u8] = b"siaga acknowledgement link\0";
const CALENDAR: &[u8] = b"siaga calendar\0";

/// Signs and checks tokens.
pub struct Signer {
    secret: SecretString,
    valid_for: SignedDuration,
}

/// What a token allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Who may answer.
    pub responder: ResponderId,
    /// About which complaint.
    pub complaint: ComplaintId,
}

/// Why a token allows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is not one of ours.
    #[error("this link is not valid")]
    Forged,
    /// Its time has run out.
    #[error("this link has expired")]
    Expired,
}

impl Signer {
    /// A signer with the configured secret.
    pub fn new(secret: SecretString, valid_for: SignedDuration) -> Self {
        Self { secret, valid_for }
    }

    /// A token for a responder and a complaint from `now` on.
    pub fn sign(&self, responder: &ResponderId, complaint: &ComplaintId, now: Timestamp) -> String {
        let until = now
            .saturating_add(self.valid_for)
            .unwrap_or(Timestamp::MAX)
            .as_second();
        let body = format!("{responder}~{complaint}~{until}");
        let mac = self.mac(ACKNOWLEDGEMENT, &body);
        format!("{body}~{mac}")
    }

    /// What a token allows at `now`.
    ///
    /// # Errors
    /// When it is not ours or its time has run out.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<Allowed, BadToken> {
        let (body, mac) = token.rsplit_once('~').ok_or(BadToken::Forged)?;
        if !bool::from(
            self.mac(ACKNOWLEDGEMENT, body)
                .as_bytes()
                .ct_eq(mac.as_bytes()),
        ) {
            return Err(BadToken::Forged);
        }
        let mut parts = body.split('~');
        let (Some(responder), Some(complaint), Some(until), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(BadToken::Forged);
        };
        let until: i64 = until.parse().map_err(|_| BadToken::Forged)?;
        if now.as_second() >= until {
            return Err(BadToken::Expired);
        }
        Ok(Allowed {
            responder: ResponderId::parse(responder).map_err(|_| BadToken::Forged)?,
            complaint: ComplaintId::parse(complaint).map_err(|_| BadToken::Forged)?,
        })
    }

    /// A token for somebody's own calendar: `RESPONDER~GENERATION~MAC`. It holds until its generation is revoked.
    pub fn sign_calendar(&self, responder: &ResponderId, generation: u32) -> String {
        let body = format!("{responder}~{generation}");
        let mac = self.mac(CALENDAR, &body);
        format!("{body}~{mac}")
    }

    /// Whose calendar a token shows, and of which generation it is; none when it is not ours.
    pub fn check_calendar(&self, token: &str) -> Option<(ResponderId, u32)> {
        let (body, mac) = token.rsplit_once('~')?;
        let own = self.mac(CALENDAR, body);
        if !bool::from(own.as_bytes().ct_eq(mac.as_bytes())) {
            return None;
        }
        let (responder, generation) = body.split_once('~')?;
        Some((
            ResponderId::parse(responder).ok()?,
            generation.parse().ok()?,
        ))
    }

    /// `purpose` keeps a token from being one of another kind.
    fn mac(&self, purpose: &[u8], body: &str) -> String {
        let secret = self.secret.expose_secret().as_bytes();
        // HMAC takes keys of any length, so this cannot fail; an empty tag matches nothing.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
            return String::new();
        };
        mac.update(purpose);
        mac.update(body.as_bytes());
        URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..16])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_until_its_time_and_not_when_touched() {
        let signer = Signer::new("secret".into(), SignedDuration::from_hours(1));
        let now: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
        let responder = ResponderId::parse("budi").unwrap();
        let complaint = ComplaintId::parse("LGWP1").unwrap();
        let token = signer.sign(&responder, &complaint, now);
        let allowed = Allowed {
            responder,
            complaint,
        };
        assert_eq!(signer.check(&token, now), Ok(allowed));
        let later = now + SignedDuration::from_hours(1);
        assert_eq!(signer.check(&token, later), Err(BadToken::Expired));
        for index in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[index] ^= 1;
            if let Ok(touched) = String::from_utf8(bytes) {
                assert_eq!(
                    signer.check(&touched, now),
                    Err(BadToken::Forged),
                    "{touched}"
                );
            }
        }
        assert_eq!(signer.check_calendar(&token), None, "of another kind");
        let other = Signer::new("other".into(), SignedDuration::from_hours(1));
        assert_eq!(other.check(&token, now), Err(BadToken::Forged));
    }

    #[test]
    fn a_calendar_is_its_persons_and_of_one_generation() {
        let signer = Signer::new("secret".into(), SignedDuration::from_hours(1));
        let responder = ResponderId::parse("budi.s").unwrap();
        let token = signer.sign_calendar(&responder, 3);
        assert_eq!(signer.check_calendar(&token), Some((responder, 3)));
        for other in [
            token.replace("budi", "tono"),
            token.replace("~3~", "~2~"),
            token[..token.len() - 1].to_owned(),
            String::new(),
            "~".to_owned(),
        ] {
            assert_eq!(signer.check_calendar(&other), None, "{other}");
        }
        let now: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
        assert_eq!(signer.check(&token, now), Err(BadToken::Forged));
    }
}
