//! Tables and properties of the choice of a gateway.

use jiff::Timestamp;
use proptest::prelude::*;

use super::{Candidate, Conditions, Promise, Route, Standing, Urgency, Wanted, candidates, spread};
use crate::domain::{
    breaker::Health,
    delivery::{Address, EmailAddress},
    id::{PageId, UnitCode},
    message::{Content, ReplyNote},
    phone::PhoneNumber,
};

fn phone(number: &str) -> Address {
    Address::Phone(PhoneNumber::parse(number).unwrap())
}

fn unit(code: &str) -> UnitCode {
    UnitCode::parse(code).unwrap()
}

fn route(order: u32, share: u32) -> Route {
    Route {
        order,
        share,
        only: Conditions::default(),
    }
}

fn at(n: i64) -> Timestamp {
    Timestamp::from_second(n).unwrap()
}

fn chosen(gateways: &[(Route, Health, bool)], wanted: &Wanted<'_>) -> Vec<(usize, Promise)> {
    let standings: Vec<Standing<'_>> = gateways
        .iter()
        .map(|(route, health, tried)| Standing {
            route,
            health: *health,
            tried: *tried,
        })
        .collect();
    candidates(&standings, wanted)
        .into_iter()
        .map(|Candidate { index, promise }| (index, promise))
        .collect()
}

#[test]
fn order_then_health_then_what_was_tried() {
    use Promise::{Doubtful, Ready, Tried};
    let to = phone("+628110000001");
    let wanted = Wanted {
        to: &to,
        units: &[],
        urgency: None,
        spread: 7,
    };
    let well = Health::Ready;
    let down = |n| Health::Down { until: at(n) };
    let resting = |n| Health::Resting { until: at(n) };
    for (gateways, expected) in [
        (
            vec![(2, well, false), (1, well, false)],
            vec![(1, Ready), (0, Ready)],
        ),
        (
            vec![(1, down(9), false), (2, well, false)],
            vec![(1, Ready), (0, Doubtful)],
        ),
        // All are down: the one that is due the soonest.
        (
            vec![(1, down(9), false), (2, down(5), false)],
            vec![(1, Doubtful), (0, Doubtful)],
        ),
        // One that only rests is better than one that is down.
        (
            vec![(1, down(5), false), (2, resting(9), false)],
            vec![(1, Doubtful), (0, Doubtful)],
        ),
        (
            vec![(1, well, true), (2, down(9), false)],
            vec![(1, Doubtful), (0, Tried)],
        ),
        (vec![(1, well, true)], vec![(0, Tried)]),
        (vec![], vec![]),
    ] {
        let gateways: Vec<_> = gateways
            .into_iter()
            .map(|(order, health, tried)| (route(order, 1), health, tried))
            .collect();
        assert_eq!(chosen(&gateways, &wanted), expected, "{gateways:?}");
    }
}

#[test]
fn a_condition_that_does_not_hold_leaves_a_gateway_out() {
    let (tsel, other) = (phone("+628110000001"), phone("+628990000001"));
    let mail = Address::Email(EmailAddress::parse("a@b.test").unwrap());
    let dishub = [unit("DISHUB")];
    let only = |prefixes: &[&str], units: &[&str], urgency| Conditions {
        prefixes: prefixes.iter().map(|it| (*it).to_owned()).collect(),
        units: units.iter().map(|it| unit(it)).collect(),
        urgency,
    };
    let (miss, warning) = (Some(Urgency::Miss), Some(Urgency::Warning));
    for (only, to, units, urgency, fits) in [
        (only(&[], &[], None), &other, &[][..], None, true),
        (only(&["+62811"], &[], None), &tsel, &[], None, true),
        (only(&["+62811"], &[], None), &other, &[], None, false),
        (
            only(&["+62811", "+62899"], &[], None),
            &other,
            &[],
            None,
            true,
        ),
        (only(&["+62811"], &[], None), &mail, &[], None, false),
        (only(&[], &["DISHUB"], None), &tsel, &dishub, None, true),
        (only(&[], &["DINKES"], None), &tsel, &dishub, None, false),
        (only(&[], &["DINKES"], None), &tsel, &[], None, false),
        (only(&[], &[], miss), &tsel, &[], miss, true),
        (only(&[], &[], miss), &tsel, &[], warning, false),
        (only(&[], &[], warning), &tsel, &[], None, false),
        // All of them must hold.
        (
            only(&["+62811"], &["DISHUB"], miss),
            &tsel,
            &dishub,
            miss,
            true,
        ),
        (
            only(&["+62811"], &["DISHUB"], miss),
            &tsel,
            &dishub,
            warning,
            false,
        ),
    ] {
        let wanted = Wanted {
            to,
            units,
            urgency,
            spread: 1,
        };
        let gateway = Route {
            only,
            ..Route::default()
        };
        let found = chosen(&[(gateway.clone(), Health::Ready, false)], &wanted);
        assert_eq!(!found.is_empty(), fits, "{gateway:?} {wanted:?}");
    }
    assert_eq!(Urgency::of(&Content::Reply(ReplyNote::NothingOpen)), None);
}

#[test]
fn shares_are_kept_over_many_pages() {
    const PAGES: usize = 20_000;
    let to = phone("+628110000001");
    let gateways =
        [(1, 3), (1, 1), (1, 6), (2, 100)].map(|(o, s)| (route(o, s), Health::Ready, false));
    let mut firsts = [0_usize; 4];
    for n in 0..PAGES {
        let page = PageId::parse(&format!("LGWP{n}:1:budi")).unwrap();
        let wanted = Wanted {
            to: &to,
            units: &[],
            urgency: None,
            spread: spread(&page),
        };
        let order = chosen(&gateways, &wanted);
        assert_eq!(order.len(), 4);
        assert_eq!(order[3].0, 3, "the second in order is last");
        firsts[order[0].0] += 1;
    }
    for (found, share) in firsts.into_iter().zip([3, 1, 6, 0]) {
        let expected = PAGES * share / 10;
        assert!(found.abs_diff(expected) <= PAGES / 100, "{firsts:?}");
    }
}

fn healths() -> impl Strategy<Value = Health> {
    prop_oneof![
        2 => Just(Health::Ready),
        1 => (1..100_i64).prop_map(|n| Health::Resting { until: at(n) }),
        2 => (1..100_i64).prop_map(|n| Health::Down { until: at(n) }),
    ]
}

fn routes() -> impl Strategy<Value = Route> {
    (0..4_u32, 0..5_u32, any::<bool>()).prop_map(|(order, share, picky)| Route {
        order,
        share,
        only: Conditions {
            prefixes: picky.then(|| "+62899".to_owned()).into_iter().collect(),
            ..Conditions::default()
        },
    })
}

proptest! {
    #[test]
    fn whoever_fits_is_named_once_the_well_before_the_ill(
        gateways in prop::collection::vec((routes(), healths(), any::<bool>()), 0..8),
        number in prop::sample::select(vec!["+628110000001", "+628990000001"]),
        spread in any::<u64>(),
    ) {
        let to = phone(number);
        let wanted = Wanted { to: &to, units: &[], urgency: None, spread };
        let found = chosen(&gateways, &wanted);
        // The same question has the same answer.
        prop_assert_eq!(&found, &chosen(&gateways, &wanted));
        let fits = |route: &Route| route.only.is_empty() || number.starts_with("+62899");
        let mut expected: Vec<usize> = (0..gateways.len()).filter(|n| fits(&gateways[*n].0)).collect();
        let mut named: Vec<usize> = found.iter().map(|(n, _)| *n).collect();
        named.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(named, expected, "nobody who fits is left out");
        for pair in found.windows(2) {
            let ((a, first), (b, second)) = (pair[0], pair[1]);
            prop_assert!(first <= second);
            if first == Promise::Ready && second == Promise::Ready {
                prop_assert!(gateways[a].0.order <= gateways[b].0.order);
            }
        }
        for (n, promise) in found {
            let (_, health, tried) = &gateways[n];
            prop_assert_eq!(promise == Promise::Tried, *tried);
            if !tried {
                prop_assert_eq!(promise == Promise::Ready, *health == Health::Ready);
            }
        }
    }
}
