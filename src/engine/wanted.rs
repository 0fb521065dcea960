//! Whether complaints still want what is about to leave: asked just before, so that nobody is paged
//! after answering, and a bundle lists only what is still to be said.

use super::Engine;
use crate::{
    domain::{
        fact::CancelReason,
        id::{ComplaintId, PageId},
        message::Content,
        page::{Input, Page, Phase},
    },
    store::{Loaded, StoreError, Versioned},
};

impl Engine {
    /// Whether complaints still want these pages. One that cannot be read is taken to: a page too
    /// many is better than silence.
    pub(super) async fn want(
        &self,
        pages: &[(ComplaintId, PageId)],
    ) -> Result<Vec<bool>, StoreError> {
        let complaints: Vec<ComplaintId> = pages
            .iter()
            .map(|(complaint, _)| complaint.clone())
            .collect();
        let found = self.store.find_escalations(&complaints).await?;
        Ok(pages
            .iter()
            .zip(found)
            .map(|((_, page), found)| match found {
                Loaded::There(escalation) => escalation.value.wants(page),
                Loaded::Absent => false,
                Loaded::Unreadable { .. } => true,
            })
            .collect())
    }

    /// What of each of these pages is no longer wanted: itself, or some of what a bundle carries. One
    /// about no complaint always is.
    pub(super) async fn unwanted_of(
        &self,
        pages: &[Versioned<Page>],
    ) -> Result<Vec<Vec<PageId>>, StoreError> {
        let brought: Vec<_> = pages.iter().map(|page| page.value.brings()).collect();
        let mut wanted = self.want(&brought.concat()).await?.into_iter();
        let mut is_unwanted = move || wanted.next() == Some(false);
        Ok(brought
            .into_iter()
            .map(|brought| {
                let unwanted = brought.into_iter().filter(|_| is_unwanted());
                unwanted.map(|(_, page)| page).collect()
            })
            .collect())
    }

    /// What is left to be said of a page that has waited: its complaints are asked once more whether
    /// they still want it. None when nothing is.
    pub(super) async fn asked_again(&self, known: Versioned<Page>) -> Option<Versioned<Page>> {
        let unwanted = self.unwanted_of(std::slice::from_ref(&known)).await;
        // They cannot be asked: a page too many is better than silence.
        let unwanted = unwanted.unwrap_or_default().pop().unwrap_or_default();
        let Some(input) = no_longer_wanted(&known.value, unwanted) else {
            return Some(known);
        };
        let page = &known.value;
        match self
            .advance_page(&page.responder, &page.id, None, input)
            .await
        {
            Ok(Some(page)) if page.value.phase == Phase::Open => Some(page),
            Ok(_) => None,
            Err(error) => {
                // It does not leave all the same; when its time has run out it is asked about anew.
                tracing::error!(page.id = %page.id, %error, "a page is not cancelled yet");
                None
            }
        }
    }
}

/// What becomes of a page of which this much is no longer wanted; nothing, if all of it is.
pub(super) fn no_longer_wanted(page: &Page, unwanted: Vec<PageId>) -> Option<Input> {
    if unwanted.is_empty() {
        return None;
    }
    let why = CancelReason::Superseded;
    Some(match page.content {
        Content::Bundle(_) => Input::Dropped(unwanted.into_iter().map(|it| (it, why)).collect()),
        Content::Alert(_) | Content::Reply(_) => Input::Cancelled(why),
    })
}
