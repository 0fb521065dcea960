//! What a policy's further clocks may not say.

use std::collections::BTreeSet;

use super::{Findings, LONGEST, SHORTEST};
use crate::domain::{
    id::CalendarId,
    policy::{Acknowledge, FurtherClock, Policy, StatusMeaning},
};

/// The longest that may be lacking: a short message has little room.
const LONGEST_LACKS: usize = 20;

pub(super) fn check(policy: &Policy, calendars: &BTreeSet<CalendarId>, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (index, clock) in policy.clocks.iter().enumerate() {
        let at = |field: &str| format!("policy {}: clocks[{index}].{field}", policy.id);
        if !seen.insert(&clock.id) {
            findings.error(
                &at("id"),
                clock.id.as_str(),
                "another clock of this policy has this name",
                "give each its own",
            );
        }
        check_time(clock, calendars, &at, findings);
        check_words(clock, &at, findings);
        check_kept_by(policy, clock, &at, findings);
        check_told(clock, &at, findings);
    }
}

fn check_time(
    clock: &FurtherClock,
    calendars: &BTreeSet<CalendarId>,
    at: &dyn Fn(&str) -> String,
    findings: &mut Findings,
) {
    if clock.length < SHORTEST || clock.length > LONGEST {
        findings.error(
            &at("length"),
            &format!("{:#}", clock.length),
            "not a usable length of time",
            &format!("from {SHORTEST:#} to {LONGEST:#}"),
        );
    }
    if !calendars.contains(&clock.calendar) {
        findings.error(
            &at("calendar"),
            clock.calendar.as_str(),
            "there is no such calendar",
            "name a file of the calendars' folder, without .toml",
        );
    }
}

fn check_words(clock: &FurtherClock, at: &dyn Fn(&str) -> String, findings: &mut Findings) {
    for (field, text) in [("lacks.id", &clock.lacks.id), ("lacks.en", &clock.lacks.en)] {
        let length = text.trim().chars().count();
        if length == 0 || length > LONGEST_LACKS || text.chars().any(char::is_control) {
            findings.error(
                &at(field),
                text,
                "not a word that a message can say",
                &format!("say what is lacking in at most {LONGEST_LACKS} characters"),
            );
        }
    }
}

fn check_kept_by(
    policy: &Policy,
    clock: &FurtherClock,
    at: &dyn Fn(&str) -> String,
    findings: &mut Findings,
) {
    for (place, status) in clock.kept_by.iter().enumerate() {
        let field = at(&format!("kept_by[{place}]"));
        match policy.statuses.get(status) {
            None => findings.error(
                &field,
                status.as_str(),
                "the policy does not know this state",
                "write it under [statuses] too, or name one that stands there",
            ),
            Some(StatusMeaning::Pause | StatusMeaning::NotOurs) => findings.error(
                &field,
                status.as_str(),
                "a state in which nothing is done keeps no promise",
                "name a state of progress or an end",
            ),
            Some(StatusMeaning::Waiting | StatusMeaning::Progress | StatusMeaning::End) => {}
        }
    }
}

fn check_told(clock: &FurtherClock, at: &dyn Fn(&str) -> String, findings: &mut Findings) {
    if clock.steps.is_empty() {
        findings.error(
            &at("steps"),
            "",
            "there is no step: nobody would be told that it was missed",
            "add [[clocks.steps]]",
        );
    }
    for (index, step) in clock.steps.iter().enumerate() {
        if step.to.is_empty() {
            findings.error(
                &at(&format!("steps[{index}].to")),
                "",
                "names nobody",
                "add a role or a post",
            );
        }
        if step.acknowledge == Acknowledge::All {
            findings.error(
                &at(&format!("steps[{index}].acknowledge")),
                "all",
                "one answer is enough of a further clock's step",
                "leave it out",
            );
        }
        if step.again_every.is_some() {
            findings.error(
                &at(&format!("steps[{index}].again_every")),
                "",
                "a step of a further clock is taken once",
                "add further steps instead",
            );
        }
    }
    for (index, pair) in clock.steps.windows(2).enumerate() {
        if pair[1].after <= pair[0].after {
            findings.error(
                &at(&format!("steps[{}].after", index + 1)),
                &format!("{:#}", pair[1].after),
                "not later than the step before",
                "let the steps rise",
            );
        }
    }
    for (index, warning) in clock.warnings.iter().enumerate() {
        if !(1..=99).contains(&warning.at_percent) {
            findings.error(
                &at(&format!("warnings[{index}].at_percent")),
                &warning.at_percent.to_string(),
                "not a share before the deadline",
                "1 to 99",
            );
        }
        if warning.to.is_empty() {
            findings.error(
                &at(&format!("warnings[{index}].to")),
                "",
                "names nobody",
                "add a role or a post",
            );
        }
    }
    for (index, pair) in clock.warnings.windows(2).enumerate() {
        if pair[1].at_percent <= pair[0].at_percent {
            findings.error(
                &at(&format!("warnings[{}].at_percent", index + 1)),
                &pair[1].at_percent.to_string(),
                "not later than the warning before",
                "let the warnings rise",
            );
        }
    }
}
