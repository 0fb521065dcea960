//! What Twilio's error codes ask for.
//!
//! The same codes come as the answer to a request and, later, in the status callback about a message
//! that was taken and did not arrive. Their meanings are those of Twilio's error and warning
//! dictionary, <https://www.twilio.com/docs/api/errors>, where each has a page of its own; those of
//! WhatsApp are also in <https://www.twilio.com/docs/whatsapp/api/error-code-mapping>.

use jiff::SignedDuration;

use super::delivery::FailureKind;

/// The kind of failure that a code stands for; none for a code that we do not know.
pub fn kind_of_code(code: i64, retry_after: Option<SignedDuration>) -> Option<FailureKind> {
    Some(match code {
        // 20429 too many requests; 14107 the sender's rate; 21611 its queue is full; 63018
        // WhatsApp's rate; 63038 the account's messages of the day; 10004 its calls at a time.
        10_004 | 14_107 | 20_429 | 21_611 | 63_018 | 63_038 => FailureKind::RateLimited { retry_after },
        // 20500, 20503 faults inside; 21730 maintenance; 30001 queue overflow; 30008 unknown; 30017
        // the carrier is congested; 63010, 63012, 63023 faults of the WhatsApp channel.
        20_500 | 20_503 | 21_730 | 30_001 | 30_008 | 30_017 | 63_010 | 63_012 | 63_023 => {
            FailureKind::Temporary
        }
        // 10001, 20005, 30002 the account is not active; 20003 authentication; 20404 no such
        // account; 21212, 21603, 21606, 21659, 21660 the sender is invalid, missing, not able to or
        // not ours; 21408 no permission for this country; 21608 a trial account's unverified number;
        // 21609 the callback's address; 21701, 21703
        // no such messaging service, or no sender in it; 30018, 30034 the sender is not registered.
        // For calls 21205 the address in it; 21210, 21213 the caller's number is not ours or missing;
        // 21215 no permission for this country; 21219 a trial account's unverified number.
        10_001 | 20_003 | 20_005 | 20_404 | 21_212 | 21_408 | 21_603 | 21_606 | 21_608 | 21_609
        | 21_205 | 21_210 | 21_213 | 21_215 | 21_219 | 21_659 | 21_660 | 21_701 | 21_703 | 30_002 | 30_018 | 30_034
        // 63007 no such WhatsApp sender; 63020 the business account.
        | 63_007 | 63_020 => FailureKind::Misconfigured,
        // 21655, 21656 the content's id or its variables; 63027 to 63030 the template is not there in
        // this language or does not fit its values; 63040 to 63042 it was rejected, paused or disabled.
        21_655 | 21_656 | 63_027..=63_030 | 63_040..=63_042 => FailureKind::TemplateRefused,
        // 21211, 21217 no valid number; 21614 no mobile number; 21266 our own number; 30005 the handset is
        // unknown; 30006 a landline, or a carrier out of reach.
        21_211 | 21_217 | 21_266 | 21_614 | 30_005 | 30_006 => FailureKind::WrongAddress,
        // The person's last message by WhatsApp was more than 24 hours ago.
        63_016 => FailureKind::WindowClosed,
        // 21214, 21216 this number cannot be or must not be called; 21602, 21617 the text is missing or too long; 21610 the person has answered STOP; 21612 no
        // route; 30003 the handset was out of reach for as long as the message was good; 30004,
        // 30007 blocked or filtered; 30036 its validity has run out; 63003, 63013, 63024, 63032,
        // 63049 WhatsApp does not bring it to this person.
        21_214 | 21_216 | 21_602 | 21_610 | 21_612 | 21_617 | 30_003 | 30_004 | 30_007 | 30_036 | 63_003 | 63_013
        | 63_024 | 63_032 | 63_049 => FailureKind::Permanent,
        _ => return None,
    })
}
