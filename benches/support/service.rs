//! The real program with its private Redis in a folder of its own, as an operator would run it.

use std::{
    fmt::Write as _,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use siaga::clock::patience;

/// The API key of the benches.
pub(crate) const KEY: &str = "siaga_bench_key";
/// The secret of the gateway's webhooks.
pub(crate) const SECRET: &str = "rahasia-bench";

/// How long anything may take before the bench gives up.
const PATIENCE: Duration = Duration::from_mins(5);

/// A policy that does one thing at the deadline: one short message to the head.
const POLICY: &str = r#"
id = "bench"
clock = { length = "24h", calendar = "kalender" }
hold = "2h"
[[steps]]
after = "0s"
to = ["kepala"]
[repeat]
every = "24h"
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

/// A folder with settings, units and people; the processes in it end with this value.
pub(crate) struct Service {
    folder: tempfile::TempDir,
    child: Option<Child>,
    port: u16,
}

impl Service {
    /// Writes the settings: `units` units with a head each, one gateway for short messages.
    pub(crate) fn prepare(units: usize, gateway: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = env!("CARGO_MANIFEST_DIR");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let path = |name: &str| folder.path().join(name);
        let settings = format!(
            r#"
[server]
listen = "127.0.0.1:{port}"
[redis]
data_dir = "{data}"
[data]
directory = ["{units}"]
policies = "{policies}"
calendars = "{root}/config/calendars"
holidays = "{root}/config/holidays"
default_policy = "bench"
[engine]
# The worst case: every page is a message. A flood to few people costs less.
bundle_window = "0s"
[log]
filter = "warn"
[inbound]
kannel_secret = "{SECRET}"
[[api_keys]]
name = "bench"
sha256 = "{key}"
scopes = ["intake", "read"]
[[gateways]]
name = "fast"
type = "http"
transport = "sms"
method = "POST"
url = "{gateway}"
[gateways.body]
kind = "form"
[gateways.body.fields]
reference = "{{{{ reference }}}}"
to = "{{{{ to }}}}"
text = "{{{{ text }}}}"
"#,
            key = hex::encode(Sha256::digest(KEY)),
            data = path("data").display(),
            units = path("units.toml").display(),
            policies = path("policies").display(),
        );
        fs::write(path("siaga.toml"), settings).unwrap();
        fs::create_dir(path("policies")).unwrap();
        fs::write(path("policies/bench.toml"), POLICY).unwrap();
        fs::write(path("units.toml"), directory(units)).unwrap();
        Self {
            folder,
            child: None,
            port,
        }
    }

    fn log(&self) -> fs::File {
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("siaga.log"))
            .unwrap()
    }

    /// What the program said, where a bench cannot go on.
    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("siaga.log")).unwrap_or_default()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_siaga"));
        command
            .arg("--config")
            .arg(self.folder.path().join("siaga.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // Warnings about a directory of bare heads are many and known.
            .stderr(self.log());
        command
    }

    /// Hands in `count` complaints received at `received_at`, spread over the units, by
    /// `siaga import`; gives how long that took.
    pub(crate) fn import(&self, count: usize, units: usize, received_at: Timestamp) -> Duration {
        self.import_each(units, &vec![received_at; count])
    }

    /// The same, each received at a time of its own.
    pub(crate) fn import_each(&self, units: usize, received: &[Timestamp]) -> Duration {
        let file = self.folder.path().join("complaints.jsonl");
        let mut text = String::new();
        for (n, received_at) in received.iter().enumerate() {
            let unit = n % units;
            writeln!(
                text,
                r#"{{"id":"LGWP{:08}","received_at":"{received_at}","unit":"U{unit}","category":"Infrastruktur","area":"Kab. Pati","source":"website","classification":"Pengaduan","status":"baru","anonymous":true,"confidential":true}}"#,
                10_000_000 + n
            )
            .unwrap();
        }
        fs::write(&file, text).unwrap();
        let begun = Instant::now();
        let status = self.command().arg("import").arg(&file).status().unwrap();
        assert!(status.success(), "import: {status}: {}", self.said());
        begun.elapsed()
    }

    /// Starts the service; gives how long it took until it was ready.
    pub(crate) async fn start(&mut self) -> Duration {
        let begun = Instant::now();
        self.child = Some(self.command().arg("serve").spawn().unwrap());
        let http = siaga::channel::registry::http_client().unwrap();
        let ready = format!("http://127.0.0.1:{}/readyz", self.port);
        while !http
            .get(&ready)
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            assert!(
                begun.elapsed() < PATIENCE,
                "the service is not ready: {}",
                self.said()
            );
            patience(Duration::from_millis(20)).await;
        }
        begun.elapsed()
    }

    /// Where it listens.
    pub(crate) fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where its private Redis listens.
    pub(crate) fn socket(&self) -> PathBuf {
        let folder: PathBuf = self.folder.path().join("data").canonicalize().unwrap();
        siaga::store::embedded::socket_path(&folder)
    }

    /// The service's process.
    pub(crate) fn process(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// The private Redis' process.
    pub(crate) fn redis_process(&self) -> u32 {
        let id = self.redis("INFO", &["server"]);
        number_after(&id, "process_id:") as u32
    }

    /// What a command of Redis answers.
    pub(crate) fn redis(&self, command: &str, arguments: &[&str]) -> String {
        let socket = self.socket();
        let out = Command::new("redis-cli")
            .arg("-s")
            .arg(socket)
            .arg(command)
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// The memory that Redis has given to data and indexes, in bytes.
    pub(crate) fn redis_memory(&self) -> u64 {
        number_after(&self.redis("INFO", &["memory"]), "used_memory:")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // The private Redis ends with it.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The number behind `name` in an answer of INFO.
fn number_after(text: &str, name: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.trim().parse().ok())
        .unwrap_or_else(|| panic!("{name} is not in {text}"))
}

fn directory(units: usize) -> String {
    let mut text = "coordinator = \"U0\"\n".to_owned();
    for n in 0..units {
        writeln!(
            text,
            "[[units]]\ncode = \"U{n}\"\nname = \"Dinas {n}\"\nhead = \"Kepala Dinas {n}\"\n\
             head_short = \"Ka U{n}\""
        )
        .unwrap();
        writeln!(
            text,
            "[[people]]\nid = \"p{n}\"\nname = \"Orang {n}\"\nsms = \"+62811{:07}\"",
            1_000_000 + n
        )
        .unwrap();
    }
    text.push_str("[holders]\n");
    for n in 0..units {
        writeln!(text, "\"U{n}.kepala\" = \"p{n}\"").unwrap();
    }
    text
}
