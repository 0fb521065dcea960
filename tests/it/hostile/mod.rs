//! Hostile requests by class, as bytes on a socket, and what each gets: never a fault of ours, and afterwards the
//! service is as it was. docs/security.md has the table; this test holds it equal to what is answered.
//!
//! `SIAGA_WRITE_DOCS=1` writes the table anew. Read the difference before it is committed: it is what changed for
//! whoever attacks.

mod callers;
mod contents;
mod requests;

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use sha2::{Digest as _, Sha256};

use crate::support::{
    fake_meta::{APP_SECRET, PHONE_NUMBER_ID},
    fake_twilio::{ACCOUNT_SID, AUTH_TOKEN, NUMBER},
    kannel,
    siaga::{HEAD, KEY, Settings, Siaga},
};

const LINK_SECRET: &str = "rahasia-tautan-yang-panjang";
const OLD_KEY: &str = "siaga_kunci_lama";
const OPERATOR_KEY: &str = "siaga_kunci_operator";
const INTAKE: &str = "/api/v1/complaints";
const JSON: &str = "content-type: application/json\r\n";

/// One request.
struct Hostile {
    what: &'static str,
    bytes: Vec<u8>,
    /// Whether success is the right answer, because it does no harm.
    is_harmless: bool,
    /// Whether all that comes back counts, and not the first answer alone.
    is_read_to_end: bool,
}

fn row(what: &'static str, bytes: impl Into<Vec<u8>>) -> Hostile {
    Hostile {
        what,
        bytes: bytes.into(),
        is_harmless: false,
        is_read_to_end: false,
    }
}

impl Hostile {
    fn harmless(mut self) -> Self {
        self.is_harmless = true;
        self
    }

    fn read_to_end(mut self) -> Self {
        self.is_read_to_end = true;
        self
    }
}

fn key() -> String {
    format!("authorization: Bearer {KEY}\r\n")
}

fn operator_key() -> String {
    format!("authorization: Bearer {OPERATOR_KEY}\r\n")
}

/// A request without a body; `head` are whole lines.
fn plain(line: &str, head: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nhost: x\r\n{head}\r\n").into_bytes()
}

/// A request with a body.
fn post(path: &str, head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n{head}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The first answer that was read, and how much of the bytes it is.
fn first_answer(read: &[u8]) -> Option<(String, usize)> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    let length = head.split("\r\ncontent-length: ").nth(1);
    let length = length.and_then(|rest| rest.split("\r\n").next()?.parse::<usize>().ok());
    let length = length.unwrap_or_default();
    let body = read.get(end..end + length)?;
    let status = head.split(' ').nth(1)?.trim();
    let title = serde_json::from_slice::<serde_json::Value>(body)
        .ok()
        .and_then(|problem| Some(problem.get("title")?.as_str()?.to_owned()));
    let is_page = head.contains("content-type: text/html");
    let words = match title {
        Some(title) => format!("{status} {title}"),
        None if is_page => format!("{status} (a page)"),
        None => status.to_owned(),
    };
    Some((words, end + length))
}

/// Sends one and tells what came back.
fn got(siaga: &Siaga, hostile: &Hostile) -> String {
    let mut stream = TcpStream::connect(siaga.host()).unwrap();
    let patience = Some(Duration::from_secs(10));
    stream.set_read_timeout(patience).unwrap();
    stream.set_write_timeout(patience).unwrap();
    // The service may close as soon as it has seen enough.
    let _ = stream.write_all(&hostile.bytes);
    let mut read = Vec::new();
    let mut part = [0; 16 * 1024];
    loop {
        if !hostile.is_read_to_end && first_answer(&read).is_some() {
            break;
        }
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => read.extend_from_slice(&part[..count]),
            Err(error) => {
                let is_silent = error.kind() == std::io::ErrorKind::WouldBlock;
                assert!(!is_silent, "{}: neither an answer nor an end", hostile.what);
                break;
            }
        }
    }
    let mut answers = Vec::new();
    let mut rest = &read[..];
    while let Some((words, length)) = first_answer(rest) {
        answers.push(words);
        rest = &rest[length..];
    }
    if answers.is_empty() {
        return "closed".to_owned();
    }
    if !hostile.is_read_to_end {
        answers.truncate(1);
    }
    answers.join(", then ")
}

fn rendered(classes: &[(&str, Vec<(&'static str, String)>)]) -> String {
    let count: usize = classes.iter().map(|(_, rows)| rows.len()).sum();
    let mut text = format!("{count} requests in {} classes:\n", classes.len());
    for (class, rows) in classes {
        write!(text, "\n### {class}\n\n| request | got |\n|--|--|\n").unwrap();
        for (what, got) in rows {
            let shown = |text: &str| {
                text.escape_debug()
                    .to_string()
                    .replace("\\\"", "\"")
                    .replace("\\'", "'")
                    .replace('|', "\\|")
            };
            let cut: String = shown(got).chars().take(120).collect();
            writeln!(text, "| {} | {cut} |", what.replace('|', "\\|")).unwrap();
        }
    }
    text
}

const BEGIN: &str = "<!-- hostile requests: written by tests/it/hostile -->\n";
const END: &str = "<!-- end of hostile requests -->\n";

fn compare_with_docs(table: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/security.md");
    let told = std::fs::read_to_string(path).unwrap();
    let (before, rest) = told.split_once(BEGIN).expect("the table's beginning");
    let (written, after) = rest.split_once(END).expect("the table's end");
    if std::env::var_os("SIAGA_WRITE_DOCS").is_some() {
        let text = format!("{before}{BEGIN}{table}{END}{after}");
        std::fs::write(path, text).unwrap();
        return;
    }
    let differing: Vec<_> = written
        .lines()
        .zip(table.lines())
        .filter(|(written, got)| written != got)
        .take(5)
        .collect();
    assert!(
        written == table,
        "docs/security.md tells otherwise (SIAGA_WRITE_DOCS=1 writes it anew): {differing:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_requests_get_what_the_docs_say_and_harm_nothing() {
    let mut siaga = Siaga::prepare();
    let hash = |key: &str| hex::encode(Sha256::digest(key.as_bytes()));
    let (old, operator) = (hash(OLD_KEY), hash(OPERATOR_KEY));
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
             [[gateways]]\nname = \"twilio\"\ntype = \"twilio\"\ntransport = \"sms\"\n\
             base_url = \"http://127.0.0.1:9\"\naccount_sid = \"{ACCOUNT_SID}\"\n\
             auth_token = \"{AUTH_TOKEN}\"\nfrom = \"{NUMBER}\"\n\
             [[api_keys]]\nname = \"operator\"\nsha256 = \"{operator}\"\nscopes = [\"operate\"]\n\
             [[api_keys]]\nname = \"lama\"\nsha256 = \"{old}\"\nscopes = [\"read\"]\n\
             expires = \"2026-01-01T00:00:00Z\"\n"
        ),
        people: HEAD,
        policy: None,
    });
    // What is never sent to its end has one soon.
    siaga.set("http.head_timeout", "1s");
    siaga.set("http.body_timeout", "1s");
    siaga.start().await;
    siaga.overdue("LGWP1").await;
    siaga
        .wait_for_timeline("LGWP1", "\"k\":\"attempt_sent\"")
        .await;
    siaga.wait_until_handed_over().await;
    let before = siaga.get("/api/v1/complaints/LGWP1").await;
    let mut wrong = Vec::new();
    let mut classes = Vec::new();
    for (class, rows) in [
        ("Methods", requests::methods()),
        ("Paths and traversal", requests::paths()),
        ("Headers", requests::headers()),
        ("Smuggling", requests::smuggling()),
        ("Sizes", requests::sizes()),
        ("Bodies", contents::bodies()),
        ("JSON bombs", contents::bombs()),
        ("Encodings", contents::encodings()),
        ("Keys", callers::keys()),
        (
            "Webhooks, forged and replayed",
            callers::webhooks(&siaga.base()),
        ),
        ("Signed links and calendars", callers::links()),
    ] {
        let mut answers = Vec::new();
        for hostile in rows {
            let told = got(&siaga, &hostile);
            for answer in told.split(", then ") {
                if answer.starts_with('5')
                    || answer.starts_with('2') != hostile.is_harmless && !hostile.is_read_to_end
                {
                    wrong.push(format!("{class}: {}: {told}", hostile.what));
                }
            }
            answers.push((hostile.what, told));
        }
        classes.push((class, answers));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
    // What is right and comes again does once what it says.
    let again = plain(
        &format!(
            "GET /hooks/kannel/mo?secret={}&from=%2B6281100000001&text=siap&id=asli",
            kannel::SECRET
        ),
        "",
    );
    let again = row("the head's own answer", again);
    assert_eq!(got(&siaga, &again), "200");
    siaga
        .wait_for_timeline("LGWP1", "\"phase\":\"acknowledged\"")
        .await;
    siaga.wait_until_handed_over().await;
    let once = siaga.get("/api/v1/complaints/LGWP1").await;
    for _ in 0..3 {
        assert_eq!(got(&siaga, &again), "200");
    }
    siaga.wait_until_handed_over().await;
    assert_eq!(siaga.get("/api/v1/complaints/LGWP1").await, once);
    assert!(classes.iter().map(|(_, rows)| rows.len()).sum::<usize>() >= 100);
    compare_with_docs(&rendered(&classes));
    siaga.stop().await;
}
