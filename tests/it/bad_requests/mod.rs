//! Hostile and malformed requests over every address of the real program: each gets an answer that
//! says what is wrong and what to do, nothing changes, and the service lives.

mod changes;
mod hooks;
mod intake;
mod links;

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use reqwest::Method;

use crate::support::{
    fake_meta::{APP_SECRET, PHONE_NUMBER_ID},
    kannel,
    siaga::{HEAD, KEY, Settings, Siaga},
};

const LINK_SECRET: &str = "rahasia-tautan-yang-panjang";
const ADUAN: &str = "/api/v1/complaints";

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
             [[gateways]]\nname = \"pesan\"\ntype = \"sandbox\"\ntransport = \"sms\"\n\
             [[webhooks]]\nname = \"luar\"\nsecret = \"0123456789abcdef\"\ntransport = \"sms\"\n\
             format = \"json\"\nfrom = \"sender\"\ntext = [\"message\"]\nid = \"id\"\n\
             receipts = {{ reference = \"ref\", status = \"status\", words = {{ ok = \"delivered\" }} }}\n"
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
        ("intake", intake::intake()),
        ("batch", intake::batch()),
        ("change", changes::changes()),
        ("hook", hooks::hooks()),
        ("link", links::links()),
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
    assert!(rows.len() >= 118, "{} requests", rows.len());
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
    let row = links::links().remove(0);
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
