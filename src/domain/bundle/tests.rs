//! Floods: what is ordered for one person is carried, cancelled or failed and told; never lost, never
//! carried after it was cancelled, and no window yields two messages.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use proptest::prelude::*;

use super::*;
use crate::domain::{
    delivery::{Address, EmailAddress, FailureKind, Transport},
    directory::ContactMethod,
    fact::{CancelReason, What},
    id::{MethodId, ResponderId},
    message::Notice,
    notify::Way,
    page::{Another, Input, Outcome, Phase, Transition},
    policy::DeliveryRule,
};

const WINDOW: SignedDuration = SignedDuration::from_secs(60);
const TIMEOUT: SignedDuration = SignedDuration::from_secs(15);

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_795_500_000 + n).unwrap()
}

fn complaint(n: usize) -> ComplaintId {
    ComplaintId::parse(&format!("LGWP{n}")).unwrap()
}

fn budi() -> ResponderId {
    ResponderId::parse("budi").unwrap()
}

fn way(n: usize) -> Way {
    Way::from(ContactMethod {
        id: MethodId::parse(&format!("m{n}")).unwrap(),
        transport: Transport::Email,
        address: Address::Email(EmailAddress::parse(&format!("m{n}@b.test")).unwrap()),
        enabled: true,
    })
}

/// A page about a complaint, the `paging`-th.
fn new_page(n: usize, paging: u32, notice: Notice, at: Timestamp) -> NewPage {
    let complaint = complaint(n);
    NewPage {
        id: PageId::of_paging(&complaint, paging, &budi()),
        responder: budi(),
        complaint: Some(complaint.clone()),
        content: crate::domain::message::Content::Alert(Alert {
            complaint,
            category: None,
            area: None,
            unit: None,
            short_title: "Ka DISHUB".into(),
            title: "Kepala Dinas Perhubungan".into(),
            notice,
            received_at: at,
            deadline: at,
            promise: SignedDuration::from_hours(24),
            counted: crate::domain::calendar::Counted::EveryHour,
            lacks: None,
            zone: None,
            code: None,
            from: None,
            proposed: None,
        }),
        due_at: at,
        delivery: Arc::new(DeliveryRule {
            patience: SignedDuration::from_secs(300),
            retries: vec![SignedDuration::from_secs(5)],
        }),
        reach: Reach::InTurn,
        ways: vec![way(0), way(1)],
        in_reply_to: None,
    }
}

fn missed(n: usize, at: Timestamp) -> NewPage {
    new_page(n, 1, Notice::Missed, at)
}

/// What belongs to one person, as the shard keeps it, and all that has been seen of it.
#[derive(Default)]
struct Person {
    gathering: Option<Gathering>,
    pages: BTreeMap<PageId, Page>,
    /// When each page was ordered.
    ordered: BTreeMap<PageId, Timestamp>,
    /// When each page was brought, and by which carrier.
    carried: BTreeMap<PageId, Vec<(Timestamp, PageId)>>,
    /// When each carrier first left.
    departures: BTreeMap<PageId, Timestamp>,
    /// When each page was cancelled.
    cancelled: BTreeMap<PageId, Timestamp>,
    /// Pages whose escalation heard that every way failed.
    told: BTreeSet<PageId>,
    facts: Vec<What>,
    /// How the next requests fare.
    outcomes: Vec<bool>,
}

impl Person {
    /// Orders are handed over, as the engine does it: known ones are left out.
    fn receive(&mut self, orders: Vec<NewPage>, at: Timestamp) {
        let orders: Vec<NewPage> = orders
            .into_iter()
            .filter(|new| !self.pages.contains_key(&new.id))
            .collect();
        for new in &orders {
            self.ordered.insert(new.id.clone(), at);
        }
        let id = self.gathering.as_ref().and_then(|it| it.bundle.clone());
        let known = id.and_then(|id| self.pages.get(&id).cloned());
        for load in arrange(&mut self.gathering, known.as_ref(), orders, WINDOW, at) {
            let (carrier, members) = match load {
                Load::Alone(new) => (Page::open(*new, TIMEOUT, at), Vec::new()),
                Load::Joins(pages) => (known.clone().unwrap().join(&pages), pages),
                Load::Together { at: leaves, pages } => {
                    let opened = Page::open_together(&pages, leaves, TIMEOUT, at);
                    (opened.unwrap(), pages)
                }
            };
            let into = carrier.state.id.clone();
            for new in members {
                let record = Page::bundled(new, into.clone());
                self.pages.insert(record.state.id.clone(), record.state);
                self.facts.extend(record.facts);
            }
            self.apply(carrier, at);
        }
    }

    fn apply(&mut self, transition: Transition, at: Timestamp) {
        let page = transition.state;
        for what in &transition.facts {
            if let What::PageCancelled { page, .. } = what {
                self.cancelled.entry(page.clone()).or_insert(at);
            }
        }
        self.facts.extend(transition.facts);
        if transition.gave_up {
            self.told.extend(page.brings().into_iter().map(|it| it.1));
        }
        self.pages.insert(page.id.clone(), page.clone());
        for send in transition.sends {
            assert!(page.brings().len() <= MOST, "too long a message");
            let carried: BTreeSet<_> = page.brings().into_iter().map(|it| it.0).collect();
            assert_eq!(carried.len(), page.brings().len(), "a complaint twice");
            for (_, brought) in page.brings() {
                let carried = self.carried.entry(brought).or_default();
                carried.push((at, page.id.clone()));
            }
            self.departures.entry(page.id.clone()).or_insert(at);
            let outcome = if self.outcomes.pop().unwrap_or(true) {
                Outcome::Sent {
                    gateway_id: None,
                    receipts_by_id: false,
                }
            } else {
                Outcome::Failed {
                    kind: FailureKind::Permanent,
                    detail: "no".to_owned(),
                }
            };
            let settled = Input::Settled {
                line: send.line,
                attempt: send.attempt,
                gateway: "g".to_owned(),
                outcome,
                another: Another::None,
                named: Vec::new(),
                cost: 0,
            };
            self.advance(&page.id, settled, at);
        }
    }

    fn advance(&mut self, page: &PageId, input: Input, at: Timestamp) {
        let state = self.pages[page].clone();
        self.apply(state.advance(input, TIMEOUT, at), at);
    }

    /// Cancels a page, as its escalation does: by its own id.
    fn cancel(&mut self, page: &PageId, at: Timestamp) {
        let Some(known) = self.pages.get(page) else {
            return;
        };
        let why = CancelReason::Acknowledged;
        match known.into.clone() {
            Some(bundle) => self.advance(&bundle, Input::Dropped(vec![(page.clone(), why)]), at),
            None => self.advance(page, Input::Cancelled(why), at),
        }
    }

    /// Everything that wants to be woken by then is, in order.
    fn pass(&mut self, until: Timestamp) {
        loop {
            let wakes = self.pages.values();
            let next = wakes.filter_map(|page| Some((page.wake_at()?, page.id.clone())));
            match next.min() {
                Some((at, page)) if at <= until => self.advance(&page, Input::TimerFired, at),
                _ => return,
            }
        }
    }

    fn carriers(&self, page: &PageId) -> BTreeSet<&PageId> {
        let carried = self.carried.get(page).into_iter().flatten();
        carried.map(|(_, carrier)| carrier).collect()
    }
}

#[test]
fn the_first_page_leaves_at_once_and_the_flood_as_one_message() {
    let mut person = Person::default();
    for n in 0..40 {
        let now = second(n);
        person.pass(now);
        person.receive(vec![missed(usize::try_from(n).unwrap(), now)], now);
    }
    person.pass(second(59));
    assert_eq!(person.departures.len(), 1, "the first alone");
    person.pass(second(60));
    assert_eq!(person.departures.len(), 2, "the rest in one message");
    assert_eq!(person.carried.len(), 40);
    // The flood goes on: what comes in the next window leaves at its end.
    person.receive(vec![missed(50, second(61))], second(61));
    person.receive(vec![missed(51, second(119))], second(119));
    person.pass(second(119));
    assert_eq!(person.departures.len(), 2);
    person.pass(second(120));
    assert_eq!(person.departures.len(), 3);
    // It is over: the next page is a first again.
    person.receive(vec![missed(60, second(180))], second(180));
    assert_eq!(person.departures.len(), 4);
}

#[test]
fn what_is_ordered_together_leaves_together_at_once_the_most_urgent_first() {
    let mut person = Person::default();
    let at = second(0);
    let warning = |n| new_page(n, 1, Notice::Warning { percent: 75 }, second(-100));
    let orders = vec![warning(1), missed(2, second(5)), missed(3, second(4))];
    person.receive(orders, at);
    assert_eq!(person.departures.len(), 1);
    let (carrier, _) = person.departures.first_key_value().unwrap();
    let order: Vec<_> = person.pages[carrier].brings();
    let order: Vec<_> = order.into_iter().map(|(complaint, _)| complaint).collect();
    assert_eq!(order, [complaint(3), complaint(2), complaint(1)]);
    let content = &person.pages[carrier].content;
    assert_eq!(Urgency::of(content), Some(Urgency::Miss));
}

#[test]
fn what_finds_no_room_begins_the_next_bundle() {
    let mut person = Person::default();
    person.receive(vec![missed(0, second(0))], second(0));
    for n in 0..3 {
        let some = (1 + n * 90)..(1 + (n + 1) * 90);
        let pages = some.map(|n| missed(n, second(1))).collect();
        person.receive(pages, second(1));
    }
    person.pass(second(60));
    assert_eq!(person.carried.len(), 271);
    assert_eq!(person.departures.len(), 4, "one, and 270 by hundreds");
}

#[test]
fn a_bundle_goes_as_its_most_demanding_member() {
    let mut person = Person::default();
    person.receive(vec![missed(0, second(0))], second(0));
    let mut slow = missed(1, second(1));
    Arc::make_mut(&mut slow.delivery).patience = SignedDuration::from_secs(900);
    Arc::make_mut(&mut slow.delivery).retries = vec![SignedDuration::from_secs(5); 4];
    person.receive(vec![slow], second(1));
    let mut everywhere = new_page(2, 1, Notice::Warning { percent: 50 }, second(2));
    everywhere.reach = Reach::Everywhere;
    Arc::make_mut(&mut everywhere.delivery).patience = SignedDuration::from_secs(30);
    everywhere.ways = vec![way(7)];
    person.receive(vec![everywhere], second(2));
    let bundle = person.gathering.clone().unwrap().bundle.unwrap();
    let page = &person.pages[&bundle];
    assert_eq!(page.delivery.patience, SignedDuration::from_secs(30));
    assert_eq!(page.delivery.retries.len(), 4);
    let methods: Vec<_> = page.lines.iter().map(|it| it.method.as_str()).collect();
    assert_eq!(methods, ["m0", "m1"], "the ways of the most urgent");
    person.pass(second(60));
    let sent = person.carried[&missed(1, second(1)).id].len();
    assert_eq!(sent, 2, "by every way at once");
}

#[test]
fn a_later_page_about_the_same_complaint_takes_the_place_of_the_older() {
    let mut person = Person::default();
    person.receive(vec![missed(0, second(0))], second(0));
    person.receive(vec![missed(1, second(1))], second(1));
    let later = new_page(1, 2, Notice::StillMissed, second(2));
    person.receive(vec![later.clone()], second(2));
    person.pass(second(60));
    let older = missed(1, second(1)).id;
    assert!(person.carriers(&older).is_empty());
    assert_eq!(person.carriers(&later.id).len(), 1);
    let superseded = What::PageCancelled {
        page: older.clone(),
        why: CancelReason::Superseded,
    };
    assert!(person.facts.contains(&superseded));
    // Its cancellation comes after it, and finds nothing to do.
    let facts = person.facts.len();
    person.cancel(&older, second(61));
    assert_eq!(person.facts.len(), facts);
}

#[test]
fn a_bundle_of_which_nothing_is_wanted_leaves_no_message() {
    let mut person = Person::default();
    person.receive(vec![missed(0, second(0))], second(0));
    person.receive(vec![missed(1, second(1)), missed(2, second(1))], second(1));
    for n in [1, 2] {
        person.cancel(&missed(n, second(1)).id, second(30));
    }
    person.pass(second(70));
    assert_eq!(person.departures.len(), 1);
    let bundle = person.gathering.clone().unwrap().bundle.unwrap();
    assert_eq!(person.pages[&bundle].phase, Phase::Cancelled);
    // No message left at the window's end, so the next page is a first.
    person.receive(vec![missed(3, second(71))], second(71));
    assert_eq!(person.departures.len(), 2);
}

#[test]
fn without_a_window_every_page_leaves_by_itself() {
    let mut gathering = None;
    let pages = vec![missed(1, second(0)), missed(2, second(0))];
    let loads = arrange(&mut gathering, None, pages, SignedDuration::ZERO, second(0));
    assert!(matches!(loads.as_slice(), [Load::Alone(_), Load::Alone(_)]));
    assert_eq!(gathering, None);
}

#[test]
fn a_person_without_a_way_is_told_of_at_once_for_every_page() {
    let mut person = Person::default();
    for n in 0..3 {
        let mut lost = missed(n, second(0));
        lost.ways.clear();
        person.receive(vec![lost], second(0));
    }
    assert_eq!(person.told.len(), 3);
}

/// What happens next.
#[derive(Debug, Clone)]
enum Doing {
    /// So many complaints' pages are ordered, those from the first on.
    Order(usize, usize, Notice),
    /// One that was ordered is ordered once more.
    Again(usize),
    /// One is answered.
    Cancel(usize),
}

fn doings() -> impl Strategy<Value = Doing> {
    let notice = prop_oneof![
        Just(Notice::Warning { percent: 75 }),
        Just(Notice::Missed),
        Just(Notice::StillMissed),
    ];
    prop_oneof![
        5 => (0..60_usize, 1..8_usize, notice).prop_map(|(from, count, notice)| {
            Doing::Order(from, count, notice)
        }),
        1 => any::<usize>().prop_map(Doing::Again),
        3 => any::<usize>().prop_map(Doing::Cancel),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_page_is_carried_cancelled_or_told_of(
        run in prop::collection::vec((0..40_i64, doings()), 1..60),
        outcomes in prop::collection::vec(prop::bool::weighted(0.6), 0..60),
    ) {
        let mut person = Person { outcomes, ..Person::default() };
        let mut pagings: BTreeMap<usize, u32> = BTreeMap::new();
        let mut orders: Vec<NewPage> = Vec::new();
        let mut now = second(0);
        for (wait, doing) in run {
            now += SignedDuration::from_secs(wait);
            person.pass(now);
            match doing {
                Doing::Order(from, count, notice) => {
                    let new: Vec<NewPage> = (from..from + count)
                        .map(|n| {
                            let paging = pagings.entry(n).or_default();
                            *paging += 1;
                            new_page(n, *paging, notice, now)
                        })
                        .collect();
                    // An escalation cancels its page before when it orders the next.
                    let older: Vec<PageId> = orders
                        .iter()
                        .filter(|old| new.iter().any(|new| new.complaint == old.complaint))
                        .map(|old| old.id.clone())
                        .collect();
                    orders.extend(new.clone());
                    person.receive(new, now);
                    for page in older {
                        person.cancel(&page, now);
                        person.cancelled.entry(page).or_insert(now);
                    }
                }
                Doing::Again(which) if !orders.is_empty() => {
                    let again = orders[which % orders.len()].clone();
                    let (carried, facts) = (person.carried.clone(), person.facts.len());
                    person.receive(vec![again], now);
                    prop_assert_eq!(&person.carried, &carried, "handed over twice");
                    prop_assert_eq!(person.facts.len(), facts);
                }
                Doing::Cancel(which) if !orders.is_empty() => {
                    let page = orders[which % orders.len()].id.clone();
                    person.cancel(&page, now);
                    person.cancelled.entry(page).or_insert(now);
                }
                Doing::Again(_) | Doing::Cancel(_) => {}
            }
        }
        person.pass(now + SignedDuration::from_hours(2));
        for (page, ordered) in &person.ordered {
            let carried = person.carried.get(page).map_or(&[][..], Vec::as_slice);
            let cancelled = person.cancelled.get(page);
            prop_assert!(
                !carried.is_empty() || cancelled.is_some() || person.told.contains(page),
                "{page} is lost"
            );
            prop_assert!(person.carriers(page).len() <= 1, "{page} in two messages");
            if let Some((first, _)) = carried.first() {
                prop_assert!(*first <= *ordered + WINDOW, "{page} waited too long");
            }
            if let (Some((last, _)), Some(cancelled)) = (carried.last(), cancelled) {
                prop_assert!(last <= cancelled, "{page} was carried after it was cancelled");
            }
        }
        // At one moment what is too much for one message leaves as several; no bundle here is.
        let departures: Vec<Timestamp> = {
            let mut times: Vec<_> = person.departures.values().copied().collect();
            times.sort();
            times
        };
        for pair in departures.windows(2) {
            prop_assert!(pair[1] >= pair[0] + WINDOW, "two messages in one window");
        }
    }
}
