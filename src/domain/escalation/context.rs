//! What an escalation is judged by, and by whose hours: a unit may have its own.

use jiff::SignedDuration;
use smol_str::SmolStr;

use crate::domain::{
    calendar::{Calendar, Calendars},
    directory::Directory,
    id::UnitCode,
    policy::{FurtherClock, Policy, Warning},
};

/// What an escalation is judged by: immutable snapshots.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The version of the policy the escalation began with.
    pub policy: &'a Policy,
    /// Which hours count for that policy and, after [`Self::of_unit`], that unit.
    pub calendar: &'a Calendar,
    /// All calendars: a unit may have its own in the place of the policy's.
    pub calendars: &'a Calendars,
    /// Units, posts and who holds them.
    pub directory: &'a Directory,
    /// The further clock that is judged; none is the first promise.
    pub clock: Option<&'a FurtherClock>,
}

impl<'a> Context<'a> {
    /// The same for a further clock of a complaint of this unit.
    #[must_use]
    pub fn by(self, clock: &'a FurtherClock, unit: Option<&UnitCode>) -> Self {
        Self {
            clock: Some(clock),
            ..self
        }
        .of_unit(unit)
    }

    /// How long the unit has.
    pub fn length(&self) -> SignedDuration {
        self.clock
            .map_or(self.policy.clock.length, |clock| clock.length)
    }

    /// Whom to tell before the deadline.
    pub fn warnings(&self) -> &'a [Warning] {
        self.clock
            .map_or(&self.policy.warnings, |clock| &clock.warnings)
    }

    /// The same for a complaint of this unit: by its own calendar, where it has one in the place of the
    /// policy's. A complaint of no known unit goes by that of the coordinator's desk.
    #[must_use]
    pub fn of_unit(self, unit: Option<&UnitCode>) -> Self {
        let first = &self.policy.clock.calendar;
        let named = self.clock.map_or(first, |clock| &clock.calendar);
        let units = &self.directory.units;
        let coordinator = || self.directory.coordinator.as_ref();
        let answering = unit
            .and_then(|unit| units.get(unit))
            .or_else(|| units.get(coordinator()?));
        let own = answering
            .and_then(|unit| unit.calendars.get(named))
            .and_then(|own| self.calendars.get(own));
        let found = own.or_else(|| self.calendars.get(named));
        Self {
            calendar: found.map_or(self.calendar, |found| found.as_ref()),
            ..self
        }
    }

    /// The zone in which people are told times: that of the hours the unit works by.
    pub fn zone(&self) -> SmolStr {
        SmolStr::new(self.calendar.zone())
    }
}
