//! A TOML file that is read piece by piece, so that all its faults are found at once.
//!
//! The trick: a piece that does not fit is recorded with its path, taken out, and the rest is read
//! again. So one wrong field hides no other.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{
    fault::{Fault, Gravity, did_you_mean},
    words,
};

/// A file while it is read.
pub struct Document {
    /// Its name, for faults.
    pub file: String,
    /// What has not been read yet.
    pub table: Table,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    lines: Lines,
    from_elsewhere: HashMap<String, String>,
}

/// Names whose values are never shown.
const SECRETS: [&str; 5] = ["secret", "password", "token", "key", "passkey"];

impl Document {
    /// Parses a file. One that is no TOML is one fault and an empty table.
    pub fn parse(file: &str, text: &str) -> Self {
        let mut document = Self {
            file: file.to_owned(),
            table: Table::new(),
            faults: Vec::new(),
            lines: Lines::of(text),
            from_elsewhere: HashMap::new(),
        };
        match text.parse::<Table>() {
            Ok(table) => document.table = table,
            Err(error) => {
                let line = error
                    .span()
                    .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
                document.faults.push(Fault {
                    gravity: Gravity::Error,
                    file: file.to_owned(),
                    line,
                    path: "(file)".to_owned(),
                    value: String::new(),
                    problem: error.message().to_owned(),
                    remedy: "mend the line; the rest of the file could not be read".to_owned(),
                });
            }
        }
        document
    }

    /// What was read in another way than as TOML, with the lines on which it stands.
    pub(super) fn of(file: &str, table: Table, lines: Lines) -> Self {
        Self {
            file: file.to_owned(),
            table,
            faults: Vec::new(),
            lines,
            from_elsewhere: HashMap::new(),
        }
    }

    /// Notes that a field's value does not stand in the file: `whence` is where it was given.
    pub fn came_from(&mut self, path: &str, whence: &str) {
        self.from_elsewhere
            .insert(path.to_owned(), whence.to_owned());
    }

    /// Reads a section (`[name]`), or its defaults where it is not there. What does not fit in it is
    /// a fault each and has its default, so that the rest is still looked at.
    pub fn section<T: DeserializeOwned + Default>(&mut self, name: &str) -> T {
        match self.table.remove(name) {
            Some(Value::Table(table)) => self.what_fits(name, table).unwrap_or_default(),
            Some(other) => {
                self.fault(
                    name,
                    &shown(name, &other),
                    "not a section",
                    &format!("write it as [{name}]"),
                );
                T::default()
            }
            None => T::default(),
        }
    }

    /// Reads a list of tables (`[[name]]`); those that do not fit are faults.
    pub fn list(&mut self, name: &str) -> Vec<(String, Table)> {
        match self.table.remove(name) {
            Some(Value::Array(items)) => items
                .into_iter()
                .enumerate()
                .filter_map(|(index, item)| {
                    let path = format!("{name}[{index}]");
                    match item {
                        Value::Table(table) => Some((path, table)),
                        other => {
                            self.fault(
                                &path,
                                &shown(name, &other),
                                "not a table",
                                &format!("write it as [[{name}]]"),
                            );
                            None
                        }
                    }
                })
                .collect(),
            Some(other) => {
                self.fault(
                    name,
                    &shown(name, &other),
                    "not a list",
                    &format!("write it as [[{name}]]"),
                );
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// Reads one piece; what does not fit is a fault each, and then there is none.
    pub fn piece<T: DeserializeOwned>(&mut self, path: &str, table: Table) -> Option<T> {
        let before = self.faults.len();
        let value = self.what_fits(path, table);
        value.filter(|_| self.faults.len() == before)
    }

    /// Reads one piece without what does not fit in it; none when it cannot be without that.
    fn what_fits<T: DeserializeOwned>(&mut self, path: &str, mut table: Table) -> Option<T> {
        let mut taken_out: Vec<String> = Vec::new();
        // Each turn takes at least one field out, so it ends.
        for _ in 0..=count(&table) {
            let read: Result<T, _> = serde_path_to_error::deserialize(Value::Table(table.clone()));
            let error = match read {
                Ok(value) => return Some(value),
                Err(error) => error,
            };
            let inner = error.path().to_string();
            let message = error.inner().message().to_owned();
            let misfit = words::of(&message);
            let joined = |field: &str| match inner.as_str() {
                "." => field.to_owned(),
                inner => format!("{inner}.{field}"),
            };
            // It is missing because it did not fit, and that has been told.
            if words::missing_field(&message).is_some_and(|it| taken_out.contains(&joined(it))) {
                if !take_out(&mut table, &inner) {
                    return None;
                }
                taken_out.push(inner);
                continue;
            }
            let at = match &misfit.unknown_field {
                Some(field) if !inner.ends_with(field.as_str()) => joined(field),
                _ => inner.clone(),
            };
            let full = match (path, at.as_str()) {
                ("", at) => at.to_owned(),
                (path, ".") => path.to_owned(),
                (path, at) => format!("{path}.{at}"),
            };
            let value = find(&table, &at)
                .map(|value| shown(&at, value))
                .unwrap_or_default();
            self.fault(&full, &value, &misfit.problem, &misfit.remedy);
            if !take_out(&mut table, &at) {
                return None;
            }
            taken_out.push(at);
        }
        None
    }

    /// Whatever is left in the file has no meaning.
    pub fn finish(mut self, known: &[&str]) -> Vec<Fault> {
        for (name, value) in std::mem::take(&mut self.table) {
            let remedy = match did_you_mean(&name, known.iter().copied()) {
                Some(known) => format!("did you mean {known}?"),
                None => format!("the sections are: {}", known.join(", ")),
            };
            self.fault(
                &name,
                &shown(&name, &value),
                "there is no such section",
                &remedy,
            );
        }
        self.faults
    }

    /// Records an error.
    pub fn fault(&mut self, path: &str, value: &str, problem: &str, remedy: &str) {
        self.add(Gravity::Error, path, value, problem, remedy);
    }

    /// Records a warning.
    pub fn warn(&mut self, path: &str, value: &str, problem: &str, remedy: &str) {
        self.add(Gravity::Warning, path, value, problem, remedy);
    }

    fn add(&mut self, gravity: Gravity, path: &str, value: &str, problem: &str, remedy: &str) {
        let around = format!("{path}.");
        let is_of = |known: &str| {
            known == path || (known.starts_with(&around) && self.line(path).is_none())
        };
        let mut given = self.from_elsewhere.iter();
        let elsewhere = given.find(|(known, _)| is_of(known)).map(|(_, from)| from);
        let line = self.line(path).filter(|_| elsewhere.is_none());
        self.faults.push(Fault {
            gravity,
            file: elsewhere.unwrap_or(&self.file).clone(),
            line,
            path: path.to_owned(),
            value: value.to_owned(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        });
    }

    /// The line of a path, or of the nearest that stands around it.
    pub fn line(&self, path: &str) -> Option<usize> {
        self.lines.of_path(path)
    }

    /// Where its fields stand.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }
}

fn count(table: &Table) -> usize {
    fn of(value: &Value) -> usize {
        match value {
            Value::Table(table) => 1 + table.values().map(of).sum::<usize>(),
            Value::Array(items) => 1 + items.iter().map(of).sum::<usize>(),
            _ => 1,
        }
    }
    table.values().map(of).sum()
}

/// The parts of a path: `steps[2].to[0]` is steps, 2, to, 0.
fn parts(path: &str) -> Vec<&str> {
    path.split(['.', '[', ']'])
        .filter(|part| !part.is_empty())
        .collect()
}

fn find<'a>(table: &'a Table, path: &str) -> Option<&'a Value> {
    let mut parts = parts(path).into_iter();
    let mut value = table.get(parts.next()?)?;
    for part in parts {
        value = match value {
            Value::Table(table) => table.get(part)?,
            Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

fn take_out(table: &mut Table, path: &str) -> bool {
    let parts = parts(path);
    let Some((last, before)) = parts.split_last() else {
        return false;
    };
    if before.is_empty() {
        return table.remove(*last).is_some();
    }
    let Some(mut value) = table.get_mut(before[0]) else {
        return false;
    };
    for part in &before[1..] {
        let inner = match value {
            Value::Table(table) => table.get_mut(*part),
            Value::Array(items) => part.parse::<usize>().ok().and_then(|n| items.get_mut(n)),
            _ => None,
        };
        match inner {
            Some(inner) => value = inner,
            None => return false,
        }
    }
    match value {
        Value::Table(table) => table.remove(*last).is_some(),
        Value::Array(items) => match last.parse::<usize>() {
            Ok(n) if n < items.len() => {
                items.remove(n);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// A value as it may be shown.
fn shown(path: &str, value: &Value) -> String {
    let name = path.rsplit('.').next().unwrap_or(path);
    // Every word that a secret is called by, at the end of a name: `verify_token`, `kannel_secret`.
    if SECRETS.iter().any(|secret| name.ends_with(secret)) || name == "url" {
        return "(hidden)".to_owned();
    }
    let text = value.to_string();
    if text.chars().count() > 80 {
        text.chars().take(77).chain("...".chars()).collect()
    } else {
        text
    }
}

/// The line of each field of a file, by its path.
#[derive(Debug, Clone, Default)]
pub struct Lines(HashMap<String, usize>);

impl Lines {
    /// Lines that are known.
    pub(super) fn given(lines: HashMap<String, usize>) -> Self {
        Self(lines)
    }

    /// Where the fields of a text stand.
    pub fn of(text: &str) -> Self {
        Self(lines(text))
    }

    /// The line of a path, or of the nearest that stands around it.
    pub fn of_path(&self, path: &str) -> Option<usize> {
        let mut path = path;
        loop {
            if let Some(line) = self.0.get(path) {
                return Some(*line);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

/// A plain reading of the text: headers and `name =` lines.
fn lines(text: &str) -> HashMap<String, usize> {
    let mut lines = HashMap::new();
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut prefix = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line
            .strip_prefix("[[")
            .and_then(|rest| rest.split("]]").next())
        {
            let n = counts.entry(name.trim().to_owned()).or_default();
            prefix = format!("{}[{n}]", name.trim());
            *n += 1;
            lines.entry(prefix.clone()).or_insert(index + 1);
        } else if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            // A comment may stand behind it.
            let line = line.split('#').next().unwrap_or_default().trim_end();
            if line.ends_with(']')
                && !line.contains('"')
                && !line.contains('=')
                && !line.contains(',')
            {
                prefix = name.trim().to_owned();
                lines.entry(prefix.clone()).or_insert(index + 1);
            }
        } else if let Some((name, _)) = line.split_once('=')
            && !name.trim_start().starts_with(['#', '{'])
        {
            let name = name.trim().trim_matches('"');
            let path = if prefix.is_empty() {
                name.to_owned()
            } else {
                format!("{prefix}.{name}")
            };
            lines.entry(path).or_insert(index + 1);
        }
    }
    lines
}
