//! All that Siaga knows in one file, taken while it runs, and put into an empty Redis from which it goes on.

use std::fs;

use crate::support::{
    redis::{Durability, RedisServer},
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually_asked},
};

const SMS: &str = "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n";
const PEOPLE: &str = "[[people]]\nid = \"budi\"\nname = \"Budi Contohwan\"\nsms = \"0811-0000-0001\"\n[holders]\n\"DISHUB.kepala\" = \"budi\"\n";

fn prepare() -> Siaga {
    let siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: SMS,
        people: PEOPLE,
        ..Settings::default()
    });
    siaga
}

/// A service that has told Budi of a complaint, and its backup.
async fn backed_up(siaga: &mut Siaga) -> String {
    siaga.start().await;
    siaga.overdue("LGWP90001").await;
    siaga
        .wait_for_timeline("LGWP90001", "\"attempt_sent\"")
        .await;
    let file = siaga
        .folder
        .path()
        .join("siaga.backup")
        .display()
        .to_string();
    let (told, code) = siaga.run_for_code(&["backup", &file]);
    assert!(
        code == 0 && told.contains("entries of the ledger, verified"),
        "{told}"
    );
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_taken_while_it_runs_and_goes_on_elsewhere() {
    let mut first = prepare();
    let file = backed_up(&mut first).await;
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "it holds telephones");
    let (told, code) = first.run_for_code(&["backup", &file]);
    assert!(code == 2 && told.contains("it is there already"), "{told}");
    // What comes later is not in it.
    first.overdue("LGWP90002").await;
    let (told, code) = first.run_for_code(&["restore", &file]);
    assert!(code != 0 && told.contains("in use"), "{told}");
    first.stop().await;

    let mut second = prepare();
    let (told, code) = second.run_for_code(&["restore", &file]);
    assert!(code == 0 && told.contains("restored as it was"), "{told}");
    let (told, code) = second.run_for_code(&["ledger", "verify"]);
    assert_eq!(code, 0, "{told}");
    let (told, code) = second.run_for_code(&["ledger", "replay"]);
    assert_eq!(code, 0, "{told}");
    second.start().await;
    let (status, text) = second.get("/api/v1/complaints/LGWP90001").await;
    assert!(status == 200 && text.contains("\"attempt_sent\""), "{text}");
    assert_eq!(second.get("/api/v1/complaints/LGWP90002").await.0, 404);
    // It goes on: a new complaint is told, and the old one is answered for.
    second.overdue("LGWP90003").await;
    second
        .wait_for_timeline("LGWP90003", "\"attempt_sent\"")
        .await;
    let body = r#"{"status":"verifikasi"}"#.to_owned();
    let (status, text) = second
        .post(
            "/api/v1/complaints/LGWP90001/progress",
            "application/json",
            body,
        )
        .await;
    assert_eq!(status, 200, "{text}");
    second
        .wait_for_timeline("LGWP90001", "\"progressed\"")
        .await;
    second.stop().await;
    // Beside something else it is not put in.
    let (told, code) = second.run_for_code(&["restore", &file]);
    assert!(code == 2 && told.contains("beside nothing"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_altered_is_not_used_and_an_outside_redis_takes_a_whole_one() {
    let mut first = prepare();
    let file = backed_up(&mut first).await;
    first.stop().await;
    let whole = fs::read(&file).unwrap();
    let redis = RedisServer::start(Durability::Always).await;
    let mut second = prepare();
    second.set("redis.mode", "external");
    second.set("redis.url", &redis.url());
    let mut altered = whole.clone();
    let last = altered.len() - 100;
    altered[last] ^= 1;
    for (content, part) in [
        (&whole[..whole.len() - 1], "cut off or altered"),
        (&altered[..], "cut off or altered"),
        (&b"halo"[..], "it is no backup"),
        (&whole[..20], "cannot be read"),
    ] {
        let other = second.folder.path().join("other");
        fs::write(&other, content).unwrap();
        let (told, code) = second.run_for_code(&["restore", other.to_str().unwrap()]);
        assert!(code == 2 && told.contains(part), "{told}");
    }
    assert_eq!(redis.cli(&["DBSIZE"]), "0", "nothing was put in");
    redis.cli(&["SET", "of-others", "x"]);
    let (told, code) = second.run_for_code(&["restore", &file]);
    assert!(code == 0, "{told}");
    let (told, code) = second.run_for_code(&["ledger", "replay"]);
    assert_eq!(code, 0, "{told}");
    second.start().await;
    // The outside Redis is backed up by the same command, and what is others' stays theirs.
    let again = second.folder.path().join("again").display().to_string();
    eventually_asked("a backup of it", PATIENCE, || async {
        (second.run_for_code(&["backup", &again]).1 == 0).then_some(())
    })
    .await;
    let mut third = prepare();
    let (told, code) = third.run_for_code(&["restore", &again]);
    assert_eq!(code, 0, "{told}");
    third.start().await;
    assert_eq!(third.get("/api/v1/complaints/LGWP90001").await.0, 200);
    third.stop().await;
    second.stop().await;
}
