//! Content lines: unfolded, and taken apart into name, parameters and value.

use super::{FAULTS, Fault};

/// A content line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Where it begins in the file, from 1.
    pub(super) number: usize,
    /// Its name, in capitals.
    pub(super) name: String,
    /// Its parameters, names in capitals.
    parameters: Vec<(String, String)>,
    /// Its value, as it stands.
    pub(super) value: String,
}

impl Line {
    /// A parameter's value.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Its value as text, without escapes.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.value.len());
        let mut letters = self.value.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => match letters.next() {
                    Some('n' | 'N') => text.push('\n'),
                    Some(other) => text.push(other),
                    None => {}
                },
                other => text.push(other),
            }
        }
        text.trim().to_owned()
    }

    pub(super) fn fault(&self, problem: &str, remedy: &str) -> Fault {
        Fault::new(self.number, &self.name, &self.value, problem, remedy)
    }
}

/// The content lines of a file. What is none is a fault.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut found = Vec::new();
    for (number, line) in unfolded(text) {
        if faults.len() >= FAULTS {
            break;
        }
        if line.is_empty() {
            continue;
        }
        match content(number, &line) {
            Ok(line) => found.push(line),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(found)
    } else {
        Err(faults)
    }
}

/// Lines with those joined that were folded, each with the number of its first.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), found.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ => found.push((number, line.to_owned())),
        }
    }
    found
}

fn content(number: usize, line: &str) -> Result<Line, Fault> {
    let fault = |problem: &str| {
        let remedy = "export the calendar anew as iCalendar (.ics)";
        Fault::new(number, "line", line, problem, remedy)
    };
    if line.chars().any(|it| it.is_control() && it != '\t') {
        return Err(fault("it has a control character"));
    }
    let head = line
        .find([':', ';'])
        .ok_or_else(|| fault("it has no value"))?;
    let (name, mut rest) = line.split_at(head);
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || it == b'-')
    };
    if !is_name(name) {
        return Err(fault("it does not begin with a name"));
    }
    let mut parameters = Vec::new();
    while let Some(parameter) = rest.strip_prefix(';') {
        let (key, after) = parameter
            .split_once('=')
            .filter(|(key, _)| is_name(key))
            .ok_or_else(|| fault("a parameter has no name or no value"))?;
        let end = end_of_parameter(after).ok_or_else(|| fault("it has no value"))?;
        let (value, behind) = after.split_at(end);
        parameters.push((key.to_ascii_uppercase(), value.trim_matches('"').to_owned()));
        rest = behind;
    }
    let value = rest
        .strip_prefix(':')
        .ok_or_else(|| fault("it has no value"))?;
    Ok(Line {
        number,
        name: name.to_ascii_uppercase(),
        parameters,
        value: value.to_owned(),
    })
}

/// Where a parameter's value ends: at the next `;` or `:` that does not stand in quotes.
fn end_of_parameter(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.bytes().position(|byte| {
        quoted ^= byte == b'"';
        !quoted && (byte == b';' || byte == b':')
    })
}
