//! What of a bundle's facts concerns one of the pages that it carried.

use std::collections::BTreeSet;

use super::{Fact, What};
use crate::domain::id::PageId;

/// Of a bundle's facts, in the order of the ledger, those that concern this member: all until it was
/// taken out, and after that how the messages fared that had named it. Whoever reads its complaint's
/// timeline must not see a message that left without it.
pub fn facts_of(member: &PageId, bundle: Vec<Fact>) -> Vec<Fact> {
    let mut named = BTreeSet::new();
    let mut is_out = false;
    let mut kept = Vec::new();
    for fact in bundle {
        let keep = match &fact.what {
            What::PageCancelled { page, .. } if page == member => {
                is_out = true;
                true
            }
            // Another member's, or the bundle's own, which says nothing more to this one.
            What::PageCancelled { page, .. } => !is_out && page.is_bundle(),
            What::AttemptBegun {
                method, attempt, ..
            } => {
                let attempt = (method.clone(), *attempt);
                if is_out {
                    named.remove(&attempt);
                } else {
                    named.insert(attempt);
                }
                !is_out
            }
            What::AttemptSent {
                method, attempt, ..
            }
            | What::AttemptFailed {
                method, attempt, ..
            }
            | What::Receipt {
                method, attempt, ..
            } => named.contains(&(method.clone(), *attempt)),
            _ => !is_out,
        };
        if keep {
            kept.push(fact);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::domain::{
        delivery::{ReceiptKind, Transport},
        fact::CancelReason,
        id::MethodId,
    };

    #[test]
    fn a_message_that_left_without_it_is_not_its_own() {
        let page = |id: &str| PageId::parse(id).unwrap();
        let (mine, other, bundle) = (page("A1:1:budi"), page("A2:1:budi"), page("A2:1:budi:b"));
        let method = |id: &str| MethodId::parse(id).unwrap();
        let begun = |by: &str| What::AttemptBegun {
            page: bundle.clone(),
            method: method(by),
            transport: Transport::Sms,
            attempt: 1,
            address: "+628".to_owned(),
            repeated: false,
            late: SignedDuration::ZERO,
        };
        let told = |by: &str| What::Receipt {
            page: bundle.clone(),
            method: method(by),
            attempt: 1,
            receipt: ReceiptKind::Delivered,
            why: None,
        };
        let out = |page: &PageId| What::PageCancelled {
            page: page.clone(),
            why: CancelReason::Acknowledged,
        };
        let all = [
            begun("sms"),
            out(&other),
            out(&mine),
            begun("mail"),
            told("sms"),
            told("mail"),
            out(&bundle),
        ];
        let facts = all.iter().map(|what| Fact {
            at: Timestamp::UNIX_EPOCH,
            complaint: None,
            what: what.clone(),
        });
        let kept = facts_of(&mine, facts.collect());
        let kept: Vec<_> = kept.into_iter().map(|fact| fact.what).collect();
        assert_eq!(kept, [begun("sms"), out(&mine), told("sms")]);
    }
}
