//! Running complaints are moved to another version of the policy, on purpose.

use siaga::store::Store;

use super::{apply, edit, policy_of, policy_of_a_new_one, prepare, wait_for_policy};
use crate::support::wait::{PATIENCE, eventually_asked};

#[tokio::test(flavor = "multi_thread")]
async fn one_or_all_of_a_version_are_moved_and_nobody_is_told_twice() {
    let mut siaga = prepare();
    siaga.start().await;
    for id in ["M1", "M2", "M3"] {
        assert_eq!(policy_of_a_new_one(&siaga, id).await, "baku@1");
    }
    let (status, text) = siaga
        .post(
            "/api/v1/complaints",
            "application/json",
            format!(
                r#"{{"id":"N1","received_at":"{}","unit":"DISHUB"}}"#,
                siaga::clock::Clock::now(&siaga::clock::SystemClock)
            ),
        )
        .await;
    assert_eq!(status, 201, "{text}");
    for id in ["M1", "M2", "M3"] {
        siaga.wait_for_timeline(id, "\"attempt_sent\"").await;
    }
    let pages = |text: &str| text.matches("\"k\":\"paged\"").count();
    let before = pages(&siaga.get("/api/v1/complaints/M1").await.1);
    edit(
        &siaga,
        "policies/baku.toml",
        "length = \"24h\"",
        "length = \"48h\"",
    );
    apply(&siaga, "dua hari");
    wait_for_policy(&siaga, "baku@2").await;
    // Shown, and not done.
    let (told, code) = siaga.run_for_code(&["move", "N1", "--to", "baku", "--reason", "uji"]);
    assert_eq!(code, 1, "{told}");
    assert!(
        told.contains("N1 (baku@1): deadline ") && told.contains("Nothing is done"),
        "{told}"
    );
    assert!(
        told.contains("1 to move; 1 get another deadline; for 0 something"),
        "{told}"
    );
    assert_eq!(policy_of(&siaga, "N1").await, "baku@1");
    let (told, code) =
        siaga.run_for_code(&["move", "N1", "--to", "baku", "--reason", "uji", "--yes"]);
    assert_eq!(
        (told.contains("1 moved to baku@2"), code),
        (true, 0),
        "{told}"
    );
    assert_eq!(policy_of(&siaga, "N1").await, "baku@2");
    let (told, done) = siaga.run(&["show", "N1"]);
    assert!(
        done && told.contains("Dipindahkan dari kebijakan baku@1 ke baku@2 oleh penguji: uji"),
        "{told}"
    );
    // All of a version; a second time there are none.
    let all = [
        "move", "--all-of", "baku@1", "--to", "baku@2", "--reason", "semua", "--yes",
    ];
    let (told, code) = siaga.run_for_code(&all);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("moved to baku@2; 0 were closed"), "{told}");
    let (told, code) = siaga.run_for_code(&all);
    assert_eq!((told.contains("None to move"), code), (true, 0), "{told}");
    for id in ["M1", "M2", "M3"] {
        let text = siaga.get(&format!("/api/v1/complaints/{id}")).await.1;
        assert!(text.contains("\"policy\":\"baku@2\""), "{text}");
        // The miss stays one, and nobody was told again.
        assert_eq!(text.matches("\"k\":\"missed\"").count(), 1, "{text}");
        assert_eq!(pages(&text), before, "{text}");
    }
    for (words, part) in [
        (
            vec!["move", "N1", "--to", "baku@9", "--reason", "x"],
            "there is no policy:baku@9",
        ),
        (
            vec!["move", "N1", "--to", "lain", "--reason", "x"],
            "is not live",
        ),
        (
            vec!["move", "N1", "--to", "baku@x", "--reason", "x"],
            "POLICY@VERSION",
        ),
        (
            vec!["move", "N9", "--to", "baku", "--reason", "x"],
            "there is no complaint N9",
        ),
        (
            vec!["move", "N1", "--to", "baku", "--reason", ""],
            "reason = ",
        ),
        (vec!["move", "--to", "baku", "--reason", "x"], "required"),
    ] {
        let (told, code) = siaga.run_for_code(&words);
        assert_eq!((told.contains(part), code), (true, 2), "{words:?}: {told}");
    }
    eventually_asked("the ledger to hold", PATIENCE, || async {
        siaga.run(&["ledger", "verify"]).1.then_some(())
    })
    .await;
    // Each by what was in force when it was decided, though the policy was changed on the way.
    let (told, code) = siaga.run_for_code(&["ledger", "replay"]);
    assert_eq!(code, 0, "{told}");
    let played = told.split(' ').next().and_then(|n| n.parse::<u64>().ok());
    assert!(played.is_some_and(|played| played >= 4), "{told}");
    assert!(told.contains("0 do not"), "{told}");
    let (told, code) = siaga.run_for_code(&["ledger", "replay", "N9"]);
    assert_eq!(
        (told.contains("no complaint N9"), code),
        (true, 2),
        "{told}"
    );
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_altered_does_not_play_once_more() {
    let mut siaga = prepare();
    siaga.start().await;
    assert_eq!(policy_of_a_new_one(&siaga, "A1").await, "baku@1");
    siaga.wait_for_timeline("A1", "\"attempt_sent\"").await;
    let (told, code) = siaga.run_for_code(&["ledger", "replay", "A1"]);
    assert_eq!(
        (told.contains("1 complaints play"), code),
        (true, 0),
        "{told}"
    );
    let store = Store::connect(&siaga.redis(), "siaga", 1).await.unwrap();
    let shard = store.keys().shards(siaga::store::Side::Complaints)[0];
    let entries = store.read_ledger(shard, 1).await.unwrap();
    let missed = entries
        .iter()
        .find(|entry| String::from_utf8_lossy(&entry.fact).contains("\"missed\""));
    let client = redis::Client::open(siaga.redis().to_string()).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let gone: u64 = redis::cmd("XDEL")
        .arg(store.keys().ledger(shard))
        .arg(format!("{}-0", missed.unwrap().sequence))
        .query_async(&mut redis)
        .await
        .unwrap();
    assert_eq!(gone, 1);
    let (told, code) = siaga.run_for_code(&["ledger", "replay"]);
    assert_eq!(code, 1, "{told}");
    assert!(
        told.contains("A1: fact ") && told.contains("ledger verify"),
        "{told}"
    );
    siaga.kill9();
}
