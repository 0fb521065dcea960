//! `siaga import` as an operator runs it: the real program, killed in the middle and started again,
//! and what it says when something does not fit.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use siaga::{
    domain::id::ComplaintId,
    intake::mark::Mark,
    store::{Address, Store, embedded::socket_path},
};

use crate::support::{process::Process, region::Audit, siaga::Siaga, wait::PATIENCE};

const PEOPLE: &str = r#"
[[people]]
id = "kori"
name = "Kori Contohwan"
sms = "0811-0000-0009"
[holders]
"KOORDINATOR.penghubung" = "kori"
"#;

/// How many rows the file of the interrupted imports has.
const ROWS: usize = 20_000;
/// Lines of it that do not fit: one before the program is killed, one after, the last.
const BAD: [usize; 3] = [300, ROWS - 500, ROWS + 1];

fn prepared() -> Siaga {
    let siaga = Siaga::prepare();
    siaga.write("", "", PEOPLE);
    siaga
}

fn file(siaga: &Siaga, name: &str, content: &str) -> PathBuf {
    let path = siaga.folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// A long file: closed complaints, so that nobody is paged, and some rows that do not fit.
fn long_file(siaga: &Siaga) -> (PathBuf, BTreeSet<String>) {
    let mut text = "id,received_at,unit,status\n".to_owned();
    let mut ids = BTreeSet::new();
    for line in 2..=ROWS + 1 {
        if BAD.contains(&line) {
            writeln!(text, "A{line:05},yesterday,DISHUB,Selesai").unwrap();
        } else {
            writeln!(text, "A{line:05},2026-01-01 07:00:00,DISHUB,Selesai").unwrap();
            ids.insert(format!("A{line:05}"));
        }
    }
    (file(siaga, "long.csv", &text), ids)
}

fn words(path: &Path) -> Vec<&str> {
    let path = path.to_str().unwrap();
    vec!["import", path, "--times-are", "Asia/Jakarta"]
}

async fn store(siaga: &Siaga) -> Store {
    let folder = siaga.data().canonicalize().unwrap();
    let address = Address::unix(&socket_path(&folder));
    Store::connect(&address, "siaga", 1).await.expect("Redis")
}

/// The mark that lies in Redis, once there is a Redis and a mark.
async fn mark(siaga: &Siaga) -> Option<Mark> {
    let folder = siaga.data().canonicalize().ok()?;
    std::os::unix::net::UnixStream::connect(socket_path(&folder)).ok()?;
    let marks = store(siaga).await.import_marks().await.ok()?;
    let text = marks.into_values().next()?;
    Some(serde_json::from_str(&text).expect("a mark"))
}

/// Starts an import and waits until it has come past some rows.
async fn in_the_middle(siaga: &Siaga, arguments: &[&str]) -> Process {
    let mut import = siaga.spawn("import", arguments);
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        if mark(siaga).await.is_some_and(|mark| mark.rows >= 1000) {
            break;
        }
        assert!(import.is_running(), "it ended: {}", import.output());
        assert!(std::time::Instant::now() < until, "{}", import.output());
        siaga::clock::patience(Duration::from_millis(10)).await;
    }
    import
}

/// The line of the report, `20000 rows: 19997 new, ...`, as numbers: read, new, changed, unchanged,
/// refused.
fn counts(told: &str) -> [usize; 5] {
    let line = told.lines().find(|line| line.contains(" unchanged, "));
    let line = line.unwrap_or_else(|| panic!("no report in: {told}"));
    let numbers: Vec<usize> = line
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    numbers.try_into().unwrap_or_else(|_| panic!("{line}"))
}

/// Every complaint of the file is there, each was opened once, and nothing else was.
async fn prove(siaga: &Siaga, ids: &BTreeSet<String>) {
    let store = store(siaga).await;
    let audit = Audit::of(&store).await;
    let opened: BTreeSet<String> = audit.opened.keys().map(ComplaintId::to_string).collect();
    assert_eq!(opened.len(), ids.len());
    assert_eq!(&opened, ids);
    for (id, times) in &audit.opened {
        assert_eq!(times.len(), 1, "{id} was opened {} times", times.len());
    }
    assert_eq!(audit.closed.len(), ids.len());
    assert!(
        store.import_marks().await.unwrap().is_empty(),
        "a mark was left"
    );
}

/// The lines that stand in the file of refused rows.
fn refused(path: &Path) -> Vec<u64> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a whole line"))
        .map(|row| row["line"].as_u64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_beside_a_running_service_it_goes_on_and_nothing_is_lost_or_twice() {
    let mut siaga = prepared();
    siaga.start().await;
    let (path, ids) = long_file(&siaga);
    let apart = siaga.folder.path().join("refused.jsonl");
    let mut arguments = words(&path);
    arguments.extend(["--refused", apart.to_str().unwrap()]);
    in_the_middle(&siaga, &arguments).await.kill9();
    let behind = mark(&siaga).await.expect("a mark").rows;
    assert!(
        (1000..ROWS as u64).contains(&behind),
        "killed behind row {behind}"
    );
    let (told, code) = siaga.run_for_code(&arguments);
    assert_eq!(code, 3, "{told}");
    assert!(
        told.contains(&format!("interrupted after {behind} rows")),
        "{told}"
    );
    let [read, new, changed, unchanged, refused_rows] = counts(&told);
    assert_eq!((read, changed, refused_rows), (ROWS, 0, 3), "{told}");
    assert_eq!(new + unchanged, ids.len(), "{told}");
    // Only what was handed in when it was killed, and not yet marked, is handed in once more.
    assert!(unchanged <= 200, "{told}");
    assert_eq!(refused(&apart), BAD.map(|line| line as u64));
    prove(&siaga, &ids).await;
    // Once more from the beginning: everything is known.
    let (told, code) = siaga.run_for_code(&arguments);
    assert_eq!(code, 3, "{told}");
    assert!(!told.contains("interrupted"), "{told}");
    assert_eq!(counts(&told), [ROWS, 0, 0, ids.len(), 3]);
    assert_eq!(refused(&apart), BAD.map(|line| line as u64));
    prove(&siaga, &ids).await;
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_read_anew_although_its_name_and_size_are_the_same() {
    let mut siaga = prepared();
    let (path, mut ids) = long_file(&siaga);
    // No service runs: the import has a Redis of its own, which dies with it.
    in_the_middle(&siaga, &words(&path)).await.kill9();
    let text = std::fs::read_to_string(&path).unwrap();
    // Early in the file, where a mark would pass over it.
    let (old, new) = ("A00010,", "B00010,");
    std::fs::write(&path, text.replace(old, new)).unwrap();
    let (told, code) = siaga.run_for_code(&words(&path));
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("every row is read anew"), "{told}");
    let [read, new, changed, unchanged, _] = counts(&told);
    assert_eq!((read, changed), (ROWS, 0), "{told}");
    assert_eq!(new + unchanged, ids.len(), "{told}");
    // Of its first thousand rows one did not fit and one is another now.
    assert!(
        unchanged >= 998,
        "what the first run took in is known: {told}"
    );
    ids.insert("B00010".to_owned());
    siaga.start().await;
    prove(&siaga, &ids).await;
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_redis_it_stops_says_so_and_goes_on_later() {
    let mut siaga = prepared();
    siaga.start().await;
    let (path, ids) = long_file(&siaga);
    let mut import = in_the_middle(&siaga, &words(&path)).await;
    // The service goes, and its Redis with it.
    siaga.kill9();
    let status = import.wait_for_exit(PATIENCE).await;
    let told = import.output();
    assert_eq!(status.code(), Some(1), "{told}");
    assert!(told.contains("run it again"), "{told}");
    siaga.start().await;
    let (told, code) = siaga.run_for_code(&words(&path));
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("it goes on behind them"), "{told}");
    let [read, new, _, unchanged, _] = counts(&told);
    assert_eq!((read, new + unchanged), (ROWS, ids.len()), "{told}");
    prove(&siaga, &ids).await;
    siaga.stop().await;
}

#[test]
fn an_operator_is_told_what_would_come_of_a_file_and_what_to_do() {
    let siaga = prepared();
    let table = "\u{feff}Tracking ID;Tanggal Masuk;Waktu Masuk;Instansi Terdisposisi;Status Laporan;Tipe Laporan;Isi\r\n\
        1;29 Mei 2023;04.05;Dinas Perhubungan;Selesai;Anonim;Budi\r\n\
        2;29 Mei 2023;04.05;Dinas Entah;Sedang Ditangani;Tertutup;Budi\r\n\
        3;29 Mei 2023;;;Selesai;;Budi\r\n\
        4;kemarin;04.05;;Selesai;;Budi\r\n\
        5;29 Mei 2023;04.05;;Selesai;;Budi\r\n";
    let path = file(&siaga, "tabel.csv", table);
    let name = path.to_str().unwrap();
    let (told, code) = siaga.run_for_code(&["import", name, "--dry-run"]);
    assert_eq!(code, 3, "{told}");
    for part in [
        "Instansi Terdisposisi = unit",
        "Not used: Isi.",
        "nothing was handed in. 5 rows: 0 fit, 5 would be refused",
        "3  lines 2, 3, 6: received_at, first",
        "--times-are Asia/Jakarta",
        "line 4: received_at = \"2023-05-29\": a day without a time of day",
        "line 5: received_at = \"(a text of 13 characters)\": not a time",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    assert!(!told.contains("Budi") && !siaga.data().exists(), "{told}");
    let apart = siaga.folder.path().join("r.jsonl");
    let mut arguments = words(&path);
    arguments.extend(["--dry-run", "--refused", apart.to_str().unwrap()]);
    let (told, code) = siaga.run_for_code(&arguments);
    assert_eq!(code, 3, "{told}");
    for part in [
        "5 rows: 3 fit, 2 would be refused",
        "Open, with something due already: 1.",
        "To the coordinator's desk: 2 (1 name no unit, 1 one that is not known, 0 one of several)",
        "1  Dinas Entah",
        "1  sedang ditangani",
        "line 3: Tipe Laporan = \"Tertutup\": an unknown word: taken as hidden",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    assert_eq!(refused(&apart), [4, 5]);
    // The same in earnest, and once more with another state, another unit and another time.
    let (told, code) = siaga.run_for_code(&words(&path));
    assert_eq!((code, counts(&told)), (3, [5, 3, 0, 0, 2]), "{told}");
    let changed = table
        .replace("Sedang Ditangani", "Verifikasi")
        .replace("1;29 Mei 2023;04.05", "1;29 Mei 2023;05.05")
        .replace("4;kemarin;04.05", "4;29 Mei 2023;04.05");
    let path = file(&siaga, "tabel.csv", &changed);
    let (told, code) = siaga.run_for_code(&words(&path));
    assert_eq!((code, counts(&told)), (3, [5, 1, 1, 2, 1]), "{told}");
    assert!(
        told.contains("1  received_at (line 2)"),
        "what was kept is told: {told}"
    );
}

#[test]
fn what_cannot_be_imported_at_all_is_told_before_anything_is_done() {
    let siaga = prepared();
    let pdf = file(&siaga, "laporan.pdf", "x");
    let heading = file(&siaga, "kosong.csv", "nama;alamat\n");
    let wide = file(&siaga, "lebar.csv", "i\0d\0");
    let good = file(
        &siaga,
        "baik.csv",
        "id,received_at\n1,2026-01-01T00:00:00Z\n",
    );
    let absent = siaga.folder.path().join("tiada.csv");
    let good = good.to_str().unwrap();
    let cases: [(&[&str], &str); 7] = [
        (&["import"], "<FILE>"),
        (
            &["import", pdf.to_str().unwrap()],
            "name it .csv, .jsonl or .xlsx",
        ),
        (
            &["import", heading.to_str().unwrap()],
            "name that column id",
        ),
        (
            &["import", wide.to_str().unwrap()],
            "save it as \"CSV UTF-8\"",
        ),
        (
            &["import", absent.to_str().unwrap()],
            "tiada.csv: No such file",
        ),
        (
            &["import", good, "--times-are", "WIB"],
            "write UTC, Asia/Jakarta (WIB)",
        ),
        (
            &["import", good, "--refused", "/dev/null/x"],
            "--refused /dev/null/x: ",
        ),
    ];
    for (arguments, part) in cases {
        let (told, code) = siaga.run_for_code(arguments);
        assert_eq!(code, 2, "{arguments:?}: {told}");
        assert!(told.contains(part), "{arguments:?}: {told}");
    }
}
