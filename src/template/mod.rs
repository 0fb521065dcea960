//! Puts what is to be said into words for one responder by one transport.
//!
//! Words and layout live in `templates/`, compiled in; a folder named in the settings may override
//! them file by file. Rendering never fails: an override that fails gives way to the shipped
//! template, and that one to fixed plain words, because a page in poor words is better than none.
//! What went wrong is handed back so that somebody hears of it.
//!
//! To add a kind of message: its values in `words`, its branch in the templates, its sample in
//! `samples`; the tests then ask for the rest.

pub mod lint;

mod audit;
mod bundle;
mod overrides;
mod plain;
mod samples;
mod self_test;
mod sms;
#[cfg(test)]
mod tests;
mod trial;
mod voice;
mod whatsapp;
mod wording;
mod words;

use std::{borrow::Cow, collections::BTreeMap, io, path::Path};

use jiff::{
    Timestamp,
    tz::{TimeZone, TimeZoneDatabase},
};
use minijinja::{Environment, Value, context};

use self::{
    bundle::BundleWords,
    lint::{Carrier, Carriers},
    sms::Fitted,
    words::{AlertWords, NoteWords},
};
pub use self::{
    overrides::TemplateFault,
    samples::{SAMPLE_NOW, SAMPLE_TICKETS, samples},
    self_test::self_test_message,
    whatsapp::{BUNDLE_TEMPLATE, LATE_TEMPLATE, NEWS_TEMPLATE, WARNING_TEMPLATE},
};
use crate::domain::{
    delivery::Transport,
    directory::Language,
    id::ComplaintId,
    message::{Content, Message, ReplyNote},
};

/// Who is written to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// How the message travels.
    pub transport: Transport,
    /// In which language.
    pub language: Language,
    /// Whether an answer can come back the same way. Where not, no text asks for one.
    pub two_way: bool,
    /// WhatsApp only: whether the person wrote within the last 24 hours.
    pub whatsapp_window_open: bool,
    /// Where to answer in a browser; given only where the route carries links.
    pub link: Option<String>,
    /// The same for each complaint of a message about several.
    pub links: BTreeMap<ComplaintId, String>,
}

/// A message in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The message.
    pub message: Message,
    /// What was wrong with the template that should have been used, when another took its place.
    pub fallback: Option<TemplateFault>,
}

/// Why there is no renderer.
#[derive(Debug, thiserror::Error)]
pub enum RendererError {
    /// The time zone is not known.
    #[error(
        "time zone {0:?} is not known: write one of Asia/Jakarta, Asia/Makassar, Asia/Jayapura or another IANA name"
    )]
    UnknownZone(String),
    /// The folder of overrides cannot be read.
    #[error(
        "the folder of message templates {folder:?} cannot be read: {source}; create it, correct the setting or leave it out"
    )]
    Folder {
        /// The folder as it was set.
        folder: String,
        /// Why.
        source: io::Error,
    },
}

/// The templates, compiled and ready. Cheap to share, nothing in it changes.
#[derive(Debug, Clone)]
pub struct Renderer {
    zone: TimeZone,
    shipped: Environment<'static>,
    overridden: Option<Environment<'static>>,
    carriers: Carriers,
}

impl Renderer {
    /// The shipped templates, with times told in `zone` (an IANA name).
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn shipped(zone: &str) -> Result<Self, RendererError> {
        Ok(Self {
            // The bundled database: the machine's own decides nothing.
            zone: TimeZoneDatabase::bundled()
                .get(zone)
                .map_err(|_| RendererError::UnknownZone(zone.to_owned()))?,
            shipped: overrides::shipped(),
            overridden: None,
            carriers: Carriers::of(Vec::new()),
        })
    }

    /// The same, with what these gateways drop kept out of every message.
    #[must_use]
    pub fn carried_by(mut self, gateways: Vec<Carrier>) -> Self {
        self.carriers = Carriers::of(gateways);
        self
    }

    /// The same, with those in `folder` in their place that are sound. The others are refused, each
    /// with its fault.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn with_overrides(
        self,
        folder: &Path,
    ) -> Result<(Self, Vec<TemplateFault>), RendererError> {
        let mut renderer = self;
        let overrides::Found {
            templates,
            mut faults,
        } = overrides::read(folder).map_err(|source| RendererError::Folder {
            folder: folder.display().to_string(),
            source,
        })?;
        let mut accepted = renderer.shipped.clone();
        for (name, text) in templates {
            let mut tried = accepted.clone();
            let found = match tried.add_template_owned(name.clone(), text) {
                Ok(()) => renderer.try_samples(&tried, &name),
                Err(error) => vec![TemplateFault::of_engine(&name, &error)],
            };
            if found.is_empty() {
                accepted = tried;
            }
            faults.extend(found);
        }
        renderer.overridden = Some(accepted);
        Ok((renderer, faults))
    }

    /// The zone in which times are told.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Puts `content` into words. Never fails.
    pub fn render(&self, content: &Content, to: &Recipient, now: Timestamp) -> Rendered {
        let content = &*as_said(content);
        let mut fallback = None;
        for environment in self.overridden.iter().chain([&self.shipped]) {
            match self.compose(environment, content, to, now) {
                Ok((message, _)) => return Rendered { message, fallback },
                Err(fault) => fallback = fallback.or(Some(fault)),
            }
        }
        Rendered {
            message: self.compose_plain(content, to, now),
            fallback,
        }
    }

    /// The message by one set of templates, and whether a short message found room only for its
    /// bare text.
    fn compose(
        &self,
        environment: &Environment<'_>,
        content: &Content,
        to: &Recipient,
        now: Timestamp,
    ) -> Result<(Message, bool), TemplateFault> {
        let language = words::code_of(to.language);
        let kind = words::kind_of(content);
        let rules = &self.carriers.together;
        let run = |name: &str, value: Value| {
            environment
                .get_template(name)
                .and_then(|template| template.render(value))
                .map_err(|error| TemplateFault::of_engine(name, &error))
        };
        let text_name = format!("{}/{kind}.{language}.txt", to.transport);
        let mut bare = false;
        let mut short = |fitted: Fitted| {
            bare = fitted.bare;
            Message::Sms { text: fitted.text }
        };
        let render = |value| run(&text_name, value);
        let several = |bundle| {
            BundleWords::new(bundle, to, now, &self.zone).ok_or_else(|| {
                TemplateFault::new(&text_name, "is about nothing", "tell the developers")
            })
        };
        let message = match (to.transport, content) {
            (Transport::Sms, Content::Alert(alert)) => {
                short(sms::alert(alert, to, now, &self.zone, rules, render)?)
            }
            (Transport::Sms, Content::Reply(note)) => {
                short(sms::note(note, to, now, &self.zone, rules, render)?)
            }
            (Transport::Sms, Content::Bundle(bundle)) => {
                short(bundle::short(&several(bundle)?, rules, render)?)
            }
            (Transport::Whatsapp, Content::Bundle(bundle)) => {
                let words = several(bundle)?;
                if !to.whatsapp_window_open {
                    return Ok((bundle::approved(&words), false));
                }
                bundle::free_text(&words, render)?
            }
            (Transport::Whatsapp, Content::Alert(alert)) => {
                let words = AlertWords::new(alert, to, now, &self.zone);
                if !to.whatsapp_window_open {
                    return Ok((whatsapp::approved(&words), false));
                }
                Message::WhatsappText {
                    text: tidy(&run(&text_name, words.value())?),
                    buttons: whatsapp::alert_buttons(&words),
                }
            }
            // A reply has just opened the window; news answer none.
            (Transport::Whatsapp, Content::Reply(note)) => {
                let words = NoteWords::new(note, to, now, &self.zone);
                if matches!(note, ReplyNote::News { .. }) && !to.whatsapp_window_open {
                    return Ok((whatsapp::approved_news(&words), false));
                }
                Message::WhatsappText {
                    text: tidy(&run(&text_name, words.value())?),
                    buttons: whatsapp::note_buttons(note, to.two_way, language == "en"),
                }
            }
            (Transport::Email, _) => {
                let value = match content {
                    Content::Alert(alert) => AlertWords::new(alert, to, now, &self.zone).value(),
                    Content::Bundle(bundle) => several(bundle)?.value(),
                    Content::Reply(note) => NoteWords::new(note, to, now, &self.zone).value(),
                };
                let subject = run(
                    &format!("email/{kind}.{language}.subject.txt"),
                    value.clone(),
                )?;
                let text = tidy(&run(&text_name, value.clone())?);
                let html = match content {
                    Content::Alert(_) | Content::Bundle(_) => {
                        run(&format!("email/{kind}.{language}.html"), value)?
                    }
                    Content::Reply(_) => run(
                        "email/reply.html",
                        context! { language => language, paragraphs => paragraphs(&text) },
                    )?,
                };
                Message::Email {
                    subject: wording::one_line(&subject),
                    text,
                    html,
                }
            }
            (Transport::Voice, _) => {
                let value = match content {
                    Content::Alert(alert) => {
                        let words = AlertWords::new(alert, to, now, &self.zone);
                        words.for_voice().value()
                    }
                    Content::Bundle(bundle) => several(bundle)?.for_voice().value(),
                    Content::Reply(note) => {
                        let words = NoteWords::new(note, to, now, &self.zone);
                        words.for_voice().value()
                    }
                };
                let (farewell, own) = voice::farewell(to.language);
                let text = tidy(&run(&text_name, value)?);
                let farewell = tidy(&run(&farewell, own)?);
                let asks = !matches!(content, Content::Reply(_));
                voice::message(text, farewell, to, asks)
            }
        };
        says_what_it_must(&message, content, to, &text_name)?;
        Ok((message, bare))
    }

    fn compose_plain(&self, content: &Content, to: &Recipient, now: Timestamp) -> Message {
        let rules = &self.carriers.together;
        let text = match (content, to.transport) {
            (Content::Alert(alert), Transport::Sms) => {
                plain::sms_alert(&AlertWords::new(alert, to, now, &self.zone).for_sms(rules))
            }
            (Content::Reply(note), Transport::Sms) => plain::sms_note(
                &NoteWords::new(note, to, now, &self.zone).for_sms(words::asks(note), rules),
            ),
            (Content::Bundle(bundle), transport) => {
                let words = BundleWords::new(bundle, to, now, &self.zone);
                words.map_or_else(String::new, |words| match transport {
                    Transport::Sms => plain::sms_bundle(&words.for_sms(rules)),
                    Transport::Whatsapp | Transport::Email => plain::bundle(&words),
                    Transport::Voice => plain::spoken_bundle(&words) + voice::plain_keys(to),
                })
            }
            (Content::Alert(alert), Transport::Voice) => {
                let words = AlertWords::new(alert, to, now, &self.zone).for_voice();
                plain::alert(&words) + voice::plain_keys(to)
            }
            (Content::Reply(note), Transport::Voice) => {
                plain::note(&NoteWords::new(note, to, now, &self.zone).for_voice())
            }
            (Content::Alert(alert), _) => {
                plain::alert(&AlertWords::new(alert, to, now, &self.zone))
            }
            (Content::Reply(note), _) => plain::note(&NoteWords::new(note, to, now, &self.zone)),
        };
        match to.transport {
            Transport::Sms => Message::Sms { text },
            Transport::Whatsapp => Message::WhatsappText {
                text,
                buttons: Vec::new(),
            },
            Transport::Email => Message::Email {
                subject: wording::one_line(&format!("[SIAGA] {text}")),
                html: plain::html(&text),
                text,
            },
            Transport::Voice => {
                let farewell = voice::plain_farewell(to.language).to_owned();
                voice::message(text, farewell, to, matches!(content, Content::Alert(_)))
            }
        }
    }
}

/// A page that does not name the complaint, or not how to answer, is no page.
fn says_what_it_must(
    message: &Message,
    content: &Content,
    to: &Recipient,
    file: &str,
) -> Result<(), TemplateFault> {
    let alert = match content {
        Content::Alert(alert) => alert,
        Content::Bundle(bundle) => return bundle::says_what_it_must(message, bundle, to, file),
        Content::Reply(_) => return says_something(message, file),
    };
    let ticket = match to.transport {
        Transport::Voice => &voice::spelled(alert.complaint.as_str(), words::code_of(to.language)),
        _ => alert.complaint.as_str(),
    };
    let mut missing = Vec::new();
    if !message.plain_text().contains(ticket) {
        missing.push("{{ ticket }}");
    }
    if let Message::Email { html, .. } = message
        && !html.contains(ticket)
    {
        missing.push("{{ ticket }} in the HTML");
    }
    let answer = alert.code.map(|code| format!("OK {code}"));
    // A call is answered by a key, a letter is known by itself.
    if matches!(to.transport, Transport::Sms | Transport::Whatsapp)
        && to.two_way
        && answer.is_some_and(|answer| !message.plain_text().contains(&answer))
    {
        missing.push("{{ answer }}");
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(TemplateFault::new(
        file,
        format!("leaves out {}", missing.join(" and ")),
        "put it into the text; the shipped template is used meanwhile",
    ))
}

fn says_something(message: &Message, file: &str) -> Result<(), TemplateFault> {
    if message.plain_text().trim().is_empty() {
        return Err(TemplateFault::new(
            file,
            "renders to nothing",
            "write a text",
        ));
    }
    Ok(())
}

/// What is put into words: a bundle of which one page is left is that page, and of which none is left
/// there is nothing to answer.
fn as_said(content: &Content) -> Cow<'_, Content> {
    let Content::Bundle(bundle) = content else {
        return Cow::Borrowed(content);
    };
    match bundle.only() {
        Some(only) => Cow::Owned(Content::Alert(only.alert.clone())),
        None if bundle.is_empty() => Cow::Owned(Content::Reply(ReplyNote::NothingOpen)),
        None => Cow::Borrowed(content),
    }
}

/// No trailing spaces, no more than one empty line at a time.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty_lines = 0;
    for line in text.trim().lines() {
        let line = line.trim_end();
        empty_lines = if line.is_empty() { empty_lines + 1 } else { 0 };
        if empty_lines < 2 {
            tidied.push_str(line);
            tidied.push('\n');
        }
    }
    tidied.truncate(tidied.trim_end().len());
    tidied
}

/// A tidy text's paragraphs, each a list of lines.
fn paragraphs(text: &str) -> Value {
    text.split("\n\n")
        .map(|paragraph| paragraph.lines().collect::<Value>())
        .collect()
}
