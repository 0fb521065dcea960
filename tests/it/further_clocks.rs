//! Two clocks on one complaint: the answer within hours, and the work within working days. What arrives shows
//! which of them it is about.

use siaga::domain::{
    delivery::Transport,
    fact::{ClockAct, What},
};

use crate::support::{
    siaga::{Settings, Siaga},
    town::{Arrived, Town, hours, minutes},
};

/// An answer within 24 hours; the work within two days more, warned when half of it is over.
const POLICY: &str = r#"
id = "uji"
version = 1
clock = { length = "24h", calendar = "kalender" }
warnings = [{ at_percent = 50, to = ["penghubung"] }]
steps = [{ after = "0s", to = ["kepala"] }]
repeat = { every = "48h", limit = 0 }
hold = "2h"
updates = "never"
[[clocks]]
id = "tindak-lanjut"
title = "Tindak lanjut"
lacks = { id = "ditindaklanjuti", en = "follow-up" }
length = "72h"
calendar = "kalender"
kept_by = ["tuntas"]
warnings = [{ at_percent = 50, to = ["penghubung"] }]
steps = [{ after = "0s", to = ["kepala"] }, { after = "3h", to = ["post:SETDA.asisten"] }]
[delivery]
patience = "5m"
retries = ["5s", "1m"]
[statuses]
verifikasi = "progress"
tuntas = "progress"
selesai = "end"
"#;

fn short(town: &Town) -> Vec<Arrived> {
    let arrived = town.arrived().into_iter();
    arrived
        .filter(|it| it.transport == Transport::Sms)
        .collect()
}

fn clock(act: fn(&ClockAct) -> bool) -> impl Fn(&What) -> bool {
    move |what| matches!(what, What::Clock { act: told, .. } if act(told))
}

#[tokio::test]
async fn an_answer_keeps_the_first_and_the_second_is_warned_of_missed_and_answered() {
    let town = Town::with(POLICY, Town::a_page_a_message()).await;
    town.complaint("LGWP80001").await;
    town.pass(hours(5)).await;
    town.status("LGWP80001", "verifikasi").await;
    town.pass(hours(30)).await;
    assert_eq!(
        short(&town),
        [],
        "the first promise is kept, and nobody is told of it"
    );
    town.pass(hours(2)).await;
    let told = short(&town);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].text.contains("belum ditindaklanjuti"),
        "{}",
        told[0].text
    );
    town.pass(hours(35) + minutes(5)).await;
    let told = short(&town);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].text.contains("belum ditindaklanjuti, lewat 3 hari"),
        "{}",
        told[0].text
    );
    assert_eq!(
        town.count(
            "LGWP80001",
            clock(|act| matches!(act, ClockAct::Missed { .. }))
        )
        .await,
        1
    );
    assert_eq!(
        town.count("LGWP80001", |what| matches!(what, What::Missed { .. }))
            .await,
        0
    );
    // One word is enough of an answer here too.
    town.sms("budi", "OK").await;
    town.pass(hours(1)).await;
    assert_eq!(
        town.count("LGWP80001", |what| matches!(
            what,
            What::Acknowledged { .. }
        ))
        .await,
        1
    );
    let told = short(&town);
    assert!(
        told.iter()
            .all(|it| it.text.contains("Tercatat") || it.text.contains("terima")),
        "{told:?}"
    );
    // The hold ends, and the work is still not done.
    town.pass(hours(2)).await;
    let told = short(&town);
    assert!(
        told.iter()
            .any(|it| it.text.contains("MASIH belum ditindaklanjuti")),
        "{told:?}"
    );
    town.status("LGWP80001", "tuntas").await;
    town.pass(hours(48)).await;
    let kept = clock(|act| matches!(act, ClockAct::Kept { in_time: false, .. }));
    assert_eq!(town.count("LGWP80001", kept).await, 1);
    assert_eq!(short(&town), [], "nobody is told of what is done");
    town.end().await;
}

/// What the shipped policy says of further clocks in a comment is what a file may say.
#[test]
fn the_example_of_the_shipped_policy_is_read_checked_and_written_back() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/policies/baku.toml");
    let shipped = std::fs::read_to_string(path).unwrap();
    let from = shipped.find("# [[clocks]]").unwrap();
    let (before, rest) = shipped.split_at(from);
    let commented = rest.lines().take_while(|line| line.starts_with('#'));
    let example: Vec<&str> = commented
        .map(|line| line.trim_start_matches("# "))
        .collect();
    let after = rest.split_once("\n\n").unwrap().1;
    // Tables come after the plain values of a file.
    let text = format!("{before}\n{after}\n{}", example.join("\n"));
    let siaga = Siaga::prepare();
    let settings = Settings {
        more: "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n",
        people: "[[people]]\nid = \"budi\"\nname = \"Budi\"\nsms = \"0811-0000-0001\"\n[holders]\n\"DISHUB.kepala\" = \"budi\"\n",
        policy: Some(&text),
        ..Settings::default()
    };
    siaga.write_settings(&settings);
    let (told, holds) = siaga.run(&["check"]);
    assert!(holds, "{told}");
    let (told, code) = siaga.run_for_code(&["deadline", "--received", "2026-11-26T16:20+07:00"]);
    assert_eq!(code, 0, "{told}");
    for part in [
        "Jumat 27 Nov 2026 16.20 WIB\n",
        "tindak-lanjut: Kamis 3 Des 2026 16.20 WIB\n",
        "5 hari kerja sejak Kamis 26 Nov 2026",
    ] {
        assert!(told.contains(part), "{part:?} is not in\n{told}");
    }
    // Faults of a clock are told all at once, each with its place.
    let wrong = text
        .replace("calendar = \"kerja\"", "calendar = \"kerjaa\"")
        .replace("at_percent = 80", "at_percent = 180")
        .replace("kept_by = [\"tindak lanjut\"", "kept_by = [\"entah\"");
    siaga.write_settings(&Settings {
        policy: Some(&wrong),
        ..settings
    });
    let (told, holds) = siaga.run(&["check"]);
    assert!(!holds, "{told}");
    for part in [
        "clocks[0].calendar",
        "clocks[0].warnings[0].at_percent",
        "clocks[0].kept_by[0]",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
}
