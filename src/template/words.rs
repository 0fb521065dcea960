//! What a template may use: the content's values, made safe for one line and already in words.
//!
//! Times and durations are ready-made, so a template (also an administrator's) decides wording and
//! order only. The names of the values are the contract with overrides; they are listed in
//! `docs/message-templates.md`.

use jiff::{Timestamp, tz::TimeZone};
use minijinja::{Value, context};

use super::{Recipient, lint, wording};
use crate::domain::{
    directory::Language,
    gsm::RouteRules,
    id::ComplaintId,
    message::{Alert, CheckKind, Content, News, Notice, OpenAsk, ReplyNote},
};

/// An alert's values.
#[derive(Debug, Clone)]
pub(crate) struct AlertWords {
    pub(crate) notice: &'static str,
    pub(crate) code: Option<u16>,
    pub(crate) ticket: String,
    pub(crate) addressee: Option<String>,
    pub(crate) title: String,
    pub(crate) category: Option<String>,
    pub(crate) area: Option<String>,
    pub(crate) unit: Option<String>,
    /// Who hands it over.
    pub(crate) from: Option<String>,
    /// The unit that whoever refused it names.
    pub(crate) proposed: Option<String>,
    pub(crate) received: String,
    pub(crate) deadline: String,
    pub(crate) deadline_short: String,
    pub(crate) promise: String,
    pub(crate) lacks: String,
    pub(crate) left: String,
    pub(crate) over: String,
    pub(crate) late: bool,
    pub(crate) answer: String,
    pub(crate) refusal: String,
    pub(crate) two_way: bool,
    pub(crate) link: Option<String>,
    pub(crate) language: &'static str,
}

/// A reply note's values.
#[derive(Debug, Clone, Default)]
pub(crate) struct NoteWords {
    pub(crate) note: &'static str,
    pub(crate) ticket: Option<String>,
    pub(crate) until: String,
    pub(crate) until_short: String,
    pub(crate) by: String,
    pub(crate) waiting: Option<String>,
    pub(crate) passed_to: Option<String>,
    pub(crate) proposed: Option<String>,
    pub(crate) code: Option<String>,
    /// What is new: `taken`, `progressed`, `closed`, or `several`.
    pub(crate) news: &'static str,
    /// When somebody took it on.
    pub(crate) at: String,
    /// Who could be meant, ready to show.
    pub(crate) choices: Vec<String>,
    /// What is listed, ready to show.
    pub(crate) open: Vec<String>,
    /// How many are open and not listed.
    pub(crate) more: usize,
    /// What to answer to the first: `OK 12`.
    pub(crate) answer: String,
    pub(crate) refusal: String,
    pub(crate) two_way: bool,
    pub(crate) language: &'static str,
}

/// How many complaints news list by name.
const LISTED: usize = 10;

/// The language's name in file names and language codes.
pub(crate) fn code_of(language: Language) -> &'static str {
    match language {
        Language::Id => "id",
        Language::En => "en",
    }
}

/// The kind of message in file names.
pub(crate) fn kind_of(content: &Content) -> &'static str {
    match content {
        Content::Alert(_) => "alert",
        Content::Bundle(_) => "bundle",
        Content::Reply(_) => "reply",
    }
}

fn filled(text: Option<&str>) -> Option<String> {
    text.map(wording::one_line).filter(|line| !line.is_empty())
}

impl AlertWords {
    pub(crate) fn new(alert: &Alert, to: &Recipient, now: Timestamp, zone: &TimeZone) -> Self {
        let zone = &wording::zone_of(alert.zone.as_deref(), zone);
        let language = to.language;
        let late = now >= alert.deadline;
        let key = match alert.code {
            Some(code) => code.to_string(),
            None => alert.complaint.to_string(),
        };
        Self {
            notice: match alert.notice {
                // A warning that was held up until after the deadline must not speak of time left.
                Notice::Warning { .. } if !late => "warning",
                Notice::Warning { .. } | Notice::Missed => "missed",
                Notice::StillMissed => "still_missed",
                Notice::Refused => "refused",
                Notice::HandedOver => "handed_over",
            },
            code: alert.code,
            ticket: alert.complaint.to_string(),
            addressee: filled(Some(&alert.short_title)),
            title: filled(Some(&alert.title))
                .or_else(|| filled(Some(&alert.short_title)))
                .unwrap_or_else(|| "SKPD".to_owned()),
            category: filled(alert.category.as_deref()),
            area: filled(alert.area.as_deref()),
            unit: filled(alert.unit.as_deref()),
            from: filled(alert.from.as_deref()),
            proposed: filled(alert.proposed.as_deref()),
            received: wording::time(alert.received_at, zone, language),
            deadline: wording::time(alert.deadline, zone, language),
            deadline_short: wording::short_time(alert.deadline, now, zone, language),
            promise: wording::promise(alert.promise, alert.counted, language),
            lacks: wording::lacks(alert.lacks.as_deref(), language),
            left: wording::duration(now.duration_until(alert.deadline), language),
            over: wording::duration(alert.deadline.duration_until(now), language),
            late,
            answer: format!("OK {key}"),
            refusal: format!("BUKAN WEWENANG {key}"),
            two_way: to.two_way,
            link: filled(to.link.as_deref()).filter(|link| !link.ends_with('…')),
            language: code_of(language),
        }
    }

    /// Category and area, as they stand in brackets: `Infrastruktur, Kab. Pati`.
    pub(crate) fn about(&self) -> Option<String> {
        let parts: Vec<&str> = [&self.category, &self.area]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// The time left, or the time since the deadline, in a phrase.
    pub(crate) fn standing(&self) -> String {
        match (self.language, self.late) {
            ("en", true) => format!("{} late", self.over),
            ("en", false) => format!("{} left", self.left),
            (_, true) => format!("lewat {}", self.over),
            (_, false) => format!("sisa {}", self.left),
        }
    }

    /// The link, where it may stand in an HTML attribute.
    fn href(&self) -> Option<&String> {
        self.link
            .as_ref()
            .filter(|link| link.starts_with("https://") || link.starts_with("http://"))
    }

    pub(crate) fn value(&self) -> Value {
        context! {
            notice => self.notice,
            ticket => &self.ticket,
            addressee => self.addressee.clone(),
            title => &self.title,
            category => self.category.clone(),
            area => self.area.clone(),
            about => self.about(),
            unit => self.unit.clone(),
            from => self.from.clone(),
            proposed => self.proposed.clone(),
            received => &self.received,
            deadline => &self.deadline,
            deadline_short => &self.deadline_short,
            promise => &self.promise,
            lacks => &self.lacks,
            left => &self.left,
            over => &self.over,
            late => self.late,
            standing => self.standing(),
            code => self.code,
            answer => &self.answer,
            refusal => &self.refusal,
            two_way => self.two_way,
            link => self.link.clone(),
            href => self.href().cloned(),
            language => self.language,
        }
    }

    /// The same for a short message: in its alphabet, without what routes drop.
    pub(crate) fn for_sms(mut self, rules: &RouteRules) -> Self {
        self.addressee = self.addressee.and_then(|text| lint::tame(&text, rules));
        self.category = self.category.and_then(|text| lint::tame(&text, rules));
        self.area = self.area.and_then(|text| lint::tame(&text, rules));
        self.unit = self.unit.and_then(|text| lint::tame(&text, rules));
        self.from = self.from.and_then(|text| lint::tame(&text, rules));
        self.proposed = self.proposed.and_then(|text| lint::tame(&text, rules));
        self.title = lint::tame(&self.title, rules).unwrap_or_default();
        // A link cannot be brought into an alphabet: it is whole or useless.
        self.link = self
            .link
            .filter(|link| link.chars().all(|c| c.is_ascii_graphic() && c != '`'));
        self
    }
}

impl NoteWords {
    pub(crate) fn new(note: &ReplyNote, to: &Recipient, now: Timestamp, zone: &TimeZone) -> Self {
        let mut words = Self {
            two_way: to.two_way,
            language: code_of(to.language),
            ..Self::default()
        };
        let mut about = |complaint: &ComplaintId| words.ticket = Some(complaint.to_string());
        let (kind, asks, more): (_, &[OpenAsk], usize) = match note {
            ReplyNote::Acknowledged {
                complaint,
                hold_until,
                zone: own,
                waiting,
            } => {
                about(complaint);
                words.waiting = filled(waiting.as_deref());
                let zone = &wording::zone_of(own.as_deref(), zone);
                words.until = wording::time(*hold_until, zone, to.language);
                words.until_short = wording::short_time(*hold_until, now, zone, to.language);
                ("acknowledged", &[], 0)
            }
            ReplyNote::AlreadyAcknowledged { complaint, by } => {
                about(complaint);
                words.by = wording::one_line(by);
                ("already_acknowledged", &[], 0)
            }
            ReplyNote::Refused {
                complaint,
                passed_to,
                proposed,
            } => {
                about(complaint);
                words.passed_to = filled(passed_to.as_deref());
                words.proposed = filled(proposed.as_deref());
                ("refused", &[], 0)
            }
            ReplyNote::HandedOver { complaint, to } => {
                about(complaint);
                words.passed_to = filled(Some(to));
                ("handed_over", &[], 0)
            }
            ReplyNote::ToWhom {
                complaint, choices, ..
            } => {
                if let Some(complaint) = complaint {
                    about(complaint);
                }
                words.choices = choices
                    .iter()
                    .map(|choice| wording::one_line(&choice.shown))
                    .collect();
                ("to_whom", &[], 0)
            }
            ReplyNote::News { items } => {
                words.news = "several";
                if let [only] = items.as_slice() {
                    words.ticket = Some(only.complaint.to_string());
                    words.news = only.news.kind().as_str();
                    if let News::Taken { by, at, zone: own } = &only.news {
                        let zone = &wording::zone_of(own.as_deref(), zone);
                        words.by = wording::one_line(by);
                        words.at = wording::short_time(*at, now, zone, to.language);
                    }
                }
                ("news", &[], 0)
            }
            ReplyNote::NoLongerOpen { complaint } => {
                about(complaint);
                ("no_longer_open", &[], 0)
            }
            ReplyNote::Several { count, accepted } => (
                if *accepted {
                    "several_accepted"
                } else {
                    "several_refused"
                },
                &[],
                *count,
            ),
            ReplyNote::WhichOne { open, more } => ("which_one", open, *more),
            ReplyNote::List { open, more } => ("list", open, *more),
            ReplyNote::UnknownCode { code, open } => {
                words.code = filled(Some(code));
                ("unknown_code", open, 0)
            }
            ReplyNote::NotUnderstood { open } => ("not_understood", open, 0),
            ReplyNote::NothingOpen => ("nothing_open", &[], 0),
            ReplyNote::WrongNumberNoted => ("wrong_number_noted", &[], 0),
            ReplyNote::Stopped => ("stopped", &[], 0),
            ReplyNote::LastKept => ("last_kept", &[], 0),
            ReplyNote::LastStopped => ("last_stopped", &[], 0),
            ReplyNote::Started => ("started", &[], 0),
            ReplyNote::Check { check, to, code } => {
                words.by = wording::one_line(to);
                words.code = Some(code.to_string());
                words.answer = format!("OK {code}");
                let kind = match check {
                    CheckKind::Verify => "verify",
                    CheckKind::Test => "test_page",
                };
                (kind, &[], 0)
            }
            ReplyNote::Verified => ("verified", &[], 0),
            ReplyNote::TestAnswered => ("test_answered", &[], 0),
            ReplyNote::CodeNeeded => ("code_needed", &[], 0),
        };
        words.note = kind;
        words.more = more;
        words.open = asks
            .iter()
            .map(|ask| match ask.code {
                Some(code) => format!("{code} {}", ask.complaint),
                None => ask.complaint.to_string(),
            })
            .collect();
        if let ReplyNote::News { items } = note {
            let tickets = items.iter().map(|item| item.complaint.to_string());
            words.open = tickets.take(LISTED).collect();
            words.more = items.len().saturating_sub(LISTED);
        }
        if let Some(answer) = hand_overs(note).into_iter().next() {
            words.answer = answer;
        }
        if let Some(first) = asks.first() {
            words.answer = format!("OK {}", key(first));
            words.refusal = format!("BUKAN WEWENANG {}", key(first));
        }
        words
    }

    pub(crate) fn value(&self) -> Value {
        let mut list = self.open.join(", ");
        if self.more > 0 && !list.is_empty() {
            let word = if self.language == "en" {
                "more"
            } else {
                "lagi"
            };
            list = format!("{list}, +{} {word}", self.more);
        }
        context! {
            note => self.note,
            ticket => self.ticket.clone(),
            until => &self.until,
            until_short => &self.until_short,
            by => &self.by,
            waiting => self.waiting.clone(),
            passed_to => self.passed_to.clone(),
            proposed => self.proposed.clone(),
            news => self.news,
            at => &self.at,
            choices => self.choices.iter().map(String::as_str).collect::<Value>(),
            code => self.code.clone().unwrap_or_default(),
            open => self.open.iter().map(String::as_str).collect::<Value>(),
            list => list,
            more => self.more,
            total => self.open.len() + self.more,
            answer => &self.answer,
            refusal => &self.refusal,
            two_way => self.two_way,
            language => self.language,
        }
    }

    /// The same for a short message: lists with shortened tickets, nothing that routes drop.
    pub(crate) fn for_sms(mut self, asks: &[OpenAsk], rules: &RouteRules) -> Self {
        if !asks.is_empty() {
            self.open = asks
                .iter()
                .map(|ask| match ask.code {
                    Some(code) => {
                        format!("{code} {}", wording::short_ticket(ask.complaint.as_str()))
                    }
                    // Without a code the ticket is the answer, so it must be whole.
                    None => ask.complaint.to_string(),
                })
                .collect();
        }
        self.by = lint::tame(&self.by, rules).unwrap_or_else(|| {
            if self.language == "en" {
                "another post".to_owned()
            } else {
                "petugas lain".to_owned()
            }
        });
        self.passed_to = self.passed_to.and_then(|text| lint::tame(&text, rules));
        self.proposed = self.proposed.and_then(|text| lint::tame(&text, rules));
        self.choices = self
            .choices
            .iter()
            .filter_map(|text| lint::tame(text, rules))
            .collect();
        self.code = self.code.and_then(|text| lint::tame(&text, rules));
        self
    }
}

/// What a note lists as open.
pub(crate) fn asks(note: &ReplyNote) -> &[OpenAsk] {
    match note {
        ReplyNote::WhichOne { open, .. }
        | ReplyNote::List { open, .. }
        | ReplyNote::UnknownCode { open, .. }
        | ReplyNote::NotUnderstood { open } => open,
        _ => &[],
    }
}

/// What to answer to be understood, one for each that could be meant.
pub(crate) fn hand_overs(note: &ReplyNote) -> Vec<String> {
    match note {
        ReplyNote::ToWhom { key, choices, .. } => choices
            .iter()
            .map(|choice| format!("TERUSKAN KE {} {key}", choice.words))
            .collect(),
        _ => Vec::new(),
    }
}

/// What names an open question in an answer: its code, else its ticket.
pub(crate) fn key(ask: &OpenAsk) -> String {
    match ask.code {
        Some(code) => code.to_string(),
        None => ask.complaint.to_string(),
    }
}
