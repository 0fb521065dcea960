//! What a limit promises, told by crowds that want to leave at once.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::phone::PhoneNumber;

const START: i64 = 1_795_500_000_000;

fn millisecond(n: i64) -> Timestamp {
    Timestamp::from_millisecond(START + n).unwrap()
}

fn count(n: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(n)
}

fn per_second(n: u32) -> Limit {
    Limit {
        per_second: count(n),
        ..Limit::default()
    }
}

/// A message that is due at a moment.
#[derive(Debug, Clone)]
struct Message {
    due: i64,
    to: u32,
    urgency: Option<Urgency>,
    /// How long it takes to leave once it has room.
    slow: i64,
}

fn at_once(n: usize, urgency: Option<Urgency>) -> Vec<Message> {
    let to = |n| u32::try_from(n).unwrap();
    (0..n)
        .map(|n| Message {
            due: 0,
            to: to(n),
            urgency,
            slow: 0,
        })
        .collect()
}

/// When each message left, and how often it asked.
struct Gone {
    at: i64,
    asked: usize,
}

/// Lets messages ask for room, each when it is due and whenever it was told to come back; those of the
/// same moment the most urgent first, as a pass does.
fn run(limit: &Limit, messages: &[Message]) -> Vec<Gone> {
    let address = |to: u32| Address::Phone(PhoneNumber::parse(&format!("+62811{to:07}")).unwrap());
    let who = |n: usize| (PageId::parse(&format!("A{n}:1:budi")).unwrap(), 0);
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    enum Does {
        Leave,
        Ask,
    }
    let mut pace = Pace::new(limit);
    let mut agenda = BTreeSet::new();
    let rank = |n: usize| super::rank(messages[n].urgency);
    for (n, message) in messages.iter().enumerate() {
        agenda.insert((message.due, Does::Ask, rank(n), n));
    }
    let mut gone: Vec<Gone> = messages.iter().map(|_| Gone { at: -1, asked: 0 }).collect();
    while let Some((at, does, _, n)) = agenda.pop_first() {
        let message = &messages[n];
        let (who, to, now) = (who(n), address(message.to), millisecond(at));
        if does == Does::Leave {
            pace.left(&to, now);
            gone[n].at = at;
            continue;
        }
        gone[n].asked += 1;
        let want = Want {
            who: &who,
            to: &to,
            urgency: message.urgency,
        };
        let (when, does) = if pace.room(&want, now) <= now {
            pace.take(&want, now);
            (at + message.slow, Does::Leave)
        } else {
            let until = pace.wait(&want, now);
            assert!(until > now, "a wait that ends");
            (until.as_millisecond() - START, Does::Ask)
        };
        agenda.insert((when, does, rank(n), n));
    }
    gone
}

/// The most that left in any window of such a length.
fn most_in(length: i64, times: impl Iterator<Item = i64>) -> usize {
    let mut times: Vec<i64> = times.collect();
    times.sort_unstable();
    let within = |end: &i64| {
        times
            .iter()
            .filter(|at| **at > end - length && *at <= end)
            .count()
    };
    times.iter().map(within).max().unwrap_or(0)
}

#[test]
fn a_sender_without_a_limit_delays_nothing() {
    let gone = run(&Limit::default(), &at_once(1000, None));
    assert!(gone.iter().all(|it| it.at == 0 && it.asked == 1));
}

#[test]
fn a_burst_leaves_as_fast_as_the_limit_lets_it() {
    let gone = run(&per_second(50), &at_once(500, None));
    assert_eq!(most_in(1000, gone.iter().map(|it| it.at)), 50);
    let last = gone.iter().map(|it| it.at).max();
    assert_eq!(last, Some(9000), "fifty each second, from the first on");
    assert!(gone.iter().all(|it| it.asked <= 2), "each asks again once");
}

#[test]
fn the_most_urgent_goes_first_whenever_it_comes() {
    let mut messages = at_once(300, Some(Urgency::Warning));
    messages.extend(at_once(50, None));
    for mut miss in at_once(200, Some(Urgency::Miss)) {
        // They come when the others wait already.
        miss.due = 300;
        miss.to += 1000;
        messages.push(miss);
    }
    let gone = run(&per_second(50), &messages);
    let of = |urgency| {
        let all = gone.iter().zip(&messages);
        all.filter(move |(_, message)| message.urgency == urgency)
            .map(|(gone, _)| gone.at)
    };
    let misses = of(Some(Urgency::Miss)).max().unwrap();
    assert_eq!(misses, 4000, "as if nobody else were there");
    let overtook = of(Some(Urgency::Warning))
        .filter(|at| *at <= misses)
        .count();
    assert_eq!(overtook, 50, "only those that left before the misses came");
    assert!(
        of(None).min() >= of(Some(Urgency::Warning)).max(),
        "replies come last"
    );
    let asked: usize = gone.iter().map(|it| it.asked).sum();
    assert!(asked < 3 * messages.len(), "{asked} for {}", messages.len());
}

#[test]
fn one_recipient_is_left_alone_for_a_while_and_others_are_not() {
    let limit = Limit {
        per_second: count(80),
        per_recipient: Some(SignedDuration::from_secs(6)),
        ..Limit::default()
    };
    let mut messages = at_once(10, Some(Urgency::Miss));
    for message in &mut messages[..4] {
        message.to = 99;
    }
    let gone = run(&limit, &messages);
    let mut to_one: Vec<i64> = gone[..4].iter().map(|it| it.at).collect();
    to_one.sort_unstable();
    assert_eq!(to_one, [0, 6000, 12000, 18000]);
    assert!(gone[4..].iter().all(|it| it.at == 0));
}

#[test]
fn a_place_is_lost_by_whoever_does_not_come_back() {
    let mut pace = Pace::new(&per_second(1));
    let to = Address::Phone(PhoneNumber::parse("+628110000001").unwrap());
    let pages: Vec<Waiter> = (0..3)
        .map(|n| (PageId::parse(&format!("A{n}:1:budi")).unwrap(), 0))
        .collect();
    let want = |n: usize| Want {
        who: &pages[n],
        to: &to,
        urgency: Some(Urgency::Miss),
    };
    pace.take(&want(0), millisecond(0));
    pace.left(&to, millisecond(0));
    assert_eq!(pace.wait(&want(1), millisecond(0)), millisecond(1000));
    assert_eq!(pace.room(&want(2), millisecond(1000)), millisecond(2000));
    // The first in the queue was answered for, and nobody says so.
    assert_eq!(pace.room(&want(2), millisecond(3001)), millisecond(3001));
    assert_eq!(pace.wait(&want(1), millisecond(3100)), millisecond(3150));
    pace.forget(&pages[1], &to);
    assert_eq!(pace.room(&want(2), millisecond(3100)), millisecond(3100));
}

#[test]
fn room_that_is_not_used_is_free_again_and_a_clock_that_is_set_back_stops_nobody() {
    let mut pace = Pace::new(&per_second(1));
    let to = Address::Phone(PhoneNumber::parse("+628110000001").unwrap());
    let who = (PageId::parse("A1:1:budi").unwrap(), 0);
    let want = Want {
        who: &who,
        to: &to,
        urgency: None,
    };
    pace.take(&want, millisecond(0));
    assert_eq!(pace.room(&want, millisecond(0)), millisecond(1000));
    pace.stayed(&to);
    assert_eq!(pace.room(&want, millisecond(0)), millisecond(0));
    pace.take(&want, millisecond(0));
    pace.left(&to, millisecond(3_600_000));
    assert_eq!(pace.room(&want, millisecond(0)), millisecond(1000));
}

#[test]
fn idle_recipients_are_forgotten() {
    let mut pace = Pace::new(&Limit {
        per_recipient: Some(SignedDuration::from_secs(6)),
        ..Limit::default()
    });
    let who = (PageId::parse("A1:1:budi").unwrap(), 0);
    for n in 0..10_000_i64 {
        let to = Address::Phone(PhoneNumber::parse(&format!("+62811{n:07}")).unwrap());
        let want = Want {
            who: &who,
            to: &to,
            urgency: None,
        };
        pace.take(&want, millisecond(n * 10));
        pace.left(&to, millisecond(n * 10));
    }
    assert!(
        pace.recipients.len() < 2 * RECIPIENTS,
        "{}",
        pace.recipients.len()
    );
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let urgency = prop_oneof![
        Just(None),
        Just(Some(Urgency::Warning)),
        Just(Some(Urgency::Miss))
    ];
    let message = (0..4000_i64, 0..40_u32, urgency, 0..400_i64);
    let message = message.prop_map(|(due, to, urgency, slow)| Message {
        due,
        to,
        urgency,
        slow,
    });
    proptest::collection::vec(message, 0..150)
}

proptest! {
    #[test]
    fn no_window_ever_holds_more_than_its_limit_and_everything_leaves(
        messages in messages(),
        second in proptest::option::of(1..30_u32),
        minute in proptest::option::of(20..200_u32),
        recipient in proptest::option::of(1..9_i64),
    ) {
        let limit = Limit {
            per_second: second.and_then(NonZeroU32::new),
            per_minute: minute.and_then(NonZeroU32::new),
            per_recipient: recipient.map(SignedDuration::from_secs),
        };
        let gone = run(&limit, &messages);
        prop_assert!(gone.iter().all(|it| it.at >= 0), "nothing is dropped, nothing waits for ever");
        let times = || gone.iter().map(|it| it.at);
        if let Some(second) = second {
            prop_assert!(most_in(1000, times()) <= second as usize);
        }
        if let Some(minute) = minute {
            prop_assert!(most_in(60_000, times()) <= minute as usize);
        }
        if let Some(recipient) = recipient {
            for to in 0..40 {
                let own = gone.iter().zip(&messages).filter(|(_, it)| it.to == to);
                prop_assert!(most_in(recipient * 1000, own.map(|(gone, _)| gone.at)) <= 1);
            }
        }
    }

    #[test]
    fn whoever_stays_below_the_limit_is_never_delayed(
        gaps in proptest::collection::vec(100..900_i64, 1..100),
    ) {
        let due = gaps.iter().scan(0, |at, gap| { *at += gap; Some(*at) });
        let messages: Vec<Message> = due
            .zip(0..)
            .map(|(due, to)| Message { due, to, urgency: None, slow: 0 })
            .collect();
        let gone = run(&per_second(10), &messages);
        for (gone, message) in gone.iter().zip(&messages) {
            prop_assert_eq!((gone.at, gone.asked), (message.due, 1));
        }
    }
}
