//! Stories of the posts above a unit's head: who is told follows the tree, gaps are passed over
//! upward and stand in the timeline, and an acting holder counts from their minute.

use siaga::{
    clock::Clock,
    domain::{
        directory::{
            Acting, ActingKind,
            roster::{Leave, Roster, Rotation},
        },
        fact::{Alarm, PassedOver, SkipReason, What},
        id::{PostCode, ResponderId},
    },
    engine::Tuning,
};

use crate::support::town::{Town, directory, hours, minutes, world_of};

const POLICY: &str = r#"
id = "baku"
clock = { length = "24h", calendar = "kalender" }
hold = "2h"
on_refusal = ["koordinator:penghubung"]
updates = "never"
steps = [
    { after = "0s", to = ["kepala"] },
    { after = "1h", to = ["atasan"], again_every = "1h" },
    { after = "3h", to = ["atasan:2"] },
]
repeat = { from_step = 2, every = "6h" }
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

fn post(code: &str) -> PostCode {
    PostCode::parse(code).unwrap()
}

/// Who was told by their first way since the last look.
fn people(town: &Town) -> Vec<String> {
    let told = town.told();
    told.iter()
        .filter_map(|line| line.strip_suffix(" sms").map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_vacant_post_above_is_passed_over_upward_until_somebody_acts_for_it() {
    let town = Town::with(POLICY, Tuning::default()).await;
    let mut directory = directory();
    let begin = town.clock.now();
    let above = |code: &str, above: &str, directory: &mut siaga::domain::directory::Directory| {
        directory.posts.get_mut(&post(code)).unwrap().above = Some(post(above));
    };
    above("DISHUB.kepala", "SETDA.asisten", &mut directory);
    let assistant = directory.posts.get_mut(&post("SETDA.asisten")).unwrap();
    assistant.holder = None;
    assistant.acting.push(Acting {
        responder: ResponderId::parse("asti").unwrap(),
        kind: ActingKind::Plt,
        decree: "821.2/17/2026".into(),
        from: begin + hours(26),
        until: begin + hours(50),
    });
    town.worlds.set(world_of(POLICY, directory));
    town.complaint("A1").await;
    town.pass(hours(24) + minutes(10)).await;
    assert_eq!(people(&town), ["budi"], "the head, at the deadline");
    // The assistant's post is vacant: the secretary hears in the assistant's stead.
    town.pass(minutes(55)).await;
    assert_eq!(people(&town), ["sekda"]);
    let over = PassedOver {
        post: post("SETDA.asisten"),
        next: Some(post("SETDA.kepala")),
    };
    let passed = |what: &What| matches!(what, What::Skipped { why: SkipReason::Vacant, over: Some(told), .. } if *told == over);
    assert_eq!(town.count("A1", passed).await, 1);
    // From the minute of the decree on whoever acts is told.
    town.pass(hours(1)).await;
    assert_eq!(people(&town), ["asti"]);
    // The second above is the secretary, whoever holds the first.
    town.pass(hours(1)).await;
    assert_eq!(people(&town), ["sekda"]);
    assert_eq!(town.count("A1", passed).await, 1, "no gap any more");
    town.end().await;
}

#[tokio::test]
async fn a_chain_that_ends_without_anybody_is_an_alarm() {
    let town = Town::with(POLICY, Tuning::default()).await;
    let mut directory = directory();
    for (code, above) in [
        ("DISHUB.kepala", Some("SETDA.kepala")),
        ("SETDA.kepala", None),
    ] {
        directory.posts.get_mut(&post(code)).unwrap().above = above.map(post);
    }
    directory
        .posts
        .get_mut(&post("SETDA.kepala"))
        .unwrap()
        .holder = None;
    town.worlds.set(world_of(POLICY, directory));
    town.complaint("A1").await;
    town.pass(hours(25) + minutes(5)).await;
    assert_eq!(people(&town), ["budi"]);
    let highest = |what: &What| {
        matches!(
            what,
            What::Skipped {
                why: SkipReason::Vacant,
                over: Some(PassedOver { next: None, .. }),
                ..
            }
        )
    };
    let alarmed = |what: &What| {
        matches!(
            what,
            What::Alarm {
                alarm: Alarm::NobodyToPage { .. }
            }
        )
    };
    assert_eq!(town.count("A1", highest).await, 1);
    assert_eq!(town.count("A1", alarmed).await, 1);
    town.end().await;
}

#[tokio::test]
async fn a_desk_is_paged_by_its_roster_and_a_gap_is_an_alarm_and_goes_on_upward() {
    let town = Town::with(POLICY, Tuning::default()).await;
    let mut directory = directory();
    let begin = town.clock.now();
    let members = ["asti", "kama"].map(|id| ResponderId::parse(id).unwrap());
    let post_of = |code: &str| directory.posts[&post(code)].clone();
    let mut head = post_of("DISHUB.kepala");
    head.above = Some(post("SETDA.asisten"));
    let mut desk = post_of("SETDA.asisten");
    desk.holder = None;
    desk.roster = Some(Roster {
        members: members.clone().into(),
        rotation: Rotation::Hourly,
        every: 1,
        begins: begin + hours(24) + minutes(30),
        leave: members
            .map(|member| Leave {
                member,
                from: begin + hours(24),
                until: begin + hours(25) + minutes(30),
            })
            .into(),
        overrides: Vec::new(),
    });
    directory.posts.insert(post("DISHUB.kepala"), head);
    directory.posts.insert(post("SETDA.asisten"), desk);
    town.worlds.set(world_of(POLICY, directory));
    town.complaint("A1").await;
    town.pass(hours(24) + minutes(10)).await;
    assert_eq!(people(&town), ["budi"]);
    // Both are on leave: the secretary hears of it, and so do the operators.
    town.pass(minutes(55)).await;
    assert_eq!(people(&town), ["sekda"]);
    let gap = |what: &What| {
        let desk = post("SETDA.asisten");
        matches!(what, What::Alarm { alarm: Alarm::NobodyOnDuty { post } } if *post == desk)
    };
    assert_eq!(town.count("A1", gap).await, 1);
    // Back from leave, it is the second one's turn.
    town.pass(hours(1)).await;
    assert_eq!(people(&town), ["kama"]);
    assert_eq!(town.count("A1", gap).await, 1, "no gap any more");
    town.end().await;
}
