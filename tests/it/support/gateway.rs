//! An HTTP gateway that records every request and misbehaves on request.
//!
//! It speaks HTTP/1.1 by hand, because no honest server library can close without an answer or
//! answer twice. It runs on a thread of its own, so that neither a busy nor a blocked test slows it.
//! It also serves as the other end of callbacks: give it [`Answer::empty`] and look at what came.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use super::{
    percent,
    ports::Port,
    wait::{PATIENCE, eventually},
};

/// What the gateway does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A status and a body of JSON; `{n}` in the body becomes the request's number, from 1.
    Reply(u16, String),
    /// 429, with the wish to be left alone for so many seconds.
    Limited(u32),
    /// The answer inside, late.
    Slowly(Duration, Box<Answer>),
    /// The answer inside, two times over on the same connection.
    Twice(Box<Answer>),
    /// Reads the request and never says a word.
    Hang,
    /// Reads the request and closes the connection.
    CloseAfterReading,
}

impl Answer {
    /// Takes the message: 200 and an id `gw-<n>`.
    pub(crate) fn accept() -> Self {
        Self::Reply(200, r#"{"id":"gw-{n}","status":"accepted"}"#.into())
    }

    /// A status with a short body.
    pub(crate) fn status(status: u16) -> Self {
        Self::Reply(status, format!(r#"{{"error":"told to say {status}"}}"#))
    }

    /// 200 and nothing, as a webhook answers.
    pub(crate) fn empty() -> Self {
        Self::Reply(200, String::new())
    }
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `GET`, `POST`, ...
    pub(crate) method: String,
    /// The path without its query.
    pub(crate) path: String,
    /// The headers, their names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    /// Query, form and top-level JSON fields together; the body wins.
    pub(crate) fields: BTreeMap<String, String>,
    /// The raw body.
    pub(crate) body: Vec<u8>,
    /// When it had been read.
    pub(crate) arrived: Instant,
    /// What it gets.
    pub(crate) answer: Answer,
}

impl Request {
    /// The field `name`, or nothing.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The sender's reference of the message.
    pub(crate) fn reference(&self) -> &str {
        self.field("reference")
    }

    /// Whether the message is taken, sooner or later.
    pub(crate) fn is_accepted(&self) -> bool {
        let mut answer = &self.answer;
        while let Answer::Slowly(_, inside) | Answer::Twice(inside) = answer {
            answer = inside;
        }
        matches!(answer, Answer::Reply(200..=299, _))
    }

    /// The number it goes to.
    pub(crate) fn to(&self) -> &str {
        self.field("to")
    }

    /// What the message says.
    pub(crate) fn text(&self) -> &str {
        self.field("text")
    }
}

#[derive(Debug)]
struct State {
    requests: Vec<Request>,
    for_everyone: Answer,
    for_number: HashMap<String, Answer>,
}

/// A running gateway; ends with this value.
#[derive(Debug)]
pub(crate) struct Gateway {
    port: Port,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Gateway {
    /// Starts one that accepts everything.
    pub(crate) fn start() -> Self {
        let state = State {
            requests: Vec::new(),
            for_everyone: Answer::accept(),
            for_number: HashMap::new(),
        };
        let mut gateway = Self {
            port: Port::take(),
            state: Arc::new(Mutex::new(state)),
            stop: None,
            thread: None,
        };
        gateway.restart();
        gateway
    }

    /// `http://127.0.0.1:<port>`; any path will do.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// What everyone gets who has no answer of his own.
    pub(crate) fn answer_everyone(&self, answer: Answer) {
        self.state.lock().unwrap().for_everyone = answer;
    }

    /// What a message to the number `to` gets, from now on.
    pub(crate) fn answer(&self, to: &str, answer: Answer) {
        let mut state = self.state.lock().unwrap();
        state.for_number.insert(to.to_owned(), answer);
    }

    /// Every request so far, in the order in which they were read.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Those that came after so many.
    pub(crate) fn requests_since(&self, seen: usize) -> Vec<Request> {
        self.state.lock().unwrap().requests[seen..].to_vec()
    }

    /// Waits until a request came that `predicate` accepts; an earlier one counts.
    pub(crate) async fn wait_for_request(
        &self,
        what: &str,
        predicate: impl Fn(&Request) -> bool,
        limit: Duration,
    ) -> Request {
        eventually(what, limit, || {
            let state = self.state.lock().unwrap();
            state.requests.iter().find(|seen| predicate(seen)).cloned()
        })
        .await
    }

    /// Waits until `count` requests came in all.
    pub(crate) async fn wait_for_count(&self, count: usize, limit: Duration) {
        let what = format!("{count} requests at the gateway");
        let enough = || (self.state.lock().unwrap().requests.len() >= count).then_some(());
        eventually(&what, limit, enough).await;
    }

    /// Goes away: open connections are cut, new ones refused. What was recorded stays.
    pub(crate) fn stop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    /// Comes back at the same address.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let (stop, stopped) = oneshot::channel::<()>();
        let (bound, ready) = std::sync::mpsc::channel();
        let state = Arc::clone(&self.state);
        let address = ("127.0.0.1", self.port.number());
        self.thread = Some(std::thread::spawn(move || {
            // Dropping the runtime cuts every connection.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                // A child started just now may hold a copy of the last socket until its `exec`.
                let what = format!("port {} to be free for the gateway", address.1);
                let bind = || std::net::TcpListener::bind(address).ok();
                let listener = eventually(&what, PATIENCE, bind).await;
                listener.set_nonblocking(true).unwrap();
                let listener = TcpListener::from_std(listener).unwrap();
                bound.send(()).unwrap();
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, state) => {}
                }
            });
        }));
        ready.recv().expect("the gateway binds its port");
        self.stop = Some(stop);
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        // A client that goes away in the middle is the client's affair.
        tokio::spawn(async move { serve(stream, state).await.ok() });
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(mut request) = read(&mut stream).await? {
        let (mut answer, number) = {
            let mut state = state.lock().unwrap();
            let answer = state.for_number.get(request.to());
            let answer = answer.unwrap_or(&state.for_everyone).clone();
            request.answer = answer.clone();
            state.requests.push(request);
            (answer, state.requests.len())
        };
        let mut times = 1;
        loop {
            match answer {
                Answer::Slowly(late, inside) => {
                    // Patience of a peer; a future that never ends is what a late answer waits for.
                    let _ = tokio::time::timeout(late, std::future::pending::<()>()).await;
                    answer = *inside;
                }
                Answer::Twice(inside) => {
                    times *= 2;
                    answer = *inside;
                }
                Answer::Hang => std::future::pending().await,
                Answer::CloseAfterReading => return Ok(()),
                Answer::Limited(seconds) => {
                    let reply = format!(
                        "HTTP/1.1 429 Told\r\nretry-after: {seconds}\r\ncontent-length: 0\r\n\r\n"
                    );
                    stream.write_all(reply.as_bytes()).await?;
                    break;
                }
                Answer::Reply(status, body) => {
                    let body = body.replace("{n}", &number.to_string());
                    let length = body.len();
                    let reply = format!(
                        "HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\n\
                         content-length: {length}\r\n\r\n{body}"
                    );
                    stream.write_all(reply.repeat(times).as_bytes()).await?;
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Reads one request; nothing when the client has closed between two.
async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut first = String::new();
    if stream.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(Ok(0), |n| n.parse());
    let mut body = vec![0; length.expect("content-length is a number")];
    stream.read_exact(&mut body).await?;
    let fields = fields(query, &headers, &body);
    Ok(Some(Request {
        method,
        path: path.to_owned(),
        headers,
        fields,
        body,
        arrived: Instant::now(),
        answer: Answer::Hang,
    }))
}

fn fields(
    query: &str,
    headers: &BTreeMap<String, String>,
    body: &[u8],
) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<_, _> = percent::fields(query).into_iter().collect();
    let kind = headers.get("content-type").map_or("", String::as_str);
    if kind.contains("form-urlencoded") {
        fields.extend(percent::fields(&String::from_utf8_lossy(body)));
    } else if let Ok(serde_json::Value::Object(object)) = serde_json::from_slice(body) {
        fields.extend(object.into_iter().map(|(name, value)| match value {
            serde_json::Value::String(text) => (name, text),
            other => (name, other.to_string()),
        }));
    }
    fields
}
