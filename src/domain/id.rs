//! Identifiers as types, so that a unit's code can never stand where a complaint's number belongs.
//!
//! All of them become parts of Redis keys, addresses and log fields, so all share one alphabet:
//! ASCII letters, digits, `.`, `_`, `-` (and `:` between the parts of a page's id). Complaints, units, posts, persons and methods have at most 40 characters,
//! so that a page's derived id (at most 120) always has room for its parts.
//!
//! They are copied with every decision, so a short one lies in its place and a copy of a long one shares its text.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};

/// Why a text is no identifier. Names the value and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a valid {kind}: use 1 to {max} letters, digits, '.', '_' or '-'")]
pub struct InvalidId {
    /// What was to be read, as a person would say it.
    pub kind: &'static str,
    /// The text that was refused, cut to 80 characters.
    pub value: String,
    /// The greatest length allowed.
    pub max: usize,
}

fn is_valid(text: &str, max: usize, joined: bool) -> bool {
    !text.is_empty()
        && text.len() <= max
        && text.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-') || (b == b':' && joined)
        })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "SmolStr")]
        pub struct $name(SmolStr);

        impl $name {
            /// Reads an identifier; surrounding white space is dropped.
            ///
            /// # Errors
            /// When it is empty, too long, or has other characters.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let text = text.trim();
                if is_valid(text, $max, $kind == "page id") {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId {
                        kind: $kind,
                        value: text.chars().take(80).collect(),
                        max: $max,
                    })
                }
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.into()
            }
        }

        impl From<$name> for SmolStr {
            fn from(id: $name) -> SmolStr {
                id.0
            }
        }
    };
}

id!(
    /// A complaint's own number, as the citizen knows it: `LGWP14376928`.
    ComplaintId, "complaint id", 40
);
id!(
    /// A government unit's short code: `DISHUB`.
    UnitCode, "unit code", 40
);
id!(
    /// An office in a unit: `DISHUB.kepala`. Posts are responsible, not persons.
    PostCode, "post code", 40
);
id!(
    /// A person who can be paged.
    ResponderId, "responder id", 40
);
id!(
    /// One way to reach one responder, unique within the responder: `sms`, `wa-kantor`.
    MethodId, "contact method id", 40
);
id!(
    /// An escalation policy's name, without its version.
    PolicyId, "policy id", 40
);
id!(
    /// A service calendar's name: `kalender` (every hour counts), `kerja` (working days).
    CalendarId, "calendar id", 40
);
id!(
    /// A further clock's name within its policy: `tindak-lanjut`.
    ClockId, "clock id", 40
);
id!(
    /// A page's derived id: what it is about decides it, so handing it over twice is harmless.
    PageId, "page id", 120
);

impl PostCode {
    /// The code of a unit's post of this role, where it has one: `DISHUB.kepala`. To look it up by; one that
    /// is too long is nobody's.
    pub(super) fn of(unit: &UnitCode, role: &str) -> Self {
        Self(format_smolstr!("{unit}.{role}"))
    }
}

/// What follows the first page's id in a bundle's.
const BUNDLE: &str = ":b";

impl PageId {
    /// The id of a complaint's page to a responder: `COMPLAINT:PAGING:RESPONDER`. What it is about
    /// decides it, so ordering it twice orders one page.
    pub fn of_paging(complaint: &ComplaintId, paging: u32, responder: &ResponderId) -> Self {
        Self(format_smolstr!("{complaint}:{paging}:{responder}"))
    }

    /// The id of the bundle that was begun with this page: `COMPLAINT:PAGING:RESPONDER:b`. A page is
    /// in one bundle at most, so no two have the same.
    pub fn of_bundle(first: &Self) -> Self {
        Self(format!("{first}{BUNDLE}").into())
    }

    /// Whether it is a bundle's.
    pub fn is_bundle(&self) -> bool {
        self.0.ends_with(BUNDLE)
    }

    /// The complaint and the responder of a complaint's page; none for a bundle, which is about
    /// several, nor for the answer to a reply.
    pub fn parts(&self) -> Option<(ComplaintId, ResponderId)> {
        let mut parts = self.0.split(':');
        let (complaint, paging, responder) = (parts.next()?, parts.next()?, parts.next()?);
        paging.parse::<u32>().ok()?;
        if parts.next().is_some() {
            return None;
        }
        Some((
            ComplaintId::parse(complaint).ok()?,
            ResponderId::parse(responder).ok()?,
        ))
    }

    /// The id of a check of a person's own telephone: `check:vN:RESPONDER`. No paging is numbered so.
    pub fn of_check(number: u32, responder: &ResponderId) -> Self {
        Self(format!("check:v{number}:{responder}").into())
    }

    /// To whom a complaint's page, a bundle or a check goes; none for the answer to a reply.
    pub fn responder(&self) -> Option<ResponderId> {
        let page = self.0.strip_suffix(BUNDLE).unwrap_or(&self.0);
        if let Some((_, responder)) = Self(page.into()).parts() {
            return Some(responder);
        }
        let (number, responder) = page.strip_prefix("check:v")?.split_once(':')?;
        number.parse::<u32>().ok()?;
        ResponderId::parse(responder).ok()
    }

    /// Whether it is a check's.
    pub fn is_check(&self) -> bool {
        self.0.starts_with("check:v") && self.parts().is_none() && self.responder().is_some()
    }

    /// The id of the answer to a reply: derived from the reply, so that it is given once. Characters
    /// that are none of the alphabet (gateways name messages as they like) become `-`.
    pub fn of_reply(reply: &str, about: &str) -> Self {
        let text: String = format!("r:{reply}:{about}")
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "._:".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .take(120)
            .collect();
        Self(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checks_page_is_no_complaints() {
        let budi = ResponderId::parse("budi.s").unwrap();
        let check = PageId::of_check(3, &budi);
        assert!(check.is_check() && check.parts().is_none());
        assert_eq!(check.responder(), Some(budi.clone()));
        let page = PageId::of_paging(&ComplaintId::parse("check").unwrap(), 3, &budi);
        assert!(!page.is_check());
        assert_eq!(page.responder(), Some(budi));
        let answer = PageId::of_reply("m1", "note");
        assert!(!answer.is_check() && answer.responder().is_none());
    }

    #[test]
    fn an_id_keeps_to_its_alphabet() {
        assert_eq!(ComplaintId::parse(" LGWP1 ").unwrap().as_str(), "LGWP1");
        for bad in ["", " ", "a b", "a/b", "{c0}", "a\nb", "é", &"x".repeat(41)] {
            let error = ComplaintId::parse(bad).unwrap_err();
            assert!(error.to_string().contains("complaint id"), "{bad:?}");
        }
    }

    #[test]
    fn a_page_says_to_whom_and_a_bundle_names_no_complaint() {
        let (complaint, responder) = ("x".repeat(40), "y".repeat(40));
        let complaint = ComplaintId::parse(&complaint).unwrap();
        let responder = ResponderId::parse(&responder).unwrap();
        let page = PageId::of_paging(&complaint, u32::MAX, &responder);
        let bundle = PageId::of_bundle(&page);
        assert_eq!(page.parts(), Some((complaint, responder.clone())));
        assert_eq!(page.responder(), Some(responder.clone()));
        assert!(bundle.is_bundle() && !page.is_bundle());
        assert_eq!(bundle.parts(), None);
        assert_eq!(bundle.responder(), Some(responder));
        assert_eq!(PageId::parse(bundle.as_str()), Ok(bundle), "it has room");
        let answer = PageId::of_reply("sms.7", "LGWP1");
        assert_eq!((answer.parts(), answer.responder()), (None, None));
    }
}
