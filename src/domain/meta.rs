//! What the error codes of Meta's WhatsApp interface ask for.
//!
//! The same codes come as the answer to a request and, later, in the webhook about a message that
//! was taken and did not arrive. Meta says: act on the code, its words may change.

use jiff::SignedDuration;

use super::delivery::FailureKind;

/// The kind of failure that a code stands for; none for a code that we do not know.
pub fn kind_of_code(code: i64, retry_after: Option<SignedDuration>) -> Option<FailureKind> {
    Some(match code {
        // Too many calls of the app, of the account, in all, to one person, or marked as spam.
        4 | 80_007 | 130_429 | 131_048 | 131_056 => FailureKind::RateLimited { retry_after },
        // Service faults that pass: unknown, overloaded, in maintenance.
        1 | 2 | 131_000 | 131_016 | 131_057 => FailureKind::Temporary,
        // Token, permissions, lock, payment, certificate, display name, number not registered or
        // only for tests.
        0
        | 3
        | 10
        | 33
        | 190
        | 200..=299
        | 368
        | 131_005
        | 131_030
        | 131_031
        | 131_037
        | 131_042
        | 131_045
        | 133_010 => FailureKind::Misconfigured,
        // The template: another number of values, not there in this language, against the rules,
        // values of another form, paused, disabled.
        132_000 | 132_001 | 132_007 | 132_012 | 132_015 | 132_016 => FailureKind::TemplateRefused,
        // The recipient is our own number.
        131_021 => FailureKind::WrongAddress,
        // More than 24 hours since the person's last message, whatever we believed.
        131_047 => FailureKind::WindowClosed,
        // Malformed, undeliverable, in an experiment, held back for the recipient's sake, opted
        // out, of an unknown type: never this message this way.
        100 | 130_472 | 131_008 | 131_009 | 131_026 | 131_049 | 131_050 | 131_051 | 132_005
        | 135_000 => FailureKind::Permanent,
        _ => return None,
    })
}
