//! Making a change, and putting it in force.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{ChangeError, Changes, Plan, check};
use crate::{
    config::{Faults, places::Places},
    domain::{
        change::{Change, ChangeState, ChangedItem, Item},
        fact::{Alarm, Fact, What},
        rulebook::Rulebook,
    },
    store::{Keys, Live, Recorded, StoreError, Unit, Written, changes::sha256},
};

/// Who wants a change, why, and from when on.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// From when on; none is at once.
    pub effective: Option<Timestamp>,
    /// Whether it goes without a second person although the settings ask for one: what the settings
    /// themselves order.
    pub ordered: bool,
}

/// A change that was made, and what may be meant otherwise.
#[derive(Debug)]
pub struct Submitted {
    /// The change.
    pub change: Change,
    /// What fits and is probably not what was meant.
    pub warnings: Faults,
}

/// So many of the last changes are looked through for one that waits.
const PENDING: u64 = 200;

impl Changes {
    /// Makes a change of a plan: puts it in force, or lets it wait for approval or for its day.
    ///
    /// # Errors
    /// When something else took force since the plan was made, or what would be live does not fit.
    pub async fn submit(
        &self,
        plan: &Plan,
        places: &Places,
        proposal: &Proposal,
        now: Timestamp,
    ) -> Result<Submitted, ChangeError> {
        let author = check::author(&proposal.author)?;
        let reason = check::reason(&proposal.reason)?;
        if let Some(at) = proposal.effective {
            check::effective(at, now)?;
        }
        let (items, contents) = changed(&plan.live, &plan.wished);
        if items.is_empty() {
            return Err(ChangeError::Nothing);
        }
        let before = Some(&plan.live.book);
        let warnings = self
            .rules
            .faults(&plan.wished, before, places, "(the change)");
        if warnings.has_errors() {
            return Err(ChangeError::Unfit(warnings));
        }
        let revision = plan.live.revision + 1;
        let state = if self.rules.approval && !proposal.ordered {
            ChangeState::AwaitsApproval
        } else if proposal.effective.is_some() {
            ChangeState::Scheduled
        } else {
            ChangeState::InForce { at: now, revision }
        };
        let mut change = Change {
            number: 0,
            author,
            reason,
            at: now,
            effective: proposal.effective,
            items,
            approved: None,
            state,
        };
        loop {
            change.number = self.store.last_change().await? + 1;
            match self.store.write_change(&change, None, &contents).await? {
                Written::Done => break,
                Written::Lost => {
                    // Whoever only proposed something took nothing but our number.
                    let live = self.store.live().await?.unwrap_or_default();
                    if live.revision != plan.live.revision || live.versions != plan.live.versions {
                        return Err(ChangeError::Raced(self.last_in_force().await?));
                    }
                }
            }
        }
        self.record().await;
        Ok(Submitted { change, warnings })
    }

    /// As [`Self::submit`], for whoever comes again and again with the same. What waits for approval in that
    /// name is taken back when it is something else; none when it is the same.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub async fn submit_again(
        &self,
        plan: &Plan,
        places: &Places,
        proposal: &Proposal,
        now: Timestamp,
    ) -> Result<Option<Submitted>, ChangeError> {
        let (items, _) = changed(&plan.live, &plan.wished);
        for found in self.store.changes(PENDING).await? {
            let change = found.change;
            if !change.is_pending() || change.author != proposal.author {
                continue;
            }
            if change.items == items {
                return Ok(None);
            }
            let reason = "diganti oleh yang lebih baru";
            self.reject(change.number, &proposal.author, reason, now)
                .await?;
        }
        self.submit(plan, places, proposal, now).await.map(Some)
    }

    /// Puts a change in force whose turn it is; none when somebody else has done something with it.
    ///
    /// # Errors
    /// When it does not fit any more: it is then refused and alarmed, and what is live stays.
    pub(super) async fn take_force(
        &self,
        found: &Recorded,
        change: Change,
        now: Timestamp,
    ) -> Result<Option<Change>, ChangeError> {
        loop {
            let live = self.store.live().await?.unwrap_or_default();
            if let Some(why) = self.unfit(&change, &live).await? {
                return self.refuse(found, change, why, now).await;
            }
            let change = Change {
                state: ChangeState::InForce {
                    at: now,
                    revision: live.revision + 1,
                },
                ..change.clone()
            };
            if self.write(&change, Some(found)).await? {
                self.record().await;
                return Ok(Some(change));
            }
            let still = self.store.change(change.number).await?;
            if still.as_ref() != Some(found) {
                return Ok(None);
            }
        }
    }

    /// Why a change does not fit what is live now.
    async fn unfit(&self, change: &Change, live: &Live) -> Result<Option<String>, ChangeError> {
        for changed in &change.items {
            let version = live.versions.get(&changed.item).copied().unwrap_or(0);
            if version != changed.from {
                return Ok(Some(format!(
                    "it was made against {}@{}, and version {version} is live",
                    changed.item, changed.from
                )));
            }
        }
        let mut wished = live.book.clone();
        match self.put(change, &mut wished).await {
            Ok(()) => {}
            Err(error @ StoreError::Unreadable { .. }) => return Ok(Some(error.to_string())),
            Err(other) => return Err(other.into()),
        }
        let before = Some(&live.book);
        let faults = self
            .rules
            .faults(&wished, before, &Places::default(), "(the change)");
        let mut errors = faults.0.iter().filter(|it| it.is_error());
        Ok(errors.next().map(|first| {
            let more = errors.count();
            let more = if more == 0 {
                String::new()
            } else {
                format!(" (and {more} more)")
            };
            format!("{} = {}: {}{more}", first.path, first.value, first.problem)
        }))
    }

    async fn refuse(
        &self,
        found: &Recorded,
        change: Change,
        why: String,
        now: Timestamp,
    ) -> Result<Option<Change>, ChangeError> {
        let number = change.number;
        let refused = Change {
            state: ChangeState::Refused {
                at: now,
                why: why.clone(),
            },
            ..change
        };
        if !self.write(&refused, Some(found)).await? {
            return Ok(None);
        }
        metrics::counter!("siaga_changes_refused_total").increment(1);
        tracing::error!(
            change = number,
            why,
            "a change was not put in force; what is live stays"
        );
        let alarm = Alarm::ChangeRefused {
            change: number,
            why: why.clone(),
        };
        self.alarm(alarm, now).await;
        Err(ChangeError::Refused { number, why })
    }

    /// Puts an alarm about changes into their ledger. It has been told in the log already, so a Redis
    /// that is away loses no more than its place there.
    pub async fn alarm(&self, alarm: Alarm, now: Timestamp) {
        let unit = Unit {
            facts: vec![Fact {
                at: now,
                complaint: None,
                what: What::Alarm { alarm },
            }],
            ..Unit::default()
        };
        if let Err(error) = self.store.commit(Keys::FIRST, unit).await {
            tracing::error!(%error, "an alarm about a change is not in the ledger");
        }
    }

    pub(super) async fn write(
        &self,
        change: &Change,
        before: Option<&Recorded>,
    ) -> Result<bool, StoreError> {
        let known = BTreeMap::new();
        let written = self.store.write_change(change, before, &known).await?;
        Ok(written == Written::Done)
    }

    /// The ledger's facts follow at once; if not, a running service puts them there.
    async fn record(&self) {
        if let Err(error) = self.store.record_changes().await {
            tracing::warn!(%error, "the change is in force, and its fact is not in the ledger yet");
        }
    }

    async fn last_in_force(&self) -> Result<Option<Box<Change>>, StoreError> {
        let last = self.store.changes(16).await?.into_iter();
        let mut last = last.map(|found| found.change);
        let in_force = last.find(|it| matches!(it.state, ChangeState::InForce { .. }));
        Ok(in_force.map(Box::new))
    }
}

/// What differs as items of a change, and their contents by name.
fn changed(live: &Live, wished: &Rulebook) -> (Vec<ChangedItem>, BTreeMap<String, String>) {
    let (before, after) = (live.book.contents(), wished.contents());
    let mut contents = BTreeMap::new();
    let mut items = Vec::new();
    let all: std::collections::BTreeSet<&Item> = before.keys().chain(after.keys()).collect();
    for item in all {
        let from = live.versions.get(item).copied().unwrap_or(0);
        // An empty directory that was never written down is not the one that is live.
        if before.get(item) == after.get(item) && from > 0 {
            continue;
        }
        let content = after.get(item).map(ToString::to_string);
        let sha256 = content.map(|content| {
            let name = sha256(&content);
            contents.insert(name.clone(), content);
            name
        });
        items.push(ChangedItem {
            item: item.clone(),
            from,
            sha256,
        });
    }
    (items, contents)
}
