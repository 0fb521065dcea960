//! The balance of a seed: what was promised against what happened, by the ledger, by what the gateway
//! took, and by what lies in Redis at the end.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use jiff::{SignedDuration, Timestamp};
use redis::{RedisError, Value};
use siaga::{
    domain::{
        delivery::ReceiptKind,
        escalation::Paging,
        fact::{Fact, What},
        id::{ComplaintId, PageId},
        page::parse_reference,
    },
    store::{Peer, Side, Store},
};

use super::{
    life::moment,
    network::Request,
    plot::{Played, Troubles},
    redis::{Server, Words},
    stage::SECOND,
};
use crate::support::replayed;

/// What a seed came to.
#[derive(Debug, Default, Clone)]
pub struct Balance {
    pub events: u64,
    pub trace: u64,
    pub complaints: u64,
    pub facts: u64,
    pub pages: u64,
    pub requests: u64,
    pub misses: u64,
    pub answers: u64,
    /// Requests that the gateway took although it had taken the same before.
    pub taken_twice: u64,
    /// Of all misses, how long after its deadline the latest was recorded.
    pub latest: SignedDuration,
    pub deaths: u64,
    pub stops: u64,
    pub absences: u64,
    pub jumps: u64,
}

/// Reads the server, without weather.
struct Reader(Arc<Server>);

impl Peer for Reader {
    fn ask(&self, commands: Vec<Words>) -> BoxFuture<'static, Result<Vec<Value>, RedisError>> {
        let (answers, _) = self.0.run(&commands);
        async { Ok(answers) }.boxed()
    }

    fn hear(&self, _: &str) -> BoxFuture<'static, Option<BoxStream<'static, String>>> {
        async { None }.boxed()
    }
}

/// Draws the balance; whatever does not hold is told by a panic.
pub async fn draw(played: &Played) -> Balance {
    let store = Store::connect_to(Arc::new(Reader(played.server.clone())), "siaga", 1).await;
    let store = store.expect("the reader is there");
    let end = moment(&played.stage);
    let mut facts = Vec::new();
    for shard in store.keys().all_shards() {
        let verified = store
            .verify_ledger(shard)
            .await
            .expect("the reader answers");
        assert!(
            verified.fault.is_none(),
            "the ledger of {shard}: {:?}",
            verified.fault
        );
        facts.extend(ledger(&store, shard).await);
    }
    let ledger = Ledger::of(&facts);
    let replayed = replayed::all(&store, &played.worlds).await;
    assert_eq!(
        replayed,
        played.taken.iter().collect::<BTreeSet<_>>().len(),
        "complaints were lost"
    );
    ledger.each_miss_once();
    ledger.each_page_has_an_end(end);
    ledger.each_request_was_recorded(&played.requests);
    if played.troubles.jumps == 0 {
        ledger.nobody_is_paged_after_the_answer(&played.requests, &played.troubles);
    }
    let taken_twice = ledger.repeats_have_a_cause(&played.requests, &played.troubles);
    everything_has_its_next_moment(&store, played, end).await;
    let (events, trace) = played.stage.told();
    Balance {
        events,
        trace,
        complaints: played.taken.len() as u64,
        facts: facts.len() as u64,
        pages: ledger.paged.len() as u64,
        requests: played.requests.len() as u64,
        misses: ledger.missed.len() as u64,
        answers: ledger.answers,
        taken_twice,
        latest: ledger
            .missed
            .iter()
            .map(|(_, deadline, at)| at.duration_since(*deadline))
            .max()
            .unwrap_or_default(),
        deaths: played.troubles.deaths.len() as u64,
        stops: played.troubles.stops.len() as u64,
        absences: played.troubles.absences.len() as u64,
        jumps: played.troubles.jumps,
    }
}

async fn ledger(store: &Store, shard: siaga::store::Shard) -> Vec<Fact> {
    let (mut facts, mut from) = (Vec::new(), 1);
    loop {
        let page = store
            .read_ledger(shard, from)
            .await
            .expect("the reader answers");
        let Some(last) = page.last() else {
            return facts;
        };
        from = last.sequence + 1;
        facts.extend(
            page.iter()
                .map(|entry| serde_json::from_slice::<Fact>(&entry.fact).expect("a fact of ours")),
        );
    }
}

/// What the ledger tells, by what is asked of it.
#[derive(Default)]
struct Ledger<'f> {
    /// When a page was ordered, for which complaint, and the place of that in the ledger.
    paged: BTreeMap<&'f PageId, (Timestamp, &'f ComplaintId, usize)>,
    /// Pages that travelled in a bundle.
    bundled: HashMap<&'f PageId, &'f PageId>,
    begun: BTreeSet<(&'f PageId, u32)>,
    sent: BTreeSet<(&'f PageId, u32)>,
    /// Pages that were stopped or given up, on record.
    ended: BTreeSet<&'f PageId>,
    /// When pages of a complaint that were ordered before were called back, and the place of that.
    called_back: BTreeMap<&'f ComplaintId, Vec<(Timestamp, &'static str, usize)>>,
    missed: Vec<((&'f ComplaintId, u32), Timestamp, Timestamp)>,
    answers: u64,
    facts: &'f [Fact],
}

impl<'f> Ledger<'f> {
    fn of(facts: &'f [Fact]) -> Self {
        let mut ledger = Self {
            facts,
            ..Self::default()
        };
        for (place, fact) in facts.iter().enumerate() {
            ledger.take(place, fact);
        }
        ledger
    }

    fn take(&mut self, place: usize, fact: &'f Fact) {
        let complaint = fact.complaint.as_ref();
        let mut call_back = |why| {
            if let Some(complaint) = complaint {
                self.called_back
                    .entry(complaint)
                    .or_default()
                    .push((fact.at, why, place));
            }
        };
        match &fact.what {
            What::Acknowledged { waiting, .. } => {
                if waiting.is_empty() {
                    call_back("acknowledged");
                }
                self.answers += 1;
            }
            What::AllAnswered { .. } => call_back("acknowledged by all"),
            What::Progressed { .. } => call_back("progress"),
            What::Closed { .. } => call_back("closed"),
            What::Paged { page, .. } => {
                let complaint = complaint.expect("a page is about a complaint");
                let twice = self.paged.insert(page, (fact.at, complaint, place));
                assert!(twice.is_none(), "{page} was ordered twice");
            }
            What::Bundled { page, into } => {
                self.bundled.insert(page, into);
            }
            What::AttemptBegun { page, attempt, .. } => {
                self.begun.insert((page, *attempt));
            }
            What::AttemptSent { page, attempt, .. } => {
                self.sent.insert((page, *attempt));
            }
            // A request without an answer whose message arrived all the same, by a receipt.
            What::Receipt {
                page,
                receipt: ReceiptKind::Delivered,
                ..
            }
            | What::PageCancelled { page, .. }
            | What::PageFailed { page, .. } => {
                self.ended.insert(page);
            }
            What::Missed {
                promise, deadline, ..
            } => {
                let complaint = complaint.expect("a miss is a complaint's");
                self.missed
                    .push(((complaint, *promise), *deadline, fact.at));
            }
            _ => {}
        }
    }

    fn story_of(&self, reference: &str) -> String {
        let (page, _) = parse_reference(reference).expect("a reference of ours");
        self.paged
            .get(&page)
            .map_or_else(String::new, |(_, complaint, _)| self.story(complaint))
    }

    /// What the ledger has of a complaint and its pages, for whoever looks into a seed.
    fn story(&self, complaint: &ComplaintId) -> String {
        let about = |fact: &&Fact| format!("{fact:?}").contains(complaint.as_str());
        let mut story: Vec<&Fact> = self.facts.iter().filter(about).collect();
        story.sort_by_key(|fact| fact.at);
        let lines = story
            .iter()
            .map(|fact| format!("  {} {:?}", fact.at, fact.what));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn each_miss_once(&self) {
        let mut seen = BTreeSet::new();
        for (which, _, _) in &self.missed {
            assert!(seen.insert(which), "{which:?} was missed twice");
        }
    }

    /// A page that was ordered reached a gateway, or was stopped or given up on record.
    fn each_page_has_an_end(&self, end: Timestamp) {
        let tried: BTreeSet<&PageId> = self.sent.iter().map(|(page, _)| *page).collect();
        for (page, (ordered, complaint, _)) in &self.paged {
            if *ordered > end - SignedDuration::from_mins(5) {
                continue; // It may still be on its way.
            }
            let carried = self.bundled.get(page).copied();
            let ends = |page: &PageId| tried.contains(page) || self.ended.contains(page);
            assert!(
                ends(page) || carried.is_some_and(ends),
                "{page} of {ordered} was lost:\n{}",
                self.story(complaint)
            );
        }
    }

    /// Nothing leaves that is not recorded before, and nothing is called sent that never left.
    fn each_request_was_recorded(&self, requests: &[Request]) {
        let mut left = BTreeSet::new();
        for request in requests {
            let (page, send) = parse_reference(&request.reference).expect("a reference of ours");
            let recorded = self
                .begun
                .iter()
                .any(|(begun, attempt)| **begun == page && *attempt == send.attempt);
            assert!(recorded, "{} left without a record", request.reference);
            if request.taken.is_some() {
                left.insert((page, send.attempt));
            }
        }
        for (page, attempt) in &self.sent {
            assert!(
                left.contains(&((*page).clone(), *attempt)),
                "{page} ({attempt}) was called sent and never came"
            );
        }
    }

    /// What goes again under its reference has a cause: the first request went without a plain answer, or its
    /// life could not settle it. Gives how many the gateway took twice.
    fn repeats_have_a_cause(&self, requests: &[Request], troubles: &Troubles) -> u64 {
        let mut by_reference: BTreeMap<&str, Vec<&Request>> = BTreeMap::new();
        for request in requests {
            by_reference
                .entry(&request.reference)
                .or_default()
                .push(request);
        }
        let mut twice = 0;
        for (reference, requests) in by_reference {
            let taken = requests
                .iter()
                .filter(|request| request.taken.is_some())
                .count() as u64;
            twice += taken.saturating_sub(1);
            for pair in requests.windows(2) {
                let (first, second) = (pair[0], pair[1]);
                let cause = match first.answered {
                    None => Some("its answer never came"),
                    Some((_, false)) => Some("it failed"),
                    Some((at, true)) => unsettled(first, at, troubles),
                };
                assert!(
                    cause.is_some(),
                    "{reference} went again without a cause: {first:?}, {second:?}\n{troubles:?}\n{}",
                    self.story_of(reference)
                );
            }
        }
        twice
    }

    /// What was called back before a request left may not leave any more. The complaint is asked just
    /// before; between asking and leaving are a second and the road.
    fn nobody_is_paged_after_the_answer(&self, requests: &[Request], troubles: &Troubles) {
        for request in requests {
            let (page, _) = parse_reference(&request.reference).expect("a reference of ours");
            let Some((_, complaint, ordered)) = self.paged.get(&page) else {
                continue; // A bundle, or an answer to somebody who wrote.
            };
            let called_back = self.called_back.get(complaint).into_iter().flatten();
            for (at, why, _) in called_back.filter(|(_, _, place)| place > ordered) {
                let late = request.left_at.duration_since(*at);
                // A stopped life cannot know.
                let was_stopped = troubles.stops.iter().any(|(since, life, until)| {
                    *life == request.life
                        && *since <= request.left + SECOND
                        && *until + 10 * SECOND >= request.left
                });
                assert!(
                    late <= SignedDuration::from_secs(8) || was_stopped,
                    "{} left {late:#} after it was called back ({why} at {at}): {request:?}\n{troubles:?}\n{}",
                    request.reference,
                    self.story(complaint)
                );
            }
        }
    }
}

/// Why a request that was answered could not be settled in its time, if it could not.
fn unsettled(request: &Request, answered: u64, troubles: &Troubles) -> Option<&'static str> {
    let until = answered + 20 * SECOND;
    if answered - request.left > 6 * SECOND {
        return Some("its answer came late");
    }
    if troubles
        .deaths
        .iter()
        .any(|(at, life)| *life == request.life && (request.left..=until).contains(at))
    {
        return Some("its life died");
    }
    let stopped = |(since, life, end): &(u64, u64, u64)| {
        *life == request.life && *since <= until && *end >= request.left
    };
    if troubles.stops.iter().any(stopped) {
        return Some("its life was stopped");
    }
    if troubles
        .absences
        .iter()
        .any(|(since, end)| *since <= until && *end >= request.left)
    {
        return Some("Redis was away");
    }
    (troubles.jumps > 0).then_some("a clock jumped")
}

/// Every complaint that is open is planned, nothing is overdue, and nothing waits to be handed over.
async fn everything_has_its_next_moment(store: &Store, played: &Played, end: Timestamp) {
    let overdue = end - SignedDuration::from_mins(2);
    for shard in store.keys().all_shards() {
        // An answer or a receipt is to cross at once, whenever it came: it came no later than the last fact.
        let latest = ledger(store, shard).await.last().map(|fact| fact.at);
        let at_once = |next: Timestamp| match latest {
            Some(latest) if next == Timestamp::UNIX_EPOCH => latest,
            _ => next,
        };
        for (what, next) in [
            (
                "due",
                store.next_due(shard).await.expect("the reader answers"),
            ),
            (
                "in the outbox",
                store.next_outbox(shard).await.expect("the reader answers"),
            ),
        ] {
            assert!(
                next.is_none_or(|next| at_once(next) >= overdue),
                "something in {shard} is {what} since {next:?}, and it is {end}"
            );
        }
    }
    for shard in store.keys().shards(Side::Complaints) {
        for id in &played.taken {
            let found = store.load_escalation(id).await.expect("the reader answers");
            let state = found
                .unwrap_or_else(|| panic!("{id} was taken and is gone"))
                .value;
            if matches!(state.paging, Paging::Closed { .. }) {
                continue;
            }
            let due = store
                .due_at(shard, &[id.to_string()])
                .await
                .expect("the reader answers");
            assert!(
                due[0].is_some(),
                "{id} is open and nothing is planned for it: {state:?}"
            );
            let worlds = played.worlds.get();
            let context = worlds.context(&state.policy).expect("its policy");
            let context = context.of_unit(state.complaint.unit.as_ref());
            let deadline = state.promise.unmissed_deadline(&context);
            assert!(
                deadline.is_none_or(|deadline| deadline >= overdue),
                "{id} was due at {deadline:?}, and nobody recorded the miss"
            );
        }
    }
}
