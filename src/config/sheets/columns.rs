//! Which sheets there are, and which columns they have, in English and as an Indonesian office would head them.

use toml::Value;

/// One sheet.
pub(super) struct Sheet {
    /// Its file.
    pub(super) file: &'static str,
    /// The list that its rows make.
    pub(super) list: &'static str,
    pub(super) columns: &'static [Column],
}

/// One column.
pub(super) struct Column {
    /// Its heading.
    pub(super) name: &'static str,
    /// Other headings that mean the same.
    also: &'static [&'static str],
    /// The field that its cells are.
    pub(super) field: &'static str,
    pub(super) kind: Kind,
    pub(super) is_needed: bool,
}

/// What stands in a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// Several, with a semicolon between.
    List,
    Phone,
    /// `ya` or `tidak`.
    YesNo,
}

const fn column(
    name: &'static str,
    also: &'static [&'static str],
    field: &'static str,
    kind: Kind,
    is_needed: bool,
) -> Column {
    Column {
        name,
        also,
        field,
        kind,
        is_needed,
    }
}

pub(super) const SHEETS: [Sheet; 5] = [
    Sheet {
        file: "units.csv",
        list: "units",
        columns: &[
            column("code", &["kode"], "code", Kind::Text, true),
            column("name", &["nama"], "name", Kind::Text, true),
            column(
                "short_name",
                &["singkatan"],
                "short_name",
                Kind::Text,
                false,
            ),
            column(
                "aliases",
                &["alias", "nama_lain"],
                "aliases",
                Kind::List,
                false,
            ),
            column("head", &["jabatan_kepala"], "head", Kind::Text, false),
            column(
                "head_short",
                &["jabatan_kepala_singkat"],
                "head_short",
                Kind::Text,
                false,
            ),
            column("above", &["atasan"], "above", Kind::Text, false),
            column(
                "own_posts",
                &["jabatan_baku"],
                "own_posts",
                Kind::YesNo,
                false,
            ),
            column(
                "coordinator",
                &["koordinator"],
                "coordinator",
                Kind::YesNo,
                false,
            ),
        ],
    },
    Sheet {
        file: "posts.csv",
        list: "posts",
        columns: &[
            column("unit", &[], "unit", Kind::Text, true),
            column("role", &["peran"], "role", Kind::Text, true),
            column("title", &["nama_jabatan"], "title", Kind::Text, true),
            column(
                "short_title",
                &["singkatan"],
                "short_title",
                Kind::Text,
                true,
            ),
            column("above", &["atasan"], "above", Kind::Text, false),
        ],
    },
    Sheet {
        file: "people.csv",
        list: "people",
        columns: &[
            column("id", &[], "id", Kind::Text, true),
            column("name", &["nama"], "name", Kind::Text, true),
            column("language", &["bahasa"], "language", Kind::Text, false),
            column("sms", &["hp", "nomor_hp"], "sms", Kind::Phone, false),
            column("whatsapp", &["wa"], "whatsapp", Kind::Phone, false),
            column("email", &["surel"], "email", Kind::Text, false),
            column("voice", &["telepon"], "voice", Kind::Phone, false),
            column("order", &["urutan"], "order", Kind::List, false),
        ],
    },
    Sheet {
        file: "holders.csv",
        list: "holders",
        columns: &[
            column("post", &["jabatan"], "post", Kind::Text, true),
            column("person", &["pejabat", "id"], "person", Kind::Text, true),
        ],
    },
    Sheet {
        file: "acting.csv",
        list: "acting",
        columns: &[
            column("post", &["jabatan"], "post", Kind::Text, true),
            column("person", &["pejabat", "id"], "responder", Kind::Text, true),
            column("kind", &["jenis"], "kind", Kind::Text, true),
            column(
                "decree",
                &["sk", "surat_perintah"],
                "decree",
                Kind::Text,
                true,
            ),
            column("from", &["dari", "mulai"], "from", Kind::Text, true),
            column("until", &["sampai"], "until", Kind::Text, true),
        ],
    },
];

impl Column {
    pub(super) fn is_named(&self, heading: &str) -> bool {
        let heading = heading.trim().to_lowercase().replace([' ', '-'], "_");
        heading == self.name || self.also.contains(&heading.as_str())
    }
}

/// What is wrong with a cell, and what to do.
type Wrong = (&'static str, &'static str);

impl Kind {
    /// What a cell says; none when it is empty.
    pub(super) fn value(self, cell: &str) -> Result<Option<Value>, Wrong> {
        // A spreadsheet marks text so, and so do we where it would read a formula.
        let cell = cell.trim();
        let cell = cell.strip_prefix('\'').unwrap_or(cell).trim();
        if cell.is_empty() {
            return Ok(None);
        }
        Ok(Some(match self {
            Self::Text => Value::String(cell.to_owned()),
            Self::List => {
                let parts = cell
                    .split(';')
                    .map(str::trim)
                    .filter(|part| !part.is_empty());
                Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
            }
            Self::Phone => Value::String(phone(cell)?),
            Self::YesNo => match cell.to_lowercase().as_str() {
                "ya" | "y" | "yes" | "true" | "1" => Value::Boolean(true),
                "tidak" | "t" | "no" | "n" | "false" | "0" => Value::Boolean(false),
                _ => return Err(("neither yes nor no", "write ya or tidak")),
            },
        }))
    }

    pub(super) fn text(self, value: &Value) -> String {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(parts) => {
                let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                parts.join("; ")
            }
            Value::Boolean(true) => "ya".to_owned(),
            Value::Boolean(false) => "tidak".to_owned(),
            other => other.to_string(),
        };
        // What begins so is a formula to a spreadsheet, and would be run.
        if text.starts_with(['=', '+', '-', '@', '\'']) {
            format!("'{text}")
        } else {
            text
        }
    }
}

/// A telephone number as a spreadsheet leaves it: without its first 0, or rounded for ever.
fn phone(cell: &str) -> Result<String, Wrong> {
    let is_rounded = cell.contains(['E', 'e']) && cell.chars().any(|c| c.is_ascii_digit());
    if is_rounded {
        return Err((
            "a spreadsheet has rounded it, and its last digits are gone",
            "format the column as text, and write the number anew",
        ));
    }
    let lost_its_nought = cell.starts_with('8') && cell.chars().all(|c| c.is_ascii_digit());
    Ok(if lost_its_nought {
        format!("0{cell}")
    } else {
        cell.to_owned()
    })
}
