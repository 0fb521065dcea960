//! A complaint's evidence is checked by somebody else's program, and whatever is done to the file is found.

use std::process::Command;

use crate::support::siaga::{HEAD, Settings, Siaga};

const SMS: &str = "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n";

/// What the checker says of a file, and its exit code.
fn check(file: &std::path::Path, heads: Option<&std::path::Path>) -> (String, i32) {
    let checker = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/check_evidence.py");
    let out = Command::new("python3")
        .arg(checker)
        .arg(file)
        .args(heads)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    (
        text + &String::from_utf8_lossy(&out.stderr),
        out.status.code().unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_holds_without_us_and_every_change_of_it_is_found() {
    let mut siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: SMS,
        people: HEAD,
        ..Settings::default()
    });
    siaga.start().await;
    for id in ["LGWP92001", "LGWP92002", "LGWP92003"] {
        siaga.overdue(id).await;
        siaga.wait_for_timeline(id, "\"attempt_sent\"").await;
    }
    let folder = siaga.folder.path().to_owned();
    let (file, heads) = (folder.join("evidence"), folder.join("heads"));
    let write =
        |id: &str| siaga.run_for_code(&["ledger", "evidence", id, "--out", file.to_str().unwrap()]);
    let (told, code) = write("LGWP92002");
    assert_eq!(code, 0, "{told}");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("LGWP92002"));
    assert!(
        !text.contains("LGWP92001") && !text.contains("LGWP92003") && !text.contains("0811"),
        "other complaints are none of theirs: {text}"
    );
    let (printed, code) = siaga.run_for_code(&["ledger", "heads"]);
    assert_eq!(code, 0, "{printed}");
    std::fs::write(&heads, &printed).unwrap();

    let (told, code) = check(&file, Some(&heads));
    assert!(
        code == 0 && told.contains("the noted heads prove them"),
        "{told}"
    );
    for part in [
        "\"k\":\"opened\"",
        "\"k\":\"missed\"",
        "\"k\":\"attempt_sent\"",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let (told, code) = check(&file, None);
    assert!(code == 0 && told.contains("no noted head"), "{told}");

    let lines: Vec<&str> = text.lines().collect();
    let own = lines
        .iter()
        .position(|line| line.contains("\\\"k\\\":\\\"missed"))
        .unwrap();
    let other = lines
        .iter()
        .position(|line| line.contains("\"print\""))
        .unwrap();
    let end = lines
        .iter()
        .position(|line| line.contains("\"head\""))
        .unwrap();
    let begin = lines
        .iter()
        .position(|line| line.contains("\"before\""))
        .unwrap();
    let changed = |at: usize, from: &str, to: &str| {
        let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        assert!(changed[at].contains(from), "{}", changed[at]);
        changed[at] = changed[at].replacen(from, to, 1);
        changed.join("\n")
    };
    let without = |at: usize| {
        let mut left = lines.clone();
        left.remove(at);
        left.join("\n")
    };
    let swapped = {
        let mut swapped = lines.clone();
        swapped.swap(own, own + 1);
        swapped.join("\n")
    };
    for (what, damaged) in [
        ("a fact is changed", changed(own, "DISHUB", "DISNAK")),
        (
            "a print is changed",
            changed(other, "\"print\":\"", "\"print\":\"00"),
        ),
        (
            "the beginning is another",
            changed(begin, "\"before\":\"", "\"before\":\"00"),
        ),
        ("an own entry is gone", without(own)),
        ("another entry is gone", without(other)),
        ("the end is gone", without(end)),
        ("two are swapped", swapped),
        ("it is nothing", String::new()),
    ] {
        std::fs::write(&file, damaged).unwrap();
        let (told, code) = check(&file, Some(&heads));
        assert_ne!(code, 0, "{what}: {told}");
    }
    // The whole is consistent, and not what was noted.
    std::fs::write(&file, &text).unwrap();
    let line = printed.lines().find(|line| line.starts_with("c0")).unwrap();
    let forged = line.rsplit_once(' ').unwrap().0.to_owned() + " " + &"ab".repeat(32) + "\n";
    std::fs::write(&heads, forged).unwrap();
    let (told, code) = check(&file, Some(&heads));
    assert!(
        code == 1 && told.contains("is not the one that was noted"),
        "{told}"
    );
    // Noted before the complaint was there: that proves nothing of it.
    std::fs::write(&heads, "c0 1 00\n").unwrap();
    let (told, code) = check(&file, Some(&heads));
    assert!(
        code == 1 && told.contains("no noted head stands behind"),
        "{told}"
    );

    let (told, code) = write("LGWP99999");
    assert!(
        code == 2 && told.contains("there is no such complaint"),
        "{told}"
    );
    siaga.stop().await;
}
