//! What texts and drawings of this room share: times, columns, and what must be escaped.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};

use crate::domain::directory::Language;

/// `24/11/2026 13.27`, by the clock on the wall.
pub(super) fn local_minute(at: Timestamp, zone: &TimeZone) -> String {
    let local = zone.to_datetime(at);
    format!(
        "{:02}/{:02}/{} {:02}.{:02}",
        local.day(),
        local.month(),
        local.year(),
        local.hour(),
        local.minute()
    )
}

/// A text within markup, and within its attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // What no document may contain.
            letter if letter.is_control() && letter != '\n' && letter != '\t' => {}
            letter => safe.push(letter),
        }
    }
    safe
}

/// Columns of text, each as wide as its widest cell.
pub(super) struct Table {
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings; one that begins with `>` stands to the right, with its cells.
    pub(super) fn new(headings: &[&str]) -> Self {
        Self {
            right: headings.iter().map(|text| text.starts_with('>')).collect(),
            rows: vec![
                headings
                    .iter()
                    .map(|text| text.trim_start_matches('>').to_owned())
                    .collect(),
            ],
        }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = vec![0; self.right.len()];
        for row in &self.rows {
            // What ends a row early may run on: it is a remark, and no cell.
            for (index, cell) in row.iter().enumerate().take(row.len().saturating_sub(1)) {
                widths[index] = widths[index].max(cell.chars().count());
            }
            if row.len() == widths.len()
                && let (Some(width), Some(cell)) = (widths.last_mut(), row.last())
            {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in &self.rows {
            let mut line = String::from(" ");
            for (index, cell) in row.iter().enumerate() {
                let missing = widths[index].saturating_sub(cell.chars().count());
                let blanks = " ".repeat(missing);
                line.push(' ');
                if self.right[index] {
                    line.push_str(&blanks);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&blanks);
                }
                line.push(' ');
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A whole page around a body. It asks for nothing from elsewhere, and prints in black on white.
pub(super) fn document(title: &str, body: &str, language: Language) -> String {
    let code = match language {
        Language::Id => "id",
        Language::En => "en",
    };
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
    )
}

const STYLE: &str = "body{font:14px/1.45 sans-serif;color:#1b1b1b;background:#fff;max-width:1160px;margin:1.5rem auto;padding:0 1rem}\
    h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}figure{margin:0;overflow-x:auto}svg{max-width:100%;height:auto}\
    table{border-collapse:collapse;margin:1rem 0}th,td{border-bottom:1px solid #d0d0d0;padding:.25rem .6rem;text-align:left;vertical-align:top}\
    td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\
    @media print{body{margin:0;max-width:none}section{break-inside:auto}tr{break-inside:avoid}}";
