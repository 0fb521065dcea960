//! A complaint's timeline in words: one line a fact, Indonesian or English.

mod clocks;
mod words;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    delivery::{ReceiptKind, Transport},
    directory::{Directory, Language},
    fact::{Fact, FallBack, NoEffect, What},
    id::{PageId, PostCode, ResponderId},
    referral,
};

use self::words::{alarmed, cancelled, deferred, folded, informed, self_tested, skipped, spared};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// The kind, for an icon.
    pub kind: &'static str,
    /// Whom it is about, by post or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// How it travelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// The words.
    pub text: String,
}

/// A fact in words.
pub fn line(fact: &Fact, directory: &Directory, language: Language) -> Line {
    let id = language == Language::Id;
    let say = |indonesian: String, english: String| if id { indonesian } else { english };
    let person = |who: &ResponderId| {
        directory
            .responders
            .get(who)
            .map_or_else(|| who.to_string(), |person| person.name.clone())
    };
    let post = |code: &PostCode| {
        directory
            .posts
            .get(code)
            .map_or_else(|| code.to_string(), |post| post.title.clone())
    };
    let of_page = |page: &PageId| page.responder().map(|who| person(&who));
    let mut who = None;
    let mut transport = None;
    let (kind, text) = match &fact.what {
        What::Opened { unit, .. } => {
            let unit = unit.as_ref().map_or("-", |unit| unit.as_str());
            (
                "opened",
                say(
                    format!("Aduan diterima untuk {unit}"),
                    format!("Complaint taken in for {unit}"),
                ),
            )
        }
        What::Warned { percent, .. } => (
            "warning_due",
            say(
                format!("Peringatan: {percent}% waktu sudah lewat"),
                format!("Warning: {percent}% of the time has run"),
            ),
        ),
        What::Missed { .. } => (
            "missed",
            say(
                "Tenggat lewat tanpa kemajuan: dicatat lalai".into(),
                "Deadline passed without progress: recorded as missed".into(),
            ),
        ),
        What::Stepped {
            step, round, time, ..
        } => (
            "warning_due",
            say(
                format!(
                    "Eskalasi langkah {} (putaran {}, ke-{time})",
                    step + 1,
                    round + 1
                ),
                format!(
                    "Escalation step {} (round {}, time {time})",
                    step + 1,
                    round + 1
                ),
            ),
        ),
        What::Folded { what, why } => ("step_skipped", folded(what, *why, id)),
        What::Paged {
            responder,
            post: code,
            acting,
            ..
        } => {
            let title = post(code);
            let title = acting.map_or(title.clone(), |acting| {
                format!("{} {title}", acting.abbreviation())
            });
            who = Some(title.clone());
            (
                "paged",
                say(
                    format!("Memanggil {title} ({})", person(responder)),
                    format!("Paging {title} ({})", person(responder)),
                ),
            )
        }
        What::Bundled { page, .. } => {
            who = of_page(page);
            (
                "paged",
                say(
                    "Menunggu dikirim bersama aduan lain".into(),
                    "Waits to be sent with other complaints".into(),
                ),
            )
        }
        What::Skipped { target, why, over } => {
            let over = over.as_ref();
            let passed = over.map_or_else(|| target.to_string(), |over| post(&over.post));
            let on = over.and_then(|over| over.next.as_ref()).map(post);
            ("step_skipped", skipped(&passed, *why, on.as_deref(), id))
        }
        What::Acknowledged { by, waiting, .. } => {
            who = Some(person(by));
            let others: Vec<String> = waiting.iter().map(person).collect();
            (
                "acknowledged",
                words::acknowledged(&person(by), &others, id),
            )
        }
        What::AllAnswered { by, .. } => {
            who = Some(person(by));
            let told = say(
                "Semua yang ditunggu sudah menjawab".into(),
                "All who were waited for have answered".into(),
            );
            ("acknowledged", told)
        }
        What::AnswerWithoutEffect { by, why, .. } => {
            who = Some(person(by));
            let why = match why {
                NoEffect::AlreadyAcknowledged { by } => say(
                    format!("sudah diterima {}", person(by)),
                    format!("{} has it already", person(by)),
                ),
                NoEffect::NoLongerOpen => {
                    say("sudah tidak terbuka".into(), "no longer open".into())
                }
            };
            (
                "reply",
                say(
                    format!("Jawaban {}: {why}", person(by)),
                    format!("Answer of {}: {why}", person(by)),
                ),
            )
        }
        What::Refused { by, to, named, .. } => {
            who = Some(person(by));
            let named = named.as_ref();
            let named = named.map(|named| referral::short_name(directory, named));
            let to = named.or_else(|| to.clone());
            let to = to.map_or(String::new(), |to| format!(" -> {to}"));
            (
                "refused",
                say(
                    format!("Ditolak oleh {}{to}", person(by)),
                    format!("Refused by {}{to}", person(by)),
                ),
            )
        }
        What::HoldEnded => (
            "resumed",
            say(
                "Masa tunggu habis tanpa kemajuan".into(),
                "The hold ended without progress".into(),
            ),
        ),
        What::Exhausted => (
            "alarm",
            say(
                "Semua langkah habis tanpa jawaban".into(),
                "All steps ended without an answer".into(),
            ),
        ),
        What::Progressed {
            status, in_time, ..
        } => {
            let late = if *in_time {
                ""
            } else if id {
                " (terlambat)"
            } else {
                " (late)"
            };
            (
                "progress",
                say(
                    format!("Kemajuan: {status}{late}"),
                    format!("Progress: {status}{late}"),
                ),
            )
        }
        What::StatusNoted { status, .. } => (
            "resumed",
            say(format!("Status: {status}"), format!("State: {status}")),
        ),
        What::Paused { status, .. } => (
            "progress",
            say(
                format!("Waktu berhenti: {status}"),
                format!("Clock paused: {status}"),
            ),
        ),
        What::Resumed { status, .. } => (
            "resumed",
            say(
                format!("Waktu berjalan lagi: {status}"),
                format!("Clock runs again: {status}"),
            ),
        ),
        What::NotOurs { status, .. } => (
            "refused",
            say(
                format!("Dikembalikan: {status}"),
                format!("Returned: {status}"),
            ),
        ),
        What::Reassigned { from, to, .. } => {
            let stays = from == to;
            let to = to.as_ref().map_or("-", |to| to.as_str());
            let text = if stays {
                say(format!("Tetap milik {to}"), format!("Stays with {to}"))
            } else {
                say(format!("Dialihkan ke {to}"), format!("Reassigned to {to}"))
            };
            ("resumed", text)
        }
        What::Closed { status, .. } => (
            "closed",
            say(format!("Selesai: {status}"), format!("Closed: {status}")),
        ),
        What::AttemptBegun {
            page,
            transport: way,
            attempt,
            address,
            repeated,
            ..
        } => {
            who = of_page(page);
            transport = Some(*way);
            let again = match (repeated, id) {
                (false, _) => "",
                (true, true) => ", diulang",
                (true, false) => ", repeated",
            };
            (
                "paged",
                say(
                    format!("Mengirim {way} ke {address} (percobaan {attempt}{again})"),
                    format!("Sending {way} to {address} (attempt {attempt}{again})"),
                ),
            )
        }
        What::AttemptSent {
            page,
            gateway,
            method,
            ..
        } => {
            who = of_page(page);
            (
                "sent",
                say(
                    format!("Diterima gerbang {gateway} ({method})"),
                    format!("Taken by gateway {gateway} ({method})"),
                ),
            )
        }
        What::AttemptFailed {
            page,
            gateway,
            kind,
            detail,
            ..
        } => {
            who = of_page(page);
            (
                "failed",
                say(
                    format!("Gagal lewat {gateway}: {} ({detail})", kind.as_str()),
                    format!("Failed at {gateway}: {} ({detail})", kind.as_str()),
                ),
            )
        }
        What::Receipt {
            page,
            receipt,
            method,
            ..
        } => {
            who = of_page(page);
            let kind = if *receipt == ReceiptKind::Failed {
                "failed"
            } else {
                "delivered"
            };
            (
                kind,
                say(
                    format!("Tanda terima {method}: {}", receipt.as_str()),
                    format!("Receipt {method}: {}", receipt.as_str()),
                ),
            )
        }
        What::Deferred {
            page,
            method,
            until,
            why,
        } => {
            who = of_page(page);
            ("step_skipped", deferred(method, *until, *why, id))
        }
        What::Spared { page, method, why } => {
            who = of_page(page);
            ("step_skipped", spared(method, *why, id))
        }
        What::FellBack { page, method, why } => {
            who = of_page(page);
            let why = match why {
                FallBack::Failed => say(
                    "cara sebelumnya gagal".into(),
                    "the one before failed".into(),
                ),
                FallBack::NoSignOfLife => say("belum ada tanda".into(), "no sign of life".into()),
                FallBack::NoRoom => say(
                    "cara sebelumnya masih antre".into(),
                    "the one before has to wait".into(),
                ),
            };
            (
                "step_skipped",
                say(
                    format!("Beralih ke {method}: {why}"),
                    format!("On to {method}: {why}"),
                ),
            )
        }
        What::PageFailed { responder, .. } => {
            who = Some(person(responder));
            (
                "failed",
                say(
                    format!("{} tidak terjangkau lewat cara apa pun", person(responder)),
                    format!("{} cannot be reached by any way", person(responder)),
                ),
            )
        }
        What::OrderedByHand {
            by, reason, order, ..
        } => ("ordered", words::ordered(by, reason, order, id)),
        What::Informed { page, news } => {
            who = of_page(page);
            ("sent", informed(*news, id))
        }
        What::PageCancelled { page, why } => {
            who = of_page(page);
            (
                "step_skipped",
                say(
                    format!("Panggilan dihentikan ({})", cancelled(*why, true)),
                    format!("Page stopped ({})", cancelled(*why, false)),
                ),
            )
        }
        What::Replied {
            by,
            text,
            transport: way,
            ..
        } => {
            who = Some(person(by));
            transport = Some(*way);
            ("reply", format!("\u{201c}{text}\u{201d}"))
        }
        What::Stranger {
            address,
            transport: way,
        } => {
            transport = Some(*way);
            (
                "reply",
                say(
                    format!("Pesan dari alamat tak dikenal {address}"),
                    format!("Message from unknown address {address}"),
                ),
            )
        }
        What::CheckAsked { page, check } => {
            who = page.responder().as_ref().map(person);
            ("attempt", words::check_asked(*check, id).to_owned())
        }
        What::CheckAnswered {
            page, check, after, ..
        } => {
            who = page.responder().as_ref().map(person);
            ("reply", words::check_answered(*check, *after, id))
        }
        What::MethodSwitched {
            responder,
            method,
            on,
            ..
        } => {
            who = Some(person(responder));
            let state = match (on, id) {
                (true, true) => "aktif",
                (false, true) => "nonaktif",
                (true, false) => "on",
                (false, false) => "off",
            };
            ("alarm", format!("{} {method}: {state}", person(responder)))
        }
        What::SelfTest {
            gateway,
            number,
            step,
        } => ("alarm", self_tested(gateway, *number, step, id)),
        What::PolicyMoved {
            from,
            to,
            by,
            reason,
            ..
        } => ("changed", words::moved(from, to, (by, reason), id)),
        What::Changed {
            change,
            author,
            reason,
            items,
            ..
        } => {
            let items: Vec<String> = items
                .iter()
                .map(|live| format!("{}@{}", live.item, live.version))
                .collect();
            let items = items.join(", ");
            (
                "changed",
                say(
                    format!("Perubahan {change} berlaku ({items}), oleh {author}: {reason}"),
                    format!("Change {change} is in force ({items}), by {author}: {reason}"),
                ),
            )
        }
        What::LetterRetried { what, by, .. } => (
            "alarm",
            say(
                format!("Yang gagal diproses dicoba lagi oleh {by}: {what}"),
                format!("What could not be processed was tried again by {by}: {what}"),
            ),
        ),
        What::LetterDropped {
            what, by, reason, ..
        } => (
            "alarm",
            say(
                format!("Yang gagal diproses dibuang oleh {by} ({reason}): {what}"),
                format!("What could not be processed was dropped by {by} ({reason}): {what}"),
            ),
        ),
        What::Clock { clock, act } => clocks::told(clock, act, id),
        What::Silence { number, act } => ("changed", words::silence(*number, act, id)),
        What::Alarm { alarm } => ("alarm", alarmed(alarm, &person, id)),
    };
    Line {
        at: fact.at,
        kind,
        who,
        transport,
        text,
    }
}

#[cfg(test)]
mod tests;
