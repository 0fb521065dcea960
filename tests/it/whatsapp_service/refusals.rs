//! What Meta refuses, at once or in a status that comes later, and what follows.

use std::time::Instant;

use serde_json::{Value, json};

use siaga::{
    domain::fact::{Alarm, Fact, What},
    store::Store,
};

use super::{HEADS, Stage, now, stage};
use crate::support::{
    fake_meta::{self, FakeMeta, Mood},
    wait::{PATIENCE, eventually, eventually_asked},
};

/// The templates that were alarmed so far: gateway, template, and what was said.
async fn refused_templates(stage: &Stage) -> Vec<(String, String, String)> {
    let store = Store::connect(&stage.siaga.redis(), "siaga", 1)
        .await
        .unwrap();
    let mut told = Vec::new();
    for shard in store.keys().all_shards() {
        for stored in store.read_ledger(shard, 1).await.unwrap() {
            let fact: Fact = serde_json::from_slice(&stored.fact).unwrap();
            if let What::Alarm {
                alarm:
                    Alarm::TemplateRefused {
                        gateway,
                        template,
                        why,
                    },
            } = fact.what
            {
                told.push((gateway, template, why));
            }
        }
    }
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_meta_does_not_know_is_alarmed_once_and_turns_no_other_message_away() {
    let stage = stage().await;
    let sms_to = |number: &str| {
        let requests = stage.sms.requests();
        requests.into_iter().find(|request| request.to() == number)
    };
    let hour = || now() / 3600;
    let began = hour();
    // As many as would turn everybody away from a gateway whose account is refused.
    for (unit, _, number) in [HEADS[0], HEADS[1], HEADS[2]] {
        stage.meta.set_mood(
            number,
            Mood::Error {
                status: 404,
                code: 132_001,
                is_transient: false,
            },
        );
        let id = format!("K-{unit}");
        stage.siaga.overdue_at(&id, unit).await;
        eventually("the SMS", PATIENCE, || sms_to(number)).await;
        let failed = stage.facts(&id, "attempt_failed").await;
        assert_eq!(failed[0]["kind"], "template_refused", "{failed:?}");
        assert!(stage.facts(&id, "alarm").await.is_empty());
    }
    // It takes another person's page, and says of it later that the template is paused.
    let (unit, _, number) = HEADS[3];
    stage.siaga.overdue_at("K-4", unit).await;
    let (place, page) = stage.meta.wait_for_messages(number, 1).await.remove(0);
    assert_eq!(page["type"], "template");
    let paused = fake_meta::status_webhook(
        &FakeMeta::id_of(place),
        number,
        now(),
        "failed",
        Some(132_015),
        page["biz_opaque_callback_data"].as_str(),
    );
    for _ in 0..2 {
        assert_eq!(stage.signed(&paused).await, 200);
    }
    eventually("the SMS", PATIENCE, || sms_to(number)).await;
    let told = eventually_asked("both alarms", PATIENCE, async || {
        let told = refused_templates(&stage).await;
        (told.len() >= 2).then_some(told)
    })
    .await;
    assert!(told.len() == 2 || hour() != began, "{told:#?}");
    let ((first, template, why), (last, other, later)) = (&told[0], &told[told.len() - 1]);
    assert_eq!((first.as_str(), last.as_str()), ("meta", "whatsapp"));
    assert_eq!(template, "siaga_aduan_lewat.id");
    assert_eq!(other, template);
    assert!(why.starts_with("code 132001"), "{why}");
    assert!(later.contains("a receipt of page K-4"), "{later}");
    for why in [why, later] {
        assert!(why.contains("register it word for word"), "{why}");
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_refuses_goes_on_by_the_kind_of_its_error() {
    let stage = stage().await;
    let error = |status, code| Mood::Error {
        status,
        code,
        is_transient: false,
    };
    let sms_to = |number: &str| {
        let requests = stage.sms.requests();
        let found = requests.iter().find(|request| request.to() == number);
        found.map(|request| request.arrived)
    };
    // Not on WhatsApp; our token; too fast: for each, SMS at once.
    for (head, mood, kind) in [
        (HEADS[0], error(400, 131_026), "permanent"),
        (HEADS[1], error(401, 190), "misconfigured"),
        (HEADS[2], error(429, 130_429), "rate_limited"),
    ] {
        let (unit, _, number) = head;
        stage.meta.set_mood(number, mood);
        let id = format!("K-{unit}");
        let handed_in = Instant::now();
        stage.siaga.overdue_at(&id, unit).await;
        let arrived = eventually("the SMS", PATIENCE, || sms_to(number)).await;
        // Patience with a way that gives no sign is ten minutes here: this was not patience.
        assert!(arrived.duration_since(handed_in).as_secs() < 30);
        let failed = stage.facts(&id, "attempt_failed").await;
        let found = failed[0]["kind"].as_str().or_else(|| {
            let kind = failed[0]["kind"].as_object()?;
            kind.keys().next().map(String::as_str)
        });
        assert_eq!(found, Some(kind), "{failed:?}");
        let back = stage.facts(&id, "fell_back").await;
        assert_eq!((back.len(), &back[0]["why"]), (1, &json!("failed")));
    }
    // Nobody waits for an operator, and the operator hears.
    let alarms = stage.facts("K-DINKES", "alarm").await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert!(alarms[0].to_string().contains("meta"), "{alarms:?}");
    assert!(stage.facts("K-DISHUB", "alarm").await.is_empty());
    let (unit, _, number) = HEADS[0];
    assert_eq!(
        stage.meta.wait_for_messages(number, 1).await.len(),
        1,
        "{unit}: what is permanent is not tried again"
    );
    // What was too fast is tried again, under a reference of its own.
    let (_, _, number) = HEADS[2];
    stage.meta.clear_mood(number);
    let messages = stage.meta.wait_for_messages(number, 2).await;
    let references: Vec<_> = messages
        .iter()
        .map(|(_, message)| message["biz_opaque_callback_data"].clone())
        .collect();
    assert_ne!(references[0], references[1]);
    stage
        .siaga
        .wait_for_timeline("K-DINSOS", "\"gateway\":\"meta\",\"gateway_id\"")
        .await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_meta_says_is_closed_sends_a_template_whether_told_at_once_or_later() {
    let stage = stage().await;
    let types = |messages: &[(usize, Value)]| -> Vec<String> {
        let kinds = messages.iter().map(|(_, message)| &message["type"]);
        kinds
            .map(|kind| kind.as_str().unwrap().to_owned())
            .collect()
    };
    // Told at once: Budi wrote, so we believe the window is open.
    let (unit, _, number) = HEADS[0];
    let hello = fake_meta::text_webhook(number, "wamid.h1", now(), "daftar", None);
    assert_eq!(stage.signed(&hello).await, 200);
    stage.meta.wait_for_messages(number, 1).await;
    stage.meta.set_mood(number, Mood::TemplatesOnly);
    stage.siaga.overdue_at("LGWP20001", unit).await;
    let messages = stage.meta.wait_for_messages(number, 3).await;
    assert_eq!(types(&messages), ["text", "interactive", "template"]);
    stage
        .siaga
        .wait_for_timeline("LGWP20001", "\"gateway_id\":\"wamid.")
        .await;
    assert!(stage.facts("LGWP20001", "fell_back").await.is_empty());
    // The next page knows.
    stage.siaga.overdue_at("LGWP20002", unit).await;
    let messages = stage.meta.wait_for_messages(number, 4).await;
    assert_eq!(types(&messages)[3], "template");
    // Told later, in a status, as Meta mostly does.
    let (unit, _, number) = HEADS[1];
    let hello = fake_meta::text_webhook(number, "wamid.h2", now(), "daftar", None);
    assert_eq!(stage.signed(&hello).await, 200);
    stage.meta.wait_for_messages(number, 1).await;
    stage.siaga.overdue_at("LGWP20003", unit).await;
    let messages = stage.meta.wait_for_messages(number, 2).await;
    assert_eq!(types(&messages), ["text", "interactive"]);
    let (place, page) = &messages[1];
    let failed = fake_meta::status_webhook(
        &FakeMeta::id_of(*place),
        number,
        now(),
        "failed",
        Some(131_047),
        page["biz_opaque_callback_data"].as_str(),
    );
    for _ in 0..3 {
        assert_eq!(stage.signed(&failed).await, 200);
    }
    let messages = stage.meta.wait_for_messages(number, 3).await;
    assert_eq!(types(&messages), ["text", "interactive", "template"]);
    assert_eq!(stage.facts("LGWP20003", "receipt").await.len(), 1);
    assert!(stage.facts("LGWP20003", "fell_back").await.is_empty());
    // A message from long ago, delivered now, opens no window.
    let (unit, _, number) = HEADS[2];
    let hello = fake_meta::text_webhook(number, "wamid.h3", now() - 90_000, "daftar", None);
    assert_eq!(stage.signed(&hello).await, 200);
    stage.siaga.overdue_at("LGWP20004", unit).await;
    let messages = stage.meta.wait_for_messages(number, 2).await;
    assert!(types(&messages).contains(&"template".to_owned()));
    assert!(stage.sms.requests().is_empty(), "no other way was needed");
    // Undeliverable, told later: SMS at once.
    let (unit, _, number) = HEADS[3];
    stage.siaga.overdue_at("LGWP20005", unit).await;
    let (place, page) = stage.meta.wait_for_messages(number, 1).await.remove(0);
    let failed = fake_meta::status_webhook(
        &FakeMeta::id_of(place),
        number,
        now(),
        "failed",
        Some(131_026),
        page["biz_opaque_callback_data"].as_str(),
    );
    assert_eq!(stage.signed(&failed).await, 200);
    let requests = || {
        stage
            .sms
            .requests()
            .into_iter()
            .find(|it| it.to() == number)
    };
    eventually("the SMS", PATIENCE, requests).await;
    stage.end().await;
}
