//! Why a complaint is due when it is, in words for the people who ask.

use jiff::Timestamp;
use serde::Serialize;

use super::{Context, Escalation, Promise, Running};
use crate::domain::{calendar::span_in_words, complaint::Status, directory::Language, id::ClockId};

/// How a further clock stands, for people who ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockStanding {
    /// Its name.
    pub id: ClockId,
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// When it is due; none when it does not run.
    pub deadline: Option<Timestamp>,
    /// The deadline that passed.
    pub missed: Option<Timestamp>,
    /// Whether it is kept, or was kept late.
    pub kept: bool,
    /// How its deadline came about.
    pub explained: String,
}

impl Escalation {
    /// How the deadline came about: `3 hari kerja sejak Kamis 24 Des 2026 16.20 WIB, tanpa 25 Desember`.
    /// With what ran before a stop or a hand-over, and how long it stood still for what.
    pub fn explain(&self, context: &Context<'_>, language: Language) -> String {
        let context = &context.of_unit(self.complaint.unit.as_ref());
        self.promise
            .explain(&self.complaint.status, context, language)
    }

    /// How the further clocks stand, each with how its deadline came about.
    pub fn explain_clocks(&self, context: &Context<'_>, language: Language) -> Vec<ClockStanding> {
        let clocks = self.clocks_of(context);
        clocks
            .map(|(clock, further, context)| ClockStanding {
                id: clock.id.clone(),
                title: clock.title.clone(),
                deadline: further.promise.deadline(&context),
                missed: further.promise.missed,
                kept: further.promise.is_kept(),
                explained: further
                    .promise
                    .explain(&self.complaint.status, &context, language),
            })
            .collect()
    }
}

impl Promise {
    fn explain(&self, status: &Status, context: &Context<'_>, language: Language) -> String {
        let mut text = match &self.running {
            Running::Since { at, spent } if spent.is_zero() => {
                let length = self.length(context);
                context.calendar.explain(*at, length, language)
            }
            Running::Since { at, spent } => {
                let left = (self.length(context) - *spent).max(jiff::SignedDuration::ZERO);
                let left = context.calendar.explain(*at, left, language);
                let before = self.ran_before(context, *spent, language);
                match language {
                    Language::Id => format!("{before}, sisanya {left}"),
                    Language::En => format!("{before}, the rest is {left}"),
                }
            }
            Running::Paused { at, spent, .. } => {
                let before = self.ran_before(context, *spent, language);
                let since = context.calendar.local_time(*at, language);
                match language {
                    Language::Id => format!("{before}; berhenti sejak {since}: {status}"),
                    Language::En => format!("{before}; it has stood still since {since}: {status}"),
                }
            }
            Running::Kept { at } => {
                let at = context.calendar.local_time(*at, language);
                return match language {
                    Language::Id => format!("sudah dipenuhi dengan kemajuan pada {at}"),
                    Language::En => format!("kept by the progress of {at}"),
                };
            }
        };
        for (status, length) in &self.stood {
            let length = span_in_words(*length, language);
            let stood = match language {
                Language::Id => "berhenti",
                Language::En => "stood still for",
            };
            text.extend(["; ", stood, " ", length.as_str(), ": ", status.as_str()]);
        }
        text
    }

    /// `3 hari kerja sejak Kamis 24 Des 2026 16.20 WIB: 4 jam pada hari kerja sudah berjalan`.
    fn ran_before(
        &self,
        context: &Context<'_>,
        spent: jiff::SignedDuration,
        language: Language,
    ) -> String {
        let calendar = context.calendar;
        let length = calendar.length_in_words(self.length(context), language);
        let spent = calendar.length_in_words(spent, language);
        let since = self.began.map(|began| {
            let word = match language {
                Language::Id => "sejak",
                Language::En => "since",
            };
            format!(" {word} {}", calendar.day_and_time(began, language))
        });
        let since = since.unwrap_or_default();
        match language {
            Language::Id => format!("{length}{since}: {spent} sudah berjalan"),
            Language::En => format!("{length}{since}: {spent} had run"),
        }
    }
}
