//! Which policy a new complaint begins with: rules of the policies, asked in one visible order.
//!
//! A rule names an order and what a complaint must be. The rules of all policies are asked from the
//! lowest order on; the first that fits decides, and without one the default policy is taken. So what
//! wins never depends on how a rule is written, only on a number that everybody can read; two rules
//! that could both decide by the same number are refused when they are checked.
//!
//! A complaint keeps the policy it began with, whatever unit it is given to later: what its unit was
//! promised and its head was told does not change under way.

mod check;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::check::{check, unused};
use super::{
    complaint::Complaint,
    directory::Directory,
    id::UnitCode,
    policy::{Policy, PolicyRef},
};

/// A rule of a policy: which complaints it takes. Every condition that is there must hold; of the
/// values of a condition one is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applies {
    /// When it is asked: the lowest of all policies' rules first.
    pub order: u32,
    /// The units that must answer. A complaint of no unit is the coordinator's desk's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitCode>,
    /// The matters, as the source names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Where it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<String>,
    /// The kinds of complaint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classifications: Vec<String>,
    /// How urgent its source says that it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urgencies: Vec<String>,
}

/// How many conditions a rule may have.
const CONDITIONS: usize = 5;
/// The conditions' names, in the order in which they are looked at.
const FIELDS: [&str; CONDITIONS] = [
    "units",
    "categories",
    "areas",
    "classifications",
    "urgencies",
];

/// A condition's values in one spelling; none is: anything.
type Spelled = [Vec<String>; CONDITIONS];

/// What of a complaint decides, in one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter([Option<String>; CONDITIONS]);

/// A rule in its place among all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Whose rule it is.
    pub policy: PolicyRef,
    /// Which of the policy's rules, from 0.
    pub index: usize,
    /// What it says.
    pub rule: Applies,
    spelled: Spelled,
}

/// All rules, in the order in which they are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    candidates: Vec<Candidate>,
}

/// Why a rule does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The condition.
    pub field: &'static str,
    /// What the complaint has there.
    pub has: Option<String>,
}

/// The same words are the same, however they are spaced and capitalised.
fn spelled(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

impl Applies {
    fn conditions(&self) -> [Vec<&str>; CONDITIONS] {
        [
            self.units.iter().map(UnitCode::as_str).collect(),
            self.categories.iter().map(String::as_str).collect(),
            self.areas.iter().map(String::as_str).collect(),
            self.classifications.iter().map(String::as_str).collect(),
            self.urgencies.iter().map(String::as_str).collect(),
        ]
    }
}

impl fmt::Display for Applies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = FIELDS.iter().zip(self.conditions());
        let said = said.filter(|(_, values)| !values.is_empty());
        for (nth, (field, values)) in said.enumerate() {
            let and = if nth == 0 { "" } else { "; " };
            write!(f, "{and}{field}: {}", values.join(", "))?;
        }
        Ok(())
    }
}

impl Matter {
    /// What decides of a complaint.
    pub fn of(complaint: &Complaint, directory: &Directory) -> Self {
        let unit = directory.answering_unit(complaint.unit.as_ref());
        let texts = [
            unit.map(UnitCode::as_str),
            complaint.category.as_deref(),
            complaint.area.as_deref(),
            complaint.classification.as_deref(),
            complaint.urgency.as_deref(),
        ];
        Self(texts.map(|text| text.map(spelled)))
    }
}

impl Candidate {
    fn new(policy: &Policy, index: usize, rule: &Applies) -> Self {
        Self {
            policy: PolicyRef {
                id: policy.id.clone(),
                version: policy.version,
            },
            index,
            rule: rule.clone(),
            spelled: rule
                .conditions()
                .map(|values| values.into_iter().map(spelled).collect()),
        }
    }

    /// Where it stands: `applies[0]` of its policy.
    pub fn place(&self) -> String {
        format!("applies[{}]", self.index)
    }

    /// The first condition that does not hold; none when the rule fits.
    pub fn misfit(&self, matter: &Matter) -> Option<Misfit> {
        let conditions = FIELDS.iter().zip(&self.spelled).zip(&matter.0);
        let mut broken = conditions.filter(|((_, wanted), has)| {
            let holds = has.as_ref().is_some_and(|has| wanted.contains(has));
            !wanted.is_empty() && !holds
        });
        broken.next().map(|((field, _), has)| Misfit {
            field,
            has: has.clone(),
        })
    }

    /// Whether a complaint could fit both.
    fn meets(&self, other: &Self) -> bool {
        self.spelled
            .iter()
            .zip(&other.spelled)
            .all(|(mine, theirs)| {
                let free = mine.is_empty() || theirs.is_empty();
                free || mine.iter().any(|value| theirs.contains(value))
            })
    }

    /// Whether every complaint that fits the other fits this one.
    fn covers(&self, other: &Self) -> bool {
        self.spelled
            .iter()
            .zip(&other.spelled)
            .all(|(mine, theirs)| {
                let among = || theirs.iter().all(|value| mine.contains(value));
                mine.is_empty() || (!theirs.is_empty() && among())
            })
    }
}

impl Selection {
    /// The rules of these policies in their order.
    pub fn of<'p>(policies: impl IntoIterator<Item = &'p Policy>) -> Self {
        let mut candidates: Vec<Candidate> = policies
            .into_iter()
            .flat_map(|policy| {
                let rules = policy.applies.iter().enumerate();
                rules.map(|(index, rule)| Candidate::new(policy, index, rule))
            })
            .collect();
        // Two of one order never both fit, but that is the checks' to say: here the order is whole.
        candidates.sort_by(|a, b| {
            let key = |it: &Candidate| (it.rule.order, it.policy.id.clone(), it.index);
            key(a).cmp(&key(b))
        });
        Self { candidates }
    }

    /// All rules, the first asked first.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The rule that decides; none: the default policy is taken.
    pub fn choose(&self, complaint: &Complaint, directory: &Directory) -> Option<&Candidate> {
        if self.candidates.is_empty() {
            return None;
        }
        let matter = Matter::of(complaint, directory);
        let mut candidates = self.candidates.iter();
        candidates.find(|one| one.misfit(&matter).is_none())
    }
}
