//! Where answers to our e-mails and their bounces go, and how they find their page.
//!
//! A reference is *sealed* before it travels: an HMAC stands behind it, so nobody who has not got the
//! mail can name a page. The sealed reference stands in the mail's Message-ID (an answer repeats that
//! in `In-Reply-To`, a bounce in what it returns) and, where it fits, behind a `+` in the address for
//! answers and in the envelope's sender (`siaga+LGWP1=1=budi_0.1.MAC@...`). Servers on the way may
//! replace the one and drop the other; either is enough.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::delivery::{EmailAddress, InvalidEmail};

/// The longest local part that every server takes (RFC 5321 section 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;
/// Eighty bits of the code: guessing needs more mails than anybody can send.
const MAC_BYTES: usize = 10;

/// The address for answers and bounces, and the seal of what travels in it.
#[derive(Clone)]
pub struct ReturnAddress {
    address: EmailAddress,
    separator: Option<char>,
    secret: SecretString,
}

impl fmt::Debug for ReturnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReturnAddress")
            .field("address", &self.address)
            .field("separator", &self.separator)
            .finish_non_exhaustive()
    }
}

impl ReturnAddress {
    /// An address whose mailbox also takes what stands behind the separator; none for a server that
    /// knows no such addresses.
    ///
    /// # Errors
    /// When it is no address.
    pub fn new(
        address: &str,
        separator: Option<char>,
        secret: SecretString,
    ) -> Result<Self, InvalidEmail> {
        Ok(Self {
            address: EmailAddress::parse(address)?,
            separator,
            secret,
        })
    }

    /// The address as it is.
    pub fn bare(&self) -> &str {
        self.address.as_str()
    }

    /// The address with a sealed reference in it, or as it is where that would not fit.
    pub fn for_reference(&self, reference: &str) -> String {
        let (local, domain) = self.parts();
        self.separator
            .map(|separator| format!("{local}{separator}{}", self.seal(reference)))
            .filter(|local| local.len() <= LONGEST_LOCAL)
            .map_or_else(
                || self.bare().to_owned(),
                |local| format!("{local}@{domain}"),
            )
    }

    /// A reference with its seal, in characters that may stand before an `@`.
    pub fn seal(&self, reference: &str) -> String {
        format!("{}.{}", escaped(reference), self.code(reference))
    }

    /// The reference in a sealed text; none when the seal is not ours or does not fit.
    pub fn open(&self, sealed: &str) -> Option<String> {
        let (left, code) = sealed.rsplit_once('.')?;
        let reference = unescaped(left)?;
        let ours = self.code(&reference);
        // Some servers turn addresses into small letters; hexadecimal digits stay what they are.
        let is_sealed = bool::from(ours.as_bytes().ct_eq(code.to_ascii_lowercase().as_bytes()));
        is_sealed.then_some(reference)
    }

    /// The reference in an address of ours.
    pub fn reference_in_address(&self, address: &str) -> Option<String> {
        let (name, their_domain) = address.trim().rsplit_once('@')?;
        let (local, domain) = self.parts();
        if !their_domain.eq_ignore_ascii_case(domain) {
            return None;
        }
        let (before, sealed) = name.split_at_checked(local.len())?;
        if !before.eq_ignore_ascii_case(local) {
            return None;
        }
        self.open(sealed.strip_prefix(self.separator?)?)
    }

    /// The reference in a Message-ID of ours, with or without its angle brackets.
    pub fn reference_in_message_id(&self, id: &str) -> Option<String> {
        let id = id.trim().trim_start_matches('<').trim_end_matches('>');
        self.open(id.rsplit_once('@')?.0)
    }

    /// Whether an address is this one, whatever stands behind the separator.
    pub fn is_ours(&self, address: &str) -> bool {
        let (local, domain) = self.parts();
        address
            .trim()
            .rsplit_once('@')
            .is_some_and(|(name, theirs)| {
                let name = match self.separator {
                    Some(separator) => name.split_once(separator).map_or(name, |(name, _)| name),
                    None => name,
                };
                name.eq_ignore_ascii_case(local) && theirs.eq_ignore_ascii_case(domain)
            })
    }

    fn parts(&self) -> (&str, &str) {
        let bare = self.bare();
        bare.split_once('@').unwrap_or((bare, ""))
    }

    fn code(&self, reference: &str) -> String {
        let secret = self.secret.expose_secret().as_bytes();
        // HMAC takes keys of any length, so this cannot fail; an empty code fits no other.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
            return String::new();
        };
        mac.update(b"siaga return address\0");
        mac.update(reference.as_bytes());
        let code = mac.finalize().into_bytes();
        code[..MAC_BYTES]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// A reference in characters that may stand before the `@` of an address or a Message-ID.
///
/// It may hold `:`, and dots where RFC 5322 allows none; they are written as `=` and `~`, which no
/// reference holds. [`unescaped`] turns them back.
pub fn escaped(reference: &str) -> String {
    let mut left = reference.replace(':', "=");
    if left.starts_with('.') || left.ends_with('.') || left.contains("..") {
        left = left.replace('.', "~");
    }
    left
}

/// The reference that was escaped; none for a text that no reference becomes.
pub fn unescaped(left: &str) -> Option<String> {
    let reference = left.replace('=', ":").replace('~', ".");
    let is_sound = (1..=160).contains(&reference.len())
        && reference
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-:".contains(&b));
    is_sound.then_some(reference)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REFERENCE: &str = "LGWP14376928:12:kepala.dishub_0.1";

    fn address(secret: &str) -> ReturnAddress {
        ReturnAddress::new("Siaga@jateng.test", Some('+'), secret.into()).unwrap()
    }

    #[test]
    fn what_was_sealed_is_found_in_the_address_and_in_the_message_id() {
        let ours = address("rahasia");
        let to = ours.for_reference(REFERENCE);
        assert!(
            to.starts_with("siaga+LGWP14376928=12=kepala.dishub_0.1."),
            "{to}"
        );
        assert!(to.split_once('@').unwrap().0.len() <= 64, "{to}");
        for spelling in [
            to.clone(),
            to.replace("siaga+", "SIAGA+").replace("@jateng", "@Jateng"),
        ] {
            let found = ours.reference_in_address(&spelling);
            assert_eq!(found.as_deref(), Some(REFERENCE), "{spelling}");
            assert!(ours.is_ours(&spelling));
        }
        let id = format!("<{}@mail.test>", ours.seal(REFERENCE));
        assert_eq!(
            ours.reference_in_message_id(&id).as_deref(),
            Some(REFERENCE)
        );
        assert!(ours.is_ours("siaga@jateng.test"));
        assert!(!ours.is_ours("siaga@other.test") && !ours.is_ours("budi@jateng.test"));
    }

    #[test]
    fn a_seal_that_was_touched_opens_nothing() {
        let ours = address("rahasia");
        let sealed = ours.seal(REFERENCE);
        for index in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[index] ^= 1;
            let touched = String::from_utf8(bytes).unwrap();
            assert_eq!(ours.open(&touched), None, "{touched}");
        }
        for length in 0..sealed.len() {
            assert_eq!(ours.open(&sealed[..length]), None, "cut to {length}");
        }
        let code = sealed.rsplit_once('.').unwrap().1;
        let other_person = format!("LGWP14376928=12=sari_0.1.{code}");
        assert_eq!(ours.open(&other_person), None);
        assert_eq!(address("lain").open(&sealed), None, "another's secret");
        // What a server made small letters of names no page any more; it is not guessed.
        assert_eq!(ours.open(&sealed.to_lowercase()), None);
    }

    #[test]
    fn what_does_not_fit_goes_to_the_bare_address() {
        let ours = address("rahasia");
        let long = format!("{}:1:budi_0.1", "L".repeat(40));
        assert_eq!(ours.for_reference(&long), "siaga@jateng.test");
        let plain = ReturnAddress::new("siaga@jateng.test", None, "rahasia".into()).unwrap();
        assert_eq!(plain.for_reference(REFERENCE), "siaga@jateng.test");
        assert!(!format!("{plain:?}").contains("rahasia"));
    }

    proptest! {
        #[test]
        fn every_reference_comes_back(reference in "[A-Za-z0-9._:-]{1,160}") {
            let ours = address("rahasia");
            let sealed = ours.seal(&reference);
            prop_assert!(!sealed.contains(':') && !sealed.contains("..") && !sealed.starts_with('.'));
            prop_assert_eq!(ours.open(&sealed), Some(reference));
        }

        #[test]
        fn no_text_is_taken_for_one_of_ours(text in ".{0,80}") {
            let ours = address("rahasia");
            prop_assert_eq!(ours.open(&text), None);
            prop_assert_eq!(ours.reference_in_address(&text), None);
        }
    }
}
