//! Recurrence rules, as far as a roster needs them: by days and by weeks.
//!
//! A rule that says more is refused, not followed in part: a shift that is missing is a night without anybody.

use std::collections::BTreeSet;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Weekday},
};

use super::{
    Fault,
    lines::Line,
    times::{self, Moment},
};

/// A recurrence rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    every: Every,
    interval: i32,
    on: BTreeSet<i8>,
    week_begins: Weekday,
    ends: Ends,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Every {
    Day,
    Week,
}

#[derive(Debug, Clone, PartialEq)]
enum Ends {
    Never,
    After(usize),
    By(Moment),
}

/// Weekdays as they are written, Monday first.
const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

impl Rule {
    /// Reads the rule of an event that first begins at `first`.
    pub(super) fn read(line: &Line, first: &Moment) -> Result<Self, Fault> {
        let mut every = None;
        let mut rule = Self {
            every: Every::Day,
            interval: 1,
            on: BTreeSet::new(),
            week_begins: Weekday::Monday,
            ends: Ends::Never,
        };
        for part in line.value.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = name.trim().to_ascii_uppercase();
            let value = value.trim().to_ascii_uppercase();
            let fault = |problem: &str, remedy: &str| {
                Fault::new(
                    line.number,
                    &format!("RRULE {name}"),
                    &value,
                    problem,
                    remedy,
                )
            };
            match name.as_str() {
                "FREQ" => {
                    every = match value.as_str() {
                        "DAILY" => Some(Every::Day),
                        "WEEKLY" => Some(Every::Week),
                        _ => {
                            return Err(fault(
                                "only what recurs by days or weeks is understood",
                                "write DAILY or WEEKLY, or each time as an event of its own",
                            ));
                        }
                    };
                }
                "INTERVAL" => {
                    let read = value.parse().ok().filter(|it| (1..=1000).contains(it));
                    rule.interval = read.ok_or_else(|| {
                        fault("no number from 1 to 1000", "write 2 for every second")
                    })?;
                }
                "COUNT" => {
                    let read = value.parse().ok().filter(|it| *it > 0);
                    let read =
                        read.ok_or_else(|| fault("no number above 0", "write how often it comes"))?;
                    rule.ends = Ends::After(read);
                }
                "UNTIL" => {
                    let read = times::read(&value, &first.zone);
                    let read =
                        read.ok_or_else(|| fault("it is no time", "write 20261231T165959Z"))?;
                    rule.ends = Ends::By(read);
                }
                "BYDAY" => {
                    for text in value.split(',') {
                        let day = weekday(text).ok_or_else(|| {
                            fault(
                                "only whole weekdays are understood",
                                "write MO,TU,WE,TH,FR,SA,SU, without a number before",
                            )
                        })?;
                        rule.on.insert(day.to_monday_zero_offset());
                    }
                }
                "WKST" => {
                    rule.week_begins =
                        weekday(&value).ok_or_else(|| fault("no weekday", "write MO or SU"))?;
                }
                _ => {
                    return Err(fault(
                        "this part of a rule is not understood",
                        "write each time as an event of its own",
                    ));
                }
            }
        }
        let remedy = "write FREQ=DAILY or FREQ=WEEKLY";
        rule.every = every.ok_or_else(|| line.fault("it does not say how often", remedy))?;
        let own = first.wall.weekday().to_monday_zero_offset();
        if rule.on.is_empty() && rule.every == Every::Week {
            rule.on.insert(own);
        }
        if !rule.on.is_empty() && !rule.on.contains(&own) {
            let remedy = "let the event begin on one of the days of BYDAY";
            return Err(line.fault("its first day is none of BYDAY", remedy));
        }
        Ok(rule)
    }

    /// The times at which it begins, from the first on, up to `until`. `steps` are those that may still be
    /// taken; none when they are used up.
    pub(super) fn begins(
        &self,
        first: &Moment,
        until: Timestamp,
        steps: &mut usize,
    ) -> Option<Vec<DateTime>> {
        let mut found = Vec::new();
        let mut begun = first.wall.date();
        if self.every == Every::Week {
            let back = first.wall.weekday().since(self.week_begins);
            begun = begun.checked_sub(i32::from(back).days()).unwrap_or(begun);
        }
        for round in 0_i32.. {
            let ahead = round.checked_mul(self.interval);
            let next = ahead.and_then(|ahead| self.round(begun, ahead));
            let Some(days) = next else {
                return Some(found);
            };
            for day in days {
                let wall = day.to_datetime(first.wall.time());
                if wall < first.wall {
                    continue;
                }
                let Some(instant) = first.at(wall).instant() else {
                    return Some(found);
                };
                let over = match &self.ends {
                    Ends::Never => false,
                    Ends::After(count) => found.len() >= *count,
                    Ends::By(last) if last.whole_day => day > last.wall.date(),
                    Ends::By(last) => last.instant().is_none_or(|last| instant > last),
                };
                if over || instant >= until {
                    return Some(found);
                }
                found.push(wall);
            }
            *steps = steps.checked_sub(1)?;
        }
        Some(found)
    }

    /// The days of one round; none behind the end of all calendars.
    fn round(&self, begun: Date, ahead: i32) -> Option<Vec<Date>> {
        match self.every {
            Every::Day => {
                let day = begun.checked_add(ahead.days()).ok()?;
                let own = day.weekday().to_monday_zero_offset();
                let meant = self.on.is_empty() || self.on.contains(&own);
                Some(if meant { vec![day] } else { Vec::new() })
            }
            Every::Week => {
                let week = begun.checked_add(ahead.checked_mul(7)?.days()).ok()?;
                let days = (0..7).map(|it: i32| week.checked_add(it.days()).ok());
                let days: Option<Vec<Date>> = days.collect();
                let meant = |day: &Date| self.on.contains(&day.weekday().to_monday_zero_offset());
                Some(days?.into_iter().filter(meant).collect())
            }
        }
    }
}

fn weekday(text: &str) -> Option<Weekday> {
    let mut days = DAYS.iter();
    days.find(|(name, _)| *name == text.trim())
        .map(|(_, day)| *day)
}
