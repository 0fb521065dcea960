//! Tables of what is still sent, and of where days and months begin.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn budget(per_day: Option<u64>, per_month: Option<u64>) -> Budget {
    let ceilings = Ceilings {
        per_day,
        per_month,
        careful_from: 80,
    };
    Budget::new(ceilings, TimeZone::get("Asia/Jakarta").unwrap())
}

#[test]
fn what_is_still_sent() {
    use Thrift::{Careful, Easy, Spent};
    let (warning, miss, reply) = (Some(Urgency::Warning), Some(Urgency::Miss), None);
    for (urgency, otherwise, easy, careful, spent) in [
        (miss, false, true, true, true),
        (miss, true, true, true, true),
        (warning, false, true, true, false),
        (warning, true, true, false, false),
        (reply, false, true, true, false),
    ] {
        for (thrift, expected) in [(Easy, easy), (Careful, careful), (Spent, spent)] {
            let found = is_affordable(thrift, urgency, 350, otherwise);
            assert_eq!(found, expected, "{urgency:?} {otherwise} {thrift:?}");
            assert!(
                is_affordable(thrift, urgency, 0, otherwise),
                "what is free is sent"
            );
        }
    }
}

#[test]
fn a_day_and_a_month_begin_at_the_offices_midnight() {
    let mut budget = budget(Some(1000), Some(1500));
    let evening = at("2026-11-29T16:59:00Z"); // 23:59 in Semarang
    let midnight = at("2026-11-29T17:00:00Z");
    assert_eq!(budget.thrift(evening), Thrift::Easy);
    budget.spend(799, evening);
    assert_eq!(budget.thrift(evening), Thrift::Easy);
    budget.spend(1, evening);
    assert_eq!(budget.thrift(evening), Thrift::Careful);
    assert_eq!(budget.thrift(midnight), Thrift::Easy, "a new day");
    budget.spend(699, midnight);
    // The day has spent little; the month 1499 of 1500.
    assert_eq!(budget.thrift(midnight), Thrift::Careful);
    budget.spend(1, midnight);
    assert_eq!(budget.thrift(midnight), Thrift::Spent);
    let reached: Vec<_> = budget
        .standings(midnight)
        .iter()
        .map(|it| (it.spent, it.reached))
        .collect();
    assert_eq!(reached, [(700, None), (1500, Some(100))]);
    assert_eq!(
        budget.thrift(at("2026-11-30T17:00:00Z")),
        Thrift::Easy,
        "a new month"
    );
}

#[test]
fn what_is_under_way_counts_until_it_is_over() {
    let mut budget = budget(Some(1000), None);
    let now = at("2026-11-24T00:00:00Z");
    budget.promise(1000);
    assert_eq!(budget.thrift(now), Thrift::Spent);
    assert_eq!(budget.standings(now)[0].reached, None, "it is not spent");
    budget.redeem(1000);
    assert_eq!(budget.thrift(now), Thrift::Easy);
}

#[test]
fn without_a_ceiling_nothing_is_saved() {
    let mut budget = budget(None, None);
    let now = at("2026-11-24T00:00:00Z");
    budget.spend(u64::MAX, now);
    budget.spend(u64::MAX, now);
    assert_eq!(
        (budget.thrift(now), budget.standings(now)),
        (Thrift::Easy, Vec::new())
    );
}

proptest! {
    #[test]
    fn thrift_never_falls_within_a_day_and_a_miss_is_always_sent(
        amounts in proptest::collection::vec((0..2000_u64, 0..86_000_i64), 0..40),
        ceiling in 1..20_000_u64,
        price in 1..1000_u64,
    ) {
        let mut budget = budget(Some(ceiling), None);
        let midnight = at("2026-11-23T17:00:00Z").as_second();
        let mut last = Thrift::Easy;
        let mut amounts = amounts;
        amounts.sort_by_key(|(_, second)| *second);
        for (amount, second) in amounts {
            let now = Timestamp::from_second(midnight + second).unwrap();
            budget.spend(amount, now);
            let thrift = budget.thrift(now);
            prop_assert!(thrift >= last);
            prop_assert!(is_affordable(thrift, Some(Urgency::Miss), price, true));
            last = thrift;
        }
    }
}
