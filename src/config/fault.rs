//! What is wrong with a file: where, what, and what to do. Always all of it at once.

use std::fmt;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Siaga does not start with it.
    Error,
    /// It works, and is probably not what was meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// How grave.
    pub gravity: Gravity,
    /// The file.
    pub file: String,
    /// The line, where it is known.
    pub line: Option<usize>,
    /// The field: `gateways[1].from`.
    pub path: String,
    /// Its value; a secret is not shown.
    pub value: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// More warnings than this that differ in nothing but their place are told in one.
const MANY: usize = 6;

impl Fault {
    /// Whether it cannot be lived with.
    pub fn is_error(&self) -> bool {
        self.gravity == Gravity::Error
    }

    /// Whether another warning says the same of another place of the same file.
    fn is_like(&self, other: &Self) -> bool {
        let says = |fault: &Self| {
            (
                fault.gravity,
                fault.file.clone(),
                fault.problem.clone(),
                fault.remedy.clone(),
            )
        };
        self.gravity == Gravity::Warning && says(self) == says(other)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.gravity {
            Gravity::Error => "error",
            Gravity::Warning => "warning",
        };
        write!(f, "{word}: {}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.path)?;
        if !self.value.is_empty() {
            write!(f, " = {}", self.value)?;
        }
        write!(f, ": {}", self.problem)?;
        if !self.remedy.is_empty() {
            write!(f, "\n    {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Everything that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Whether anything is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(Fault::is_error)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = Vec::new();
        for fault in &self.0 {
            let alike: Vec<&Fault> = self.0.iter().filter(|it| it.is_like(fault)).collect();
            if alike.len() <= MANY {
                writeln!(f, "{fault}")?;
            } else if !told.iter().any(|known: &&Fault| known.is_like(fault)) {
                told.push(fault);
                let places: Vec<&str> = alike.iter().map(|it| it.path.as_str()).collect();
                let listed = places
                    .iter()
                    .take(MANY)
                    .copied()
                    .collect::<Vec<_>>()
                    .join(", ");
                let all = Fault {
                    path: format!("{} places ({listed}, ...)", places.len()),
                    line: None,
                    value: String::new(),
                    ..fault.clone()
                };
                writeln!(f, "{all}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// The most alike of some names, if one is alike enough to be a slip of the finger.
pub fn did_you_mean<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}
