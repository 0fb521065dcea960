//! A small town: a unit, its officials with telephones, the coordinator's desk, and Siaga itself on
//! a real Redis with a clock that moves when told.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use siaga::{
    clock::{Clock, ManualClock},
    domain::{
        calendar::Calendar,
        complaint::{Complaint, Privacy, Status},
        contacts::Contacts,
        cost::{Budget, Ceilings},
        delivery::{Address, EmailAddress, FailureKind, Transport},
        directory::{ContactMethod, Directory, Language, Post, Responder, Unit},
        escalation::Input,
        fact::{Fact, What},
        id::{CalendarId, ComplaintId, MethodId, PostCode, ResponderId, UnitCode},
        phone::PhoneNumber,
        policy::{Policy, PolicyRef, Role},
        routing::Route,
    },
    engine::{
        Engine, Links, Tuning,
        gateways::{Gateway, Gateways, Terms},
    },
    inbound::{Inbound, IncomingReply, Received},
    store::{
        Address as RedisAddress, Store, World, Worlds,
        embedded::{Embedded, Options},
        ledger::Verified,
    },
    template::Renderer,
};

pub use super::network::Arrived;
use super::{network::Network, replayed};

/// When the story begins.
pub const START: &str = "2026-11-24T00:00:00Z";

/// The policy of the stories: short, and everything in it.
pub const POLICY: &str = r#"
id = "uji"
version = 1
clock = { length = "24h", calendar = "kalender" }
warnings = [
  { at_percent = 50, to = ["penghubung"] },
  { at_percent = 75, to = ["kepala", "sekretaris"] },
]
steps = [
  { after = "0s", to = ["kepala", "penghubung"], again_every = "30m" },
  { after = "1h", to = ["kepala", "post:SETDA.asisten"] },
  { after = "3h", to = ["kepala", "post:SETDA.kepala"] },
]
repeat = { from_step = 2, every = "6h" }
hold = "2h"
on_refusal = ["koordinator:penghubung"]
updates = "never"
[statuses]
verifikasi = "progress"
"menunggu kelengkapan informasi" = "pause"
"bukan wewenang" = "not_ours"
selesai = "end"
"#;

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

pub fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

pub fn complaint_id(text: &str) -> ComplaintId {
    ComplaintId::parse(text).expect("an id")
}

pub struct NoLinks;

impl Links for NoLinks {
    fn link(&self, _: &ResponderId, _: &ComplaintId, _: Timestamp) -> Option<String> {
        None
    }
}

pub struct Town {
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub engine: Engine,
    pub inbound: Inbound,
    pub worlds: Worlds,
    pub folder: tempfile::TempDir,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    failing: BTreeMap<Transport, Arc<Mutex<Option<FailureKind>>>>,
    redis: Option<Embedded>,
    replies: Mutex<u32>,
}

/// The officials: post, id, number.
pub const PEOPLE: [(&str, &str, &str, &str); 7] = [
    ("DISHUB", "kepala", "budi", "+628110000001"),
    ("DISHUB", "sekretaris", "sari", "+628110000002"),
    ("DISHUB", "penghubung", "pono", "+628110000003"),
    ("SETDA", "asisten", "asti", "+628110000004"),
    ("SETDA", "kepala", "sekda", "+628110000005"),
    ("KOORDINATOR", "penghubung", "kori", "+628110000006"),
    ("KOORDINATOR", "kepala", "kama", "+628110000007"),
];

pub fn directory() -> Directory {
    let mut directory = Directory {
        coordinator: Some(UnitCode::parse("KOORDINATOR").unwrap()),
        ..Directory::default()
    };
    for (unit, role, person, number) in PEOPLE {
        let code = UnitCode::parse(unit).unwrap();
        directory.units.entry(code.clone()).or_insert_with(|| Unit {
            name: format!("Dinas {unit}"),
            short_name: unit.into(),
            aliases: Vec::new(),
            calendars: std::collections::BTreeMap::new(),
        });
        let responder = ResponderId::parse(person).unwrap();
        directory.posts.insert(
            PostCode::parse(&format!("{unit}.{role}")).unwrap(),
            Post {
                unit: code,
                role: Role::parse(role).unwrap(),
                title: format!("{role} {unit}"),
                short_title: format!("{role} {unit}"),
                above: None,
                holder: Some(responder.clone()),
                acting: Vec::new(),
                roster: None,
            },
        );
        let phone = Address::Phone(PhoneNumber::parse(number).unwrap());
        let email = EmailAddress::parse(&format!("{person}@contoh.test")).unwrap();
        let method = |id: &str, transport, address| ContactMethod {
            id: MethodId::parse(id).unwrap(),
            transport,
            address,
            enabled: true,
        };
        directory.responders.insert(
            responder,
            Responder {
                name: person.into(),
                language: Language::Id,
                methods: vec![
                    method("sms", Transport::Sms, phone.clone()),
                    method("whatsapp", Transport::Whatsapp, phone),
                    method("email", Transport::Email, Address::Email(email)),
                ],
                rules: Vec::new(),
            },
        );
    }
    directory
}

pub fn world(policy: &str) -> World {
    world_of(policy, directory())
}

pub fn world_of(policy: &str, directory: Directory) -> World {
    let policy: Policy = toml::from_str(policy).expect("the policy of the story");
    let default = PolicyRef {
        id: policy.id.clone(),
        version: policy.version,
    };
    let calendars = HashMap::from([(
        CalendarId::parse("kalender").unwrap(),
        Calendar::always("Asia/Jakarta").unwrap(),
    )]);
    World::new(directory, vec![policy], calendars, default).expect("a whole world")
}

impl Town {
    pub async fn start() -> Self {
        Self::with(POLICY, Tuning::default()).await
    }

    pub async fn with(policy: &str, tuning: Tuning) -> Self {
        Self::by(policy, tuning, |_| Vec::new()).await
    }

    /// The same, with gateways of one's own in the place of those of the same transport.
    pub async fn by(
        policy: &str,
        tuning: Tuning,
        own: impl FnOnce(&Arc<ManualClock>) -> Vec<Gateway>,
    ) -> Self {
        let unlimited = |gateway| (gateway, Terms::default());
        let own = |clock: &_| own(clock).into_iter().map(unlimited).collect();
        Self::limited(policy, tuning, own).await
    }

    /// A page a message, where messages are counted; floods have stories of their own.
    pub fn a_page_a_message() -> Tuning {
        Tuning {
            bundle_window: SignedDuration::ZERO,
            ..Tuning::default()
        }
    }

    /// The same, each of them on its terms.
    pub async fn limited(
        policy: &str,
        tuning: Tuning,
        own: impl FnOnce(&Arc<ManualClock>) -> Vec<(Gateway, Terms)>,
    ) -> Self {
        Self::paying(policy, tuning, Ceilings::default(), own).await
    }

    /// The same, with ceilings of the costs.
    pub async fn paying(
        policy: &str,
        tuning: Tuning,
        ceilings: Ceilings,
        own: impl FnOnce(&Arc<ManualClock>) -> Vec<(Gateway, Terms)>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = Embedded::start(Options {
            folder: folder.path().to_owned(),
            program: "redis-server".into(),
            sync_always: false,
            port: None,
        })
        .expect("a private Redis");
        Self::on(redis, folder, (policy, tuning), ceilings, own).await
    }

    async fn on(
        redis: Embedded,
        folder: tempfile::TempDir,
        (policy, tuning): (&str, Tuning),
        ceilings: Ceilings,
        own: impl FnOnce(&Arc<ManualClock>) -> Vec<(Gateway, Terms)>,
    ) -> Self {
        let address: RedisAddress = redis.address();
        let store = Store::connect(&address, "siaga", 1).await.expect("Redis");
        let clock = Arc::new(ManualClock::new(at(START)));
        let worlds = Worlds::new(world(policy));
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let mut gateways = Gateways::paid_by(Budget::new(
            ceilings,
            TimeZone::get("Asia/Jakarta").unwrap(),
        ));
        let mut failing = BTreeMap::new();
        let own = own(&clock);
        let has_own = |transport| {
            own.iter()
                .any(|(it, _)| it.channel.transport() == transport)
        };
        for transport in Transport::ALL.into_iter().filter(|it| !has_own(*it)) {
            let fault = Arc::new(Mutex::new(None));
            failing.insert(transport, fault.clone());
            gateways.add(Gateway {
                channel: Arc::new(Network {
                    transport,
                    clock: clock.clone(),
                    arrived: arrived.clone(),
                    failing: fault,
                }),
                two_way: true,
                links: false,
                route: Route::default(),
            });
        }
        for (gateway, terms) in own {
            gateways.add_on(gateway, &terms);
        }
        let engine = Engine::new(
            store.clone(),
            clock.clone(),
            worlds.clone(),
            gateways,
            Renderer::shipped("Asia/Jakarta").expect("the shipped templates"),
            Arc::new(NoLinks),
            tuning,
        );
        let inbound = Inbound {
            self_tests: siaga::domain::self_test::Plans::default(),
            store: store.clone(),
            worlds: worlds.clone(),
            clock: clock.clone(),
            contacts: Contacts::default(),
        };
        Self {
            store,
            clock,
            engine,
            inbound,
            worlds,
            folder,
            arrived,
            failing,
            redis: Some(redis),
            replies: Mutex::new(0),
        }
    }

    /// A complaint for DISHUB, received now.
    pub async fn complaint(&self, id: &str) {
        self.complaint_of(id, Some("DISHUB")).await;
    }

    pub async fn complaint_of(&self, id: &str, unit: Option<&str>) {
        let complaint = Complaint {
            id: complaint_id(id),
            received_at: self.clock.now(),
            unit: unit.map(|unit| UnitCode::parse(unit).unwrap()),
            source: None,
            classification: None,
            urgency: None,
            category: Some("Infrastruktur".into()),
            area: Some("Kab. Pati".into()),
            title: None,
            privacy: Privacy::default(),
            status: Status::new_complaint(),
        };
        let world = self.worlds.get();
        self.store
            .open(&world, complaint, None, self.clock.now())
            .await
            .expect("a complaint");
        self.engine.settle().await.expect("Redis");
    }

    /// Lets time pass, stopping at whatever becomes due.
    pub async fn pass(&self, length: SignedDuration) {
        let until = self.clock.now() + length;
        loop {
            self.engine.settle().await.expect("Redis");
            let mut next = until;
            for shard in self.store.keys().all_shards() {
                for due in [
                    self.store.next_due(shard).await.unwrap(),
                    self.store.next_outbox(shard).await.unwrap(),
                ]
                .into_iter()
                .flatten()
                {
                    next = next.min(due);
                }
            }
            if next >= until {
                break;
            }
            self.clock.advance_to(next.max(self.clock.now()));
        }
        self.clock.advance_to(until);
        self.engine.settle().await.expect("Redis");
    }

    pub async fn status(&self, id: &str, status: &str) {
        let world = self.worlds.get();
        let (status, at) = (Status::from(status), None);
        let input = Input::StatusChanged { status, at };
        self.store
            .advance(&world, &complaint_id(id), input, self.clock.now())
            .await
            .unwrap();
        self.engine.settle().await.unwrap();
    }

    /// A reply by SMS; each has an id of its own.
    pub async fn sms(&self, from: &str, text: &str) -> Received {
        let number = {
            let mut replies = self.replies.lock().unwrap();
            *replies += 1;
            *replies
        };
        self.sms_with_id(from, text, &format!("sms.{number}")).await
    }

    pub async fn sms_with_id(&self, from: &str, text: &str, id: &str) -> Received {
        let number = PEOPLE
            .iter()
            .find(|person| person.2 == from)
            .map_or(from, |person| person.3);
        let received = self
            .inbound
            .reply(IncomingReply {
                id: id.into(),
                transport: Transport::Sms,
                from: Address::Phone(PhoneNumber::parse(number).unwrap()),
                text: text.into(),
                answers: None,
                sent_at: None,
            })
            .await
            .expect("Redis");
        self.engine.settle().await.expect("Redis");
        received
    }

    /// From now on a person has the telephone of another.
    pub fn share_telephone(&self, person: &str, of: &str) {
        let mut directory = directory();
        let number = PEOPLE.iter().find(|known| known.2 == of).unwrap().3;
        let person = ResponderId::parse(person).unwrap();
        for method in &mut directory.responders.get_mut(&person).unwrap().methods {
            if let Address::Phone(own) = &mut method.address {
                *own = PhoneNumber::parse(number).unwrap();
            }
        }
        self.worlds.set(world_of(POLICY, directory));
    }

    /// Takes all that has arrived since the last look.
    pub fn arrived(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.arrived.lock().unwrap())
    }

    /// Who has been told since the last look, by which transport, in order.
    pub fn told(&self) -> Vec<String> {
        let mut told: Vec<String> = self
            .arrived()
            .iter()
            .map(|message| {
                let person = PEOPLE
                    .iter()
                    .find(|person| match &message.to {
                        Address::Phone(number) => number.as_str() == person.3,
                        Address::Email(email) => email.as_str().starts_with(person.2),
                    })
                    .map_or("?", |person| person.2);
                format!("{person} {}", message.transport)
            })
            .collect();
        told.sort();
        told
    }

    pub fn fail(&self, transport: Transport, kind: Option<FailureKind>) {
        *self.failing[&transport].lock().unwrap() = kind;
    }

    pub async fn facts(&self, id: &str) -> Vec<Fact> {
        self.store.timeline(&complaint_id(id)).await.unwrap()
    }

    pub async fn count(&self, id: &str, which: impl Fn(&What) -> bool) -> usize {
        let facts = self.facts(id).await;
        facts.iter().filter(|fact| which(&fact.what)).count()
    }

    pub async fn verify(&self) -> Vec<Verified> {
        let mut found = Vec::new();
        for shard in self.store.keys().all_shards() {
            found.push(self.store.verify_ledger(shard).await.unwrap());
        }
        found
    }

    /// The end of every story: the ledger holds, plays once more to the same end, and nothing is
    /// left behind.
    pub async fn end(mut self) {
        let replayed = replayed::all(&self.store, &self.worlds).await;
        assert!(replayed > 0, "a story without a complaint proves nothing");
        for verified in self.verify().await {
            assert_eq!(verified.fault, None, "{verified:?}");
        }
        let letters = self.store.dead_letters(10).await.unwrap();
        assert!(letters.is_empty(), "dead letters: {letters:?}");
        if let Some(redis) = self.redis.take() {
            redis.stop();
        }
    }
}
