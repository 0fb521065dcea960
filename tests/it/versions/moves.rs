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
    let store = Store::connect(&siaga.redis(), "siaga", 1).await.unwrap();
    eventually_asked("the ledger to hold", PATIENCE, || async {
        siaga.run(&["ledger", "verify"]).1.then_some(())
    })
    .await;
    let live = store.live().await.unwrap().unwrap();
    let default = siaga::domain::id::PolicyId::parse("baku").unwrap();
    let world = siaga::store::World::of(live, &default).unwrap();
    let replayed = crate::support::replayed::all(&store, &siaga::store::Worlds::new(world)).await;
    assert!(replayed >= 4, "{replayed}");
    siaga.stop().await;
}
