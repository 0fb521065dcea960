//! Seeds: the directory, policies and calendars as files of TOML, for the first start and for
//! people to edit. Faults of all files are found at once.

use std::{fs, path::Path};

use super::{
    calendars,
    directory::Builder,
    document::Document,
    fault::{Fault, Gravity},
    places::Places,
};
use crate::domain::{policy::Policy, rulebook::Rulebook};

/// Everything that is seeded.
#[derive(Debug, Default)]
pub struct Seeds {
    /// What they say.
    pub book: Rulebook,
    /// Where it stands, for faults that show only when all is put together.
    pub places: Places,
}

/// A file's name and text.
pub type Source = (String, String);

/// The files that a set of seeds is read from.
#[derive(Debug, Default, Clone)]
pub struct Sources {
    /// Files of the directory.
    pub directory: Vec<Source>,
    /// Files of policies.
    pub policies: Vec<Source>,
    /// Files of calendars; the file's name is the calendar's id.
    pub calendars: Vec<Source>,
    /// Files of days off, one a year; the folder's name is the set's, by which calendars name it.
    pub holidays: Vec<Source>,
}

impl Sources {
    /// What is shipped with the program: the province's units, the standard policy, the calendars.
    /// With `demo`, invented people hold the posts.
    pub fn shipped(demo: bool) -> Self {
        let source = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let mut directory = vec![source(
            "config/units.toml",
            include_str!("../../config/units.toml"),
        )];
        if demo {
            directory.push(source(
                "config/people.demo.toml",
                include_str!("../../config/people.demo.toml"),
            ));
        }
        Self {
            directory,
            policies: vec![source(
                "config/policies/baku.toml",
                include_str!("../../config/policies/baku.toml"),
            )],
            calendars: vec![
                source(
                    "config/calendars/kalender.toml",
                    include_str!("../../config/calendars/kalender.toml"),
                ),
                source(
                    "config/calendars/kerja.toml",
                    include_str!("../../config/calendars/kerja.toml"),
                ),
            ],
            holidays: vec![
                source(
                    "config/holidays/nasional/2025.toml",
                    include_str!("../../config/holidays/nasional/2025.toml"),
                ),
                source(
                    "config/holidays/nasional/2026.toml",
                    include_str!("../../config/holidays/nasional/2026.toml"),
                ),
            ],
        }
    }

    /// Reads the files that the settings name.
    pub fn read(data: &super::settings::Data, faults: &mut Vec<Fault>) -> Self {
        let mut read = |path: &Path| match fs::read_to_string(path) {
            Ok(text) => Some((path.display().to_string(), text)),
            Err(error) => {
                faults.push(unreadable(path, &format!("cannot be read ({error})")));
                None
            }
        };
        let directory = data
            .directory
            .iter()
            .filter_map(|path| read(path))
            .collect();
        let policies = toml_files(&data.policies);
        let calendars = toml_files(&data.calendars);
        let mut all = |found: Result<Vec<std::path::PathBuf>, String>, folder: &Path| {
            if let Ok(paths) = found {
                paths.iter().filter_map(|path| read(path)).collect()
            } else {
                let _ = read(folder); // Says why the folder cannot be read.
                Vec::new()
            }
        };
        Self {
            directory,
            policies: all(policies, &data.policies),
            calendars: all(calendars, &data.calendars),
            holidays: calendars::holiday_files(&data.holidays, faults),
        }
    }

    /// Makes seeds of the files; what does not fit is a fault each.
    pub fn parse(&self, faults: &mut Vec<Fault>) -> Seeds {
        let mut seeds = Seeds::default();
        let mut builder = Builder::default();
        for (file, text) in &self.directory {
            faults.extend(builder.add(file, text, &mut seeds.places));
        }
        seeds.book.directory = builder.directory;
        for (file, text) in &self.policies {
            let mut document = Document::parse(file, text);
            let table = std::mem::take(&mut document.table);
            if document.faults.is_empty()
                && let Some(mut policy) = document.piece::<Policy>("", table)
            {
                policy.version = 0; // The store counts.
                let id = policy.id.clone();
                seeds
                    .places
                    .policy(id.as_str(), file, document.lines().clone());
                if seeds.book.policies.insert(id.clone(), policy).is_some() {
                    document.fault(
                        "id",
                        id.as_str(),
                        "another file has a policy of this id",
                        "give each policy an id of its own",
                    );
                }
            }
            faults.extend(document.faults);
        }
        let calendars = calendars::read(&self.holidays, &self.calendars, faults);
        seeds.book.calendars.extend(calendars);
        seeds
    }
}

pub(super) fn toml_files(folder: &Path) -> Result<Vec<std::path::PathBuf>, String> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .map_err(|error| error.to_string())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    paths.sort();
    Ok(paths)
}

pub(super) fn unreadable(path: &Path, problem: &str) -> Fault {
    Fault {
        gravity: Gravity::Error,
        file: path.display().to_string(),
        line: None,
        path: "(file)".to_owned(),
        value: String::new(),
        problem: problem.to_owned(),
        remedy: "mend it, or name another in the section [data] of the settings".to_owned(),
    }
}
