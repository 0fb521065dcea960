//! A configuration with more than forty faults: all are told at once, each with its file, line, field,
//! value and remedy.

use std::{collections::BTreeSet, fs};

use crate::support::siaga::Siaga;

/// Where a fault stands is marked in the files by `#! FIELD`, behind or on the line itself.
const SETTINGS: &str = r#"
[server]
listen = "8080" #! server.listen
public_url = "siaga.example.go.id" #! server.public_url
zone = "Asia/Jakarto" #! server.zone
body_limit = 12 #! server.body_limit
[engine]
batch = 0 #! engine.batch
lease = "1s" #! engine.lease
attempt_timeout = "soon" #! engine.attempt_timeout
in_flight = 0 #! engine.in_flight
code_rest = "0s" #! engine.code_rest
[scan]
pattern = "aduan" #! scan.pattern
[links]
secret = "pendek" #! links.secret
valid_for = "1s" #! links.valid_for
[log]
format = "xml" #! log.format
[redis]
shards = 0 #! redis.shards
appendfsync = "kadang" #! redis.appendfsync
[data]
directory = ["FOLDER/units.toml", "FOLDER/people.toml"]
policies = "FOLDER/policies"
calendars = "FOLDER/calendars"
at_start = "sometimes" #! data.at_start
[changes]
aproval = true #! changes.aproval
[[api_keys]]
name = "a"
sha256 = "abc" #! api_keys[0].sha256
scopes = ["intake"]
[[gateways]]
name = "sms"
type = "sandbox"
transport = "fax" #! gateways[0].transport
"#;

const UNITS: &str = r#"
coordinator = "KOORDINATOR"
[[units]]
code = "KOORDINATOR"
name = "Meja"
[[units]]
code = "A B" #! units[1].code
name = "Spasi"
[[units]]
code = "DISHUB"
name = 7 #! units[2].name
[[units]]
code = "DINKES"
nama = "Dinas Kesehatan" #! units[3].nama
[[units]]
code = "SETDA"
name = "Sekretariat"
own_post = false #! units[4].own_post
[[units]]
code = "KOORDINATOR" #! units[5].code
name = "Meja lagi"
[[posts]]
unit = "KOORDINATOR"
role = "Kepala Besar" #! posts[0].role
title = "x"
short_title = "x"
"#;

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi"
sms = "nomor" #! people[0].sms
whatsapp = "12" #! people[0].whatsapp
email = "budi" #! people[0].email
[[people]]
id = "siti"
name = "Siti"
language = "jv" #! people[1].language
[[people]] #! directory: person pono
id = "pono"
name = "Pono"
[[people]]
id = "sari"
name = "Sari"
sms = "0811-0000-0001"
email = "sari@contoh.test"
disabled = ["fax"] #! people[3].disabled[0]
[holders]
"KOORDINATOR.kepala" = "nobody" #! directory: post KOORDINATOR.kepala
"NIHIL.kepala" = "sari" #! holders.NIHIL.kepala
[[acting]]
post = "KOORDINATOR.sekretaris"
responder = "sari"
kind = "plt"
decree = "1"
from = "kemarin" #! acting[0].from
until = "2031-01-01" #! acting[0].until
[[acting]] #! directory: post KOORDINATOR.penghubung
post = "KOORDINATOR.penghubung"
responder = "sari"
kind = "plh"
decree = ""
from = "2026-01-02T00:00:00Z"
until = "2026-01-01T00:00:00Z"
"#;

const POLICY: &str = r#"
id = "baku"
hold = "0s" #! policy baku: hold
clock = { length = "24h", calendar = "kalendar" } #! policy baku: clock.calendar
[[warnings]]
at_percent = 100 #! policy baku: warnings[0].at_percent
to = ["penghubung"]
[[warnings]]
at_percent = 50 #! policy baku: warnings[1].at_percent
to = [] #! policy baku: warnings[1].to
[[steps]]
after = "1h"
to = ["post:NIHIL.kepala"] #! policy baku: steps[0].to[0]
[[steps]]
after = "1h" #! policy baku: steps[1].after
again_every = "1s" #! policy baku: steps[1].again_every
to = ["asisten"] #! policy baku: steps[1].to[0]
[repeat]
from_step = 9 #! policy baku: repeat.from_step
every = "10000h" #! policy baku: repeat.every
[delivery]
patience = "0s" #! policy baku: delivery.patience
retries = ["0s"] #! policy baku: delivery.retries[0]
[statuses] #! policy baku: statuses
baru = "waiting"
"#;

const SECOND: &str = r#"
id = "kedua"
hold = "dua jam" #! hold
clock = { length = "24h", calendar = "kalender" }
on_reroute = "keep" #! on_reroute
steps = [{ after = "0s", to = ["post:"] }] #! steps[0].to[0]
repeat = { every = "6h" }
[statuses]
selesai = "over" #! statuses.selesai
"#;

const CALENDAR: &str = r#"
zone = "Asia/Jakarto" #! zone
[hours]
kind = "working_days"
days = ["senin"] #! hours.days[0]
[[holidays]]
date = "2026-02-30" #! holidays[0].date
name = "Tidak ada"
[[holidays]]
date = "2026-12-25"
name = "" #! holidays[1].name
"#;

#[test]
fn more_than_forty_faults_are_told_at_once_with_file_line_field_value_and_remedy() {
    let siaga = Siaga::prepare();
    let folder = siaga.folder.path();
    for name in ["policies", "calendars"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    let here = folder.display().to_string();
    let files = [
        ("siaga.toml", SETTINGS.replace("FOLDER", &here)),
        ("units.toml", UNITS.to_owned()),
        ("people.toml", PEOPLE.to_owned()),
        ("policies/baku.toml", POLICY.to_owned()),
        ("policies/kedua.toml", SECOND.to_owned()),
        ("calendars/kalender.toml", CALENDAR.to_owned()),
    ];
    let mut expected = BTreeSet::new();
    for (name, text) in &files {
        fs::write(folder.join(name), text).unwrap();
        for (index, line) in text.lines().enumerate() {
            if let Some((_, field)) = line.split_once("#! ") {
                expected.insert(format!("error: {here}/{name}:{}: {field}", index + 1));
            }
        }
    }
    assert!(expected.len() > 40, "only {} faults", expected.len());
    let (told, code) = siaga.run_for_code(&["check"]);
    assert_eq!(code, 2, "{told}");
    let lines: Vec<&str> = told.lines().collect();
    let mut missing = Vec::new();
    for fault in &expected {
        let is_it = |line: &&str| {
            let rest = line.strip_prefix(fault.as_str());
            // A name that goes on is another field.
            rest.is_some_and(|rest| rest.starts_with(" = ") || rest.starts_with(": "))
        };
        let Some(place) = lines.iter().position(is_it) else {
            missing.push(fault);
            continue;
        };
        let remedy = lines.get(place + 1).unwrap_or(&"");
        let says = remedy
            .strip_prefix("    ")
            .is_some_and(|remedy| !remedy.trim().is_empty());
        assert!(says, "no remedy for {fault}:\n{told}");
    }
    assert!(missing.is_empty(), "not told: {missing:#?}\n{told}");
    println!(
        "{} faults in {} files told at once",
        expected.len(),
        files.len()
    );
    // The number is not shown, and a secret neither.
    assert!(!told.contains("pendek"), "{told}");
}
