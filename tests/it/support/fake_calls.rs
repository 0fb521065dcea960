//! A strict stand-in for Twilio's Calls resource, and the people who are called.
//!
//! It refuses what the published interface (version 2010-04-01) refuses, reads every script against a
//! list of what it may hold, and then plays the one who was called: presses keys, is busy, lets it
//! ring, leaves it to a machine. It calls the service back with webhooks signed as Twilio signs them.

use std::{
    collections::HashMap,
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
use serde_json::json;
use tokio::{net::TcpListener, task::AbortHandle};

use super::{
    fake_twilio::{ACCOUNT_SID, AUTH_TOKEN, NUMBER, Webhook},
    percent,
    script::{self, Script},
    wait::{PATIENCE, eventually},
};

/// What the one who is called does.
#[derive(Debug, Clone)]
pub(crate) enum Human {
    /// Picks up, presses these keys in turn, and listens to the end.
    Presses(&'static [&'static str]),
    /// Picks up and presses nothing.
    Listens,
    /// Speaks to somebody else.
    Busy,
    /// Lets it ring.
    Away,
    /// Has a machine.
    Machine,
    /// There is no such telephone.
    Nobody,
    /// The interface refuses the call with this status and code.
    Refused(u16, i64),
    /// The interface takes the call and never answers.
    Hang,
}

/// A call that was taken, as it went.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) fields: Vec<(String, String)>,
    /// What was played: the call's own script, and the answer to each key.
    pub(crate) played: Vec<Script>,
    /// Whether it is over.
    pub(crate) over: bool,
}

impl Call {
    /// The first value of a field, or nothing.
    pub(crate) fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

#[derive(Default)]
struct Seen {
    calls: Vec<Call>,
    violations: Vec<String>,
    people: HashMap<String, Human>,
}

/// The running stand-in; it stops when dropped.
pub(crate) struct FakeCalls {
    /// Its address, for `base_url`.
    pub(crate) base_url: String,
    seen: Arc<Mutex<Seen>>,
    task: AbortHandle,
    http: reqwest::Client,
}

impl Drop for FakeCalls {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Desk {
    seen: Arc<Mutex<Seen>>,
    http: reqwest::Client,
}

/// Starts one on a free port of the loopback.
pub(crate) async fn start() -> FakeCalls {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::<Mutex<Seen>>::default();
    let http = siaga::channel::registry::http_client().unwrap();
    let desk = Desk {
        seen: seen.clone(),
        http: http.clone(),
    };
    let router = Router::new().fallback(receive).with_state(desk);
    let task = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
    FakeCalls {
        base_url,
        seen,
        task,
        http,
    }
}

impl FakeCalls {
    /// Who is called at this number does so from now on.
    pub(crate) fn at(&self, number: &str, human: Human) {
        lock(&self.seen).people.insert(number.to_owned(), human);
    }

    /// The calls taken so far, oldest first.
    pub(crate) fn calls(&self) -> Vec<Call> {
        lock(&self.seen).calls.clone()
    }

    /// What was wrong with requests and scripts so far, one line each.
    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.seen).violations.clone()
    }

    /// Waits until so many calls to a number have been taken; gives their places and them.
    pub(crate) async fn wait_for_calls(&self, to: &str, count: usize) -> Vec<(usize, Call)> {
        eventually(&format!("{count} calls to {to}"), PATIENCE, || {
            let calls = self.calls().into_iter().enumerate();
            let found: Vec<_> = calls.filter(|(_, call)| call.field("To") == to).collect();
            (found.len() >= count).then_some(found)
        })
        .await
    }

    /// Waits until the n-th call is over; gives it.
    pub(crate) async fn wait_until_over(&self, n: usize) -> Call {
        eventually(&format!("call {n} to be over"), PATIENCE, || {
            self.calls().into_iter().nth(n).filter(|call| call.over)
        })
        .await
    }

    /// The id that it gave to the n-th call, from 0.
    pub(crate) fn sid_of(n: usize) -> String {
        format!("CA{n:032x}")
    }

    /// The webhook of a key on the n-th call.
    pub(crate) fn key(&self, n: usize, digits: &str) -> Webhook {
        let call = &self.calls()[n];
        let action = call.played[0].keys_to.clone().expect("a key is awaited");
        about(&action, n, call, &[("Digits", digits)])
    }

    /// The webhook of the n-th call's status.
    pub(crate) fn status(&self, n: usize, status: &str) -> Webhook {
        let call = &self.calls()[n];
        about(
            call.field("StatusCallback"),
            n,
            call,
            &[("CallStatus", status)],
        )
    }

    /// Sends a webhook with this signature; gives the answer's status and body.
    pub(crate) async fn send(&self, webhook: &Webhook, signature: &str) -> (u16, String) {
        post(&self.http, webhook, signature).await
    }
}

async fn post(http: &reqwest::Client, webhook: &Webhook, signature: &str) -> (u16, String) {
    let request = http.post(&webhook.url).form(&webhook.fields);
    let answer = request.header("x-twilio-signature", signature).send();
    let answer = answer.await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A webhook about a call, with what Twilio always sends.
fn about(url: &str, n: usize, call: &Call, more: &[(&str, &str)]) -> Webhook {
    let sid = FakeCalls::sid_of(n);
    let to = call.field("To");
    let mut fields: Vec<(String, String)> = [
        ("CallSid", sid.as_str()),
        ("AccountSid", ACCOUNT_SID),
        ("From", NUMBER),
        ("To", to),
        ("Caller", NUMBER),
        ("Called", to),
        ("CallStatus", "in-progress"),
        ("Direction", "outbound-api"),
        ("ApiVersion", "2010-04-01"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (name, value) in more {
        fields.retain(|(known, _)| known != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    Webhook {
        url: url.to_owned(),
        fields,
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A refusal: HTTP status, Twilio's code, words.
type Refusal = (u16, i64, String);

async fn receive(
    State(desk): State<Desk>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let checked = check_envelope(&method, &uri, &headers).and_then(|()| check_call(&body));
    let (fields, script) = match checked {
        Ok(good) => good,
        Err((status, code, words)) => {
            let violation = format!("{code}: {words}");
            lock(&desk.seen).violations.push(violation);
            return refusal(status, code, &words);
        }
    };
    let call = Call {
        fields,
        played: vec![script],
        over: false,
    };
    let to = call.field("To").to_owned();
    let (n, human) = {
        let mut seen = lock(&desk.seen);
        seen.calls.push(call);
        (seen.calls.len() - 1, seen.people.get(&to).cloned())
    };
    match human {
        Some(Human::Refused(status, code)) => return refusal(status, code, "as told"),
        Some(Human::Hang) => return pending().await,
        Some(human) => drop(tokio::spawn(desk.play(n, human))),
        None => {}
    }
    let body = json!({
        "sid": FakeCalls::sid_of(n), "account_sid": ACCOUNT_SID, "status": "queued", "to": to,
        "from": NUMBER, "direction": "outbound-api", "answered_by": null, "price": null,
        "api_version": "2010-04-01", "date_created": null, "duration": null,
    });
    (StatusCode::CREATED, Json(body)).into_response()
}

impl Desk {
    fn call(&self, n: usize) -> Call {
        lock(&self.seen).calls[n].clone()
    }

    /// Plays one call to its end.
    async fn play(self, n: usize, human: Human) {
        let detects = !self.call(n).field("MachineDetection").is_empty();
        let last = match human {
            Human::Presses(keys) => {
                self.tell(n, "in-progress", detects.then_some("human"))
                    .await;
                self.press(n, keys).await;
                ("completed", detects.then_some("human"))
            }
            Human::Listens => {
                self.tell(n, "in-progress", detects.then_some("human"))
                    .await;
                ("completed", detects.then_some("human"))
            }
            Human::Machine => {
                let by = detects.then_some("machine_start");
                self.tell(n, "in-progress", by).await;
                ("completed", by)
            }
            Human::Busy => ("busy", None),
            Human::Away => ("no-answer", None),
            Human::Nobody => ("failed", None),
            Human::Refused(..) | Human::Hang => return,
        };
        self.tell(n, last.0, last.1).await;
        lock(&self.seen).calls[n].over = true;
    }

    async fn press(&self, n: usize, keys: &[&str]) {
        for key in keys {
            let call = self.call(n);
            let now = call.played.last().unwrap();
            let Some(action) = now.keys_to.clone() else {
                let violation = format!("call {n}: no key is awaited any more");
                return lock(&self.seen).violations.push(violation);
            };
            let webhook = about(&action, n, &call, &[("Digits", key)]);
            let (status, text) = post(&self.http, &webhook, &webhook.signature()).await;
            let next = match script::read(&text) {
                Ok(script) if status == 200 => script,
                odd => {
                    let violation = format!("call {n}, key {key}: {status} {odd:?} {text}");
                    return lock(&self.seen).violations.push(violation);
                }
            };
            lock(&self.seen).calls[n].played.push(next);
        }
    }

    async fn tell(&self, n: usize, status: &str, by: Option<&str>) {
        let call = self.call(n);
        let event = match status {
            "in-progress" => "answered",
            _ => "completed",
        };
        let wanted =
            |(name, value): &(String, String)| name == "StatusCallbackEvent" && value == event;
        if !call.fields.iter().any(wanted) {
            return;
        }
        let mut more = vec![("CallStatus", status)];
        more.extend(by.map(|by| ("AnsweredBy", by)));
        if status == "completed" {
            more.push(("CallDuration", "21"));
        }
        let webhook = about(call.field("StatusCallback"), n, &call, &more);
        let (answer, text) = post(&self.http, &webhook, &webhook.signature()).await;
        if answer != 204 {
            let violation = format!("call {n}, {status}: {answer} {text}");
            lock(&self.seen).violations.push(violation);
        }
    }
}

fn refusal(status: u16, code: i64, words: &str) -> Response {
    let body = json!({ "code": code, "message": words, "status": status });
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

fn refuse<T>(status: u16, code: i64, words: impl Into<String>) -> Result<T, Refusal> {
    Err((status, code, words.into()))
}

fn check_envelope(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if uri.path() != format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json")
        || uri.query().is_some()
    {
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
const PARAMETERS: [&str; 7] = [
    "To",
    "From",
    "Twiml",
    "Timeout",
    "MachineDetection",
    "StatusCallback",
    "StatusCallbackEvent",
];

fn check_call(body: &[u8]) -> Result<(Vec<(String, String)>, Script), Refusal> {
    let body = std::str::from_utf8(body).or_else(|_| refuse(400, 20_001, "no UTF-8"))?;
    let fields = percent::fields(body);
    for (at, (name, _)) in fields.iter().enumerate() {
        if !PARAMETERS.contains(&name.as_str()) {
            return refuse(400, 20_001, format!("there is no parameter {name}"));
        }
        let again = fields[..at].iter().any(|(known, _)| known == name);
        if again && name != "StatusCallbackEvent" {
            return refuse(400, 20_001, format!("{name} stands twice"));
        }
    }
    let all = |name: &'static str| {
        let of_name = fields.iter().filter(move |(known, _)| known == name);
        of_name.map(|(_, value)| value.as_str())
    };
    let field = |name| all(name).next();
    let Some(to) = field("To") else {
        return refuse(400, 21_201, "To is required");
    };
    let digits = to.strip_prefix('+').unwrap_or_default();
    if !(8..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return refuse(400, 21_211, format!("To: {to}"));
    }
    match field("From") {
        None => return refuse(400, 21_213, "From is required"),
        Some(NUMBER) => {}
        Some(other) => return refuse(400, 21_210, other),
    }
    let ring = field("Timeout").map_or(Ok(60), str::parse::<u32>);
    if !ring.is_ok_and(|seconds| (1..=600).contains(&seconds)) {
        return refuse(400, 20_001, "Timeout is not from 1 to 600");
    }
    if !matches!(
        field("MachineDetection"),
        None | Some("Enable" | "DetectMessageEnd")
    ) {
        return refuse(400, 20_001, "MachineDetection");
    }
    let callback = field("StatusCallback").unwrap_or_default();
    if reqwest::Url::parse(callback).is_err() {
        return refuse(400, 21_609, format!("StatusCallback: {callback}"));
    }
    let known = ["initiated", "ringing", "answered", "completed"];
    if let Some(odd) = all("StatusCallbackEvent").find(|event| !known.contains(event)) {
        return refuse(400, 20_001, format!("StatusCallbackEvent: {odd}"));
    }
    let Some(script) = field("Twiml") else {
        return refuse(400, 21_205, "Url, Twiml or ApplicationSid is required");
    };
    if script.chars().count() > 4000 {
        return refuse(400, 20_001, "Twiml has more than 4000 characters");
    }
    match script::read(script) {
        Ok(script) => Ok((fields, script)),
        Err(fault) => refuse(400, 12_100, format!("{fault}: {script}")),
    }
}
