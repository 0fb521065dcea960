//! Who is reached by which method: a person's own rules, and the ways that a page takes by them.
//!
//! A rule fits a page by urgency, hour and day; the first that fits decides which methods carry it, in
//! which order, and how long each may go without a sign of life before the next is used too. Where none
//! fits, the methods go in their order with the policy's reach and patience. A rule orders and delays;
//! it never silences: what it leaves without a method in use goes by whatever is in use.

mod check;

use std::collections::BTreeSet;

use jiff::{SignedDuration, civil::DateTime};
use serde::{Deserialize, Serialize};

pub(super) use self::check::check;
use super::{
    calendar::{Opening, WeekDay, minute_of},
    directory::{ContactMethod, Responder},
    id::MethodId,
    policy::Reach,
    routing::Urgency,
};

/// How a person is reached under some circumstances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Under which.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// By which methods, in order.
    pub by: Vec<Turn>,
    /// Whether all of them at once, whatever the policy's step says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
}

/// Under which circumstances a rule fits; what is left out fits always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// How pressing the page is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// At which hours, by the clock on the wall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// On which days. Hours past midnight belong to the day on which they began.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub days: BTreeSet<WeekDay>,
}

/// One method's turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Which method.
    pub method: MethodId,
    /// How long the one before may go without a sign of life; left out: the policy's patience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<SignedDuration>,
}

/// Hours of a day, written `22:00-06:00`; they may run past midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    from: u16,
    until: u16,
}

/// Why a text is no hours of a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} are no hours of a day: write two times that differ, as 22:00-06:00")]
pub struct InvalidHours(pub String);

impl Hours {
    /// Reads `22:00-06:00`; a dot may stand for the colon.
    ///
    /// # Errors
    /// When it is not two times of a day that differ.
    pub fn parse(text: &str) -> Result<Self, InvalidHours> {
        let times = text.split_once('-').and_then(|(from, until)| {
            let from = minute_of(from)? % Opening::MINUTES_A_DAY;
            Some((from, minute_of(until)?))
        });
        times
            .filter(|(from, until)| from != until)
            .map(|(from, until)| Self { from, until })
            .ok_or_else(|| InvalidHours(text.chars().take(80).collect()))
    }

    /// Whether these hours hold a minute of the day, and began the day before.
    fn hold(self, minute: u16) -> Option<Began> {
        if self.from < self.until {
            return (self.from..self.until)
                .contains(&minute)
                .then_some(Began::Today);
        }
        if minute >= self.from {
            Some(Began::Today)
        } else {
            (minute < self.until).then_some(Began::Yesterday)
        }
    }
}

/// On which day the hours began that hold a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Began {
    Today,
    Yesterday,
}

impl TryFrom<String> for Hours {
    type Error = InvalidHours;
    fn try_from(text: String) -> Result<Self, InvalidHours> {
        Self::parse(&text)
    }
}

impl From<Hours> for String {
    fn from(Hours { from, until }: Hours) -> Self {
        let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        format!("{}-{}", time(from), time(until))
    }
}

impl When {
    fn is_always(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it fits a page of this urgency at this time on the wall.
    fn fits(&self, urgency: Option<Urgency>, at: DateTime) -> bool {
        let minute =
            u16::from(at.hour().unsigned_abs()) * 60 + u16::from(at.minute().unsigned_abs());
        let Some(began) = self
            .hours
            .map_or(Some(Began::Today), |hours| hours.hold(minute))
        else {
            return false;
        };
        let day = match began {
            Began::Today => at.date(),
            Began::Yesterday => at.date().yesterday().unwrap_or_else(|_| at.date()),
        };
        (self.urgency.is_none() || self.urgency == urgency)
            && (self.days.is_empty() || self.days.contains(&WeekDay::of(day)))
    }
}

/// A way that a page takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// By which method.
    pub method: ContactMethod,
    /// How long it may go without a sign of life before the next one is used too; none is the policy's
    /// patience.
    pub patience: Option<SignedDuration>,
    /// Whether it is used only when all the others have failed or given no sign of life in time.
    pub last_resort: bool,
}

impl From<ContactMethod> for Way {
    fn from(method: ContactMethod) -> Self {
        Self {
            method,
            patience: None,
            last_resort: false,
        }
    }
}

/// The ways that a page takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// In this order.
    pub ways: Vec<Way>,
    /// All at once, or one after the other.
    pub reach: Reach,
}

/// A page as far as its ways depend on it.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// How pressing it is; none where it tells of no promise.
    pub urgency: Option<Urgency>,
    /// What the policy's step says.
    pub reach: Reach,
    /// The time on the wall where the person is.
    pub at: DateTime,
}

impl Plan {
    /// The same, and when all of it has led nowhere these methods, whatever the person's rules say.
    #[must_use]
    pub fn with_last_resorts(mut self, methods: impl Iterator<Item = ContactMethod>) -> Self {
        self.ways.extend(methods.map(|method| Way {
            last_resort: true,
            ..Way::from(method)
        }));
        self
    }
}

/// The ways that a page takes to a person, by those of their methods that are in use.
pub fn plan(person: &Responder, in_use: impl Fn(&ContactMethod) -> bool, asked: Asked) -> Plan {
    let usable: Vec<&ContactMethod> = person.usable_methods().filter(|it| in_use(it)).collect();
    let rule = person
        .rules
        .iter()
        .find(|rule| rule.when.fits(asked.urgency, asked.at));
    let mut ways: Vec<Way> = Vec::new();
    for turn in rule.into_iter().flat_map(|rule| &rule.by) {
        let Some(method) = usable.iter().find(|method| method.id == turn.method) else {
            continue;
        };
        if let Some(before) = ways.last_mut() {
            before.patience = turn.after;
        }
        ways.push(Way::from((*method).clone()));
    }
    let reach = rule.and_then(|rule| rule.reach).unwrap_or(asked.reach);
    if ways.is_empty() {
        ways = usable.into_iter().cloned().map(Way::from).collect();
    }
    Plan { ways, reach }
}

#[cfg(test)]
mod tests;
