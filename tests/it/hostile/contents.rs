//! Bodies that are not what they are taken for.

use super::{Hostile, INTAKE, JSON, key, operator_key, post, row};

/// A record as it is sent, with this instead of the given fields.
fn record(what: &'static str, body: impl AsRef<[u8]>) -> Hostile {
    row(what, post(INTAKE, &(key() + JSON), body))
}

/// A record that fits, but for what is added.
fn with(what: &'static str, more: &str) -> Hostile {
    let body = format!(r#"{{"id":"LGWP7","received_at":"2026-11-01T00:00:00Z",{more}}}"#);
    record(what, body)
}

pub(super) fn bodies() -> Vec<Hostile> {
    let of_kind = |what, kind: &str, body: &str| {
        let head = format!("{}content-type: {kind}\r\n", key());
        row(what, post(INTAKE, &head, body))
    };
    let to = |what, path: &str, body: &str| {
        let path = format!("/api/v1/complaints/LGWP1/{path}");
        row(what, post(&path, &(key() + JSON), body))
    };
    let xml =
        "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>";
    vec![
        record("nothing", ""),
        record("no JSON", "halo"),
        record("`null`", "null"),
        record("a number", "1"),
        record("a list", "[]"),
        record("JSON that breaks off", r#"{"id":"LGWP7"#),
        record("two records in one", "{}{}"),
        record("JSON with a comment", "{}//"),
        of_kind("XML with an entity of a file", "application/xml", xml),
        of_kind("a form", "application/x-www-form-urlencoded", "id=LGWP7"),
        of_kind(
            "a file in parts",
            "multipart/form-data; boundary=x",
            "--x--",
        ),
        of_kind("a content type that is none", "\u{b}", "{}"),
        with("a field of nobody's", r#""admin":true"#),
        with("`__proto__`", r#""__proto__":{"admin":true}"#),
        with("a field twice", r#""id":"LGWP1""#),
        with(
            "a unit that is a script of Redis",
            r#""unit":"x']) redis.call('FLUSHALL') --""#,
        ),
        with(
            "a unit that is a command of a shell",
            r#""unit":"$(reboot)`reboot`""#,
        ),
        with("a unit that is SQL", r#""unit":"' OR '1'='1""#),
        with("an object for a unit", r#""unit":{"$ne":null}"#),
        with("a list for a category", r#""category":["a"]"#),
        with(
            "a category of 5 MB",
            &format!(r#""category":"{}""#, "a".repeat(5_000_000)),
        ),
        record(
            "a time without an offset",
            r#"{"id":"LGWP7","received_at":"2026-11-01T00:00:00"}"#,
        ),
        record(
            "a year beyond all years",
            r#"{"id":"LGWP7","received_at":"99999-01-01T00:00:00Z"}"#,
        ),
        record(
            "a time to come",
            r#"{"id":"LGWP7","received_at":"2199-01-01T00:00:00Z"}"#,
        ),
        record("a number for a time", r#"{"id":"LGWP7","received_at":-1}"#),
        record(
            "an id with a line's end",
            r#"{"id":"A\nB","received_at":"2026-11-01T00:00:00Z"}"#,
        ),
        record(
            "an id with a Redis hash tag",
            r#"{"id":"{r0}:x","received_at":"2026-11-01T00:00:00Z"}"#,
        ),
        record(
            "an id of 10,000 letters",
            format!(
                r#"{{"id":"{}","received_at":"2026-11-01T00:00:00Z"}}"#,
                "A".repeat(10_000)
            ),
        ),
        to(
            "progress of no status",
            "progress",
            r#"{"status":"FLUSHALL"}"#,
        ),
        to(
            "progress before its complaint",
            "progress",
            r#"{"status":"verifikasi","at":"1970-01-01T00:00:00Z"}"#,
        ),
        to(
            "to a unit that is not there",
            "reassign",
            r#"{"unit":"../../etc"}"#,
        ),
        to("closed with a list", "close", "[]"),
        to("paged by whom may not", "page", "{}"),
        row(
            "a batch of 5,000 lines that are none",
            post(
                INTAKE,
                &(key() + "content-type: application/x-ndjson\r\n"),
                "{}\n".repeat(5_000),
            ),
        )
        .harmless(),
    ]
}

pub(super) fn bombs() -> Vec<Hostile> {
    let many = |count: usize, of: &str| {
        let all = vec![of; count].join(",");
        format!("[{all}]")
    };
    let named: Vec<String> = (0..50_000).map(|n| format!("\"f{n}\":0")).collect();
    vec![
        record("200,000 lists in each other", "[".repeat(200_000)),
        record("200,000 objects in each other", "{\"a\":".repeat(200_000)),
        record("a list of a million numbers", many(1_000_000, "1")),
        record("50,000 fields", format!("{{{}}}", named.join(","))),
        record(
            "a number of a million digits",
            format!("{{\"id\":{}}}", "9".repeat(1_000_000)),
        ),
        record("a number beyond all numbers", "{\"id\":1e999999999}"),
        record(
            "a text of 7 MB without an end",
            format!("{{\"id\":\"{}", "a".repeat(7_000_000)),
        ),
        record(
            "a million escaped NULs",
            format!("{{\"id\":\"{}\"}}", "\\u0000".repeat(1_000_000)),
        ),
        with(
            "a deep list in a record",
            &format!("\"category\":{}", "[".repeat(100_000)),
        ),
        row(
            "200,000 lists in each other, to a webhook",
            post("/hooks/in/luar/0123456789abcdef", JSON, "[".repeat(200_000)),
        ),
        row(
            "200,000 lists in each other, for a silence",
            post(
                "/api/v1/silences",
                &(operator_key() + JSON),
                "[".repeat(200_000),
            ),
        ),
        row(
            "a million empty lines in a batch",
            post(
                INTAKE,
                &(key() + "content-type: application/x-ndjson\r\n"),
                "\n".repeat(1_000_000),
            ),
        )
        .harmless(),
    ]
}

pub(super) fn encodings() -> Vec<Hostile> {
    let sixteen: Vec<u8> = "{\"id\":\"LGWP7\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let packed =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";
    let packed_head = format!("{}{JSON}content-encoding: gzip\r\n", key());
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let get = |what, path: &str| row(what, super::plain(&format!("GET {path}"), ""));
    vec![
        record("no UTF-8", b"{\"id\":\"\xff\xfe\"}"),
        record("an overlong letter", b"{\"id\":\"\xc1\x81\"}"),
        record("half a surrogate", r#"{"id":"\ud800"}"#),
        record("a mark of the byte order", b"\xef\xbb\xbf{}"),
        record("UTF-16", sixteen),
        record("a NUL behind the JSON", b"{}\0"),
        with(
            "a text that runs from right to left, for a unit",
            "\"unit\":\"\u{202e}BUHSID\"",
        ),
        with("look-alike letters for a unit", "\"unit\":\"DI\u{405}HUB\""),
        row("a packed body", post(INTAKE, &packed_head, packed)),
        row(
            "a form that is no UTF-8",
            post("/a/x", form, b"answer=\xff"),
        ),
        row("half an escape in a form", post("/a/x", form, "answer=%")),
        get(
            "half an escape in a query",
            "/hooks/kannel/mo?from=%&text=%zz",
        ),
        get(
            "a query that is no UTF-8",
            "/hooks/kannel/mo?from=%ff&text=%ff&id=1",
        ),
        row(
            "raw bytes in a path",
            &b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n"[..],
        ),
    ]
}
