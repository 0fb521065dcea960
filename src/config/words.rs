//! What a reader of files says of a value that does not fit, in words for who wrote the file.

use super::fault::did_you_mean;

/// A value that does not fit.
pub(super) struct Misfit {
    /// What is wrong.
    pub(super) problem: String,
    /// What to write.
    pub(super) remedy: String,
    /// The field, when there is none of that name.
    pub(super) unknown_field: Option<String>,
}

/// Puts a reader's message into words.
pub(super) fn of(message: &str) -> Misfit {
    let plain = |problem: &str, remedy: String| Misfit {
        problem: problem.to_owned(),
        remedy,
        unknown_field: None,
    };
    if let Some((field, known)) = named(message, "unknown field `") {
        return Misfit {
            problem: "there is no such field".to_owned(),
            remedy: nearest(&field, &known, "the fields are"),
            unknown_field: Some(field),
        };
    }
    if let Some((choice, known)) = named(message, "unknown variant `") {
        return plain(
            "there is no such choice",
            nearest(&choice, &known, "write one of"),
        );
    }
    if let Some(field) = missing_field(message) {
        return plain(message, format!("add the field {field}"));
    }
    if message.contains("duration format") {
        return plain(
            "not a length of time",
            "write it as 30s, 5m or 2h".to_owned(),
        );
    }
    if message == "invalid socket address syntax" {
        return plain(
            "not an address to listen at",
            "write it as 127.0.0.1:8080".to_owned(),
        );
    }
    let wanted = ["invalid type: ", "invalid value: "]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.rsplit_once(", expected "))
        .and_then(|(_, wanted)| kind(wanted));
    // Our own types say what to do behind what is wrong.
    let own = [": write ", ": use "].iter().find_map(|verb| {
        let at = message.rfind(verb)?;
        Some((message.get(..at)?, message.get(at + 2..)?))
    });
    match (wanted, own) {
        (Some(wanted), _) => plain("of another kind", format!("write {wanted}")),
        (None, Some((problem, remedy))) => plain(problem, remedy.to_owned()),
        (None, None) => plain(message, "write a value that fits".to_owned()),
    }
}

/// The field that is missing, if that is what the message says.
pub(super) fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// The name that is not known, and those that are: ``unknown field `a`, expected `b` or `c` ``.
fn named(message: &str, start: &str) -> Option<(String, Vec<String>)> {
    let mut names = message
        .strip_prefix(start)?
        .split('`')
        .step_by(2)
        .map(str::to_owned);
    let given = names.next()?;
    Some((given, names.filter(|name| !name.is_empty()).collect()))
}

pub(super) fn nearest(given: &str, known: &[impl AsRef<str>], lead: &str) -> String {
    let names: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    match did_you_mean(given, names.iter().copied()) {
        Some(name) => format!("did you mean {name}?"),
        None => format!("{lead}: {}", names.join(", ")),
    }
}

fn kind(wanted: &str) -> Option<&'static str> {
    Some(match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, without quotation marks",
        "a boolean" => "true or false, without quotation marks",
        "a string" | "string" | "path string" => "a text, in quotation marks",
        "a sequence" => "a list, in [brackets]",
        "a map" => "a table of names and values",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn what_a_reader_says_is_put_into_words() {
        for (message, problem, remedy) in [
            (
                "unknown field `publik_url`, expected one of `listen`, `public_url`",
                "there is no such field",
                "did you mean public_url?",
            ),
            (
                "unknown variant `xml`, expected `text` or `json`",
                "there is no such choice",
                "write one of: text, json",
            ),
            (
                "missing field `name`",
                "missing field `name`",
                "add the field name",
            ),
            (
                "invalid type: string \"x\", expected a boolean",
                "of another kind",
                "write true or false, without quotation marks",
            ),
            (
                "invalid value: integer `-1`, expected usize",
                "of another kind",
                "write a whole number, without quotation marks",
            ),
            (
                "\"a b\" is not a valid unit code: use 1 to 40 letters",
                "\"a b\" is not a valid unit code",
                "use 1 to 40 letters",
            ),
            ("say what", "say what", "write a value that fits"),
        ] {
            let misfit = of(message);
            assert_eq!(
                (misfit.problem.as_str(), misfit.remedy.as_str()),
                (problem, remedy)
            );
        }
    }
}
