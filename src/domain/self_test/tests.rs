//! A table of a gateway's tests, and what holds for any of them.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Ended, Expect, Input, Plan, Plans, SelfTest, Stage, code, reference};
use crate::domain::{
    delivery::{Address, FailureKind, ReceiptKind},
    fact::{Alarm, SelfTestStep, Unproven, What},
    phone::PhoneNumber,
};

const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// Every hour, within two minutes.
fn plan(expect: Expect) -> Plan {
    Plan {
        gateway: "kannel".to_owned(),
        to: Address::Phone(PhoneNumber::parse("+6281100000077").unwrap()),
        every: SignedDuration::from_hours(1),
        expect,
        within: SignedDuration::from_mins(2),
    }
}

/// So many seconds after a full hour.
fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_795_500_000 / 3600 * 3600 + n).unwrap()
}

/// What a step does, in a word each.
fn play(expect: Expect, inputs: &[(i64, Input)]) -> String {
    let plan = plan(expect);
    let mut state = SelfTest::default();
    let mut told = Vec::new();
    for (at, input) in inputs {
        let step = state.advance(&plan, input.clone(), second(*at));
        for fact in &step.facts {
            match fact {
                What::SelfTest { step, .. } => match step {
                    SelfTestStep::Begun { address, .. } => assert!(!address.contains("81100")),
                    SelfTestStep::Passed { took } => {
                        told.push(format!("{at}: passed in {}", took.as_secs()));
                    }
                    SelfTestStep::Failed { why } => told.push(format!("{at}: failed, {why}")),
                    SelfTestStep::Abandoned => told.push(format!("{at}: abandoned")),
                },
                What::Alarm {
                    alarm: Alarm::SelfTestFailing { .. },
                } => told.push(format!("{at}: alarm")),
                What::Alarm {
                    alarm: Alarm::SelfTestWell { .. },
                } => told.push(format!("{at}: well")),
                other => panic!("{other:?}"),
            }
        }
        if let Some(number) = step.send {
            told.push(format!("{at}: send {number}"));
        }
        state = step.state;
    }
    told.join("; ")
}

fn look() -> Input {
    Input::Look { lease: LEASE }
}

fn sent(number: u64) -> Input {
    Input::Sent {
        number,
        gateway_id: None,
    }
}

fn delivered(number: u64) -> Input {
    Input::Receipt {
        number,
        kind: ReceiptKind::Delivered,
    }
}

fn refused(number: u64, kind: FailureKind) -> Input {
    Input::Refused { number, kind }
}

fn echo(number: u64) -> Input {
    Input::Echo {
        text: format!("Fwd: uji jalur {}.", code("kannel", number).to_lowercase()),
    }
}

/// What must come, what happens when, and what is then done.
type Row = (Expect, Vec<(i64, Input)>, String);

#[test]
fn a_test_goes_as_the_table_says() {
    let failed = Input::Receipt {
        number: 1,
        kind: ReceiptKind::Failed,
    };
    let taken = Input::Receipt {
        number: 1,
        kind: ReceiptKind::Accepted,
    };
    let room = Input::NoRoom {
        number: 1,
        until: second(50),
    };
    let asks = FailureKind::RateLimited {
        retry_after: Some(SignedDuration::from_secs(60)),
    };
    let nothing = "failed, it took the message and nothing came in time";
    #[rustfmt::skip]
    let table: Vec<Row> = vec![
        // Passed, once a slot.
        (Expect::Receipt, vec![(5, look()), (6, sent(1)), (9, taken), (25, delivered(1)), (30, look()), (3599, look())],
         "5: send 1; 25: passed in 20".into()),
        // The receipt may be faster than the answer to the request.
        (Expect::Receipt, vec![(5, look()), (6, delivered(1)), (7, sent(1)), (200, look())],
         "5: send 1; 6: passed in 1".into()),
        // Nothing comes: one alarm, however often; then it is well again, once.
        (Expect::Receipt, vec![(5, look()), (6, sent(1)), (124, look()), (125, look()), (126, delivered(1)),
                               (3600, look()), (3601, sent(2)), (3720, look()),
                               (7200, look()), (7201, sent(3)), (7205, delivered(3)), (7206, delivered(3))],
         format!("5: send 1; 125: {nothing}; 125: alarm; 3600: send 2; 3720: {nothing}; \
                  7200: send 3; 7205: passed in 5; 7205: well")),
        // A receipt is no echo, an echo no receipt, and another test's is neither.
        (Expect::Echo, vec![(5, look()), (6, sent(1)), (7, delivered(1)), (8, echo(2)), (9, echo(1))],
         "5: send 1; 9: passed in 4".into()),
        (Expect::Receipt, vec![(5, look()), (6, sent(1)), (7, echo(1)), (8, delivered(2)), (125, look())],
         format!("5: send 1; 125: {nothing}; 125: alarm")),
        // What the gateway says is not delivered need not be waited for.
        (Expect::Echo, vec![(5, look()), (6, sent(1)), (7, failed)],
         "5: send 1; 7: failed, it says that the message was not delivered; 7: alarm".into()),
        // A refusal that may pass is tried again while there is time; another is told at once.
        (Expect::Receipt, vec![(5, look()), (6, refused(1, FailureKind::Temporary)), (15, look()), (16, look()),
                               (17, refused(1, asks.clone())), (76, look()), (77, look()), (78, refused(1, asks))],
         "5: send 1; 16: send 1; 77: send 1; 78: failed, it does not take the message: rate_limited; 78: alarm".into()),
        (Expect::Receipt, vec![(5, look()), (6, refused(1, FailureKind::Misconfigured)), (7, look())],
         "5: send 1; 6: failed, it does not take the message: misconfigured; 6: alarm".into()),
        // Killed before it left, or before that was recorded: again, under the same number.
        (Expect::Receipt, vec![(5, look()), (34, look()), (35, look()), (36, sent(1)), (40, delivered(1))],
         "5: send 1; 35: send 1; 40: passed in 5".into()),
        // Killed for long: what never left says nothing, and what was missed is not made up for.
        (Expect::Receipt, vec![(5, look()), (36_000, Input::Started), (36_000, look()), (36_001, sent(2)), (36_002, look())],
         "5: send 1; 36000: abandoned; 36000: send 2".into()),
        // Killed while it waits: what came meanwhile may come again.
        (Expect::Receipt, vec![(5, look()), (6, sent(1)), (600, Input::Started), (600, look()), (700, delivered(1))],
         "5: send 1; 700: passed in 695".into()),
        (Expect::Receipt, vec![(5, look()), (6, sent(1)), (60, Input::Started), (125, look())],
         format!("5: send 1; 125: {nothing}; 125: alarm")),
        // No room: it leaves when there is.
        (Expect::Receipt, vec![(5, look()), (6, room), (49, look()), (50, look()), (51, sent(1)), (52, delivered(1))],
         "5: send 1; 50: send 1; 52: passed in 2".into()),
    ];
    for (expect, inputs, expected) in table {
        assert_eq!(play(expect, &inputs), expected, "{inputs:?}");
    }
}

#[test]
fn a_reference_finds_its_plan_and_no_page() {
    let plans: Plans = [plan(Expect::Echo)].into_iter().collect();
    let own = reference("kannel", 7);
    assert_eq!(plans.of_reference(&own).unwrap().1, 7);
    assert!(crate::domain::page::parse_reference(&own).is_none());
    for other in [
        reference("kannel-2", 7),
        "A1:1:budi_0.1".into(),
        own.replace('7', "x"),
        "self-test.".into(),
    ] {
        assert!(plans.of_reference(&other).is_none(), "{other}");
    }
}

fn inputs() -> impl Strategy<Value = Vec<(i64, Input)>> {
    let number = 0..6_u64;
    let kind = prop::sample::select(vec![
        FailureKind::Temporary,
        FailureKind::Unknown,
        FailureKind::WrongAddress,
        FailureKind::RateLimited { retry_after: None },
    ]);
    let receipt = prop::sample::select(vec![
        ReceiptKind::Accepted,
        ReceiptKind::Failed,
        ReceiptKind::Delivered,
        ReceiptKind::Read,
    ]);
    let input = prop_oneof![
        6 => Just(look()),
        1 => Just(Input::Started),
        3 => number.clone().prop_map(sent),
        2 => (number.clone(), kind).prop_map(|(number, kind)| refused(number, kind)),
        1 => (number.clone(), 0..9_000_i64).prop_map(|(number, at)| Input::NoRoom { number, until: second(at) }),
        2 => (number.clone(), receipt).prop_map(|(number, kind)| Input::Receipt { number, kind }),
        2 => number.prop_map(echo),
    ];
    prop::collection::vec((0..1_500_i64, input), 1..60)
}

proptest! {
    #[test]
    fn whatever_happens(gaps in inputs(), is_echo: bool) {
        let plan = plan(if is_echo { Expect::Echo } else { Expect::Receipt });
        let (mut state, mut at) = (SelfTest::default(), 0);
        let (mut slots, mut ended) = (Vec::new(), Vec::new());
        let mut is_failing = false;
        for (gap, input) in gaps {
            at += gap;
            let now = second(at);
            let is_look = input == look();
            let before = state.clone();
            let step = state.advance(&plan, input, now);
            // Only looking sends, and what leaves is the test that is under way.
            if let Some(number) = step.send {
                prop_assert!(is_look);
                prop_assert_eq!(number, step.state.number);
                let leaving = step.state.run.as_ref().map(|run| matches!(run.stage, Stage::Leaving { .. }));
                prop_assert_eq!(leaving, Some(true));
            }
            for fact in &step.facts {
                match fact {
                    What::SelfTest { step: SelfTestStep::Begun { .. }, .. } => {
                        prop_assert_eq!(step.state.number, before.number + 1);
                        slots.push(step.state.slot);
                    }
                    What::Alarm { alarm: Alarm::SelfTestFailing { .. } } => {
                        prop_assert!(!is_failing, "alarmed twice");
                        is_failing = true;
                    }
                    What::Alarm { alarm: Alarm::SelfTestWell { .. } } => {
                        prop_assert!(is_failing, "well without having been ill");
                        is_failing = false;
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(is_failing, step.state.failing.is_some());
            if let Some(end) = &step.ended {
                ended.push(before.number);
                prop_assert!(before.run.is_some());
                let proven = matches!(end, Ended::Passed(_));
                prop_assert_eq!(proven, step.state.passed != before.passed);
                if *end == Ended::Failed(Unproven::NothingCame) {
                    let waited = now.duration_since(before.run.as_ref().unwrap().left_at);
                    prop_assert!(waited > SignedDuration::ZERO);
                }
            }
            // It never asks to be looked at when it has just been.
            if is_look {
                prop_assert!(step.state.wake_at(&plan, now) > now);
            }
            let written = serde_json::to_string(&step.state).unwrap();
            prop_assert_eq!(serde_json::from_str::<SelfTest>(&written).unwrap(), step.state.clone());
            state = step.state;
        }
        // One test a slot, one end a test.
        prop_assert!(slots.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(ended.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
