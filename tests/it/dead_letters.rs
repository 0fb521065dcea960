//! What cannot be processed: seen, mended, tried again, dropped; from outside, at the real program.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually_asked},
};

/// The operator's key.
const OPERATOR: &str = "siaga_operator_key";

async fn start() -> Siaga {
    let mut siaga = Siaga::prepare();
    let more = format!(
        "[[api_keys]]\nname = \"petugas\"\nsha256 = \"{}\"\nscopes = [\"operate\"]\n\
         [[gateways]]\nname = \"papan\"\ntype = \"sandbox\"\ntransport = \"sms\"\n",
        hex::encode(Sha256::digest(OPERATOR.as_bytes()))
    );
    siaga.write_settings(&Settings {
        inbound: "",
        more: &more,
        people: "[[people]]\nid = \"budi\"\nname = \"Budi Contohwan\"\nsms = \"+628110000001\"\n\
                 [holders]\n\"DISHUB.kepala\" = \"budi\"\n",
        policy: None,
    });
    siaga.start().await;
    siaga
}

/// Speaks to the service's own Redis, as who mends a record does.
fn redis(siaga: &Siaga, words: &[&str]) -> String {
    let folder = siaga.data().canonicalize().unwrap();
    let out = Command::new("redis-cli")
        .arg("-s")
        .arg(siaga::store::embedded::socket_path(&folder))
        .args(words)
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    String::from_utf8_lossy(&out.stdout).trim_end().to_owned()
}

async fn ask(siaga: &Siaga, method: Method, path: &str, body: &str) -> (u16, Value) {
    let headers = [
        ("authorization", format!("Bearer {OPERATOR}")),
        ("content-type", "application/json".to_owned()),
    ];
    let path = format!("/api/v1/dead-letters{path}");
    let (status, _, text) = siaga
        .request(method, &path, &headers, body.as_bytes().to_vec())
        .await;
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// The only letter, once it has been buried so often.
async fn letter(siaga: &Siaga, times: u64) -> Value {
    let what = format!("a letter that was buried {times} times");
    eventually_asked(&what, PATIENCE, || async {
        let (status, body) = ask(siaga, Method::GET, "", "").await;
        assert_eq!(status, 200, "{body}");
        let letters = body["dead_letters"].as_array().unwrap().clone();
        assert!(letters.len() <= 1, "one thing is one letter: {letters:?}");
        let first = letters.into_iter().next();
        first.filter(|letter| letter["times"] == json!(times))
    })
    .await
}

async fn none_left(siaga: &Siaga) {
    eventually_asked("no letter", PATIENCE, || async {
        let (_, body) = ask(siaga, Method::GET, "", "").await;
        (body["count"] == json!(0)).then_some(())
    })
    .await;
}

fn id_of(letter: &Value) -> String {
    format!("/{}", letter["id"].as_str().unwrap())
}

/// What the ledger says of letters, oldest first.
async fn told(siaga: &Siaga) -> Vec<Value> {
    let store = siaga::store::Store::connect(&siaga.redis(), "siaga", 1)
        .await
        .unwrap();
    let mut told = Vec::new();
    for shard in store.keys().all_shards() {
        for stored in store.read_ledger(shard, 1).await.unwrap() {
            let fact: Value = serde_json::from_slice(&stored.fact).unwrap();
            let kind = fact["k"].as_str().unwrap_or_default();
            if kind.starts_with("letter") || fact.to_string().contains("dead_letters") {
                told.push(fact);
            }
        }
    }
    told
}

async fn end(mut siaga: Siaga) {
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_record_is_buried_tried_again_mended_and_taken_in() {
    let siaga = start().await;
    let set = |time: &str| {
        let words = [
            "HSET",
            "aduan:LGWP60001",
            "diterima",
            time,
            "unit",
            "DISHUB",
        ];
        redis(&siaga, &words);
    };
    set("2026-11-24 08:00:00");
    let first = letter(&siaga, 1).await;
    assert_eq!(first["what"], json!("aduan:LGWP60001"));
    assert_eq!(first["origin"]["kind"], json!("foreign"));
    let why = first["why"].as_str().unwrap();
    assert!(
        why.contains("received_at")
            && why.contains("2026-11-24 08:00:00")
            && why.contains("offset"),
        "field, value and remedy: {why}"
    );
    assert!(first["at"].is_string(), "{first}");
    let (_, ready) = siaga.get("/readyz").await;
    assert!(ready.contains("\"dead_letters\":1"), "{ready}");
    let (_, metrics) = siaga.get("/metrics").await;
    assert!(metrics.contains("siaga_dead_letters 1"), "the gauge");
    // Tried again as it is: it is looked at, and counted once more.
    let (status, body) = ask(&siaga, Method::POST, &(id_of(&first) + "/retry"), "").await;
    assert_eq!((status, &body["result"]), (200, &json!("retried")));
    let again = letter(&siaga, 2).await;
    assert_eq!(again["retried"]["by"], json!("petugas"));
    // Mended by whoever wrote it; then it is nobody's letter any more.
    set("2026-11-24T08:00:00+07:00");
    siaga
        .wait_for_timeline("LGWP60001", "\"k\":\"opened\"")
        .await;
    none_left(&siaga).await;
    let told = told(&siaga).await;
    assert_eq!(told.len(), 2, "one alarm, one retry: {told:?}");
    assert_eq!(told[1]["k"], json!("letter_retried"));
    assert_eq!(told[1]["by"], json!("petugas"));
    end(siaga).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_complaint_goes_on_once_it_is_mended() {
    let siaga = start().await;
    let now = "2030-01-01T00:00:00+07:00";
    let complaint = json!({ "id": "LGWP60002", "received_at": now, "unit": "DISHUB" });
    let (status, text) = siaga
        .post(
            "/api/v1/complaints",
            "application/json",
            complaint.to_string(),
        )
        .await;
    // A time to come is refused: the deadline must lie ahead, so it is handed in as of today.
    assert_eq!(status, 422, "{text}");
    let received = siaga::clock::Clock::now(&siaga::clock::SystemClock).to_string();
    let complaint = json!({ "id": "LGWP60002", "received_at": received, "unit": "DISHUB" });
    let (status, text) = siaga
        .post(
            "/api/v1/complaints",
            "application/json",
            complaint.to_string(),
        )
        .await;
    assert_eq!(status, 201, "{text}");
    let key = "siaga:{c0}:e:LGWP60002";
    let copy = "copy:{c0}";
    redis(&siaga, &["COPY", key, copy]);
    redis(&siaga, &["HSET", key, "s", "{\"complaint\":"]);
    redis(&siaga, &["ZADD", "siaga:{c0}:due", "1", "LGWP60002"]);
    redis(&siaga, &["PUBLISH", "siaga:wake", "c0"]);
    let first = letter(&siaga, 1).await;
    assert_eq!((&first["what"], &first["body"]), (&json!(key), &json!("")));
    let (_, whole) = ask(&siaga, Method::GET, &id_of(&first), "").await;
    assert_eq!(whole["body"], json!("{\"complaint\":"), "kept as it lay");
    let retry = id_of(&first) + "/retry";
    let (status, body) = ask(&siaga, Method::POST, &retry, "").await;
    assert_eq!(status, 409, "{body}");
    assert!(body["detail"].as_str().unwrap().contains("mend"), "{body}");
    letter(&siaga, 2).await;
    redis(&siaga, &["COPY", copy, key, "REPLACE"]);
    let (words, well) = siaga.run(&["dead-letters", "retry", "--all"]);
    assert!(well && words.contains("it is due now"), "{words}");
    none_left(&siaga).await;
    // It waits for its own time again, and takes an answer.
    eventually_asked("its place in the queue", PATIENCE, || async {
        let score = redis(&siaga, &["ZSCORE", "siaga:{c0}:due", "LGWP60002"]);
        score.parse::<f64>().ok().filter(|at| *at > 1_000_000.0)
    })
    .await;
    let (status, text) = siaga
        .post(
            "/api/v1/complaints/LGWP60002/progress",
            "application/json",
            json!({ "status": "verifikasi" }).to_string(),
        )
        .await;
    assert!((200..300).contains(&status), "{text}");
    end(siaga).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_on_its_way_is_kept_and_dropped_with_a_reason_only() {
    let siaga = start().await;
    let entry = "{\"to\":\"the_moon\"}";
    redis(&siaga, &["HSET", "siaga:{r0}:outbox:entries", "x.1", entry]);
    redis(&siaga, &["ZADD", "siaga:{r0}:outbox", "1", "x.1"]);
    redis(&siaga, &["PUBLISH", "siaga:wake", "r0"]);
    let first = letter(&siaga, 1).await;
    assert_eq!(first["origin"]["kind"], json!("outbox"));
    let id = first["id"].as_str().unwrap();
    let (words, well) = siaga.run(&["dead-letters", "list"]);
    assert!(
        well && words.contains(id) && words.contains("1 time(s)"),
        "{words}"
    );
    let (words, well) = siaga.run(&["dead-letters", "show", id]);
    assert!(well && words.contains("the_moon"), "{words}");
    let (words, code) = siaga.run_for_code(&["dead-letters", "retry", id]);
    assert!(code == 1 && words.contains("kept"), "{words}");
    letter(&siaga, 2).await;
    for body in [
        "",
        "{}",
        "{\"reason\": \" \"}",
        "{\"reason\": 3}",
        "{\"why\": \"x\"}",
    ] {
        let (status, answer) = ask(&siaga, Method::DELETE, &id_of(&first), body).await;
        assert_eq!(status, 422, "{body}: {answer}");
    }
    let (_, code) = siaga.run_for_code(&["dead-letters", "drop", id]);
    assert_eq!(code, 2, "no reason");
    let (status, _) = ask(
        &siaga,
        Method::DELETE,
        &id_of(&first),
        "{\"reason\":\"uji\"}",
    )
    .await;
    assert_eq!(status, 204);
    none_left(&siaga).await;
    let told = told(&siaga).await;
    let kinds: Vec<_> = told
        .iter()
        .map(|fact| fact["k"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["alarm", "letter_retried", "letter_dropped"]);
    assert_eq!(told[2]["reason"], json!("uji"));
    end(siaga).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_of_an_earlier_version_are_letters_like_the_others() {
    let siaga = start().await;
    let older = r#"{"what":"aduan:LGWP1","body":"","why":"received_at: naive"}"#;
    redis(&siaga, &["LPUSH", "siaga:{meta}:dead", older]);
    redis(&siaga, &["LPUSH", "siaga:{meta}:dead", older]);
    let found = letter(&siaga, 2).await;
    assert_eq!(found["why"], json!("received_at: naive"));
    let (status, body) = ask(&siaga, Method::POST, &(id_of(&found) + "/retry"), "").await;
    assert_eq!(status, 409, "nobody knows where it belongs: {body}");
    let reason = "{\"reason\":\"lama\"}";
    assert_eq!(
        ask(&siaga, Method::DELETE, &id_of(&found), reason).await.0,
        204
    );
    none_left(&siaga).await;
    end(siaga).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_and_what_is_not_there_is_said() {
    let siaga = start().await;
    // The key of intake and reading may not.
    let (status, text) = siaga.get("/api/v1/dead-letters").await;
    assert_eq!(status, 403, "{text}");
    assert!(text.contains("Operate"), "{text}");
    let bare = siaga.request(Method::GET, "/api/v1/dead-letters", &[], Vec::new());
    assert_eq!(bare.await.0, 401);
    let long = "a".repeat(3000);
    for id in [
        "0123456789ab",
        "..%2f..%2fetc",
        "%00",
        "*",
        "%F0%9F%98%80",
        "a%0D%0AHSET%20x",
        "'%20OR%201=1",
        &long,
    ] {
        for (method, path, body) in [
            (Method::GET, format!("/{id}"), ""),
            (Method::POST, format!("/{id}/retry"), ""),
            (Method::DELETE, format!("/{id}"), "{\"reason\":\"uji\"}"),
        ] {
            let (status, body) = ask(&siaga, method.clone(), &path, body).await;
            assert_eq!(status, 404, "{method} {id}: {body}");
            assert!(body["title"].is_string(), "{method} {id}: {body}");
        }
    }
    for limit in ["0", "-1", "1001", "x", "99999999999999999999"] {
        let (status, body) = ask(&siaga, Method::GET, &format!("?limit={limit}"), "").await;
        assert_eq!(status, 400, "{limit}: {body}");
    }
    assert_eq!(told(&siaga).await, Vec::<Value>::new());
    let (words, code) = siaga.run_for_code(&["dead-letters", "show", "tidak-ada"]);
    assert!(
        code == 1 && words.contains("there is no dead letter"),
        "{words}"
    );
    end(siaga).await;
}
