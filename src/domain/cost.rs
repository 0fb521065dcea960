//! What messages cost, and what is still sent when the money for it runs out.
//!
//! A ceiling a day and a month, each in the office's zone. Far below it nothing changes. From a share
//! of it on, warnings go by ways that cost nothing where the person has one. Above it only misses go by
//! ways that cost something, and they always do: a ceiling never silences a missed deadline.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::routing::Urgency;

/// So long a stretch is counted in one sum: zones differ by no less.
const STRETCH: i64 = 15 * 60;

/// The stretch of time whose sum a moment's cost belongs to.
pub fn stretch(at: Timestamp) -> i64 {
    at.as_second().div_euclid(STRETCH)
}

/// What may be spent, in the currency's whole units; what is left out has no ceiling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ceilings {
    /// In a day.
    pub per_day: Option<u64>,
    /// In a month.
    pub per_month: Option<u64>,
    /// From which percentage of a ceiling on one is careful.
    pub careful_from: u8,
}

/// How much has to be saved, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thrift {
    /// Nothing: there is money, or no ceiling.
    Easy,
    /// A ceiling comes near: warnings go by ways that cost nothing, where there are any.
    Careful,
    /// A ceiling is reached: only misses go by ways that cost something.
    Spent,
}

/// Which ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// The day's.
    Day,
    /// The month's.
    Month,
}

impl Period {
    /// The period's name in metrics and jobs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// How a period stands against its ceiling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which ceiling.
    pub period: Period,
    /// The first day of the period.
    pub from: Date,
    /// What has been spent.
    pub spent: u64,
    /// What may be.
    pub ceiling: u64,
    /// The highest percentage that is told of and has been reached: the careful one, or 100.
    pub reached: Option<u8>,
}

/// Whether a message may go by a way that costs so much. `otherwise` says whether the person has a way
/// that costs nothing.
pub fn is_affordable(
    thrift: Thrift,
    urgency: Option<Urgency>,
    price: u64,
    otherwise: bool,
) -> bool {
    price == 0
        || urgency == Some(Urgency::Miss)
        || match thrift {
            Thrift::Easy => true,
            // Who answered must hear that it was understood, while there is money for it.
            Thrift::Careful => urgency.is_none() || !otherwise,
            Thrift::Spent => false,
        }
}

/// What was spent, and what the requests under way will cost.
#[derive(Debug)]
pub struct Budget {
    ceilings: Ceilings,
    zone: TimeZone,
    spent: BTreeMap<i64, u64>,
    promised: u64,
    sums: Option<Sums>,
}

#[derive(Debug, Clone, Copy)]
struct Sums {
    on: Date,
    day: u64,
    month: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Ceilings::default(), TimeZone::UTC)
    }
}

impl Budget {
    /// A budget of which nothing is spent; days and months are those of `zone`.
    pub fn new(ceilings: Ceilings, zone: TimeZone) -> Self {
        Self {
            ceilings,
            zone,
            spent: BTreeMap::new(),
            promised: 0,
            sums: None,
        }
    }

    /// What was spent in each [`stretch`], as it stands in the store.
    pub fn set_spent(&mut self, spent: BTreeMap<i64, u64>) {
        self.spent = spent;
        self.sums = None;
    }

    /// A request is about to leave that will cost so much.
    pub fn promise(&mut self, price: u64) {
        self.promised = self.promised.saturating_add(price);
    }

    /// It is over, whatever it cost.
    pub fn redeem(&mut self, price: u64) {
        self.promised = self.promised.saturating_sub(price);
    }

    /// So much was spent.
    pub fn spend(&mut self, amount: u64, now: Timestamp) {
        let mut sums = self.sums(now);
        sums.day = sums.day.saturating_add(amount);
        sums.month = sums.month.saturating_add(amount);
        self.sums = Some(sums);
        let sum = self.spent.entry(stretch(now)).or_default();
        *sum = sum.saturating_add(amount);
    }

    /// How much has to be saved at a moment.
    pub fn thrift(&mut self, now: Timestamp) -> Thrift {
        let careful_from = u128::from(self.ceilings.careful_from);
        let promised = self.promised;
        let of = |standing: Standing| {
            let used = u128::from(standing.spent.saturating_add(promised)) * 100;
            let ceiling = u128::from(standing.ceiling);
            if used >= ceiling * 100 {
                Thrift::Spent
            } else if used >= ceiling * careful_from {
                Thrift::Careful
            } else {
                Thrift::Easy
            }
        };
        let standings = self.standings(now).into_iter();
        standings.map(of).max().unwrap_or(Thrift::Easy)
    }

    /// How each period with a ceiling stands at a moment.
    pub fn standings(&mut self, now: Timestamp) -> Vec<Standing> {
        if self.ceilings.per_day.is_none() && self.ceilings.per_month.is_none() {
            return Vec::new();
        }
        let sums = self.sums(now);
        let careful_from = self.ceilings.careful_from;
        let periods = [
            (Period::Day, sums.on, sums.day, self.ceilings.per_day),
            (
                Period::Month,
                sums.on.first_of_month(),
                sums.month,
                self.ceilings.per_month,
            ),
        ];
        let standing = |(period, from, spent, ceiling): (_, _, _, Option<u64>)| {
            let ceiling = ceiling?;
            let has = |percent: &u8| {
                u128::from(spent) * 100 >= u128::from(ceiling) * u128::from(*percent)
            };
            Some(Standing {
                period,
                from,
                spent,
                ceiling,
                reached: [100, careful_from].into_iter().find(has),
            })
        };
        periods.into_iter().filter_map(standing).collect()
    }

    fn sums(&mut self, now: Timestamp) -> Sums {
        let on = self.zone.to_datetime(now).date();
        if let Some(sums) = self.sums
            && sums.on == on
        {
            return sums;
        }
        let mut sums = Sums {
            on,
            day: 0,
            month: 0,
        };
        for (stretch, amount) in &self.spent {
            let Ok(at) = Timestamp::from_second(stretch.saturating_mul(STRETCH)) else {
                continue;
            };
            let date = self.zone.to_datetime(at).date();
            if date.first_of_month() == on.first_of_month() {
                sums.month = sums.month.saturating_add(*amount);
            }
            if date == on {
                sums.day = sums.day.saturating_add(*amount);
            }
        }
        self.sums = Some(sums);
        sums
    }
}

/// Whether there is nothing to write of a cost.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field over by reference"
)]
pub(super) fn is_nought(cost: &u64) -> bool {
    *cost == 0
}

#[cfg(test)]
mod tests;
