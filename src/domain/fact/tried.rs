//! By which ways a page was tried, and why each failed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::{Fact, What};
use crate::domain::{
    cost::Thrift,
    delivery::{ReceiptKind, Transport},
    id::{MethodId, PageId},
};

/// One way that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// By which contact method.
    pub method: MethodId,
    /// How it travelled; none when no request left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// The address, masked; none when no request left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How many attempts were made.
    pub attempts: u32,
    /// Why the last of them failed.
    pub why: String,
    /// When that was known.
    pub at: Timestamp,
}

/// By which ways a page was tried, in the order of their first attempts. `facts` are those of its
/// complaint's timeline: a page that travelled in a bundle was tried as the bundle was.
pub fn ways_tried(facts: &[Fact], page: &PageId) -> Vec<Tried> {
    let mut carriers = BTreeSet::from([page]);
    for fact in facts {
        if let What::Bundled { page: member, into } = &fact.what
            && member == page
        {
            carriers.insert(into);
        }
    }
    let mut tried: Vec<Tried> = Vec::new();
    for fact in facts {
        let (of, method, why) = match &fact.what {
            What::AttemptBegun { page, method, .. } => (page, method, None),
            What::AttemptFailed {
                page,
                method,
                gateway,
                kind,
                detail,
                ..
            } => {
                let why = format!("{gateway}: {} ({detail})", kind.as_str());
                (page, method, Some(why))
            }
            What::Receipt {
                page,
                method,
                receipt: ReceiptKind::Failed,
                why,
                ..
            } => {
                let why = why.as_ref();
                let why = why.map_or("it does not say why", |why| why.as_str());
                (page, method, Some(format!("receipt: failed ({why})")))
            }
            What::Spared { page, method, why } => {
                let why = match why {
                    Thrift::Easy => "passed over",
                    Thrift::Careful => "passed over: a ceiling of the costs comes near",
                    Thrift::Spent => "passed over: a ceiling of the costs is reached",
                };
                (page, method, Some(why.to_owned()))
            }
            _ => continue,
        };
        if !carriers.contains(of) {
            continue;
        }
        let place = tried.iter().position(|way| way.method == *method);
        let place = place.unwrap_or_else(|| {
            tried.push(Tried {
                method: method.clone(),
                transport: None,
                address: None,
                attempts: 0,
                why: "the gateway's answer never came".to_owned(),
                at: fact.at,
            });
            tried.len() - 1
        });
        let Some(way) = tried.get_mut(place) else {
            continue;
        };
        if let What::AttemptBegun {
            transport,
            address,
            attempt,
            ..
        } = &fact.what
        {
            way.transport = Some(*transport);
            way.address = Some(address.clone());
            way.attempts = way.attempts.max(*attempt);
        }
        if let Some(why) = why {
            way.why = why;
            way.at = fact.at;
        }
    }
    tried
}
