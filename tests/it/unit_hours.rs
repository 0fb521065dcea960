//! Units with hours and zones of their own, with the real program: the same complaint is due at
//! different times, each unit's head is paged at the unit's own, and is told it in the unit's own zone.
//!
//! What is expected is reckoned here with plain seconds, not with calendars. All times are made from
//! the present moment, so that the hour at which it runs makes no difference.

use std::{
    fs,
    time::{Duration, Instant},
};

use jiff::{
    SignedDuration, Timestamp,
    civil::{DateTime, Weekday},
    tz::Offset,
};
use siaga::clock::{Clock, SystemClock};

use crate::support::{
    gateway::{Gateway, Request},
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually_asked},
};

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
[[people]]
id = "dewi"
name = "Dewi Contohwan"
sms = "0811-0000-0002"
[[people]]
id = "sari"
name = "Sari Contohwan"
sms = "0811-0000-0003"
[holders]
"DISHUB.kepala" = "budi"
"DINKES.kepala" = "dewi"
"SETWAN.kepala" = "sari"
"#;

/// The head is warned in the middle of the clock and paged at its end.
const POLICY: &str = r#"
id = "baku"
title = "Jam unit"
hold = "2h"
on_refusal = ["kepala"]
on_reroute = "restart_clock"
clock = { length = "LENGTH", calendar = "jam" }
[[warnings]]
at_percent = 50
to = ["kepala"]
[[steps]]
after = "0s"
to = ["kepala"]
reach = "in_turn"
[repeat]
from_step = 0
every = "6h"
[delivery]
patience = "1h"
retries = ["5s"]
[statuses]
"baru" = "waiting"
"proses" = "progress"
"selesai" = "end"
"#;

fn sms_to(gateway: &Gateway) -> String {
    format!(
        r#"
[[gateways]]
name = "sms"
type = "http"
transport = "sms"
method = "POST"
url = "{}"
[gateways.body]
kind = "form"
[gateways.body.fields]
reference = "{{{{ reference }}}}"
to = "{{{{ to }}}}"
text = "{{{{ text }}}}"
"#,
        gateway.url()
    )
}

/// Settings with calendars and days off of their own, and units of which some have their own hours.
fn prepare(gateway: &Gateway, length: SignedDuration, calendars: &[(&str, String)]) -> Siaga {
    let mut siaga = Siaga::prepare();
    let policy = POLICY.replace("LENGTH", &format!("{}s", length.as_secs()));
    siaga.write_settings(&Settings {
        more: &sms_to(gateway),
        people: PEOPLE,
        policy: Some(&policy),
        ..Settings::default()
    });
    let at = |name: &str| siaga.folder.path().join(name);
    fs::create_dir_all(at("calendars")).unwrap();
    for (name, text) in calendars {
        fs::write(at(&format!("calendars/{name}.toml")), text).unwrap();
    }
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/units.toml");
    let mut units = fs::read_to_string(shipped).unwrap();
    for (unit, own) in [("DINKES", "jam-dinkes"), ("SETWAN", "jam-setwan")] {
        if calendars.iter().any(|(name, _)| *name == own) {
            let code = format!("code = \"{unit}\"\n");
            assert!(units.contains(&code));
            let own = format!("{code}calendars = {{ jam = \"{own}\" }}\n");
            units = units.replace(&code, &own);
        }
    }
    fs::write(at("units.toml"), units).unwrap();
    let places = [at("units.toml"), at("people.toml"), at("calendars")];
    let [units, people, calendars] = places.map(|path| path.display().to_string());
    siaga.set("data.directory", &format!("[{units:?}, {people:?}]"));
    siaga.set("data.calendars", &calendars);
    siaga
}

async fn hand_in(siaga: &Siaga, id: &str, unit: &str, received_at: Timestamp) {
    let body = format!(r#"{{"id":"{id}","received_at":"{received_at}","unit":"{unit}"}}"#);
    let path = "/api/v1/complaints";
    let (status, text) = siaga.post(path, "application/json", body).await;
    assert_eq!(status, 201, "{text}");
}

async fn complaint(siaga: &Siaga, id: &str) -> serde_json::Value {
    let (status, text) = siaga.get(&format!("/api/v1/complaints/{id}")).await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

async fn deadline_of(siaga: &Siaga, id: &str) -> Timestamp {
    let told = complaint(siaga, id).await;
    let at = told["complaint"]["deadline"].as_str();
    at.unwrap_or_else(|| panic!("{told}")).parse().unwrap()
}

/// What the clock on the wall shows, so many hours east of Greenwich.
fn wall(at: Timestamp, hours: i8) -> DateTime {
    Offset::constant(hours).to_datetime(at)
}

/// `09.10`.
fn clock_time(local: DateTime) -> String {
    format!("{:02}.{:02}", local.hour(), local.minute())
}

fn day_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

fn every_day(zone: &str, hours: &str) -> String {
    let week: String = WEEK
        .map(|day| format!("{} = \"{hours}\"\n", day_name(day)))
        .concat();
    format!("zone = \"{zone}\"\n[hours]\nkind = \"office\"\n[hours.week]\n{week}")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_unit_is_paged_by_its_own_hours_and_told_in_its_own_zone() {
    let gateway = Gateway::start();
    let (began, now) = (Instant::now(), SystemClock.now());
    let seconds = SignedDuration::from_secs;
    // SETWAN opened ten minutes ago, five seconds after the complaint came; the clock is so long that
    // it ends there in twenty seconds. DISHUB is always open: five seconds earlier.
    let opened = Timestamp::from_second(now.as_second() / 60 * 60 - 600).unwrap();
    let received_at = opened - seconds(5);
    let length = seconds(now.as_second() + 20 - opened.as_second());
    let (east, tomorrow) = (wall(opened, 9), wall(opened, 9).tomorrow().unwrap());
    let setwan = format!(
        "zone = \"Asia/Jayapura\"\n[hours]\nkind = \"office\"\n[hours.week]\n{} = \"{}-24.00\"\n{} = \"00.00-24.00\"\n",
        day_name(east.weekday()),
        clock_time(east),
        day_name(tomorrow.weekday()),
    );
    // DINKES opens for an hour a day, for the next time at the third full hour from now.
    let opens = Timestamp::from_second(now.as_second() / 3600 * 3600 + 3 * 3600).unwrap();
    let hour = wall(opens, 8).hour();
    let dinkes = every_day("Asia/Makassar", &format!("{hour:02}.00-{:02}.00", hour + 1));
    let calendars = [
        ("jam", every_day("Asia/Jakarta", "00.00-24.00")),
        ("jam-dinkes", dinkes),
        ("jam-setwan", setwan),
    ];
    let mut siaga = prepare(&gateway, length, &calendars);
    let (told, fits) = siaga.run(&["check"]);
    assert!(fits, "{told}");
    siaga.start().await;

    let expected = [
        (
            "A1",
            "DISHUB",
            "+6281100000001",
            received_at + length,
            7,
            "WIB",
        ),
        ("A2", "SETWAN", "+6281100000003", opened + length, 9, "WIT"),
        ("A3", "DINKES", "+6281100000002", opens + length, 8, "WITA"),
    ];
    for (id, unit, ..) in expected {
        hand_in(&siaga, id, unit, received_at).await;
    }
    for (id, unit, _, deadline, offset, zone) in expected {
        let told = complaint(&siaga, id).await;
        assert_eq!(deadline_of(&siaga, id).await, deadline, "{unit}: {told}");
        // Why: since when, on the unit's own wall.
        let why = told["deadline_explained"]["id"].as_str().unwrap();
        let minutes = length.as_mins();
        let since = format!("{} {zone}", clock_time(wall(received_at, offset)));
        assert!(
            why.starts_with(&format!("{minutes} menit kerja sejak ")) && why.ends_with(&since),
            "{unit}: {why}"
        );
        // Asked beforehand, from the files, it is the same.
        let moment = received_at.to_string();
        let call = ["deadline", "--unit", unit, "--received", &moment, "--json"];
        let (asked, fits) = siaga.run(&call);
        assert!(fits, "{asked}");
        let asked: serde_json::Value = serde_json::from_str(asked.lines().next().unwrap()).unwrap();
        assert_eq!(asked["deadline"], told["complaint"]["deadline"]);
        assert_eq!(asked["deadline_explained"], told["deadline_explained"]);
        let (shown, _) = siaga.run(&["show", id]);
        let due = format!("{} {zone}\n", clock_time(wall(deadline, offset)));
        let line = shown.lines().find(|line| line.starts_with("Tenggat: "));
        assert!(format!("{}\n", line.unwrap()).ends_with(&due), "{shown}");
    }

    for (_, unit, to, deadline, offset, zone) in &expected[..2] {
        let is_to = |part: &'static str| {
            move |sms: &Request| sms.to().ends_with(&to[1..]) && sms.text().contains(part)
        };
        let warning = gateway
            .wait_for_request("a warning", is_to("sisa waktu"), PATIENCE)
            .await;
        let due = format!("{} {zone}", clock_time(wall(*deadline, *offset)));
        assert!(warning.text().contains(&due), "{unit}: {}", warning.text());
        let page = gateway
            .wait_for_request("the page", is_to("lewat"), 3 * PATIENCE)
            .await;
        let arrived = SignedDuration::try_from(page.arrived.duration_since(began)).unwrap();
        let late = (now + arrived).duration_since(*deadline);
        println!("{unit} was paged {late:#} after its deadline");
        assert!(
            late >= SignedDuration::ZERO && late < seconds(10),
            "{unit}: {late:#}"
        );
    }
    let to_dinkes = |sms: &Request| sms.to().ends_with("81100000002");
    let sent = gateway.requests();
    assert!(!sent.iter().any(to_dinkes), "{sent:#?}");
    siaga.stop().await;
}

/// A zone in which it is about noon now, so that no day ends while the test runs.
fn where_it_is_noon(now: Timestamp) -> (String, i8) {
    let hour = wall(now, 0).hour();
    let east = 12 - hour;
    // By their names the zones of Etc count to the west.
    let name = match east {
        0 => "Etc/GMT".to_owned(),
        1.. => format!("Etc/GMT-{east}"),
        ..0 => format!("Etc/GMT+{}", -east),
    };
    (name, east)
}

#[tokio::test(flavor = "multi_thread")]
async fn joint_leave_that_is_taken_back_brings_the_page_forward() {
    let gateway = Gateway::start();
    let now = SystemClock.now();
    let (zone, east) = where_it_is_noon(now);
    let today = wall(now, east).date();
    let received_at = now - SignedDuration::from_mins(10);
    let length = SignedDuration::from_mins(10) + SignedDuration::from_secs(2);
    let calendar = format!(
        "zone = \"{zone}\"\nholidays_from = [\"nasional\"]\n[hours]\nkind = \"working_days\"\ndays = [{}]\n",
        WEEK.map(|day| format!("{:?}", day_name(day))).join(", ")
    );
    let mut siaga = prepare(&gateway, length, &[("jam", calendar)]);
    let folder = siaga.folder.path().join("holidays");
    fs::create_dir_all(folder.join("nasional")).unwrap();
    let file = folder.join(format!("nasional/{}.toml", today.year()));
    let list = format!(
        "year = {}\ndecree = \"SKB\"\n[[holidays]]\ndate = \"{today}\"\nname = \"Cuti bersama\"\njoint_leave = true\n",
        today.year()
    );
    fs::write(&file, &list).unwrap();
    siaga.set("data.holidays", &folder.display().to_string());
    siaga.start().await;
    hand_in(&siaga, "A1", "DISHUB", received_at).await;
    let midnight = Offset::constant(east)
        .to_timestamp(today.tomorrow().unwrap().at(0, 0, 0, 0))
        .unwrap();
    assert_eq!(deadline_of(&siaga, "A1").await, midnight + length);
    let told = complaint(&siaga, "A1").await;
    let why = told["deadline_explained"]["id"].as_str().unwrap();
    assert!(why.contains(", tanpa "), "{why}");

    let first = siaga.run(&["show", "calendar:jam@1"]);

    // The decree of the same year that takes it back, and puts another day in its place.
    let other = if today.day() == 28 { 27 } else { 28 };
    let other = today.with().day(other).build().unwrap();
    let revision = format!(
        "[[revisions]]\ndecree = \"Perubahan SKB\"\npublished = \"{today}\"\nremove = [\"{today}\"]\n[[revisions.add]]\ndate = \"{other}\"\nname = \"Cuti bersama\"\njoint_leave = true\n"
    );
    fs::write(&file, list + &revision).unwrap();
    let (told, code) = siaga.run_for_code(&["plan", "--detailed-exitcode"]);
    assert_eq!(code, 2, "{told}");
    for part in [
        "~ calendar jam\n".to_owned(),
        format!("holidays[{today}]"),
        format!("holidays[{other}].name: (nothing) -> Cuti bersama"),
        "0 added, 1 changed, 0 removed.".to_owned(),
    ] {
        assert!(told.contains(&part), "{part} is not in\n{told}");
    }
    // Nothing has moved before it is in force.
    assert_eq!(deadline_of(&siaga, "A1").await, midnight + length);
    assert!(gateway.requests().is_empty());
    let apply = ["apply", "--yes", "--reason", "Perubahan SKB"];
    let (told, done) = siaga.run(&apply);
    assert!(done, "{told}");
    let page = gateway
        .wait_for_request("the page", |sms| sms.text().contains("lewat"), PATIENCE)
        .await;
    assert!(page.text().contains("A1"), "{}", page.text());
    let told = complaint(&siaga, "A1").await;
    let missed = told["complaint"]["missed"].as_str().unwrap();
    assert_eq!(missed.parse::<Timestamp>().unwrap(), received_at + length);

    // What is live, written back, is read as what is live.
    let same = |siaga: &Siaga| {
        let (told, code) = siaga.run_for_code(&["plan", "--detailed-exitcode"]);
        assert_eq!(code, 0, "{told}");
    };
    same(&siaga);
    let folder = siaga.folder.path().join("out");
    let (told, done) = siaga.run(&["export", folder.to_str().unwrap()]);
    assert!(done, "{told}");
    let calendars = folder.join("calendars");
    let written = fs::read_to_string(calendars.join("jam.toml")).unwrap();
    assert!(
        written.contains(&other.to_string()) && !written.contains(&today.to_string()),
        "{written}"
    );
    siaga.set("data.calendars", &calendars.display().to_string());
    same(&siaga);

    // One step back is a step like any other.
    let back = ["revert", "calendar:jam@1", "--yes", "--reason", "dicabut"];
    let (told, done) = siaga.run(&back);
    assert!(done, "{told}");
    hand_in(&siaga, "A2", "DISHUB", received_at).await;
    eventually_asked("the older calendar", Duration::from_secs(20), || async {
        (deadline_of(&siaga, "A2").await == midnight + length).then_some(())
    })
    .await;
    // A version never changes, whatever became live since.
    assert_eq!(siaga.run(&["show", "calendar:jam@1"]), first);
    assert!(first.1 && first.0.contains(&today.to_string()), "{first:?}");
    siaga.stop().await;
}
