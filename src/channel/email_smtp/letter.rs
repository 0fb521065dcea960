//! Writes one e-mail: headers, text and HTML.
//!
//! The Message-ID is made from the reference, so a reply, a bounce and a repeated attempt all name
//! the same page; where answers are read it is sealed, see [`crate::domain::return_address`]. All
//! letters about one complaint to one person name the same first letter, which there never was, so
//! mail programs show them together. `Auto-Submitted` (RFC 3834) keeps holiday notices from answering.

use lettre::{
    Message as Letter,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use crate::{
    channel::{Outgoing, exchange::Failure},
    domain::{
        delivery::Address,
        message::Message,
        page,
        return_address::{ReturnAddress, escaped},
    },
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
    /// Where answers are read; none where they are not.
    pub(super) returns: Option<ReturnAddress>,
}

impl Head {
    /// The Message-ID of the e-mail with this reference, in angle brackets.
    pub(super) fn message_id(&self, reference: &str) -> String {
        let left = match &self.returns {
            Some(returns) => returns.seal(reference),
            None => escaped(reference),
        };
        format!("<{left}@{}>", self.domain)
    }

    /// Where the answer to this letter goes, when not to its sender.
    fn reply_to(&self, reference: &str) -> Option<Mailbox> {
        self.reply_to.clone().or_else(|| {
            let address = self.returns.as_ref()?.for_reference(reference);
            Some(Mailbox::new(self.from.name.clone(), address.parse().ok()?))
        })
    }

    /// The letters that a letter follows: the first of its thread, and the one that it answers.
    fn thread(&self, outgoing: &Outgoing) -> Vec<String> {
        let about = outgoing.in_reply_to.as_ref().unwrap_or(&outgoing.reference);
        let page = page::parse_reference(about).and_then(|(page, _)| page.parts());
        // A `+` stands in no reference, so this is nobody's Message-ID.
        let first = page
            .map(|(complaint, person)| format!("<{complaint}+{person}@{}>", self.domain))
            .filter(|first| !first.contains("..") && !first.contains(".@"));
        let earlier = outgoing.in_reply_to.as_deref();
        first
            .into_iter()
            .chain(earlier.map(|earlier| self.message_id(earlier)))
            .collect()
    }
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
        .message_id(Some(head.message_id(&outgoing.reference)))
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"));
    if let Some(reply_to) = head.reply_to(&outgoing.reference) {
        builder = builder.reply_to(reply_to);
    }
    let thread = head.thread(outgoing);
    if let Some(last) = thread.last() {
        builder = builder
            .in_reply_to(last.clone())
            .references(thread.join(" "));
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
