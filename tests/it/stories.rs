//! Stories of a complaint, told from outside: what arrives on which telephone, and what a reply
//! changes.

use siaga::{
    domain::{
        delivery::{FailureKind, Transport},
        fact::{Alarm, CancelReason, What},
    },
    inbound::Received,
};

use crate::support::town::{Town, hours, minutes};

#[tokio::test]
async fn a_missed_deadline_goes_up_step_by_step_until_somebody_answers() {
    let town = Town::start().await;
    town.complaint("LGWP14376928").await;
    town.pass(hours(11)).await;
    assert_eq!(town.told(), [""; 0], "nothing before the first warning");
    town.pass(hours(1)).await;
    assert_eq!(town.told(), ["pono sms"], "50 %: the officer");
    town.pass(minutes(6)).await;
    assert_eq!(
        town.told(),
        ["pono whatsapp"],
        "no sign of life: the next way"
    );
    town.pass(hours(11)).await;
    assert_eq!(
        town.told(),
        [
            "budi email",
            "budi sms",
            "budi whatsapp",
            "pono email",
            "sari email",
            "sari sms",
            "sari whatsapp"
        ],
        "75 %: the head and the secretary, way after way"
    );
    town.pass(minutes(54)).await;
    assert_eq!(town.told(), ["budi sms", "pono sms"], "the deadline");
    let missed = |what: &What| matches!(what, What::Missed { .. });
    assert_eq!(town.count("LGWP14376928", missed).await, 1);
    town.pass(minutes(4)).await;
    assert_eq!(town.sms("budi", "Siap pak").await, Received::Taken);
    let heard = town.arrived();
    assert_eq!(
        heard.len(),
        1,
        "one confirmation and nothing else: {heard:?}"
    );
    town.pass(minutes(118)).await;
    assert_eq!(town.told(), [""; 0], "quiet while the hold lasts");
    town.pass(minutes(10)).await;
    assert_eq!(
        town.told(),
        ["asti sms", "asti whatsapp", "budi sms", "budi whatsapp"],
        "the hold is over: the step whose time has come, not the first"
    );
    assert_eq!(
        town.count("LGWP14376928", missed).await,
        1,
        "missed once, whatever follows"
    );
    town.status("LGWP14376928", "Verifikasi").await;
    town.arrived();
    town.pass(hours(48)).await;
    assert_eq!(town.told(), [""; 0], "progress ends it");
    town.end().await;
}

#[tokio::test]
async fn an_acknowledged_complaint_is_missed_all_the_same() {
    let town = Town::start().await;
    town.complaint("A1").await;
    town.pass(hours(23)).await;
    town.sms("budi", "ok").await;
    town.arrived();
    town.pass(minutes(90)).await;
    assert_eq!(
        town.told(),
        [""; 0],
        "the acknowledgement holds over the deadline"
    );
    assert_eq!(
        town.count("A1", |what| matches!(what, What::Missed { .. }))
            .await,
        1
    );
    town.pass(minutes(31)).await;
    assert!(!town.told().is_empty(), "then the paging resumes");
    town.end().await;
}

#[tokio::test]
async fn nobody_is_paged_after_answering_not_from_a_retry_either() {
    let town = Town::start().await;
    town.complaint("A1").await;
    town.fail(Transport::Sms, Some(FailureKind::Temporary));
    town.pass(hours(24) + minutes(1)).await;
    town.arrived();
    town.sms("pono", "OK").await;
    town.fail(Transport::Sms, None);
    town.pass(minutes(110)).await;
    let told = town.told();
    assert!(
        told.iter().all(|line| line == "pono sms"),
        "only the confirmation may come: {told:?}"
    );
    let cancelled = |what: &What| {
        matches!(
            what,
            What::PageCancelled {
                why: CancelReason::Acknowledged,
                ..
            }
        )
    };
    assert!(town.count("A1", cancelled).await >= 1);
    town.end().await;
}

#[tokio::test]
async fn a_bare_ok_with_two_open_pages_is_asked_back_and_the_code_tells() {
    let town = Town::start().await;
    town.complaint("A1").await;
    town.complaint("A2").await;
    town.pass(hours(12)).await;
    town.arrived();
    town.sms("pono", "ok").await;
    let asked = town.arrived();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].text.contains("10") && asked[0].text.contains("11"),
        "{asked:?}"
    );
    let acknowledged = |what: &What| matches!(what, What::Acknowledged { .. });
    assert_eq!(town.count("A1", acknowledged).await, 0);
    assert_eq!(town.count("A2", acknowledged).await, 0);
    town.sms("pono", "OK 11").await;
    assert_eq!(town.count("A1", acknowledged).await, 0);
    assert_eq!(town.count("A2", acknowledged).await, 1);
    town.sms("budi", "ok 10").await;
    assert_eq!(
        town.count("A1", acknowledged).await,
        0,
        "another's code does nothing"
    );
    town.end().await;
}

#[tokio::test]
async fn a_reply_that_comes_twice_does_one_thing_and_is_confirmed_once() {
    let town = Town::start().await;
    town.complaint("A1").await;
    town.pass(hours(12)).await;
    town.arrived();
    assert_eq!(town.sms_with_id("pono", "ok", "m1").await, Received::Taken);
    assert_eq!(
        town.sms_with_id("pono", "ok", "m1").await,
        Received::Repeated
    );
    assert_eq!(town.told(), ["pono sms"]);
    assert_eq!(
        town.count("A1", |what| matches!(what, What::Acknowledged { .. }))
            .await,
        1
    );
    town.end().await;
}

#[tokio::test]
async fn a_stranger_changes_nothing() {
    let town = Town::start().await;
    town.complaint("A1").await;
    town.pass(hours(12)).await;
    town.arrived();
    assert_eq!(town.sms("+628999999999", "ok 10").await, Received::Stranger);
    assert_eq!(town.told(), [""; 0]);
    assert_eq!(
        town.count("A1", |what| matches!(what, What::Acknowledged { .. }))
            .await,
        0
    );
    town.end().await;
}

#[tokio::test]
async fn a_refusal_goes_on_to_the_coordinator_at_once_and_is_no_acknowledgement() {
    let town = Town::start().await;
    town.complaint("A1").await;
    town.pass(hours(18)).await;
    town.arrived();
    town.sms("budi", "bukan wewenang kami").await;
    assert_eq!(
        town.told(),
        ["budi sms", "kori sms"],
        "the confirmation, and the coordinator"
    );
    assert_eq!(
        town.count("A1", |what| matches!(what, What::Acknowledged { .. }))
            .await,
        0
    );
    town.pass(hours(6)).await;
    assert!(
        town.told().contains(&"pono sms".to_owned()),
        "the others are paged on"
    );
    town.end().await;
}

#[tokio::test]
async fn a_complaint_without_a_unit_pages_the_coordinators_desk() {
    let town = Town::start().await;
    town.complaint_of("A1", None).await;
    town.pass(hours(12)).await;
    assert_eq!(town.told(), ["kori sms"]);
    town.complaint_of("A2", Some("TIDAKADA")).await;
    town.pass(hours(12)).await;
    assert!(town.told().contains(&"kori sms".to_owned()));
    town.end().await;
}

#[tokio::test]
async fn when_every_way_fails_it_is_known() {
    let town = Town::start().await;
    for transport in Transport::ALL {
        town.fail(transport, Some(FailureKind::Permanent));
    }
    town.complaint("A1").await;
    town.pass(hours(12)).await;
    let unreachable = |what: &What| {
        matches!(
            what,
            What::Alarm {
                alarm: Alarm::Unreachable { .. }
            }
        )
    };
    assert_eq!(town.count("A1", unreachable).await, 1);
    town.end().await;
}

#[tokio::test]
async fn after_an_outage_each_is_told_once_and_the_rest_is_recorded() {
    let town = Town::start().await;
    town.complaint("A1").await;
    // The service was away: nothing ran until far beyond every step.
    town.clock.advance(hours(30));
    town.engine.settle().await.unwrap();
    assert_eq!(
        town.told(),
        ["asti sms", "budi sms", "pono sms", "sekda sms"],
        "everybody whom a missed step named, once"
    );
    assert_eq!(
        town.count("A1", |what| matches!(what, What::Missed { .. }))
            .await,
        1
    );
    assert!(
        town.count("A1", |what| matches!(what, What::Folded { .. }))
            .await
            >= 2
    );
    town.end().await;
}

#[tokio::test]
async fn a_changed_entry_of_the_ledger_is_found() {
    let town = Town::start().await;
    for n in 0..5 {
        town.complaint(&format!("A{n}")).await;
    }
    assert!(town.verify().await.iter().all(|v| v.fault.is_none()));
    let socket = siaga::store::embedded::socket_path(&town.folder.path().canonicalize().unwrap());
    let redis = |args: &[&str]| {
        let out = std::process::Command::new("redis-cli")
            .arg("-s")
            .arg(&socket)
            .args(args)
            .output()
            .unwrap();
        assert!(out.status.success());
    };
    // An entry is taken out of the middle.
    redis(&["XDEL", "siaga:{c0}:ledger", "3-0"]);
    let fault = town.verify().await[0].fault.clone().unwrap();
    assert!(fault.to_string().contains("entry 3 is missing"), "{fault}");
}
