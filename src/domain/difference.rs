//! What differs between two rulebooks, field by field, as an administrator reads it.
//!
//! It compares the contents as they are kept and knows no field by name, so a field that is added to
//! the directory or to a policy shows here without a word. Telephone numbers and addresses are masked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    change::Item, delivery::EmailAddress, phone::PhoneNumber, policy::LENGTHS_OF_TIME,
    rulebook::Rulebook,
};

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It is new.
    Added,
    /// Some of its fields differ.
    Changed,
    /// It is gone.
    Removed,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Which: `steps[1].to`.
    pub field: String,
    /// What stood there; none where there was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What stands there; none where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Something that differs: a policy, a calendar, a unit, a post, a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The item whose version changes with it.
    pub item: Item,
    /// What: `policy baku`, `post DISHUB.kepala`, `person budi`.
    pub what: String,
    /// What became of it.
    pub fate: Fate,
    /// Its fields that differ; all of them where it is new.
    pub fields: Vec<Field>,
}

/// Everything that differs, in the order of names.
pub fn differences(before: &Rulebook, after: &Rulebook) -> Vec<Entry> {
    of_contents(&before.contents(), &after.contents())
}

/// Everything that differs between contents.
pub fn of_contents(before: &BTreeMap<Item, Value>, after: &BTreeMap<Item, Value>) -> Vec<Entry> {
    let items: BTreeSet<&Item> = before.keys().chain(after.keys()).collect();
    let mut entries = Vec::new();
    for item in items {
        let (old, new) = (before.get(item), after.get(item));
        if old == new {
            continue;
        }
        match item {
            Item::Directory => directory(old, new, &mut entries),
            Item::Policy(id) => entries.extend(entry(item, &format!("policy {id}"), old, new)),
            Item::Calendar(id) => entries.extend(entry(item, &format!("calendar {id}"), old, new)),
        }
    }
    entries
}

/// The directory's lists by the name of one of them.
const LISTS: [(&str, &str); 3] = [
    ("units", "unit"),
    ("posts", "post"),
    ("responders", "person"),
];

fn directory(before: Option<&Value>, after: Option<&Value>, entries: &mut Vec<Entry>) {
    let empty = Map::new();
    let table = |value: Option<&'_ Value>| value.and_then(Value::as_object).cloned();
    let (old, new) = (
        table(before).unwrap_or_default(),
        table(after).unwrap_or_default(),
    );
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut fields = Vec::new();
    for name in names {
        let (before, after) = (old.get(name), new.get(name));
        let is_list = |value: Option<&Value>| value.is_none_or(Value::is_object);
        if !(is_list(before) && is_list(after)) {
            compare(name, before, after, &mut fields);
            continue;
        }
        let one = LISTS.iter().find(|(list, _)| list == name);
        let one = one.map_or(name.as_str(), |(_, one)| one);
        let inside =
            |value: Option<&Value>| value.and_then(Value::as_object).unwrap_or(&empty).clone();
        let (before, after) = (inside(before), inside(after));
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let what = format!("{one} {key}");
            entries.extend(entry(
                &Item::Directory,
                &what,
                before.get(key),
                after.get(key),
            ));
        }
    }
    if !fields.is_empty() {
        entries.push(Entry {
            item: Item::Directory,
            what: "directory".to_owned(),
            fate: Fate::Changed,
            fields,
        });
    }
}

fn entry(item: &Item, what: &str, before: Option<&Value>, after: Option<&Value>) -> Option<Entry> {
    if before == after {
        return None;
    }
    let fate = match (before, after) {
        (None, _) => Fate::Added,
        (_, None) => Fate::Removed,
        _ => Fate::Changed,
    };
    let mut fields = Vec::new();
    if fate != Fate::Removed {
        compare("", before, after, &mut fields);
    }
    Some(Entry {
        item: item.clone(),
        what: what.to_owned(),
        fate,
        fields,
    })
}

/// Names by which the members of a list are known, whatever their place.
const KEYS: [&str; 2] = ["id", "date"];

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, fields: &mut Vec<Field>) {
    if before == after {
        return;
    }
    let under = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) if !is_address(old) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                compare(&under(name), old.get(name), new.get(name), fields);
            }
        }
        // Something new is told field by field too.
        (None, Some(Value::Object(new))) if !is_address(new) && !new.is_empty() => {
            for (name, value) in new {
                compare(&under(name), None, Some(value), fields);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if !(plain(old) && plain(new)) => {
            for (name, old, new) in matched(old, new) {
                compare(&format!("{path}[{name}]"), old, new, fields);
            }
        }
        (before, after) => {
            let shown = |value: Option<&Value>| value.map(|value| shown(path, value));
            let (before, mut after) = (shown(before), shown(after));
            if before.is_some() && before == after {
                after = after.map(|text| format!("{text} (another, masked alike)"));
            }
            fields.push(Field {
                field: path.to_owned(),
                before,
                after,
            });
        }
    }
}

fn plain(list: &[Value]) -> bool {
    list.iter().all(|value| !value.is_object())
}

type Match<'a> = (String, Option<&'a Value>, Option<&'a Value>);

/// The members of two lists side by side: by their names where they have some, else by their places.
fn matched<'a>(old: &'a [Value], new: &'a [Value]) -> Vec<Match<'a>> {
    let names = |key: &str, list: &'a [Value]| -> Option<Vec<&'a str>> {
        let names: Option<Vec<&str>> = list.iter().map(|value| value.get(key)?.as_str()).collect();
        names.filter(|names| names.iter().collect::<BTreeSet<_>>().len() == names.len())
    };
    for key in KEYS {
        let (Some(before), Some(after)) = (names(key, old), names(key, new)) else {
            continue;
        };
        // In another order they are not the same list: which comes first may matter.
        let kept = |names: &[&'a str], others: &[&'a str]| -> Vec<&'a str> {
            let both = names.iter().filter(|name| others.contains(name));
            both.copied().collect()
        };
        if kept(&before, &after) != kept(&after, &before) {
            break;
        }
        let all: BTreeSet<&str> = before.iter().chain(&after).copied().collect();
        let find = |names: &[&str], list: &'a [Value], name: &str| {
            let place = names.iter().position(|known| *known == name)?;
            list.get(place)
        };
        return all
            .into_iter()
            .map(|name| {
                (
                    name.to_owned(),
                    find(&before, old, name),
                    find(&after, new, name),
                )
            })
            .collect();
    }
    (0..old.len().max(new.len()))
        .map(|place| (place.to_string(), old.get(place), new.get(place)))
        .collect()
}

/// An address as it is kept: one field, `phone` or `email`.
fn is_address(table: &Map<String, Value>) -> bool {
    table.len() == 1 && (table.contains_key("phone") || table.contains_key("email"))
}

/// A value as an administrator writes it, addresses masked.
fn shown(path: &str, value: &Value) -> String {
    let name = path.rsplit('.').next().unwrap_or(path);
    let name = name.split('[').next().unwrap_or(name);
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text
            .parse::<SignedDuration>()
            .ok()
            .filter(|_| LENGTHS_OF_TIME.contains(&name))
            .map_or_else(|| text.clone(), |length| format!("{length:#}")),
        Value::Array(list) => {
            let shown: Vec<String> = list.iter().map(|value| shown(path, value)).collect();
            format!("[{}]", shown.join(", "))
        }
        Value::Object(table) => match (table.get("phone"), table.get("email")) {
            (Some(Value::String(number)), _) if is_address(table) => {
                PhoneNumber::parse(number).map_or_else(|_| "***".to_owned(), |it| it.masked())
            }
            (_, Some(Value::String(address))) if is_address(table) => {
                EmailAddress::parse(address).map_or_else(|_| "***".to_owned(), |it| it.masked())
            }
            _ => {
                let shown: Vec<String> = table
                    .iter()
                    .map(|(name, value)| format!("{name} = {}", shown(name, value)))
                    .collect();
                format!("{{ {} }}", shown.join(", "))
            }
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(before: &Value, after: &Value) -> Vec<(String, Option<String>, Option<String>)> {
        let mut fields = Vec::new();
        compare("", Some(before), Some(after), &mut fields);
        let told = fields.into_iter();
        told.map(|it| (it.field, it.before, it.after)).collect()
    }

    fn told(
        field: &str,
        before: Option<&str>,
        after: Option<&str>,
    ) -> (String, Option<String>, Option<String>) {
        (
            field.to_owned(),
            before.map(str::to_owned),
            after.map(str::to_owned),
        )
    }

    #[test]
    fn a_length_of_time_reads_as_it_is_written() {
        let before = json!({"hold": "PT2H", "title": "PT2H", "delivery": {"retries": ["PT5S"]}});
        let after =
            json!({"hold": "PT3H", "title": "PT3H", "delivery": {"retries": ["PT5S", "PT1M"]}});
        assert_eq!(
            fields(&before, &after),
            [
                told("delivery.retries", Some("[5s]"), Some("[5s, 1m]")),
                told("hold", Some("2h"), Some("3h")),
                told("title", Some("PT2H"), Some("PT3H")),
            ]
        );
    }

    #[test]
    fn members_with_names_are_compared_by_name_and_numbers_are_masked() {
        let method = |id: &str, number: &str| json!({"id": id, "address": {"phone": number}});
        let before =
            json!({"methods": [method("sms", "+6281234567890"), method("wa", "+6281234567891")]});
        let after = json!({"methods": [method("wa", "+6281200000891")]});
        let all = format!("{:?}", fields(&before, &after));
        assert!(
            all.contains("methods[sms]") && all.contains("methods[wa].address"),
            "{all}"
        );
        assert!(!all.contains("34567"), "{all}");
        assert!(all.contains("masked alike"), "{all}");
        // The order in which a person is reached is no small thing.
        let turned =
            json!({"methods": [method("wa", "+6281234567891"), method("sms", "+6281234567890")]});
        assert!(!fields(&before, &turned).is_empty());
    }

    #[test]
    fn what_is_new_is_told_in_full_and_what_is_gone_by_its_name() {
        let unit = json!({"name": "Dinas Contoh", "short_name": "X"});
        let before = BTreeMap::from([(
            Item::Directory,
            json!({"units": {}, "posts": {"X.kepala": {"title": "Kepala"}}}),
        )]);
        let after = BTreeMap::from([(
            Item::Directory,
            json!({"coordinator": "X", "units": {"X": unit}, "posts": {}}),
        )]);
        let found = of_contents(&before, &after);
        let told: Vec<_> = found
            .iter()
            .map(|it| (it.what.as_str(), it.fate, it.fields.len()))
            .collect();
        assert_eq!(
            told,
            [
                ("post X.kepala", Fate::Removed, 0),
                ("unit X", Fate::Added, 2),
                ("directory", Fate::Changed, 1),
            ]
        );
        assert!(of_contents(&after, &after).is_empty());
    }
}
