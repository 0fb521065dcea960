//! Records, alone and in batches.

use reqwest::Method;

use super::{ADUAN, Row, row};

/// A record handed in as JSON.
fn record(
    what: &'static str,
    body: impl Into<Vec<u8>>,
    status: u16,
    words: &'static [&'static str],
) -> Row {
    row(what, (Method::POST, ADUAN), body, status, words).with("content-type", "application/json")
}

/// A record with a time.
fn at(what: &'static str, time: &str, status: u16, words: &'static [&'static str]) -> Row {
    let body = format!(r#"{{"id":"T1","received_at":"{time}"}}"#);
    record(what, body, status, words)
}

/// A record with an id, written as JSON.
fn id(what: &'static str, id: &str, status: u16, words: &'static [&'static str]) -> Row {
    let body = format!(r#"{{"id":{id},"received_at":"2026-11-01T00:00:00Z"}}"#);
    record(what, body, status, words)
}

pub(super) fn intake() -> Vec<Row> {
    let deep = "[".repeat(200_000);
    let deep_object = r#"{"id":"#.to_owned() + &"{\"a\":".repeat(500) + "1";
    let large = vec![b'a'; 9 * 1024 * 1024];
    let a_day = r#""received_at":"2026-11-01T00:00:00Z""#;
    vec![
        record(
            "no JSON",
            "{",
            422,
            &["(body)", "not JSON", "send one JSON object"],
        ),
        record("nothing", "", 422, &["(body)", "not JSON"]),
        record(
            "no UTF-8",
            b"{\"id\":\"\xff\xfe\"}".to_vec(),
            422,
            &["(body)", "not JSON"],
        ),
        record(
            "half a character",
            br#"{"id":"\ud800"}"#.to_vec(),
            422,
            &["not JSON"],
        ),
        record("a NUL", b"\0".to_vec(), 422, &["not JSON"]),
        record(
            "a list without end",
            deep,
            422,
            &["not JSON", "recursion limit"],
        ),
        record(
            "an object without end",
            deep_object,
            422,
            &["recursion limit"],
        ),
        record(
            "a number without end",
            r#"{"id":1e999}"#,
            422,
            &["not JSON", "out of range"],
        ),
        record("a list", "[]", 422, &["(record)", "not an object"]),
        record(
            "two objects",
            "{} {}",
            422,
            &["not JSON", "trailing characters"],
        ),
        record(
            "9 MB",
            large.clone(),
            413,
            &["larger than", "server.body_limit"],
        ),
        record(
            "nothing in it",
            "{}",
            422,
            &["\"id\"", "\"received_at\"", "missing"],
        ),
        record(
            "a field of another name",
            format!(r#"{{"id":"A1",{a_day},"kategory":"x","__proto__":1}}"#),
            422,
            &["kategory", "did you mean category?", "__proto__"],
        ),
        record(
            "new, its unit in small letters",
            format!(r#"{{"id":"T0",{a_day},"unit":" dishub ","category":"x"}}"#),
            201,
            &["\"T0\"", "new", "DISHUB"],
        ),
        record(
            "the same again",
            format!(r#"{{"id":"T0",{a_day},"unit":"DISHUB","category":"x"}}"#),
            200,
            &["\"T0\"", "known"],
        ),
        record(
            "known with another category",
            format!(r#"{{"id":"T0",{a_day},"unit":"DISHUB","category":"y"}}"#),
            409,
            &["category", "it is known with", "/progress"],
        ),
        record(
            "values of other kinds",
            format!(r#"{{"id":["A"],{a_day},"title":{{"a":1}},"anonymous":"ya","area":7}}"#),
            422,
            &[
                "\"id\"",
                "\"title\"",
                "\"anonymous\"",
                "send true or false",
                "\"area\"",
            ],
        ),
        record(
            "a unit that is not there",
            format!(r#"{{"id":"A1",{a_day},"unit":"DISHUP"}}"#),
            422,
            &["\"unit\"", "DISHUP", "code from the directory"],
        ),
        record(
            "a title of a page's length",
            format!(r#"{{"id":"A1",{a_day},"title":"{}"}}"#, "x".repeat(501)),
            422,
            &["\"title\"", "longer than 500", "shorten"],
        ),
        record(
            "control characters in a text",
            format!(r#"{{"id":"A1",{a_day},"area":"a\u0000\u001bb"}}"#),
            422,
            &["\"area\"", "control characters", "take them out"],
        ),
        id(
            "an id with a NUL",
            r#""A\u0000B""#,
            422,
            &["\"id\"", "control characters"],
        ),
        id(
            "an id with a line break",
            r#""A\nB""#,
            422,
            &["\"id\"", "letters, digits"],
        ),
        id(
            "an id that is a path",
            r#""../../etc/passwd""#,
            422,
            &["\"id\"", "../../etc/passwd"],
        ),
        id(
            "an id that is a key",
            r#""a}:e:{c0""#,
            422,
            &["\"id\"", "letters, digits"],
        ),
        id(
            "an id too long",
            &format!("\"{}\"", "A".repeat(41)),
            422,
            &["\"id\"", "40"],
        ),
        id(
            "an id in other letters",
            r#""аduan１""#,
            422,
            &["\"id\"", "letters, digits"],
        ),
        id("no id", r#"" ""#, 422, &["\"id\"", "missing"]),
        at(
            "a day that is none",
            "2026-02-30T00:00:00Z",
            422,
            &["received_at", "not a time"],
        ),
        at(
            "an hour that is none",
            "2026-11-01T25:00:00Z",
            422,
            &["not a time", "13:27:00+07:00"],
        ),
        at(
            "the year 9998",
            "9998-12-31T00:00:00Z",
            422,
            &["received_at", "in the future"],
        ),
        at(
            "the year -1",
            "-000001-01-01T00:00:00Z",
            422,
            &["received_at"],
        ),
        at(
            "the year 10000",
            "10000-01-01T00:00:00Z",
            422,
            &["received_at", "not a time"],
        ),
        at(
            "before the service",
            "1999-12-31T23:59:59Z",
            422,
            &["before the year 2000"],
        ),
        at(
            "no offset",
            "2026-11-01T00:00:00",
            422,
            &["without an offset", "+07:00 for WIB"],
        ),
        at("a date only", "2026-11-01", 422, &["received_at"]),
        at(
            "an offset that is none",
            "2026-11-01T00:00:00+99:00",
            422,
            &["not a time"],
        ),
        at(
            "a leap second that was",
            "2016-12-31T23:59:60Z",
            201,
            &["\"T1\"", "new"],
        ),
        at(
            "a second that never is",
            "2026-11-01T00:00:61Z",
            422,
            &["not a time"],
        ),
        record(
            "a number for a time",
            r#"{"id":"A1","received_at":5}"#,
            422,
            &["quotation marks"],
        ),
        record(
            "as text",
            "{}",
            415,
            &["text/plain", "application/x-ndjson"],
        )
        .with("content-type", "text/plain"),
        record("as nothing", "{}", 415, &["application/json"]).without("content-type"),
        record("as a form", "id=A1", 415, &["x-www-form-urlencoded"])
            .with("content-type", "application/x-www-form-urlencoded"),
        record("packed", b"\x1f\x8b\x08\x00".to_vec(), 422, &["not JSON"])
            .with("content-encoding", "gzip"),
        record("without a key", "{}", 401, &["Authorization: Bearer"]).without("authorization"),
        record("with another's", "{}", 401, &["not known"]).with("authorization", "Bearer x"),
        record("with a password", "{}", 401, &["an API key is needed"])
            .with("authorization", "Basic c2lhZ2E6c2lhZ2E="),
        row(
            "read as a whole",
            (Method::GET, ADUAN),
            "",
            405,
            &["not for this address"],
        ),
        row(
            "deleted",
            (Method::DELETE, ADUAN),
            "",
            405,
            &["not for this address"],
        ),
    ]
}

pub(super) fn batch() -> Vec<Row> {
    let line = |id: &str| format!(r#"{{"id":"{id}","received_at":"2026-11-01T00:00:00Z"}}"#);
    let kind = "application/x-ndjson";
    let lines = |what, body: Vec<u8>, status, words| {
        row(what, (Method::POST, ADUAN), body, status, words).with("content-type", kind)
    };
    let mut mixed = format!("{}\r\n\r\n{{\n", line("B1")).into_bytes();
    mixed.extend(b"\xff\xfe\n\0\n[]\n");
    mixed.extend(format!("{}\n{}", line("../B2"), line("B3")).into_bytes());
    let twice = format!(
        "{}\n{}\n",
        line("B4"),
        line("B4").replace("2026-11-01", "2026-11-02")
    );
    vec![
        lines("nothing", Vec::new(), 200, &["[]"]),
        lines(
            "good lines among bad ones",
            mixed,
            207,
            &[
                r#""line":1,"id":"B1","result":"new""#,
                r#""line":3,"#,
                r#""line":4,"#,
                r#""line":5,"#,
                r#""line":6,"#,
                r#""line":7,"#,
                r#""line":8,"id":"B3","result":"new""#,
                "../B2",
            ],
        ),
        lines(
            "one id, two contents",
            twice.into_bytes(),
            207,
            &["it is known with"],
        ),
        lines(
            "9 MB",
            vec![b'\n'; 9 << 20],
            413,
            &["larger than", "server.body_limit"],
        ),
    ]
}
