//! Hand-overs as people write them: who is told, and what the writer hears.

use siaga::domain::{
    delivery::Address,
    fact::What,
    id::{PostCode, UnitCode},
    phone::PhoneNumber,
    referral::Named,
};

use crate::support::town::{Arrived, PEOPLE, Town, hours, minutes};

async fn warned() -> Town {
    let town = Town::start().await;
    town.complaint("LGWP1").await;
    town.pass(hours(18) + minutes(1)).await;
    town.arrived();
    town
}

async fn refusals(town: &Town) -> Vec<Option<Named>> {
    let facts = town.facts("LGWP1").await.into_iter();
    facts
        .filter_map(|fact| match fact.what {
            What::Refused { named, .. } => Some(named),
            _ => None,
        })
        .collect()
}

/// What somebody was told.
fn said_to<'a>(arrived: &'a [Arrived], person: &str) -> &'a str {
    let number = PEOPLE.iter().find(|known| known.2 == person).unwrap().3;
    let to = Address::Phone(PhoneNumber::parse(number).unwrap());
    &arrived.iter().find(|it| it.to == to).unwrap().text
}

async fn acknowledgements(town: &Town) -> usize {
    town.count("LGWP1", |what| matches!(what, What::Acknowledged { .. }))
        .await
}

#[tokio::test]
async fn a_post_that_is_named_is_told_at_once_and_the_writer_hears_which() {
    let town = warned().await;
    town.sms("budi", "limpahkan 10 ke sekertaris ya pak").await;
    let arrived = town.arrived();
    assert_eq!(arrived.len(), 2, "{arrived:#?}");
    let to_sari = said_to(&arrived, "sari");
    assert!(
        to_sari.contains("diteruskan kepala DISHUB kepada Anda"),
        "{to_sari}"
    );
    assert!(to_sari.contains("Balas OK 10"), "{to_sari}");
    let to_budi = said_to(&arrived, "budi");
    assert!(
        to_budi.contains("diteruskan ke sekretaris DISHUB"),
        "{to_budi}"
    );
    let post = PostCode::parse("DISHUB.sekretaris").unwrap();
    assert_eq!(refusals(&town).await, [Some(Named::Post(post))]);
    // No acknowledgement: the clock runs on, and the writer is spared.
    assert_eq!(acknowledgements(&town).await, 0);
    town.pass(hours(6)).await;
    assert_eq!(
        town.count("LGWP1", |what| matches!(what, What::Missed { .. }))
            .await,
        1
    );
    let told = town.told();
    assert!(told.contains(&"pono sms".to_owned()), "{told:?}");
    assert!(!told.iter().any(|it| it.starts_with("budi")), "{told:?}");
    town.sms("sari", "ok").await;
    assert_eq!(acknowledgements(&town).await, 1);
    town.end().await;
}

#[tokio::test]
async fn another_unit_is_proposed_to_the_desk() {
    let town = warned().await;
    town.sms("budi", "bukan kami, dinas setda").await;
    let arrived = town.arrived();
    let to_desk = said_to(&arrived, "kori");
    assert!(to_desk.contains("usul SETDA"), "{to_desk}");
    let to_budi = said_to(&arrived, "budi");
    assert!(
        to_budi.contains("Diteruskan ke penghubung KOORDINATOR (usul SETDA)"),
        "{to_budi}"
    );
    let unit = UnitCode::parse("SETDA").unwrap();
    assert_eq!(refusals(&town).await, [Some(Named::Unit(unit))]);
    town.end().await;
}

#[tokio::test]
async fn what_could_mean_several_is_asked_back_and_nothing_is_done_before() {
    let town = warned().await;
    town.sms_with_id("sari", "teruskan ke pimpinan 10", "m1")
        .await;
    town.sms_with_id("sari", "teruskan ke pimpinan 10", "m1")
        .await;
    let asked = town.arrived();
    assert_eq!(asked.len(), 1, "{asked:#?}");
    let text = &asked[0].text;
    assert!(
        text.contains("Diteruskan ke mana: kepala DISHUB?"),
        "{text}"
    );
    assert_eq!(refusals(&town).await, []);
    // The answer that it asks for is understood.
    let (_, answer) = text.split_once("Balas ").unwrap();
    town.sms("sari", answer.trim_end_matches('.')).await;
    let post = PostCode::parse("DISHUB.kepala").unwrap();
    assert_eq!(refusals(&town).await, [Some(Named::Post(post))]);
    let arrived = town.arrived();
    let to_budi = said_to(&arrived, "budi");
    assert!(
        to_budi.contains("diteruskan sekretaris DISHUB"),
        "{to_budi}"
    );
    town.end().await;
}

#[tokio::test]
async fn that_superiors_know_is_no_refusal_and_no_yes() {
    let town = warned().await;
    town.sms("sari", "sudah diteruskan ke pimpinan").await;
    assert_eq!(refusals(&town).await, []);
    assert_eq!(acknowledgements(&town).await, 0);
    let asked = town.arrived();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].text.contains("belum dipahami"), "{asked:?}");
    town.end().await;
}
