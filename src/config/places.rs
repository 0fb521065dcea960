//! Where in the files something stands: for what is found only when all of them are put together.

use std::collections::HashMap;

use super::document::Lines;

/// Where policies, units, posts and people stand.
#[derive(Debug, Clone, Default)]
pub struct Places {
    policies: HashMap<String, (String, Lines)>,
    others: HashMap<String, (String, Option<usize>)>,
}

impl Places {
    /// A policy stands in this file.
    pub(super) fn policy(&mut self, id: &str, file: &str, lines: Lines) {
        self.policies
            .insert(id.to_owned(), (file.to_owned(), lines));
    }

    /// Something of the directory stands here: `directory: post DISHUB.kepala`.
    pub(super) fn other(&mut self, place: String, file: &str, line: Option<usize>) {
        self.others.insert(place, (file.to_owned(), line));
    }

    /// The file and line of a finding's place: `policy baku: steps[2].to[0]`.
    pub fn of(&self, place: &str) -> Option<(&str, Option<usize>)> {
        if let Some((file, line)) = self.others.get(place) {
            return Some((file, *line));
        }
        let (id, path) = place.strip_prefix("policy ")?.split_once(": ")?;
        let (file, lines) = self.policies.get(id)?;
        Some((file, lines.of_path(path)))
    }
}
