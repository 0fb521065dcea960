//! CSV and JSON Lines.

use std::fmt::Write as _;

use super::*;

const EXPORT: &str = "\u{feff}tracking_id,tanggal_masuk,waktu_masuk_export,kategori,tipe_laporan,instansi_terdisposisi,status_laporan\r\n\
    5216807,2023-05-29,04:05:34,Bantuan Sosial ,Anonim|Rahasia,\"Badan A, B\",Ditutup oleh Sistem\r\n\
    5216808,2023-05-29,,x,,,\r\n\
    5216809,2023-05-29,04:05:34,x\r\n";

#[test]
fn the_national_export_is_read_when_its_zone_is_said() {
    let found = rows("a.csv", EXPORT, Some("UTC"));
    let lines: Vec<_> = found.iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 3, 4]);
    let first = found[0].record.as_ref().unwrap();
    let received_at = first.complaint.received_at.to_string();
    assert_eq!(received_at, "2023-05-29T04:05:34Z");
    assert_eq!(first.complaint.category.as_deref(), Some("Bantuan Sosial"));
    assert_eq!(first.complaint.status.as_str(), "ditutup oleh sistem");
    assert_eq!(first.unit_as_written(), Some("Badan A, B"));
    assert!(first.complaint.privacy.anonymous && first.complaint.privacy.confidential);
    let day = &faults(&found[1])[0];
    assert_eq!(day.value, "2023-05-29");
    assert!(day.problem.contains("without a time of day"), "{day:?}");
    assert!(day.remedy.contains("Waktu Masuk"), "{day:?}");
    assert!(faults(&found[2])[0].problem.contains("4 columns"));
}

#[test]
fn what_its_columns_mean_is_told_before_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, EXPORT.replace("kategori", "Katagori")).unwrap();
    let found = open(&path, &in_zone(Some("UTC")), now()).unwrap();
    assert_eq!(found.columns.unused, ["Katagori"]);
    let used = &found.columns.used;
    assert!(
        used.contains(&("instansi_terdisposisi".into(), "unit".into())),
        "{used:?}"
    );
    let size = found.size;
    let at: Vec<_> = found.map(|row| row.unwrap().at).collect();
    // The line feed after the last return is read with the line that does not come.
    assert!(
        at.is_sorted() && at.last() == Some(&(size - 1)),
        "{at:?} of {size}"
    );
}

#[test]
fn without_a_zone_naive_times_are_refused_with_the_option_named() {
    let found = rows("a.csv", EXPORT, None);
    let fault = &faults(&found[0])[0];
    assert_eq!(fault.field, "received_at");
    assert!(fault.remedy.contains("--times-are UTC"), "{fault:?}");
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let text = "id;received_at;title\n\
        A1;2026-11-24T00:00:00Z;\"two\nlines\"\n\
        \n\
        A 2;2026-11-24T00:00:00Z;\n\
        A3;2026-11-24T00:00:00Z;\"a \"\"word\"\"; and\n\n\nmore\"\n\
        A4;2026-11-24T00:00:00Z;5\" pipe\n\
        ;;\n\
        A5;2026-11-24T00:00:00Z";
    let expected = [
        "2 A1",
        "5 id: not a valid complaint id: use 1 to 40 letters, digits, '.', '_' or '-'",
        "6 A3",
        "10 A4",
        "12 (row): has 2 columns, the heading has 3",
    ];
    for end in ["\n", "\r\n", "\r"] {
        let found = rows("a.csv", text.replace('\n', end), None);
        assert_eq!(told(&found), expected, "{end:?}");
        let title = &found[2].record.as_ref().unwrap().complaint.title;
        assert_eq!(title.as_deref(), Some("a \"word\"; and\n\n\nmore"));
    }
}

#[test]
fn an_open_quotation_mark_takes_its_own_line_and_no_other() {
    // In the middle, and with another mark further down that would close it.
    let text = "id,received_at,title\n\
        A1,2026-11-24T00:00:00Z,\"open\n\
        A2,2026-11-24T00:00:00Z,x\n\
        A3,2026-11-24T00:00:00Z,\"y, z\"\n\
        A4,2026-11-24T00:00:00Z,\"open to the end\n\
        A5,2026-11-24T00:00:00Z,x\n";
    let found = rows("a.csv", text, None);
    let open = "opens a quotation mark that is not closed in its place";
    let expected = [
        format!("2 (row): {open}"),
        "3 A2".to_owned(),
        "4 A3".to_owned(),
        format!("5 (row): {open}"),
        "6 A5".to_owned(),
    ];
    assert_eq!(told(&found), expected);
    // Also where what it would swallow is more than is ever held.
    let long = format!(
        "id,received_at\n\"A1,2026-11-24T00:00:00Z\n{}A9,2026-11-24T00:00:00Z\n",
        "A2,2026-11-24T00:00:00Z\n".repeat(60_000)
    );
    let found = rows("a.csv", long, None);
    assert_eq!(found.len(), 60_002);
    assert_eq!(told(&found[..2])[1], "3 A2");
    assert_eq!(told(&found[60_001..]), ["60003 A9"]);
}

#[test]
fn a_line_without_end_is_told_and_the_next_one_read() {
    let long = "x".repeat(3 << 20);
    let text = format!("id,received_at\nA1,{long}\nA2,2026-11-24T00:00:00Z\n");
    let found = rows("a.csv", text, None);
    assert_eq!(
        told(&found),
        [
            "2 (row): the line has 3145731 bytes; at most 1048576 are read",
            "3 A2"
        ]
    );
    let text = format!(
        "{{\"id\":\"{long}\"}}\n{{\"id\":\"A2\",\"received_at\":\"2026-11-24T00:00:00Z\"}}\n"
    );
    let found = rows("a.jsonl", text, None);
    assert_eq!(
        told(&found),
        [
            "1 (line): has 3145737 bytes; at most 1048576 are read",
            "2 A2"
        ]
    );
}

#[test]
fn a_heading_is_found_below_a_preamble_and_by_any_delimiter() {
    for delimiter in [',', ';', '\t'] {
        let text = format!(
            "\u{feff}sep={delimiter}\nLaporan Ringkas, Kab. X; 2023\n\"Periode:\n 2023\"\n\nNo|Tracking ID|Tanggal Masuk|Waktu Masuk\n1|5216807.0|29 Mei 2023|04.05\n"
        )
        .replace('|', &delimiter.to_string());
        let found = rows("a.csv", text, Some("Asia/Jakarta"));
        assert_eq!(told(&found), ["7 5216807"], "{delimiter:?}");
        let complaint = &found[0].record.as_ref().unwrap().complaint;
        assert_eq!(complaint.received_at.to_string(), "2023-05-28T21:05:00Z");
    }
}

#[test]
fn another_encoding_is_refused_with_what_to_do() {
    let text = "id,received_at,area\r\nA1,2026-11-24T00:00:00Z,Kab. Pati\r\n";
    let wide: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = wide.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = wide.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for (marked, bytes) in [
        (true, [&[0xff, 0xfe], little.as_slice()].concat()),
        (true, [&[0xfe, 0xff], big.as_slice()].concat()),
        (false, little),
    ] {
        for name in ["a.csv", "a.jsonl"] {
            let told = refusal(name, &bytes);
            assert!(
                told.contains("UTF-16") && told.contains("CSV UTF-8"),
                "{told}"
            );
            assert_eq!(told.contains("iconv"), marked, "{told}");
        }
    }
    // Latin-1 is UTF-8 as long as nobody writes an accent: the rows that do are refused, each.
    let latin =
        b"id,received_at,area\nA1,2026-11-24T00:00:00Z,Caf\xe9\nA2,2026-11-24T00:00:00Z,Pati\n";
    let found = rows("a.csv", latin, None);
    assert_eq!(told(&found), ["2 area: is not UTF-8", "3 A2"]);
    assert!(faults(&found[0])[0].remedy.contains("CSV UTF-8"));
    let found = rows("a.jsonl", b"{\"id\":\"A1\",\"area\":\"Caf\xe9\"}\n", None);
    assert_eq!(told(&found), ["1 (line): is not UTF-8"]);
    assert!(refusal("a.csv", b"PK\x03\x04xxxx").contains("name it .xlsx"));
}

#[test]
fn no_row_that_is_refused_shows_what_a_reporter_wrote() {
    let found = rows(
        "a.jsonl",
        "{\"id\":\"A1\",\"received_at\":\"2026-11-24T00:00:00Z\"}\n\n{\"name\": \"Budi\n\"Budi\"\n{\"id\":\"A2\",\"received_at\":\"2026-11-24T00:00:00Z\",\"isi\":\"Budi\"}\n",
        None,
    );
    let lines: Vec<_> = found.iter().map(|row| row.line).collect();
    assert_eq!(lines, [1, 3, 4, 5]);
    assert!(found[0].record.is_ok());
    for row in &found[1..] {
        let shown = format!("{:?}", faults(row));
        assert!(!shown.contains("Budi"), "{shown}");
    }
    // Columns that slipped by one, a field with the delimiter in it, a mark that is not closed.
    for line in [
        "Budi,0812,A1",
        "A1,2026-11-24T00:00:00Z,Budi,0812",
        "\"Budi,0812",
    ] {
        let found = rows("a.csv", format!("id,received_at,title\n{line}\n"), None);
        let shown = format!("{:?}", faults(&found[0]));
        assert!(!shown.contains("0812"), "{shown}");
    }
}

#[test]
fn an_unknown_privacy_word_hides_and_is_noted() {
    let text =
        "id,received_at,tipe_laporan\nA1,2026-11-24T00:00:00Z,Tertutup\nA2,2026-11-24T00:00:00Z,\n";
    let found = rows("a.csv", text, None);
    let hidden = found[0].record.as_ref().unwrap().complaint.privacy;
    assert!(hidden.anonymous && hidden.confidential);
    assert_eq!(found[0].notes[0].value, "Tertutup");
    let open = found[1].record.as_ref().unwrap().complaint.privacy;
    assert!(!open.anonymous && !open.confidential && found[1].notes.is_empty());
}

#[test]
fn a_file_of_another_kind_is_told_so() {
    assert!(refusal("a.pdf", "x").contains(".csv"));
    assert!(refusal("a.xls", "x").contains("save an older workbook"));
    let told = refusal("a.csv", "nama,alamat\n1,2\n");
    assert!(
        told.contains("tracking_id") && told.contains("first 50 lines"),
        "{told}"
    );
    assert!(refusal("a.csv", "").contains("tracking_id"));
    let folder = tempfile::tempdir().unwrap();
    let told = refusal_of(&folder.path().join("b.csv"), &Options::default());
    assert!(
        told.contains("b.csv") && told.contains("look at the name"),
        "{told}"
    );
    let path = folder.path().join("c.csv");
    std::fs::create_dir(&path).unwrap();
    let told = refusal_of(&path, &Options::default());
    assert!(told.contains("directory"), "{told}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn what_a_writer_of_csv_writes_is_read_as_it_was(
        titles in proptest::collection::vec("[a-z\",;\n ]{0,12}", 1..12),
    ) {
        let mut text = "id;received_at;title\n".to_owned();
        for (index, title) in titles.iter().enumerate() {
            let quoted = title.replace('"', "\"\"");
            writeln!(text, "A{index};2026-11-24T00:00:00Z;\"{quoted}\"").unwrap();
        }
        let found = rows("a.csv", text, None);
        let read: Vec<_> = found
            .iter()
            .map(|row| row.record.as_ref().unwrap().complaint.title.clone().unwrap_or_default())
            .collect();
        let written: Vec<_> = titles.iter().map(|title| title.trim().to_owned()).collect();
        proptest::prop_assert_eq!(read, written);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let csv = [b"id,received_at\n".as_slice(), &bytes].concat();
        read_to_the_end("a.csv", csv.into_iter().filter(|b| *b != 0).collect::<Vec<_>>(), Some("UTC"));
        read_to_the_end("a.jsonl", bytes.into_iter().filter(|b| *b != 0).chain([b'\n']).skip(2).collect::<Vec<_>>(), None);
    }
}
