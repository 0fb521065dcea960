//! The columns of the known exports, and the record that a row of them stands for.

use serde_json::{Map, Value};

use super::super::{
    privacy,
    submission::{FieldFault, shown},
};

/// The text of a cell, or why it has none.
pub(super) type Cell = Result<String, &'static str>;

/// A file's columns, as an operator wants to see them before a long import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// The columns that are read: their name, and our field.
    pub used: Vec<(String, String)>,
    /// The columns that mean nothing to us.
    pub unused: Vec<String>,
}

/// The heading of a table: which column means what.
#[derive(Debug, Clone)]
pub(super) struct Heading {
    columns: Vec<Column>,
    unused: Vec<String>,
    /// How many columns a row has.
    pub(super) width: usize,
}

#[derive(Debug, Clone)]
struct Column {
    index: usize,
    name: String,
    field: &'static str,
}

/// What a row of cells stands for.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) record: Map<String, Value>,
    /// What was taken in another way than it stands there.
    pub(super) notes: Vec<FieldFault>,
    /// Cells that cannot be read.
    pub(super) faults: Vec<FieldFault>,
}

impl Heading {
    /// The heading that these cells are; none when no column is for the complaint's id.
    pub(super) fn of<'a>(cells: impl Iterator<Item = (usize, &'a str)>) -> Option<Self> {
        let mut heading = Self {
            columns: Vec::new(),
            unused: Vec::new(),
            width: 0,
        };
        for (index, name) in cells {
            heading.width = heading.width.max(index + 1);
            let name = name.trim();
            match translate(name) {
                Some(field) => heading.columns.push(Column {
                    index,
                    name: name.to_owned(),
                    field,
                }),
                None if name.is_empty() => {}
                None => heading.unused.push(name.to_owned()),
            }
        }
        let has_id = heading.columns.iter().any(|column| column.field == "id");
        has_id.then_some(heading)
    }

    /// Whether a column is read.
    pub(super) fn reads(&self, index: usize) -> bool {
        self.columns.iter().any(|column| column.index == index)
    }

    pub(super) fn columns(&self) -> Columns {
        Columns {
            used: self
                .columns
                .iter()
                .map(|column| (column.name.clone(), column.field.to_owned()))
                .collect(),
            unused: self.unused.clone(),
        }
    }

    /// The record of a row. Cells in other columns are passed over.
    pub(super) fn read(&self, cells: &[(usize, Cell)]) -> Read {
        let mut read = Read::default();
        let (mut date, mut time) = (String::new(), String::new());
        for Column { index, name, field } in &self.columns {
            let cell = cells.iter().find(|(at, _)| at == index);
            let text = match cell.map(|(_, cell)| cell) {
                None => continue,
                Some(Ok(text)) => text.trim(),
                Some(Err(problem)) => {
                    read.faults.push(FieldFault {
                        field: name.clone(),
                        value: String::new(),
                        problem: (*problem).to_owned(),
                        remedy: remedy(problem).to_owned(),
                    });
                    continue;
                }
            };
            if text.is_empty() {
                continue;
            }
            match *field {
                "date" => text.clone_into(&mut date),
                "time" => text.clone_into(&mut time),
                "privacy" => {
                    let words = privacy::words(text);
                    if words.unknown {
                        read.notes.push(hidden(name, text));
                    }
                    read.set("anonymous", words.anonymous.into(), name);
                    read.set("confidential", words.confidential.into(), name);
                }
                "anonymous" | "confidential" => {
                    let flag = privacy::flag(text);
                    if flag.is_none() {
                        read.notes.push(hidden(name, text));
                    }
                    read.set(field, flag.unwrap_or(true).into(), name);
                }
                "id" => read.set("id", whole_number(text).into(), name),
                field => read.set(field, text.into(), name),
            }
        }
        if !date.is_empty() {
            read.set("received_at", moment(&date, &time).into(), "date and time");
        }
        read
    }
}

impl Read {
    /// Two columns may mean the same field (`unit` and `Instansi Terdisposisi`); which of them is
    /// right where they differ is not ours to guess.
    fn set(&mut self, field: &str, value: Value, column: &str) {
        let known = self.record.insert(field.to_owned(), value.clone());
        if known.is_some_and(|known| known != value) {
            self.faults.push(FieldFault {
                field: field.to_owned(),
                value: shown(field, &value),
                problem: format!(
                    "the column {column:?} says other than another column for the same field"
                ),
                remedy: "rename or empty the one that does not count".to_owned(),
            });
        }
    }
}

fn remedy(problem: &str) -> &'static str {
    if problem == super::csv::NOT_UTF8 {
        super::csv::SAVE_AS_UTF8
    } else {
        "mend the cell in the spreadsheet"
    }
}

fn hidden(column: &str, text: &str) -> FieldFault {
    FieldFault {
        field: column.to_owned(),
        value: text.chars().take(40).collect(),
        problem: "an unknown word: taken as hidden, which is the safe side".to_owned(),
        remedy: "write Anonim, Rahasia, Anonim|Rahasia, Publik, or nothing".to_owned(),
    }
}

/// Spreadsheets and data frames write a number with a fraction of nought: `168054.0`.
fn whole_number(text: &str) -> &str {
    match text.strip_suffix(".0") {
        Some(whole) if whole.bytes().all(|b| b.is_ascii_digit()) => whole,
        _ => text,
    }
}

/// The moment of a date column and a time column. Some exports write the whole moment into one of
/// the two; a date that comes from a spreadsheet may carry a midnight that the time puts right.
fn moment(date: &str, time: &str) -> String {
    if time.is_empty() {
        return date.to_owned();
    }
    let midnight = ["T00:00:00", " 00:00:00"];
    let day = midnight
        .iter()
        .find_map(|tail| date.strip_suffix(tail))
        .unwrap_or(date);
    if day.contains(':') {
        return day.to_owned();
    }
    // A time column may carry a date too: that of the spreadsheet's beginning, or the same once more.
    let time = time.rsplit('T').next().unwrap_or(time);
    let time = match time.rsplit_once(' ') {
        Some((_, last)) if last.contains([':', '.']) => last,
        _ => time,
    };
    format!("{day} {time}")
}

/// Our field for a column of a known export.
fn translate(column: &str) -> Option<&'static str> {
    // What stands in brackets explains: "Tipe Laporan (Anonim/Rahasia)".
    let column = column.split('(').next().unwrap_or_default();
    let column = column.to_lowercase().replace(['_', '-'], " ");
    let column = column.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(match column.as_str() {
        "id" | "tracking id" | "nomor aduan" => "id",
        "received at" | "diterima" => "received_at",
        "tanggal masuk" | "tanggal laporan masuk" => "date",
        "waktu masuk export" | "waktu masuk" | "waktu laporan masuk" => "time",
        "unit" | "instansi terdisposisi" => "unit",
        "source" | "kanal" | "sumber laporan" => "source",
        "classification" | "klasifikasi" | "klasifikasi laporan" => "classification",
        "category" | "kategori" => "category",
        "area" | "wilayah" | "kota kabupaten" | "kota/kabupaten" | "kabupaten/kota" => "area",
        "urgency" | "urgensi" | "tingkat urgensi" | "prioritas" => "urgency",
        "title" | "judul" | "judul laporan" => "title",
        "anonymous" | "anonim" => "anonymous",
        "confidential" | "rahasia" => "confidential",
        "tipe laporan" | "privacy" | "privasi" => "privacy",
        "status" | "status laporan" => "status",
        "status at" | "status sejak" => "status_at",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(columns: &[(&str, &str)]) -> Read {
        let heading = Heading::of(columns.iter().map(|(name, _)| *name).enumerate()).unwrap();
        let cells: Vec<(usize, Cell)> = columns
            .iter()
            .map(|(_, text)| Ok((*text).to_owned()))
            .enumerate()
            .collect();
        heading.read(&cells)
    }

    #[test]
    fn a_moment_in_one_column_or_in_two_is_one_moment() {
        let cases = [
            ("2023-05-29", "04:05:34", "2023-05-29 04:05:34"),
            ("2023-05-29T00:00:00", "04:05:34", "2023-05-29 04:05:34"),
            ("2023-05-29 00:00:00", "04:05:34", "2023-05-29 04:05:34"),
            ("2023-05-29", "1899-12-31T04:05:34", "2023-05-29 04:05:34"),
            ("2023-05-29", "29 Mei 2023 04.05", "2023-05-29 04.05"),
            ("29 Mei 2023", "04:05 WIB", "29 Mei 2023 04:05 WIB"),
            ("2023-05-29 04:05:34", "04:05:34", "2023-05-29 04:05:34"),
            ("2023-05-29", "", "2023-05-29"),
        ];
        for (date, time, expected) in cases {
            assert_eq!(moment(date, time), expected, "{date} and {time}");
        }
    }

    #[test]
    fn a_number_of_a_spreadsheet_is_no_fraction() {
        assert_eq!(
            read(&[("Tracking ID", "12345678.0")]).record["id"],
            "12345678"
        );
        assert_eq!(read(&[("id", "A1.0")]).record["id"], "A1.0");
    }

    #[test]
    fn two_columns_for_one_field_must_agree() {
        let same = read(&[
            ("id", "1"),
            ("unit", "DISHUB"),
            ("Instansi Terdisposisi", "DISHUB"),
        ]);
        assert!(same.faults.is_empty(), "{same:?}");
        let empty = read(&[
            ("id", "1"),
            ("unit", "DISHUB"),
            ("Instansi Terdisposisi", " "),
        ]);
        assert!(empty.faults.is_empty(), "{empty:?}");
        let other = read(&[
            ("id", "1"),
            ("unit", "DISHUB"),
            ("Instansi Terdisposisi", "DINKES"),
        ]);
        assert_eq!(other.faults[0].field, "unit");
        assert!(other.faults[0].problem.contains("Instansi"), "{other:?}");
    }

    #[test]
    fn an_unknown_privacy_word_hides_and_is_noted() {
        let found = read(&[("id", "1"), ("tipe_laporan", "Tertutup")]);
        assert_eq!(found.record["anonymous"], true);
        assert_eq!(found.record["confidential"], true);
        assert_eq!(found.notes[0].value, "Tertutup");
        let found = read(&[("id", "1"), ("rahasia", "mungkin")]);
        assert_eq!(found.record["confidential"], true);
        assert_eq!(found.notes.len(), 1);
    }
}
