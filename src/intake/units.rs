//! Units by the names that sources give them. Only what is the same name is matched, never what is
//! merely alike: a wrong unit would be paged for another's complaint. For the same reason a name
//! that stands for two units stands for none.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::{directory::Directory, id::UnitCode, policy_check::Finding};

/// Finds units by code, name or alias.
#[derive(Debug, Clone, Default)]
pub struct UnitIndex {
    codes: HashMap<String, UnitCode>,
    names: HashMap<String, BTreeSet<UnitCode>>,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named<'a> {
    /// A unit.
    Unit(&'a UnitCode),
    /// Several units: their directory must say which.
    Several(Vec<&'a UnitCode>),
    /// Nothing.
    Nothing,
}

impl<'a> Named<'a> {
    /// The unit, where it is one and only one.
    pub fn unit(self) -> Option<&'a UnitCode> {
        match self {
            Self::Unit(code) => Some(code),
            Self::Several(_) | Self::Nothing => None,
        }
    }

    /// The unit, or what is wrong with the name.
    ///
    /// # Errors
    /// When it is no unit's name, or that of several.
    pub fn unit_or_problem(self) -> Result<&'a UnitCode, String> {
        match self {
            Self::Unit(code) => Ok(code),
            Self::Several(codes) => Err(format!("stands for several units: {}", list(&codes))),
            Self::Nothing => Err("there is no such unit".to_owned()),
        }
    }
}

/// Units' codes in a sentence.
pub fn list(codes: &[&UnitCode]) -> String {
    let codes: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    codes.join(", ")
}

impl UnitIndex {
    /// The index of a directory.
    pub fn new(directory: &Directory) -> Self {
        let mut index = Self::default();
        for (code, unit) in &directory.units {
            index.codes.insert(plain(code.as_str()), code.clone());
            for name in [&unit.name, &unit.short_name]
                .into_iter()
                .chain(&unit.aliases)
            {
                let units = index.names.entry(plain(name)).or_default();
                units.insert(code.clone());
            }
        }
        index
    }

    /// What a name stands for, whatever its case and white space. A code is never ambiguous: it goes
    /// before the names.
    pub fn find(&self, name: &str) -> Named<'_> {
        let plain = plain(name);
        if let Some(code) = self.codes.get(&plain) {
            return Named::Unit(code);
        }
        match self.names.get(&plain) {
            None => Named::Nothing,
            Some(units) if units.len() > 1 => Named::Several(units.iter().collect()),
            Some(units) => units.first().map_or(Named::Nothing, Named::Unit),
        }
    }

    /// Names that stand for several units, or for another unit than the one whose code they are.
    pub fn findings(&self) -> Vec<Finding> {
        let names: BTreeMap<&String, &BTreeSet<UnitCode>> = self.names.iter().collect();
        names
            .into_iter()
            .filter_map(|(name, units)| {
                let mut all: BTreeSet<&UnitCode> = units.iter().collect();
                all.extend(self.codes.get(name));
                (all.len() > 1).then(|| Finding {
                    is_error: false,
                    place: "directory: names of units".to_owned(),
                    value: name.clone(),
                    problem: format!(
                        "stands for several units ({}): a complaint that names none of their codes goes to the coordinator's desk",
                        list(&all.into_iter().collect::<Vec<_>>())
                    ),
                    remedy: "give each unit names and aliases of its own".to_owned(),
                })
            })
            .collect()
    }
}

fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let text = words.join(" ");
    // A source that covers several provinces writes where a unit belongs.
    for tail in [
        " provinsi jawa tengah",
        " prov. jawa tengah",
        " jawa tengah",
    ] {
        if let Some(short) = text.strip_suffix(tail) {
            return short.to_owned();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::Unit;

    fn directory(units: &[(&str, &str, &[&str])]) -> Directory {
        let mut directory = Directory::default();
        for (code, name, aliases) in units {
            directory.units.insert(
                UnitCode::parse(code).unwrap(),
                Unit {
                    name: (*name).into(),
                    short_name: (*code).into(),
                    aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
                    calendars: std::collections::BTreeMap::new(),
                },
            );
        }
        directory
    }

    #[test]
    fn only_the_same_name_is_the_same_unit() {
        let directory = directory(&[("DISHUB", "Dinas Perhubungan", &["Dishub Jateng"])]);
        let index = UnitIndex::new(&directory);
        for name in [
            "dishub",
            " Dinas  PERHUBUNGAN ",
            "Dinas Perhubungan Provinsi Jawa Tengah",
            "dishub jateng",
        ] {
            assert!(index.find(name).unit().is_some(), "{name}");
        }
        for name in [
            "",
            "Dinas",
            "Dinas Perhubungan Kab. Pati",
            "Dinas Perhubungn",
        ] {
            assert_eq!(index.find(name), Named::Nothing, "{name}");
        }
        assert_eq!(index.findings(), []);
    }

    #[test]
    fn a_name_of_two_units_is_told_and_not_guessed() {
        let directory = directory(&[
            ("DPUBMCK", "Dinas Bina Marga", &["Dinas PU", "Dinsos"]),
            ("DPUSDATARU", "Dinas Sumber Daya Air", &["dinas  pu"]),
            ("DINSOS", "Dinas Sosial", &[]),
        ]);
        let index = UnitIndex::new(&directory);
        let Named::Several(units) = index.find("DINAS PU") else {
            panic!("one of two was taken");
        };
        let codes: Vec<_> = units.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes, ["DPUBMCK", "DPUSDATARU"]);
        // A code is its unit's own, whoever else takes it for an alias; but it is told.
        let dinsos = index.find("dinsos").unit().map(UnitCode::as_str);
        assert_eq!(dinsos, Some("DINSOS"));
        let findings = index.findings();
        let names: Vec<_> = findings.iter().map(|found| found.value.as_str()).collect();
        assert_eq!(names, ["dinas pu", "dinsos"]);
        assert!(
            findings[1].problem.contains("DINSOS, DPUBMCK"),
            "{findings:?}"
        );
    }
}
