//! Answers that come late, from who had refused, or from another while the head's page is still on its
//! way: whoever answers is told the truth, and what is not wanted any more does not leave.

use std::num::NonZeroU32;

use crate::support::{
    town::{POLICY, Town, complaint_id, hours, minutes},
    ways::{Conduct, Ways},
};
use siaga::{
    domain::{
        delivery::{FailureKind, Transport},
        fact::{NoEffect, What},
        pace::Limit,
        routing::Route,
    },
    engine::{Tuning, gateways::Terms},
    inbound::Received,
};

fn seconds(n: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_secs(n)
}

/// Head and secretary are warned together, and nobody else.
const BOTH: &str = r#"
id = "uji"
version = 1
clock = { length = "24h", calendar = "kalender" }
warnings = [{ at_percent = 75, to = ["kepala", "sekretaris"] }]
steps = [{ after = "0s", to = ["kepala"] }]
repeat = { every = "48h" }
hold = "4h"
[delivery]
patience = "5m"
retries = ["30s", "1m", "5m"]
[statuses]
verifikasi = "progress"
"#;

fn acknowledged(what: &What) -> bool {
    matches!(what, What::Acknowledged { .. })
}

#[tokio::test]
async fn who_answers_after_the_end_is_told_so_and_nothing_changes() {
    let town = Town::start().await;
    town.complaint("LGWP10101").await;
    town.pass(hours(18) + minutes(1)).await;
    town.arrived();
    town.status("LGWP10101", "selesai").await;
    town.pass(hours(30)).await;
    assert_eq!(town.told(), [""; 0], "nobody is told of what is over");
    let state = |town: &Town| {
        let store = town.store.clone();
        async move {
            let found = store.load_escalation(&complaint_id("LGWP10101")).await;
            found.unwrap().unwrap().value
        }
    };
    let before = state(&town).await;
    let words = ["ok 10", "siap LGWP10101", "bukan kami LGWP10101"];
    for (n, words) in words.into_iter().enumerate() {
        assert_eq!(town.sms("budi", words).await, Received::Taken);
        let said = town.arrived();
        assert_eq!(said.len(), 1, "{words}: {said:?}");
        assert!(said[0].text.contains("LGWP10101"), "{words}: {said:?}");
        assert!(
            said[0].text.contains("sudah direspons"),
            "{words}: {said:?}"
        );
        let without = |what: &What| {
            let why = NoEffect::NoLongerOpen;
            matches!(what, What::AnswerWithoutEffect { why: found, .. } if *found == why)
        };
        assert_eq!(town.count("LGWP10101", without).await, n + 1, "{words}");
        // That it was handled is all that the record has gained.
        let mut after = state(&town).await;
        after.handled.clone_from(&before.handled);
        assert_eq!(after, before, "{words}");
    }
    // Bare words mean nothing when nothing is open.
    town.sms("budi", "ok").await;
    assert_eq!(town.count("LGWP10101", acknowledged).await, 0);
    town.pass(hours(10)).await;
    town.end().await;
}

#[tokio::test]
async fn who_refused_may_take_it_on_after_all() {
    let town = Town::start().await;
    town.complaint("LGWP10101").await;
    town.pass(hours(18) + minutes(1)).await;
    town.arrived();
    town.sms("budi", "bukan kami").await;
    assert!(
        town.told().contains(&"kori sms".to_owned()),
        "the desk is asked"
    );
    town.sms("budi", "siap LGWP10101").await;
    let said = town.arrived();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].text.contains("Anda terima"), "{said:?}");
    assert_eq!(town.count("LGWP10101", acknowledged).await, 1);
    // The desk's further ways do not leave while he has it.
    town.pass(minutes(110)).await;
    assert_eq!(town.told(), [""; 0]);
    // He shows nothing: at the deadline he is told like everybody else, he is no refuser any more.
    town.pass(hours(5)).await;
    assert!(town.told().contains(&"budi sms".to_owned()));
    town.end().await;
}

#[tokio::test]
async fn a_page_that_waits_for_its_retry_does_not_leave_after_anothers_answer() {
    for kind in [FailureKind::Temporary, FailureKind::Unknown] {
        let town = Town::with(BOTH, Tuning::default()).await;
        let all = [Transport::Sms, Transport::Whatsapp, Transport::Email];
        for transport in all {
            town.fail(transport, Some(kind.clone()));
        }
        town.complaint("LGWP10101").await;
        town.pass(hours(18) + seconds(10)).await;
        assert_eq!(town.told(), [""; 0]);
        let failed = |what: &What| matches!(what, What::AttemptFailed { .. });
        assert!(
            town.count("LGWP10101", failed).await >= 2,
            "both were tried"
        );
        // The secretary heard of it in the corridor; the head's page waits for its next attempt.
        town.sms("sari", "siap LGWP10101").await;
        for transport in all {
            town.fail(transport, None);
        }
        town.pass(hours(3)).await;
        assert_eq!(
            town.told(),
            ["sari sms"],
            "{kind:?}: her confirmation alone"
        );
        assert_eq!(town.count("LGWP10101", acknowledged).await, 1);
        town.end().await;
    }
}

#[tokio::test]
async fn a_page_that_may_have_left_is_not_repeated_after_anothers_answer() {
    let ways = Ways::default();
    let town = Town::by(BOTH, Tuning::default(), |clock| {
        vec![ways.add("utama", Route::default(), clock)]
    })
    .await;
    // The gateway takes the message and breaks off: nobody knows, so it would go again.
    ways.tell("utama", Conduct::TakeAndBreak);
    town.complaint("LGWP10101").await;
    town.pass(hours(18) + seconds(10)).await;
    let seen = ways.seen();
    assert_eq!(seen.len(), 2, "head and secretary: {seen:?}");
    // What cannot be known sends the next way off at once.
    assert_eq!(town.told(), ["budi whatsapp", "sari whatsapp"]);
    town.sms("sari", "siap LGWP10101").await;
    ways.tell("utama", Conduct::Take);
    town.pass(hours(3)).await;
    let head = |it: &&crate::support::ways::Request| it.reference.contains(":budi");
    let again = ways.seen();
    assert_eq!(again.iter().filter(head).count(), 0, "{again:?}");
    assert_eq!(town.told(), [""; 0], "nor by another way");
    town.end().await;
}

#[tokio::test]
async fn a_page_that_waits_for_room_does_not_leave_after_anothers_answer() {
    let ways = Ways::default();
    let one_a_minute = Limit {
        per_minute: NonZeroU32::new(1),
        ..Limit::default()
    };
    let policy = BOTH.replace("patience = \"5m\"", "patience = \"6h\"");
    let town = Town::limited(&policy, Town::a_page_a_message(), |clock| {
        let terms = Terms {
            limit: one_a_minute,
            ..Terms::default()
        };
        vec![(ways.add("utama", Route::default(), clock), terms)]
    })
    .await;
    for n in 0..6 {
        town.complaint(&format!("LGWP1010{n}")).await;
    }
    town.pass(hours(18) + seconds(90)).await;
    let before = ways.seen();
    assert!(before.len() <= 2, "the others wait: {before:?}");
    town.told();
    for n in 0..6 {
        town.sms("sari", &format!("siap LGWP1010{n}")).await;
    }
    town.pass(hours(3)).await;
    let after = ways.seen();
    let pages = after.iter().filter(|it| it.reference.starts_with("LGWP"));
    assert_eq!(pages.count(), 0, "only confirmations: {after:?}");
    let to_budi = town.told().into_iter().filter(|it| it.starts_with("budi"));
    assert_eq!(to_budi.count(), 0);
    town.end().await;
}

#[tokio::test]
async fn a_bundle_that_gathers_does_not_name_what_another_has_answered() {
    for answered in [4, 3] {
        let town = Town::with(BOTH, Tuning::default()).await;
        for n in 0..5 {
            town.complaint(&format!("LGWP1010{n}")).await;
            town.pass(seconds(1)).await;
        }
        town.pass(hours(18)).await;
        let first = town.told();
        assert_eq!(
            first,
            ["budi sms", "sari sms"],
            "the first at once, the rest gathers"
        );
        for n in 1..=answered {
            town.sms("sari", &format!("siap LGWP1010{n}")).await;
        }
        town.arrived();
        town.pass(minutes(2)).await;
        let rest = town.arrived();
        let named = |n: usize| {
            let ticket = format!("LGWP1010{n}");
            rest.iter().filter(|it| it.text.contains(&ticket)).count()
        };
        for n in 1..=answered {
            assert_eq!(named(n), 0, "{answered}: {rest:?}");
        }
        let left = if answered == 4 { 0 } else { 2 };
        assert_eq!(named(4), left, "to both, where it is open: {rest:?}");
        town.end().await;
    }
}

#[tokio::test]
async fn what_left_for_the_head_goes_no_further_way_after_anothers_answer() {
    let town = Town::with(POLICY, Tuning::default()).await;
    town.complaint("LGWP10101").await;
    town.pass(hours(18) + seconds(10)).await;
    assert!(town.told().contains(&"budi sms".to_owned()));
    // No sign of life yet: in five minutes WhatsApp would be next.
    town.sms("sari", "siap").await;
    town.pass(minutes(100)).await;
    assert_eq!(town.told(), ["sari sms"]);
    town.end().await;
}
