//! Steps that everybody has to answer, and warnings that wait for the morning: what arrives at the telephones.

use siaga::domain::{delivery::Transport, fact::What};

use crate::support::town::{Arrived, Town, hours, minutes};

/// Head and secretary both have to answer the miss. Warnings wait from 21.00 to 06.00.
const POLICY: &str = r#"
id = "uji"
version = 1
clock = { length = "24h", calendar = "kalender" }
quiet = { from = "21:00", until = "06:00" }
warnings = [{ at_percent = 75, to = ["penghubung"] }]
steps = [
  { after = "0s", to = ["kepala", "sekretaris"], again_every = "30m", acknowledge = "all" },
  { after = "3h", to = ["post:SETDA.asisten"] },
]
repeat = { every = "48h", limit = 0 }
hold = "8h"
updates = "never"
[delivery]
patience = "5m"
retries = ["5s", "1m"]
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

fn short(town: &Town) -> Vec<Arrived> {
    let arrived = town.arrived().into_iter();
    arrived
        .filter(|it| it.transport == Transport::Sms)
        .collect()
}

/// To whom the pages among these went, by the last digit of the telephone.
fn paged(messages: &[Arrived]) -> Vec<char> {
    let pages = messages
        .iter()
        .filter(|it| it.text.contains("belum direspons"));
    let mut digits: Vec<char> = pages
        .map(|it| {
            format!("{:?}", it.to)
                .chars()
                .rev()
                .find(char::is_ascii_digit)
                .unwrap()
        })
        .collect();
    digits.sort_unstable();
    digits
}

#[tokio::test]
async fn a_step_that_asks_everybody_tells_on_who_has_not_answered() {
    let town = Town::with(POLICY, Town::a_page_a_message()).await;
    town.complaint("LGWP81001").await; // at 07.00
    town.pass(hours(24) + minutes(1)).await;
    let told = short(&town);
    assert_eq!(
        paged(&told),
        ['1', '2', '3'],
        "the officer's warning, head and secretary: {told:?}"
    );
    town.sms("budi", "OK").await;
    town.pass(minutes(1)).await;
    let told = short(&town);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains("Masih menunggu"), "{}", told[0].text);
    town.pass(minutes(60)).await;
    assert_eq!(
        paged(&short(&town)),
        ['2', '2'],
        "the secretary is told on, the head is not"
    );
    town.pass(hours(2)).await;
    let told = paged(&short(&town));
    assert!(
        told.contains(&'4') && !told.contains(&'1'),
        "the next step comes all the same: {told:?}"
    );
    town.sms("sari", "siap").await;
    town.pass(hours(2)).await;
    assert!(paged(&short(&town)).is_empty(), "now it is answered");
    let acknowledged = |what: &What| matches!(what, What::Acknowledged { .. });
    assert_eq!(town.count("LGWP81001", acknowledged).await, 2);
    let missed = |what: &What| matches!(what, What::Missed { .. });
    assert_eq!(town.count("LGWP81001", missed).await, 1);
    town.end().await;
}

#[tokio::test]
async fn a_warning_of_the_night_comes_in_the_morning_and_a_miss_of_the_night_at_once() {
    let town = Town::with(POLICY, Town::a_page_a_message()).await;
    town.pass(hours(1)).await;
    town.complaint("LGWP81002").await; // at 08.00; 75 % are at 02.00
    town.pass(hours(21)).await;
    assert_eq!(short(&town), [], "nobody is woken at 02.00");
    town.pass(hours(1)).await;
    let told = short(&town);
    assert_eq!(paged(&told), ['3'], "at 06.00: {told:?}");
    town.status("LGWP81002", "selesai").await;
    town.pass(hours(19)).await;
    short(&town);
    town.complaint("LGWP81003").await; // at 01.00: missed at 01.00
    town.pass(hours(24) + minutes(1)).await;
    let told = paged(&short(&town));
    assert!(
        told.contains(&'1') && told.contains(&'2'),
        "a miss waits for nothing: {told:?}"
    );
    town.end().await;
}
