//! What a person's rules may not say: the head keeps the telephone on 24 hours, so every urgency at
//! every hour leads to a method that may carry pages.

use std::collections::BTreeSet;

use jiff::{
    SignedDuration,
    civil::{Date, DateTime},
};

use super::{Rule, When};
use crate::domain::{directory::Responder, policy_check::Finding, routing::Urgency};

/// The longest that a rule may let one method go without a sign of life. A policy's next step is
/// rarely further away.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// Everything that is wrong with a person's rules.
pub(in crate::domain) fn check(place: &str, person: &Responder) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, rule) in person.rules.iter().enumerate() {
        check_rule(
            &format!("{place}: rules[{index}]"),
            rule,
            person,
            &mut findings,
        );
    }
    // A rule that names nothing usable is told once, not once an hour.
    let decides = deciding(&person.rules);
    for (index, rule) in person.rules.iter().enumerate() {
        let place = format!("{place}: rules[{index}]");
        let whom = decides.iter().filter(|(_, rule)| *rule == index);
        let urgencies: BTreeSet<&str> = whom.map(|(urgency, _)| word(*urgency)).collect();
        if urgencies.is_empty() {
            findings.push(finding(
                false,
                &place,
                "",
                "never decides: the rules before it fit whenever it does",
                "let the narrower rule stand first, or take it out",
            ));
        } else if !rule.by.is_empty() && !reaches(rule, person) {
            let urgencies: Vec<&str> = urgencies.into_iter().collect();
            findings.push(finding(
                true,
                &format!("{place}.by"),
                &listed(rule),
                &format!(
                    "reaches nobody where it decides ({}): none of these methods is in use",
                    urgencies.join(", ")
                ),
                "name a method that is not disabled: the telephone is on 24 hours",
            ));
        }
    }
    findings
}

fn check_rule(place: &str, rule: &Rule, person: &Responder, findings: &mut Vec<Finding>) {
    if rule.by.is_empty() {
        findings.push(finding(
            true,
            &format!("{place}.by"),
            "",
            "names no method: nobody would be told",
            "name at least one method, or take the rule out",
        ));
    }
    let mut named = BTreeSet::new();
    for (index, turn) in rule.by.iter().enumerate() {
        let place = format!("{place}.by[{index}]");
        if !person.methods.iter().any(|method| method.id == turn.method) {
            let known: Vec<&str> = person.methods.iter().map(|it| it.id.as_str()).collect();
            findings.push(finding(
                true,
                &format!("{place}.method"),
                turn.method.as_str(),
                "this person has no such contact method",
                &format!("write one of {}", known.join(", ")),
            ));
        }
        if !named.insert(&turn.method) {
            findings.push(finding(
                true,
                &format!("{place}.method"),
                turn.method.as_str(),
                "has its turn twice",
                "name each method once; a failed one is tried again by the policy's retries",
            ));
        }
        let Some(after) = turn.after else { continue };
        let shown = format!("{after:#}");
        if index == 0 && !after.is_zero() {
            findings.push(finding(
                true,
                &format!("{place}.after"),
                &shown,
                "delays the page itself",
                "the first method goes at once: write 0s, or leave it out",
            ));
        } else if after < SignedDuration::ZERO || after > LONGEST {
            findings.push(finding(
                true,
                &format!("{place}.after"),
                &shown,
                "not a usable length of time",
                &format!("from 0s (both at once) to {LONGEST:#}"),
            ));
        }
    }
}

fn finding(is_error: bool, place: &str, value: &str, problem: &str, remedy: &str) -> Finding {
    Finding {
        is_error,
        place: place.to_owned(),
        value: value.to_owned(),
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn reaches(rule: &Rule, person: &Responder) -> bool {
    let mut usable = person.usable_methods();
    usable.any(|method| rule.by.iter().any(|turn| turn.method == method.id))
}

fn listed(rule: &Rule) -> String {
    let named: Vec<&str> = rule.by.iter().map(|turn| turn.method.as_str()).collect();
    named.join(", ")
}

fn word(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Warning => "warning",
        Urgency::Miss => "miss",
    }
}

/// Which rule decides, for every urgency at every hour of a week.
fn deciding(rules: &[Rule]) -> Vec<(Urgency, usize)> {
    let moments = moments(rules);
    let mut found = Vec::new();
    for urgency in [Urgency::Warning, Urgency::Miss] {
        for at in &moments {
            let fits = |rule: &Rule| rule.when.fits(Some(urgency), *at);
            if let Some(rule) = rules.iter().position(fits) {
                found.push((urgency, rule));
            }
        }
    }
    found
}

/// The moments of a week at which another rule may begin to fit: between two, nothing changes.
fn moments(rules: &[Rule]) -> Vec<DateTime> {
    let hours = rules.iter().filter_map(
        |Rule {
             when: When { hours, .. },
             ..
         }| *hours,
    );
    let mut minutes: BTreeSet<u16> = hours
        .flat_map(|hours| [hours.from, hours.until % 1440])
        .collect();
    minutes.insert(0);
    let monday = Date::constant(2026, 11, 23);
    let days = std::iter::successors(Some(monday), |day| day.tomorrow().ok()).take(7);
    days.flat_map(|day| {
        let times = minutes.iter().map(move |minute| {
            // Less than a day's minutes fit into hours and minutes.
            let part = |number: u16| i8::try_from(number).unwrap_or_default();
            day.at(part(minute / 60), part(minute % 60), 0, 0)
        });
        times.collect::<Vec<_>>()
    })
    .collect()
}
