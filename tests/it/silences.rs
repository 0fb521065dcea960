//! Silences: pages are held and told as one summary, misses are recorded all the same, gateways are
//! maintained. On a clock that moves when told, and with the real program.

use jiff::{SignedDuration, Timestamp};
use siaga::{
    clock::Clock as _,
    domain::{
        delivery::Transport,
        fact::{Alarm, DeferReason, Fact, What},
        id::{ComplaintId, UnitCode},
        routing::Route,
        silence::{Covers, Silence},
    },
    engine::gateways::Terms,
    store::{Shard, Side},
};

use crate::support::{
    siaga::{Settings, Siaga},
    town::{Arrived, Town, hours, minutes},
    wait::{PATIENCE, eventually_asked},
    ways::Ways,
};

/// The head alone, warned at half time and paged at the deadline.
const POLICY: &str = r#"
id = "uji"
version = 1
clock = { length = "24h", calendar = "kalender" }
warnings = [{ at_percent = 50, to = ["kepala"] }]
steps = [{ after = "0s", to = ["kepala"] }]
repeat = { every = "48h", limit = 0 }
hold = "2h"
[delivery]
patience = "5m"
retries = ["5s", "1m"]
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

fn of_units(units: &[&str]) -> Covers {
    let units = units.iter().map(|it| UnitCode::parse(it).unwrap());
    Covers {
        units: units.collect(),
        ..Covers::default()
    }
}

async fn declare(town: &Town, covers: Covers, length: SignedDuration, misses_too: bool) -> u64 {
    let now = town.clock.now();
    let silence = Silence {
        covers,
        from: now,
        until: now + length,
        hours: None,
        misses_too,
        owner: "siti".into(),
        reason: "listrik padam".into(),
        key: String::new(),
        ended: None,
    };
    town.store.declare_silence(&silence, now).await.unwrap()
}

fn silenced(number: u64) -> impl Fn(&What) -> bool {
    move |what| {
        let why = DeferReason::Silenced { silence: number };
        matches!(what, What::Deferred { why: told, .. } if *told == why)
    }
}

/// The short messages that arrived: in the town no receipt comes, so a page takes every way in turn.
fn short(town: &Town) -> Vec<Arrived> {
    let arrived = town.arrived().into_iter();
    arrived
        .filter(|it| it.transport == Transport::Sms)
        .collect()
}

async fn alarms(town: &Town) -> Vec<Alarm> {
    let shard = Shard {
        side: Side::Responders,
        number: 0,
    };
    let stored = town.store.read_ledger(shard, 1).await.unwrap();
    let facts = stored.iter().map(|stored| &stored.fact);
    let whats = facts.map(|fact| serde_json::from_slice::<Fact>(fact).unwrap().what);
    let alarms = whats.filter_map(|what| match what {
        What::Alarm { alarm } => Some(alarm),
        _ => None,
    });
    alarms.collect()
}

#[tokio::test]
async fn what_is_held_is_one_summary_of_what_is_still_wanted() {
    let town = Town::with(POLICY, Town::a_page_a_message()).await;
    for n in 1..=5 {
        town.complaint(&format!("S{n}")).await;
        town.pass(minutes(1)).await;
    }
    town.complaint_of("K1", None).await;
    let number = declare(&town, of_units(&["DISHUB"]), hours(14), false).await;
    town.pass(hours(13)).await;
    let told = short(&town);
    assert_eq!(told.len(), 1, "only the desk's: {told:?}");
    assert!(told[0].text.contains("K1"), "{told:?}");
    for n in 1..=5 {
        let held = town.count(&format!("S{n}"), silenced(number)).await;
        assert_eq!(held, 1, "the timeline of S{n} says so once");
    }
    // It needs no telling any more.
    town.status("S3", "verifikasi").await;
    town.pass(minutes(59)).await;
    assert_eq!(short(&town), [], "until its very end");
    town.pass(minutes(2)).await;
    let told = short(&town);
    assert_eq!(told.len(), 1, "one summary: {told:?}");
    assert!(told[0].text.contains("4 aduan"), "{}", told[0].text);
    assert!(!told[0].text.contains("S3"), "{}", told[0].text);
    // The deadlines come at their times, and are told.
    town.pass(hours(12)).await;
    assert_eq!(short(&town).len(), 5, "four heads' and the desk's");
    for n in [1, 2, 4, 5] {
        let missed = |what: &What| matches!(what, What::Missed { .. });
        assert_eq!(town.count(&format!("S{n}"), missed).await, 1);
    }
    town.end().await;
}

#[tokio::test]
async fn a_miss_passes_unless_the_silence_says_so_and_is_recorded_all_the_same() {
    let town = Town::with(POLICY, Town::a_page_a_message()).await;
    town.complaint("S1").await;
    town.complaint_of("K1", None).await;
    town.pass(hours(23)).await;
    short(&town);
    declare(&town, of_units(&["DISHUB"]), hours(3), false).await;
    let covers = Covers {
        complaints: vec![ComplaintId::parse("K1").unwrap()],
        ..Covers::default()
    };
    let loud = declare(&town, covers, hours(3), true).await;
    town.pass(hours(2)).await;
    let told = short(&town);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains("S1"), "a miss passes: {told:?}");
    let missed = |what: &What| matches!(what, What::Missed { .. });
    for id in ["S1", "K1"] {
        assert_eq!(town.count(id, missed).await, 1, "{id}");
    }
    let times = town.count("K1", silenced(loud)).await;
    let held = alarms(&town).await;
    let held = held
        .iter()
        .filter(|alarm| matches!(alarm, Alarm::MissesHeld { silence, .. } if *silence == loud));
    assert_eq!(
        (times, held.count()),
        (1, 1),
        "held, and the operators are told once"
    );
    town.pass(minutes(61)).await;
    let told = short(&town);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains("K1"), "{told:?}");
    town.end().await;
}

#[tokio::test]
async fn one_that_is_ended_by_hand_lets_go_within_a_minute() {
    let town = Town::with(POLICY, Town::a_page_a_message()).await;
    town.complaint("S1").await;
    let number = declare(&town, of_units(&["DISHUB"]), hours(20), false).await;
    town.pass(hours(13)).await;
    assert_eq!(short(&town), []);
    let ended = town
        .store
        .end_silence(number, ("siti", "sudah"), town.clock.now());
    ended.await.unwrap().unwrap();
    town.pass(minutes(1)).await;
    let told = short(&town);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains("S1"), "as an ordinary page: {told:?}");
    town.end().await;
}

#[tokio::test]
async fn a_gateway_that_is_maintained_is_left_alone_and_comes_back() {
    let ways = Ways::default();
    let town = Town::limited(POLICY, Town::a_page_a_message(), |clock| {
        [("satu", 1), ("dua", 2)]
            .map(|(name, order)| {
                let route = Route {
                    order,
                    ..Route::default()
                };
                (ways.add(name, route, clock), Terms::default())
            })
            .into()
    })
    .await;
    let maintained = |gateways: &[&str]| Covers {
        gateways: gateways.iter().map(|it| (*it).to_owned()).collect(),
        ..Covers::default()
    };
    let by = |ways: &Ways| ways.seen().iter().map(|it| it.gateway).collect::<Vec<_>>();
    town.complaint("S1").await;
    town.pass(hours(11)).await;
    declare(&town, maintained(&["satu"]), hours(2), false).await;
    town.pass(hours(2)).await;
    assert_eq!(by(&ways), ["dua"], "another way, at once");
    // Both: the deadline's page waits for this way, says so, and takes the person's next one in time.
    town.pass(hours(10)).await;
    let number = declare(&town, maintained(&["satu", "dua"]), hours(2), false).await;
    town.arrived();
    town.pass(hours(1) + minutes(30)).await;
    assert_eq!(by(&ways), [""; 0], "nothing by these");
    let why = DeferReason::Maintained { silence: number };
    let waits = |what: &What| matches!(what, What::Deferred { why: told, .. } if *told == why);
    assert_eq!(town.count("S1", waits).await, 1);
    assert!(!town.arrived().is_empty(), "by the person's other ways");
    town.pass(minutes(31)).await;
    assert_eq!(by(&ways), ["satu"], "it came back");
    town.end().await;
}

/// Silences that begin and end at any time lose no page and let none out twice.
#[tokio::test]
async fn nothing_held_is_lost_and_nothing_is_told_twice() {
    let town = Town::with(POLICY, Town::a_page_a_message()).await;
    let (mut dice, mut open) = (0x2545_f491_4f6c_dd1d_u64, Vec::new());
    let mut throw = move |sides: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % sides
    };
    let mut told = Vec::new();
    for n in 0..60 {
        let id = format!("S{n:02}E");
        town.complaint(&id).await;
        open.push(id);
        if throw(3) == 0 {
            let length = minutes(i64::try_from(throw(600)).unwrap() + 1);
            let number = declare(&town, of_units(&["DISHUB"]), length, throw(2) == 0).await;
            if throw(3) == 0 {
                let now = town.clock.now();
                let ended = town.store.end_silence(number, ("siti", "uji"), now);
                ended.await.unwrap().unwrap();
            }
        }
        if throw(4) == 0 {
            let one = open.swap_remove(usize::try_from(throw(open.len() as u64)).unwrap());
            town.status(&one, "verifikasi").await;
        }
        let wait = minutes(i64::try_from(throw(60)).unwrap());
        town.pass(wait).await;
        told.extend(short(&town));
    }
    town.pass(hours(48)).await;
    told.extend(short(&town));
    let sms = |text: &str| text.starts_with("SIAGA");
    let (mut held, mut pages) = (0, 0);
    for n in 0..60 {
        let id = format!("S{n:02}E");
        let facts = town.facts(&id).await;
        let is_held = |fact: &Fact| {
            let What::Deferred { why, .. } = &fact.what else {
                return false;
            };
            matches!(why, DeferReason::Silenced { .. })
        };
        held += usize::from(facts.iter().any(is_held));
        for fact in &facts {
            let What::Paged { page, .. } = &fact.what else {
                continue;
            };
            pages += 1;
            let into = facts.iter().find_map(|fact| match &fact.what {
                What::Bundled { page: own, into } if own == page => Some(into.clone()),
                _ => None,
            });
            let carrier = into.unwrap_or_else(|| page.clone());
            let sent = facts.iter().filter(|fact| {
                matches!(&fact.what, What::AttemptSent { page, method, .. }
                    if *page == carrier && method.to_string() == "sms")
            });
            let sent = sent.count();
            let stopped = facts.iter().any(
                |fact| matches!(&fact.what, What::PageCancelled { page: own, .. } if own == page),
            );
            assert!(
                sent == 1 || (sent == 0 && stopped),
                "{page}: {sent} {facts:#?}"
            );
        }
    }
    assert!(held > 10, "only {held} were held");
    assert!(pages > 60, "only {pages} pages");
    assert!(told.iter().any(|it| sms(&it.text)));
    println!("{pages} pages about 60 complaints, {held} of which were held");
    town.end().await;
}

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
[holders]
"DISHUB.kepala" = "budi"
"#;

fn soon(seconds: i64) -> Timestamp {
    siaga::clock::SystemClock.now() + SignedDuration::from_secs(seconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_of_the_program_outlives_it_and_lets_go_at_its_end() {
    let mut siaga = Siaga::prepare();
    let policy = POLICY
        .replace("\"uji\"", "\"baku\"")
        .replace("version = 1\n", "");
    siaga.write_settings(&Settings {
        more: "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n",
        people: PEOPLE,
        policy: Some(&policy),
        ..Settings::default()
    });
    siaga.start().await;
    let end = soon(8).to_string();
    let add = [
        "silence",
        "add",
        "--unit",
        "DISHUB",
        "--reason",
        "listrik padam",
    ];
    let (told, code) = siaga.run_for_code(&[&add[..], &["--until", &end, "--misses-too"]].concat());
    assert_eq!(
        (told.contains("silence 1 is declared"), code),
        (true, 0),
        "{told}"
    );
    let (told, code) = siaga.run_for_code(&[&add[..], &["--for", "900h"]].concat());
    assert_eq!(
        (told.contains("silences.longest"), code),
        (true, 2),
        "{told}"
    );
    siaga.overdue("S1").await;
    let held = siaga.wait_for_timeline("S1", "\"silenced\"").await;
    assert!(held.contains("\"missed\""), "a miss is one: {held}");
    assert!(
        held.contains("jeda 1") || held.contains("silence 1"),
        "{held}"
    );
    eventually_asked("the number of silences", PATIENCE, || async {
        let (_, text) = siaga.get("/metrics").await;
        text.contains("siaga_silences_active 1").then_some(())
    })
    .await;
    let (_, ready) = siaga.get("/readyz").await;
    assert!(ready.contains("\"silences_active\":1"), "{ready}");
    siaga.kill9();
    siaga.start().await;
    let sent = siaga.wait_for_timeline("S1", "\"attempt_sent\"").await;
    assert!(
        siaga::clock::SystemClock.now().to_string() >= end,
        "not before its end"
    );
    assert_eq!(sent.matches("\"k\":\"attempt_sent\"").count(), 1, "{sent}");
    // Another is ended by hand, once.
    let (told, code) = siaga.run_for_code(&[&add[..], &["--for", "1h"]].concat());
    assert_eq!(code, 0, "{told}");
    let (told, code) = siaga.run_for_code(&["silence", "list"]);
    assert!(
        told.contains("2  holds") && told.contains("listrik padam"),
        "{told}"
    );
    assert_eq!(code, 0, "{told}");
    let done = ["silence", "end", "2", "--reason", "menyala lagi"];
    let (told, code) = siaga.run_for_code(&done);
    assert_eq!(
        (told.contains("silence 2 is ended"), code),
        (true, 0),
        "{told}"
    );
    let (told, code) = siaga.run_for_code(&done);
    assert_eq!((told.contains("over already"), code), (true, 1), "{told}");
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    siaga.stop().await;
}
