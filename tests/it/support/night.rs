//! A night at one unit: complaints are overdue, two officials are paged, one of them answers some.
//!
//! It is told to the end whatever dies meanwhile: who hands in, and the gateway that brings replies
//! and receipts, call again until they are answered, as they do in the world. In the morning
//! everything must be there once, and what came twice must have been in flight when something died.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
    sync::Arc,
    time::Duration,
};

use futures::future::join_all;
use siaga::{
    clock::{Clock, SystemClock},
    domain::{
        fact::{Fact, What},
        id::{ComplaintId, PageId},
        page::parse_reference,
    },
    store::{Address, Side, Store},
};

use super::{
    gateway::{Answer, Gateway, Request},
    siaga::{Caller, Siaga},
    wait::{PATIENCE, eventually, eventually_asked},
};

/// How many complaints are overdue.
pub(crate) const COMPLAINTS: usize = 12;
/// How many of them the head takes on.
const ANSWERED: usize = 4;
/// How many pages a receipt tells of.
const RECEIPTS: usize = 4;
const SECRET: &str = "rahasia-uji";
const HEAD: &str = "6281100000001";
const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
[[people]]
id = "pono"
name = "Pono Contohwan"
sms = "0811-0000-0002"
[holders]
"DISHUB.kepala" = "budi"
"DISHUB.penghubung" = "pono"
"#;
/// The officials that the first step pages.
pub(crate) const PAGED: usize = 2;
pub(crate) struct Night {
    pub(crate) siaga: Siaga,
    /// Whether the gateway takes messages from the beginning, or refuses the first for a while.
    pub(crate) gateway_begins_well: bool,
    /// How long the gateway takes for a message: long enough that several are in flight at once.
    pub(crate) pace: Duration,
    pub(crate) gateway: Arc<Gateway>,
    /// Over how many hash tags the keys are spread.
    pub(crate) shards: u16,
}

/// What the morning found.
#[derive(Debug)]
pub(crate) struct Found {
    /// How many messages the gateway got in all.
    pub(crate) messages: usize,
    /// How many of them it had got before.
    pub(crate) duplicates: usize,
}

impl Night {
    /// Prepares it; nothing runs yet.
    pub(crate) fn prepare() -> Self {
        let gateway = Gateway::start();
        let mut siaga = Siaga::prepare();
        let gateways = format!(
            r#"
[[gateways]]
name = "sms"
type = "http"
transport = "sms"
method = "POST"
url = "{}"
[gateways.body]
kind = "form"
[gateways.body.fields]
reference = "{{{{ reference }}}}"
to = "{{{{ to }}}}"
text = "{{{{ text }}}}"
"#,
            gateway.url()
        );
        siaga.write(SECRET, &gateways, PEOPLE);
        // The shipped policy, with a first retry that a test can wait for.
        let policies = siaga.folder.path().join("policies");
        std::fs::create_dir_all(&policies).unwrap();
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/policies/baku.toml");
        let shipped = std::fs::read_to_string(shipped).unwrap();
        let quick = shipped
            .replace("retries = [\"5s\"", "retries = [\"1s\"")
            .replace("updates = \"daytime\"", "updates = \"never\"");
        assert_ne!(quick, shipped);
        std::fs::write(policies.join("baku.toml"), quick).unwrap();
        siaga.set("data.policies", &policies.display().to_string());
        Self {
            siaga,
            gateway_begins_well: true,
            pace: Duration::from_millis(40),
            gateway: Arc::new(gateway),
            shards: 1,
        }
    }

    /// How the gateway takes a message.
    pub(crate) fn accepts(&self) -> Answer {
        Answer::Slowly(self.pace, Box::new(Answer::accept()))
    }

    /// Begins to tell it, to a service that runs.
    pub(crate) fn begin(&self) -> tokio::task::JoinHandle<()> {
        let accepts = self.accepts();
        self.gateway.answer_everyone(if self.gateway_begins_well {
            accepts.clone()
        } else {
            Answer::status(503)
        });
        let (gateway, caller) = (self.gateway.clone(), self.siaga.caller());
        tokio::spawn(async move {
            hand_in(&caller).await;
            gateway.wait_for_count(1, PATIENCE).await;
            gateway.answer_everyone(accepts);
            let pages = every_page(&gateway).await;
            join_all((0..ANSWERED).map(|n| accept(&caller, &pages, n))).await;
            join_all((0..RECEIPTS).map(|n| receipt(&caller, &pages, ANSWERED + n))).await;
        })
    }

    /// The references of the messages that are in flight, as the ledger has it: begun, not settled.
    pub(crate) async fn in_flight(&self, redis: &Address) -> BTreeSet<String> {
        let store = Store::connect(redis, "siaga", self.shards).await.unwrap();
        let mut open: BTreeMap<String, i32> = BTreeMap::new();
        for fact in facts(&store, Side::Responders).await {
            let (page, attempt, change) = match fact.what {
                What::AttemptBegun { page, attempt, .. } => (page, attempt, 1),
                What::AttemptSent { page, attempt, .. }
                | What::AttemptFailed { page, attempt, .. } => (page, attempt, -1),
                _ => continue,
            };
            // Everybody has one telephone: the line is 0.
            *open.entry(format!("{page}_0.{attempt}")).or_default() += change;
        }
        open.retain(|_, open| *open > 0);
        open.into_keys().collect()
    }

    /// Waits until nothing is left to be done, and looks at everything.
    pub(crate) async fn morning(
        mut self,
        story: tokio::task::JoinHandle<()>,
        redis: &Address,
        in_flight: &BTreeSet<String>,
    ) -> Found {
        story.await.unwrap();
        for n in 0..ANSWERED {
            let what = format!("the confirmation for {}", ticket(n));
            let is_it = |request: &Request| confirms(request, n);
            self.gateway.wait_for_request(&what, is_it, PATIENCE).await;
        }
        let store = Store::connect(redis, "siaga", self.shards).await.unwrap();
        eventually_asked("the queues to be drained", PATIENCE, || async {
            is_drained(&store).await.then_some(())
        })
        .await;
        let requests = self.gateway.requests();
        let escalations = facts(&store, Side::Complaints).await;
        for n in 0..COMPLAINTS {
            check_complaint(n, &escalations, &requests);
        }
        check_words(&facts(&store, Side::Responders).await);
        let duplicates = check_references(&requests, in_flight);
        assert_eq!(store.dead_letters(10).await.unwrap(), []);
        let (verified, holds) = self.siaga.run(&["ledger", "verify"]);
        assert!(holds, "{verified}");
        self.siaga.stop().await;
        Found {
            messages: requests.len(),
            duplicates,
        }
    }
}

/// The number of the `n`-th complaint.
pub(crate) fn ticket(n: usize) -> String {
    format!("LGWP140000{n:02}")
}

/// Hands the complaints in, all at once.
pub(crate) async fn hand_in(caller: &Caller) {
    hand_in_some(caller, 0..COMPLAINTS).await;
}

/// Hands some of them in.
pub(crate) async fn hand_in_some(caller: &Caller, some: Range<usize>) {
    let received = SystemClock.now() - jiff::SignedDuration::from_mins(24 * 60 + 1);
    let lines: Vec<String> = some
        .clone()
        .map(|n| {
            let id = ticket(n);
            format!(r#"{{"id":"{id}","received_at":"{received}","unit":"DISHUB","category":"Infrastruktur"}}"#)
        })
        .collect();
    let body = lines.join("\n");
    let taken = caller
        .post("/api/v1/complaints", "application/x-ndjson", &body)
        .await;
    for n in some {
        assert!(taken.contains(&ticket(n)), "{taken}");
    }
    assert!(!taken.contains("conflict"), "{taken}");
}

/// The pages that arrived so far, each once.
fn arrived(requests: &[Request]) -> HashMap<PageId, Request> {
    let accepted = requests.iter().filter(|request| request.is_accepted());
    accepted
        .filter_map(|request| {
            let (page, _) = parse_reference(request.reference())?;
            page.parts()?;
            Some((page, request.clone()))
        })
        .collect()
}

async fn every_page(gateway: &Gateway) -> HashMap<PageId, Request> {
    eventually("every page to arrive", 2 * PATIENCE, || {
        let pages = arrived(&gateway.requests());
        (pages.len() >= COMPLAINTS * PAGED).then_some(pages)
    })
    .await
}

/// The head's page about a complaint.
fn page_of_head(pages: &HashMap<PageId, Request>, n: usize) -> (&PageId, &Request) {
    pages
        .iter()
        .find(|(_, request)| request.to() == HEAD && request.text().contains(&ticket(n)))
        .unwrap_or_else(|| panic!("no page to the head about {} in {pages:?}", ticket(n)))
}

/// The head takes a complaint on, by the code that his page gave.
async fn accept(caller: &Caller, pages: &HashMap<PageId, Request>, n: usize) {
    let text = page_of_head(pages, n).1.text();
    let (_, after) = text.split_once("Balas OK ").unwrap();
    let code: String = after.chars().take_while(char::is_ascii_digit).collect();
    head_says(caller, &format!("m{n}"), &format!("ok {code}")).await;
}

/// The head writes, and the gateway brings it until it is taken.
pub(crate) async fn head_says(caller: &Caller, id: &str, text: &str) {
    let query = [
        ("from", HEAD),
        ("text", text),
        ("id", id),
        ("secret", SECRET),
    ];
    caller.get("/hooks/kannel/mo", &query).await;
}

async fn receipt(caller: &Caller, pages: &HashMap<PageId, Request>, n: usize) {
    let reference = page_of_head(pages, n).1.reference();
    let query = [("reference", reference), ("type", "1"), ("secret", SECRET)];
    caller.get("/hooks/kannel/dlr", &query).await;
}

/// Whether it is the head's telephone that a message goes to.
pub(crate) fn is_to_head(request: &Request) -> bool {
    request.to() == HEAD
}

/// Whether a message tells the head that he has taken a complaint on.
pub(crate) fn confirms(request: &Request, n: usize) -> bool {
    let text = request.text();
    request.to() == HEAD && text.contains(&format!("Aduan {} Anda terima", ticket(n)))
}

/// Everything that was recorded on one side.
pub(crate) async fn facts(store: &Store, side: Side) -> Vec<Fact> {
    let mut facts = Vec::new();
    for shard in store.keys().shards(side) {
        let mut next = 1;
        loop {
            let read = store.read_ledger(shard, next).await.unwrap();
            let Some(last) = read.last() else { break };
            next = last.sequence + 1;
            let parse = |fact: &[u8]| serde_json::from_slice::<Fact>(fact).unwrap();
            facts.extend(read.iter().map(|stored| parse(&stored.fact)));
        }
    }
    facts
}

/// Whether nothing waits to be handed over, no page is under way, and no complaint is due.
pub(crate) async fn is_drained(store: &Store) -> bool {
    let soon = SystemClock.now() + jiff::SignedDuration::from_mins(5);
    for shard in store.keys().all_shards() {
        let Ok((_, outbox)) = store.depths(shard).await else {
            return false;
        };
        let Ok(due) = store.next_due(shard).await else {
            return false;
        };
        if outbox > 0 || due.is_some_and(|due| due < soon) {
            return false;
        }
    }
    true
}

/// Missed once, paged once to each, and quiet after the answer.
fn check_complaint(n: usize, escalations: &[Fact], requests: &[Request]) {
    let id = ComplaintId::parse(&ticket(n)).unwrap();
    let own = || {
        let facts = escalations.iter();
        facts.filter(|fact| fact.complaint.as_ref() == Some(&id))
    };
    let count = |is_it: fn(&What) -> bool| own().filter(|fact| is_it(&fact.what)).count();
    let told: Vec<_> = own().map(|fact| &fact.what).collect();
    assert_eq!(count(|w| matches!(w, What::Opened { .. })), 1, "{told:?}");
    assert_eq!(count(|w| matches!(w, What::Missed { .. })), 1, "{told:?}");
    assert_eq!(
        count(|w| matches!(w, What::Paged { .. })),
        PAGED,
        "{told:?}"
    );
    let answers = count(|w| matches!(w, What::Acknowledged { .. }));
    assert_eq!(answers, usize::from(n < ANSWERED), "{told:?}");
    let pages = arrived(requests);
    for fact in own() {
        if let What::Paged { page, .. } = &fact.what {
            assert!(pages.contains_key(page), "{page} never arrived");
        }
    }
    let confirmed = requests.iter().position(|request| confirms(request, n));
    assert_eq!(confirmed.is_some(), n < ANSWERED, "{id}");
    for late in &requests[confirmed.unwrap_or(requests.len())..] {
        let page = parse_reference(late.reference()).and_then(|(page, _)| page.parts());
        let about = page.map(|(complaint, _)| complaint);
        assert_ne!(about, Some(id.clone()), "paged after the answer: {late:?}");
    }
}

/// Every reply and every receipt is recorded once.
fn check_words(facts: &[Fact]) {
    let mut replies: Vec<_> = facts
        .iter()
        .filter_map(|fact| match &fact.what {
            What::Replied { reply, .. } => Some(reply.clone()),
            _ => None,
        })
        .collect();
    replies.sort();
    let sent: Vec<_> = (0..ANSWERED).map(|n| format!("kannel.m{n}")).collect();
    assert_eq!(replies, sent);
    let mut receipts: Vec<_> = facts
        .iter()
        .filter_map(|fact| match &fact.what {
            What::Receipt { page, .. } => Some(page.parts()?.0.to_string()),
            _ => None,
        })
        .collect();
    receipts.sort();
    let told: Vec<_> = (0..RECEIPTS).map(|n| ticket(ANSWERED + n)).collect();
    assert_eq!(receipts, told);
}

/// A message came twice at most, and only when it was in flight; gives how many did.
pub(crate) fn check_references(requests: &[Request], in_flight: &BTreeSet<String>) -> usize {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for request in requests {
        *times.entry(request.reference()).or_default() += 1;
    }
    let twice: Vec<_> = times.into_iter().filter(|(_, times)| *times > 1).collect();
    for (reference, times) in &twice {
        assert_eq!(*times, 2, "{reference} came {times} times");
        assert!(
            in_flight.contains(*reference),
            "{reference} came twice and was not in flight: {in_flight:?}"
        );
    }
    twice.len()
}
