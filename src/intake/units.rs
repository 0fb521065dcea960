//! Units by the names that sources give them. Only what is the same name is matched, never what is
//! merely alike: a wrong unit would be paged for another's complaint.

use std::collections::HashMap;

use crate::domain::{directory::Directory, id::UnitCode};

/// Finds units by code, name or alias.
#[derive(Debug, Clone, Default)]
pub struct UnitIndex {
    names: HashMap<String, UnitCode>,
}

impl UnitIndex {
    /// The index of a directory.
    pub fn new(directory: &Directory) -> Self {
        let mut names = HashMap::new();
        for (code, unit) in &directory.units {
            for name in [code.as_str(), &unit.name, &unit.short_name]
                .into_iter()
                .chain(unit.aliases.iter().map(String::as_str))
            {
                names.insert(plain(name), code.clone());
            }
        }
        Self { names }
    }

    /// The unit of that name, whatever its case and white space.
    pub fn find(&self, name: &str) -> Option<&UnitCode> {
        self.names.get(&plain(name))
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

    #[test]
    fn only_the_same_name_is_the_same_unit() {
        let mut directory = Directory::default();
        directory.units.insert(
            UnitCode::parse("DISHUB").unwrap(),
            Unit {
                name: "Dinas Perhubungan".into(),
                short_name: "DISHUB".into(),
                aliases: vec!["Dishub Jateng".into()],
            },
        );
        let index = UnitIndex::new(&directory);
        for name in [
            "dishub",
            " Dinas  PERHUBUNGAN ",
            "Dinas Perhubungan Provinsi Jawa Tengah",
            "dishub jateng",
        ] {
            assert!(index.find(name).is_some(), "{name}");
        }
        for name in [
            "",
            "Dinas",
            "Dinas Perhubungan Kab. Pati",
            "Dinas Perhubungn",
        ] {
            assert!(index.find(name).is_none(), "{name}");
        }
    }
}
