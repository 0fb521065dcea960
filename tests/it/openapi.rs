//! The OpenAPI document is the service: each address is in it with its methods, nothing else is, and a scanner that
//! knows no more than the document finds neither a fault of ours nor an answer that it does not tell of.

use std::{path::Path, process::Command};

use reqwest::Method;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::{
    kannel,
    siaga::{HEAD, KEY, Settings, Siaga},
};

/// A key that may do everything.
const SCANNER: &str = "siaga_kunci_pemindai";

async fn started() -> Siaga {
    let mut siaga = Siaga::prepare();
    let hash = hex::encode(Sha256::digest(SCANNER.as_bytes()));
    siaga.write_settings(&Settings {
        inbound: &format!("kannel_secret = \"{}\"", kannel::SECRET),
        more: &format!(
            "[[gateways]]\nname = \"pesan\"\ntype = \"sandbox\"\ntransport = \"sms\"\n\
             [[webhooks]]\nname = \"luar\"\nsecret = \"0123456789abcdef\"\ntransport = \"sms\"\n\
             format = \"json\"\nfrom = \"sender\"\ntext = [\"message\"]\nid = \"id\"\n\
             [[api_keys]]\nname = \"pemindai\"\nsha256 = \"{hash}\"\n\
             scopes = [\"intake\", \"read\", \"contacts\", \"operate\"]\n"
        ),
        people: HEAD,
        policy: None,
    });
    siaga.start().await;
    siaga
}

/// Places where an address is added to a router, in the files of a folder.
fn added_to_a_router(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            added_to_a_router(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains(".route(") || text.contains(".nest(") || text.contains("router.merge(") {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_is_described_and_nothing_else_is() {
    // What is added in `surface.rs` is described there; the demo is no part of the service.
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let mut found = Vec::new();
    added_to_a_router(&web, &mut found);
    found.retain(|file| file != "surface.rs");
    found.sort();
    let demo = web.join("demo/mod.rs");
    assert!(std::fs::read_to_string(demo).unwrap().contains(".route("));
    assert_eq!(
        found,
        ["mod.rs", "mod.rs"],
        "web/mod.rs merges the demo, demo/mod.rs adds it"
    );

    let mut siaga = started().await;
    let (status, text) = siaga.get("/api/openapi.json").await;
    assert_eq!(status, 200);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 30, "{}", paths.len());
    let mut wrong = Vec::new();
    for (path, described) in paths {
        let parts = path
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part });
        let address = parts.collect::<Vec<_>>().join("/");
        // Whoever asks by a method that is for no address is told those that are for this one.
        let client = siaga::channel::registry::http_client().unwrap();
        let answer = client
            .request(Method::PATCH, format!("{}{address}", siaga.base()))
            .bearer_auth(KEY)
            .send()
            .await
            .unwrap();
        let allow = answer
            .headers()
            .get("allow")
            .map_or("", |it| it.to_str().unwrap());
        let mut there: Vec<String> = allow
            .split(',')
            .map(|method| method.trim().to_lowercase())
            .filter(|method| method != "head")
            .collect();
        there.sort();
        let mut told: Vec<&String> = described.as_object().unwrap().keys().collect();
        told.sort();
        if answer.status() != 405 || there != told.iter().map(|it| it.as_str()).collect::<Vec<_>>()
        {
            wrong.push(format!("{path}: there are {there:?}, told are {told:?}"));
        }
        for (method, operation) in described.as_object().unwrap() {
            let needs_key = operation.get("security").is_some();
            let is_of_api = path.starts_with("/api/v1/");
            if needs_key != is_of_api {
                wrong.push(format!("{method} {path}: with a key? {needs_key}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_from_outside_finds_no_fault() {
    let mut siaga = started().await;
    siaga.overdue("LGWP1").await;
    std::fs::write(siaga.folder.path().join("schemathesis.toml"), KNOWN).unwrap();
    let scanner = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/target/test-venv/bin/schemathesis"
    );
    let out = Command::new(scanner)
        .current_dir(siaga.folder.path())
        .arg("run")
        .arg(format!("{}/api/openapi.json", siaga.base()))
        .args(["--header", &format!("Authorization: Bearer {SCANNER}")])
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "10",
            "--seed",
            "1",
        ])
        .args([
            "--checks",
            CHECKS,
            "--continue-on-failure",
            "--no-color",
            "--workers",
            "2",
        ])
        .output()
        .expect("schemathesis, by deploy/setup test");
    let told =
        String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{told}");
    // It has asked a lot, and the service is as well as before.
    let asked = told.split(" generated, ").next().unwrap();
    let asked = asked.rsplit_once(' ').unwrap().1.parse::<usize>();
    assert!(asked.is_ok_and(|asked| asked >= 1_000), "{told}");
    let (status, text) = siaga.get("/readyz").await;
    assert_eq!(status, 200, "{text}");
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    siaga.stop().await;
}

/// What it cannot know by the document: where something is to be found.
const KNOWN: &str = r#"
[[operations]]
include-path-regex = "^/api/v1/complaints/"
parameters = { id = "LGWP1" }

[[operations]]
include-path-regex = "^/api/v1/responders/"
parameters = { id = "budi", method = "sms" }

[[operations]]
include-path-regex = "^/api/v1/silences/"
parameters = { number = "1" }

[[operations]]
include-path-regex = "^/hooks/in/"
parameters = { name = "luar", secret = "0123456789abcdef", X-Webhook-Secret = "0123456789abcdef" }

[[operations]]
include-path-regex = "^/hooks/kannel/"
parameters = { secret = "kannel-secret" }
"#;

/// What it looks at in each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth";
