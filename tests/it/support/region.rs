//! A whole region: as many units as a file names, each with officials of its own, the coordinator's
//! desk, Siaga itself on a real Redis with a clock that moves when told, and a gateway that counts.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jiff::Timestamp;
use siaga::{
    channel::{Channel, Outgoing, SendError, Sent},
    clock::{Clock, ManualClock},
    domain::{
        calendar::Calendar,
        delivery::{Address, Transport},
        directory::{ContactMethod, Directory, Language, Post, Responder, Unit},
        fact::{Fact, What},
        id::{CalendarId, ComplaintId, MethodId, PageId, PostCode, ResponderId, UnitCode},
        page,
        phone::PhoneNumber,
        policy::{Policy, PolicyRef, Role},
        routing::Route,
    },
    engine::{
        Engine, Links, Tuning,
        gateways::{Gateway, Gateways},
    },
    store::{
        Store, World, Worlds,
        embedded::{Embedded, Options},
    },
    template::Renderer,
};

/// The unit that has what is nobody's.
pub(crate) const DESK: &str = "KOORDINATOR";
/// The posts of every unit.
pub(crate) const ROLES: [&str; 3] = ["kepala", "sekretaris", "penghubung"];

/// A message as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) page: PageId,
    pub(crate) reference: String,
    pub(crate) at: Timestamp,
    pub(crate) text: String,
}

/// A gateway that takes every message and keeps it.
struct Counter {
    clock: Arc<ManualClock>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

#[async_trait]
impl Channel for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }
    fn transport(&self) -> Transport {
        Transport::Sms
    }
    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let (page, _) = page::parse_reference(&outgoing.reference).expect("a reference of ours");
        self.arrived.lock().unwrap().push(Arrived {
            page,
            reference: outgoing.reference.clone(),
            at: self.clock.now(),
            text: outgoing.message.plain_text().to_owned(),
        });
        Ok(Sent::default())
    }
}

struct NoLinks;

impl Links for NoLinks {
    fn link(&self, _: &ResponderId, _: &ComplaintId, _: Timestamp) -> Option<String> {
        None
    }
}

/// The person who holds a unit's post.
pub(crate) fn holder(unit: &str, role: &str) -> ResponderId {
    ResponderId::parse(&format!("{}.{role}", unit.to_lowercase())).unwrap()
}

/// A directory with a unit for each name, `U1`, `U2`, ... in their order, beside the desk and the
/// secretariat. Everybody has one telephone.
pub(crate) fn directory(names: &BTreeSet<String>) -> Directory {
    let mut directory = Directory {
        coordinator: Some(UnitCode::parse(DESK).unwrap()),
        ..Directory::default()
    };
    let own = names
        .iter()
        .zip(1..)
        .map(|(name, n)| (format!("U{n}"), name.as_str()));
    let shared = [
        (DESK.to_owned(), "Meja Koordinator"),
        ("SETDA".to_owned(), "Sekretariat"),
    ];
    for (code, name) in own.chain(shared) {
        let unit = UnitCode::parse(&code).unwrap();
        directory.units.insert(
            unit.clone(),
            Unit {
                name: name.to_owned(),
                short_name: code.clone(),
                aliases: Vec::new(),
                calendars: std::collections::BTreeMap::new(),
            },
        );
        for role in ROLES {
            let person = holder(&code, role);
            let number = format!("+62899{:07}", directory.responders.len());
            directory.posts.insert(
                PostCode::parse(&format!("{code}.{role}")).unwrap(),
                Post {
                    unit: unit.clone(),
                    role: Role::parse(role).unwrap(),
                    title: format!("{role} {code}"),
                    short_title: format!("{role} {code}"),
                    above: None,
                    holder: Some(person.clone()),
                    acting: Vec::new(),
                    roster: None,
                },
            );
            directory.responders.insert(
                person,
                Responder {
                    name: format!("{role} {code}"),
                    language: Language::Id,
                    methods: vec![ContactMethod {
                        id: MethodId::parse("sms").unwrap(),
                        transport: Transport::Sms,
                        address: Address::Phone(PhoneNumber::parse(&number).unwrap()),
                        enabled: true,
                    }],
                    rules: Vec::new(),
                },
            );
        }
    }
    directory
}

/// Siaga for a region.
pub(crate) struct Region {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) engine: Engine,
    pub(crate) worlds: Worlds,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    redis: Embedded,
    /// Holds Redis' files; goes after it.
    _folder: tempfile::TempDir,
}

impl Region {
    /// Starts it with an empty Redis and a clock that shows `start`.
    pub(crate) async fn start(directory: Directory, policy: Policy, start: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = Embedded::start(Options {
            folder: folder.path().to_owned(),
            program: "redis-server".into(),
            sync_always: false,
            port: None,
        })
        .expect("a private Redis");
        let store = Store::connect(&redis.address(), "siaga", 1)
            .await
            .expect("Redis");
        let clock = Arc::new(ManualClock::new(start));
        let default = PolicyRef {
            id: policy.id.clone(),
            version: policy.version,
        };
        let calendars = HashMap::from([(
            CalendarId::parse("kalender").unwrap(),
            Calendar::always("Asia/Jakarta").unwrap(),
        )]);
        let world = World::new(directory, vec![policy], calendars, default).expect("a whole world");
        let worlds = Worlds::new(world);
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let mut gateways = Gateways::default();
        gateways.add(Gateway {
            channel: Arc::new(Counter {
                clock: clock.clone(),
                arrived: arrived.clone(),
            }),
            two_way: true,
            links: false,
            route: Route::default(),
        });
        let engine = Engine::new(
            store.clone(),
            clock.clone(),
            worlds.clone(),
            gateways,
            Renderer::shipped("Asia/Jakarta").expect("the shipped templates"),
            Arc::new(NoLinks),
            Tuning::default(),
        );
        Self {
            store,
            clock,
            engine,
            worlds,
            arrived,
            redis,
            _folder: folder,
        }
    }

    /// Lets time pass up to `until`, stopping at whatever becomes due before it. What is due at
    /// `until` itself is still to be done.
    pub(crate) async fn pass_until(&self, until: Timestamp) {
        loop {
            let mut next = until;
            for shard in self.store.keys().all_shards() {
                let queues =
                    futures::join!(self.store.next_due(shard), self.store.next_outbox(shard));
                for due in [queues.0.unwrap(), queues.1.unwrap()].into_iter().flatten() {
                    next = next.min(due);
                }
            }
            if next >= until {
                break;
            }
            self.clock.advance_to(next);
            self.engine.settle().await.expect("Redis");
        }
        self.clock.advance_to(until);
    }

    /// What has arrived at the gateway.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    /// The whole ledger, read and proved.
    pub(crate) async fn audit(&self) -> Audit {
        Audit::of(&self.store).await
    }

    /// Ends it.
    pub(crate) fn end(self) {
        self.redis.stop();
    }
}

/// The facts of a ledger, by what they are about.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    pub(crate) facts: u64,
    /// Every time a complaint was opened, and whose it was then.
    pub(crate) opened: BTreeMap<ComplaintId, Vec<Option<UnitCode>>>,
    pub(crate) missed: BTreeMap<ComplaintId, u32>,
    pub(crate) progressed: BTreeMap<ComplaintId, Vec<bool>>,
    pub(crate) paused: BTreeSet<ComplaintId>,
    pub(crate) closed: BTreeSet<ComplaintId>,
    /// How often each page was ordered.
    pub(crate) paged: BTreeMap<PageId, u32>,
    /// How often requests were begun, of each message.
    pub(crate) begun: BTreeMap<PageId, u32>,
    /// The bundle of each page that travelled in one.
    pub(crate) bundled: BTreeMap<PageId, PageId>,
    /// Pages that were cancelled before anything of them could leave.
    pub(crate) stopped: BTreeSet<PageId>,
}

impl Audit {
    /// Reads every shard's ledger and proves that it holds.
    pub(crate) async fn of(store: &Store) -> Self {
        let mut audit = Self::default();
        for shard in store.keys().all_shards() {
            let verified = store.verify_ledger(shard).await.unwrap();
            assert_eq!(verified.fault, None, "{verified:?}");
            let mut from = 1;
            loop {
                let read = store.read_ledger(shard, from).await.unwrap();
                let Some(last) = read.last() else { break };
                from = last.sequence + 1;
                for stored in &read {
                    let fact: Fact = serde_json::from_slice(&stored.fact).unwrap();
                    audit.add(fact);
                }
            }
            assert_eq!(from - 1, verified.entries, "the ledger was read to its end");
            audit.facts += verified.entries;
        }
        let letters = store.dead_letters(10).await.unwrap();
        assert!(letters.is_empty(), "dead letters: {letters:?}");
        audit
    }

    fn add(&mut self, fact: Fact) {
        let complaint = fact.complaint;
        let of = || complaint.clone().expect("a fact about a complaint");
        match fact.what {
            What::Opened { unit, .. } => self.opened.entry(of()).or_default().push(unit),
            What::Missed { .. } => *self.missed.entry(of()).or_default() += 1,
            What::Progressed { in_time, .. } => {
                self.progressed.entry(of()).or_default().push(in_time);
            }
            What::Paused { .. } => drop(self.paused.insert(of())),
            What::Closed { .. } => drop(self.closed.insert(of())),
            What::Paged { page, .. } => *self.paged.entry(page).or_default() += 1,
            What::AttemptBegun { page, .. } => *self.begun.entry(page).or_default() += 1,
            What::Bundled { page, into } => {
                assert_eq!(self.bundled.insert(page, into), None, "in two bundles");
            }
            What::PageCancelled { page, .. }
                if !page.is_bundle() && !self.begun.contains_key(self.carrier(&page)) =>
            {
                self.stopped.insert(page);
            }
            _ => {}
        }
    }

    /// The message that brings a page: its own, or its bundle's.
    fn carrier<'a>(&'a self, page: &'a PageId) -> &'a PageId {
        self.bundled.get(page).unwrap_or(page)
    }

    /// The pages that each message brought.
    pub(crate) fn brought(&self) -> BTreeMap<&PageId, Vec<&PageId>> {
        let mut brought: BTreeMap<&PageId, Vec<&PageId>> = BTreeMap::new();
        for page in self.paged.keys().filter(|it| !self.stopped.contains(*it)) {
            brought.entry(self.carrier(page)).or_default().push(page);
        }
        brought
    }

    /// Every page that was ordered and not stopped in time was brought by one message, which arrived
    /// once; nothing else arrived.
    pub(crate) fn prove_arrivals(&self, arrived: &[Arrived]) {
        let mut references = BTreeSet::new();
        let mut came = BTreeSet::new();
        for message in arrived.iter().filter(|it| it.page.responder().is_some()) {
            assert!(
                references.insert(&message.reference),
                "{message:?} came twice"
            );
            assert!(came.insert(&message.page), "{message:?} came again");
        }
        for (page, ordered) in &self.paged {
            assert_eq!(*ordered, 1, "{page} was ordered {ordered} times");
        }
        let brought = self.brought();
        for (message, pages) in &brought {
            assert!(came.remove(message), "{message} with {pages:?} never came");
        }
        assert!(came.is_empty(), "came without an order: {came:?}");
    }
}
