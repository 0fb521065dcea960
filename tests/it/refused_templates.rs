//! A WhatsApp template that nobody registered: told once an hour, and no fault of the gateway's.

use siaga::{
    domain::{
        delivery::{FailureKind, Transport},
        fact::{Alarm, Fact, What},
    },
    engine::Tuning,
};

use crate::support::town::{POLICY, Town, hours, minutes};

/// Every alarm of the gateways in the ledger, in its order: what it is, and of which template.
async fn alarmed(town: &Town) -> Vec<String> {
    let mut told = Vec::new();
    for shard in town.store.keys().all_shards() {
        for stored in town.store.read_ledger(shard, 1).await.unwrap() {
            let fact: Fact = serde_json::from_slice(&stored.fact).unwrap();
            match fact.what {
                What::Alarm {
                    alarm: Alarm::TemplateRefused { template, why, .. },
                } => {
                    assert!(why.starts_with("told to fail; register it"), "{why}");
                    told.push(template);
                }
                What::Alarm {
                    alarm:
                        Alarm::GatewayMisconfigured { gateway } | Alarm::GatewayDown { gateway, .. },
                } => told.push(format!("gateway {gateway}")),
                _ => {}
            }
        }
    }
    told
}

/// Two complaints whose pages go by WhatsApp, taken one after the other within one hour: the news to
/// two people each are refused.
async fn refused_news(town: &Town, ids: [&str; 2]) {
    town.fail(Transport::Sms, Some(FailureKind::Permanent));
    for id in ids {
        town.complaint(id).await;
    }
    town.pass(hours(18) + minutes(5)).await;
    let told = town.told();
    assert!(
        told.iter().any(|it| it == "sari whatsapp") && told.iter().any(|it| it == "pono whatsapp"),
        "{told:?}"
    );
    town.fail(Transport::Sms, None);
    town.fail(Transport::Whatsapp, Some(FailureKind::TemplateRefused));
    for id in ids {
        town.sms("budi", &format!("ok {id}")).await;
        town.pass(minutes(2)).await;
    }
    let told = town.told();
    assert!(!told.iter().any(|it| it.ends_with("whatsapp")), "{told:?}");
    town.fail(Transport::Whatsapp, None);
}

#[tokio::test]
async fn refused_news_are_one_alarm_an_hour_and_the_gateway_stays_well() {
    let policy = POLICY.replace("updates = \"never\"", "updates = \"always\"");
    let town = Town::with(&policy, Tuning::default()).await;
    refused_news(&town, ["LGWP10001", "LGWP10002"]).await;
    assert_eq!(alarmed(&town).await, ["siaga_aduan_kabar.id"]);
    // Told again when it is still so, in another hour.
    refused_news(&town, ["LGWP10003", "LGWP10004"]).await;
    assert_eq!(
        alarmed(&town).await,
        ["siaga_aduan_kabar.id", "siaga_aduan_kabar.id"]
    );
    town.end().await;
}

#[tokio::test]
async fn a_refused_page_goes_on_by_the_next_method_and_its_template_is_named() {
    let town = Town::with(POLICY, Town::a_page_a_message()).await;
    town.fail(Transport::Sms, Some(FailureKind::Permanent));
    town.fail(Transport::Whatsapp, Some(FailureKind::TemplateRefused));
    for n in 0..5 {
        town.complaint(&format!("LGWP2000{n}")).await;
    }
    // The warning of the penghubung.
    town.pass(hours(12) + minutes(5)).await;
    assert_eq!(town.told(), ["pono email"; 5]);
    assert_eq!(alarmed(&town).await, ["siaga_aduan_peringatan.id"]);
    // The gateway was not turned away from: what is registered meanwhile goes at once.
    town.fail(Transport::Whatsapp, None);
    town.pass(hours(5) + minutes(56)).await;
    let expected = [["budi whatsapp"; 5], ["sari whatsapp"; 5]].concat();
    assert_eq!(town.told(), expected);
    town.end().await;
}
