//! Receipts that were handed over to their pages.
//!
//! A receipt may let a page go another way at once, or meet one whose next request is due. So its
//! complaints are asked first whether they still want it: the call to stop it may be on its way here, and
//! nobody is paged after answering.

use std::collections::BTreeMap;

use super::{Engine, wanted::no_longer_wanted};
use crate::{
    domain::{
        delivery::ReceiptKind,
        id::{PageId, ResponderId},
        page::{Input, Page, Phase},
    },
    store::{Loaded, Shard, StoreError, Versioned},
};

/// A receipt for a page.
pub(super) struct Receipt {
    pub(super) page: PageId,
    pub(super) responder: ResponderId,
    pub(super) input: Input,
}

impl Receipt {
    /// Whether a request may leave because of it.
    fn may_let_leave(&self, page: &Page, now: jiff::Timestamp) -> bool {
        let failed = matches!(
            self.input,
            Input::Receipt {
                kind: ReceiptKind::Failed,
                ..
            }
        );
        page.phase == Phase::Open && (failed || page.wake_at().is_some_and(|at| at <= now))
    }
}

impl Engine {
    /// Gives receipts to their pages.
    ///
    /// # Errors
    /// When Redis is away; those that were given do nothing the second time.
    pub(super) async fn take_receipts(&self, receipts: Vec<Receipt>) -> Result<(), StoreError> {
        let mut by_shard: BTreeMap<Shard, Vec<Receipt>> = BTreeMap::new();
        for receipt in receipts {
            let shard = self.store.keys().shard_of_responder(&receipt.responder);
            by_shard.entry(shard).or_default().push(receipt);
        }
        for (shard, receipts) in by_shard {
            let ids: Vec<PageId> = receipts.iter().map(|it| it.page.clone()).collect();
            let found = self.store.find_pages(shard, &ids).await?;
            self.take_receipts_of(receipts, found).await?;
        }
        Ok(())
    }

    async fn take_receipts_of(
        &self,
        receipts: Vec<Receipt>,
        found: Vec<Loaded<Page>>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (mut known, mut asked) = (Vec::new(), Vec::new());
        for (receipt, found) in receipts.into_iter().zip(found) {
            match found {
                Loaded::There(page) => {
                    if receipt.may_let_leave(&page.value, now) {
                        asked.push(page.clone());
                    }
                    known.push((receipt, page));
                }
                Loaded::Absent => {
                    tracing::warn!(page.id = %receipt.page, "a receipt for a page that is not there");
                }
                Loaded::Unreadable { key, why, .. } => {
                    self.store.bury_machine(&key, &why, Some(now)).await?;
                }
            }
        }
        let unwanted = self.unwanted_of(&asked).await?;
        let mut unwanted: BTreeMap<PageId, Vec<PageId>> = asked
            .into_iter()
            .map(|page| page.value.id)
            .zip(unwanted)
            .collect();
        for (receipt, page) in known {
            let stop = unwanted
                .remove(&receipt.page)
                .and_then(|unwanted| no_longer_wanted(&page.value, unwanted));
            match self.take_receipt(receipt, page, stop).await {
                Err(StoreError::Unreadable { key, why }) => {
                    self.store.bury_machine(&key, &why, Some(now)).await?;
                }
                taken => taken?,
            }
        }
        Ok(())
    }

    async fn take_receipt(
        &self,
        receipt: Receipt,
        page: Versioned<Page>,
        stop: Option<Input>,
    ) -> Result<(), StoreError> {
        let Receipt {
            page: id,
            responder,
            input,
        } = receipt;
        let known = match stop {
            Some(stop) => self.advance_page(&responder, &id, Some(page), stop).await?,
            None => Some(page),
        };
        self.advance_page(&responder, &id, known, input).await?;
        Ok(())
    }
}
