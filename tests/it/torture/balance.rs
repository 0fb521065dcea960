//! The balance of a torture run: what was due, by what people said and when it was taken, against what the ledger
//! has and what arrived at the gateway.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use siaga::{
    clock::{Clock, SystemClock},
    domain::{
        delivery::ReceiptKind,
        fact::{Fact, What},
        id::{ComplaintId, PageId},
        page::parse_reference,
    },
    store::{Side, Store},
};

use super::{
    people::Said,
    troubles::{Kind, Trouble},
};
use crate::support::{gateway::Request, night::facts};

/// After a trouble what it delayed may still be late: a lease that runs out, a back-off, a failover.
const AFTERMATH: SignedDuration = SignedDuration::from_secs(15);
/// What may leave after an answer: it was asked about just before.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(8);

/// What a run came to.
#[derive(Debug, Default)]
pub(super) struct Balance {
    complaints: usize,
    troubles: BTreeMap<Kind, usize>,
    due: usize,
    missed: usize,
    kept: usize,
    pages: usize,
    brought: usize,
    called_back: usize,
    given_up: usize,
    messages: usize,
    requests: usize,
    taken_twice: usize,
    replies: usize,
    receipts: usize,
    answers: usize,
    after_the_answer: usize,
    late: Lateness,
    late_in_calm: Lateness,
    latest: Vec<String>,
    facts: usize,
    faults: Vec<String>,
}

/// How late actions were.
#[derive(Debug, Default)]
struct Lateness(Vec<SignedDuration>);

impl Lateness {
    fn share(&self, percent: usize) -> SignedDuration {
        let last = self.0.len().saturating_sub(1);
        let place = last * percent / 100;
        self.0.get(place).copied().unwrap_or_default()
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = |percent| self.share(percent).as_millis();
        write!(
            f,
            "{} actions, half within {} ms, 99 % within {} ms, the latest {} ms",
            self.0.len(),
            milliseconds(50),
            milliseconds(99),
            milliseconds(100)
        )
    }
}

impl Balance {
    /// Draws it, when nothing is left to be done.
    pub(super) async fn draw(
        store: &Store,
        said: &Said,
        troubles: &[Trouble],
        requests: &[Request],
    ) -> Self {
        let complaints = facts(store, Side::Complaints).await;
        let responders = facts(store, Side::Responders).await;
        let letters = store.dead_letters(10).await.expect("Redis");
        let mut balance = Self {
            complaints: said.complaints.len(),
            facts: complaints.len() + responders.len(),
            requests: requests.len(),
            replies: said.replies.len(),
            receipts: said.receipts.len(),
            ..Self::default()
        };
        for trouble in troubles {
            *balance.troubles.entry(trouble.kind).or_default() += 1;
        }
        if !letters.is_empty() {
            balance.fault(format!("dead letters: {letters:?}"));
        }
        balance.promises(&complaints, said);
        balance.every_page(&complaints, &responders, requests);
        balance.every_word(&responders, said);
        balance.twice(requests, troubles);
        balance.after_answers(&complaints, requests, troubles);
        balance.lateness(&complaints, &responders, said, troubles);
        balance
    }

    fn fault(&mut self, text: String) {
        self.faults.push(text);
    }

    /// Every complaint that was taken is there, and was missed once, or not, as people kept it.
    fn promises(&mut self, facts: &[Fact], said: &Said) {
        let mut opened: HashMap<&str, usize> = HashMap::new();
        let mut missed: HashMap<&str, usize> = HashMap::new();
        for fact in facts {
            let Some(id) = fact.complaint.as_ref().map(ComplaintId::as_str) else {
                continue;
            };
            match fact.what {
                What::Opened { .. } => *opened.entry(id).or_default() += 1,
                What::Missed { .. } => *missed.entry(id).or_default() += 1,
                _ => {}
            }
        }
        let close = SignedDuration::from_millis(500);
        for (id, complaint) in &said.complaints {
            let times = opened.get(id.as_str()).copied().unwrap_or_default();
            if times != 1 {
                self.fault(format!("{id} was taken in and opened {times} times"));
            }
            let misses = missed.get(id.as_str()).copied().unwrap_or_default();
            let deadline = complaint.deadline;
            let (least, most) = match complaint.progressed {
                Some(told) if told.taken < deadline - close => (0, 0),
                Some(told) if told.first <= deadline + close => (0, 1),
                _ => (1, 1),
            };
            self.due += least;
            self.missed += misses;
            self.kept += usize::from(most == 0);
            if !(least..=most).contains(&misses) {
                let story = story(facts, id);
                self.fault(format!(
                    "{id}, due at {deadline}, was missed {misses} times instead of {least} to {most}: {complaint:?}\n{story}"
                ));
            }
        }
    }

    /// Every page was brought by a message that the gateway took, or has an end on record.
    fn every_page(&mut self, ordered: &[Fact], told: &[Fact], requests: &[Request]) {
        let taken: BTreeSet<PageId> = requests
            .iter()
            .filter(|request| request.is_accepted())
            .filter_map(|request| Some(parse_reference(request.reference())?.0))
            .collect();
        let mut carriers: HashMap<&PageId, &PageId> = HashMap::new();
        let (mut cancelled, mut failed) = (BTreeSet::new(), BTreeSet::new());
        for fact in told {
            match &fact.what {
                What::Bundled { page, into } => drop(carriers.insert(page, into)),
                What::PageCancelled { page, .. } => drop(cancelled.insert(page)),
                What::PageFailed { page, .. } => drop(failed.insert(page)),
                _ => {}
            }
        }
        let mut ordered_once = BTreeSet::new();
        for fact in ordered {
            let What::Paged { page, .. } = &fact.what else {
                continue;
            };
            self.pages += 1;
            if !ordered_once.insert(page) {
                self.fault(format!("{page} was ordered twice"));
            }
            let carrier = carriers.get(page).copied().unwrap_or(page);
            if taken.contains(carrier) || taken.contains(page) {
                self.brought += 1;
            } else if cancelled.contains(carrier) || cancelled.contains(page) {
                self.called_back += 1;
            } else if failed.contains(carrier) {
                self.given_up += 1;
            } else {
                let own = told.iter().filter(|fact| {
                    let text = format!("{:?}", fact.what);
                    text.contains(carrier.as_str()) || text.contains(page.as_str())
                });
                let story: Vec<String> = own
                    .map(|fact| format!("    {} {:?}", fact.at, fact.what))
                    .collect();
                let story = story.join("\n");
                self.fault(format!(
                    "{page}, carried by {carrier}, never arrived\n{story}"
                ));
            }
        }
        self.messages = taken.len();
    }

    /// Every reply and every receipt is recorded once: what came twice changes nothing.
    fn every_word(&mut self, facts: &[Fact], said: &Said) {
        let mut heard: HashMap<String, usize> = HashMap::new();
        let mut delivered: HashMap<(&PageId, u32), usize> = HashMap::new();
        for fact in facts {
            match &fact.what {
                What::Replied { reply, .. } => *heard.entry(reply.clone()).or_default() += 1,
                What::Receipt {
                    page,
                    attempt,
                    receipt: ReceiptKind::Delivered,
                    ..
                } => *delivered.entry((page, *attempt)).or_default() += 1,
                _ => {}
            }
        }
        for reply in &said.replies {
            let times = heard.get(&format!("kannel.{reply}")).copied();
            if times != Some(1) {
                self.fault(format!("the reply {reply} is recorded {times:?} times"));
            }
        }
        for reference in &said.receipts {
            let Some((page, send)) = parse_reference(reference) else {
                continue;
            };
            if page.as_str().starts_with("r:") {
                continue; // An answer to somebody who wrote: nobody waits for it to arrive.
            }
            let times = delivered.get(&(&page, send.attempt)).copied();
            if times != Some(1) {
                self.fault(format!(
                    "the receipt of {reference} is recorded {times:?} times"
                ));
            }
        }
    }

    /// What the gateway took twice has a trouble that explains it.
    fn twice(&mut self, requests: &[Request], troubles: &[Trouble]) {
        let mut first: HashMap<&str, &Request> = HashMap::new();
        let after = Duration::try_from(AFTERMATH).expect("seconds");
        for request in requests.iter().filter(|request| request.is_accepted()) {
            let Some(before) = first.insert(request.reference(), request) else {
                continue;
            };
            self.taken_twice += 1;
            let explains = |trouble: &Trouble| {
                before.arrived <= trouble.ended + after && request.arrived >= trouble.began
            };
            if !troubles.iter().any(explains) {
                self.fault(format!(
                    "{} came twice without a cause",
                    request.reference()
                ));
            }
        }
    }

    /// Nobody is asked about a complaint for which somebody has answered.
    fn after_answers(&mut self, facts: &[Fact], requests: &[Request], troubles: &[Trouble]) {
        let mut answered: HashMap<&ComplaintId, Timestamp> = HashMap::new();
        for fact in facts {
            if let (What::Acknowledged { .. } | What::Progressed { .. }, Some(id)) =
                (&fact.what, &fact.complaint)
            {
                self.answers += usize::from(matches!(fact.what, What::Acknowledged { .. }));
                answered.entry(id).or_insert(fact.at);
            }
        }
        // The gateway keeps another clock than the ledger.
        let now = (Instant::now(), SystemClock.now());
        let wall = |request: &Request| {
            let ago = now.0.duration_since(request.arrived);
            now.1 - SignedDuration::try_from(ago).expect("within the run")
        };
        for request in requests {
            let Some((complaint, _)) =
                parse_reference(request.reference()).and_then(|(page, _)| page.parts())
            else {
                continue; // A bundle, or an answer to somebody who wrote.
            };
            let Some(at) = answered.get(&complaint) else {
                continue;
            };
            let arrived = wall(request);
            if arrived.duration_since(*at) <= ON_ITS_WAY {
                continue;
            }
            let was_stopped = troubles.iter().any(|it| {
                it.kind == Kind::Stopped && it.from <= arrived && *at <= it.until + AFTERMATH
            });
            if was_stopped {
                self.after_the_answer += 1;
            } else {
                self.fault(format!(
                    "{} arrived {:#} after the answer",
                    request.reference(),
                    arrived.duration_since(*at)
                ));
            }
        }
    }

    /// How late everything was that had its time.
    fn lateness(
        &mut self,
        complaints: &[Fact],
        responders: &[Fact],
        said: &Said,
        troubles: &[Trouble],
    ) {
        let mut all = Vec::new();
        for fact in complaints {
            let (due, kind) = match &fact.what {
                What::Missed { deadline, .. } => (*deadline, "a miss"),
                What::Stepped { due_at, .. } => (*due_at, "a step"),
                What::Warned { due_at, .. } => (*due_at, "a warning"),
                _ => continue,
            };
            let id = fact.complaint.as_ref().map(ComplaintId::as_str);
            let told = id.and_then(|id| said.complaints.get(id)?.opened);
            // What comes overdue is due when it comes.
            let due = due.max(told.map_or(due, |told| told.taken)).min(fact.at);
            all.push((due, fact.at.duration_since(due), kind));
        }
        for fact in responders {
            if let What::AttemptBegun { late, page, .. } = &fact.what {
                let due = fact.at - *late;
                let told = page
                    .parts()
                    .and_then(|(id, _)| said.complaints.get(id.as_str())?.opened);
                let due = due.max(told.map_or(due, |told| told.taken)).min(fact.at);
                all.push((due, fact.at.duration_since(due), "a message"));
            }
        }
        let is_calm = |due: Timestamp| {
            !troubles.iter().any(|it| {
                it.from - SignedDuration::from_secs(1) <= due && due <= it.until + AFTERMATH
            })
        };
        let calm = all.iter().filter(|(due, _, _)| is_calm(*due));
        self.late_in_calm.0 = calm.map(|(_, late, _)| *late).collect();
        all.sort_by_key(|(_, late, _)| std::cmp::Reverse(*late));
        for (due, late, kind) in all.iter().take(3) {
            let around = troubles
                .iter()
                .filter(|it| it.from - AFTERMATH <= *due + *late && *due <= it.until + AFTERMATH);
            let around: Vec<String> = around
                .map(|it| {
                    format!(
                        "{:?} from {} to {} ms",
                        it.kind,
                        it.from.duration_since(*due).as_millis(),
                        it.until.duration_since(*due).as_millis()
                    )
                })
                .collect();
            self.latest.push(format!(
                "{kind} {} ms after its time; {}",
                late.as_millis(),
                around.join(", ")
            ));
        }
        self.late.0 = all.into_iter().map(|(_, late, _)| late).collect();
        self.late.0.sort();
        self.late_in_calm.0.sort();
    }

    /// Fails with everything that does not hold.
    pub(super) fn must_hold(&self) {
        let shown = self.faults.len().min(20);
        assert!(
            self.faults.is_empty(),
            "{} things do not hold:\n{}",
            self.faults.len(),
            self.faults[..shown].join("\n")
        );
        for kind in [Kind::Killed, Kind::Redis] {
            assert!(
                self.troubles.contains_key(&kind),
                "no {kind:?} was met: {self}"
            );
        }
        assert!(self.due > 0 && self.kept > 0 && self.brought > 0 && self.replies > 0);
    }
}

/// What the ledger has of a complaint, for whoever looks into a fault.
fn story(facts: &[Fact], id: &str) -> String {
    let own = facts.iter().filter(|fact| {
        let complaint = fact.complaint.as_ref();
        complaint.is_some_and(|it| it.as_str() == id)
    });
    let lines = own.map(|fact| format!("    {} {:?}", fact.at, fact.what));
    lines.collect::<Vec<_>>().join("\n")
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  {} complaints, {} facts; troubles: {:?}",
            self.complaints, self.facts, self.troubles
        )?;
        writeln!(
            f,
            "  promises: {} surely broken, {} surely kept, {} misses recorded",
            self.due, self.kept, self.missed
        )?;
        writeln!(
            f,
            "  pages: {} ordered, {} brought, {} called back, {} given up on record",
            self.pages, self.brought, self.called_back, self.given_up
        )?;
        writeln!(
            f,
            "  gateway: {} requests, {} messages, {} taken twice, {} after an answer by a service that was stopped",
            self.requests, self.messages, self.taken_twice, self.after_the_answer
        )?;
        writeln!(
            f,
            "  people: {} replies, {} acknowledgements, {} receipts",
            self.replies, self.answers, self.receipts
        )?;
        writeln!(f, "  lateness: {}", self.late)?;
        writeln!(
            f,
            "  lateness of what fell due in calm: {}",
            self.late_in_calm
        )?;
        for latest in &self.latest {
            writeln!(f, "    {latest}")?;
        }
        write!(f, "  lost or without a cause: {}", self.faults.len())
    }
}
