//! The real program as an operator runs it: a settings file, a data folder, a process that can be
//! killed.

use std::{fmt::Write as _, path::PathBuf, process::Command, time::Duration};

use sha2::{Digest, Sha256};
use siaga::clock::{Clock, SystemClock};

use super::{ports::Port, process::Process, wait};

/// The API key of the tests.
const KEY: &str = "siaga_test_key";

pub(crate) struct Siaga {
    pub(crate) folder: tempfile::TempDir,
    port: Port,
    process: Option<Process>,
    http: reqwest::Client,
}

impl Siaga {
    /// Writes the settings; `gateways` and `people` are TOML. Does not start yet.
    pub(crate) fn prepare() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            port: Port::take(),
            process: None,
            http: siaga::channel::registry::http_client().unwrap(),
        }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn write(&self, kannel_secret: &str, gateways: &str, people: &str) {
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
[inbound]
kannel_secret = "{kannel_secret}"
[data]
directory = ["{root}/config/units.toml", "{people}"]
policies = "{root}/config/policies"
calendars = "{root}/config/calendars"
[[api_keys]]
name = "test"
sha256 = "{hash}"
scopes = ["intake", "read"]
"#,
            port = self.port.number(),
            base = self.base(),
            data = self.data().display(),
            people = self.folder.path().join("people.toml").display(),
        );
        writeln!(text, "{gateways}").unwrap();
        std::fs::write(self.settings(), text).unwrap();
        std::fs::write(self.folder.path().join("people.toml"), people).unwrap();
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("siaga.toml")
    }

    pub(crate) async fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_siaga"));
        command.arg("--config").arg(self.settings()).arg("serve");
        let mut process = Process::spawn("siaga", &command, self.folder.path());
        process.wait_until_listening(self.port.number()).await;
        self.process = Some(process);
        let ready = format!("{}/readyz", self.base());
        wait::eventually("siaga to be ready", wait::PATIENCE, || {
            std::net::TcpStream::connect(("127.0.0.1", self.port.number())).ok()
        })
        .await;
        let status = self.http.get(ready).send().await.unwrap().status();
        assert_eq!(status, 200);
    }

    pub(crate) fn kill9(&mut self) {
        self.process.take().unwrap().kill9();
    }

    pub(crate) async fn stop(&mut self) {
        let status = self.process.take().unwrap().terminate().await;
        assert!(status.success(), "{status}");
    }

    /// Runs another command of the program; gives its output and whether it succeeded.
    pub(crate) fn run(&self, arguments: &[&str]) -> (String, bool) {
        let (text, code) = self.run_for_code(arguments);
        (text, code == 0)
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

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_siaga"));
        command.arg("--config").arg(self.settings()).args(arguments);
        command
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

    /// Hands in a complaint for DISHUB whose deadline passed a minute ago.
    pub(crate) async fn overdue(&self, id: &str) {
        let received = SystemClock.now() - jiff::SignedDuration::from_mins(24 * 60 + 1);
        let body = format!(
            r#"{{"id":"{id}","received_at":"{received}","unit":"DISHUB","category":"Infrastruktur","area":"Kab. Pati"}}"#
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
