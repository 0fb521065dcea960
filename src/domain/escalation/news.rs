//! News: a short word to those who were paged about a complaint and need not answer any more.
//!
//! They are no pages. They ask nothing, wake nobody, and go by the way that carried the page, to
//! whoever it really reached. What falls into the same minute is one message to a person; what would
//! come at night waits for the morning, and tells then what is true by then.

use jiff::Timestamp;

use super::{Effect, Escalation, Paging, Step};
use crate::domain::{
    calendar::Calendar,
    fact::NewsKind,
    id::{ComplaintId, PageId, ResponderId},
    message::News,
    policy::Updates,
};

/// From this hour on people may be told what is no page.
const MORNING: u16 = 6;
/// Until this hour.
const EVENING: u16 = 21;
/// What falls into one such span goes together.
const TOGETHER: i64 = 60;

/// An order to tell one person that they need not answer any more.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct NewsOrder {
    /// Whom.
    pub responder: ResponderId,
    /// The page that asked them. Only if something of it left are they told.
    pub page: PageId,
    /// About which complaint.
    pub complaint: ComplaintId,
    /// How often people had been paged by then: a later page takes the news' place.
    pub pagings: u32,
    /// The progress that the promise followed then: a later one is news too, also where it has begun
    /// the next promise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Timestamp>,
    /// What is new.
    pub news: News,
    /// When they may be told.
    pub at: Timestamp,
}

impl Step<'_> {
    /// Orders news for everybody whose page waits for an answer, but for whoever just gave one.
    pub(super) fn tell_news(&mut self, but: Option<&ResponderId>, news: &News) {
        let Some(at) = when(self.context.policy.updates, self.context.calendar, self.now) else {
            return;
        };
        for (responder, page) in &self.state.told {
            let Some(page) = page.as_ref().filter(|_| Some(responder) != but) else {
                continue;
            };
            self.effects.push(Effect::News(Box::new(NewsOrder {
                responder: responder.clone(),
                page: page.clone(),
                complaint: self.state.complaint.id.clone(),
                pagings: self.state.pagings,
                after: self.state.promise.after,
                news: news.clone(),
                at,
            })));
        }
    }
}

impl Escalation {
    /// What an order of news has to tell now, if anything: what was new may have been overtaken.
    pub fn still_news(&self, order: &NewsOrder) -> Option<News> {
        let paged_since = self.pagings != order.pagings;
        // They were paged themselves since the last progress, and it is not over.
        if paged_since && self.told.contains_key(&order.responder) {
            return None;
        }
        let promise = &self.promise;
        let renewed = promise.renewal && promise.after > order.after;
        let progressed = promise.is_kept() || renewed || order.news.kind() == NewsKind::Progressed;
        match &self.paging {
            Paging::Closed { .. } => Some(News::Closed),
            _ if progressed => Some(News::Progressed),
            // Who has it since others were paged again may be another.
            Paging::Acknowledged { .. } if !paged_since => Some(order.news.clone()),
            _ => None,
        }
    }
}

/// When news may go that come now; none when never.
fn when(updates: Updates, calendar: &Calendar, now: Timestamp) -> Option<Timestamp> {
    let together = || {
        let second = now.as_second().div_euclid(TOGETHER) * TOGETHER + TOGETHER;
        Timestamp::from_second(second).unwrap_or(now)
    };
    match updates {
        Updates::Never => None,
        Updates::Always => Some(together()),
        Updates::Daytime => {
            let at = together();
            let hour = calendar.local(at).hour().unsigned_abs().into();
            Some(if (MORNING..EVENING).contains(&hour) {
                at
            } else {
                calendar.next_hour(at, MORNING)
            })
        }
    }
}
