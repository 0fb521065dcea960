//! Workbooks, written as a spreadsheet program writes them.

use std::{fs::File, io::Write as _};

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};

use super::{
    super::{weigh::Limits, xlsx::open_within},
    *,
};

const HEADING: [&str; 8] = [
    "No",
    "Tracking ID",
    "Tanggal Laporan Masuk",
    "Waktu Laporan Masuk",
    "Tipe Laporan (Anonim/Rahasia)",
    "Instansi Terdisposisi",
    "Kategori",
    "Status Laporan",
];

/// The export's shape: ten rows of preamble, then the heading in row 11.
fn ringkas(sheet: &mut Worksheet) {
    sheet.write(0, 0, "LAPORAN RINGKAS").unwrap();
    sheet.write(2, 0, "Periode").unwrap();
    sheet
        .write(2, 1, "01 January 2023 - 31 December 2023")
        .unwrap();
    for row in 3..10 {
        sheet.write(row, 0, format!("Keterangan {row}")).unwrap();
    }
    for (column, name) in (0..).zip(HEADING) {
        sheet.write(10, column, name).unwrap();
    }
}

/// One row of texts, under the heading.
fn texts(sheet: &mut Worksheet, row: u32, cells: [&str; 8]) {
    for (column, text) in (0..).zip(cells) {
        if !text.is_empty() {
            sheet.write(row, column, text).unwrap();
        }
    }
}

fn plain(id: &str) -> [&str; 8] {
    ["", id, "29 May 2023", "04:05:34", "", "", "x", ""]
}

fn bytes(write: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut book = Workbook::new();
    write(&mut book);
    book.save_to_buffer().unwrap()
}

fn one_sheet(write: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    bytes(|book| {
        let sheet = book.add_worksheet().set_name("Laporan").unwrap();
        ringkas(sheet);
        write(sheet);
    })
}

#[test]
fn the_short_report_is_read_with_dates_as_texts_and_as_dates() {
    let book = one_sheet(|sheet| {
        let row = [
            "1",
            "",
            "29 May 2023",
            "04:05:34",
            "Anonim|Rahasia",
            "Dinas Sosial",
            "Bansos ",
            "Selesai",
        ];
        texts(sheet, 11, row);
        sheet.write(11, 1, 12_345_678).unwrap();
        // A day and a time of day as a spreadsheet keeps them.
        texts(sheet, 12, ["2", "5216808", "", "", "", "", "x", ""]);
        let day = Format::new().set_num_format("dd mmmm yyyy");
        let hour = Format::new().set_num_format("hh:mm:ss");
        let moment = Format::new().set_num_format("dd/mm/yyyy hh:mm:ss");
        let date = ExcelDateTime::from_ymd(2023, 5, 29).unwrap();
        sheet
            .write_datetime_with_format(12, 2, &date, &day)
            .unwrap();
        let time = ExcelDateTime::from_hms(4, 5, 34).unwrap();
        sheet
            .write_datetime_with_format(12, 3, &time, &hour)
            .unwrap();
        // Both in one cell; and midnight, which has no fraction of a day.
        texts(sheet, 13, ["3", "5216809", "", "", "Tertutup", "", "x", ""]);
        let both = date.clone().and_hms(4, 5, 34).unwrap();
        sheet
            .write_datetime_with_format(13, 2, &both, &moment)
            .unwrap();
        texts(sheet, 14, ["4", "5216810", "", "", "", "", "x", ""]);
        sheet
            .write_datetime_with_format(14, 2, &date, &day)
            .unwrap();
        let midnight = ExcelDateTime::from_hms(0, 0, 0).unwrap();
        sheet
            .write_datetime_with_format(14, 3, &midnight, &hour)
            .unwrap();
        texts(
            sheet,
            15,
            ["5", "5216811", "29 Mei 2023", "04.05", "", "", "x", ""],
        );
        texts(sheet, 16, ["6", "5216812", "", "", "", "", "x", ""]);
        sheet
            .write_datetime_with_format(16, 2, &date, &day)
            .unwrap();
    });
    let found = rows("a.xlsx", book, Some("Asia/Jakarta"));
    let lines: Vec<_> = found.iter().map(|row| row.line).collect();
    assert_eq!(lines, [12, 13, 14, 15, 16, 17]);
    let received: Vec<String> = found[..5]
        .iter()
        .map(|row| {
            row.record
                .as_ref()
                .unwrap()
                .complaint
                .received_at
                .to_string()
        })
        .collect();
    let at = "2023-05-28T21:05:34Z";
    assert_eq!(
        received,
        [at, at, at, "2023-05-28T17:00:00Z", "2023-05-28T21:05:00Z"]
    );
    let first = found[0].record.as_ref().unwrap();
    assert_eq!(first.complaint.id.as_str(), "12345678", "and no 12345678.0");
    assert_eq!(first.unit_as_written(), Some("Dinas Sosial"));
    assert_eq!(first.complaint.category.as_deref(), Some("Bansos"));
    assert!(first.complaint.privacy.anonymous && first.complaint.privacy.confidential);
    assert_eq!(found[2].notes[0].value, "Tertutup");
    let day = &faults(&found[5])[0];
    assert_eq!(
        (day.field.as_str(), day.value.as_str()),
        ("received_at", "2023-05-29")
    );
    assert!(day.problem.contains("without a time of day"), "{day:?}");
}

#[test]
fn every_second_of_a_day_survives_the_spreadsheet() {
    let moment = Format::new().set_num_format("dd/mm/yyyy hh:mm:ss");
    let book = one_sheet(|sheet| {
        for second in (1..86_400).step_by(997) {
            let (hour, minute) = (second / 3600, second / 60 % 60);
            let time = ExcelDateTime::from_ymd(2023, 5, 29)
                .unwrap()
                .and_hms(hour as u16, minute as u8, f64::from(second % 60))
                .unwrap();
            let row = 11 + second;
            sheet.write(row, 1, second).unwrap();
            sheet
                .write_datetime_with_format(row, 2, &time, &moment)
                .unwrap();
        }
    });
    let found = rows("a.xlsx", book, Some("UTC"));
    assert_eq!(found.len(), 87);
    let midnight: Timestamp = "2023-05-29T00:00:00Z".parse().unwrap();
    for row in found {
        let complaint = row.record.unwrap().complaint;
        let seconds = complaint.received_at.as_second() - midnight.as_second();
        assert_eq!(seconds.to_string(), complaint.id.as_str());
    }
}

#[test]
fn empty_rows_and_a_stray_cell_far_away_cost_nothing() {
    let book = one_sheet(|sheet| {
        texts(sheet, 11, plain("5216807"));
        let bold = Format::new().set_bold();
        for row in 12..40 {
            for column in 0..8 {
                sheet.write_blank(row, column, &bold).unwrap();
            }
        }
        sheet.write(20, 1, "   ").unwrap();
        // The last cell of a sheet, a cell of a row that has nothing else, and one in our columns.
        sheet.write(1_048_575, 16_383, "x").unwrap();
        sheet.write(500_000, 100, 1).unwrap();
        sheet.write(1_000_000, 6, "x").unwrap();
    });
    let found = rows("a.xlsx", book, Some("UTC"));
    assert_eq!(told(&found), ["12 5216807", "1000001 id: missing"]);
}

#[test]
fn a_cell_with_the_error_of_a_formula_is_named() {
    let book = one_sheet(|sheet| {
        texts(sheet, 11, plain("5216807"));
        let broken = Formula::new("=VLOOKUP(1,A1:A2,1)").set_result("#N/A");
        sheet.write_formula(11, 5, broken).unwrap();
        texts(sheet, 12, plain("5216808"));
    });
    let found = rows("a.xlsx", book, Some("UTC"));
    let fault = &faults(&found[0])[0];
    assert_eq!(fault.field, "Instansi Terdisposisi");
    assert!(fault.problem.contains("error of a formula"), "{fault:?}");
    assert!(found[1].record.is_ok());
}

#[test]
fn the_sheet_with_the_complaints_is_found_or_asked_for() {
    let two = |name: &'static str| {
        bytes(|book| {
            let cover = book.add_worksheet().set_name("Ringkasan").unwrap();
            cover.write(0, 0, "Jumlah aduan").unwrap();
            for name in ["Data", name] {
                let sheet = book.add_worksheet().set_name(name).unwrap();
                if name != "Grafik" {
                    ringkas(sheet);
                    texts(sheet, 11, plain(name));
                }
            }
        })
    };
    let found = rows("a.xlsx", two("Grafik"), Some("UTC"));
    assert_eq!(told(&found), ["12 Data"]);
    let both = two("Lama");
    let refused = refusal("a.xlsx", &both);
    assert!(refused.contains("\"Data\", \"Lama\""), "{refused}");
    assert!(refused.contains("--sheet \"Data\""), "{refused}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xlsx");
    std::fs::write(&path, both).unwrap();
    let named = |sheet: &str| Options {
        sheet: Some(sheet.into()),
        ..in_zone(Some("UTC"))
    };
    let found = open(&path, &named("Lama"), now()).unwrap();
    assert_eq!(found.sheet.as_deref(), Some("Lama"));
    assert_eq!(found.count(), 1);
    let refused = refusal_of(&path, &named("Baru"));
    assert!(
        refused.contains("no sheet \"Baru\"") && refused.contains("\"Ringkasan\""),
        "{refused}"
    );
    let refused = refusal_of(&path, &named("Ringkasan"));
    assert!(
        refused.contains("first 50 rows of \"Ringkasan\""),
        "{refused}"
    );
}

#[test]
fn a_damaged_archive_is_told_and_never_a_panic() {
    let whole = one_sheet(|sheet| texts(sheet, 11, plain("5216807")));
    for cut in [0, 1, 10, whole.len() / 2, whole.len() - 1] {
        let told = refusal("a.xlsx", &whole[..cut]);
        assert!(told.contains("damaged or cut off"), "{cut}: {told}");
        assert!(told.contains("download it again"), "{cut}: {told}");
    }
    assert!(refusal("a.xlsx", "<html><table>").contains("no XLSX at all"));
    let locked = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    assert!(refusal("a.xlsx", locked).contains("password"));
    // A bit that fell over somewhere: rows or a refusal.
    for at in (0..whole.len()).step_by(7) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xlsx");
        std::fs::write(&path, flipped).unwrap();
        if let Ok(found) = open(&path, &in_zone(Some("UTC")), now()) {
            assert!(found.count() <= 1);
        }
    }
}

#[test]
fn other_archives_and_broken_parts_are_told() {
    let archive = |parts: &[(&str, &str)]| {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in parts {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(*name, options).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    };
    for parts in [
        vec![],
        vec![("readme.txt", "x")],
        vec![("xl/workbook.xml", "<workbook><sheets><sheet name=\"A\"")],
        vec![("xl/workbook.xml", "\u{feff}nothing")],
    ] {
        let told = refusal("a.xlsx", archive(&parts));
        assert!(told.starts_with('/') && told.contains("a.xlsx: "), "{told}");
        assert!(
            told.contains("save it") || told.contains("Tracking ID"),
            "{told}"
        );
    }
}

/// A workbook whose shared texts are replaced by this.
fn with_texts(content: &[&[u8]]) -> tempfile::NamedTempFile {
    let whole = one_sheet(|sheet| texts(sheet, 11, plain("5216807")));
    let mut read = zip::ZipArchive::new(std::io::Cursor::new(whole)).unwrap();
    let file = tempfile::Builder::new().suffix(".xlsx").tempfile().unwrap();
    let mut writer = zip::ZipWriter::new(file.reopen().unwrap());
    let options = zip::write::SimpleFileOptions::default();
    for index in 0..read.len() {
        let part = read.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        if name != "xl/sharedStrings.xml" {
            writer.raw_copy_file(part).unwrap();
            continue;
        }
        writer.start_file(name, options).unwrap();
        for piece in content {
            writer.write_all(piece).unwrap();
        }
    }
    writer.finish().unwrap();
    file
}

#[test]
fn a_small_archive_that_unpacks_to_much_is_refused() {
    let begin = b"<?xml version=\"1.0\"?><sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">".as_slice();
    // One text of 64 MB in some 60 kB.
    let piece = vec![b'A'; 1 << 20];
    let mut content = vec![begin, b"<si><t>"];
    content.extend([piece.as_slice(); 64]);
    let bomb = with_texts(&content);
    assert!(bomb.as_file().metadata().unwrap().len() < 200_000);
    let told = refusal_of(bomb.path(), &in_zone(Some("UTC")));
    assert!(
        told.contains("xl/sharedStrings.xml has a text of more than"),
        "{told}"
    );
    // Many small texts; with a smaller bound, so that the test need not unpack gigabytes.
    let piece = b"<si><t>AAAAAAAAAAAAAAAA</t></si>".repeat(1 << 15);
    let mut content = vec![begin];
    content.extend([piece.as_slice(); 4]);
    let bomb = with_texts(&content);
    let limits = Limits {
        texts: 3 << 20,
        ..Limits::default()
    };
    let opened = || File::open(bomb.path()).unwrap();
    let Err(error) = open_within("a.xlsx", opened(), Options::default(), now(), limits) else {
        panic!("it was unpacked");
    };
    let told = error.to_string();
    assert!(
        told.contains("unpacks to more than 3145728 bytes"),
        "{told}"
    );
    let limits = Limits {
        parts: 3,
        ..Limits::default()
    };
    let Err(error) = open_within("a.xlsx", opened(), Options::default(), now(), limits) else {
        panic!("it was unpacked");
    };
    assert!(error.to_string().contains("parts"), "{error}");
}
