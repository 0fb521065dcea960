//! The rulebook: the directory, the policies and the calendars that hold together at one moment.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use serde_json::Value;

use super::{
    calendar::{Calendar, Calendars},
    change::Item,
    directory::Directory,
    id::{CalendarId, PolicyId},
    policy::Policy,
};

/// Everything that decisions are made by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rulebook {
    /// Units, posts, people and who holds what.
    pub directory: Directory,
    /// The policies. Their version is the store's to give.
    pub policies: BTreeMap<PolicyId, Policy>,
    /// The calendars.
    pub calendars: BTreeMap<CalendarId, Calendar>,
}

impl Rulebook {
    /// The calendars as they are judged by.
    pub fn shared_calendars(&self) -> Calendars {
        let calendars = self.calendars.iter();
        calendars
            .map(|(id, calendar)| (id.clone(), Arc::new(calendar.clone())))
            .collect()
    }

    /// The content of every item, as it is kept. Two that mean the same are the same here.
    pub fn contents(&self) -> BTreeMap<Item, Value> {
        let mut contents = BTreeMap::from([(Item::Directory, value(&self.directory))]);
        for (id, policy) in &self.policies {
            let content = Policy {
                version: 0,
                ..policy.clone()
            };
            contents.insert(Item::Policy(id.clone()), value(&content));
        }
        for (id, calendar) in &self.calendars {
            contents.insert(Item::Calendar(id.clone()), value(calendar));
        }
        contents
    }

    /// Puts an item's content in, read from how it is kept; none takes it out.
    ///
    /// # Errors
    /// When the content is none of this kind.
    pub fn set(&mut self, item: &Item, content: Option<&str>) -> Result<(), serde_json::Error> {
        match (item, content) {
            (Item::Directory, Some(text)) => self.directory = serde_json::from_str(text)?,
            (Item::Directory, None) => self.directory = Directory::default(),
            (Item::Policy(id), Some(text)) => {
                let policy = Policy {
                    id: id.clone(),
                    ..serde_json::from_str(text)?
                };
                self.policies.insert(id.clone(), policy);
            }
            (Item::Policy(id), None) => drop(self.policies.remove(id)),
            (Item::Calendar(id), Some(text)) => {
                self.calendars
                    .insert(id.clone(), serde_json::from_str(text)?);
            }
            (Item::Calendar(id), None) => drop(self.calendars.remove(id)),
        }
        Ok(())
    }
}

/// Our own types always have a JSON form: their maps have text keys.
fn value<T: Serialize>(content: &T) -> Value {
    serde_json::to_value(content).unwrap_or_default()
}
