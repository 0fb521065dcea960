//! Silences: for a time, pages about something are held, or a gateway is left alone.
//!
//! A silence holds pages and nothing else. Clocks run on, misses are recorded and counted, steps are
//! taken; what came due is told as one summary when the silence ends, if it is still wanted then. Pages
//! of a **missed** deadline pass through it, because a head is to be reached day and night, unless the
//! silence says otherwise in so many words; only who sits at the machine may say so.
//!
//! A silence of a gateway is its maintenance: nothing leaves by it, and messages take another way.

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time, Weekday},
    tz::{TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Serialize};

use super::{
    directory::Directory,
    fact::{SilenceAct, What},
    id::{ComplaintId, UnitCode},
    message::Alert,
    routing::Urgency,
};

/// The bundled zones: the system's database decides nothing.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
/// How many silences are remembered, ended ones too; the oldest that is over makes room.
const REMEMBERED: usize = 500;
/// The longest owner and reason, in characters.
const LONGEST_TEXT: usize = 200;

/// All silences, by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silences {
    /// The number that was given last.
    #[serde(default)]
    last: u64,
    #[serde(default)]
    all: BTreeMap<u64, Silence>,
}

/// One silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// What it is about.
    pub covers: Covers,
    /// From when.
    pub from: Timestamp,
    /// Until when, at most.
    pub until: Timestamp,
    /// Within that time, at which hours; none is all the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Whether pages of missed deadlines are held too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub misses_too: bool,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The id of the request that declared it, so that one sent twice declares one; empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// That it was ended by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// What a silence is about. A page is covered when it fits each kind that is named; gateways stand alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Covers {
    /// Complaints of these units.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitCode>,
    /// Complaints of these categories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Complaints from these areas.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<String>,
    /// These complaints.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub complaints: Vec<ComplaintId>,
    /// These gateways: their maintenance.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
}

/// Hours of a day at which a silence holds. They may pass midnight, and then belong to the day they begin on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// On which days they begin; none is every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// By the clocks of which zone.
    pub zone: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Day {
    fn weekday(self) -> Weekday {
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

/// That something is held, by which silence and until when as far as can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The silence's number.
    pub silence: u64,
    /// Until when.
    pub until: Timestamp,
}

/// What does not fit in a silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceFault {
    /// Which field.
    pub field: &'static str,
    /// What stands there.
    pub value: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// Why a silence cannot be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotEnd {
    /// There is none.
    #[error("there is no silence {0}: `siaga silence list` shows those there are")]
    Unknown(u64),
    /// It is over.
    #[error("silence {0} is over already")]
    Over(u64),
}

impl Hours {
    fn window(&self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let weekday = day.weekday();
        if !self.days.is_empty() && !self.days.iter().any(|it| it.weekday() == weekday) {
            return None;
        }
        let end = if self.until > self.from {
            day
        } else {
            day.tomorrow().ok()?
        };
        let at = |date: Date, time: Time| zone.to_timestamp(date.to_datetime(time)).ok();
        Some((at(day, self.from)?, at(end, self.until)?))
    }

    /// Until when they last, if they do now.
    fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let zone = ZONES.get(&self.zone).unwrap_or(TimeZone::UTC);
        let today = zone.to_datetime(now).date();
        let days = [today.yesterday().ok(), Some(today)];
        let windows = days
            .into_iter()
            .flatten()
            .filter_map(|day| self.window(day, &zone));
        let running = windows.filter(|(from, until)| *from <= now && now < *until);
        running.map(|(_, until)| until).max()
    }
}

impl Silence {
    /// Until when it holds, if it does now.
    pub fn holds_until(&self, now: Timestamp) -> Option<Timestamp> {
        if self.is_over(now) || now < self.from {
            return None;
        }
        match &self.hours {
            None => Some(self.until),
            Some(hours) => hours.until(now).map(|until| until.min(self.until)),
        }
    }

    /// Whether it will hold nothing any more.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ended.is_some() || self.until <= now
    }

    /// Whether it is the maintenance of gateways.
    pub fn is_maintenance(&self) -> bool {
        !self.covers.gateways.is_empty()
    }

    /// Whether it is about what this page says.
    pub fn covers(&self, alert: &Alert, directory: &Directory) -> bool {
        let Covers {
            units,
            categories,
            areas,
            complaints,
            gateways,
        } = &self.covers;
        let is_missed = Urgency::of_notice(alert.notice) == Urgency::Miss;
        // A page names its unit by the short name that it shows; what has none is the coordinator's desk's.
        let of_unit = |code: &UnitCode| match &alert.unit {
            Some(shown) => {
                let unit = directory.units.get(code);
                unit.is_some_and(|unit| unit.short_name == *shown)
            }
            None => directory.coordinator.as_ref() == Some(code),
        };
        let same = |one: &String, other: &Option<String>| {
            let other = other.as_deref().unwrap_or_default();
            one.trim().eq_ignore_ascii_case(other.trim())
        };
        gateways.is_empty()
            && (self.misses_too || !is_missed)
            && (units.is_empty() || units.iter().any(of_unit))
            && (categories.is_empty() || categories.iter().any(|it| same(it, &alert.category)))
            && (areas.is_empty() || areas.iter().any(|it| same(it, &alert.area)))
            && (complaints.is_empty() || complaints.contains(&alert.complaint))
    }

    /// Everything in it that does not fit. It may last `longest`, a series ten times as long.
    pub fn faults(
        &self,
        directory: &Directory,
        gateways: &[String],
        longest: SignedDuration,
        now: Timestamp,
    ) -> Vec<SilenceFault> {
        let mut faults = Vec::new();
        let mut fault = |field, value: String, problem: &str, remedy: String| {
            faults.push(SilenceFault {
                field,
                value,
                problem: problem.to_owned(),
                remedy,
            });
        };
        for (field, text) in [("owner", &self.owner), ("reason", &self.reason)] {
            let length = text.trim().chars().count();
            if length == 0 || length > LONGEST_TEXT || text.chars().any(char::is_control) {
                let remedy = format!("say it in one line of at most {LONGEST_TEXT} characters");
                fault(field, format!("{text:?}"), "it says nothing", remedy);
            }
        }
        let Covers {
            units,
            categories,
            areas,
            complaints,
            gateways: maintained,
        } = &self.covers;
        let of_pages = units.len() + categories.len() + areas.len() + complaints.len();
        if of_pages == 0 && maintained.is_empty() {
            let remedy = "name units, categories, areas, complaints or gateways".to_owned();
            fault(
                "covers",
                "nothing".into(),
                "it would hold everything",
                remedy,
            );
        }
        if of_pages > 0 && !maintained.is_empty() {
            let remedy = "make one silence for the gateways and one for the rest".to_owned();
            fault(
                "gateways",
                maintained.join(", "),
                "a maintenance covers nothing else",
                remedy,
            );
        }
        for unit in units.iter().filter(|it| !directory.units.contains_key(*it)) {
            let remedy = "write a code from the directory".to_owned();
            fault("units", unit.to_string(), "there is no such unit", remedy);
        }
        for lost in maintained.iter().filter(|it| !gateways.contains(it)) {
            let remedy = format!("write one of the settings: {}", gateways.join(", "));
            fault(
                "gateways",
                format!("{lost:?}"),
                "there is no such gateway",
                remedy,
            );
        }
        if self.misses_too && !maintained.is_empty() {
            let remedy = "leave it out: what has another way takes it".to_owned();
            fault(
                "misses_too",
                "true".into(),
                "a maintenance holds no misses",
                remedy,
            );
        }
        if self.until <= self.from || self.until <= now {
            let remedy = "write an end that is to come, after the beginning".to_owned();
            fault(
                "until",
                self.until.to_string(),
                "it is over before it begins",
                remedy,
            );
        }
        let (longest, hint) = match &self.hours {
            None => (longest, ", or give hours, if it recurs"),
            Some(_) => (longest * 10, ""),
        };
        if self.until.duration_since(self.from) > longest {
            let remedy =
                format!("end it within {longest:#} (silences.longest in the settings){hint}");
            fault("until", self.until.to_string(), "it lasts too long", remedy);
        }
        if let Some(hours) = &self.hours {
            if hours.from == hours.until {
                let remedy = "write another end than beginning, as 22:00-05:00".to_owned();
                fault("hours", hours.from.to_string(), "they are empty", remedy);
            }
            if ZONES.get(&hours.zone).is_err() {
                let remedy = "write a zone as Asia/Jakarta".to_owned();
                fault(
                    "zone",
                    format!("{:?}", hours.zone),
                    "there is no such zone",
                    remedy,
                );
            }
        }
        faults
    }
}

impl Silences {
    /// Each with its number.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Silence)> {
        self.all.iter().map(|(number, silence)| (*number, silence))
    }

    /// Those that hold now.
    pub fn active(&self, now: Timestamp) -> impl Iterator<Item = (u64, &Silence)> {
        self.iter()
            .filter(move |(_, silence)| silence.holds_until(now).is_some())
    }

    /// By which silence this page is held, of several the one that lasts longest.
    pub fn holding(&self, alert: &Alert, directory: &Directory, now: Timestamp) -> Option<Held> {
        let held = self.iter().filter_map(|(number, it)| {
            let until = it.holds_until(now)?;
            it.covers(alert, directory).then_some(Held {
                silence: number,
                until,
            })
        });
        held.max_by_key(|held| (held.until, held.silence))
    }

    /// The maintenance of each gateway that has one now.
    pub fn maintained(&self, now: Timestamp) -> BTreeMap<String, Held> {
        let mut found: BTreeMap<String, Held> = BTreeMap::new();
        for (number, silence) in self.iter() {
            let Some(until) = silence.holds_until(now) else {
                continue;
            };
            for gateway in &silence.covers.gateways {
                let held = Held {
                    silence: number,
                    until,
                };
                let known = found.entry(gateway.clone()).or_insert(held);
                if known.until < until {
                    *known = held;
                }
            }
        }
        found
    }

    /// The number of the one that this request has declared already.
    pub fn declared_by(&self, key: &str) -> Option<u64> {
        let mut same = self
            .iter()
            .filter(|(_, it)| !key.is_empty() && it.key == key);
        same.next().map(|(number, _)| number)
    }

    /// Takes one in; gives its number and what is to be recorded.
    pub fn declare(&mut self, silence: Silence, now: Timestamp) -> (u64, What) {
        self.last += 1;
        while self.all.len() >= REMEMBERED {
            let over = self.iter().find(|(_, it)| it.is_over(now));
            let Some((number, _)) = over else { break };
            self.all.remove(&number);
        }
        let act = SilenceAct::Declared {
            silence: Box::new(silence.clone()),
        };
        self.all.insert(self.last, silence);
        let number = self.last;
        (number, What::Silence { number, act })
    }

    /// Ends one before its time; gives what is to be recorded.
    ///
    /// # Errors
    /// When there is none, or it is over.
    pub fn end(
        &mut self,
        number: u64,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<What, CannotEnd> {
        let silence = self.all.get_mut(&number);
        let silence = silence.ok_or(CannotEnd::Unknown(number))?;
        if silence.is_over(now) {
            return Err(CannotEnd::Over(number));
        }
        silence.ended = Some(now);
        let act = SilenceAct::Ended {
            by: by.to_owned(),
            reason: reason.to_owned(),
        };
        Ok(What::Silence { number, act })
    }
}

#[cfg(test)]
mod tests;
