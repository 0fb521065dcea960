//! Hostile and malformed requests over every address of the real program: each gets an answer that
//! says what is wrong and what to do, nothing changes, and the service lives.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use jiff::SignedDuration;
use reqwest::Method;
use siaga::{
    clock::{Clock, SystemClock},
    domain::id::{ComplaintId, ResponderId},
    inbound::link::Signer,
};

use crate::support::{
    fake_meta::{self, APP_SECRET, PHONE_NUMBER_ID},
    kannel,
    siaga::{KEY, Settings, Siaga},
};

const LINK_SECRET: &str = "rahasia-tautan-yang-panjang";
const ADUAN: &str = "/api/v1/complaints";

const HEAD: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
[holders]
"DISHUB.kepala" = "budi"
"#;

/// One request, and what its answer must be.
struct Row {
    what: &'static str,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    status: u16,
    words: &'static [&'static str],
}

fn row(
    what: &'static str,
    (method, path): (Method, &str),
    body: impl Into<Vec<u8>>,
    status: u16,
    words: &'static [&'static str],
) -> Row {
    Row {
        what,
        method,
        path: path.to_owned(),
        headers: vec![("authorization", format!("Bearer {KEY}"))],
        body: body.into(),
        status,
        words,
    }
}

impl Row {
    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }
}

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

fn intake() -> Vec<Row> {
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

fn batch() -> Vec<Row> {
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

fn changes() -> Vec<Row> {
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

fn hooks() -> Vec<Row> {
    let secret = kannel::SECRET;
    let get = |what, path: &str, status, words| {
        row(
            what,
            (Method::GET, &format!("/hooks/kannel/{path}")),
            "",
            status,
            words,
        )
    };
    let mo = |query: &str| format!("mo?secret={secret}&{query}");
    let dlr = |query: &str| format!("dlr?secret={secret}&{query}");
    let good = "from=%2B6281100000001&text=ok&id=1";
    let signed = |what, body: &[u8], status, words| {
        row(what, (Method::POST, "/hooks/whatsapp"), body, status, words)
            .with("x-hub-signature-256", fake_meta::sign(body))
    };
    vec![
        get(
            "no secret",
            &format!("mo?{good}"),
            403,
            &["inbound.kannel_secret"],
        ),
        get(
            "another's",
            &format!("mo?{good}&secret=x"),
            403,
            &["inbound.kannel_secret"],
        ),
        get("no sender", &mo("text=ok&id=1"), 400, &["from", "%p"]),
        get(
            "a sender that is none",
            &mo("from=SIAGA&text=ok&id=1"),
            400,
            &["from", "SIAGA"],
        ),
        get(
            "no id",
            &mo("from=%2B6281100000001&text=ok"),
            400,
            &["id", "%I"],
        ),
        get(
            "two senders",
            &mo("from=1&from=2&id=1"),
            400,
            &["duplicate field", "from"],
        ),
        get(
            "a stranger",
            &mo("from=%2B628999999999&text=ok&id=9"),
            200,
            &[],
        ),
        get(
            "a stranger with a NUL",
            &mo("from=%2B628999999999&text=%00%1b&id=%00"),
            200,
            &[],
        ),
        get("half a character", &mo("from=%ff&text=%ff&id=1"), 400, &[]),
        get(
            "a report of no type",
            &dlr("reference=x&type=3"),
            400,
            &["type", "3", "1, 2, 4, 8"],
        ),
        get(
            "a report of nothing",
            &dlr("reference=../x&type=1"),
            200,
            &[],
        ),
        get(
            "a report of nobody's",
            &dlr("reference=LGWP9:1:budi_0.1&type=1"),
            200,
            &[],
        ),
        get(
            "a report, forged",
            "dlr?reference=LGWP1:1:budi_0.1&type=1",
            403,
            &["secret"],
        ),
        row(
            "posted",
            (Method::POST, "/hooks/kannel/mo"),
            good,
            405,
            &["not for this address"],
        ),
        row(
            "unsigned",
            (Method::POST, "/hooks/whatsapp"),
            "{}",
            403,
            &["X-Hub-Signature-256"],
        ),
        signed("no JSON, signed", b"{", 400, &["documented shape"]),
        signed(
            "deep, signed",
            "[".repeat(100_000).as_bytes(),
            400,
            &["documented shape"],
        ),
        signed(
            "of another shape, signed",
            br#"{"entry":{"a":1}}"#,
            400,
            &["documented shape"],
        ),
        row(
            "large",
            (Method::POST, "/hooks/whatsapp"),
            vec![0; 9 << 20],
            413,
            &["body_limit"],
        ),
        row(
            "a handshake with another's token",
            (
                Method::GET,
                "/hooks/whatsapp?hub.mode=subscribe&hub.verify_token=x",
            ),
            "",
            403,
            &["inbound.whatsapp_verify_token"],
        ),
    ]
}

fn links() -> Vec<Row> {
    let signer =
        |secret: &str| Signer::new(secret.to_owned().into(), SignedDuration::from_hours(1));
    let budi = ResponderId::parse("budi").unwrap();
    let complaint = |id: &str| ComplaintId::parse(id).unwrap();
    let now = SystemClock.now();
    let good = signer(LINK_SECRET).sign(&budi, &complaint("LGWP1"), now);
    let past = now - SignedDuration::from_hours(2);
    let expired = signer(LINK_SECRET).sign(&budi, &complaint("LGWP1"), past);
    let forged = signer("lain").sign(&budi, &complaint("LGWP1"), now);
    let gone = signer(LINK_SECRET).sign(&budi, &complaint("LGWP99"), now);
    let moved = good.replace("LGWP1", "LGWP2");
    let cut = &good[..good.len() - 4];
    let get = |what, token: &str, status, words| {
        row(
            what,
            (Method::GET, &format!("/a/{token}")),
            "",
            status,
            words,
        )
        .without("authorization")
    };
    let form = "application/x-www-form-urlencoded";
    let post = |what, token: &str, body: &'static str, status, words| {
        row(
            what,
            (Method::POST, &format!("/a/{token}")),
            body,
            status,
            words,
        )
        .without("authorization")
        .with("content-type", form)
    };
    let other = |method: Method, what, status, words| {
        row(what, (method, &format!("/a/{good}")), "", status, words).without("authorization")
    };
    vec![
        get("only looked at", &good, 200, &["LGWP1", "<form"]),
        other(Method::HEAD, "only touched", 200, &[]),
        get("expired", &expired, 410, &["<html"]),
        post(
            "expired and pressed",
            &expired,
            "answer=accept",
            410,
            &["<html"],
        ),
        get("forged", &forged, 403, &["<html"]),
        post(
            "forged and pressed",
            &forged,
            "answer=accept",
            403,
            &["<html"],
        ),
        post(
            "moved to another complaint",
            &moved,
            "answer=accept",
            403,
            &["<html"],
        ),
        post("cut", cut, "answer=accept", 403, &["<html"]),
        get("nothing but parts", "~~~~", 403, &["<html"]),
        get("with a NUL", "a%00b~c", 403, &["<html"]),
        get("no UTF-8", "%ff%fe", 400, &["does not fit"]),
        get("a long one", &"a".repeat(20_000), 403, &["<html"]),
        get("a path", "..%2f..%2fetc%2fpasswd", 403, &["<html"]),
        get(
            "of a complaint that is gone",
            &gone,
            404,
            &["no longer here"],
        ),
        post(
            "without an answer",
            &good,
            "",
            422,
            &["answer", "accept or refuse"],
        ),
        post(
            "with another answer",
            &good,
            "answer=hapus",
            422,
            &["hapus", "accept or refuse"],
        ),
        post(
            "with two",
            &good,
            "answer=accept&answer=refuse",
            422,
            &["duplicate field"],
        ),
        post(
            "as JSON",
            &good,
            r#"{"answer":"accept"}"#,
            415,
            &["does not fit"],
        )
        .with("content-type", "application/json"),
        other(Method::PUT, "put", 405, &["not for this address"]),
        other(
            Method::OPTIONS,
            "asked about",
            405,
            &["not for this address"],
        ),
    ]
}

fn elsewhere() -> Vec<Row> {
    let get = |what, path, status, words| row(what, (Method::GET, path), "", status, words);
    vec![
        get(
            "nothing there",
            "/nowhere",
            404,
            &["nothing at this address"],
        ),
        get(
            "a file of the machine",
            "/assets/..%2f..%2fetc%2fpasswd",
            404,
            &["nothing"],
        ),
        get(
            "out of the tree",
            "/..%2f..%2fetc/passwd",
            404,
            &["nothing"],
        ),
        get(
            "the demo, where it is not",
            "/demo/state",
            404,
            &["nothing"],
        ),
        row(
            "metrics changed",
            (Method::POST, "/metrics"),
            "",
            405,
            &["not for this address"],
        ),
    ]
}

/// Bytes that no client library would send; what comes back, if anything does.
fn raw(siaga: &Siaga, parts: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(siaga.host()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    for part in parts {
        // The service may close as soon as it has seen enough.
        if stream.write_all(part).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // A reset after the answer takes nothing from what was read before it.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_request_is_told_what_is_wrong_and_changes_nothing() {
    let mut siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        inbound: &format!(
            "kannel_secret = \"{}\"\nwhatsapp_app_secret = \"{APP_SECRET}\"\n\
             whatsapp_verify_token = \"jabat-tangan\"",
            kannel::SECRET
        ),
        more: &format!(
            "[links]\nsecret = \"{LINK_SECRET}\"\n[[gateways]]\nname = \"coba\"\n\
             type = \"whatsapp_cloud\"\nbase_url = \"http://127.0.0.1:9\"\n\
             phone_number_id = \"{PHONE_NUMBER_ID}\"\naccess_token = \"x\"\n\
             [[gateways]]\nname = \"pesan\"\ntype = \"sandbox\"\ntransport = \"sms\"\n"
        ),
        people: HEAD,
        policy: None,
    });
    siaga.start().await;
    siaga.overdue("LGWP1").await;
    siaga
        .wait_for_timeline("LGWP1", "\"k\":\"attempt_sent\"")
        .await;
    siaga.wait_until_handed_over().await;
    let before = siaga.get("/api/v1/complaints/LGWP1").await;
    let mut rows = Vec::new();
    for (surface, of_it) in [
        ("intake", intake()),
        ("batch", batch()),
        ("change", changes()),
        ("hook", hooks()),
        ("link", links()),
        ("elsewhere", elsewhere()),
    ] {
        rows.extend(of_it.into_iter().map(|row| (surface, row)));
    }
    let mut wrong = Vec::new();
    for (surface, row) in &rows {
        let (status, kind, text) = siaga
            .request(
                row.method.clone(),
                &row.path,
                &row.headers,
                row.body.clone(),
            )
            .await;
        let place = format!("{surface}: {}", row.what);
        if status != row.status {
            wrong.push(format!("{place}: {status}, not {}: {text}", row.status));
        }
        for word in row.words {
            if !text.contains(word) {
                wrong.push(format!("{place}: {word:?} is not in {text}"));
            }
        }
        // What people see is a page; everything else is a problem with a title.
        let is_page = kind.starts_with("text/html");
        let is_problem = kind == "application/problem+json" && text.contains("\"title\"");
        if status >= 400 && !is_page && !is_problem {
            wrong.push(format!("{place}: {status} as {kind}: {text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows.len() >= 100, "{} requests", rows.len());
    // What no client library sends.
    let name = vec![b'a'; 10 << 20];
    let get = |line: &str| format!("{line}\r\nhost: x\r\n\r\n").into_bytes();
    let chunked: &[u8] = b"POST /api/v1/complaints HTTP/1.1\r\nhost: x\r\n\
        content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
    for (what, parts) in [
        (
            "a header of 10 MB",
            vec![&b"GET / HTTP/1.1\r\nx: "[..], &name, b"\r\n\r\n"],
        ),
        (
            "an address of 10 MB",
            vec![&b"GET /"[..], &name, b" HTTP/1.1\r\n\r\n"],
        ),
        ("another version", vec![&get("GET / HTTP/9.9")[..]]),
        ("no HTTP", vec![&b"\0\x01\x02\xff\r\n\r\n"[..]]),
        ("a NUL in the address", vec![&get("GET /a\0b HTTP/1.1")[..]]),
        ("a chunk of no size", vec![chunked]),
        (
            "two lengths",
            vec![
                &b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"
                    [..],
            ],
        ),
    ] {
        let answer = raw(&siaga, &parts);
        let status = answer.split(' ').nth(1).unwrap_or("none");
        assert!(!status.starts_with('5'), "{what}: {answer}");
        assert!(!status.starts_with('2'), "{what}: {answer}");
    }
    let delete = format!("DELETE {ADUAN} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let answer = raw(&siaga, &[delete.as_bytes()]).to_ascii_lowercase();
    assert!(answer.contains("\r\nallow: post\r\n"), "{answer}");
    // Nothing of it changed the complaint, the service answers, and the ledger holds.
    siaga.wait_until_handed_over().await;
    assert_eq!(siaga.get("/api/v1/complaints/LGWP1").await, before);
    for path in ["/healthz", "/readyz", "/metrics", "/"] {
        let (status, text) = siaga.get(path).await;
        assert_eq!(status, 200, "{path}: {text}");
    }
    let (_, metrics) = siaga.get("/metrics").await;
    assert!(!metrics.contains("siaga_pass_failures_total"), "{metrics}");
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    // A link that is right still works, once the button is pressed.
    let row = links().remove(0);
    let form = vec![(
        "content-type",
        "application/x-www-form-urlencoded".to_owned(),
    )];
    let pressed = siaga
        .request(Method::POST, &row.path, &form, b"answer=accept".to_vec())
        .await;
    assert_eq!(pressed.0, 200, "{}", pressed.2);
    siaga
        .wait_for_timeline("LGWP1", "\"phase\":\"acknowledged\"")
        .await;
    siaga.stop().await;
}
