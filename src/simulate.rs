//! What comes next, and what came before, by the very function that does it: `advance`.
//!
//! [`upcoming`] lets nobody answer and looks ahead. [`replay()`] takes a complaint's facts, plays the
//! inputs they stand for once more, and tells where the two part. [`preview`] shows whom a policy would
//! tell of a complaint that might come. [`history`] makes lives of a record, [`compare`] plays them by a
//! candidate and by the policy in force, and [`outcome`] tells the difference.

pub mod compare;
pub mod history;
pub mod life;
pub mod outcome;
pub mod preview;
mod replay;
pub mod tally;
#[cfg(test)]
mod tests;
mod words;

use jiff::Timestamp;

pub use self::replay::{Divergence, replay};
use crate::domain::{
    escalation::{Context, Escalation, Input},
    fact::What,
    id::{PostCode, ResponderId},
};

/// Something that will happen unless somebody answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Upcoming {
    /// When.
    pub at: Timestamp,
    /// What will be recorded.
    pub facts: Vec<What>,
    /// Who will be told, and in which post.
    pub told: Vec<(ResponderId, PostCode)>,
}

/// The next `limit` things that will happen to a complaint if nothing comes from outside.
pub fn upcoming(state: &Escalation, context: Context<'_>, limit: usize) -> Vec<Upcoming> {
    let mut state = state.clone();
    let mut found = Vec::new();
    while found.len() < limit {
        let Some(at) = state.wake_at(&context) else {
            break;
        };
        let transition = state.advance(context, Input::TimerFired, at);
        let told = transition
            .facts
            .iter()
            .filter_map(|fact| match fact {
                What::Paged {
                    responder, post, ..
                } => Some((responder.clone(), post.clone())),
                _ => None,
            })
            .collect();
        let again = transition.wake_at == Some(at) && transition.facts.is_empty();
        found.push(Upcoming {
            at,
            facts: transition.facts,
            told,
        });
        if again {
            break; // It would stand still; nothing more can be foretold.
        }
        state = transition.state;
    }
    found.retain(|next| !next.facts.is_empty());
    found
}
