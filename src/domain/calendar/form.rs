//! A calendar as it stands in files and in the store, and what can be wrong with it.
//!
//! The form is text throughout, so that one reading finds every fault and not only the first.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Calendar, Holiday, Holidays, Hours, Opening, WeekDay};

/// One thing that is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFault {
    /// Where: `holidays[3].date`, counted from 0.
    pub field: String,
    /// What stood there, cut to 80 characters; empty where something is missing.
    pub value: String,
    /// What to write instead.
    pub remedy: String,
}

impl CalendarFault {
    pub(super) fn new(field: impl Into<String>, value: &str, remedy: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            value: value.chars().take(80).collect(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for CalendarFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            value,
            remedy,
        } = self;
        if value.is_empty() {
            write!(f, "{field} is missing: {remedy}")
        } else {
            write!(f, "{field} is {value:?}: {remedy}")
        }
    }
}

/// All that is wrong with a calendar, in the order of the text. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFaults(pub Vec<CalendarFault>);

impl fmt::Display for CalendarFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CalendarFaults {}

/// A calendar in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarForm {
    /// The IANA name of the zone: `Asia/Jakarta`.
    pub zone: String,
    /// Which hours count.
    pub hours: HoursForm,
    /// Days off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<HolidayForm>,
}

/// Hours in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum HoursForm {
    /// Every hour counts.
    Always {},
    /// All hours of working dates count.
    WorkingDays {
        /// Names of days: `monday`. Left out: Monday to Friday.
        #[serde(default = "monday_to_friday")]
        days: Vec<String>,
    },
    /// Office hours of working dates count.
    Office {
        /// Hours by name of day: `monday = "07.30-16.00"`.
        week: BTreeMap<String, String>,
    },
}

/// A day off in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolidayForm {
    /// The date: `2026-12-25`.
    pub date: String,
    /// What is celebrated.
    pub name: String,
    /// Whether it is joint leave (*cuti bersama*).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub joint_leave: bool,
}

impl HolidayForm {
    /// A day off in words.
    pub fn of(date: Date, holiday: &Holiday) -> Self {
        Self {
            date: date.to_string(),
            name: holiday.name.clone(),
            joint_leave: holiday.joint_leave,
        }
    }
}

fn monday_to_friday() -> Vec<String> {
    let days = WeekDay::ALL.into_iter().take(5);
    days.map(|day| day.as_str().to_owned()).collect()
}

impl CalendarForm {
    /// Reads the form, not yet checked.
    ///
    /// # Errors
    /// One fault, when the text is no TOML or not of this shape.
    pub fn from_toml(text: &str) -> Result<Self, CalendarFaults> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                1 + text
                    .bytes()
                    .take(span.start)
                    .filter(|b| *b == b'\n')
                    .count()
            });
            let shown = text.lines().nth(line - 1).unwrap_or_default().trim();
            CalendarFaults(vec![CalendarFault::new(
                format!("line {line}"),
                shown,
                format!("{}; compare config/calendars/kerja.toml", error.message()),
            )])
        })
    }

    /// Everything that is wrong with it; nothing is: it makes a calendar.
    pub fn check(&self) -> Vec<CalendarFault> {
        match Calendar::try_from(self.clone()) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.0,
        }
    }
}

impl TryFrom<CalendarForm> for Calendar {
    type Error = CalendarFaults;

    fn try_from(form: CalendarForm) -> Result<Self, CalendarFaults> {
        let mut faults = Vec::new();
        let hours = read_hours(&form.hours, &mut faults);
        let mut holidays = Holidays::new();
        for (index, holiday) in form.holidays.iter().enumerate() {
            let date = read_date(&holiday.date, || format!("holidays[{index}].date"));
            let name = read_name(&holiday.name, || format!("holidays[{index}].name"));
            add_holiday(&mut holidays, date, name, holiday.joint_leave, &mut faults);
        }
        // Asked even when something is wrong already: a bad zone is to be told in the same breath.
        match Self::try_new(&form.zone, hours, holidays) {
            Ok(calendar) if faults.is_empty() => Ok(calendar),
            Ok(_) => Err(CalendarFaults(faults)),
            Err(mut first) => {
                // Hours that came out empty because every one of them was wrong need no second word.
                let told = faults.iter().any(|fault| fault.field.starts_with("hours."));
                first
                    .0
                    .retain(|fault| !(told && fault.field.starts_with("hours.")));
                first.0.append(&mut faults);
                Err(first)
            }
        }
    }
}

impl From<Calendar> for CalendarForm {
    fn from(calendar: Calendar) -> Self {
        let named = |day: &WeekDay| day.as_str().to_owned();
        Self {
            hours: match &calendar.hours {
                Hours::Always => HoursForm::Always {},
                Hours::WorkingDays { days } => HoursForm::WorkingDays {
                    days: days.iter().map(named).collect(),
                },
                Hours::Office { week } => HoursForm::Office {
                    week: week
                        .iter()
                        .map(|(day, opening)| (named(day), opening.to_string()))
                        .collect(),
                },
            },
            holidays: calendar
                .holidays
                .iter()
                .map(|(date, holiday)| HolidayForm::of(*date, holiday))
                .collect(),
            zone: calendar.zone_name,
        }
    }
}

pub(super) fn zone_fault(name: &str) -> CalendarFault {
    CalendarFault::new(
        "zone",
        name,
        "write a zone's IANA name: Asia/Jakarta, Asia/Makassar or Asia/Jayapura",
    )
}

fn read_hours(form: &HoursForm, faults: &mut Vec<CalendarFault>) -> Hours {
    let known = "write one of monday, tuesday, wednesday, thursday, friday, saturday, sunday";
    match form {
        HoursForm::Always {} => Hours::Always,
        HoursForm::WorkingDays { days } => {
            let mut read = BTreeSet::new();
            for (index, name) in days.iter().enumerate() {
                match WeekDay::find(name) {
                    Some(day) => {
                        read.insert(day);
                    }
                    None => faults.push(CalendarFault::new(
                        format!("hours.days[{index}]"),
                        name,
                        known,
                    )),
                }
            }
            Hours::WorkingDays { days: read }
        }
        HoursForm::Office { week } => {
            let mut read = BTreeMap::new();
            for (name, times) in week {
                let day = WeekDay::find(name);
                if day.is_none() {
                    faults.push(CalendarFault::new("hours.week", name, known));
                }
                match (day, Opening::parse(times)) {
                    (Some(day), Ok(opening)) => {
                        read.insert(day, opening);
                    }
                    (None, Ok(_)) => {}
                    (_, Err(_)) => faults.push(CalendarFault::new(
                        format!("hours.week.{name}"),
                        times,
                        "write two times, the earlier first, as 07.30-16.00",
                    )),
                }
            }
            Hours::Office { week: read }
        }
    }
}

pub(super) fn read_date(text: &str, field: impl Fn() -> String) -> Result<Date, CalendarFault> {
    let text = text.trim();
    // Exactly this shape: a longer text may be an instant, whose date depends on a zone.
    let whole = text.len() == 10;
    text.parse()
        .ok()
        .filter(|_| whole)
        .ok_or_else(|| CalendarFault::new(field(), text, "write a date that exists as 2026-12-25"))
}

pub(super) fn read_name(text: &str, field: impl Fn() -> String) -> Result<String, CalendarFault> {
    let text = text.trim();
    if text.is_empty() {
        Err(CalendarFault::new(field(), "", "say what is celebrated"))
    } else {
        Ok(text.to_owned())
    }
}

/// Two feasts can fall on one date (13 May 2021 had two): the date then bears both names, and it is
/// joint leave only if both are.
fn add_holiday(
    holidays: &mut Holidays,
    date: Result<Date, CalendarFault>,
    name: Result<String, CalendarFault>,
    joint_leave: bool,
    faults: &mut Vec<CalendarFault>,
) {
    match (date, name) {
        (Ok(date), Ok(name)) => {
            holidays
                .entry(date)
                .and_modify(|known| {
                    if known.name != name {
                        known.name = format!("{} / {name}", known.name);
                    }
                    known.joint_leave &= joint_leave;
                })
                .or_insert(Holiday { name, joint_leave });
        }
        (date, name) => faults.extend(date.err().into_iter().chain(name.err())),
    }
}

/// Reads a published holiday table: a JSON list of objects with `tanggal` (the date),
/// `keterangan` (the name) and `cuti_bersama` (joint leave). Other fields are passed over.
///
/// # Errors
/// All faults at once, each with its place in the list, counted from 0.
pub fn holidays_from_json(text: &str) -> Result<Holidays, CalendarFaults> {
    let one = |fault| CalendarFaults(vec![fault]);
    let table: Value = serde_json::from_str(text).map_err(|error| {
        let start = text.trim_start();
        one(CalendarFault::new(
            "table",
            if start.is_empty() { "" } else { start },
            format!("write a JSON list ({error})"),
        ))
    })?;
    let Value::Array(rows) = table else {
        let value = table.to_string();
        return Err(one(CalendarFault::new(
            "table",
            &value,
            "write a JSON list of objects",
        )));
    };
    let mut holidays = Holidays::new();
    let mut faults = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let place = |field: &str| format!("[{index}].{field}");
        let Value::Object(row) = row else {
            let remedy = "write an object with tanggal, keterangan and cuti_bersama";
            faults.push(CalendarFault::new(
                format!("[{index}]"),
                &row.to_string(),
                remedy,
            ));
            continue;
        };
        let shown = |field: &str| row.get(field).map(Value::to_string).unwrap_or_default();
        let text_of = |field: &'static str, remedy: &str| {
            row.get(field)
                .and_then(Value::as_str)
                .ok_or_else(|| CalendarFault::new(place(field), &shown(field), remedy))
        };
        let date = text_of("tanggal", "write the date as \"2026-12-25\"")
            .and_then(|text| read_date(text, || place("tanggal")));
        let name = text_of("keterangan", "write in quotes what is celebrated")
            .and_then(|text| read_name(text, || place("keterangan")));
        let joint_leave = row.get("cuti_bersama").and_then(Value::as_bool);
        if joint_leave.is_none() {
            let field = "cuti_bersama";
            let fault = CalendarFault::new(place(field), &shown(field), "write true or false");
            faults.push(fault);
        }
        add_holiday(
            &mut holidays,
            date,
            name,
            joint_leave.unwrap_or(false),
            &mut faults,
        );
    }
    if faults.is_empty() {
        Ok(holidays)
    } else {
        Err(CalendarFaults(faults))
    }
}
