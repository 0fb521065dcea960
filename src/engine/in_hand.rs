//! The attempts that this process has in hand: committed, and not settled yet.
//!
//! An attempt whose time runs out counts as lost with its process. One that waits here for room, or for
//! a slow gateway, is not lost: without this it would be begun again beside itself, and the person paged
//! twice although nothing died.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::domain::id::PageId;

/// The attempts in hand: for each page, by which of its lines.
#[derive(Debug, Clone, Default)]
pub(super) struct InHand(Arc<Mutex<HashMap<PageId, Vec<usize>>>>);

/// An attempt in hand, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    all: InHand,
    page: PageId,
    line: usize,
}

impl InHand {
    /// Takes an attempt in hand.
    pub(super) fn take(&self, page: &PageId, line: usize) -> Held {
        self.lock().entry(page.clone()).or_default().push(line);
        Held {
            all: self.clone(),
            page: page.clone(),
            line,
        }
    }

    /// By which of a page's lines an attempt is in hand.
    pub(super) fn lines(&self, page: &PageId) -> Vec<usize> {
        self.lock().get(page).cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PageId, Vec<usize>>> {
        // Nothing panics between two changes, so what a poisoned lock guards is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        let Some(lines) = all.get_mut(&self.page) else {
            return;
        };
        if let Some(place) = lines.iter().position(|line| *line == self.line) {
            lines.swap_remove(place);
        }
        if lines.is_empty() {
            all.remove(&self.page);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_out_of_hand() {
        let all = InHand::default();
        let page = PageId::parse("A1:1:budi").unwrap();
        let (first, again, other) = (all.take(&page, 0), all.take(&page, 0), all.take(&page, 2));
        drop(first);
        let mut lines = all.lines(&page);
        lines.sort_unstable();
        assert_eq!(lines, [0, 2]);
        drop((again, other));
        assert_eq!(all.lines(&page), [0_usize; 0]);
        assert!(
            all.lock().is_empty(),
            "nothing is kept of pages that are settled"
        );
    }
}
