//! The last resort: fixed words for when a template fails or a text finds no room.
//!
//! No template engine and nothing that can fail stands between a missed deadline and these.

use super::{
    bundle::BundleWords,
    words::{AlertWords, NoteWords},
};
use crate::domain::gsm;

/// A bare page that fits one part with every ticket (an id has at most 96 characters).
pub(crate) fn sms_alert(words: &AlertWords) -> String {
    let english = words.language == "en";
    let ticket = &words.ticket;
    let what = if english { "complaint" } else { "aduan" };
    let head = format!("SIAGA: {what} {ticket} {}.", words.standing());
    if !words.two_way {
        return head;
    }
    let verb = if english { "Reply" } else { "Balas" };
    let full = format!("{head} {verb} {}", words.answer);
    if gsm::fits_one_part(&full) {
        return full;
    }
    // Without a code the answer repeats a long ticket: then the words say it.
    if english {
        format!("{head} Reply OK and it.")
    } else {
        format!("{head} Balas OK + tiket itu.")
    }
}

/// A bare answer to a reply.
pub(crate) fn sms_note(words: &NoteWords) -> String {
    let text = note(words);
    if gsm::fits_one_part(&text) {
        return text;
    }
    match (words.language, words.two_way) {
        // Nothing is noted before they say whom they mean.
        ("en", _) if words.note == "to_whom" => "SIAGA: who is meant? Write its code.".to_owned(),
        _ if words.note == "to_whom" => "SIAGA: siapa yang dimaksud? Tulis namanya.".to_owned(),
        ("en", true) => "SIAGA: noted. Reply DAFTAR for the list of open complaints.".to_owned(),
        ("en", false) => "SIAGA: noted. Thank you.".to_owned(),
        (_, true) => "SIAGA: dicatat. Balas DAFTAR utk daftar aduan terbuka.".to_owned(),
        (_, false) => "SIAGA: dicatat. Terima kasih.".to_owned(),
    }
}

/// A page in plain words, without a short message's limits.
pub(crate) fn alert(words: &AlertWords) -> String {
    let english = words.language == "en";
    let mut text = if english {
        format!(
            "SIAGA: to the {}. Complaint {} has no answer yet, {}. Deadline: {}. Please act now.",
            words.title,
            words.ticket,
            words.standing(),
            words.deadline
        )
    } else {
        format!(
            "SIAGA: Yth. {}. Aduan {} belum direspons, {}. Tenggat: {}. Mohon segera ditindaklanjuti.",
            words.title,
            words.ticket,
            words.standing(),
            words.deadline
        )
    };
    if words.two_way {
        text.push_str(if english { " Reply " } else { " Balas " });
        text.push_str(&words.answer);
        text.push('.');
    }
    text
}

/// A bare message about several complaints that fits one part.
pub(crate) fn sms_bundle(words: &BundleWords) -> String {
    several(words, words.first.two_way)
}

/// The same as a call says it, which is answered by keys.
pub(crate) fn spoken_bundle(words: &BundleWords) -> String {
    several(words, false)
}

fn several(words: &BundleWords, by_reply: bool) -> String {
    let total = words.total();
    match (words.first.language, by_reply) {
        ("en", true) => format!("SIAGA: {total} complaints have no answer. Reply OK SEMUA."),
        ("en", false) => format!("SIAGA: {total} complaints have no answer. Please act now."),
        (_, true) => format!("SIAGA: {total} aduan belum direspons. Balas OK SEMUA."),
        (_, false) => {
            format!("SIAGA: {total} aduan belum direspons. Mohon segera ditindaklanjuti.")
        }
    }
}

/// The same without a short message's limits: all of them are named.
pub(crate) fn bundle(words: &BundleWords) -> String {
    format!("{} {}", sms_bundle(words), words.listed().join(", "))
}

/// An answer to a reply in plain words. It says what was done; the nuances are the templates'.
pub(crate) fn note(words: &NoteWords) -> String {
    let english = words.language == "en";
    let ticket = words.ticket.as_deref().unwrap_or_default();
    match (words.note, english) {
        ("acknowledged", true) => format!("SIAGA: {ticket} accepted until {}.", words.until_short),
        ("acknowledged", false) => format!("SIAGA: {ticket} diterima s/d {}.", words.until_short),
        ("already_acknowledged", true) => format!("SIAGA: {ticket} was accepted already."),
        ("already_acknowledged", false) => format!("SIAGA: {ticket} sudah diterima."),
        ("refused", true) => format!("SIAGA: {ticket} noted as not yours."),
        ("refused", false) => format!("SIAGA: {ticket} dicatat bukan wewenang Anda."),
        ("handed_over", true) => format!("SIAGA: {ticket} passed on."),
        ("handed_over", false) => format!("SIAGA: {ticket} diteruskan."),
        ("to_whom", true) => format!("SIAGA: who is meant? Reply {}.", words.answer),
        ("to_whom", false) => format!("SIAGA: siapa yang dimaksud? Balas {}.", words.answer),
        ("no_longer_open", true) => format!("SIAGA: {ticket} is no longer open."),
        ("no_longer_open", false) => format!("SIAGA: {ticket} tidak terbuka lagi."),
        ("last_kept", true) => "SIAGA: the only way to you stays in use.".to_owned(),
        ("last_kept", false) => "SIAGA: satu-satunya jalan ke Anda tetap dipakai.".to_owned(),
        ("wrong_number_noted" | "stopped" | "last_stopped", true) => {
            "SIAGA: reminders stopped.".to_owned()
        }
        ("wrong_number_noted" | "stopped" | "last_stopped", false) => {
            "SIAGA: pengingat dihentikan.".to_owned()
        }
        ("started", true) => "SIAGA: reminders are on again.".to_owned(),
        ("started", false) => "SIAGA: pengingat aktif kembali.".to_owned(),
        (_, true) => open_ones(words, "open complaints", "Reply"),
        (_, false) => open_ones(words, "aduan terbuka", "Balas"),
    }
}

fn open_ones(words: &NoteWords, what: &str, verb: &str) -> String {
    let total = words.open.len() + words.more;
    if total == 0 || !words.two_way || words.answer.is_empty() {
        return format!("SIAGA: {total} {what}.");
    }
    format!("SIAGA: {total} {what}. {verb} {}.", words.answer)
}

/// A plain text as HTML: escaped, one paragraph.
pub(crate) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    format!("<p>{escaped}</p>")
}
