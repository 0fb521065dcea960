//! Bounces: what a mail server reports of a mail that it could not deliver (RFC 3464).
//!
//! Only `Action: failed` is a failure: `delayed` means that the server goes on trying, `relayed` and
//! `expanded` that it has handed the mail on. Which kind of failure, the status tells (RFC 3463).

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders};

use crate::domain::{delivery::FailureKind, return_address::ReturnAddress};

/// Statuses that say that there is nobody at an address: no such mailbox, no such domain, no form of
/// an address, moved without a new address, a domain that takes no mail.
const NOBODY_THERE: [&str; 5] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"];

/// What a bounce says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bounce {
    /// Why the mail was not delivered; none when the server has not given up.
    pub(super) why: Option<FailureKind>,
    /// The reference in the mail that came back.
    pub(super) reference: Option<String>,
}

/// Reads a bounce; none for a mail that is no report on a delivery.
pub(super) fn read(mail: &Message<'_>, returns: &ReturnAddress) -> Option<Bounce> {
    let report = mail
        .parts
        .iter()
        .find(|part| is(part, "message", "delivery-status"));
    let Some(report) = report else {
        return without_report(mail, returns);
    };
    let returned = Returned::find(mail, returns);
    let text = String::from_utf8_lossy(report.contents()).into_owned();
    let why = recipients(&text)
        .iter()
        .filter(|recipient| recipient.field("action") == Some("failed"))
        .map(|recipient| recipient.kind(returned.to.as_deref()))
        // One who is not there says more than one who was not reached.
        .max_by_key(|kind| *kind == FailureKind::WrongAddress);
    Some(Bounce {
        why,
        reference: returned.reference,
    })
}

/// Old servers say it in words only; a header names who was not reached.
fn without_report(mail: &Message<'_>, returns: &ReturnAddress) -> Option<Bounce> {
    mail.header_raw("X-Failed-Recipients")?;
    Some(Bounce {
        why: Some(FailureKind::Permanent),
        reference: Returned::find(mail, returns).reference,
    })
}

fn is(part: &MessagePart<'_>, kind: &str, subtype: &str) -> bool {
    part.content_type().is_some_and(|found| {
        found.ctype().eq_ignore_ascii_case(kind)
            && found
                .subtype()
                .is_some_and(|found| found.eq_ignore_ascii_case(subtype))
    })
}

/// What a bounce brings back of the mail that was not delivered.
#[derive(Default)]
struct Returned {
    reference: Option<String>,
    to: Option<String>,
}

impl Returned {
    fn find(mail: &Message<'_>, returns: &ReturnAddress) -> Self {
        let head = |mail: &Message<'_>| Self {
            reference: mail
                .message_id()
                .and_then(|id| returns.reference_in_message_id(id)),
            to: mail
                .to()
                .and_then(|to| to.first()?.address.as_deref().map(str::to_lowercase)),
        };
        for part in &mail.parts {
            if let Some(inner) = part.message() {
                return head(inner);
            }
            if (is(part, "text", "rfc822-headers") || is(part, "message", "rfc822-headers"))
                && let Some(inner) = MessageParser::default().parse_headers(part.contents())
            {
                return head(&inner);
            }
        }
        Self::default()
    }
}

/// The fields about one recipient: names in small letters.
struct Recipient(Vec<(String, String)>);

impl Recipient {
    fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.0.iter();
        let (_, value) = fields.find(|(field, _)| field == name)?;
        Some(value)
    }

    /// What kind of failure it is for the mail that went to `to`.
    fn kind(&self, to: Option<&str>) -> FailureKind {
        let status = self.status();
        // Somebody who has their mail handed on has not moved because the other address is gone.
        let named: Vec<_> = ["original-recipient", "final-recipient"]
            .iter()
            .filter_map(|field| address(self.field(field)?))
            .collect();
        let is_ours = to.is_none_or(|to| named.is_empty() || named.iter().any(|it| it == to));
        match status.as_deref() {
            Some(status) if NOBODY_THERE.contains(&status) && is_ours => FailureKind::WrongAddress,
            // Given up after days of trying.
            Some(status) if status.starts_with("4.") => FailureKind::Temporary,
            _ => FailureKind::Permanent,
        }
    }

    /// The status; where it is the general one, what the refusing server said is more exact.
    fn status(&self) -> Option<String> {
        let own = self.field("status").and_then(enhanced);
        let said = self.field("diagnostic-code").and_then(enhanced);
        match own {
            Some(own) if !own.ends_with(".0.0") => Some(own),
            own => said.or(own),
        }
    }
}

/// `rfc822; budi@dishub.test`
fn address(field: &str) -> Option<String> {
    let (_, address) = field.split_once(';')?;
    Some(address.trim().trim_matches(['<', '>']).to_lowercase())
}

/// The first enhanced status code (`5.1.1`) in a text.
fn enhanced(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .find(|word| {
            let parts: Vec<_> = word.split('.').collect();
            parts.len() == 3
                && matches!(parts[0], "2" | "4" | "5")
                && parts[1..].iter().all(|part| (1..=3).contains(&part.len()))
        })
        .map(str::to_owned)
}

/// The groups of fields after the first, which is about the report itself.
fn recipients(report: &str) -> Vec<Recipient> {
    let mut groups = vec![Vec::<(String, String)>::new()];
    for line in report.lines() {
        if line.trim().is_empty() {
            groups.push(Vec::new());
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = groups.last_mut().and_then(|group| group.last_mut()) {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':')
            && let Some(group) = groups.last_mut()
        {
            let name = name.trim().to_lowercase();
            let value = value.trim();
            // Comments are allowed behind the word.
            let value = if name == "action" {
                value
                    .split([' ', '('])
                    .next()
                    .unwrap_or_default()
                    .to_lowercase()
            } else {
                value.to_owned()
            };
            group.push((name, value));
        }
    }
    groups
        .into_iter()
        .map(Recipient)
        .filter(|group| group.field("action").is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(fields: &str, to: Option<&str>) -> FailureKind {
        let report = format!("Reporting-MTA: dns; mx.test\n\n{fields}\nAction: failed\n");
        recipients(&report)[0].kind(to)
    }

    #[test]
    fn the_status_decides_what_kind_of_failure_it_is() {
        let cases = [
            ("Status: 5.1.1", FailureKind::WrongAddress),
            ("Status: 5.1.10 (null MX)", FailureKind::WrongAddress),
            ("Status: 5.1.2", FailureKind::WrongAddress),
            ("Status: 5.1.8", FailureKind::Permanent),
            ("Status: 5.2.2", FailureKind::Permanent),
            ("Status: 5.7.1", FailureKind::Permanent),
            ("Status: 4.4.7", FailureKind::Temporary),
            (
                "Status: 5.0.0\nDiagnostic-Code: smtp; 550-5.1.1 <b@x.test>:\n 550 5.1.1 User unknown",
                FailureKind::WrongAddress,
            ),
            (
                "Status: 5.0.0\nDiagnostic-Code: smtp; 550 Mailbox full",
                FailureKind::Permanent,
            ),
            (
                "Diagnostic-Code: smtp; 452 4.2.2 full",
                FailureKind::Temporary,
            ),
            ("X: y", FailureKind::Permanent),
            // A machine's address is no status.
            (
                "Diagnostic-Code: smtp; 550 from 5.10.20.30",
                FailureKind::Permanent,
            ),
        ];
        for (fields, expected) in cases {
            assert_eq!(kind(fields, None), expected, "{fields}");
        }
    }

    #[test]
    fn an_address_that_mail_is_handed_on_to_is_not_the_persons() {
        let handed_on = "Final-Recipient: rfc822; lama@gmail.test\nStatus: 5.1.1";
        assert_eq!(kind(handed_on, Some("budi@x.test")), FailureKind::Permanent);
        let own = "Original-Recipient: rfc822;Budi@x.test\nFinal-Recipient: rfc822; b@y.test\nStatus: 5.1.1";
        assert_eq!(kind(own, Some("budi@x.test")), FailureKind::WrongAddress);
    }
}
