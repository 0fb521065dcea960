//! WhatsApp: buttons, and the templates that Meta approves.
//!
//! Outside the 24-hour window only approved templates may be sent. Their bodies ship in
//! `templates/whatsapp/*.meta.txt` in Meta's own notation (`{{1}}`), are registered word for word
//! (`docs/whatsapp-templates.md`) and are therefore not overridable.

use super::words::{self, AlertWords};
use crate::domain::message::{Button, Message, OpenAsk, ReplyNote};

/// The approved template for a warning.
pub const WARNING_TEMPLATE: &str = "siaga_aduan_peringatan";
/// The approved template for a missed deadline and for a refusal.
pub const LATE_TEMPLATE: &str = "siaga_aduan_lewat";
/// The approved template for several complaints at once.
pub const BUNDLE_TEMPLATE: &str = "siaga_aduan_banyak";

/// No message has more buttons.
const MOST_BUTTONS: usize = 3;
/// No button's title is longer, in characters.
const LONGEST_TITLE: usize = 20;

/// The bodies as registered: name, language, text.
pub(crate) const REGISTERED: [(&str, &str, &str); 6] = [
    (
        WARNING_TEMPLATE,
        "id",
        include_str!("../../templates/whatsapp/siaga_aduan_peringatan.id.meta.txt"),
    ),
    (
        WARNING_TEMPLATE,
        "en",
        include_str!("../../templates/whatsapp/siaga_aduan_peringatan.en.meta.txt"),
    ),
    (
        LATE_TEMPLATE,
        "id",
        include_str!("../../templates/whatsapp/siaga_aduan_lewat.id.meta.txt"),
    ),
    (
        LATE_TEMPLATE,
        "en",
        include_str!("../../templates/whatsapp/siaga_aduan_lewat.en.meta.txt"),
    ),
    (
        BUNDLE_TEMPLATE,
        "id",
        include_str!("../../templates/whatsapp/siaga_aduan_banyak.id.meta.txt"),
    ),
    (
        BUNDLE_TEMPLATE,
        "en",
        include_str!("../../templates/whatsapp/siaga_aduan_banyak.en.meta.txt"),
    ),
];

/// An alert as an approved template.
///
/// Parameters of the warning: title, ticket, matter and place, received, deadline, time left. Of the
/// late one: title, ticket, matter and place, what is the matter, received, deadline, time since (or
/// until) the deadline. None is ever empty or has a line break: Meta refuses both.
pub(crate) fn approved(words: &AlertWords) -> Message {
    let english = words.language == "en";
    let about = words.about().unwrap_or_else(|| "-".to_owned());
    let mut parameters = vec![words.title.clone(), words.ticket.clone(), about];
    let name = if words.notice == "warning" {
        WARNING_TEMPLATE
    } else {
        parameters.push(what_is_the_matter(words, english));
        LATE_TEMPLATE
    };
    parameters.extend([
        words.received.clone(),
        words.deadline.clone(),
        if words.notice == "warning" {
            words.left.clone()
        } else {
            words.standing()
        },
    ]);
    let preview = preview(name, words.language, &parameters);
    Message::WhatsappTemplate {
        name: name.to_owned(),
        language: words.language.to_owned(),
        parameters,
        buttons: alert_buttons(words),
        preview,
    }
}

fn what_is_the_matter(words: &AlertWords, english: bool) -> String {
    match (words.notice, english) {
        ("refused", true) => format!(
            "{} says it is not theirs{}, please name the responsible unit",
            words.unit.as_deref().unwrap_or("its unit"),
            proposed(words, " but that of ")
        ),
        ("refused", false) => format!(
            "{} menyatakan bukan wewenangnya{}, mohon tetapkan unit lain",
            words.unit.as_deref().unwrap_or("unit tujuan"),
            proposed(words, ", usul ")
        ),
        ("handed_over", true) => format!(
            "was handed over to you by {}",
            words.from.as_deref().unwrap_or("another post")
        ),
        ("handed_over", false) => format!(
            "diteruskan {} kepada Anda",
            words.from.as_deref().unwrap_or("pejabat lain")
        ),
        ("still_missed", true) => "STILL has no answer".to_owned(),
        ("still_missed", false) => "MASIH belum direspons".to_owned(),
        (_, true) => "has no answer and is past its deadline".to_owned(),
        (_, false) => "belum direspons dan sudah lewat tenggat".to_owned(),
    }
}

fn proposed(words: &AlertWords, before: &str) -> String {
    let unit = words.proposed.as_ref();
    unit.map_or(String::new(), |unit| format!("{before}{unit}"))
}

/// An approved template in plain words.
pub(crate) fn preview(name: &str, language: &str, parameters: &[String]) -> String {
    fill(body_of(name, language), parameters)
}

fn body_of(name: &str, language: &str) -> &'static str {
    REGISTERED
        .iter()
        .find(|(registered, spoken, _)| *registered == name && *spoken == language)
        .map_or("", |(_, _, body)| body)
}

/// The body with its places filled, in one walk, so that a value is never taken for a place.
fn fill(body: &str, parameters: &[String]) -> String {
    let mut text = String::new();
    let mut rest = body.trim_end();
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let Some((place, tail)) = after.split_once("}}") else {
            break;
        };
        let value = place
            .parse::<usize>()
            .ok()
            .and_then(|number| parameters.get(number.checked_sub(1)?));
        text.push_str(value.map_or("", String::as_str));
        rest = tail;
    }
    text.push_str(rest);
    text
}

/// The buttons under a page. What they answer is what one would type, in either language.
pub(crate) fn alert_buttons(words: &AlertWords) -> Vec<Button> {
    if !words.two_way {
        return Vec::new();
    }
    let english = words.language == "en";
    let title = |id: &'static str, en: &'static str| if english { en } else { id };
    vec![
        button(&words.answer, title("Terima", "Accept")),
        button(&words.refusal, title("Bukan wewenang", "Not ours")),
        button("DAFTAR", title("Daftar", "List")),
    ]
}

/// The buttons under an answer that asks something.
pub(crate) fn note_buttons(note: &ReplyNote, two_way: bool, english: bool) -> Vec<Button> {
    if let ReplyNote::ToWhom { choices, .. } = note
        && two_way
    {
        let answers = words::hand_overs(note).into_iter().zip(choices);
        return answers
            .take(MOST_BUTTONS)
            .map(|(answer, choice)| {
                let shown: String = choice.shown.chars().take(LONGEST_TITLE).collect();
                button(&answer, &shown)
            })
            .collect();
    }
    let open: &[OpenAsk] = words::asks(note);
    if !two_way || open.is_empty() {
        return Vec::new();
    }
    let accept_all = button(
        "OK SEMUA",
        if english {
            "Accept all"
        } else {
            "Terima semua"
        },
    );
    let more = match note {
        ReplyNote::WhichOne { more, .. } | ReplyNote::List { more, .. } => *more,
        _ => 0,
    };
    match open {
        [only] if more == 0 => vec![accept(only, english)],
        [first, second] if more == 0 => {
            vec![accept(first, english), accept(second, english), accept_all]
        }
        _ => vec![accept_all],
    }
}

fn accept(ask: &OpenAsk, english: bool) -> Button {
    let verb = if english { "Accept" } else { "Terima" };
    let shown: String = words::key(ask).chars().rev().take(12).collect();
    let shown: String = shown.chars().rev().collect();
    button(
        &format!("OK {}", words::key(ask)),
        &format!("{verb} {shown}"),
    )
}

pub(crate) fn button(payload: &str, title: &str) -> Button {
    Button {
        payload: payload.to_owned(),
        title: title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_taken_for_a_place() {
        let values = ["{{2}}".to_owned(), "b".to_owned()];
        assert_eq!(fill("a {{1}} {{2}} c\n", &values), "a {{2}} b c");
    }

    #[test]
    fn bodies_keep_to_metas_rules_and_stand_in_the_guide() {
        let guide = include_str!("../../docs/whatsapp-templates.md");
        for (name, language, body) in REGISTERED {
            let body = body.trim_end();
            assert!(body.len() <= 1024, "{name}");
            assert!(!body.starts_with("{{") && !body.ends_with("}}"), "{name}");
            assert!(
                guide.contains(body),
                "{name} {language} is not in the guide"
            );
            assert!(guide.contains(name));
        }
    }
}
