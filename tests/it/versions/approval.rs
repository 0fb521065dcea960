//! A second person's approval, and a day from which a change is in force.

use std::fs;

use siaga::clock::{Clock, SystemClock};

use super::{edit, policy_of, policy_of_a_new_one, prepare, wait_for_policy};
use crate::support::{
    siaga::Siaga,
    wait::{PATIENCE, eventually},
};

fn run(siaga: &Siaga, words: &[&str]) -> (String, i32) {
    siaga.run_for_code(words)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_person_approves_and_only_then_is_it_in_force() {
    let mut siaga = prepare();
    siaga.set("changes.approval", "true");
    siaga.start().await;
    edit(
        &siaga,
        "policies/baku.toml",
        "hold = \"2h\"",
        "hold = \"3h\"",
    );
    let (told, code) = run(
        &siaga,
        &[
            "apply",
            "--yes",
            "--author",
            "Siti",
            "--reason",
            "lebih lama",
        ],
    );
    assert_eq!(
        (told.contains("awaits the approval"), code),
        (true, 0),
        "{told}"
    );
    assert!(run(&siaga, &["plan"]).0.contains("hold: 2h -> 3h"));
    assert_eq!(policy_of_a_new_one(&siaga, "A1").await, "baku@1");
    let (told, _) = run(&siaga, &["changes", "list", "--pending"]);
    assert!(
        told.contains("change 2") && !told.contains("change 1 "),
        "{told}"
    );
    let (told, _) = run(&siaga, &["changes", "show", "2"]);
    assert!(
        told.contains("hold: 2h -> 3h") && told.contains("Siti: lebih lama"),
        "{told}"
    );
    let (told, code) = run(&siaga, &["changes", "approve", "2", "--author", " SITI"]);
    assert_eq!((told.contains("another person"), code), (true, 2), "{told}");
    let (told, code) = run(&siaga, &["changes", "approve", "2", "--author", "Budi"]);
    assert_eq!((told.contains("in force since"), code), (true, 0), "{told}");
    wait_for_policy(&siaga, "baku@2").await;
    let (told, code) = run(&siaga, &["changes", "approve", "2", "--author", "Pono"]);
    assert_eq!((told.contains("in force"), code), (true, 2), "{told}");
    let (told, code) = run(&siaga, &["changes", "show", "99"]);
    assert_eq!((told.contains("changes list"), code), (true, 2), "{told}");
    assert!(
        run(&siaga, &["history"])
            .0
            .contains("Siti, approved by Budi: lebih lama")
    );

    // One that is rejected changes nothing, and one that came too late is refused whole.
    edit(
        &siaga,
        "policies/baku.toml",
        "hold = \"3h\"",
        "hold = \"4h\"",
    );
    for reason in ["pertama", "kedua", "ketiga"] {
        let (told, code) = run(
            &siaga,
            &["apply", "--yes", "--author", "Siti", "--reason", reason],
        );
        assert_eq!(code, 0, "{told}");
    }
    let (told, code) = run(
        &siaga,
        &[
            "changes",
            "reject",
            "3",
            "--author",
            "Budi",
            "--reason",
            "terlalu lama",
        ],
    );
    assert_eq!(
        (told.contains("rejected by Budi: terlalu lama"), code),
        (true, 0),
        "{told}"
    );
    assert_eq!(
        run(&siaga, &["changes", "approve", "4", "--author", "Budi"]).1,
        0
    );
    let (told, code) = run(&siaga, &["changes", "approve", "5", "--author", "Budi"]);
    assert_eq!(code, 1, "{told}");
    assert!(
        told.contains("made against policy:baku@2, and version 3 is live"),
        "{told}"
    );
    wait_for_policy(&siaga, "baku@3").await;
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_takes_force_on_its_day_or_is_refused_whole() {
    let mut siaga = prepare();
    siaga.start().await;
    let day = |seconds: i64| {
        let at = SystemClock.now() + jiff::SignedDuration::from_secs(seconds);
        at.to_string()
    };
    edit(
        &siaga,
        "policies/baku.toml",
        "hold = \"2h\"",
        "hold = \"3h\"",
    );
    for wrong in ["besok", "2026-12-01", "2020-01-01T00:00+07:00"] {
        let (told, code) = run(
            &siaga,
            &["apply", "--yes", "--reason", "x", "--effective", wrong],
        );
        assert_eq!((told.contains("effective"), code), (true, 2), "{told}");
    }
    let soon = day(4);
    let (told, code) = run(
        &siaga,
        &[
            "apply",
            "--yes",
            "--author",
            "Siti",
            "--reason",
            "mulai nanti",
            "--effective",
            &soon,
        ],
    );
    assert_eq!((told.contains("takes force on"), code), (true, 0), "{told}");
    assert_eq!(policy_of_a_new_one(&siaga, "A1").await, "baku@1");
    wait_for_policy(&siaga, "baku@2").await;
    assert!(SystemClock.now() >= soon.parse().unwrap(), "before its day");
    assert_eq!(policy_of(&siaga, "A1").await, "baku@1");

    // What is live moves on before the day comes: refused whole, alarmed, told in the list.
    edit(
        &siaga,
        "policies/baku.toml",
        "hold = \"3h\"",
        "hold = \"5h\"",
    );
    let (told, code) = run(
        &siaga,
        &[
            "apply",
            "--yes",
            "--author",
            "Siti",
            "--reason",
            "nanti",
            "--effective",
            &day(4),
        ],
    );
    assert_eq!(code, 0, "{told}");
    edit(
        &siaga,
        "policies/baku.toml",
        "hold = \"5h\"",
        "hold = \"6h\"",
    );
    let (told, code) = run(
        &siaga,
        &["apply", "--yes", "--author", "Budi", "--reason", "sekarang"],
    );
    assert_eq!(code, 0, "{told}");
    eventually("the refusal", PATIENCE, || {
        let (told, _) = run(&siaga, &["changes", "show", "3"]);
        told.contains("did not fit when it was to take force")
            .then_some(())
    })
    .await;
    let log = siaga.log();
    assert!(log.contains("a change was not put in force"), "{log}");
    wait_for_policy(&siaga, "baku@3").await;

    // One that falls due while nothing runs takes force at the start.
    edit(
        &siaga,
        "policies/baku.toml",
        "hold = \"6h\"",
        "hold = \"7h\"",
    );
    let soon = day(3);
    let (told, code) = run(
        &siaga,
        &[
            "apply",
            "--yes",
            "--author",
            "Siti",
            "--reason",
            "malam",
            "--effective",
            &soon,
        ],
    );
    assert_eq!(code, 0, "{told}");
    siaga.stop().await;
    let until = soon.parse::<jiff::Timestamp>().unwrap();
    eventually("its day", PATIENCE, || {
        (SystemClock.now() > until).then_some(())
    })
    .await;
    siaga.start().await;
    wait_for_policy(&siaga, "baku@4").await;
    // And one that is taken back never does.
    let path = siaga.folder.path().join("policies/baku.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("hold = \"7h\"", "hold = \"8h\"")).unwrap();
    let (told, code) = run(
        &siaga,
        &[
            "apply",
            "--yes",
            "--author",
            "Siti",
            "--reason",
            "salah",
            "--effective",
            &day(600),
        ],
    );
    assert_eq!(code, 0, "{told}");
    let (told, code) = run(
        &siaga,
        &[
            "changes", "reject", "6", "--author", "Siti", "--reason", "batal",
        ],
    );
    assert_eq!(code, 0, "{told}");
    assert!(run(&siaga, &["changes", "list", "--pending"]).0.is_empty());
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    siaga.stop().await;
}
