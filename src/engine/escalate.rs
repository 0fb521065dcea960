//! Due complaints: claim, load, advance, commit.

use futures::future::join_all;

use super::Engine;
use crate::{
    domain::{
        escalation::{Input, Transition},
        fact::What,
        id::ComplaintId,
    },
    seam::{self, Seam},
    store::{Committed, Shard, StoreError},
};

/// Takes one batch of what is due in a shard; gives how many it took.
///
/// # Errors
/// When Redis is away; the leases then end by themselves.
pub async fn pass(engine: Engine, shard: Shard) -> Result<usize, StoreError> {
    let now = engine.clock.now();
    let ids: Vec<ComplaintId> = engine
        .claim(shard, now, |name| ComplaintId::parse(name).ok())
        .await?;
    if ids.is_empty() {
        return Ok(0);
    }
    seam::pass(Seam::DueClaimed);
    let world = engine.worlds.get();
    let found = engine.store.find_escalations(&ids).await?;
    let mut commits = Vec::with_capacity(ids.len());
    let present = engine.present(shard, &ids, found).await?;
    let policies = present.iter().map(|loaded| &loaded.value.policy);
    let world = engine.store.covering(&world, policies).await?;
    for loaded in present {
        let Some(context) = world.context(&loaded.value.policy) else {
            continue;
        };
        let transition = loaded.value.advance(context, Input::TimerFired, now);
        observe(&transition, now);
        let unit = engine.store.unit_of(loaded.version, &transition, now);
        commits.push(engine.store.commit(shard, unit));
    }
    for outcome in join_all(commits).await {
        // Whoever changed it in the meantime has also set its next wake time.
        if outcome? == Committed::Conflict {
            metrics::counter!("siaga_conflicts_total", "machine" => "escalation").increment(1);
        }
    }
    seam::pass(Seam::DueCommitted);
    Ok(ids.len())
}

/// Counts what happened, and tells the operators what they must know.
pub(super) fn observe(transition: &Transition, now: jiff::Timestamp) {
    let complaint = &transition.state.complaint.id;
    for fact in &transition.facts {
        match fact {
            What::Missed { deadline, .. } => {
                metrics::counter!("siaga_misses_total").increment(1);
                metrics::histogram!("siaga_lateness_seconds")
                    .record(now.duration_since(*deadline).as_secs_f64().max(0.0));
            }
            What::Paged { .. } => metrics::counter!("siaga_pages_total").increment(1),
            What::Acknowledged { .. } => {
                metrics::counter!("siaga_acknowledgements_total").increment(1);
            }
            What::Alarm { alarm } => {
                metrics::counter!("siaga_alarms_total").increment(1);
                tracing::warn!(complaint.ticket = %complaint, ?alarm, "alarm");
            }
            _ => {}
        }
    }
}
