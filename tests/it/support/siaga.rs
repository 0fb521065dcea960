//! The real program as an operator runs it: a settings file, a data folder, a process that can be
//! killed.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::Signal;
use sha2::{Digest, Sha256};
use siaga::{
    clock::{Clock, SystemClock},
    seam::Seam,
    store::{Address, embedded},
};

use super::{
    ports::Port,
    process::{Process, signal_one},
    replayed, wait,
};

/// The API key of the tests.
pub(crate) const KEY: &str = "siaga_test_key";

/// The head of DISHUB, who has one telephone; nobody else is there.
pub(crate) const HEAD: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
sms = "0811-0000-0001"
[holders]
"DISHUB.kepala" = "budi"
"#;

pub(crate) struct Siaga {
    pub(crate) folder: tempfile::TempDir,
    port: Port,
    process: Option<Process>,
    http: reqwest::Client,
    environment: Vec<(String, String)>,
}

/// What the settings of a test say of its own.
#[derive(Default)]
pub(crate) struct Settings<'a> {
    /// Lines of the section `[inbound]`.
    pub(crate) inbound: &'a str,
    /// Whole sections: gateways, links.
    pub(crate) more: &'a str,
    /// The directory's people and who holds what.
    pub(crate) people: &'a str,
    /// A policy in the place of the shipped one, under its name.
    pub(crate) policy: Option<&'a str>,
}

impl Siaga {
    /// Writes the settings; `gateways` and `people` are TOML. Does not start yet.
    pub(crate) fn prepare() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            port: Port::take(),
            process: None,
            http: siaga::channel::registry::http_client().unwrap(),
            environment: Vec::new(),
        }
    }

    /// Sets a setting by the environment, which wins over the file: `redis.appendfsync`.
    pub(crate) fn set(&mut self, setting: &str, value: &str) {
        let name = setting.to_uppercase().replace('.', "__");
        self.environment
            .push((format!("SIAGA__{name}"), value.to_owned()));
    }

    /// Sets a variable of the environment that is no setting.
    pub(crate) fn environ(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn write(&self, kannel_secret: &str, gateways: &str, people: &str) {
        self.write_settings(&Settings {
            inbound: &format!("kannel_secret = \"{kannel_secret}\""),
            more: gateways,
            people,
            policy: None,
        });
    }

    /// Writes the settings with whatever they say beyond what every test needs.
    pub(crate) fn write_settings(&self, settings: &Settings<'_>) {
        let Settings {
            inbound,
            more,
            people,
            policy,
        } = settings;
        // News goes by the hour of the day and waits for the end of a minute, which no test may
        // depend on that is not about news.
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config/policies/baku.toml");
        let shipped = std::fs::read_to_string(shipped).unwrap();
        let quiet = shipped.replace("updates = \"daytime\"", "updates = \"never\"");
        assert_ne!(quiet, shipped);
        let policies = self.folder.path().join("policies");
        std::fs::create_dir_all(&policies).unwrap();
        let written = match policy {
            Some(own) if own.contains("updates =") => (*own).to_owned(),
            Some(own) => format!("updates = \"never\"\n{own}"),
            None => quiet,
        };
        std::fs::write(policies.join("baku.toml"), written).unwrap();
        let root = env!("CARGO_MANIFEST_DIR");
        let hash = hex::encode(Sha256::digest(KEY.as_bytes()));
        let mut text = format!(
            r#"
[server]
listen = "127.0.0.1:{port}"
public_url = "{base}"
[redis]
data_dir = "{data}"
[engine]
lease = "5s"
attempt_timeout = "3s"
# A page a message: what a test counts are pages. Floods have tests of their own, which set it.
bundle_window = "0s"
[inbound]
{inbound}
[outgoing]
# Every peer of a test is on this machine.
private = ["127.0.0.0/8"]
[data]
directory = ["{root}/config/units.toml", "{people}"]
policies = "{policies}"
calendars = "{root}/config/calendars"
holidays = "{root}/config/holidays"
[[api_keys]]
name = "test"
sha256 = "{hash}"
scopes = ["intake", "read", "contacts"]
"#,
            port = self.port.number(),
            base = self.base(),
            data = self.data().display(),
            policies = Path::new(root).join(policies).display(),
            people = self.folder.path().join("people.toml").display(),
        );
        writeln!(text, "{more}").unwrap();
        std::fs::write(self.settings(), text).unwrap();
        std::fs::write(self.folder.path().join("people.toml"), people).unwrap();
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("siaga.toml")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_siaga"));
        command
            .arg("--config")
            .arg(self.settings())
            .args(arguments)
            .env("SIAGA_AUTHOR", "penguji")
            .envs(self.environment.iter().cloned());
        command
    }

    pub(crate) async fn start(&mut self) {
        let command = self.command(&["serve"]);
        self.launch(&command).await;
    }

    /// Starts it so that it stops itself when it comes by a seam for the `passage`-th time.
    pub(crate) async fn start_to_halt(&mut self, seam: Seam, passage: usize) {
        let mut command = self.command(&["serve"]);
        command.env("SIAGA_HALT_AT", format!("{}:{passage}", seam.as_str()));
        self.launch(&command).await;
    }

    async fn launch(&mut self, command: &Command) {
        let mut process = Process::spawn("siaga", command, self.folder.path());
        process.wait_until_listening(self.port.number()).await;
        self.process = Some(process);
        let ready = format!("{}/readyz", self.base());
        wait::eventually("siaga to be ready", wait::PATIENCE, || {
            std::net::TcpStream::connect(("127.0.0.1", self.port.number())).ok()
        })
        .await;
        let answer = self.http.get(ready).send().await;
        let status = answer.map(|answer| answer.status().as_u16());
        assert!(
            matches!(status, Ok(200)),
            "{status:?}, and it said:\n{}",
            self.log()
        );
    }

    /// Kills the service and its Redis, as a power cut would.
    pub(crate) fn kill9(&mut self) {
        let mut process = self.process.take().unwrap();
        let redis = process.child("redis-server");
        process.kill9();
        if let Some(redis) = redis {
            signal_one(redis, Signal::KILL);
        }
    }

    /// Waits until it has stopped itself at its seam.
    pub(crate) async fn wait_until_halted(&mut self) {
        self.process.as_mut().unwrap().wait_until_stopped().await;
    }

    /// Kills the service itself. Its Redis hears of it and ends in good order.
    pub(crate) fn kill9_service(&mut self) {
        self.process.take().unwrap().kill9_alone();
    }

    /// Kills the private Redis, not the service.
    pub(crate) fn kill9_redis(&mut self) {
        let process = self.process.as_ref().unwrap();
        let redis = process.child("redis-server").expect("the private Redis");
        signal_one(redis, Signal::KILL);
    }

    /// Lets it go on after a halt.
    pub(crate) fn go_on(&self) {
        self.process.as_ref().unwrap().go_on();
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        self.process.as_ref().unwrap().output()
    }

    /// Where its private Redis listens.
    pub(crate) fn redis(&self) -> Address {
        Address::unix(&embedded::socket_path(&self.data().canonicalize().unwrap()))
    }

    /// Calls it from anywhere, also while it is away.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            http: self.http.clone(),
            base: self.base(),
        }
    }

    /// Ends it in good order. Then its ledger is played once more, and must give the same facts and states.
    pub(crate) async fn stop(&mut self) {
        let status = self.process.take().unwrap().terminate().await;
        assert!(status.success(), "{status}");
        if self.data().join("appendonlydir").exists() {
            replayed::left_in(&self.data()).await;
        }
    }

    /// Runs another command of the program; gives its output and whether it succeeded.
    pub(crate) fn run(&self, arguments: &[&str]) -> (String, bool) {
        let (text, code) = self.run_for_code(arguments);
        (text, code == 0)
    }

    /// Another one with the same settings, on a port of its own. With an outside Redis it works beside this one.
    pub(crate) fn twin(&self) -> Self {
        let twin = Self {
            environment: self.environment.clone(),
            ..Self::prepare()
        };
        let text = std::fs::read_to_string(self.settings()).unwrap();
        let (own, other) = (
            self.port.number().to_string(),
            twin.port.number().to_string(),
        );
        std::fs::write(twin.settings(), text.replace(&own, &other)).unwrap();
        twin
    }

    /// Stops it where it is (`SIGSTOP`); [`Siaga::go_on`] lets it go on.
    pub(crate) fn halt(&self) {
        let process = self.process.as_ref().unwrap();
        signal_one(process.id(), Signal::STOP);
    }

    /// How much a counter of its metrics stands at, all its labels together.
    pub(crate) async fn counted(&self, name: &str) -> u64 {
        let text = self.get("/metrics").await.1;
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum()
    }

    /// Runs another command of the program; gives its output and its exit code.
    pub(crate) fn run_for_code(&self, arguments: &[&str]) -> (String, i32) {
        let out = self.command(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned()
            + &String::from_utf8_lossy(&out.stderr);
        (text, out.status.code().expect("an exit code"))
    }

    /// Starts another command of the program, to be killed.
    pub(crate) fn spawn(&self, name: &str, arguments: &[&str]) -> Process {
        Process::spawn(name, &self.command(arguments), self.folder.path())
    }

    pub(crate) async fn post(&self, path: &str, kind: &str, body: String) -> (u16, String) {
        let answer = self
            .http
            .post(format!("{}{path}", self.base()))
            .header("content-type", kind)
            .bearer_auth(KEY)
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let answer = self
            .http
            .get(format!("{}{path}", self.base()))
            .bearer_auth(KEY)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Where it listens, as `HOST:PORT`.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port.number())
    }

    /// Any request, with these headers and no others; gives status, content type and body.
    pub(crate) async fn request(
        &self,
        method: reqwest::Method,
        path: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> (u16, String, String) {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base()))
            // A refusal before the body was read ends the connection: the next needs its own.
            .header("connection", "close")
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type");
        let kind = kind.map_or("", |kind| kind.to_str().unwrap()).to_owned();
        (status, kind, answer.text().await.unwrap())
    }

    /// Posts what a gateway's webhook brings: no key of ours, at most a signature.
    pub(crate) async fn hook(&self, body: &[u8], signature: Option<&str>) -> (u16, String) {
        let mut request = self
            .http
            .post(format!("{}/hooks/whatsapp", self.base()))
            .header("content-type", "application/json")
            .body(body.to_vec());
        if let Some(signature) = signature {
            request = request.header("x-hub-signature-256", signature);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Waits until everything that was taken in has reached where it belongs.
    pub(crate) async fn wait_until_handed_over(&self) {
        let until = std::time::Instant::now() + wait::PATIENCE;
        loop {
            let (_, text) = self.get("/readyz").await;
            if text.contains("\"waiting_to_be_handed_over\":0") {
                return;
            }
            assert!(std::time::Instant::now() < until, "{text}");
            siaga::clock::patience(Duration::from_millis(10)).await;
        }
    }

    /// Hands in a complaint for DISHUB whose deadline passed a minute ago.
    pub(crate) async fn overdue(&self, id: &str) {
        self.overdue_at(id, "DISHUB").await;
    }

    /// The same for another unit.
    pub(crate) async fn overdue_at(&self, id: &str, unit: &str) {
        self.received_at(id, unit, 24 * 60 + 1).await;
    }

    /// Hands in a complaint for DISHUB that was received so many minutes ago.
    pub(crate) async fn received(&self, id: &str, minutes: i64) {
        self.received_at(id, "DISHUB", minutes).await;
    }

    /// Tries to hand in a complaint for DISHUB whose deadline passed a minute ago.
    pub(crate) async fn try_overdue(&self, id: &str) -> (u16, String) {
        let received = SystemClock.now() - jiff::SignedDuration::from_mins(24 * 60 + 1);
        let body = format!(r#"{{"id":"{id}","received_at":"{received}","unit":"DISHUB"}}"#);
        self.post("/api/v1/complaints", "application/json", body)
            .await
    }

    async fn received_at(&self, id: &str, unit: &str, minutes: i64) {
        let received = SystemClock.now() - jiff::SignedDuration::from_mins(minutes);
        let body = format!(
            r#"{{"id":"{id}","received_at":"{received}","unit":"{unit}","category":"Infrastruktur","area":"Kab. Pati"}}"#
        );
        let (status, text) = self
            .post("/api/v1/complaints", "application/json", body)
            .await;
        assert_eq!(status, 201, "{text}");
    }

    /// Waits until the complaint's record as JSON has what is looked for.
    pub(crate) async fn wait_for_timeline(&self, id: &str, part: &str) -> String {
        let until = std::time::Instant::now() + Duration::from_secs(20);
        loop {
            let (_, text) = self.get(&format!("/api/v1/complaints/{id}")).await;
            if text.contains(part) {
                return text;
            }
            assert!(std::time::Instant::now() < until, "{part} is not in {text}");
            siaga::clock::patience(Duration::from_millis(50)).await;
        }
    }
}

/// Calls the service again and again, as a gateway or a channel does, until it has taken it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    http: reqwest::Client,
    base: String,
}

/// How long a caller waits for an answer before it calls again.
const CALL: Duration = Duration::from_secs(1);

impl Caller {
    /// `POST`s until it is answered with success.
    pub(crate) async fn post(&self, path: &str, kind: &str, body: &str) -> String {
        let request = || {
            self.http
                .post(format!("{}{path}", self.base))
                .header("content-type", kind)
                .bearer_auth(KEY)
                .body(body.to_owned())
        };
        self.call(path, request).await
    }

    /// `GET`s until it is answered with success.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> String {
        let request = || {
            let url = format!("{}{path}", self.base);
            self.http.get(url).bearer_auth(KEY).query(query)
        };
        self.call(path, request).await
    }

    async fn call(&self, path: &str, request: impl Fn() -> reqwest::RequestBuilder) -> String {
        let what = format!("{path} to be taken");
        wait::eventually_asked(&what, 2 * wait::PATIENCE, || async {
            let answer = request().timeout(CALL).send().await.ok()?;
            answer.error_for_status().ok()?.text().await.ok()
        })
        .await
    }
}
