//! What decisions are made by, from the files that seed it: read, checked, and made live.

use std::collections::HashMap;

use anyhow::anyhow;

use crate::{
    config::{
        Fault, Faults, Gravity, Settings,
        gateways::unknown_units,
        seed::{Seeds, Sources},
        self_tests::of_people,
    },
    domain::{
        calendar::Calendar,
        id::{CalendarId, PolicyId},
        policy::{Policy, PolicyRef},
        policy_check,
    },
    intake::units::UnitIndex,
    store::{Store, World, snapshots::Kind},
};

/// Reads and checks the seeds that the settings name, or the shipped ones with `demo`.
pub fn seeds(settings: &Settings, demo: bool) -> (Seeds, Faults) {
    let mut faults = Vec::new();
    let sources = if demo {
        Sources::shipped(true)
    } else {
        Sources::read(&settings.data, &mut faults)
    };
    let seeds = sources.parse(&mut faults);
    let calendars = seeds.calendars.keys().cloned().collect();
    let mut findings = policy_check::check(&seeds.policies, &seeds.directory, &calendars);
    findings.extend(UnitIndex::new(&seeds.directory).findings());
    for finding in findings {
        faults.push(Fault {
            gravity: if finding.is_error {
                Gravity::Error
            } else {
                Gravity::Warning
            },
            file: "data".to_owned(),
            line: None,
            path: finding.place,
            value: finding.value,
            problem: finding.problem,
            remedy: finding.remedy,
        });
    }
    faults.extend(unknown_units(&settings.gateways, &seeds.directory));
    faults.extend(of_people(&settings.self_tests, &seeds.directory));
    let default = &settings.data.default_policy;
    if !seeds
        .policies
        .iter()
        .any(|policy| policy.id.as_str() == default)
    {
        faults.push(Fault {
            gravity: Gravity::Error,
            file: "settings".to_owned(),
            line: None,
            path: "data.default_policy".to_owned(),
            value: default.clone(),
            problem: "there is no such policy".to_owned(),
            remedy: "name the id of a policy file".to_owned(),
        });
    }
    (seeds, Faults(faults))
}

/// Makes the seeds live: each that changed gets a new version; every older version that a running
/// escalation may still use is loaded beside it.
///
/// # Errors
/// When Redis is away or the snapshots do not fit together.
pub async fn publish(store: &Store, seeds: Seeds, default: &str) -> anyhow::Result<World> {
    store
        .publish(Kind::Directory, "all", &seeds.directory)
        .await?;
    let mut calendars: HashMap<CalendarId, Calendar> = HashMap::new();
    for (id, calendar) in seeds.calendars {
        store
            .publish(Kind::Calendar, id.as_str(), &calendar)
            .await?;
        calendars.insert(id, calendar);
    }
    let mut policies: Vec<Policy> = Vec::new();
    let mut live = HashMap::new();
    for policy in seeds.policies {
        let id = policy.id.clone();
        let (version, new) = store.publish(Kind::Policy, id.as_str(), &policy).await?;
        if new {
            tracing::info!(policy = %id, version, "a new version of the policy is live");
        }
        live.insert(id.clone(), version);
        for older in 1..version {
            if let Some(found) = store
                .snapshot::<Policy>(Kind::Policy, id.as_str(), older)
                .await?
            {
                policies.push(Policy {
                    version: older,
                    ..found
                });
            }
        }
        policies.push(Policy { version, ..policy });
    }
    let id = PolicyId::parse(default)?;
    let version = live
        .get(&id)
        .copied()
        .ok_or_else(|| anyhow!("data.default_policy = {default}: there is no such policy"))?;
    Ok(World::new(
        seeds.directory,
        policies,
        calendars,
        PolicyRef { id, version },
    )?)
}
