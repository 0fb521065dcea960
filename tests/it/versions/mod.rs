//! Versions of policies, the directory and calendars: planned, applied, exported and reverted with the
//! real program, while the service runs.

mod approval;
mod faults;
mod load;
mod moves;
mod races;

use std::{fs, time::Instant};

use siaga::{
    domain::fact::{Fact, What},
    store::{Side, Store},
};

use crate::support::{
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually_asked},
};

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
whatsapp = "0811-0000-0002"
[holders]
"DISHUB.kepala" = "budi"
"#;

const SANDBOX: &str = "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n";

fn shipped_policy() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/policies/baku.toml");
    fs::read_to_string(path).unwrap()
}

/// A service whose policy and people can be edited.
fn prepare() -> Siaga {
    let siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: SANDBOX,
        people: PEOPLE,
        policy: Some(&shipped_policy()),
        ..Settings::default()
    });
    siaga
}

fn edit(siaga: &Siaga, file: &str, from: &str, to: &str) {
    let path = siaga.folder.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn apply(siaga: &Siaga, reason: &str) -> String {
    let (told, code) =
        siaga.run_for_code(&["apply", "--yes", "--author", "Siti", "--reason", reason]);
    assert_eq!(code, 0, "{told}");
    told
}

/// Hands in a complaint; gives the version of the policy that it runs under.
async fn policy_of_a_new_one(siaga: &Siaga, id: &str) -> String {
    siaga.overdue(id).await;
    policy_of(siaga, id).await
}

async fn policy_of(siaga: &Siaga, id: &str) -> String {
    let (status, text) = siaga.get(&format!("/api/v1/complaints/{id}")).await;
    assert_eq!(status, 200, "{text} {}", siaga.log());
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    value["complaint"]["policy"].as_str().unwrap().to_owned()
}

/// Hands in complaints until one runs under this version.
async fn wait_for_policy(siaga: &Siaga, policy: &str) {
    let number = std::cell::Cell::new(0);
    let began = Instant::now();
    eventually_asked(policy, PATIENCE, || async {
        number.set(number.get() + 1);
        let id = format!("W{}-{}", policy.replace(['@', ':'], "-"), number.get());
        (policy_of_a_new_one(siaga, &id).await == policy).then_some(())
    })
    .await;
    println!("{policy} is in force after {:.0?}", began.elapsed());
}

/// The facts about changes, in the order of the ledger.
async fn changed(siaga: &Siaga) -> Vec<(u64, String, Vec<String>)> {
    let store = Store::connect(&siaga.redis(), "siaga", 1).await.unwrap();
    let shard = store.keys().shards(Side::Complaints)[0];
    let (mut from, mut found) = (1, Vec::new());
    loop {
        let read = store.read_ledger(shard, from).await.unwrap();
        let Some(last) = read.last() else {
            return found;
        };
        from = last.sequence + 1;
        for stored in read {
            let fact: Fact = serde_json::from_slice(&stored.fact).unwrap();
            if let What::Changed {
                change,
                author,
                items,
                ..
            } = fact.what
            {
                let items = items.iter().map(|it| format!("{}@{}", it.item, it.version));
                found.push((change, author, items.collect()));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_planned_applied_exported_and_reverted_while_the_service_runs() {
    let mut siaga = prepare();
    siaga.start().await;
    let (told, code) = siaga.run_for_code(&["plan", "--detailed-exitcode"]);
    assert_eq!(
        (told.contains("Nothing differs"), code),
        (true, 0),
        "{told}"
    );
    assert_eq!(policy_of_a_new_one(&siaga, "OLD1").await, "baku@1");

    // An edit of three things.
    edit(
        &siaga,
        "policies/baku.toml",
        "hold = \"2h\"",
        "hold = \"3h\"",
    );
    edit(&siaga, "people.toml", "0811-0000-0001", "0811-2222-3333");
    edit(
        &siaga,
        "people.toml",
        "[holders]",
        "[[people]]\nid = \"pono\"\nname = \"Pono\"\nemail = \"pono@contoh.test\"\n[holders]\n\"DISHUB.penghubung\" = \"pono\"",
    );
    let (told, code) = siaga.run_for_code(&["plan", "--detailed-exitcode"]);
    assert_eq!(code, 2, "{told}");
    for part in [
        "~ policy baku\n    hold: 2h -> 3h\n",
        "+ person pono\n",
        "~ post DISHUB.penghubung\n    holder: (nothing) -> pono\n",
        "~ person budi\n    methods[sms].address: +62811*****001 -> +62811*****333\n",
        "1 added, 3 changed, 0 removed.",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    assert!(
        !told.contains("22223333") && !told.contains("2222-3333"),
        "{told}"
    );
    let (told, _) = siaga.run(&["plan", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&json["changed"], &json["added"]), (&3.into(), &1.into()));
    assert_eq!(siaga.run_for_code(&["plan"]).1, 0);

    // Nobody says yes: nothing is done. A reason must be given, and is.
    let (told, code) = siaga.run_for_code(&["apply", "--reason", "uji"]);
    assert_eq!(
        (told.contains("Nothing is done"), code),
        (true, 1),
        "{told}"
    );
    assert_eq!(siaga.run_for_code(&["apply", "--yes"]).1, 2);
    let (told, code) = siaga.run_for_code(&["apply", "--yes", "--reason", " "]);
    assert_eq!((told.contains("reason = "), code), (true, 2), "{told}");
    let told = apply(&siaga, "Penghubung baru, waktu tunggu lebih lama");
    assert!(told.contains("Change 2 is in force"), "{told}");
    assert!(siaga.run(&["plan"]).0.contains("Nothing differs"));
    assert!(apply(&siaga, "sekali lagi").contains("Nothing differs"));

    // The service has it; what runs keeps what it began with.
    wait_for_policy(&siaga, "baku@2").await;
    assert_eq!(policy_of(&siaga, "OLD1").await, "baku@1");

    // Written back, the files read as what is live.
    let folder = siaga.folder.path().join("out");
    let (told, done) = siaga.run(&["export", folder.to_str().unwrap()]);
    assert!(done, "{told}");
    let exported = |siaga: &mut Siaga| {
        let at = |name: &str| folder.join(name).display().to_string();
        let directory = format!("[{:?}, {:?}]", at("units.toml"), at("people.toml"));
        siaga.set("data.directory", &directory);
        siaga.set("data.policies", &at("policies"));
        siaga.set("data.calendars", &at("calendars"));
    };
    exported(&mut siaga);
    let (told, code) = siaga.run_for_code(&["plan", "--detailed-exitcode"]);
    assert_eq!(code, 0, "{told}");
    assert!(siaga.run(&["check"]).1);

    // One step back.
    let (told, done) = siaga.run(&[
        "revert",
        "policy:baku@1",
        "--yes",
        "--reason",
        "terlalu lama",
        "--author",
        "Siti",
    ]);
    assert!(done && told.contains("hold: 3h -> 2h"), "{told}");
    wait_for_policy(&siaga, "baku@3").await;
    let shown = |version: &str| {
        let (told, done) = siaga.run(&["show", version]);
        assert!(done, "{told}");
        told.replace(version, "")
    };
    assert_eq!(shown("policy:baku@1"), shown("policy:baku@3"));
    assert_ne!(shown("policy:baku@2"), shown("policy:baku@3"));
    assert!(shown("directory@2").contains("pono@contoh.test"));
    let (told, _) = siaga.run(&["history", "policy:baku"]);
    for part in [
        "policy:baku@3 (live)",
        "policy:baku@2",
        "policy:baku@1",
        "Siti: terlalu lama",
        "seed:",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    for (words, remedy) in [
        (
            vec!["revert", "policy:baku@9", "--yes", "--reason", "x"],
            "siaga history",
        ),
        (
            vec!["revert", "baku", "--yes", "--reason", "x"],
            "policy:baku@3",
        ),
        (vec!["show", "policy:baku@9"], "siaga history"),
        (vec!["history", "baku"], "policy:ID"),
    ] {
        let (told, code) = siaga.run_for_code(&words);
        assert_eq!(
            (told.contains(remedy), code),
            (true, 2),
            "{words:?}: {told}"
        );
    }

    let facts = changed(&siaga).await;
    let told: Vec<_> = facts
        .iter()
        .map(|(n, who, items)| (*n, who.as_str(), items.len()))
        .collect();
    assert_eq!(told, [(1, "seed", 4), (2, "Siti", 2), (3, "Siti", 1)]);
    assert_eq!(facts[1].2, ["directory@2", "policy:baku@2"]);
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_leaves_what_is_live_unless_the_files_are_to_win() {
    let mut siaga = prepare();
    siaga.start().await;
    siaga.stop().await;
    edit(
        &siaga,
        "policies/baku.toml",
        "hold = \"2h\"",
        "hold = \"3h\"",
    );
    siaga.start().await;
    let log = siaga.log();
    assert!(
        log.contains("differs from the files") && log.contains("siaga plan"),
        "{log}"
    );
    assert_eq!(policy_of_a_new_one(&siaga, "A1").await, "baku@1");
    siaga.stop().await;
    // Files that are broken end no service that has something live.
    let whole = fs::read_to_string(siaga.folder.path().join("people.toml")).unwrap();
    edit(&siaga, "people.toml", "0811-0000-0001", "nomor");
    siaga.start().await;
    assert!(siaga.log().contains("siaga check"), "{}", siaga.log());
    siaga.stop().await;
    // Where the files are to win they must be whole, and then they win.
    siaga.set("data.at_start", "apply");
    let (told, code) = siaga.run_for_code(&["serve"]);
    assert_eq!((told.contains("people[0].sms"), code), (true, 2), "{told}");
    fs::write(siaga.folder.path().join("people.toml"), whole).unwrap();
    siaga.start().await;
    assert_eq!(policy_of_a_new_one(&siaga, "A2").await, "baku@2");
    assert_eq!(policy_of(&siaga, "A1").await, "baku@1");
    let changes: Vec<_> = changed(&siaga).await.into_iter().map(|it| it.1).collect();
    assert_eq!(changes, ["seed", "start"]);
    siaga.stop().await;
    siaga.set("changes.approval", "true");
    let (told, code) = siaga.run_for_code(&["serve"]);
    assert_eq!((told.contains("data.at_start"), code), (true, 2), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_beside_the_service_publishes_nothing() {
    let mut siaga = prepare();
    siaga.start().await;
    edit(
        &siaga,
        "policies/baku.toml",
        "hold = \"2h\"",
        "hold = \"3h\"",
    );
    let file = siaga.folder.path().join("a.csv");
    fs::write(
        &file,
        "id,received_at,unit\nI1,2026-11-24T00:00:00Z,DISHUB\n",
    )
    .unwrap();
    let (told, code) = siaga.run_for_code(&["import", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(policy_of(&siaga, "I1").await, "baku@1");
    assert_eq!(changed(&siaga).await.len(), 1);
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_use_is_not_taken_out() {
    let mut siaga = prepare();
    let root = env!("CARGO_MANIFEST_DIR");
    let calendars = siaga.folder.path().join("calendars");
    fs::create_dir_all(&calendars).unwrap();
    for name in ["kalender.toml", "kerja.toml"] {
        fs::copy(
            format!("{root}/config/calendars/{name}"),
            calendars.join(name),
        )
        .unwrap();
    }
    let second = shipped_policy()
        .replace("id = \"baku\"", "id = \"kerja\"")
        .replace("calendar = \"kalender\"", "calendar = \"kerja\"")
        .replace("\"post:SETDA.asisten\"", "\"post:SETDA.khusus\"");
    fs::write(siaga.folder.path().join("policies/kerja.toml"), second).unwrap();
    let units = fs::read_to_string(format!("{root}/config/units.toml")).unwrap();
    let extra = "\n[[posts]]\nunit = \"SETDA\"\nrole = \"khusus\"\ntitle = \"Khusus\"\nshort_title = \"Khusus\"\n";
    fs::write(
        siaga.folder.path().join("units.toml"),
        format!("{units}{extra}"),
    )
    .unwrap();
    let path = |name: &str| siaga.folder.path().join(name).display().to_string();
    let directory = format!("[{:?}, {:?}]", path("units.toml"), path("people.toml"));
    siaga.set("data.calendars", &calendars.display().to_string());
    siaga.set("data.directory", &directory);
    siaga.start().await;

    let refused = |parts: &[&str]| {
        let (told, code) =
            siaga.run_for_code(&["apply", "--yes", "--reason", "uji", "--author", "a"]);
        assert_eq!(code, 2, "{told}");
        for part in parts {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
    };
    let aside = |name: &str, refused: &dyn Fn()| {
        let (from, to) = (
            siaga.folder.path().join(name),
            siaga.folder.path().join("aside"),
        );
        fs::rename(&from, &to).unwrap();
        refused();
        fs::rename(&to, &from).unwrap();
    };
    aside("calendars/kerja.toml", &|| {
        refused(&["clock.calendar = kerja"]);
    });
    aside("policies/baku.toml", &|| {
        refused(&["data.default_policy = baku"]);
    });
    fs::write(siaga.folder.path().join("units.toml"), &units).unwrap();
    refused(&["policies/kerja.toml:", "steps[1].to[2] = post:SETDA.khusus"]);
    // Whoever no longer needs it lets it go.
    fs::remove_file(siaga.folder.path().join("policies/kerja.toml")).unwrap();
    fs::remove_file(calendars.join("kerja.toml")).unwrap();
    let told = apply(&siaga, "tidak dipakai lagi");
    for gone in ["- policy kerja", "- calendar kerja", "- post SETDA.khusus"] {
        assert!(told.contains(gone), "{gone} is not in\n{told}");
    }
    assert!(
        siaga
            .run(&["show", "calendar:kerja@2"])
            .0
            .contains("took it out of use")
    );
    // Each by itself cannot come back half: the policy needs its calendar and its post.
    let (told, code) =
        siaga.run_for_code(&["revert", "policy:kerja@1", "--yes", "--reason", "kembali"]);
    assert_eq!((told.contains("clock.calendar"), code), (true, 2), "{told}");
    let (told, done) = siaga.run(&["revert", "calendar:kerja@1", "--yes", "--reason", "kembali"]);
    assert!(done && told.contains("+ calendar kerja"), "{told}");
    siaga.stop().await;
}
