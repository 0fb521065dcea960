//! What rules of selection may not say, by themselves and together.

use super::{Candidate, FIELDS, Selection};
use crate::domain::{id::PolicyId, policy_check::Finding, rulebook::Rulebook};

/// Everything that is wrong with the rules of selection of a rulebook.
pub fn check(book: &Rulebook) -> Vec<Finding> {
    let selection = Selection::of(book.policies.values());
    let candidates = selection.candidates();
    let mut findings: Vec<Finding> = candidates
        .iter()
        .flat_map(|one| by_itself(one, book))
        .collect();
    for (index, one) in candidates.iter().enumerate() {
        let before = &candidates[..index];
        if let Some(other) = before.iter().find(|it| ties(it, one)) {
            findings.push(Finding {
                is_error: true,
                place: place(one, "order"),
                value: one.rule.order.to_string(),
                problem: format!(
                    "a complaint may fit {} of policy {} too, which has the same order: which \
                     policy it gets would be chance",
                    other.place(),
                    other.policy.id
                ),
                remedy: "give one of them another order; the lower is asked first".to_owned(),
            });
        }
        let earlier = before.iter().find(|it| {
            it.rule.order < one.rule.order && !it.is_free_of_conditions() && it.covers(one)
        });
        if let Some(other) = earlier {
            findings.push(Finding {
                is_error: false,
                place: place(one, "order"),
                value: one.rule.order.to_string(),
                problem: format!(
                    "it never decides: whatever fits it fits {} of policy {}, which is asked \
                     before (order {})",
                    other.place(),
                    other.policy.id,
                    other.rule.order
                ),
                remedy: "give it a lower order, or take it out".to_owned(),
            });
        }
    }
    findings
}

/// Policies that no new complaint gets. That may be meant while they are written, or left behind.
pub fn unused<'b>(
    book: &'b Rulebook,
    default: &'b PolicyId,
) -> impl Iterator<Item = Finding> + use<'b> {
    let policies = book.policies.values();
    let idle = policies.filter(move |it| it.applies.is_empty() && it.id != *default);
    idle.map(|policy| Finding {
        is_error: false,
        place: format!("policy {}: applies", policy.id),
        value: String::new(),
        problem: "no new complaint gets this policy: it has no rule and is not the default".into(),
        remedy: "add [[applies]] with an order and conditions".into(),
    })
}

fn place(one: &Candidate, field: &str) -> String {
    format!("policy {}: {}.{field}", one.policy.id, one.place())
}

/// Rules of one policy lead to the same, whichever is asked first.
fn ties(one: &Candidate, other: &Candidate) -> bool {
    one.rule.order == other.rule.order && one.policy.id != other.policy.id && one.meets(other)
}

impl Candidate {
    fn is_free_of_conditions(&self) -> bool {
        self.spelled.iter().all(Vec::is_empty)
    }
}

fn by_itself(one: &Candidate, book: &Rulebook) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |is_error, place, value: &str, problem: &str, remedy: &str| {
        findings.push(Finding {
            is_error,
            place,
            value: value.to_owned(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        });
    };
    if one.is_free_of_conditions() {
        add(
            true,
            format!("policy {}: {}", one.policy.id, one.place()),
            "",
            "has no condition: it would take every complaint",
            "name units, categories, areas, classifications or urgencies; for all the rest there \
             is data.default_policy",
        );
    }
    for (index, unit) in one.rule.units.iter().enumerate() {
        if !book.directory.units.contains_key(unit) {
            add(
                true,
                place(one, &format!("units[{index}]")),
                unit.as_str(),
                "there is no such unit",
                "write a unit's code, as in the directory",
            );
        }
    }
    for (field, values) in FIELDS.iter().zip(&one.spelled) {
        for (index, value) in values.iter().enumerate() {
            let here = || place(one, &format!("{field}[{index}]"));
            if value.is_empty() {
                add(
                    true,
                    here(),
                    "",
                    "empty: no complaint has that",
                    "write the word as the source does, or take it out",
                );
            } else if values[..index].contains(value) {
                add(false, here(), value, "stands there twice", "take one out");
            }
        }
    }
    findings
}
