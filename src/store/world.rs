//! The snapshots that decisions are made by: the directory, the policies, the calendars. Immutable; a
//! change replaces the whole, and a running escalation keeps the version of its policy.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use tokio::sync::watch;

use super::live::{Held, Live};
use crate::domain::{
    calendar::{Calendar, Calendars},
    complaint::Complaint,
    conversation::{CodeShare, Switch},
    delivery::{Address, Transport},
    directory::Directory,
    escalation::{Context, Escalation},
    id::{CalendarId, PolicyId, ResponderId, UnitCode},
    policy::{Policy, PolicyRef},
    rulebook::Rulebook,
    selection::Selection,
};

/// One consistent set of snapshots.
#[derive(Debug, Clone)]
pub struct World {
    revision: u64,
    people: Arc<People>,
    policies: HashMap<PolicyRef, Arc<Policy>>,
    calendars: Calendars,
    selection: Arc<Selection>,
    default: PolicyRef,
}

/// The directory and what is looked up in it.
#[derive(Debug)]
struct People {
    directory: Directory,
    addresses: HashMap<(Transport, Address), Vec<ResponderId>>,
    shares: BTreeMap<ResponderId, CodeShare>,
}

/// Why a set of snapshots is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldFault {
    /// A policy names a calendar that is not there.
    #[error("policy {policy} runs by the calendar {calendar}, which is not there")]
    NoCalendar {
        /// Which policy.
        policy: String,
        /// Which calendar.
        calendar: CalendarId,
    },
    /// A unit names a calendar that is not there.
    #[error("unit {unit} runs by the calendar {calendar}, which is not there")]
    NoOwnCalendar {
        /// Which unit.
        unit: UnitCode,
        /// Which calendar.
        calendar: CalendarId,
    },
    /// There is no policy to begin with.
    #[error(
        "the policy {0} for new complaints (data.default_policy) is not live: name one that is, or publish it"
    )]
    NoPolicy(String),
}

impl World {
    /// Puts a set together. `default` is the policy of new complaints that no policy's rule fits.
    ///
    /// # Errors
    /// When a policy's calendar, or the default policy, is missing.
    pub fn new(
        directory: Directory,
        policies: Vec<Policy>,
        calendars: HashMap<CalendarId, Calendar>,
        default: PolicyRef,
    ) -> Result<Self, WorldFault> {
        for policy in &policies {
            let further = policy.clocks.iter().map(|clock| &clock.calendar);
            let mut named = std::iter::once(&policy.clock.calendar).chain(further);
            if let Some(lost) = named.find(|id| !calendars.contains_key(*id)) {
                return Err(WorldFault::NoCalendar {
                    policy: policy.id.to_string(),
                    calendar: lost.clone(),
                });
            }
        }
        for (unit, found) in &directory.units {
            if let Some(lost) = found
                .calendars
                .values()
                .find(|id| !calendars.contains_key(*id))
            {
                return Err(WorldFault::NoOwnCalendar {
                    unit: unit.clone(),
                    calendar: lost.clone(),
                });
            }
        }
        let selection = Arc::new(Selection::of(&policies));
        let policies: HashMap<PolicyRef, Arc<Policy>> = policies
            .into_iter()
            .map(|policy| (reference(&policy), Arc::new(policy)))
            .collect();
        if !policies.contains_key(&default) {
            return Err(WorldFault::NoPolicy(default.id.to_string()));
        }
        let calendars = calendars.into_iter();
        Ok(Self {
            revision: 0,
            people: Arc::new(People::of(directory)),
            policies,
            selection,
            calendars: calendars.map(|(id, it)| (id, Arc::new(it))).collect(),
            default,
        })
    }

    /// The set that is live.
    ///
    /// # Errors
    /// When it does not fit together.
    pub fn of(live: Live, default: &PolicyId) -> Result<Self, WorldFault> {
        let version = live.book.policies.get(default).map(|policy| policy.version);
        let default = PolicyRef {
            id: default.clone(),
            version: version.ok_or_else(|| WorldFault::NoPolicy(default.to_string()))?,
        };
        let policies = live.book.policies.into_values().collect();
        let calendars = live.book.calendars.into_iter().collect();
        let world = Self::new(live.book.directory, policies, calendars, default)?;
        Ok(Self {
            revision: live.revision,
            ..world
        })
    }

    /// A set that was live once. Where the present default policy was not there any other stands in for a
    /// policy that is lost.
    ///
    /// # Errors
    /// When it does not fit together.
    pub(super) fn then(book: Rulebook, default: &PolicyId) -> Result<Self, WorldFault> {
        let policies = &book.policies;
        let chosen = policies.get(default).or_else(|| policies.values().next());
        let chosen = chosen.ok_or_else(|| WorldFault::NoPolicy(default.to_string()))?;
        let default = reference(chosen);
        let policies = book.policies.into_values().collect();
        let calendars = book.calendars.into_iter().collect();
        Self::new(book.directory, policies, calendars, default)
    }

    /// How many changes had taken force when it was live.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Units, posts and who holds them.
    pub fn directory(&self) -> &Directory {
        &self.people.directory
    }

    /// A print of all calendars, and of whose they are: others, another print.
    pub fn print_of_calendars(&self) -> String {
        use sha2::{Digest, Sha256};
        let sorted: BTreeMap<_, &Calendar> = self
            .calendars
            .iter()
            .map(|(id, calendar)| (id, calendar.as_ref()))
            .collect();
        // A calendar always has a JSON form: its maps have text keys.
        let units = self.people.directory.units.iter();
        let own: Vec<_> = units
            .filter(|(_, unit)| !unit.calendars.is_empty())
            .map(|(code, unit)| (code, &unit.calendars))
            .collect();
        let text = serde_json::to_string(&(sorted, own)).unwrap_or_default();
        hex::encode(Sha256::digest(text))
    }

    /// Which hours count, by name.
    pub fn calendars(&self) -> &Calendars {
        &self.calendars
    }

    /// The policy that a new complaint begins with.
    pub fn policy_for(&self, complaint: &Complaint) -> &PolicyRef {
        let chosen = self.selection.choose(complaint, self.directory());
        chosen.map_or(&self.default, |rule| &rule.policy)
    }

    /// By which rules a policy is chosen, in the order in which they are asked.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The policy of new complaints that no rule fits.
    pub fn default_policy(&self) -> &PolicyRef {
        &self.default
    }

    /// The version of a policy that is live.
    pub fn live_version(&self, id: &PolicyId) -> Option<u32> {
        let versions = self.policies.keys().filter(|policy| policy.id == *id);
        versions.map(|policy| policy.version).max()
    }

    /// Whether it has this version of a policy.
    pub fn has(&self, policy: &PolicyRef) -> bool {
        self.policies.contains_key(policy)
    }

    /// The same with these older versions too.
    pub(super) fn with(&self, older: Vec<(PolicyRef, Held)>) -> Self {
        let mut world = self.clone();
        for (reference, held) in older {
            let calendar = &held.policy.clock.calendar;
            if let (false, Some(calendar_then)) =
                (world.calendars.contains_key(calendar), held.calendar)
            {
                world.calendars.insert(calendar.clone(), calendar_then);
            }
            world.policies.insert(reference, held.policy);
        }
        world
    }

    /// What an escalation under this policy is judged by.
    ///
    /// A version that is live no more must have been asked for by [`super::Store::covering`]. One that
    /// is lost falls back to the default, which is counted and alarmed there: a complaint is never left
    /// without a policy.
    pub fn context(&self, policy: &PolicyRef) -> Option<Context<'_>> {
        let policy = self
            .policies
            .get(policy)
            .or_else(|| self.policies.get(&self.default))?;
        Some(Context {
            policy,
            calendar: self.calendars.get(&policy.clock.calendar)?,
            calendars: &self.calendars,
            directory: &self.people.directory,
            clock: None,
        })
    }

    /// What this escalation is judged by: its policy, by its unit's calendar.
    pub fn context_of(&self, state: &Escalation) -> Option<Context<'_>> {
        let context = self.context(&state.policy)?;
        Some(context.of_unit(state.complaint.unit.as_ref()))
    }

    /// Which reply codes are a person's: all, unless a telephone is shared.
    pub fn code_share(&self, responder: &ResponderId) -> CodeShare {
        let share = self.people.shares.get(responder);
        share.copied().unwrap_or_default()
    }

    /// Everybody who is reached at the address of a switch, by the transports that it means.
    pub fn people_reached_at(&self, switch: &Switch) -> Vec<ResponderId> {
        let mut found = Vec::new();
        let meant = |it: &Transport| switch.transport.is_none_or(|transport| transport == *it);
        for transport in Transport::ALL.into_iter().filter(meant) {
            for person in self.people_at(transport, &switch.address) {
                if !found.contains(person) {
                    found.push(person.clone());
                }
            }
        }
        found
    }

    /// Whose address this is; several people may share one.
    pub fn people_at(&self, transport: Transport, address: &Address) -> &[ResponderId] {
        self.people
            .addresses
            .get(&(transport, address.clone()))
            .map_or(&[], Vec::as_slice)
    }
}

fn reference(policy: &Policy) -> PolicyRef {
    PolicyRef {
        id: policy.id.clone(),
        version: policy.version,
    }
}

impl People {
    fn of(directory: Directory) -> Self {
        let mut addresses: HashMap<_, Vec<ResponderId>> = HashMap::new();
        for (id, responder) in &directory.responders {
            for method in &responder.methods {
                let people = addresses
                    .entry((method.transport, method.address.clone()))
                    .or_default();
                if !people.contains(id) {
                    people.push(id.clone());
                }
            }
        }
        Self {
            shares: directory.code_shares(),
            directory,
            addresses,
        }
    }
}

/// The world as it is now; changes when a change takes force.
#[derive(Debug, Clone)]
pub struct Worlds {
    now: Arc<watch::Sender<Arc<World>>>,
}

impl Worlds {
    /// Begins with one set.
    pub fn new(world: World) -> Self {
        Self {
            now: Arc::new(watch::Sender::new(Arc::new(world))),
        }
    }

    /// The present set.
    pub fn get(&self) -> Arc<World> {
        self.now.borrow().clone()
    }

    /// Tells of every change from now on.
    pub fn changed(&self) -> watch::Receiver<Arc<World>> {
        self.now.subscribe()
    }

    /// Replaces it.
    pub fn set(&self, world: World) {
        self.now.send_replace(Arc::new(world));
    }
}
