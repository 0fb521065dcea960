//! The directory in a spreadsheet, by the real program: out, edited, in again.

use std::fs;

use crate::support::siaga::{Settings, Siaga};

const POLICY: &str = r#"
id = "baku"
clock = { length = "24h", calendar = "kalender" }
steps = [{ after = "0s", to = ["kepala"] }]
repeat = { every = "48h", limit = 0 }
hold = "2h"
updates = "never"
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
[holders]
"DISHUB.kepala" = "budi"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_goes_out_is_edited_and_comes_in_as_one_change() {
    let mut siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n",
        people: PEOPLE,
        policy: Some(POLICY),
        ..Settings::default()
    });
    siaga.start().await;
    let folder = siaga.data().join("lembar");
    let place = folder.display().to_string();
    let (told, holds) = siaga.run(&["directory", "export", &place]);
    assert!(holds && told.contains("5 sheets"), "{told}");
    let import = |more: &[&str]| {
        let call = [
            "directory",
            "import",
            place.as_str(),
            "--reason",
            "ganti nomor",
        ];
        siaga.run_for_code(&[&call[..], more].concat())
    };
    let (told, code) = import(&["--dry-run"]);
    assert!(code == 0 && told.contains("Nothing differs"), "{told}");
    // As a spreadsheet saves it in Indonesia: semicolons, and the first nought is gone.
    let path = folder.join("people.csv");
    fs::write(
        &path,
        "id;nama;hp\r\nbudi;Budi Contohwan;81100000009\r\nsari;Sari Contohwan;0811-0000-0002\r\n",
    )
    .unwrap();
    let (told, code) = import(&["--yes"]);
    assert!(code == 0 && told.contains("is in force"), "{told}");
    siaga.overdue("LGWP83001").await;
    let record = siaga
        .wait_for_timeline("LGWP83001", "\"attempt_sent\"")
        .await;
    assert!(record.contains("009\""), "at the new number: {record}");
    let (told, _) = siaga.run_for_code(&["history", "directory"]);
    assert!(told.contains("ganti nomor"), "{told}");
    // All faults at once, each with its file, line and column, and nothing changes.
    fs::write(
        &path,
        "id;nama;hp\r\nbudi;Budi;8.11E+10\r\nsari;Sari;12\r\n",
    )
    .unwrap();
    fs::write(
        folder.join("holders.csv"),
        "jabatan,pejabat\r\nDISHUB.kepalaa,budi\r\n",
    )
    .unwrap();
    let (told, code) = import(&["--yes"]);
    assert_eq!(code, 2, "{told}");
    for part in [
        "people.csv:2: sms",
        "people.csv:3: people[1].sms",
        "holders.csv:2: holders.DISHUB.kepalaa",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    let (told, _) = siaga.run_for_code(&["changes", "list"]);
    assert_eq!(told.matches("ganti nomor").count(), 1, "{told}");
    siaga.stop().await;
}
