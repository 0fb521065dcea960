//! A strict stand-in for Meta's WhatsApp Cloud API.
//!
//! It refuses whatever the published interface refuses: a field of another name, a wrong order of
//! components, a text too long. It records what arrived, fails as it is told, and words and signs
//! the webhooks that Meta would send.

use std::{
    collections::HashMap,
    fmt::Write as _,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use tokio::{net::TcpListener, task::AbortHandle};

use super::wait::{PATIENCE, eventually};

/// The token that it takes.
pub(crate) const TOKEN: &str = "EAAG-uji";
/// The id of the number that it serves.
pub(crate) const PHONE_NUMBER_ID: &str = "106540352242922";
/// What webhooks are signed with.
pub(crate) const APP_SECRET: &str = "rahasia-aplikasi";

/// How it behaves towards one number.
#[derive(Debug, Clone)]
pub(crate) enum Mood {
    /// Refuses with this error code, as JSON in Meta's shape.
    Error {
        /// The HTTP status.
        status: u16,
        /// Meta's code.
        code: i64,
        /// Whether Meta says that it will pass.
        is_transient: bool,
    },
    /// Takes approved templates only: more than a day since the person's last message (131047).
    TemplatesOnly,
    /// Takes the message and never answers.
    Hang,
    /// Answers 500 without JSON.
    Broken,
}

#[derive(Default)]
struct Seen {
    messages: Vec<Value>,
    violations: Vec<String>,
    moods: HashMap<String, Mood>,
}

/// The running stand-in; it stops when dropped.
pub(crate) struct FakeMeta {
    /// Its address, for `base_url`.
    pub(crate) base_url: String,
    seen: Arc<Mutex<Seen>>,
    task: AbortHandle,
}

impl Drop for FakeMeta {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts one on a free port of the loopback.
pub(crate) async fn start() -> FakeMeta {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::<Mutex<Seen>>::default();
    let router = Router::new().fallback(receive).with_state(seen.clone());
    let task = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
    FakeMeta {
        base_url,
        seen,
        task,
    }
}

impl FakeMeta {
    /// The messages taken so far, oldest first; those that it was told to fail included.
    pub(crate) fn messages(&self) -> Vec<Value> {
        lock(&self.seen).messages.clone()
    }

    /// Waits until so many messages to a number (digits only) have come; gives their places among
    /// all, and the messages.
    pub(crate) async fn wait_for_messages(&self, to: &str, count: usize) -> Vec<(usize, Value)> {
        let what = format!("{count} messages to {to}");
        eventually(&what, PATIENCE, || {
            let all = self.messages().into_iter().enumerate();
            let found: Vec<_> = all.filter(|(_, message)| message["to"] == to).collect();
            (found.len() >= count).then_some(found)
        })
        .await
    }

    /// What was wrong with requests so far, one line each.
    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.seen).violations.clone()
    }

    /// Behaves so towards a number (digits only) from now on.
    pub(crate) fn set_mood(&self, number: &str, mood: Mood) {
        lock(&self.seen).moods.insert(number.to_owned(), mood);
    }

    /// Behaves well towards a number again.
    pub(crate) fn clear_mood(&self, number: &str) {
        lock(&self.seen).moods.remove(number);
    }

    /// The id that it gave to the n-th message, from 0.
    pub(crate) fn id_of(n: usize) -> String {
        format!("wamid.uji{n}")
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn receive(
    State(seen): State<Arc<Mutex<Seen>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(status_and_words) = check_envelope(&method, &uri, &headers) {
        let (status, code, words) = status_and_words;
        lock(&seen).violations.push(words.to_owned());
        return refusal(status, code, words, false);
    }
    let message = match check_message(&body) {
        Ok(message) => message,
        Err(words) => {
            lock(&seen).violations.push(words.clone());
            return refusal(400, 100, &words, false);
        }
    };
    let to = message["to"].as_str().unwrap_or_default().to_owned();
    let (id, mood) = {
        let mut seen = lock(&seen);
        let is_template = message["type"] == "template";
        seen.messages.push(message);
        let id = FakeMeta::id_of(seen.messages.len() - 1);
        let mood = match seen.moods.get(&to).cloned() {
            Some(Mood::TemplatesOnly) if is_template => None,
            Some(Mood::TemplatesOnly) => Some(Mood::Error {
                status: 400,
                code: 131_047,
                is_transient: false,
            }),
            mood => mood,
        };
        (id, mood)
    };
    match mood {
        None | Some(Mood::TemplatesOnly) => Json(json!({
            "messaging_product": "whatsapp",
            "contacts": [{ "input": to, "wa_id": to }],
            "messages": [{ "id": id, "message_status": "accepted" }],
        }))
        .into_response(),
        Some(Mood::Error {
            status,
            code,
            is_transient,
        }) => refusal(status, code, "as told", is_transient),
        Some(Mood::Hang) => pending().await,
        Some(Mood::Broken) => (StatusCode::INTERNAL_SERVER_ERROR, "<html>").into_response(),
    }
}

fn refusal(status: u16, code: i64, details: &str, is_transient: bool) -> Response {
    let body = json!({ "error": {
        "message": format!("(#{code}) refused"),
        "type": "OAuthException",
        "code": code,
        "is_transient": is_transient,
        "error_data": { "messaging_product": "whatsapp", "details": details },
        "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam",
    }});
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

fn check_envelope(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), (u16, i64, &'static str)> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if uri.path() != format!("/v23.0/{PHONE_NUMBER_ID}/messages") || uri.query().is_some() {
        return Err((404, 2500, "unknown path"));
    }
    if method != Method::POST {
        return Err((400, 100, "unsupported method"));
    }
    if header("authorization") != Some(format!("Bearer {TOKEN}").as_str()) {
        return Err((401, 190, "invalid access token"));
    }
    if header("content-type") != Some("application/json") {
        return Err((400, 100, "content type is not application/json"));
    }
    let version = header("user-agent").and_then(|agent| Some(agent.split_once('/')?.1));
    let is_version = |text: &str| {
        let parts: Vec<_> = text.split('.').collect();
        parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok())
    };
    if !version.is_some_and(is_version) {
        return Err((400, 100, "user agent is not name/x.y.z"));
    }
    Ok(())
}

type Checked<T = ()> = Result<T, String>;

fn check_message(body: &[u8]) -> Checked<Value> {
    let message: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let kind = text(&message, "type", 1, 20)?.to_owned();
    keys(
        &message,
        &[
            "messaging_product",
            "recipient_type",
            "to",
            "type",
            kind.as_str(),
        ],
        &["biz_opaque_callback_data", "context"],
    )?;
    is(&message, "messaging_product", "whatsapp")?;
    is(&message, "recipient_type", "individual")?;
    let to = text(&message, "to", 8, 15)?;
    if !to.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("to: {to}"));
    }
    if message.get("biz_opaque_callback_data").is_some() {
        text(&message, "biz_opaque_callback_data", 1, 512)?;
    }
    let content = &message[kind.as_str()];
    match kind.as_str() {
        "text" => {
            keys(content, &["body"], &["preview_url"])?;
            text(content, "body", 1, 4096)?;
        }
        "interactive" => check_interactive(content)?,
        "template" => check_template(content)?,
        other => return Err(format!("type: {other}")),
    }
    Ok(message)
}

fn check_interactive(content: &Value) -> Checked {
    keys(content, &["type", "body", "action"], &[])?;
    is(content, "type", "button")?;
    keys(&content["body"], &["text"], &[])?;
    text(&content["body"], "text", 1, 1024)?;
    keys(&content["action"], &["buttons"], &[])?;
    let buttons = list(&content["action"], "buttons", 1, 3)?;
    let mut titles = Vec::new();
    for button in buttons {
        keys(button, &["type", "reply"], &[])?;
        is(button, "type", "reply")?;
        keys(&button["reply"], &["id", "title"], &[])?;
        text(&button["reply"], "id", 1, 256)?;
        titles.push(text(&button["reply"], "title", 1, 20)?);
    }
    titles.sort_unstable();
    titles.dedup();
    if titles.len() == buttons.len() {
        Ok(())
    } else {
        Err("two buttons share a title".to_owned())
    }
}

fn check_template(content: &Value) -> Checked {
    keys(content, &["name", "language"], &["components"])?;
    let name = text(content, "name", 1, 512)?;
    if !name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Err(format!("name: {name}"));
    }
    keys(&content["language"], &["code"], &[])?;
    let code = text(&content["language"], "code", 2, 5)?;
    let (language, country) = code.split_once('_').unwrap_or((code, "XX"));
    if language.len() < 2 || country.len() != 2 {
        return Err(format!("language code: {code}"));
    }
    let none = Vec::new();
    let components = content
        .get("components")
        .map_or(Some(&none), Value::as_array);
    let mut next_button = 0;
    for (at, component) in components.ok_or("components")?.iter().enumerate() {
        match component["type"].as_str() {
            Some("body") if at == 0 => {
                keys(component, &["type", "parameters"], &[])?;
                for parameter in list(component, "parameters", 1, 100)? {
                    keys(parameter, &["type", "text"], &[])?;
                    is(parameter, "type", "text")?;
                    let value = text(parameter, "text", 1, 1024)?;
                    if value.contains(['\n', '\t', '\r']) || value.contains("     ") {
                        return Err("parameter with a line break or a run of spaces".to_owned());
                    }
                }
            }
            Some("button") => {
                keys(component, &["type", "sub_type", "index", "parameters"], &[])?;
                is(component, "sub_type", "quick_reply")?;
                is(component, "index", &next_button.to_string())?;
                next_button += 1;
                for parameter in list(component, "parameters", 1, 1)? {
                    keys(parameter, &["type", "payload"], &[])?;
                    is(parameter, "type", "payload")?;
                    text(parameter, "payload", 1, 256)?;
                }
            }
            other => return Err(format!("component {at}: {other:?}")),
        }
    }
    if next_button > 3 {
        return Err(format!("{next_button} buttons"));
    }
    Ok(())
}

fn keys(value: &Value, needed: &[&str], allowed: &[&str]) -> Checked {
    let nothing = Map::new();
    let members = value.as_object().unwrap_or(&nothing);
    for key in needed {
        if !members.contains_key(*key) {
            return Err(format!("missing {key}"));
        }
    }
    match members
        .keys()
        .find(|key| !needed.contains(&key.as_str()) && !allowed.contains(&key.as_str()))
    {
        Some(key) => Err(format!("unexpected {key}")),
        None => Ok(()),
    }
}

fn text<'a>(value: &'a Value, key: &str, least: usize, most: usize) -> Checked<&'a str> {
    let text = value[key]
        .as_str()
        .ok_or_else(|| format!("{key} is no text"))?;
    if (least..=most).contains(&text.chars().count()) {
        Ok(text)
    } else {
        Err(format!("{key} has {} characters", text.chars().count()))
    }
}

fn list<'a>(value: &'a Value, key: &str, least: usize, most: usize) -> Checked<&'a Vec<Value>> {
    value[key]
        .as_array()
        .filter(|values| (least..=most).contains(&values.len()))
        .ok_or_else(|| format!("{key} is no list of {least} to {most}"))
}

fn is(value: &Value, key: &str, wanted: &str) -> Checked {
    if value[key] == wanted {
        Ok(())
    } else {
        Err(format!("{key}: {}", value[key]))
    }
}

/// The `X-Hub-Signature-256` header of a webhook's body.
pub(crate) fn sign(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A webhook's body with this value, escaped as Meta escapes it: everything outside ASCII as
/// `\uXXXX`, so that a signature over re-written JSON does not fit.
pub(crate) fn webhook(content: &Value) -> Vec<u8> {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "622412345678", "phone_number_id": PHONE_NUMBER_ID },
    });
    for (key, member) in content.as_object().unwrap() {
        value[key] = member.clone();
    }
    let envelope = json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "WABA", "changes": [{ "field": "messages", "value": value }] }],
    });
    let mut escaped = String::new();
    for c in envelope.to_string().chars() {
        if c.is_ascii() {
            escaped.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                write!(escaped, "\\u{unit:04x}").unwrap();
            }
        }
    }
    escaped.into_bytes()
}

/// A person wrote a text; `reply_to` is the id of the message that it quotes.
pub(crate) fn text_webhook(
    from: &str,
    id: &str,
    at: i64,
    text: &str,
    reply_to: Option<&str>,
) -> Vec<u8> {
    let mut message = json!({ "from": from, "id": id, "timestamp": at.to_string(),
        "type": "text", "text": { "body": text } });
    if let Some(reply_to) = reply_to {
        message["context"] = json!({ "from": "622412345678", "id": reply_to });
    }
    webhook(&json!({ "contacts": [{ "wa_id": from }], "messages": [message] }))
}

/// A person pressed a button of a template.
pub(crate) fn button_webhook(
    from: &str,
    id: &str,
    at: i64,
    payload: &str,
    reply_to: &str,
) -> Vec<u8> {
    webhook(
        &json!({ "messages": [{ "from": from, "id": id, "timestamp": at.to_string(),
        "type": "button", "button": { "payload": payload, "text": payload },
        "context": { "from": "622412345678", "id": reply_to } }] }),
    )
}

/// A person pressed a button of a session message.
pub(crate) fn interactive_webhook(
    from: &str,
    id: &str,
    at: i64,
    payload: &str,
    reply_to: &str,
) -> Vec<u8> {
    webhook(
        &json!({ "messages": [{ "from": from, "id": id, "timestamp": at.to_string(),
        "type": "interactive",
        "interactive": { "type": "button_reply", "button_reply": { "id": payload, "title": payload } },
        "context": { "from": "622412345678", "id": reply_to } }] }),
    )
}

/// What became of one message: `sent`, `delivered`, `read`, or `failed` with an error code.
pub(crate) fn status_webhook(
    id: &str,
    to: &str,
    at: i64,
    status: &str,
    error: Option<i64>,
    reference: Option<&str>,
) -> Vec<u8> {
    let mut item = json!({ "id": id, "status": status, "timestamp": at.to_string(),
        "recipient_id": to });
    if let Some(code) = error {
        item["errors"] = json!([{ "code": code, "title": "failed", "message": "failed",
            "error_data": { "details": "as told" } }]);
    }
    if let Some(reference) = reference {
        item["biz_opaque_callback_data"] = reference.into();
    }
    webhook(&json!({ "statuses": [item] }))
}

/// The same webhook twice, as Meta does when an answer is late: body and signature.
pub(crate) fn twice(body: &[u8]) -> [(Vec<u8>, String); 2] {
    [(body.to_vec(), sign(body)), (body.to_vec(), sign(body))]
}
