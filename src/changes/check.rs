//! Whether a rulebook may be live: whether it fits together, and with the settings.

use jiff::Timestamp;

use super::ChangeError;
use crate::{
    config::{
        Fault, Faults, Gravity, Settings,
        gateways::unknown_units,
        places::Places,
        self_tests::of_people,
        settings::{Gateway, Subscription},
        subscriptions,
    },
    domain::{
        id::{CalendarId, PolicyId, PostCode},
        policy::Target,
        policy_check::{self, Finding},
        rulebook::Rulebook,
        selection,
        self_test::Plan,
    },
    intake::units::UnitIndex,
};

/// What the settings ask of a rulebook.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The policy that new complaints begin with.
    pub default_policy: PolicyId,
    /// The gateways, whose conditions may name units.
    pub gateways: Vec<Gateway>,
    /// How gateways are tested: by telephones that are nobody's.
    pub self_tests: Vec<Plan>,
    /// Calendars that are asked who stands by at desks.
    pub subscriptions: Vec<Subscription>,
    /// Whether a second person must approve each change.
    pub approval: bool,
}

impl Rules {
    /// What these settings ask.
    ///
    /// # Errors
    /// When the default policy's name is none.
    pub fn of(settings: &Settings) -> Result<Self, crate::domain::id::InvalidId> {
        Ok(Self {
            default_policy: PolicyId::parse(&settings.data.default_policy)?,
            gateways: settings.gateways.clone(),
            self_tests: settings.self_tests.clone(),
            subscriptions: settings.subscriptions.clone(),
            approval: settings.changes.approval,
        })
    }

    /// Everything that is wrong with a rulebook; `before` is what it would take the place of, `places`
    /// tells where in files its parts stand, `file` is said of what stands in none.
    pub fn faults(
        &self,
        book: &Rulebook,
        before: Option<&Rulebook>,
        places: &Places,
        file: &str,
    ) -> Faults {
        let mut findings = before.map_or_else(Vec::new, |before| in_use(before, book));
        let known = findings.len();
        for finding in policy_check::check(book)
            .into_iter()
            .chain(selection::unused(book, &self.default_policy))
            .chain(UnitIndex::new(&book.directory).findings())
        {
            // What was taken out is told in the words for that.
            let is_told =
                |told: &Finding| told.place == finding.place && told.value == finding.value;
            if !findings[..known].iter().any(is_told) {
                findings.push(finding);
            }
        }
        let mut faults: Vec<Fault> = findings
            .into_iter()
            .map(|finding| {
                let (file, line) = places.of(&finding.place).unwrap_or((file, None));
                Fault {
                    gravity: if finding.is_error {
                        Gravity::Error
                    } else {
                        Gravity::Warning
                    },
                    file: file.to_owned(),
                    line,
                    path: finding.place,
                    value: finding.value,
                    problem: finding.problem,
                    remedy: finding.remedy,
                }
            })
            .collect();
        faults.extend(unknown_units(&self.gateways, &book.directory));
        faults.extend(subscriptions::unknown(&self.subscriptions, &book.directory));
        faults.extend(of_people(&self.self_tests, &book.directory));
        let was_there = before.is_some_and(|it| it.policies.contains_key(&self.default_policy));
        if !book.policies.contains_key(&self.default_policy) {
            let (problem, remedy) = if was_there {
                (
                    "this policy is taken out, and new complaints begin with it",
                    "keep it, or let new complaints begin with another and start again",
                )
            } else {
                ("there is no such policy", "name the id of a policy file")
            };
            faults.push(Fault {
                gravity: Gravity::Error,
                file: "settings".to_owned(),
                line: None,
                path: "data.default_policy".to_owned(),
                value: self.default_policy.to_string(),
                problem: problem.to_owned(),
                remedy: remedy.to_owned(),
            });
        }
        Faults(faults)
    }
}

/// What was taken out although something else still names it.
fn in_use(before: &Rulebook, after: &Rulebook) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refuse = |place: String, value: String, problem: &str, remedy: &str| {
        findings.push(Finding {
            is_error: true,
            place,
            value,
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        });
    };
    let calendar_gone =
        |id: &CalendarId| before.calendars.contains_key(id) && !after.calendars.contains_key(id);
    let post_gone = |code: &PostCode| {
        before.directory.posts.contains_key(code) && !after.directory.posts.contains_key(code)
    };
    for policy in after.policies.values() {
        let calendar = &policy.clock.calendar;
        if calendar_gone(calendar) {
            refuse(
                format!("policy {}: clock.calendar", policy.id),
                calendar.to_string(),
                "this calendar is taken out, and the policy runs by it",
                "keep the calendar, or let the policy run by another in the same change",
            );
        }
        for (field, targets) in policy.targets() {
            for (index, target) in targets.iter().enumerate() {
                if let Target::Post(code) = target
                    && post_gone(code)
                {
                    refuse(
                        format!("policy {}: {field}[{index}]", policy.id),
                        target.to_string(),
                        "this post is taken out, and the policy names it",
                        "keep the post, or name another in the same change",
                    );
                }
            }
        }
    }
    findings
}

/// A reason, so that a change can be understood later.
pub(super) fn reason(text: &str) -> Result<String, ChangeError> {
    named(
        "reason",
        text,
        400,
        "say in a few words why: --reason \"...\"",
    )
}

/// Who does it.
pub(super) fn author(text: &str) -> Result<String, ChangeError> {
    named("author", text, 80, "say who you are: --author NAME")
}

fn named(
    field: &'static str,
    text: &str,
    longest: usize,
    remedy: &'static str,
) -> Result<String, ChangeError> {
    let text = text.trim();
    let problem = if text.is_empty() {
        "missing"
    } else if text.chars().count() > longest {
        "too long"
    } else if text.chars().any(char::is_control) {
        "has control characters"
    } else {
        return Ok(text.to_owned());
    };
    Err(ChangeError::Field {
        field,
        value: format!("{:?}", text.chars().take(80).collect::<String>()),
        problem,
        remedy,
    })
}

/// The day on which a change is to take force: ahead of now.
pub(super) fn effective(at: Timestamp, now: Timestamp) -> Result<(), ChangeError> {
    if at > now {
        return Ok(());
    }
    Err(ChangeError::Field {
        field: "effective",
        value: at.to_string(),
        problem: "not in the future",
        remedy: "give a time to come, or leave it out: then it takes force at once",
    })
}
