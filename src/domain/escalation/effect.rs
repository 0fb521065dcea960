//! What must be done outside because of an escalation.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{NewsOrder, Via};
use crate::domain::{
    fact::CancelReason,
    id::{ComplaintId, PageId, PostCode, ResponderId},
    message::{Alert, ReplyNote},
    policy::{DeliveryRule, Reach},
};

/// What must be done outside, as data. Crosses to the responder's shard through the outbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Effect {
    /// Tell a responder.
    Page(Box<PageOrder>),
    /// Stop a page: nothing of it may leave from now on.
    Cancel {
        /// Which.
        page: PageId,
        /// Whose.
        responder: ResponderId,
        /// Why.
        why: CancelReason,
    },
    /// A responder has nothing more to answer about this complaint: their code may rest.
    Release {
        /// Whose.
        responder: ResponderId,
        /// Which complaint.
        complaint: ComplaintId,
    },
    /// Tell somebody who was paged that they need not answer any more.
    News(Box<NewsOrder>),
    /// Tell somebody who answered what became of it.
    Confirm {
        /// Whom.
        responder: ResponderId,
        /// The reply's id.
        reply: String,
        /// The way back.
        via: Via,
        /// What to say.
        note: ReplyNote,
    },
}

/// An order to tell one responder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageOrder {
    /// The page's derived id.
    pub page: PageId,
    /// Who.
    pub responder: ResponderId,
    /// In which post.
    pub post: PostCode,
    /// By which methods.
    pub reach: Reach,
    /// How it goes from one method to the next.
    pub delivery: Arc<DeliveryRule>,
    /// What to say; the reply code is added on the responder's side.
    pub alert: Alert,
    /// When it ought to go.
    pub due_at: Timestamp,
}
