//! Calendars and the holiday sets they name: a folder a set, a file a year.
//!
//! In the store a calendar is whole in itself, so a set is no more than a way to write one: the same
//! days off for several calendars, in files that are decreed, published and revised a year at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde::Deserialize;

use super::{
    document::Document,
    fault::{Fault, Gravity, did_you_mean},
    seed::{Source, toml_files, unreadable},
};
use crate::domain::{
    calendar::{
        Calendar, CalendarFault, CalendarForm, HolidayForm, HolidayYear, Holidays, HoursForm,
    },
    id::CalendarId,
};

/// A calendar as it stands in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFile {
    zone: String,
    hours: HoursForm,
    #[serde(default)]
    holidays_from: Vec<String>,
    #[serde(default)]
    holidays: Vec<HolidayForm>,
}

/// The years of one set.
#[derive(Default)]
struct Set {
    folder: String,
    days: Holidays,
    /// Also those whose file does not fit: they are not missing.
    years: BTreeSet<i16>,
}

/// The files of all sets below a folder; no such folder is no set.
pub(super) fn holiday_files(folder: &Path, faults: &mut Vec<Fault>) -> Vec<Source> {
    let mut files = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return files,
        Err(error) => {
            faults.push(unreadable(folder, &format!("cannot be read ({error})")));
            return files;
        }
    };
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    for path in paths {
        if !path.is_dir() {
            if path.extension().is_some_and(|it| it == "toml") {
                let problem = "stands beside the sets: move it into the folder of one, as nasional";
                faults.push(unreadable(&path, problem));
            }
            continue;
        }
        for year in toml_files(&path).unwrap_or_default() {
            match fs::read_to_string(&year) {
                Ok(text) => files.push((year.display().to_string(), text)),
                Err(error) => {
                    faults.push(unreadable(&year, &format!("cannot be read ({error})")));
                }
            }
        }
    }
    files
}

/// Reads calendars and the sets that they name; what does not fit is a fault each.
pub(super) fn read(
    years: &[Source],
    calendars: &[Source],
    faults: &mut Vec<Fault>,
) -> Vec<(CalendarId, Calendar)> {
    let sets = sets(years, faults);
    let mut found = Vec::new();
    let mut named = BTreeSet::new();
    let mut all_read = true;
    for (file, text) in calendars {
        let mut document = Document::parse(file, text);
        let table = std::mem::take(&mut document.table);
        let calendar = if document.faults.is_empty() {
            document.piece::<CalendarFile>("", table).and_then(|row| {
                named.extend(row.holidays_from.iter().cloned());
                calendar(&mut document, row, &sets)
            })
        } else {
            None
        };
        let id = match CalendarId::parse(&stem(file)) {
            Ok(id) => Some(id),
            Err(error) => {
                let remedy = "the file's name is the calendar's: rename it";
                document.fault("(file name)", &stem(file), &error.to_string(), remedy);
                None
            }
        };
        all_read &= calendar.is_some();
        found.extend(id.zip(calendar));
        faults.extend(document.faults);
    }
    // A calendar that cannot be read may be the one that names it.
    for (name, set) in sets.iter().filter(|(name, _)| !named.contains(*name)) {
        if all_read {
            faults.push(Fault {
                gravity: Gravity::Warning,
                file: set.folder.clone(),
                line: None,
                path: "(folder)".to_owned(),
                value: name.clone(),
                problem: "no calendar takes its days off from here, so they count as working days"
                    .to_owned(),
                remedy: format!("write holidays_from = [\"{name}\"] into a calendar's file, or move the folder away"),
            });
        }
    }
    found
}

fn calendar(
    document: &mut Document,
    row: CalendarFile,
    sets: &BTreeMap<String, Set>,
) -> Option<Calendar> {
    // Its own come first, so that faults tell their place.
    let mut holidays = row.holidays;
    let mut fits = true;
    for (index, name) in row.holidays_from.iter().enumerate() {
        let place = format!("holidays_from[{index}]");
        if row.holidays_from[..index].contains(name) {
            document.fault(
                &place,
                name,
                "the set is named twice",
                "leave one of them out",
            );
            fits = false;
        } else if let Some(set) = sets.get(name) {
            let days = set.days.iter();
            holidays.extend(days.map(|(date, day)| HolidayForm::of(*date, day)));
        } else {
            let known = || sets.keys().map(String::as_str);
            let remedy = match (did_you_mean(name, known()), sets.is_empty()) {
                (Some(known), _) => format!("did you mean {known}?"),
                (None, true) => {
                    "there is none: data.holidays names the folder, in it is a folder a set"
                        .to_owned()
                }
                (None, false) => format!("write one of {}", known().collect::<Vec<_>>().join(", ")),
            };
            document.fault(&place, name, "there is no such set of holidays", &remedy);
            fits = false;
        }
    }
    let form = CalendarForm {
        zone: row.zone,
        hours: row.hours,
        holidays,
    };
    match Calendar::try_from(form) {
        Ok(calendar) => fits.then_some(calendar),
        Err(found) => {
            tell(document, found.0);
            None
        }
    }
}

fn sets(years: &[Source], faults: &mut Vec<Fault>) -> BTreeMap<String, Set> {
    let mut sets: BTreeMap<String, Set> = BTreeMap::new();
    for (file, text) in years {
        let folder = Path::new(file).parent().unwrap_or_else(|| Path::new(""));
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let set = sets.entry(name.into_owned()).or_default();
        set.folder = folder.display().to_string();
        let of_name: Option<i16> = stem(file).parse().ok();
        set.years.extend(of_name);
        let mut document = Document::parse(file, text);
        let table = std::mem::take(&mut document.table);
        if document.faults.is_empty()
            && let Some(year) = document.piece::<HolidayYear>("", table)
        {
            if of_name != Some(year.year) {
                document.fault(
                    "year",
                    &year.year.to_string(),
                    "not the year in the file's name",
                    &format!("name the file {}.toml, or correct the year", year.year),
                );
            }
            match year.days() {
                Ok(days) => set.days.extend(days),
                Err(found) => tell(&mut document, found.0),
            }
        }
        faults.extend(document.faults);
    }
    for set in sets.values() {
        let (Some(first), Some(last)) = (set.years.first(), set.years.last()) else {
            continue;
        };
        for year in (*first..*last).filter(|year| !set.years.contains(year)) {
            faults.push(Fault {
                gravity: Gravity::Error,
                file: set.folder.clone(),
                line: None,
                path: format!("{year}.toml"),
                value: String::new(),
                problem: format!("there are files of {first} and {last}, but none of {year}"),
                remedy: format!(
                    "add {}/{year}.toml: without it {year} has no days off",
                    set.folder
                ),
            });
        }
    }
    sets
}

fn tell(document: &mut Document, found: Vec<CalendarFault>) {
    for fault in found {
        let problem = if fault.value.is_empty() {
            "missing"
        } else {
            "does not fit"
        };
        document.fault(&fault.field, &fault.value, problem, &fault.remedy);
    }
}

fn stem(file: &str) -> String {
    let stem = Path::new(file).file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "zone = \"Asia/Jakarta\"\nhours = { kind = \"working_days\" }\n";

    fn year(year: i16, more: &str) -> Source {
        let text = format!(
            "year = {year}\ndecree = \"SKB\"\n[[holidays]]\ndate = \"{year}-01-01\"\nname = \"Tahun Baru\"\n{more}"
        );
        (format!("holidays/nasional/{year}.toml"), text)
    }

    fn kerja(more: &str) -> Vec<Source> {
        vec![(
            "calendars/kerja.toml".to_owned(),
            format!("{more}\n{PLAIN}"),
        )]
    }

    fn told(years: &[Source], calendars: &[Source]) -> String {
        let mut faults = Vec::new();
        read(years, calendars, &mut faults);
        faults.iter().map(|fault| format!("{fault}\n")).collect()
    }

    #[test]
    fn revisions_add_and_remove_days_in_their_order() {
        let years = [
            year(2025, ""),
            year(
                2026,
                r#"
[[holidays]]
date = "2026-12-24"
name = "Cuti bersama Natal"
joint_leave = true
[[revisions]]
decree = "SKB 2"
published = "2026-02-01"
remove = ["2026-12-24"]
[[revisions.add]]
date = "2026-12-28"
name = "Cuti bersama"
joint_leave = true
[[revisions]]
decree = "SKB 3"
published = "2026-06-01"
remove = ["2026-12-28"]
[[revisions.add]]
date = "2026-12-28"
name = "Cuti bersama Natal dan Tahun Baru"
joint_leave = true
"#,
            ),
        ];
        let own = "holidays_from = [\"nasional\"]\nholidays = [{ date = \"2026-08-10\", name = \"Hari jadi\" }]";
        let mut faults = Vec::new();
        let found = read(&years, &kerja(own), &mut faults);
        assert!(faults.is_empty(), "{faults:#?}");
        let days: Vec<String> = found[0]
            .1
            .holidays()
            .iter()
            .map(|(date, day)| format!("{date} {} {}", day.name, day.joint_leave))
            .collect();
        assert_eq!(
            days,
            [
                "2025-01-01 Tahun Baru false",
                "2026-01-01 Tahun Baru false",
                "2026-08-10 Hari jadi false",
                "2026-12-28 Cuti bersama Natal dan Tahun Baru true",
            ]
        );
    }

    #[test]
    fn every_fault_of_a_year_is_told_with_its_line() {
        let years = [
            year(2024, ""),
            year(
                2026,
                r#"[[holidays]]
date = "2025-12-25"
name = "Natal"
[[holidays]]
date = "2026-01-01"
name = "Lagi"
[[revisions]]
decree = " "
published = "2026-05-01"
remove = ["2026-05-02", "2026-02-30"]
[[revisions]]
decree = "SKB 3"
published = "2026-04-01"
"#,
            ),
            (
                "holidays/nasional/2027.toml".to_owned(),
                "year = 2028\ndecree = \"x\"\n[[holidays]]\ndate = \"2028-01-01\"\nname = \"a\""
                    .to_owned(),
            ),
        ];
        let text = told(&years, &kerja("holidays_from = [\"nasional\"]"));
        for part in [
            "2026.toml:7: holidays[1].date = 2025-12-25",
            "put it into the file of 2025",
            "2026.toml:10: holidays[2].date = 2026-01-01",
            "that day is off already (Tahun Baru)",
            "revisions[0].decree: missing",
            "revisions[0].remove[0] = 2026-05-02",
            "no day is off on that date before this revision",
            "revisions[0].remove[1] = 2026-02-30",
            "write a date that exists",
            "revisions[1].published = 2026-04-01",
            "in the order in which they were published",
            "revisions[1]: missing",
            "2027.toml:1: year = 2028: not the year in the file's name",
            "2025.toml: there are files of 2024 and 2027, but none of 2025",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn a_set_that_is_not_there_is_told_with_what_was_meant() {
        let years = [year(2026, "")];
        let slip = told(&years, &kerja("holidays_from = [\"nasionl\"]"));
        assert!(
            slip.contains("calendars/kerja.toml:1: holidays_from[0] = nasionl"),
            "{slip}"
        );
        assert!(slip.contains("did you mean nasional?"), "{slip}");
        let other = told(&years, &kerja("holidays_from = [\"provinsi\"]"));
        assert!(other.contains("write one of nasional"), "{other}");
        let none = told(&[], &kerja("holidays_from = [\"nasional\"]"));
        assert!(none.contains("data.holidays names the folder"), "{none}");
        let twice = told(
            &years,
            &kerja("holidays_from = [\"nasional\", \"nasional\"]"),
        );
        assert!(twice.contains("the set is named twice"), "{twice}");
    }

    #[test]
    fn a_set_that_nobody_names_is_told() {
        let years = [year(2026, "")];
        let text = told(&years, &kerja(""));
        assert!(
            text.contains("holidays/nasional: (folder) = nasional: no calendar takes its days off"),
            "{text}"
        );
        assert!(text.contains("holidays_from = [\"nasional\"]"), "{text}");
        assert!(text.starts_with("warning: "), "{text}");
        assert_eq!(told(&years, &kerja("holidays_from = [\"nasional\"]")), "");
        // Which one cannot be read may name it: one fault, not two.
        let broken = told(&years, &kerja("holidays_from = 1"));
        assert!(!broken.contains("no calendar takes"), "{broken}");
    }
}
