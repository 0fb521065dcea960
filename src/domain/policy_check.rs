//! What a policy and a directory may not say together. Pure: the same for files, edits and previews.

mod further;

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{
    directory::{Acting, Directory, roster, tree},
    id::{CalendarId, UnitCode},
    notify,
    policy::{Policy, StatusMeaning, Target},
    rulebook::Rulebook,
    selection,
};

/// One thing that is wrong, or probably not what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether it can be lived with.
    pub is_error: bool,
    /// Where: `policy baku: steps[2].to[0]`.
    pub place: String,
    /// The value.
    pub value: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// The longest time any policy may speak of.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);
/// The shortest time between two pages to one person.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);

/// Everything that is wrong with a rulebook.
pub fn check(book: &Rulebook) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    let calendars = book.calendars.keys().cloned().collect();
    check_directory(&book.directory, &mut findings);
    check_own_calendars(book, &mut findings);
    for policy in book.policies.values() {
        check_policy(policy, &calendars, &mut findings);
        further::check(policy, &calendars, &mut findings);
        check_reach(policy, &book.directory, &mut findings);
    }
    findings.0.extend(selection::check(book));
    findings.0
}

/// A unit may replace a calendar that a policy runs by, by one that is there.
fn check_own_calendars(book: &Rulebook, findings: &mut Findings) {
    let known: Vec<&str> = book.calendars.keys().map(CalendarId::as_str).collect();
    let used: BTreeSet<&CalendarId> = book
        .policies
        .values()
        .flat_map(|it| {
            let further = it.clocks.iter().map(|clock| &clock.calendar);
            further.chain(std::iter::once(&it.clock.calendar))
        })
        .collect();
    for (code, unit) in &book.directory.units {
        let place = format!("directory: unit {code}");
        for (instead_of, own) in &unit.calendars {
            if !book.calendars.contains_key(own) {
                findings.error(
                    &place,
                    own.as_str(),
                    "there is no such calendar",
                    &format!("write one of {}", known.join(", ")),
                );
            }
            if !used.contains(instead_of) {
                findings.warning(
                    &place,
                    instead_of.as_str(),
                    "no policy runs by this calendar, so nothing is replaced",
                    "write the calendar of a policy's clock before the =",
                );
            }
        }
    }
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, is_error: bool, place: &str, value: &str, problem: &str, remedy: &str) {
        self.0.push(Finding {
            is_error,
            place: place.to_owned(),
            value: value.to_owned(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        });
    }

    fn error(&mut self, place: &str, value: &str, problem: &str, remedy: &str) {
        self.add(true, place, value, problem, remedy);
    }

    fn warning(&mut self, place: &str, value: &str, problem: &str, remedy: &str) {
        self.add(false, place, value, problem, remedy);
    }
}

fn check_policy(policy: &Policy, calendars: &BTreeSet<CalendarId>, findings: &mut Findings) {
    let at = |field: &str| format!("policy {}: {field}", policy.id);
    let mut length = |field: &str, value: SignedDuration, least: SignedDuration| {
        if value < least || value > LONGEST {
            findings.error(
                &at(field),
                &format!("{value:#}"),
                "not a usable length of time",
                &format!("from {least:#} to {LONGEST:#}"),
            );
        }
    };
    length("clock.length", policy.clock.length, SHORTEST);
    length("hold", policy.hold, SHORTEST);
    length("repeat.every", policy.repeat.every, SHORTEST);
    length(
        "delivery.patience",
        policy.delivery.patience,
        SignedDuration::from_secs(1),
    );
    if let Some(every) = policy.renew_progress_every {
        length("renew_progress_every", every, SHORTEST);
    }
    for (index, wait) in policy.delivery.retries.iter().enumerate() {
        length(
            &format!("delivery.retries[{index}]"),
            *wait,
            SignedDuration::from_secs(1),
        );
    }
    for (index, step) in policy.steps.iter().enumerate() {
        length(
            &format!("steps[{index}].after"),
            step.after,
            SignedDuration::ZERO,
        );
        if let Some(every) = step.again_every {
            length(&format!("steps[{index}].again_every"), every, SHORTEST);
        }
    }
    if !calendars.contains(&policy.clock.calendar) {
        findings.error(
            &at("clock.calendar"),
            policy.clock.calendar.as_str(),
            "there is no such calendar",
            "name a file of the calendars' folder, without .toml",
        );
    }
    if policy.steps.is_empty() {
        findings.error(
            &at("steps"),
            "",
            "there is no step: nobody would be told of a missed deadline",
            "add [[steps]]",
        );
    }
    if policy.repeat.from_step >= policy.steps.len().max(1) {
        findings.error(
            &at("repeat.from_step"),
            &policy.repeat.from_step.to_string(),
            "there is no such step",
            "count the steps from 0",
        );
    }
    for (index, pair) in policy.steps.windows(2).enumerate() {
        if pair[1].after <= pair[0].after {
            findings.error(
                &at(&format!("steps[{}].after", index + 1)),
                &format!("{:#}", pair[1].after),
                "not later than the step before",
                "let the steps rise",
            );
        }
    }
    for (index, warning) in policy.warnings.iter().enumerate() {
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
    for (index, pair) in policy.warnings.windows(2).enumerate() {
        if pair[1].at_percent <= pair[0].at_percent {
            findings.error(
                &at(&format!("warnings[{}].at_percent", index + 1)),
                &pair[1].at_percent.to_string(),
                "not later than the warning before",
                "let the warnings rise",
            );
        }
    }
    for (index, step) in policy.steps.iter().enumerate() {
        if step.to.is_empty() {
            findings.error(
                &at(&format!("steps[{index}].to")),
                "",
                "names nobody",
                "add a role or a post",
            );
        }
    }
    for (meaning, word) in [
        (StatusMeaning::Progress, "progress"),
        (StatusMeaning::End, "end"),
    ] {
        if !policy.statuses.values().any(|found| *found == meaning) {
            findings.error(
                &at("statuses"),
                "",
                &format!("no state means {word}: a promise could never be kept"),
                &format!("give at least one state the meaning \"{word}\""),
            );
        }
    }
    if let Some(quiet) = policy.quiet
        && quiet.from == quiet.until
    {
        findings.error(
            &at("quiet"),
            &format!("{} to {}", quiet.from, quiet.until),
            "no hours, or all of them",
            "write another end than beginning, as 21:00 and 06:00",
        );
    }
    if policy.on_refusal.is_empty() {
        findings.warning(
            &at("on_refusal"),
            "",
            "nobody is told of a refusal",
            "name the coordinator's desk: koordinator:penghubung",
        );
    }
}

/// Whether somebody stands behind every target, for every unit.
fn check_reach(policy: &Policy, directory: &Directory, findings: &mut Findings) {
    for (field, targets) in policy.targets() {
        for (index, target) in targets.iter().enumerate() {
            let place = format!("policy {}: {field}[{index}]", policy.id);
            let lacking = match target {
                Target::Post(code) => {
                    if !directory.posts.contains_key(code) {
                        findings.error(
                            &place,
                            &target.to_string(),
                            "there is no such post",
                            "name a post of the directory",
                        );
                    }
                    continue;
                }
                Target::Above(level) => {
                    let finding = tree::check_reach(directory, *level, targets, &place);
                    findings.0.extend(finding);
                    continue;
                }
                Target::Coordinator(role) => {
                    let found = directory
                        .coordinator
                        .as_ref()
                        .is_some_and(|unit| has(directory, unit, role.as_str()));
                    if !found {
                        findings.error(
                            &place,
                            &target.to_string(),
                            "the coordinator's desk has no such post",
                            "add the post, or name another role",
                        );
                    }
                    continue;
                }
                Target::Role(role) => directory
                    .units
                    .keys()
                    // A unit without any post gets no complaints of its own.
                    .filter(|unit| {
                        directory
                            .posts
                            .values()
                            .any(|post| post.unit == **unit && post.role.as_str() == "kepala")
                    })
                    .filter(|unit| !has(directory, unit, role.as_str()))
                    .map(UnitCode::as_str)
                    .collect::<Vec<_>>(),
            };
            if !lacking.is_empty() {
                let units = lacking
                    .iter()
                    .take(5)
                    .copied()
                    .collect::<Vec<_>>()
                    .join(", ");
                findings.error(
                    &place,
                    &target.to_string(),
                    &format!("{} units have no such post: {units}", lacking.len()),
                    "add the post to these units, or name another role",
                );
            }
        }
    }
}

fn has(directory: &Directory, unit: &UnitCode, role: &str) -> bool {
    super::id::PostCode::parse(&format!("{unit}.{role}"))
        .is_ok_and(|code| directory.posts.contains_key(&code))
}

fn check_directory(directory: &Directory, findings: &mut Findings) {
    match &directory.coordinator {
        None => findings.error(
            "directory: coordinator",
            "",
            "missing: nobody is told of complaints without a unit",
            "name the unit of the coordinator's desk",
        ),
        Some(unit) if !directory.units.contains_key(unit) => {
            findings.error(
                "directory: coordinator",
                unit.as_str(),
                "there is no such unit",
                "name a unit that stands in the directory",
            );
        }
        Some(_) => {}
    }
    for (code, post) in &directory.posts {
        let place = format!("directory: post {code}");
        if !directory.units.contains_key(&post.unit) {
            findings.error(
                &place,
                post.unit.as_str(),
                "belongs to a unit that is not there",
                "add the unit",
            );
        }
        if post.short_title.chars().count() > 40 {
            findings.warning(
                &place,
                &post.short_title,
                "too long for a short message",
                "at most 40 characters",
            );
        }
        match &post.holder {
            None if post.acting.is_empty() && post.roster.is_none() => {
                findings.warning(
                    &place,
                    "",
                    "vacant, and nobody acts for it: its pages are skipped",
                    "name a holder or an acting one",
                );
            }
            Some(holder) if !directory.responders.contains_key(holder) => {
                findings.error(
                    &place,
                    holder.as_str(),
                    "its holder is not among the people",
                    "add the person, or name another",
                );
            }
            _ => {}
        }
        check_acting(&place, &post.acting, directory, findings);
        if let Some(one) = &post.roster {
            findings.0.extend(roster::check(code, one, directory));
        }
    }
    for (id, person) in &directory.responders {
        let usable: Vec<_> = person.usable_methods().collect();
        let place = format!("directory: person {id}");
        match usable.as_slice() {
            [] => findings.error(
                &place,
                "",
                "cannot be paged: no contact method is in use",
                "add sms, whatsapp or email",
            ),
            [only] => findings.warning(
                &place,
                only.id.as_str(),
                "has only one contact method",
                "add another one, for the day this one fails",
            ),
            _ => {}
        }
        findings.0.extend(notify::check(&place, person));
    }
    findings.0.extend(tree::check(directory));
    let mut names = std::collections::BTreeMap::new();
    for (code, unit) in &directory.units {
        for name in std::iter::once(&unit.name).chain(&unit.aliases) {
            if let Some(other) = names.insert(name.to_lowercase(), code)
                && other != code
            {
                findings.error(
                    &format!("directory: unit {code}"),
                    name,
                    &format!("{other} has the same name: an import could not tell them apart"),
                    "give each unit names of its own",
                );
            }
        }
    }
}

fn check_acting(place: &str, acting: &[Acting], directory: &Directory, findings: &mut Findings) {
    for (index, one) in acting.iter().enumerate() {
        if one.until <= one.from {
            findings.error(
                place,
                &one.until.to_string(),
                "the acting holder's time ends before it begins",
                "let until be later than from",
            );
        }
        if one.decree.trim().is_empty() {
            findings.error(
                place,
                "",
                "an acting holder without a decree",
                "write the number of the decree",
            );
        }
        if !directory.responders.contains_key(&one.responder) {
            findings.error(
                place,
                one.responder.as_str(),
                "the acting holder is not among the people",
                "add the person",
            );
        }
        for other in &acting[index + 1..] {
            if one.from < other.until && other.from < one.until {
                findings.error(
                    place,
                    &other.decree,
                    &format!("overlaps with decree {}", one.decree),
                    "let one end where the other begins",
                );
            }
        }
    }
}
