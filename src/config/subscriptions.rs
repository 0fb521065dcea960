//! Calendars of other programs that are asked for who stands by at a desk: `[[subscriptions]]`.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use toml::{Table, Value};

use super::{
    document::Document,
    fault::{Fault, Gravity, did_you_mean},
};
use crate::domain::{
    directory::Directory,
    id::{PostCode, ResponderId},
};

/// A calendar that is asked again and again.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Where it is. Whoever knows the address of a calendar may often read it, so it is kept like a password.
    pub url: SecretString,
    /// What else is said of it.
    pub says: Says,
}

/// What a calendar is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// Its name: changes are made in the name `calendar:NAME`.
    pub name: String,
    /// The desk.
    pub post: PostCode,
    /// What its times are.
    #[serde(default)]
    pub times_are: TimesAre,
    /// Whose all of them are, where that does not stand in them.
    #[serde(default)]
    pub person: Option<ResponderId>,
    /// How often it is asked.
    #[serde(default = "usual")]
    pub every: SignedDuration,
    /// How many days ahead count.
    #[serde(default = "days")]
    pub days: u16,
}

/// What the times of a calendar are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TimesAre {
    /// Somebody stands by, whoever's turn it is.
    #[default]
    Overrides,
    /// A member is away.
    Leave,
}

fn usual() -> SignedDuration {
    SignedDuration::from_mins(15)
}

fn days() -> u16 {
    90
}

/// The shortest that a calendar is asked again after: its owner would take more for an attack.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);
/// Times further ahead change before they come.
const FURTHEST: u16 = 366;

/// Reads every `[[subscriptions]]`; what does not fit is a fault each.
pub(super) fn read(document: &mut Document) -> Vec<Subscription> {
    let mut found: Vec<Subscription> = Vec::new();
    for (path, mut table) in document.list("subscriptions") {
        let url = url(&mut table);
        let is_address = reqwest::Url::parse(url.expose_secret()).is_ok_and(|it| {
            matches!(it.scheme(), "http" | "https" | "webcal") && it.host().is_some()
        });
        if !is_address {
            let remedy = "write the calendar's address (https://...ics), or url_file with its file";
            document.fault(&format!("{path}.url"), "(hidden)", "no address", remedy);
        }
        let Some(says) = document.piece::<Says>(&path, table) else {
            continue;
        };
        let plain = |text: &str| {
            let mut bytes = text.bytes();
            !text.is_empty()
                && text.len() <= 40
                && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if !plain(&says.name) {
            let (problem, remedy) = ("no name", "1 to 40 letters, digits and -");
            document.fault(&format!("{path}.name"), &says.name, problem, remedy);
        }
        if found.iter().any(|other| other.says.name == says.name) {
            let remedy = "give each calendar a name of its own";
            document.fault(
                &format!("{path}.name"),
                &says.name,
                "the name is taken",
                remedy,
            );
        }
        if says.every < SHORTEST {
            let value = format!("{:#}", says.every);
            let remedy = "write 1m or more; 15m is usual";
            document.fault(&format!("{path}.every"), &value, "too often", remedy);
        }
        if !(1..=FURTHEST).contains(&says.days) {
            let value = says.days.to_string();
            let remedy = "write 1 to 366";
            document.fault(&format!("{path}.days"), &value, "not so far ahead", remedy);
        }
        found.push(Subscription { url, says });
    }
    found
}

fn url(table: &mut Table) -> SecretString {
    match table.remove("url") {
        Some(Value::String(url)) => url.trim().into(),
        _ => SecretString::default(),
    }
}

/// Desks and people of subscriptions that are not in the directory.
pub fn unknown(subscriptions: &[Subscription], directory: &Directory) -> Vec<Fault> {
    let desks = directory
        .posts
        .iter()
        .filter(|(_, post)| post.roster.is_some());
    let desks: BTreeSet<&str> = desks.map(|(code, _)| code.as_str()).collect();
    let people: BTreeSet<&str> = directory
        .responders
        .keys()
        .map(ResponderId::as_str)
        .collect();
    let mut faults = Vec::new();
    for (place, it) in subscriptions.iter().enumerate() {
        let person = it.says.person.as_ref().map(ResponderId::as_str);
        let named = [
            (
                "post",
                Some(it.says.post.as_str()),
                &desks,
                "there is no desk with a roster of that name",
            ),
            ("person", person, &people, "there is no such person"),
        ];
        for (field, value, known, problem) in named {
            let Some(value) = value.filter(|value| !known.contains(value)) else {
                continue;
            };
            faults.push(Fault {
                gravity: Gravity::Error,
                file: "settings".to_owned(),
                line: None,
                path: format!("subscriptions[{place}].{field}"),
                value: value.to_owned(),
                problem: format!("{}: {problem}", it.says.name),
                remedy: match did_you_mean(value, known.iter().copied()) {
                    Some(name) => format!("did you mean {name}?"),
                    None => "write one of the directory".to_owned(),
                },
            });
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use crate::config::look;

    #[test]
    fn what_cannot_be_used_is_named_and_the_address_is_not() {
        let good = "[[subscriptions]]\nname = 'piket'\nurl = 'https://kalender.test/rahasia.ics'\npost = 'GUBERNUR.piket'\n";
        let said = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("siaga.toml");
            std::fs::write(&path, text).unwrap();
            let (settings, faults) = look(Some(&path), std::iter::empty());
            (settings.subscriptions.len(), faults.to_string())
        };
        let (count, faults) = said(good);
        assert!(count == 1 && !faults.contains("subscriptions"), "{faults}");
        for (from, to, field) in [
            ("'piket'", "'Piket Malam'", "subscriptions[0].name"),
            ("https:", "ftp:", "subscriptions[0].url"),
            ("https://kalender.test/", "", "subscriptions[0].url"),
            (
                "'GUBERNUR.piket'",
                "'GUBERNUR piket'",
                "subscriptions[0].post",
            ),
            ("post =", "every = '10s'\npost =", "subscriptions[0].every"),
            ("post =", "days = 4000\npost =", "subscriptions[0].days"),
            (
                "post =",
                "times_are = 'x'\npost =",
                "subscriptions[0].times_are",
            ),
            ("post =", "orang = 'x'\npost =", "subscriptions[0].orang"),
        ] {
            let (_, faults) = said(&good.replace(from, to));
            assert!(faults.contains(field), "{field} is not in {faults}");
            assert!(!faults.contains("rahasia"), "{faults}");
        }
        let (_, faults) = said(&format!("{good}{good}"));
        assert!(faults.contains("the name is taken"), "{faults}");
    }
}
