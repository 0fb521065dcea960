//! Sheets of the directory: out and in again, and what spreadsheets do to them.

use proptest::prelude::*;

use super::*;
use crate::{
    config::seed::Sources,
    domain::{delivery::Address, id::ResponderId, phone::PhoneNumber},
};

fn shipped() -> Rulebook {
    let mut faults = Vec::new();
    let sources = Sources::shipped(true);
    sources.parse(&mut faults).book
}

fn sheet(name: &str, text: &str) -> Vec<Source> {
    vec![(name.to_owned(), text.to_owned())]
}

/// What a people's sheet says, with its faults in words.
fn people(text: &str) -> (Directory, Vec<String>) {
    let (directory, faults) = read(&sheet("people.csv", text), &shipped().directory).unwrap();
    let told = faults.0.iter().map(|it| {
        format!(
            "{}:{}: {}: {}",
            it.file,
            it.line.unwrap_or(0),
            it.path,
            it.problem
        )
    });
    (directory, told.collect())
}

#[test]
fn what_is_shipped_comes_back_as_it_was() {
    let book = shipped();
    let sheets = write(&book).unwrap();
    assert_eq!(sheets.len(), SHEETS.len());
    let (read, faults) = read(&sheets, &Directory::default()).unwrap();
    assert!(!faults.has_errors(), "{faults}");
    // Without anything live the sheets alone make the directory, but for what has no column.
    assert_eq!(read.posts.len(), book.directory.posts.len());
    assert_eq!(read.coordinator, book.directory.coordinator);
    let numbers = |directory: &Directory| {
        let all = directory
            .responders
            .values()
            .flat_map(|it| it.methods.iter().map(|it| it.address.clone()));
        all.collect::<Vec<_>>()
    };
    assert_eq!(numbers(&read), numbers(&book.directory));
}

#[test]
fn a_sheet_alone_leaves_the_rest_as_it_is() {
    let book = shipped();
    let (read, faults) = read(&[], &book.directory).unwrap();
    assert!(!faults.has_errors(), "{faults}");
    assert_eq!(read, book.directory);
}

#[test]
fn what_spreadsheets_do_is_undone_or_told() {
    // A mark at the beginning, semicolons, Indonesian headings, a lost nought, a marked text, empty rows.
    let (read, told) = people(
        "\u{feff}id;Nama;HP;WA;Surel\r\n;;;;\r\nbudi;Budi;81100000001;'+628110000002;budi@contoh.test\r\n",
    );
    assert_eq!(told, [""; 0]);
    let budi = &read.responders[&ResponderId::parse("budi").unwrap()];
    let numbers = ["+6281100000001", "+628110000002"].map(|it| PhoneNumber::parse(it).unwrap());
    let found: Vec<_> = budi.methods.iter().map(|it| it.address.clone()).collect();
    assert_eq!(found[..2], numbers.map(Address::Phone));
    for (text, expected) in [
        (
            "id,nama,hp\nbudi,Budi,8.11E+10\n",
            "people.csv:2: sms: a spreadsheet has rounded it, and its last digits are gone",
        ),
        (
            "id,nama,hpp\nbudi,Budi,1\n",
            "people.csv:1: (heading): no such column",
        ),
        (
            "id,hp\nbudi,0811\n",
            "people.csv:1: name: the column is missing",
        ),
        (
            "id,nama,hp\n\n\nbudi,Budi,12\n",
            "people.csv:4: people[0].sms: ",
        ),
        (
            "id,nama\nbudi,Budi\nbudi,Budi Lagi\n",
            "people.csv:3: people[1].id: the id is taken",
        ),
        (
            "id,nama\nbudi,Budi,lagi\n",
            "people.csv:2: (row): 3 cells under 2 headings",
        ),
        (
            "id,nama,bahasa\nbudi,Budi,jawa\n",
            "people.csv:2: people[0].language",
        ),
    ] {
        let (_, told) = people(text);
        assert!(
            told.iter().any(|it| it.starts_with(expected)),
            "{text:?} gave {told:#?}"
        );
    }
    let (_, faults) = super::read(&sheet("orang.csv", "id\n"), &Directory::default()).unwrap();
    assert!(
        faults.to_string().contains("no sheet of the directory"),
        "{faults}"
    );
}

#[test]
fn no_cell_is_a_formula() {
    let mut book = shipped();
    let person = book.directory.responders.values_mut().next().unwrap();
    "=HYPERLINK(\"http://x\")".clone_into(&mut person.name);
    let sheets = write(&book).unwrap();
    for (name, text) in &sheets {
        for record in cells::records(text) {
            for cell in record.cells {
                assert!(!cell.starts_with(['=', '+', '-', '@']), "{name}: {cell}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_of_a_name_comes_back(name in "[ -~äé;,\"\n]{1,40}") {
        let mut book = shipped();
        let person = book.directory.responders.values_mut().next().unwrap();
        // Spaces around a name, and the marks of a text, are no part of it.
        let name = name.trim().trim_start_matches('\'').trim().to_owned();
        prop_assume!(!name.is_empty());
        person.name = name;
        let sheets = write(&book);
        prop_assert!(sheets.is_ok(), "{:?}", sheets.err().map(|it| it.to_string()));
    }

    #[test]
    fn nothing_that_is_read_panics(text in ".{0,200}") {
        let _ = people(&text);
        let _ = people(&format!("id,nama,hp\n{text}"));
    }
}
