//! Several pages in one message: what a template may use, and how each transport finds room for it.
//!
//! The list is the message: as many as fit, the most urgent first, and how many more there are. An
//! answer is for all, or for those whose codes are named.

use jiff::{Timestamp, tz::TimeZone};
use minijinja::{Value, context};

use super::{
    Recipient, TemplateFault, plain, says_something, sms,
    sms::Fitted,
    tidy,
    whatsapp::{self, BUNDLE_TEMPLATE, button},
    wording,
    words::AlertWords,
};
use crate::domain::{
    bundle::Bundle,
    delivery::Transport,
    gsm::{self, RouteRules},
    message::{Button, Message},
};

/// The most characters of a text that has buttons under it, and of one that has none.
const WITH_BUTTONS: usize = 1024;
const WITHOUT_BUTTONS: usize = 4096;
/// The most characters of the list in the approved template: its whole text must keep to 1024.
const IN_TEMPLATE: usize = 600;
/// One part of a short message never lists more; the rest would only cost renderings.
const IN_ONE_PART: usize = 30;
/// What is answered to take all of them on.
const ALL: &str = "OK SEMUA";

/// A bundle's values. Those of its most urgent page stand for what all have in common.
#[derive(Debug, Clone)]
pub(crate) struct BundleWords {
    pub(crate) first: AlertWords,
    items: Vec<AlertWords>,
    /// What stands in the one-line list, item by item.
    listed: Vec<String>,
    /// How many are told of and not listed.
    pub(crate) more: usize,
    late: usize,
    refused: usize,
}

impl BundleWords {
    /// None of an empty bundle.
    pub(crate) fn new(
        bundle: &Bundle,
        to: &Recipient,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Option<Self> {
        let items: Vec<AlertWords> = bundle
            .members()
            .map(|member| {
                let to = Recipient {
                    link: to.links.get(&member.alert.complaint).cloned(),
                    ..to.clone()
                };
                AlertWords::new(&member.alert, &to, now, zone)
            })
            .collect();
        let count = |is_it: fn(&AlertWords) -> bool| items.iter().filter(|it| is_it(it)).count();
        Some(Self {
            first: items.first()?.clone(),
            late: count(|it| it.late),
            refused: count(|it| it.notice == "refused"),
            listed: items.iter().map(with_ticket).collect(),
            more: 0,
            items,
        })
    }

    pub(crate) fn total(&self) -> usize {
        self.items.len() + self.more
    }

    /// The same for a short message: in its alphabet, without what routes drop.
    pub(crate) fn for_sms(mut self, rules: &RouteRules) -> Self {
        self.first = self.first.for_sms(rules);
        let items = self.items.into_iter();
        self.items = items.map(|it| it.for_sms(rules)).collect();
        self
    }

    /// The same for a call, which is answered by keys.
    pub(crate) fn for_voice(mut self) -> Self {
        self.items = self.items.into_iter().map(AlertWords::for_voice).collect();
        self.listed = self.items.iter().map(|it| it.ticket.clone()).collect();
        self.first = self.first.for_voice();
        self
    }

    /// The items, each in one line: `12 LGWP14376928`.
    pub(crate) fn listed(&self) -> &[String] {
        &self.listed
    }

    /// Lists one fewer; false when none is left to be listed.
    fn list_fewer(&mut self) -> bool {
        let is_shorter = self.items.pop().is_some();
        self.listed.truncate(self.items.len());
        self.more += usize::from(is_shorter);
        is_shorter
    }

    pub(crate) fn value(&self) -> Value {
        let more = match (self.more, self.first.language) {
            (0, _) => None,
            (more, "en") => Some(format!("+{more} more")),
            (more, _) => Some(format!("+{more} lagi")),
        };
        let listed = self.listed.iter().cloned().chain(more);
        context! {
            total => self.total(),
            more => self.more,
            late => self.late,
            refused => self.refused,
            ticket => &self.first.ticket,
            standing => self.first.standing(),
            items => self.items.iter().map(AlertWords::value).collect::<Value>(),
            list => listed.collect::<Vec<_>>().join(", "),
            addressee => self.first.addressee.clone(),
            title => &self.first.title,
            answer_all => ALL,
            answer => &self.first.answer,
            refusal => &self.first.refusal,
            two_way => self.first.two_way,
            language => self.first.language,
        }
    }
}

/// An item as it stands in a list: `12 LGWP14376928`.
fn with_ticket(words: &AlertWords) -> String {
    match words.code {
        Some(code) => format!("{code} {}", words.ticket),
        None => words.ticket.clone(),
    }
}

/// The same with a shortened ticket.
fn with_short_ticket(words: &AlertWords) -> String {
    match words.code {
        _ if !words.two_way => wording::short_ticket(&words.ticket),
        Some(code) => format!("{code} {}", wording::short_ticket(&words.ticket)),
        // Without a code the ticket is the answer, so it must be whole.
        None => words.ticket.clone(),
    }
}

/// What alone tells it from the others: its code, and where nobody can answer, its ticket.
fn shortest(words: &AlertWords) -> String {
    match words.code {
        Some(code) if words.two_way => code.to_string(),
        _ => with_short_ticket(words),
    }
}

/// A short message by `render`, with as many as fit: with their tickets where all do, by their codes
/// otherwise.
pub(crate) fn short<E>(
    words: &BundleWords,
    rules: &RouteRules,
    mut render: impl FnMut(Value) -> Result<String, E>,
) -> Result<Fitted, E> {
    let mut words = words.clone().for_sms(rules);
    while words.items.len() > IN_ONE_PART {
        words.list_fewer();
    }
    for form in [with_short_ticket, shortest] {
        words.listed = words.items.iter().map(form).collect();
        let text = sms::squeeze(&render(words.value())?);
        if gsm::fits_one_part(&text) {
            return Ok(Fitted { text, bare: false });
        }
    }
    loop {
        // One at least is listed, and rather the next than to whom it is said.
        if words.items.len() > 1 {
            words.list_fewer();
        } else if words.first.addressee.take().is_none() && !words.list_fewer() {
            let text = plain::sms_bundle(&words);
            return Ok(Fitted { text, bare: true });
        }
        let text = sms::squeeze(&render(words.value())?);
        if gsm::fits_one_part(&text) {
            return Ok(Fitted { text, bare: false });
        }
    }
}

/// Free text by WhatsApp, with as many as it carries. A button is one tap, but only a text without
/// buttons has room for a long list.
pub(crate) fn free_text<E>(
    words: &BundleWords,
    mut render: impl FnMut(Value) -> Result<String, E>,
) -> Result<Message, E> {
    let mut words = words.clone();
    let mut buttons = buttons(&words);
    loop {
        let text = tidy(&render(words.value())?);
        let length = text.chars().count();
        if length > WITH_BUTTONS {
            buttons.clear();
        }
        if length <= WITHOUT_BUTTONS || !words.list_fewer() {
            return Ok(Message::WhatsappText { text, buttons });
        }
    }
}

/// The approved template. Parameters: title, how many, what is the matter, the list.
pub(crate) fn approved(words: &BundleWords) -> Message {
    let english = words.first.language == "en";
    let mut words = words.clone();
    let list = loop {
        let list = words.value().get_attr("list");
        let list = list.map_or_else(|_| String::new(), |list| list.to_string());
        if list.chars().count() <= IN_TEMPLATE || !words.list_fewer() {
            break list;
        }
    };
    let matter = match (words.late, english) {
        (0, true) => "all still in time".to_owned(),
        (0, false) => "semuanya masih dalam batas waktu".to_owned(),
        (late, true) => format!("{late} past the deadline"),
        (late, false) => format!("{late} sudah lewat tenggat"),
    };
    let parameters = vec![
        words.first.title.clone(),
        words.total().to_string(),
        matter,
        list,
    ];
    let language = words.first.language;
    Message::WhatsappTemplate {
        name: BUNDLE_TEMPLATE.to_owned(),
        language: language.to_owned(),
        preview: whatsapp::preview(BUNDLE_TEMPLATE, language, &parameters),
        parameters,
        buttons: buttons(&words),
    }
}

fn buttons(words: &BundleWords) -> Vec<Button> {
    if !words.first.two_way {
        return Vec::new();
    }
    let english = words.first.language == "en";
    let title = |id: &'static str, en: &'static str| if english { en } else { id };
    vec![
        button(ALL, title("Terima semua", "Accept all")),
        button("DAFTAR", title("Daftar", "List")),
    ]
}

/// A message that does not say how to answer for all, or by e-mail does not name them all, is none.
pub(super) fn says_what_it_must(
    message: &Message,
    bundle: &Bundle,
    to: &Recipient,
    file: &str,
) -> Result<(), TemplateFault> {
    let text = message.plain_text();
    let mut missing = Vec::new();
    let buttons = match message {
        Message::WhatsappTemplate { buttons, .. } => buttons.as_slice(),
        _ => &[],
    };
    let asks = text.contains(ALL) || buttons.iter().any(|button| button.payload == ALL);
    // A call is answered by a key, a letter is known by itself.
    if to.two_way && matches!(to.transport, Transport::Sms | Transport::Whatsapp) && !asks {
        missing.push("{{ answer_all }}");
    }
    let html = match message {
        Message::Email { html, .. } => html.as_str(),
        _ => text,
    };
    let named = |in_text: &str| {
        bundle
            .members()
            .all(|member| in_text.contains(member.alert.complaint.as_str()))
    };
    if to.transport == Transport::Email && !(named(text) && named(html)) {
        missing.push("a ticket of {{ items }}");
    }
    if missing.is_empty() {
        return says_something(message, file);
    }
    Err(TemplateFault::new(
        file,
        format!("leaves out {}", missing.join(" and ")),
        "put it into the text; the shipped template is used meanwhile",
    ))
}
