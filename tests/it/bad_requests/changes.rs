//! What is told of a complaint that is there, and reading it.

use jiff::SignedDuration;
use reqwest::Method;
use siaga::clock::{Clock, SystemClock};

use super::{ADUAN, Row, row};

pub(super) fn changes() -> Vec<Row> {
    let post = |what, path: &str, body: &str, status, words| {
        row(
            what,
            (Method::POST, &format!("{ADUAN}/{path}")),
            body,
            status,
            words,
        )
        .with("content-type", "application/json")
    };
    let tomorrow = SystemClock.now() + SignedDuration::from_hours(24);
    let ahead = format!(r#"{{"status":"verifikasi","at":"{tomorrow}"}}"#);
    vec![
        post(
            "no JSON",
            "LGWP1/progress",
            "{",
            422,
            &["(body)", "not JSON", "verifikasi"],
        ),
        post(
            "no status",
            "LGWP1/progress",
            "{}",
            422,
            &["status", "missing", "verifikasi"],
        ),
        post(
            "a status that is none",
            "LGWP1/progress",
            r#"{"status":"tidur"}"#,
            422,
            &["status", "tidur", "send one of", "verifikasi"],
        ),
        post(
            "a status of another kind",
            "LGWP1/progress",
            r#"{"status":5}"#,
            422,
            &["\"field\":\"status\"", "\"value\":\"5\"", "send {"],
        ),
        post(
            "a field of another name",
            "LGWP1/progress",
            r#"{"stat":"verifikasi"}"#,
            422,
            &["stat", "`status`"],
        ),
        post(
            "a day that is none",
            "LGWP1/progress",
            r#"{"status":"verifikasi","at":"2026-02-30T00:00:00Z"}"#,
            422,
            &["\"at\"", "2026-02-30", "13:27:00+07:00"],
        ),
        post(
            "tomorrow",
            "LGWP1/progress",
            &ahead,
            422,
            &["\"at\"", "in the future", "to now"],
        ),
        post(
            "before it was received",
            "LGWP1/progress",
            r#"{"status":"verifikasi","at":"2001-01-01T00:00:00Z"}"#,
            422,
            &["before the complaint was received"],
        ),
        post(
            "as text",
            "LGWP1/progress",
            "verifikasi",
            415,
            &["text/plain", "application/json"],
        )
        .with("content-type", "text/plain"),
        post("without a key", "LGWP1/progress", "{}", 401, &["API key"]).without("authorization"),
        post(
            "of nobody's complaint",
            "LGWP99/progress",
            r#"{"status":"verifikasi"}"#,
            404,
            &["there is no complaint LGWP99", "hand it in first"],
        ),
        post(
            "with a NUL",
            "LG%00WP/progress",
            "{}",
            400,
            &["not a valid complaint id"],
        ),
        post(
            "a path",
            "..%2F..%2Fetc/progress",
            "{}",
            400,
            &["not a valid complaint id"],
        ),
        post("no UTF-8", "%ff%fe/progress", "{}", 400, &["does not fit"]),
        post(
            "closed by what is no end",
            "LGWP1/close",
            r#"{"status":"verifikasi"}"#,
            422,
            &["status", "selesai"],
        ),
        post(
            "closed by a list",
            "LGWP1/close",
            "[]",
            422,
            &["(body)", "send {"],
        ),
        post(
            "to a unit that is not there",
            "LGWP1/reassign",
            r#"{"unit":"DISHUP"}"#,
            422,
            &["\"unit\"", "DISHUP", "code from the directory"],
        ),
        post(
            "to a number",
            "LGWP1/reassign",
            r#"{"unit":7}"#,
            422,
            &["\"unit\"", "7"],
        ),
        row(
            "progress read",
            (Method::GET, "/api/v1/complaints/LGWP1/progress"),
            "",
            405,
            &["not for this address"],
        ),
        row(
            "an id that is none",
            (Method::GET, "/api/v1/complaints/a%20b"),
            "",
            400,
            &["a b"],
        ),
        row(
            "nobody's",
            (Method::GET, "/api/v1/complaints/LGWP99"),
            "",
            404,
            &["LGWP99"],
        ),
    ]
}
