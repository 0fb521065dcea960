//! What is written is read back.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use proptest::{collection, option, prelude::*, sample};

use super::*;
use crate::domain::{
    delivery::EmailAddress,
    directory::{
        Acting, ActingKind, ContactMethod, Language,
        roster::{Leave, Override, Roster, Rotation},
    },
    id::{CalendarId, MethodId, PolicyId},
    notify::Rule,
    phone::PhoneNumber,
    policy::Role,
};

/// Texts that files find hard: quotes, what looks like a field, and other scripts.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z ,.]{1,20}",
        Just("hold = \"PT2H\"".to_owned()),
        Just("\"'''\\ # [[people]]".to_owned()),
        Just("PT2H".to_owned()),
        Just("baris satu\nsms = \"x\"\n[[units]]".to_owned()),
        Just("ꦗꦮ 日本 é".to_owned()),
        any::<String>(),
    ]
}

fn methods() -> impl Strategy<Value = Vec<ContactMethod>> {
    let one = |transport: Transport| {
        (0..1000_u32, any::<bool>()).prop_map(move |(n, enabled)| ContactMethod {
            id: MethodId::parse(transport.as_str()).unwrap(),
            transport,
            address: match transport {
                Transport::Email => {
                    Address::Email(EmailAddress::parse(&format!("a{n}@contoh.test")).unwrap())
                }
                _ => Address::Phone(PhoneNumber::parse(&format!("+62899{n:07}")).unwrap()),
            },
            enabled,
        })
    };
    let usual = (Transport::ALL.map(one), 0..=4_usize)
        .prop_map(|(all, count)| all.into_iter().take(count).collect::<Vec<_>>())
        .prop_shuffle();
    let further = collection::vec(
        (
            sample::select(&Transport::ALL[..]).prop_flat_map(one),
            "[a-d]",
        ),
        0..3,
    );
    (usual, further).prop_map(|(mut usual, further)| {
        for (method, name) in further {
            let id = MethodId::parse(&format!("lain-{name}")).unwrap();
            if usual.iter().all(|known| known.id != id) {
                usual.push(ContactMethod { id, ..method });
            }
        }
        usual
    })
}

/// Rules as people write them, over the methods that there are.
fn rules(methods: &[ContactMethod], shapes: &[(u8, i64)]) -> Vec<Rule> {
    let rule = |(shape, seconds): &(u8, i64)| {
        let method = methods.get(usize::from(*shape) % methods.len().max(1))?;
        let when = match shape % 4 {
            0 => "",
            1 => "when = { hours = \"22:00-06:00\" }\n",
            2 => "when = { urgency = \"warning\", days = [\"monday\", \"sunday\"] }\n",
            _ => "reach = \"everywhere\"\n",
        };
        let after = if *shape > 100 {
            format!(", after = \"{seconds}s\"")
        } else {
            String::new()
        };
        let text = format!("{when}by = [{{ method = \"{}\"{after} }}]", method.id);
        Some(toml::from_str(&text).unwrap())
    };
    shapes.iter().filter_map(rule).collect()
}

fn acting() -> impl Strategy<Value = Acting> {
    (
        0..5_u32,
        any::<bool>(),
        text(),
        -9_000_000_000..9_000_000_000_i64,
        0..999_999_999_i32,
    )
        .prop_map(|(who, plt, decree, second, nano)| Acting {
            responder: ResponderId::parse(&format!("p{who}")).unwrap(),
            kind: if plt {
                ActingKind::Plt
            } else {
                ActingKind::Plh
            },
            decree,
            from: Timestamp::new(second, nano).unwrap_or(Timestamp::UNIX_EPOCH),
            until: "2031-01-01T00:00:00+07:00".parse().unwrap(),
        })
}

prop_compose! {
    fn roster()(
        members in collection::vec(0..5_u32, 0..3),
        daily in any::<bool>(),
        every in 0..400_u16,
        acting in collection::vec(acting(), 0..3),
    ) -> Roster {
        Roster {
            members: members.into_iter().map(|n| ResponderId::parse(&format!("p{n}")).unwrap()).collect(),
            rotation: if daily { Rotation::Daily } else { Rotation::Weekly },
            every,
            begins: Timestamp::UNIX_EPOCH,
            leave: acting.iter().map(|one| Leave {
                member: one.responder.clone(),
                from: one.from,
                until: one.until,
            }).collect(),
            overrides: acting.into_iter().map(|one| Override {
                responder: one.responder,
                from: one.from,
                until: one.until,
                by: one.decree.clone(),
                reason: one.decree,
            }).collect(),
        }
    }
}

prop_compose! {
    fn posts(code: UnitCode, unit_name: String)(
        own in any::<bool>(),
        titles in collection::vec((text(), text()), 6),
        which in sample::subsequence(vec!["kepala", "sekretaris", "penghubung", "asisten"], 0..=4),
        holders in collection::vec(option::of(0..5_u32), 4),
        acting in collection::vec(collection::vec(acting(), 0..2), 4),
        roster in collection::vec(option::of(roster()), 4),
        above in collection::vec(option::of("[A-Z]{2,4}\\.kepala"), 4),
    ) -> Vec<(PostCode, Post)> {
        let row = UnitRow {
            calendars: std::collections::BTreeMap::new(),
            code: code.clone(), name: unit_name.clone(), short_name: None, aliases: Vec::new(),
            head: None, head_short: None, above: None, own_posts: true,
        };
        let usual = row.own_titles();
        let which = if own { vec!["kepala", "sekretaris", "penghubung"] } else { which };
        which.into_iter().enumerate().map(|(index, role)| {
            let (title, short_title) = if own && index > 0 {
                usual[index].clone()
            } else {
                titles[index].clone()
            };
            let post = Post {
                unit: code.clone(),
                role: Role::parse(role).unwrap(),
                title,
                short_title,
                above: above[index].clone().map(|code| PostCode::parse(&code).unwrap()),
                holder: holders[index].map(|n| ResponderId::parse(&format!("p{n}")).unwrap()),
                acting: acting[index].clone(),
                roster: roster[index].clone(),
            };
            (PostCode::parse(&format!("{code}.{role}")).unwrap(), post)
        }).collect()
    }
}

fn unit() -> impl Strategy<Value = (UnitCode, Unit, Vec<(PostCode, Post)>)> {
    (
        "[A-Z]{2,6}",
        text(),
        option::of(text()),
        collection::vec(text(), 0..3),
        any::<bool>(),
    )
        .prop_flat_map(|(code, name, short, aliases, own)| {
            let code = UnitCode::parse(&code).unwrap();
            let own_calendars = own
                .then(|| ["kerja", "kalender"].map(|id| CalendarId::parse(id).unwrap()))
                .map(|[one, other]| (one, other))
                .into_iter()
                .collect();
            let unit = Unit {
                name: name.clone(),
                short_name: short.unwrap_or_else(|| code.to_string()),
                aliases,
                calendars: own_calendars,
            };
            posts(code.clone(), name).prop_map(move |posts| (code.clone(), unit.clone(), posts))
        })
}

fn directories() -> impl Strategy<Value = Directory> {
    let shapes = || collection::vec((any::<u8>(), 1..90_000_i64), 0..3);
    let people = collection::vec((text(), any::<bool>(), methods(), shapes()), 0..5);
    (
        collection::vec(unit(), 0..5),
        people,
        option::of("[A-Z]{2,4}"),
    )
        .prop_map(|(units, people, coordinator)| {
            let mut directory = Directory {
                coordinator: coordinator.map(|code| UnitCode::parse(&code).unwrap()),
                ..Directory::default()
            };
            for (code, unit, posts) in units {
                // Two of one code would take each other's posts.
                if directory.units.contains_key(&code) {
                    continue;
                }
                directory.units.insert(code, unit);
                directory.posts.extend(posts);
            }
            for (n, (name, english, methods, shapes)) in people.into_iter().enumerate() {
                let person = Responder {
                    name,
                    language: if english { Language::En } else { Language::Id },
                    rules: rules(&methods, &shapes),
                    methods,
                };
                let id = ResponderId::parse(&format!("p{n}")).unwrap();
                directory.responders.insert(id, person);
            }
            directory
        })
}

fn shipped() -> Rulebook {
    Sources::shipped(true).parse(&mut Vec::new()).book
}

fn policies() -> impl Strategy<Value = BTreeMap<PolicyId, Policy>> {
    let lengths = || (1..100_000_i64).prop_map(SignedDuration::from_secs);
    let one = (
        ("[a-z0-9.-]{1,12}", text(), lengths(), lengths()),
        (
            option::of(lengths()),
            option::of(0..9_u32),
            collection::vec(lengths(), 0..5),
        ),
        (
            0..5_usize,
            any::<bool>(),
            collection::btree_map(text(), any::<bool>(), 0..4),
        ),
    )
        .prop_map(
            |((id, title, hold, length), (renew, limit, retries), (steps, reach, states))| {
                let mut policy = shipped().policies.into_values().next().unwrap();
                policy.id = PolicyId::parse(&id).unwrap();
                policy.title = title;
                policy.hold = hold;
                policy.clock.length = length;
                policy.renew_progress_every = renew;
                policy.repeat.limit = limit;
                Arc::make_mut(&mut policy.delivery).retries = retries;
                policy.steps.truncate(steps);
                if reach {
                    policy.warnings.clear();
                    policy.on_refusal.clear();
                }
                policy.statuses = states
                    .into_iter()
                    .map(|(state, end)| {
                        let meaning = if end {
                            crate::domain::policy::StatusMeaning::End
                        } else {
                            crate::domain::policy::StatusMeaning::Pause
                        };
                        (state.as_str().into(), meaning)
                    })
                    .collect();
                (policy.id.clone(), policy)
            },
        );
    collection::vec(one, 0..3).prop_map(|all| all.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn what_is_written_is_read_back(directory in directories(), policies in policies()) {
        let book = Rulebook { directory, policies, calendars: shipped().calendars };
        let files = files(&book).unwrap();
        let mut faults = Vec::new();
        let read = files.parse(&mut faults).book;
        prop_assert_eq!(&faults, &Vec::new());
        prop_assert_eq!(difference::differences(&book, &read), Vec::new());
        prop_assert_eq!(book.directory, read.directory);
        prop_assert_eq!(book.policies, read.policies);
        prop_assert_eq!(book.calendars, read.calendars);
    }
}

#[test]
fn what_is_shipped_is_written_as_people_write_it() {
    let book = shipped();
    let files = files(&book).unwrap();
    let policy = &files.policies[0].1;
    assert!(
        policy.contains("hold = \"2h\"") && policy.contains("length = \"24h\""),
        "{policy}"
    );
    assert!(!policy.contains("version"), "{policy}");
    let units = &files.directory[0].1;
    assert!(
        units.contains("head_short = \"Sekda\"") && !units.contains("own_posts = true"),
        "{units}"
    );
    assert_eq!(units.matches("[[units]]").count(), 53);
    assert!(units.matches("[[posts]]").count() < 6, "{units}");
}

#[test]
fn what_files_cannot_carry_is_told() {
    let mut book = shipped();
    let (_, post) = book.directory.posts.iter_mut().next().unwrap();
    post.role = Role::parse("lain").unwrap();
    let told = files(&book).unwrap_err().to_string();
    assert!(
        told.contains("cannot carry") && told.contains("post "),
        "{told}"
    );
    let always = book.calendars.values().next().unwrap().clone();
    let mut book = shipped();
    book.calendars
        .insert(CalendarId::parse("lain").unwrap(), always);
    assert!(files(&book).is_ok());
}
