//! E-mail that comes back: answers, bounces, holiday notices, loops.
//!
//! [`read`] tells what a mail is, from its bytes alone. [`proof`] tells whether its sender is who it
//! says, [`mailbox`] fetches mails and [`taking`] does what they ask for. To teach a mail program's
//! habits, add one of its mails to `samples` and a line to the table of the tests.
//!
//! Whatever a mail asks for, it asks for one page: the one whose sealed reference it carries
//! ([`crate::domain::return_address`]), looked for in the address that it went to, then in
//! `In-Reply-To`, then in `References` from the last one back.

mod automatic;
mod bounce;
mod html;
pub mod mailbox;
mod own_words;
pub mod proof;
pub mod taking;
#[cfg(test)]
mod tests;

use mail_parser::{HeaderName, HeaderValue, Message, MessageParser, PartType};
use sha2::{Digest, Sha256};

use crate::domain::{
    delivery::{EmailAddress, FailureKind},
    return_address::ReturnAddress,
};

/// A mail, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its id for us: the same mail always has the same, whichever way it comes again.
    pub id: String,
    /// Who says that they wrote it; none when that is nobody, or not one.
    pub from: Option<EmailAddress>,
    /// The reference of ours that it carries under our seal.
    pub reference: Option<String>,
    /// What it is.
    pub what: What,
}

/// What a mail is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Somebody's words.
    Words(String),
    /// A machine's answer: a holiday notice, a list, a report.
    Automatic {
        /// By what it was recognised.
        mark: String,
        /// Its words.
        words: String,
    },
    /// A server's word on a mail of ours.
    Bounce {
        /// Why it was not delivered; none when the server has not given up.
        why: Option<FailureKind>,
    },
    /// A mail of our own: a loop.
    Own,
    /// Nothing that can be read.
    Unreadable,
}

/// Reads a mail, or the beginning of one. Takes any bytes.
pub fn read(raw: &[u8], returns: &ReturnAddress) -> Mail {
    let Some(mail) = MessageParser::default()
        .parse(raw)
        .filter(|mail| !mail.headers().is_empty())
    else {
        return Mail {
            id: name(&[raw]),
            from: None,
            reference: None,
            what: What::Unreadable,
        };
    };
    let from = sender(&mail);
    let bounce = bounce::read(&mail, returns);
    let mut reference = reference(&mail, returns);
    let what = if is_own(&mail, from.as_ref(), returns) {
        What::Own
    } else if let Some(bounce) = bounce {
        reference = reference.or(bounce.reference);
        What::Bounce { why: bounce.why }
    } else {
        let called = mail
            .from()
            .and_then(|from| from.first()?.name.as_deref().map(str::to_owned));
        let words = own_words::own_words(&text(&mail), called.as_deref());
        match automatic::mark(&mail) {
            Some(mark) => What::Automatic {
                mark: mark.chars().take(80).collect(),
                words,
            },
            None => What::Words(words),
        }
    };
    let sender = from.as_ref().map_or("", EmailAddress::as_str);
    let id = match mail.message_id() {
        Some(id) => name(&[sender.as_bytes(), b"\0", id.as_bytes()]),
        None => name(&[raw]),
    };
    Mail {
        id,
        from,
        reference,
        what,
    }
}

fn name(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    format!("mail.{}", hex::encode(&hash.finalize()[..16]))
}

/// Who says that they wrote it. Two headers, or two addresses in one, are a disguise or a mistake:
/// servers and people would look at different ones.
fn sender(mail: &Message<'_>) -> Option<EmailAddress> {
    let is_from = |header: &&mail_parser::Header<'_>| header.name == HeaderName::From;
    if mail.headers().iter().filter(is_from).count() != 1 {
        return None;
    }
    let mut all = mail.from()?.iter();
    let only = all.next().filter(|_| all.next().is_none())?;
    EmailAddress::parse(only.address.as_deref()?).ok()
}

fn is_own(mail: &Message<'_>, from: Option<&EmailAddress>, returns: &ReturnAddress) -> bool {
    from.is_some_and(|from| returns.is_ours(from.as_str()))
        || mail
            .message_id()
            .is_some_and(|id| returns.reference_in_message_id(id).is_some())
}

/// The reference of ours that a mail carries under our seal.
fn reference(mail: &Message<'_>, returns: &ReturnAddress) -> Option<String> {
    let envelope = [
        "Delivered-To",
        "X-Original-To",
        "Envelope-To",
        "X-Envelope-To",
    ];
    let mut by_address = mail
        .headers_raw()
        .filter(|(name, _)| envelope.iter().any(|it| it.eq_ignore_ascii_case(name)))
        .map(|(_, value)| value.trim().trim_matches(['<', '>']).to_owned())
        .chain(
            [mail.to(), mail.cc()]
                .into_iter()
                .flatten()
                .flat_map(mail_parser::Address::iter)
                .filter_map(|it| it.address.as_deref().map(str::to_owned)),
        )
        .take(MOST_ADDRESSES);
    by_address
        .find_map(|address| returns.reference_in_address(&address))
        .or_else(|| {
            let answered = ids(mail.in_reply_to());
            let earlier = ids(mail.references());
            let mut by_id = answered.into_iter().chain(earlier.into_iter().rev());
            by_id.find_map(|id| returns.reference_in_message_id(id))
        })
}

/// Nobody needs more; each costs a look at a seal.
const MOST_ADDRESSES: usize = 200;

fn ids<'a>(value: &'a HeaderValue<'_>) -> Vec<&'a str> {
    match value {
        HeaderValue::Text(id) => vec![id],
        HeaderValue::TextList(ids) => {
            let from = ids.len().saturating_sub(MOST_ADDRESSES);
            ids[from..].iter().map(AsRef::as_ref).collect()
        }
        _ => Vec::new(),
    }
}

/// The first text that says something; HTML only where nothing else does.
fn text(mail: &Message<'_>) -> String {
    let plain = mail.text_bodies().find_map(|part| match &part.body {
        PartType::Text(text) if !text.trim().is_empty() => Some(text.to_string()),
        _ => None,
    });
    plain
        .or_else(|| {
            mail.html_bodies().find_map(|part| match &part.body {
                PartType::Html(page) => Some(html::to_text(page)),
                _ => None,
            })
        })
        .unwrap_or_default()
}
