//! One record as a source hands it in, checked field by field.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::domain::{
    complaint::{Complaint, Privacy, Status},
    id::{ComplaintId, InvalidId, UnitCode},
};

/// A complaint as a source tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// The complaint.
    pub complaint: Complaint,
    /// When its state was reached, where the source tells.
    pub status_at: Option<Timestamp>,
    /// The unit's name as the source writes it, where it is none of our codes.
    pub unit_name: Option<String>,
}

impl Submission {
    /// The unit as the source names it: by a code, a name or an alias.
    pub fn unit_as_written(&self) -> Option<&str> {
        let code = self.complaint.unit.as_ref().map(UnitCode::as_str);
        code.or(self.unit_name.as_deref())
    }
}

/// One field that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldFault {
    /// Which field.
    pub field: String,
    /// Its value, where it cannot be a reporter's words; otherwise only what kind of value it is.
    pub value: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// The fields there are.
pub const FIELDS: [&str; 13] = [
    "id",
    "received_at",
    "unit",
    "source",
    "classification",
    "category",
    "area",
    "urgency",
    "title",
    "anonymous",
    "confidential",
    "status",
    "status_at",
];

/// How far in the future a time may lie: clocks differ.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// The earliest time that makes sense: the province's complaint service began later.
const EARLIEST: &str = "2000-01-01T00:00:00Z";

struct Reader {
    fields: Map<String, Value>,
    faults: Vec<FieldFault>,
    now: Timestamp,
}

/// Reads one record. `now` bounds its times.
///
/// # Errors
/// Every field that does not fit.
pub fn parse_submission(value: Value, now: Timestamp) -> Result<Submission, Vec<FieldFault>> {
    let Value::Object(fields) = value else {
        return Err(vec![fault(
            "(record)",
            &shown("(record)", &value),
            "not an object",
            "send {\"id\": ..., \"received_at\": ...}",
        )]);
    };
    let mut reader = Reader {
        fields,
        faults: Vec::new(),
        now,
    };
    reader.refuse_unknown();
    let id = reader.text("id", 40);
    let id = match id.as_deref().map(ComplaintId::parse) {
        Some(Ok(id)) => Some(id),
        Some(Err(InvalidId { kind, max, .. })) => {
            let value = Value::String(id.unwrap_or_default());
            reader.fault(
                "id",
                &value,
                &format!("not a valid {kind}: use 1 to {max} letters, digits, '.', '_' or '-'"),
                "send the complaint's number, as LGWP14376928",
            );
            None
        }
        None => {
            reader.missing("id", "send the complaint's number, as LGWP14376928");
            None
        }
    };
    let received_at = reader.time("received_at");
    if received_at.is_none() && !reader.faults.iter().any(|f| f.field == "received_at") {
        reader.missing(
            "received_at",
            "send when the citizen handed it in, as 2026-11-24T13:27:00+07:00",
        );
    }
    let unit_text = reader.text("unit", 200);
    let unit = unit_text
        .as_deref()
        .and_then(|text| UnitCode::parse(text).ok());
    // Without an id the record is refused; the rest is still looked at, so that all is told at once.
    let Some(id) = id else {
        for field in ["source", "classification", "category", "area", "urgency"] {
            reader.text(field, 200);
        }
        reader.text("title", 500);
        reader.flag("anonymous");
        reader.flag("confidential");
        reader.time("status_at");
        return Err(reader.faults);
    };
    let submission = Submission {
        status_at: reader.time("status_at"),
        unit_name: if unit.is_none() { unit_text } else { None },
        complaint: Complaint {
            id,
            received_at: received_at.unwrap_or(now),
            unit,
            source: reader.text("source", 200),
            classification: reader.text("classification", 200),
            category: reader.text("category", 200),
            area: reader.text("area", 200),
            urgency: reader.text("urgency", 200),
            title: reader.text("title", 500),
            privacy: Privacy {
                anonymous: reader.flag("anonymous"),
                confidential: reader.flag("confidential"),
            },
            status: Status::from(reader.text("status", 100).unwrap_or_default()),
        },
    };
    if reader.faults.is_empty() {
        Ok(submission)
    } else {
        Err(reader.faults)
    }
}

impl Reader {
    fn refuse_unknown(&mut self) {
        let unknown: Vec<String> = self
            .fields
            .keys()
            .filter(|name| !FIELDS.contains(&name.as_str()))
            .cloned()
            .collect();
        for name in unknown {
            let near = FIELDS
                .iter()
                .map(|known| (strsim::damerau_levenshtein(&name, known), known))
                .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
                .min();
            let remedy = match near {
                Some((_, known)) => format!("did you mean {known}?"),
                None => format!("the fields are: {}", FIELDS.join(", ")),
            };
            let value = self.fields.get(&name).cloned().unwrap_or_default();
            let name: String = name.chars().take(40).collect();
            self.fault(&name, &value, "there is no such field", &remedy);
        }
    }

    fn text(&mut self, field: &str, longest: usize) -> Option<String> {
        let value = self.fields.get(field)?.clone();
        let text = match &value {
            Value::Null => return None,
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) if field == "id" => number.to_string(),
            other => {
                self.fault(field, other, "not a text", "send it in quotation marks");
                return None;
            }
        };
        if text.chars().count() > longest {
            self.fault(
                field,
                &value,
                &format!("longer than {longest} characters"),
                "shorten it",
            );
            return None;
        }
        if text
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
        {
            self.fault(field, &value, "has control characters", "take them out");
            return None;
        }
        (!text.is_empty()).then_some(text)
    }

    fn flag(&mut self, field: &str) -> bool {
        match self.fields.get(field).cloned() {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => flag,
            Some(other) => {
                self.fault(
                    field,
                    &other,
                    "neither true nor false",
                    "send true or false",
                );
                false
            }
        }
    }

    fn time(&mut self, field: &str) -> Option<Timestamp> {
        let text = self.text(field, 60)?;
        let Ok(time) = text.parse::<Timestamp>() else {
            let (problem, remedy) = if is_day(&text) {
                (
                    "a day without a time of day",
                    "the clock starts at a moment: write it as 2026-11-24T13:27:00+07:00"
                        .to_owned(),
                )
            } else if text.parse::<jiff::civil::DateTime>().is_ok() {
                (
                    "a time without an offset",
                    format!("add the offset: {text}+07:00 for WIB"),
                )
            } else {
                (
                    "not a time",
                    "write it as 2026-11-24T13:27:00+07:00".to_owned(),
                )
            };
            self.fault(field, &text.into(), problem, &remedy);
            return None;
        };
        let latest = self.now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        let earliest: Timestamp = EARLIEST.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        if time > latest || time < earliest {
            let problem = if time > latest {
                "in the future"
            } else {
                "before the year 2000"
            };
            self.fault(
                field,
                &text.into(),
                problem,
                "look at the date and its order: year-month-day",
            );
            return None;
        }
        Some(time)
    }

    fn missing(&mut self, field: &str, remedy: &str) {
        self.faults.push(fault(field, "", "missing", remedy));
    }

    fn fault(&mut self, field: &str, value: &Value, problem: &str, remedy: &str) {
        let value = shown(field, value);
        self.faults.push(fault(field, &value, problem, remedy));
    }
}

/// How much of a value a fault repeats. Faults go to screens, files and dead letters, and a field
/// that we do not know, a title, or a column that slipped may hold a reporter's own words.
const REPEATED: usize = 40;

/// A value as a fault may show it: itself where it is short and of a field whose values say nothing
/// about a person, otherwise what kind of value it is.
pub fn shown(field: &str, value: &Value) -> String {
    let open = FIELDS.contains(&field) && field != "title";
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => {
            let plain = match field {
                "id" => !text.contains(char::is_whitespace),
                "received_at" | "status_at" => looks_like_a_time(text),
                _ => true,
            };
            let length = text.chars().count();
            if open && plain && length <= REPEATED && !text.contains(char::is_control) {
                text.clone()
            } else {
                format!("(a text of {length} characters)")
            }
        }
        Value::Number(_) | Value::Bool(_) if open => value.to_string(),
        Value::Number(_) => "(a number)".to_owned(),
        Value::Bool(_) => "(true or false)".to_owned(),
        Value::Array(values) => format!("(a list of {})", values.len()),
        Value::Object(fields) => format!("(an object of {} fields)", fields.len()),
    }
}

/// Whether a text begins like a day or has the marks of a time; a name or a telephone number has not.
fn looks_like_a_time(text: &str) -> bool {
    let begins_with_digit = text.starts_with(|c: char| c.is_ascii_digit());
    begins_with_digit && (text.contains([':', '/']) || text.get(..10).is_some_and(is_day))
}

fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

fn fault(field: &str, value: &str, problem: &str, remedy: &str) -> FieldFault {
    FieldFault {
        field: field.to_owned(),
        value: value.to_owned(),
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-11-24T06:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_whole_record_is_taken() {
        let found = parse_submission(
            json!({"id":"LGWP1","received_at":"2026-11-24T13:00:00+07:00","unit":"DISHUB","category":" Infrastruktur ","anonymous":true,"status":"Verifikasi","status_at":"2026-11-24T05:59:00Z"}),
            now(),
        )
        .unwrap();
        assert_eq!(found.complaint.category.as_deref(), Some("Infrastruktur"));
        assert_eq!(found.complaint.status.as_str(), "verifikasi");
        assert!(found.complaint.privacy.anonymous && found.status_at.is_some());
    }

    #[test]
    fn every_wrong_field_is_named_with_value_and_remedy() {
        let cases = [
            (
                json!({"received_at":"2026-11-24T13:00:00+07:00"}),
                "id",
                "missing",
            ),
            (
                json!({"id":"","received_at":"2026-11-24T13:00:00+07:00"}),
                "id",
                "missing",
            ),
            (
                json!({"id":"a b","received_at":"2026-11-24T13:00:00+07:00"}),
                "id",
                "not a valid complaint id",
            ),
            (
                json!({"id":"A{c0}","received_at":"2026-11-24T13:00:00+07:00"}),
                "id",
                "not a valid",
            ),
            (json!({"id":"A"}), "received_at", "missing"),
            (
                json!({"id":"A","received_at":"2026-11-24 13:00:00"}),
                "received_at",
                "without an offset",
            ),
            (
                json!({"id":"A","received_at":"2026-11-24T13:00:00"}),
                "received_at",
                "without an offset",
            ),
            (
                json!({"id":"A","received_at":"2026-11-24"}),
                "received_at",
                "a day without",
            ),
            (
                json!({"id":"A","received_at":"24/11/2026"}),
                "received_at",
                "not a time",
            ),
            (
                json!({"id":"A","received_at":"2026-02-30T00:00:00Z"}),
                "received_at",
                "not a time",
            ),
            (
                json!({"id":"A","received_at":"2026-11-26T00:00:00Z"}),
                "received_at",
                "in the future",
            ),
            (
                json!({"id":"A","received_at":"1999-01-01T00:00:00Z"}),
                "received_at",
                "before the year 2000",
            ),
            (
                json!({"id":"A","received_at":5}),
                "received_at",
                "not a text",
            ),
            (
                json!({"id":"A","received_at":"2026-11-24T00:00:00Z","kategory":"x"}),
                "kategory",
                "no such field",
            ),
            (
                json!({"id":"A","received_at":"2026-11-24T00:00:00Z","anonymous":"ya"}),
                "anonymous",
                "neither",
            ),
            (
                json!({"id":"A","received_at":"2026-11-24T00:00:00Z","title":"x".repeat(501)}),
                "title",
                "longer",
            ),
            (
                json!({"id":"A","received_at":"2026-11-24T00:00:00Z","area":"a\u{0}b"}),
                "area",
                "control",
            ),
            (json!([1]), "(record)", "not an object"),
        ];
        for (record, field, problem) in cases {
            let faults = parse_submission(record.clone(), now()).unwrap_err();
            let found = faults.iter().find(|fault| fault.field == field);
            let found = found.unwrap_or_else(|| panic!("{record}: {faults:?}"));
            assert!(found.problem.contains(problem), "{record}: {found:?}");
            assert!(!found.remedy.is_empty());
        }
    }

    #[test]
    fn no_fault_repeats_what_a_reporter_wrote() {
        let words = "Budi Santoso, NIK 3374012345678901, HP 0812-3456-7890";
        for record in [
            json!({"id":"A1","received_at":"2026-11-24T00:00:00Z","pelapor":words}),
            json!({"id":"A1","received_at":"2026-11-24T00:00:00Z","nik":3374012345678901_u64}),
            json!({"id":"A1","received_at":"2026-11-24T00:00:00Z","isi":[words]}),
            json!({"id":"A1","received_at":"2026-11-24T00:00:00Z","isi":{"a":words}}),
            json!({"id":"A1","received_at":"2026-11-24T00:00:00Z","title":format!("{words}\u{7}")}),
            json!({"id":"A1","received_at":"2026-11-24T00:00:00Z","title":words.repeat(20)}),
            json!({"id":"A1","received_at":"2026-11-24T00:00:00Z","area":words.repeat(20)}),
            json!({"id":"Budi Santoso","received_at":"2026-11-24T00:00:00Z"}),
            json!({"id":"A1","received_at":"Budi Santoso"}),
            json!({"id":"A1","received_at":words}),
            json!(words),
            json!([words]),
        ] {
            let told = format!("{:?}", parse_submission(record.clone(), now()).unwrap_err());
            for part in ["Budi", "3374012345678901", "0812"] {
                assert!(!told.contains(part), "{part} of {record} is in {told}");
            }
        }
    }

    #[test]
    fn all_faults_of_a_record_come_at_once() {
        let faults = parse_submission(json!({"received_at":"x","kanal":1,"anonymous":3}), now())
            .unwrap_err();
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["kanal", "id", "received_at", "anonymous"]);
    }

    proptest::proptest! {
        #[test]
        fn no_record_makes_it_panic(text in ".{0,200}", id in ".{0,50}") {
            let _ = parse_submission(json!({"id": id, "received_at": text, "title": text}), now());
        }
    }
}
