//! A preview as one HTML page that stands for itself: drawing, what is worth a thought, and the table.

use std::fmt::Write as _;

use super::{Preview, drawing::svg, text};
use crate::{
    domain::directory::Language,
    simulate::words::{document, escaped, local_minute},
};

/// One page for one or more previews.
pub fn html(previews: &[Preview], language: Language) -> String {
    let id = language == Language::Id;
    let say =
        |indonesian: &'static str, english: &'static str| if id { indonesian } else { english };
    let mut body = String::new();
    for preview in previews {
        let local = |at| local_minute(at, &preview.place.zone);
        let heading = escaped(&text::heading(preview, language));
        let _ = writeln!(body, "<section>\n<h2>{heading}</h2>");
        let _ = writeln!(body, "<figure>{}</figure>", svg(preview, language));
        let _ = writeln!(body, "<h3>{}</h3>", say("Perhatian", "Worth a thought"));
        let _ = writeln!(body, "<ul>");
        if preview.findings.is_empty() {
            let _ = writeln!(body, "<li>{}</li>", say("tidak ada", "nothing"));
        }
        for found in &preview.findings {
            let words = escaped(&text::finding(&found.kind, language, &local));
            let _ = writeln!(body, "<li>{words}</li>");
        }
        let _ = writeln!(body, "</ul>\n<table>\n<thead><tr>");
        for heading in [
            say("Waktu", "Time"),
            say("Tahap", "Stage"),
            say("Pesan", "Message"),
            say("Kepada", "To"),
            say("Lewat", "By"),
            say("Catatan", "Remarks"),
        ] {
            let _ = write!(body, "<th>{heading}</th>");
        }
        let _ = writeln!(body, "</tr></thead>\n<tbody>");
        for (at, cells) in text::lines(preview, language) {
            let _ = write!(body, "<tr><td>{}</td>", local(at));
            let last = cells.len().saturating_sub(1);
            for (index, cell) in cells.iter().enumerate() {
                let span = if index == last && last < 4 {
                    format!(" colspan=\"{}\"", 5 - last)
                } else {
                    String::new()
                };
                let _ = write!(body, "<td{span}>{}</td>", escaped(cell));
            }
            let _ = writeln!(body, "</tr>");
        }
        let _ = writeln!(body, "</tbody>\n</table>\n</section>");
    }
    document(
        say("Pratinjau kebijakan", "Preview of a policy"),
        &body,
        language,
    )
}
