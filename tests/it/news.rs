//! News: those who were paged hear that they need not answer, once, by the way that reached them.

use siaga::{
    domain::{
        delivery::{FailureKind, Transport},
        fact::{NewsKind, What},
    },
    engine::Tuning,
};

use crate::support::town::{POLICY, Town, hours, minutes};

/// The stories' policy with news within a minute, at any hour.
async fn town() -> Town {
    let policy = POLICY.replace("updates = \"never\"", "updates = \"always\"");
    assert!(policy.contains("always"));
    Town::with(&policy, Tuning::default()).await
}

async fn informed(town: &Town, id: &str) -> Vec<(String, NewsKind)> {
    let facts = town.facts(id).await.into_iter();
    facts
        .filter_map(|fact| match fact.what {
            What::Informed { page, news } => Some((page.parts().unwrap().1.to_string(), news)),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn who_was_paged_hears_once_that_it_is_taken() {
    let town = town().await;
    town.complaint("LGWP1").await;
    town.pass(hours(18) + minutes(1)).await;
    town.arrived();
    town.sms("budi", "ok").await;
    // Not with the confirmation: what comes within the same minute is one message.
    assert_eq!(town.told(), ["budi sms"]);
    town.pass(minutes(2)).await;
    let arrived = town.arrived();
    let said: Vec<&str> = arrived.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(arrived.len(), 2, "the secretary and the officer: {said:?}");
    for text in said {
        assert!(
            text.contains("Aduan LGWP1 sudah diambil kepala DISHUB"),
            "{text}"
        );
        assert!(text.contains("Tidak perlu balas"), "{text}");
    }
    assert_eq!(
        informed(&town, "LGWP1").await,
        [
            ("pono".to_owned(), NewsKind::Taken),
            ("sari".to_owned(), NewsKind::Taken)
        ]
    );
    // They have nothing that waits, so progress tells them nothing more.
    town.status("LGWP1", "verifikasi").await;
    town.pass(hours(1)).await;
    assert_eq!(town.told(), [""; 0]);
    // An answer all the same is told the truth.
    town.sms("sari", "ok 10").await;
    assert!(town.arrived()[0].text.contains("sudah direspons"));
    town.end().await;
}

#[tokio::test]
async fn a_flood_is_one_message_to_each() {
    let town = town().await;
    for n in 0..12 {
        town.complaint(&format!("LGWP{n}")).await;
    }
    town.pass(hours(18) + minutes(1)).await;
    town.arrived();
    town.sms("budi", "ok semua").await;
    town.arrived();
    town.pass(minutes(2)).await;
    assert_eq!(town.told(), ["pono sms", "sari sms"]);
    for n in 0..12 {
        assert_eq!(
            informed(&town, &format!("LGWP{n}")).await.len(),
            2,
            "LGWP{n}"
        );
    }
    town.end().await;
}

#[tokio::test]
async fn who_was_paged_by_a_bundle_hears_of_what_it_brought() {
    let town = town().await;
    // Taken before the bundle leaves, LGWP3 is not in it.
    for n in 0..6 {
        town.complaint(&format!("LGWP1000{n}")).await;
        town.pass(minutes(0)).await;
    }
    town.pass(hours(18)).await;
    town.sms("budi", "ok LGWP10003").await;
    town.pass(minutes(3)).await;
    let paged: Vec<String> = town.arrived().into_iter().map(|it| it.text).collect();
    town.sms("budi", "ok semua").await;
    town.pass(minutes(2)).await;
    town.arrived();
    let mut news = 0;
    for n in 0..6 {
        let id = format!("LGWP1000{n}");
        let told = informed(&town, &id).await;
        // Whoever is told was paged about it, or had it in a list.
        assert!(
            told.iter().all(|(_, kind)| *kind == NewsKind::Taken),
            "{told:?}"
        );
        assert!(told.len() <= 2, "{told:?}");
        news += told.len();
    }
    assert!(news >= 10, "{news} of {paged:#?}");
    town.end().await;
}

#[tokio::test]
async fn who_never_got_the_page_hears_nothing_and_a_closing_is_told_by_the_way_that_carried_it() {
    let town = town().await;
    // The gateway for short messages and WhatsApp is away: the pages go by e-mail, or wait.
    town.fail(Transport::Sms, Some(FailureKind::Temporary));
    town.fail(Transport::Whatsapp, Some(FailureKind::Temporary));
    town.complaint("LGWP1").await;
    town.pass(hours(18) + minutes(20)).await;
    let paged = town.told();
    assert_eq!(paged, ["budi email", "pono email", "sari email"]);
    town.fail(Transport::Sms, None);
    town.fail(Transport::Whatsapp, None);
    town.status("LGWP1", "selesai").await;
    town.pass(minutes(2)).await;
    let told = town.arrived();
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(
        told.iter()
            .all(|it| it.transport == Transport::Email && it.text.contains("ditutup"))
    );

    // Nothing of these leaves at all before the head answers.
    for transport in [Transport::Sms, Transport::Whatsapp, Transport::Email] {
        town.fail(transport, Some(FailureKind::Temporary));
    }
    town.complaint("LGWP20202").await;
    town.pass(hours(18) + minutes(1)).await;
    town.sms("budi", "ok LGWP20202").await;
    for transport in [Transport::Sms, Transport::Whatsapp, Transport::Email] {
        town.fail(transport, None);
    }
    town.pass(minutes(5)).await;
    let told = town.told();
    assert_eq!(told, ["budi sms"], "only his own confirmation");
    assert_eq!(informed(&town, "LGWP20202").await, []);
    town.end().await;
}

#[tokio::test]
async fn at_night_it_waits_and_is_dropped_when_they_are_paged_again() {
    let policy = POLICY.replace("updates = \"never\"", "updates = \"daytime\"");
    let town = Town::with(&policy, Tuning::default()).await;
    // 07:00 WIB and eighteen hours: one in the night.
    town.complaint("LGWP1").await;
    town.complaint("LGWP2").await;
    town.pass(hours(18) + minutes(1)).await;
    town.arrived();
    town.sms("budi", "ok semua").await;
    town.arrived();
    town.pass(hours(1)).await;
    assert_eq!(informed(&town, "LGWP1").await, [], "nobody is woken");
    town.arrived();
    // LGWP2 is done at three, LGWP1's hold ends and all are paged again at seven.
    town.status("LGWP2", "verifikasi").await;
    town.pass(hours(4) - minutes(2)).await;
    let before = town.arrived();
    assert!(
        before
            .iter()
            .all(|it| !it.text.contains("Tidak perlu balas")),
        "{before:#?}"
    );
    town.pass(minutes(2)).await;
    let morning = town.arrived();
    let news: Vec<_> = morning
        .iter()
        .filter(|it| it.text.contains("Tidak perlu balas"))
        .collect();
    assert_eq!(news.len(), 2, "{morning:#?}");
    assert!(
        news.iter()
            .all(|it| it.text.contains("LGWP2") && it.text.contains("kemajuan")),
        "{news:#?}"
    );
    town.end().await;
}
