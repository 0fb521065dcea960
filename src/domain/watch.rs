//! What whoever runs the service must hear of the service itself: when it begins, again while it lasts, and when it
//! is over. Each once, also after a restart, because what was told is kept.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Something that is wrong with the service now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Which, always the same for the same: `queue_late`, `gateway_down:sms`.
    pub name: String,
    /// What is wrong, in a sentence for people.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
    /// Whether people may go unpaged because of it: then nobody is told that all is well.
    pub is_grave: bool,
}

/// What is known of troubles, and what was told of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Register(BTreeMap<String, Known>);

/// A trouble that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Since when.
    pub since: Timestamp,
    /// When it was last told; none: not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Timestamp>,
    /// What was wrong when it was last seen.
    pub what: String,
}

/// When something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// What is over sooner is not told.
    pub after: SignedDuration,
    /// What lasts is told again so often.
    pub again: SignedDuration,
}

/// What is to be told of a trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It has begun.
    Begun,
    /// It still lasts.
    Lasts,
    /// It is over.
    Over,
}

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Of which trouble.
    pub name: String,
    /// What has become of it.
    pub turn: Turn,
    /// Since when it is, or was.
    pub since: Timestamp,
    /// What is, or was, wrong.
    pub what: String,
    /// What to do; nothing when it is over.
    pub remedy: &'static str,
}

impl Register {
    /// The troubles that are known and are not among these: they are over.
    pub fn over<'r>(&'r self, troubles: &'r [Trouble]) -> impl Iterator<Item = &'r str> {
        let is_wrong = |name: &str| troubles.iter().any(|it| it.name == name);
        let names = self.0.keys().map(String::as_str);
        names.filter(move |name| !is_wrong(name))
    }

    /// Takes what is wrong now, and gives what is to be told of it.
    pub fn take(&mut self, troubles: &[Trouble], terms: Terms, now: Timestamp) -> Vec<Told> {
        let mut told = Vec::new();
        let over: Vec<String> = self.over(troubles).map(str::to_owned).collect();
        for name in over {
            let Some(known) = self.0.remove(&name) else {
                continue;
            };
            // Who was not told that it began need not hear that it is over.
            if known.told.is_some() {
                told.push(Told {
                    name,
                    turn: Turn::Over,
                    since: known.since,
                    what: known.what,
                    remedy: "",
                });
            }
        }
        for trouble in troubles {
            let known = self.0.entry(trouble.name.clone()).or_insert_with(|| Known {
                since: now,
                told: None,
                what: String::new(),
            });
            known.what.clone_from(&trouble.what);
            // A clock that was set back tells too soon rather than never.
            let passed = |at: Timestamp, length| now.duration_since(at).abs() >= length;
            let turn = match known.told {
                None if passed(known.since, terms.after) => Turn::Begun,
                Some(at) if passed(at, terms.again) => Turn::Lasts,
                None | Some(_) => continue,
            };
            known.told = Some(now);
            told.push(Told {
                name: trouble.name.clone(),
                turn,
                since: known.since,
                what: trouble.what.clone(),
                remedy: trouble.remedy,
            });
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TERMS: Terms = Terms {
        after: SignedDuration::from_secs(30),
        again: SignedDuration::from_hours(1),
    };

    fn trouble(name: &str) -> Trouble {
        Trouble {
            name: name.to_owned(),
            what: format!("{name} is wrong"),
            remedy: "mend it",
            is_grave: false,
        }
    }

    fn second(n: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(n)
    }

    fn take(register: &mut Register, wrong: &[&str], at: i64) -> Vec<(String, Turn)> {
        let troubles: Vec<Trouble> = wrong.iter().map(|name| trouble(name)).collect();
        let told = register.take(&troubles, TERMS, second(at));
        told.into_iter().map(|it| (it.name, it.turn)).collect()
    }

    #[test]
    fn what_lasts_is_told_when_it_has_lasted_again_and_when_it_is_over() {
        let mut register = Register::default();
        let told = |name: &str, turn| vec![(name.to_owned(), turn)];
        assert_eq!(take(&mut register, &["a"], 0), []);
        assert_eq!(take(&mut register, &["a"], 30), told("a", Turn::Begun));
        assert_eq!(take(&mut register, &["a"], 3000), []);
        assert_eq!(take(&mut register, &["a"], 3630), told("a", Turn::Lasts));
        // After a restart what was told is known.
        let text = serde_json::to_string(&register).unwrap();
        let mut register: Register = serde_json::from_str(&text).unwrap();
        assert_eq!(take(&mut register, &["a"], 3700), []);
        assert_eq!(take(&mut register, &[], 3800), told("a", Turn::Over));
        assert_eq!(register, Register::default());
        // What is over soon is not told at all.
        assert_eq!(take(&mut register, &["b"], 4000), []);
        assert_eq!(take(&mut register, &[], 4010), []);
    }

    proptest! {
        /// Whatever comes and goes: each trouble begins before it lasts or ends, and ends once.
        #[test]
        fn each_is_told_in_its_order(steps in prop::collection::vec(
            (0_i64..4000, prop::collection::btree_set("[ab]", 0..3)), 1..60
        )) {
            let mut register = Register::default();
            let mut open = std::collections::BTreeSet::<String>::new();
            let mut now = 0;
            for (wait, wrong) in steps {
                now += wait;
                let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
                for (name, turn) in take(&mut register, &wrong, now) {
                    match turn {
                        Turn::Begun => prop_assert!(open.insert(name)),
                        Turn::Lasts => prop_assert!(open.contains(&name)),
                        Turn::Over => prop_assert!(open.remove(&name)),
                    }
                }
            }
        }
    }
}
