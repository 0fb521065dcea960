//! A strict stand-in for Twilio's Messages resource.
//!
//! It refuses whatever the published interface (version 2010-04-01) refuses, with Twilio's own error
//! codes: a wrong account, two senders, a body and a content at once, a number that is none. It
//! records what arrived, fails as it is told, and calls the service with webhooks signed as Twilio
//! signs them.

use std::{
    collections::{BTreeMap, HashMap},
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
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use tokio::{net::TcpListener, task::AbortHandle};

use super::{
    percent,
    wait::{PATIENCE, eventually},
};

/// The account that it serves.
pub(crate) const ACCOUNT_SID: &str = "AC0123456789abcdef0123456789abcdef";
/// What it is authenticated by, and signs with.
pub(crate) const AUTH_TOKEN: &str = "rahasia-twilio";
/// The account's number, for short messages and WhatsApp.
pub(crate) const NUMBER: &str = "+15005550006";
/// The account's messaging service.
pub(crate) const SERVICE_SID: &str = "MG0123456789abcdef0123456789abcdef";
/// The approved contents: id, and how many variables it has.
pub(crate) const CONTENTS: [(&str, usize); 2] = [
    ("HX00000000000000000000000000000009", 9),
    ("HX00000000000000000000000000000010", 10),
];

type Fields = BTreeMap<String, String>;

/// How it behaves towards one number.
#[derive(Debug, Clone)]
pub(crate) enum Mood {
    /// Refuses with this status and code.
    Error(u16, i64),
    /// Takes the message and never answers.
    Hang,
}

#[derive(Default)]
struct Seen {
    messages: Vec<Fields>,
    violations: Vec<String>,
    moods: HashMap<String, Mood>,
}

/// The running stand-in; it stops when dropped.
pub(crate) struct FakeTwilio {
    /// Its address, for `base_url`.
    pub(crate) base_url: String,
    seen: Arc<Mutex<Seen>>,
    task: AbortHandle,
    http: reqwest::Client,
}

impl Drop for FakeTwilio {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts one on a free port of the loopback.
pub(crate) async fn start() -> FakeTwilio {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::<Mutex<Seen>>::default();
    let router = Router::new().fallback(receive).with_state(seen.clone());
    let task = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
    FakeTwilio {
        base_url,
        seen,
        task,
        http: siaga::channel::registry::http_client().unwrap(),
    }
}

/// A webhook as Twilio would send it.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Webhook {
    /// Its right signature.
    pub(crate) fn signature(&self) -> String {
        let mut sorted = self.fields.clone();
        sorted.sort();
        let mut text = self.url.clone();
        for (name, value) in sorted {
            text += &name;
            text += &value;
        }
        let mut mac = Hmac::<Sha1>::new_from_slice(AUTH_TOKEN.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }

    /// The same with another value of a field.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl FakeTwilio {
    /// The messages taken so far, oldest first; those that it was told to fail included.
    pub(crate) fn messages(&self) -> Vec<Fields> {
        lock(&self.seen).messages.clone()
    }

    /// Waits until so many messages to an address (`+62...` or `whatsapp:+62...`) have come; gives
    /// their places among all, and the messages.
    pub(crate) async fn wait_for_messages(&self, to: &str, count: usize) -> Vec<(usize, Fields)> {
        let what = format!("{count} messages to {to}");
        eventually(&what, PATIENCE, || {
            let all = self.messages().into_iter().enumerate();
            let found: Vec<_> = all.filter(|(_, message)| message["To"] == to).collect();
            (found.len() >= count).then_some(found)
        })
        .await
    }

    /// What was wrong with requests so far, one line each.
    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.seen).violations.clone()
    }

    /// Behaves so towards an address from now on.
    pub(crate) fn set_mood(&self, to: &str, mood: Mood) {
        lock(&self.seen).moods.insert(to.to_owned(), mood);
    }

    /// Takes messages to an address again.
    pub(crate) fn set_well(&self, to: &str) {
        lock(&self.seen).moods.remove(to);
    }

    /// The id that it gave to the n-th message, from 0.
    pub(crate) fn sid_of(n: usize) -> String {
        format!("SM{n:032x}")
    }

    /// The callback that tells how the n-th message fared.
    pub(crate) fn status(&self, n: usize, status: &str, error: Option<i64>) -> Webhook {
        let message = &self.messages()[n];
        let sid = Self::sid_of(n);
        let mut fields = vec![
            ("MessageSid", sid.as_str()),
            ("SmsSid", &sid),
            ("MessageStatus", status),
            ("SmsStatus", status),
            ("AccountSid", ACCOUNT_SID),
            ("From", NUMBER),
            ("To", &message["To"]),
            ("ApiVersion", "2010-04-01"),
            // Twilio adds parameters as it likes.
            ("RawDlrDoneDate", "2611242217"),
        ];
        let code = error.map(|code| code.to_string()).unwrap_or_default();
        if !code.is_empty() {
            fields.push(("ErrorCode", &code));
        }
        webhook(&message["StatusCallback"], &fields)
    }

    /// Sends a webhook with this signature; gives the answer's status, kind and body.
    pub(crate) async fn send(&self, it: &Webhook, signature: &str) -> (u16, String, String) {
        let request = self.http.post(&it.url).form(&it.fields);
        let answer = request
            .header("x-twilio-signature", signature)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type");
        let kind = kind.map_or("", |value| value.to_str().unwrap()).to_owned();
        (status, kind, answer.text().await.unwrap())
    }

    /// Sends a webhook with its right signature.
    pub(crate) async fn signed(&self, it: &Webhook) -> (u16, String, String) {
        self.send(it, &it.signature()).await
    }
}

fn webhook(url: &str, fields: &[(&str, &str)]) -> Webhook {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Webhook {
        url: url.to_owned(),
        fields: fields.iter().map(owned).collect(),
    }
}

/// A message from a person (`+62...` or `whatsapp:+62...`) to our number.
pub(crate) fn incoming(url: &str, from: &str, sid: &str, body: &str) -> Webhook {
    let to = if from.starts_with("whatsapp:") {
        format!("whatsapp:{NUMBER}")
    } else {
        NUMBER.to_owned()
    };
    webhook(
        url,
        &[
            ("ToCountry", "US"),
            ("ToState", ""),
            ("SmsMessageSid", sid),
            ("NumMedia", "0"),
            ("SmsSid", sid),
            ("SmsStatus", "received"),
            ("Body", body),
            ("To", &to),
            ("NumSegments", "1"),
            ("MessageSid", sid),
            ("AccountSid", ACCOUNT_SID),
            ("From", from),
            ("ApiVersion", "2010-04-01"),
        ],
    )
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A refusal: HTTP status, Twilio's code, words.
type Refusal = (u16, i64, String);

async fn receive(
    State(seen): State<Arc<Mutex<Seen>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let checked = check_envelope(&method, &uri, &headers).and_then(|()| check_message(&body));
    let message = match checked {
        Ok(message) => message,
        Err((status, code, words)) => {
            lock(&seen).violations.push(format!("{code}: {words}"));
            return refusal(status, code, &words);
        }
    };
    let (n, mood) = {
        let mut seen = lock(&seen);
        seen.messages.push(message.clone());
        let mood = seen.moods.get(&message["To"]).cloned();
        (seen.messages.len() - 1, mood)
    };
    match mood {
        Some(Mood::Error(status, code)) => return refusal(status, code, "as told"),
        Some(Mood::Hang) => return pending().await,
        None => {}
    }
    let body = json!({
        "account_sid": ACCOUNT_SID, "api_version": "2010-04-01", "body": message.get("Body"),
        "date_created": "Tue, 24 Nov 2026 20:36:28 +0000", "date_sent": null,
        "direction": "outbound-api", "error_code": null, "error_message": null,
        "from": message.get("From"), "messaging_service_sid": message.get("MessagingServiceSid"),
        "num_media": "0", "num_segments": "1", "price": null, "price_unit": null,
        "sid": FakeTwilio::sid_of(n), "status": "queued", "to": message["To"],
    });
    (StatusCode::CREATED, Json(body)).into_response()
}

fn refusal(status: u16, code: i64, words: &str) -> Response {
    let body = json!({ "code": code, "message": words, "status": status,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}") });
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

fn refuse<T>(status: u16, code: i64, words: impl Into<String>) -> Result<T, Refusal> {
    Err((status, code, words.into()))
}

fn check_envelope(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let path = format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json");
    if uri.path() != path || uri.query().is_some() {
        return refuse(404, 20_404, uri.to_string());
    }
    if method != Method::POST {
        return refuse(405, 20_004, method.as_str());
    }
    let basic = STANDARD.encode(format!("{ACCOUNT_SID}:{AUTH_TOKEN}"));
    if header("authorization") != Some(&format!("Basic {basic}")) {
        return refuse(401, 20_003, "Authenticate");
    }
    if header("content-type") != Some("application/x-www-form-urlencoded") {
        return refuse(415, 20_415, "content type");
    }
    Ok(())
}

/// The parameters that the resource has and that the service uses.
const PARAMETERS: [&str; 8] = [
    "To",
    "From",
    "MessagingServiceSid",
    "Body",
    "ContentSid",
    "ContentVariables",
    "StatusCallback",
    "ValidityPeriod",
];

fn check_message(body: &[u8]) -> Result<Fields, Refusal> {
    let body = std::str::from_utf8(body).or_else(|_| refuse(400, 21_619, "no UTF-8"))?;
    let mut message = Fields::new();
    for (name, value) in percent::fields(body) {
        if !PARAMETERS.contains(&name.as_str()) {
            return refuse(400, 20_001, format!("there is no parameter {name}"));
        }
        if message.insert(name.clone(), value).is_some() {
            return refuse(400, 20_001, format!("{name} stands twice"));
        }
    }
    let field = |name: &str| message.get(name).map(String::as_str);
    let Some(to) = field("To") else {
        return refuse(400, 21_604, "To is required");
    };
    let bare = to.strip_prefix("whatsapp:").unwrap_or(to);
    if !is_e164(bare) {
        return refuse(400, 21_211, format!("To: {to}"));
    }
    let is_whatsapp = bare != to;
    check_sender(field("From"), field("MessagingServiceSid"), is_whatsapp)?;
    check_content(
        field("Body"),
        field("ContentSid"),
        field("ContentVariables"),
        is_whatsapp,
    )?;
    let callback = field("StatusCallback").unwrap_or_default();
    if reqwest::Url::parse(callback).is_err() {
        return refuse(400, 21_609, format!("StatusCallback: {callback}"));
    }
    let validity = field("ValidityPeriod").map(|text| text.parse::<u32>().unwrap_or(0));
    if validity.is_some_and(|seconds| !(1..=36_000).contains(&seconds)) {
        return refuse(400, 21_623, "ValidityPeriod is not from 1 to 36000");
    }
    Ok(message)
}

fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

fn check_sender(
    from: Option<&str>,
    service: Option<&str>,
    is_whatsapp: bool,
) -> Result<(), Refusal> {
    match (from, service) {
        (None, None) => refuse(400, 21_603, "From or MessagingServiceSid is required"),
        (Some(_), Some(_)) => refuse(400, 20_001, "From and MessagingServiceSid"),
        (None, Some(SERVICE_SID)) => Ok(()),
        (None, Some(other)) => refuse(400, 21_701, other),
        (Some(from), None) if is_whatsapp => {
            if from == format!("whatsapp:{NUMBER}") {
                Ok(())
            } else {
                refuse(400, 63_007, from)
            }
        }
        (Some(NUMBER), None) => Ok(()),
        (Some(from), None) => refuse(400, 21_606, from),
    }
}

fn check_content(
    body: Option<&str>,
    content: Option<&str>,
    variables: Option<&str>,
    is_whatsapp: bool,
) -> Result<(), Refusal> {
    match (body, content) {
        (None | Some(""), None) => refuse(400, 21_602, "Body is required"),
        (Some(_), Some(_)) => refuse(400, 20_001, "Body and ContentSid"),
        (Some(_), None) if variables.is_some() => {
            refuse(400, 20_001, "ContentVariables without ContentSid")
        }
        (Some(body), None) if body.chars().count() > 1600 => refuse(400, 21_617, "too long"),
        (Some(_), None) => Ok(()),
        (None, Some(_)) if !is_whatsapp => refuse(400, 21_655, "a content by SMS"),
        (None, Some(content)) => {
            let Some((_, count)) = CONTENTS.iter().find(|(sid, _)| *sid == content) else {
                return refuse(400, 21_655, content);
            };
            check_variables(variables.unwrap_or("{}"), *count)
        }
    }
}

fn check_variables(text: &str, count: usize) -> Result<(), Refusal> {
    let variables: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let given = variables.as_object().map_or(0, serde_json::Map::len);
    let is_value = |n: usize| {
        let value = variables[n.to_string()].as_str().unwrap_or_default();
        !value.trim().is_empty() && !value.contains(['\n', '\t', '\r']) && !value.contains("    ")
    };
    if given == count && (1..=count).all(is_value) {
        Ok(())
    } else {
        refuse(400, 21_656, text)
    }
}
