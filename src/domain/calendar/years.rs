//! Days off as they are decreed: a list a year, and what later decrees of the same year add to it and
//! take out of it. So what was decreed when can still be read after a change.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::Deserialize;

use super::{
    Calendar, CalendarFault, CalendarFaults, Holiday, HolidayForm, Holidays,
    form::{read_date, read_name},
};
use crate::domain::id::CalendarId;

/// So long before the last known day off's year ends, operators are told that the next is missing.
pub const NEXT_YEAR_IS_DUE: SignedDuration = SignedDuration::from_hours(60 * 24);

/// One year's days off in words, as in `config/holidays/nasional/2026.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolidayYear {
    /// The year, which every date must be of.
    pub year: i16,
    /// The decree that the list follows.
    pub decree: String,
    /// The days off as they were first decreed.
    pub holidays: Vec<HolidayForm>,
    /// What was changed within the year, in the order of publication.
    #[serde(default)]
    pub revisions: Vec<Revision>,
}

/// A later decree of the same year.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// The decree.
    pub decree: String,
    /// The date on which it was published: `2026-02-10`.
    pub published: String,
    /// Days that become days off.
    #[serde(default)]
    pub add: Vec<HolidayForm>,
    /// Dates that are working days again.
    #[serde(default)]
    pub remove: Vec<String>,
}

impl HolidayYear {
    /// The year's days off after all its revisions.
    ///
    /// # Errors
    /// All faults at once: a date that is none or of another year, a day that stands twice, one that is
    /// removed and was not there, decrees without a name or out of order.
    pub fn days(&self) -> Result<Holidays, CalendarFaults> {
        let mut read = Reading {
            year: self.year,
            days: Holidays::new(),
            faults: Vec::new(),
        };
        read.decree("decree", &self.decree);
        if self.holidays.is_empty() {
            let remedy = "write the year's days off as [[holidays]]";
            read.faults.push(CalendarFault::new("holidays", "", remedy));
        }
        for (index, holiday) in self.holidays.iter().enumerate() {
            read.put(&format!("holidays[{index}]"), holiday);
        }
        let mut before: Option<Date> = None;
        for (index, revision) in self.revisions.iter().enumerate() {
            let place = format!("revisions[{index}]");
            read.decree(&format!("{place}.decree"), &revision.decree);
            let field = format!("{place}.published");
            match read_date(&revision.published, || field.clone()) {
                Ok(date) if before.is_some_and(|before| date < before) => {
                    let remedy = "put the revisions in the order in which they were published";
                    let fault = CalendarFault::new(field, &revision.published, remedy);
                    read.faults.push(fault);
                }
                Ok(date) => before = Some(date),
                Err(fault) => read.faults.push(fault),
            }
            if revision.add.is_empty() && revision.remove.is_empty() {
                let remedy = "say what it adds ([[revisions.add]]) or which dates it removes";
                read.faults
                    .push(CalendarFault::new(place.as_str(), "", remedy));
            }
            // First out, then in: so a day can be given another name.
            for (index, date) in revision.remove.iter().enumerate() {
                read.take_out(&format!("{place}.remove[{index}]"), date);
            }
            for (index, holiday) in revision.add.iter().enumerate() {
                read.put(&format!("{place}.add[{index}]"), holiday);
            }
        }
        if read.faults.is_empty() {
            Ok(read.days)
        } else {
            Err(CalendarFaults(read.faults))
        }
    }
}

/// A year while it is read.
struct Reading {
    year: i16,
    days: Holidays,
    faults: Vec<CalendarFault>,
}

impl Reading {
    fn decree(&mut self, field: &str, name: &str) {
        if name.trim().is_empty() {
            let remedy = "name the decree, so that everybody can look it up";
            self.faults.push(CalendarFault::new(field, "", remedy));
        }
    }

    /// A date of this year; anything else is told.
    fn date(&mut self, field: &str, text: &str) -> Option<Date> {
        match read_date(text, || field.to_owned()) {
            Ok(date) if date.year() == self.year => Some(date),
            Ok(date) => {
                let remedy = format!(
                    "this is the list of {}: put it into the file of {}",
                    self.year,
                    date.year()
                );
                self.faults.push(CalendarFault::new(field, text, remedy));
                None
            }
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }

    fn put(&mut self, place: &str, holiday: &HolidayForm) {
        let field = format!("{place}.date");
        let date = self.date(&field, &holiday.date);
        let name = match read_name(&holiday.name, || format!("{place}.name")) {
            Ok(name) => name,
            Err(fault) => return self.faults.push(fault),
        };
        let Some(date) = date else { return };
        if let Some(known) = self.days.get(&date) {
            let remedy = format!(
                "that day is off already ({}): where two feasts fall on one day, write both names in one",
                known.name
            );
            self.faults
                .push(CalendarFault::new(field, &holiday.date, remedy));
            return;
        }
        let joint_leave = holiday.joint_leave;
        self.days.insert(date, Holiday { name, joint_leave });
    }

    fn take_out(&mut self, field: &str, text: &str) {
        if let Some(date) = self.date(field, text)
            && self.days.remove(&date).is_none()
        {
            let remedy =
                "no day is off on that date before this revision: correct the date or leave it out";
            self.faults.push(CalendarFault::new(field, text, remedy));
        }
    }
}

/// The calendars whose next year is due, each with the last day until which days off are known.
pub fn next_years_due<'a, C: AsRef<Calendar> + 'a>(
    calendars: impl IntoIterator<Item = (&'a CalendarId, &'a C)>,
    now: Timestamp,
) -> BTreeMap<CalendarId, Date> {
    calendars
        .into_iter()
        .filter_map(|(id, calendar)| Some((id.clone(), calendar.as_ref().next_year_is_due(now)?)))
        .collect()
}

impl AsRef<Self> for Calendar {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Calendar {
    /// Until when days off are known, if that is so soon that the next year is due, or has passed.
    pub fn next_year_is_due(&self, now: Timestamp) -> Option<Date> {
        let end = self.known_days_off_end()?;
        let is_due = end.duration_since(now) <= NEXT_YEAR_IS_DUE;
        self.holidays_known_until().filter(|_| is_due)
    }

    /// The first moment of the first year that the holiday table does not speak of.
    pub fn known_days_off_end(&self) -> Option<Timestamp> {
        let until = self.holidays_known_until()?;
        Some(self.instant(until.tomorrow().unwrap_or(until), 0))
    }
}
