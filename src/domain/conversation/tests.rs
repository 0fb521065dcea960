//! Tables and properties of the conversation: codes, and what a reply is taken to mean.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{About, Asked, CodeShare, Conversation, Incoming, Outcome, SentMessage};
use crate::domain::{
    id::ComplaintId,
    message::ReplyNote,
    reply::{Meaning, Reply, Scope},
};

const REST: SignedDuration = SignedDuration::from_hours(72);

fn minute(n: i64) -> Timestamp {
    Timestamp::from_second(1_795_500_000 + n * 60).unwrap()
}

fn complaint(n: usize) -> ComplaintId {
    ComplaintId::parse(&format!("LGWP{n}")).unwrap()
}

fn these(codes: &[u16], tickets: &[&str]) -> Scope {
    Scope::These {
        codes: codes.to_vec(),
        tickets: tickets.iter().map(ToString::to_string).collect(),
    }
}

/// A conversation about complaints 0 to `count` - 1, one a minute: codes 10, 11, ...
fn asked(count: usize) -> Conversation {
    let mut talk = Conversation::default();
    for n in 0..count {
        talk.ask(&complaint(n), minute(n as i64));
    }
    talk
}

fn say(talk: &mut Conversation, id: &str, meaning: Meaning, scope: Scope) -> Outcome {
    quote(talk, id, meaning, scope, None)
}

fn quote(
    talk: &mut Conversation,
    id: &str,
    meaning: Meaning,
    scope: Scope,
    about: Option<&ComplaintId>,
) -> Outcome {
    talk.answer(&Incoming {
        reply: id,
        parsed: &Reply { meaning, scope },
        about: about.map_or(About::Unsaid, About::Complaint),
    })
}

#[test]
fn a_reply_is_understood_against_what_is_open() {
    use Meaning::{Accept, HandOver, List, Refuse};
    let one = |n| Outcome::Accept(vec![complaint(n)]);
    let refused = |n, to: Option<&str>| Outcome::Refuse {
        complaints: vec![complaint(n)],
        to: to.map(str::to_owned),
        named: None,
    };
    let table: Vec<(usize, Meaning, Scope, Outcome)> = vec![
        // A bare accept answers the only open question.
        (1, Accept, Scope::Unsaid, one(0)),
        // Nothing is open: said so.
        (
            0,
            Accept,
            Scope::Unsaid,
            Outcome::Say(ReplyNote::NothingOpen),
        ),
        (0, Accept, Scope::All, Outcome::Say(ReplyNote::NothingOpen)),
        (0, List, Scope::Unsaid, Outcome::Say(ReplyNote::NothingOpen)),
        // A code, or a ticket in any case, says which.
        (3, Accept, these(&[11], &[]), one(1)),
        (3, Accept, these(&[], &["lgwp2"]), one(2)),
        // The same complaint named twice, however, is taken on once.
        (
            3,
            Accept,
            these(&[11, 12, 11], &["LGWP1"]),
            Outcome::Accept(vec![complaint(1), complaint(2)]),
        ),
        (
            2,
            Accept,
            Scope::All,
            Outcome::Accept(vec![complaint(0), complaint(1)]),
        ),
        // A refusal is aimed as an accept is; to whom is kept in the person's words.
        (1, Refuse, Scope::Unsaid, refused(0, None)),
        (
            2,
            HandOver {
                to: Some("DPU".to_owned()),
            },
            these(&[10], &[]),
            refused(0, Some("DPU")),
        ),
        // The code of a page to somebody else does nothing, and neither does what stands beside it.
        (
            1,
            Accept,
            these(&[10, 77], &[]),
            Outcome::Say(ReplyNote::UnknownCode {
                code: "77".to_owned(),
                open: asked(1).open().0,
            }),
        ),
        (
            1,
            Accept,
            these(&[], &["LGWP9"]),
            Outcome::Say(ReplyNote::UnknownCode {
                code: "LGWP9".to_owned(),
                open: asked(1).open().0,
            }),
        ),
        // Several are open: asked back, never guessed; five are listed, oldest first.
        (
            7,
            Refuse,
            Scope::Unsaid,
            Outcome::Say(ReplyNote::WhichOne {
                open: asked(5).open().0,
                more: 2,
            }),
        ),
        // A courtesy and an automatic reply are no answers.
        (1, Meaning::Courtesy, Scope::Unsaid, Outcome::Nothing),
        (1, Meaning::Automatic, Scope::Unsaid, Outcome::Nothing),
    ];
    for (row, (open, meaning, scope, expected)) in table.into_iter().enumerate() {
        let outcome = say(&mut asked(open), "a", meaning, scope);
        assert_eq!(outcome, expected, "row {row}");
    }
}

#[test]
fn a_late_reply_meets_its_own_complaint() {
    let mut talk = asked(2);
    talk.release(&complaint(0), REST, minute(10));
    // A resting code still stands for what it stood for.
    let late = say(&mut talk, "a", Meaning::Accept, these(&[10], &[]));
    assert_eq!(late, Outcome::Accept(vec![complaint(0)]));
    // So does an answer to the old message itself, though another complaint is open.
    let old = complaint(0);
    let late = quote(&mut talk, "b", Meaning::Accept, Scope::Unsaid, Some(&old));
    assert_eq!(late, Outcome::Accept(vec![old]));
    // After the rest the code is nobody's, until it is given again.
    talk.ask(&complaint(5), minute(10) + REST);
    let late = say(&mut talk, "c", Meaning::Accept, these(&[10], &[]));
    assert!(matches!(late, Outcome::Say(ReplyNote::UnknownCode { .. })));
}

#[test]
fn an_answer_to_a_forgotten_message_accepts_no_other_complaint() {
    let mut talk = asked(1);
    let forgotten = complaint(9);
    let outcome = quote(
        &mut talk,
        "a",
        Meaning::Accept,
        Scope::Unsaid,
        Some(&forgotten),
    );
    assert!(matches!(
        outcome,
        Outcome::Say(ReplyNote::WhichOne { ref open, more: 0 }) if open.len() == 1
    ));
}

#[test]
fn the_number_86_is_a_word() {
    // 86 means "understood": as a code it could not be told from a bare accept.
    let talk = asked(80);
    assert_eq!(talk.complaint_of(86), None);
    assert!(talk.complaint_of(85).is_some() && talk.complaint_of(87).is_some());
}

#[test]
fn with_every_code_in_use_the_ticket_is_the_answer() {
    let mut talk = asked(990);
    assert_eq!(talk.asks[&complaint(989)].code, None);
    let outcome = say(&mut talk, "a", Meaning::Accept, these(&[], &["LGWP989"]));
    assert_eq!(outcome, Outcome::Accept(vec![complaint(989)]));
}

#[test]
fn what_a_reply_asks_of_its_address_is_no_answer_to_a_complaint() {
    let mut talk = asked(1);
    for (meaning, asked) in [
        (Meaning::Stop, Asked::Stop),
        (Meaning::Start, Asked::Start),
        (Meaning::WrongNumber, Asked::WrongNumber),
    ] {
        let id = format!("{meaning:?}");
        let outcome = say(&mut talk, &id, meaning, Scope::Unsaid);
        assert_eq!(outcome, Outcome::Switch(asked));
        assert!(talk.asks.contains_key(&complaint(0)));
    }
}

#[test]
fn a_quoted_message_says_which_complaint_while_it_is_remembered() {
    let mut talk = asked(2);
    for n in 0..60 {
        let about = [complaint(n % 2)];
        talk.sent(&SentMessage::naming(format!("wamid.{n}"), &about));
    }
    assert!(talk.message("wamid.9").is_none(), "fifty are remembered");
    assert_eq!(talk.message("wamid.10").unwrap().about, Some(complaint(0)));
    // Noting the same one twice is noting it once.
    let again = talk.message("wamid.11").unwrap().clone();
    talk.sent(&again);
    assert_eq!(talk.messages.len(), 50);
    // An answer to a message that is forgotten is asked back, though one question alone is open.
    let mut talk = asked(1);
    let outcome = talk.answer(&Incoming {
        reply: "a",
        parsed: &Reply {
            meaning: Meaning::Accept,
            scope: Scope::Unsaid,
        },
        about: About::Forgotten,
    });
    assert!(matches!(outcome, Outcome::Say(ReplyNote::WhichOne { .. })));
}

#[test]
fn who_share_a_telephone_share_no_code() {
    let talks: Vec<Conversation> = (0..3)
        .map(|place| {
            let mut talk = Conversation {
                share: CodeShare { place, of: 3 },
                ..Conversation::default()
            };
            for n in 0..40 {
                talk.ask(&complaint(n), minute(0));
            }
            talk
        })
        .collect();
    let codes: Vec<u16> = talks
        .iter()
        .flat_map(|talk| talk.asks.values())
        .filter_map(|ask| ask.code)
        .collect();
    let distinct: BTreeSet<_> = codes.iter().collect();
    assert_eq!((codes.len(), distinct.len()), (120, 120));
    // Two digits as long as there are some of one's own; 86 is a word.
    let two = codes.iter().filter(|code| **code < 100).count();
    assert_eq!(two, 89);
    // Who has used up the own share takes another's before going without.
    let mut talk = Conversation {
        share: CodeShare { place: 1, of: 500 },
        ..Conversation::default()
    };
    assert_eq!(talk.ask(&complaint(0), minute(0)), Some(501));
    assert_eq!(talk.ask(&complaint(1), minute(0)), Some(10));
}

/// One thing done to a conversation.
#[derive(Debug, Clone)]
enum Deed {
    Ask(usize),
    Release(usize),
    Say {
        id: u8,
        meaning: Meaning,
        scope: Scope,
        about: Option<usize>,
    },
}

fn deeds(complaints: usize) -> impl Strategy<Value = Vec<(i64, Deed)>> {
    let meaning = prop::sample::select(vec![
        Meaning::Accept,
        Meaning::Refuse,
        Meaning::List,
        Meaning::Courtesy,
        Meaning::Noise,
        Meaning::Noise,
        Meaning::Undecided,
    ]);
    let scope = prop_oneof![
        4 => Just(Scope::Unsaid),
        1 => Just(Scope::All),
        2 => prop::collection::vec(8..20_u16, 1..4).prop_map(|codes| Scope::These {
            codes,
            tickets: Vec::new(),
        }),
    ];
    let deed = prop_oneof![
        3 => (0..complaints).prop_map(Deed::Ask),
        2 => (0..complaints).prop_map(Deed::Release),
        3 => (0..40_u8, meaning, scope, prop::option::weighted(0.2, 0..complaints)).prop_map(
            |(id, meaning, scope, about)| Deed::Say { id, meaning, scope, about }
        ),
    ];
    let wait = prop_oneof![Just(0), 1..60_i64, 60..6000_i64];
    prop::collection::vec((wait, deed), 1..200)
}

fn explained(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Say(ReplyNote::NotUnderstood { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn codes_are_short_unique_and_kept(run in deeds(300)) {
        let mut talk = Conversation::default();
        let mut at = minute(0);
        // What each code stood for last, and until when it may stand for nothing else.
        let mut stood: std::collections::BTreeMap<u16, (ComplaintId, Timestamp)> =
            std::collections::BTreeMap::new();
        for (wait, deed) in run {
            at += SignedDuration::from_mins(wait);
            match deed {
                Deed::Ask(n) => {
                    let known = talk
                        .asks
                        .get(&complaint(n))
                        .map(|ask| ask.code)
                        .or_else(|| {
                            talk.resting
                                .iter()
                                .find(|r| r.complaint == complaint(n) && r.until > at)
                                .map(|r| Some(r.code))
                        });
                    let given = talk.ask(&complaint(n), at);
                    if let Some(known) = known {
                        prop_assert_eq!(given, known);
                    }
                    let code = given.unwrap(); // 300 complaints never use up 900 codes.
                    prop_assert!((10..=999).contains(&code) && code != 86);
                    if let Some((other, until)) = stood.get(&code) {
                        prop_assert!(*other == complaint(n) || *until <= at);
                    }
                    stood.insert(code, (complaint(n), Timestamp::MAX));
                }
                Deed::Release(n) => {
                    let code = talk.asks.get(&complaint(n)).and_then(|ask| ask.code);
                    talk.release(&complaint(n), REST, at);
                    if let Some(code) = code {
                        stood.insert(code, (complaint(n), at + REST));
                    }
                }
                Deed::Say { .. } => {}
            }
            let used: Vec<u16> = talk
                .asks
                .values()
                .filter_map(|ask| ask.code)
                .chain(talk.resting.iter().map(|resting| resting.code))
                .collect();
            let distinct: BTreeSet<u16> = used.iter().copied().collect();
            prop_assert_eq!(used.len(), distinct.len());
        }
    }

    #[test]
    fn replies_are_handled_once_and_never_guessed(run in deeds(8)) {
        let mut talk = Conversation::default();
        let mut at = minute(0);
        let mut seen = BTreeSet::new();
        let mut in_a_row = 0;
        for (wait, deed) in run {
            at += SignedDuration::from_mins(wait);
            match deed {
                Deed::Ask(n) => {
                    talk.ask(&complaint(n), at);
                }
                Deed::Release(n) => talk.release(&complaint(n), REST, at),
                Deed::Say { id, meaning, scope, about } => {
                    let about = about.map(complaint);
                    let before = talk.clone();
                    let outcome = talk.answer(
                        &Incoming {
                            reply: &format!("m{id}"),
                            parsed: &Reply { meaning: meaning.clone(), scope: scope.clone() },
                            about: about.as_ref().map_or(About::Unsaid, About::Complaint),
                        },
                    );
                    if !seen.insert(id) {
                        prop_assert_eq!(outcome, Outcome::Repeated);
                        prop_assert_eq!(talk, before.clone());
                        talk = before;
                        continue;
                    }
                    prop_assert_eq!(&talk.asks, &before.asks, "a reply closes no question itself");
                    if let Outcome::Accept(chosen) | Outcome::Refuse { complaints: chosen, .. } = &outcome {
                        let distinct: BTreeSet<_> = chosen.iter().collect();
                        prop_assert_eq!(distinct.len(), chosen.len());
                        for complaint in chosen {
                            prop_assert!(
                                before.asks.contains_key(complaint)
                                    || before.resting.iter().any(|r| r.complaint == *complaint)
                            );
                        }
                        if scope == Scope::Unsaid {
                            prop_assert_eq!(chosen.len(), 1);
                            if let Some(about) = &about {
                                prop_assert_eq!(&chosen[0], about);
                            } else {
                                prop_assert_eq!(before.asks.len(), 1);
                            }
                        }
                    }
                    if matches!(meaning, Meaning::Noise | Meaning::Undecided) {
                        in_a_row += 1;
                        prop_assert_eq!(explained(&outcome), in_a_row <= 2);
                    } else {
                        in_a_row = 0;
                        prop_assert!(!explained(&outcome));
                    }
                }
            }
        }
    }

    #[test]
    fn a_conversation_survives_storage(run in deeds(30)) {
        let mut talk = Conversation::default();
        for (wait, deed) in run {
            match deed {
                Deed::Ask(n) => {
                    talk.ask(&complaint(n), minute(wait));
                }
                Deed::Release(n) => talk.release(&complaint(n), REST, minute(wait)),
                Deed::Say { id, meaning, scope, .. } => {
                    say(&mut talk, &format!("m{id}"), meaning, scope);
                }
            }
        }
        let stored = serde_json::to_string(&talk).unwrap();
        prop_assert_eq!(serde_json::from_str::<Conversation>(&stored).unwrap(), talk);
    }
}
