//! The snapshots that decisions are made by: the directory, every version of every policy, the
//! calendars. Immutable; a change replaces the whole, and a running escalation keeps its policy.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use tokio::sync::watch;

use crate::domain::{
    calendar::Calendar,
    conversation::{CodeShare, Switch},
    delivery::{Address, Transport},
    directory::Directory,
    escalation::Context,
    id::{CalendarId, ResponderId},
    policy::{Policy, PolicyRef},
};

/// One consistent set of snapshots.
#[derive(Debug)]
pub struct World {
    directory: Directory,
    policies: HashMap<PolicyRef, Policy>,
    calendars: HashMap<CalendarId, Calendar>,
    default: PolicyRef,
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
    /// There is no policy to begin with.
    #[error("the policy {0} for new complaints is not there")]
    NoPolicy(String),
}

impl World {
    /// Puts a set together. `default` is the policy that new complaints begin with.
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
            if !calendars.contains_key(&policy.clock.calendar) {
                return Err(WorldFault::NoCalendar {
                    policy: policy.id.to_string(),
                    calendar: policy.clock.calendar.clone(),
                });
            }
        }
        let policies: HashMap<PolicyRef, Policy> = policies
            .into_iter()
            .map(|policy| {
                let reference = PolicyRef {
                    id: policy.id.clone(),
                    version: policy.version,
                };
                (reference, policy)
            })
            .collect();
        if !policies.contains_key(&default) {
            return Err(WorldFault::NoPolicy(default.id.to_string()));
        }
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
        Ok(Self {
            shares: directory.code_shares(),
            directory,
            policies,
            calendars,
            default,
            addresses,
        })
    }

    /// Units, posts and who holds them.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Which hours count, by name.
    pub fn calendars(&self) -> &HashMap<CalendarId, Calendar> {
        &self.calendars
    }

    /// The policy that new complaints begin with.
    pub fn default_policy(&self) -> &PolicyRef {
        &self.default
    }

    /// What an escalation under this policy is judged by.
    ///
    /// A version that is gone (somebody deleted it by hand) falls back to the default: a complaint
    /// is never left without a policy.
    pub fn context(&self, policy: &PolicyRef) -> Option<Context<'_>> {
        let policy = self
            .policies
            .get(policy)
            .or_else(|| self.policies.get(&self.default))?;
        Some(Context {
            policy,
            calendar: self.calendars.get(&policy.clock.calendar)?,
            directory: &self.directory,
        })
    }

    /// Which reply codes are a person's: all, unless a telephone is shared.
    pub fn code_share(&self, responder: &ResponderId) -> CodeShare {
        self.shares.get(responder).copied().unwrap_or_default()
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
        self.addresses
            .get(&(transport, address.clone()))
            .map_or(&[], Vec::as_slice)
    }
}

/// The world as it is now; changes when a snapshot is published.
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

    /// Replaces it.
    pub fn set(&self, world: World) {
        self.now.send_replace(Arc::new(world));
    }
}
