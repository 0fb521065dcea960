//! Units, posts, and who holds a post at a given moment.
//!
//! A post is responsible, not a person. Whoever holds it at the moment of the page gets the page:
//! an acting holder (Plt. for a vacancy, Plh. for an absence) within the dates of the decree, the
//! regular holder otherwise.

pub mod roster;
pub mod tree;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::roster::Roster;
use super::{
    conversation::CodeShare,
    delivery::{Address, Transport},
    id::{CalendarId, MethodId, PostCode, ResponderId, UnitCode},
    notify::Rule,
    policy::{Role, Target},
};

/// One immutable version of the directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// The unit whose posts stand in for a complaint that has no unit, or one we do not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinator: Option<UnitCode>,
    /// All units by code.
    pub units: BTreeMap<UnitCode, Unit>,
    /// All posts by code.
    pub posts: BTreeMap<PostCode, Post>,
    /// All responders by id.
    pub responders: BTreeMap<ResponderId, Responder>,
}

/// A government unit (SKPD).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// The full name: `Dinas Perhubungan`.
    pub name: String,
    /// What fits into a short message: `DISHUB`.
    pub short_name: String,
    /// Other spellings by which sources name the unit, for imports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Calendars of its own in the place of those that policies name: its working hours.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calendars: BTreeMap<CalendarId, CalendarId>,
}

/// An office in a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// The unit it belongs to.
    pub unit: UnitCode,
    /// Which office it is: `kepala`, `sekretaris`, `penghubung`, ...
    pub role: Role,
    /// The office's title: `Kepala Dinas Perhubungan`.
    pub title: String,
    /// How it is addressed in a short message: `Ka DISHUB`.
    pub short_title: String,
    /// The post above it in the organisation, where that is not the head of its own unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<PostCode>,
    /// The regular holder; none is a vacancy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<ResponderId>,
    /// Those who act for a time. Where two overlap, the one that began later goes first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acting: Vec<Acting>,
    /// Who takes turns, where it is a desk. The regular holder then stands in for nobody on duty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roster: Option<Roster>,
}

/// Someone who holds a post for a time, by decree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acting {
    /// Who.
    pub responder: ResponderId,
    /// In which capacity.
    pub kind: ActingKind,
    /// The number of the decree (*surat perintah*).
    pub decree: String,
    /// The first moment.
    pub from: Timestamp,
    /// The first moment no longer.
    pub until: Timestamp,
}

/// The two kinds of acting holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActingKind {
    /// *Pelaksana tugas*: the post is vacant.
    Plt,
    /// *Pelaksana harian*: the holder is away.
    Plh,
}

impl ActingKind {
    /// As it is written before a title.
    pub fn abbreviation(self) -> &'static str {
        match self {
            Self::Plt => "Plt.",
            Self::Plh => "Plh.",
        }
    }
}

/// A person who can be paged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Responder {
    /// The person's name.
    pub name: String,
    /// The language of messages to this person.
    #[serde(default)]
    pub language: Language,
    /// Ways to reach the person, best first.
    pub methods: Vec<ContactMethod>,
    /// Which of them carry a page, by urgency and hour: the first that fits decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// A language Siaga speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Bahasa Indonesia.
    #[default]
    Id,
    /// English.
    En,
}

/// One way to reach a responder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactMethod {
    /// Its name within the responder.
    pub id: MethodId,
    /// How a message travels there.
    pub transport: Transport,
    /// Where it goes.
    pub address: Address,
    /// Whether it may carry pages.
    #[serde(default = "enabled")]
    pub enabled: bool,
}

fn enabled() -> bool {
    true
}

impl Directory {
    /// The unit whose posts answer for a complaint: its own, or the coordinator's desk.
    pub fn answering_unit(&self, unit: Option<&UnitCode>) -> Option<&UnitCode> {
        unit.and_then(|code| self.units.get_key_value(code))
            .map(|(code, _)| code)
            .or(self.coordinator.as_ref())
    }

    /// The posts that a policy means by `target` for a complaint of `unit`. For the post above these
    /// are that one and all above it, nearest first: the next stands in for one that nobody holds.
    pub fn posts_for(&self, target: &Target, unit: Option<&UnitCode>) -> Vec<&PostCode> {
        let found = match target {
            Target::Above(level) => return self.chain_from(*level, unit),
            Target::Post(code) => self.posts.get_key_value(code).map(|(code, _)| code),
            Target::Role(role) => self
                .answering_unit(unit)
                .and_then(|unit| self.post_in(unit, role)),
            Target::Coordinator(role) => self
                .coordinator
                .as_ref()
                .and_then(|unit| self.post_in(unit, role)),
        };
        found.into_iter().collect()
    }

    fn post_in(&self, unit: &UnitCode, role: &Role) -> Option<&PostCode> {
        // Posts are named `UNIT.role`, so the look-up costs no walk through all of them.
        let code = PostCode::of(unit, role.as_str());
        self.posts.get_key_value(&code).map(|(code, _)| code)
    }

    /// Which reply codes are whose, for those who share an address with somebody.
    ///
    /// Who shares with a third shares with both, so that no two at one telephone have the same.
    pub fn code_shares(&self) -> BTreeMap<ResponderId, CodeShare> {
        let mut at: BTreeMap<&Address, BTreeSet<&ResponderId>> = BTreeMap::new();
        for (id, responder) in &self.responders {
            for method in &responder.methods {
                at.entry(&method.address).or_default().insert(id);
            }
        }
        let mut groups: Vec<BTreeSet<&ResponderId>> = Vec::new();
        for mut group in at.into_values().filter(|people| people.len() > 1) {
            groups.retain(|known| {
                let apart = known.is_disjoint(&group);
                if !apart {
                    group.extend(known);
                }
                apart
            });
            groups.push(group);
        }
        let shares = groups.iter().flat_map(|group| {
            let of = u16::try_from(group.len()).unwrap_or(u16::MAX);
            (0..of)
                .zip(group)
                .map(move |(place, id)| ((*id).clone(), CodeShare { place, of }))
        });
        shares.collect()
    }

    /// The responders one of whose methods has this address.
    pub fn responders_at(&self, transport: Transport, address: &Address) -> Vec<&ResponderId> {
        self.responders
            .iter()
            .filter(|(_, responder)| {
                responder
                    .methods
                    .iter()
                    .any(|m| m.transport == transport && m.address == *address)
            })
            .map(|(id, _)| id)
            .collect()
    }
}

impl Post {
    /// Who holds it at `now`, and by which decree if only for a time: whoever acts, else whoever is on
    /// duty, else the regular holder.
    pub fn holder_at(&self, now: Timestamp) -> Option<(&ResponderId, Option<&Acting>)> {
        if let Some(acting) = self.acting_at(now) {
            return Some((&acting.responder, Some(acting)));
        }
        let roster = self.roster.as_ref();
        let on_duty = roster.and_then(|it| it.on_duty(now).responder);
        on_duty
            .or(self.holder.as_ref())
            .map(|holder| (holder, None))
    }

    /// The acting holder at `now`; of several, the one that began last.
    pub fn acting_at(&self, now: Timestamp) -> Option<&Acting> {
        self.acting
            .iter()
            .filter(|acting| acting.from <= now && now < acting.until)
            .max_by_key(|acting| acting.from)
    }
}

impl Responder {
    /// The methods that may carry a page, best first.
    pub fn usable_methods(&self) -> impl Iterator<Item = &ContactMethod> {
        self.methods.iter().filter(|method| method.enabled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::phone::PhoneNumber;

    #[test]
    fn who_share_a_telephone_share_the_codes() {
        let mut directory = Directory::default();
        // a and b share 1, b and c share 2, d and e share 3, f is alone.
        for (id, numbers) in [
            ("a", vec![1]),
            ("b", vec![1, 2]),
            ("c", vec![2, 2]),
            ("d", vec![3]),
            ("e", vec![3]),
            ("f", vec![4, 4]),
        ] {
            let methods = numbers.into_iter().map(|n| ContactMethod {
                id: MethodId::parse("sms").unwrap(),
                transport: Transport::Sms,
                address: Address::Phone(PhoneNumber::parse(&format!("+62811000000{n}")).unwrap()),
                enabled: true,
            });
            let responder = Responder {
                name: id.to_owned(),
                language: Language::Id,
                methods: methods.collect(),
                rules: Vec::new(),
            };
            directory
                .responders
                .insert(ResponderId::parse(id).unwrap(), responder);
        }
        let shares: Vec<_> = directory
            .code_shares()
            .into_iter()
            .map(|(id, share)| (id.to_string(), share.place, share.of))
            .collect();
        let expected = [
            ("a", 0, 3),
            ("b", 1, 3),
            ("c", 2, 3),
            ("d", 0, 2),
            ("e", 1, 2),
        ];
        assert_eq!(
            shares,
            expected.map(|(id, place, of)| (id.to_owned(), place, of))
        );
    }
}
