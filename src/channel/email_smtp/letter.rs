//! Writes one e-mail: headers, text and HTML.
//!
//! The Message-ID is made from the reference, so a reply, a bounce and a repeated attempt all name
//! the same page. `Auto-Submitted` (RFC 3834) keeps holiday notices from answering.

use lettre::{
    Message as Letter,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use crate::{
    channel::{Outgoing, exchange::Failure},
    domain::{delivery::Address, message::Message},
};

/// Longest subject, in characters; it stays one readable line.
const LONGEST_SUBJECT: usize = 200;
/// Longest text or HTML, in bytes.
const LONGEST_BODY: usize = 256 * 1024;

/// What is the same in every letter of one gateway.
pub(super) struct Head {
    pub(super) from: Mailbox,
    pub(super) reply_to: Option<Mailbox>,
    pub(super) domain: String,
}

/// Writes the letter as it travels.
pub(super) fn write(head: &Head, outgoing: &Outgoing) -> Result<Vec<u8>, Failure> {
    let Message::Email {
        subject,
        text,
        html,
    } = &outgoing.message
    else {
        return Err(Failure::refused("this gateway carries e-mail only"));
    };
    let Address::Email(address) = &outgoing.to else {
        return Err(Failure::refused("an e-mail needs an e-mail address"));
    };
    // A line break in a subject would begin a header of its own.
    let subject = subject
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    if subject.is_empty() || text.trim().is_empty() {
        return Err(Failure::refused("the subject or the text is empty"));
    }
    if subject.chars().count() > LONGEST_SUBJECT || text.len().max(html.len()) > LONGEST_BODY {
        return Err(Failure::refused(
            "the subject or the text is too long: shorten the template",
        ));
    }
    let to = address.as_str().parse().map_err(|_| {
        Failure::new(
            crate::domain::delivery::FailureKind::WrongAddress,
            "no mail server can take this address",
        )
    })?;
    let mut builder = Letter::builder()
        .from(head.from.clone())
        .to(Mailbox::new(None, to))
        .subject(subject)
        .message_id(Some(message_id(&outgoing.reference, &head.domain)))
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"));
    if let Some(reply_to) = &head.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    if let Some(earlier) = &outgoing.in_reply_to {
        let earlier = message_id(earlier, &head.domain);
        builder = builder.in_reply_to(earlier.clone()).references(earlier);
    }
    let body = MultiPart::alternative_plain_html(text.clone(), html.clone());
    builder
        .multipart(body)
        .map(|letter| letter.formatted())
        .map_err(|_| Failure::refused("the letter cannot be written"))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// The Message-ID of the e-mail with this reference, in angle brackets.
///
/// A reference may hold `:` and dots that RFC 5322 does not allow there; they are written as `=`
/// and `~`, which no reference holds. [`reference_of`] turns them back.
pub fn message_id(reference: &str, domain: &str) -> String {
    let mut left = reference.replace(':', "=");
    if left.starts_with('.') || left.ends_with('.') || left.contains("..") {
        left = left.replace('.', "~");
    }
    format!("<{left}@{domain}>")
}

/// The reference in one of our Message-IDs; none for anybody else's.
pub fn reference_of(message_id: &str, domain: &str) -> Option<String> {
    let inner = message_id.trim().strip_prefix('<')?.strip_suffix('>')?;
    let (left, right) = inner.split_once('@')?;
    let reference = left.replace('=', ":").replace('~', ".");
    let is_sound = (1..=160).contains(&reference.len())
        && reference
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-:".contains(&b));
    (right.eq_ignore_ascii_case(domain) && is_sound).then_some(reference)
}

/// Whether a text is a plain domain name.
pub(super) fn is_domain(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_reference_comes_back_from_its_message_id(reference in "[A-Za-z0-9._:-]{1,160}") {
            let id = message_id(&reference, "siaga.test");
            prop_assert_eq!(reference_of(&id, "SIAGA.test"), Some(reference));
            let left = &id[1..id.find('@').unwrap()];
            prop_assert!(!left.contains(':') && !left.contains("..") && !left.starts_with('.'));
            prop_assert_eq!(reference_of(&id, "other.test"), None);
        }
    }
}
