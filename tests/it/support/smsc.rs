//! A network's SMSC that speaks SMPP (the node-smpp library), and the telephones behind it.
//!
//! What it took is told line by line on its output; `smsc.js` says which number meets which fate.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    ports::Port,
    process::Process,
    wait::{PATIENCE, eventually},
};

/// The name that the SMSC knows.
pub(crate) const SYSTEM_ID: &str = "siaga";
/// That name's password.
pub(crate) const PASSWORD: &str = "rahasia1";
/// The number that people reply to.
pub(crate) const SERVICE_NUMBER: &str = "85001";

/// A running SMSC; ends with this value.
#[derive(Debug)]
pub(crate) struct Smsc {
    ports: (Port, Port),
    process: Option<Process>,
    folder: TempDir,
}

impl Smsc {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        let mut smsc = Self {
            ports: two_in_a_row(),
            process: None,
            folder: tempfile::tempdir().unwrap(),
        };
        smsc.restart().await;
        smsc
    }

    /// Where it is to be reached.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.0.number())
    }

    /// Kills it without a warning: every session breaks.
    pub(crate) fn kill9(&mut self) {
        self.process.take().unwrap().kill9();
    }

    /// Starts it (again). What it told before stays on record.
    pub(crate) async fn restart(&mut self) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let modules = root.join("target/test-node/node_modules");
        assert!(
            modules.join("smpp").exists(),
            "no node-smpp: run deploy/setup test"
        );
        let before = self.events("listening").len();
        let mut command = std::process::Command::new("node");
        command
            .arg(root.join("tests/it/support/smsc.js"))
            .arg(self.ports.0.number().to_string())
            .env("NODE_PATH", modules);
        self.process = Some(Process::spawn("smsc", &command, self.folder.path()));
        self.wait_for("listening", before + 1).await;
    }

    /// Everything of one kind that it has told, in order.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let output = std::fs::read_to_string(self.folder.path().join("smsc.log"));
        let read = |line: &str| serde_json::from_str::<Value>(line).ok();
        output
            .unwrap_or_default()
            .lines()
            .filter_map(read)
            .filter(|event| event["event"] == kind)
            .collect()
    }

    /// Waits until it has told so many of a kind.
    pub(crate) async fn wait_for(&self, kind: &str, count: usize) -> Vec<Value> {
        eventually(&format!("{count} of {kind}"), PATIENCE, || {
            let events = self.events(kind);
            (events.len() >= count).then_some(events)
        })
        .await
    }

    /// Waits for a message to `to` whose text has `part`.
    pub(crate) async fn wait_for_sms(&self, to: &str, part: &str) -> Value {
        let what = format!("a message with {part:?} to {to}");
        eventually(&what, PATIENCE, || {
            self.events("message").into_iter().find(|message| {
                message["to"] == to && message["text"].as_str().unwrap().contains(part)
            })
        })
        .await
    }

    /// The telephone `from` sends `text`; what we answered the SMSC: 0 once we have it.
    pub(crate) fn reply(&self, from: &str, text: &str) -> u32 {
        self.parts(from, &[(None, text)])[0]
    }

    /// The telephone `from` sends parts, each with its header; what we answered to each.
    pub(crate) fn parts(&self, from: &str, parts: &[(Option<&str>, &str)]) -> Vec<u32> {
        let lines: Vec<_> = parts
            .iter()
            .map(|(header, text)| serde_json::json!({"from": from, "text": text, "udh": header}))
            .collect();
        self.tell(&lines)
    }

    /// The SMSC tells what became of its last message to `of`; what we answered.
    pub(crate) fn late_receipt(&self, of: &str, stat: &str) -> u32 {
        self.tell(&[serde_json::json!({"from": of, "receipt": stat})])[0]
    }

    fn tell(&self, lines: &[Value]) -> Vec<u32> {
        let mut telephone =
            TcpStream::connect(("127.0.0.1", self.ports.1.number())).expect("the SMSC listens");
        telephone.set_read_timeout(Some(PATIENCE)).unwrap();
        for line in lines {
            writeln!(telephone, "{line}").unwrap();
        }
        let answers = BufReader::new(telephone).lines().take(lines.len());
        answers.map(|line| line.unwrap().parse().unwrap()).collect()
    }
}

/// The SMSC's port and, one behind it, its telephones'.
fn two_in_a_row() -> (Port, Port) {
    let mut last = Port::take();
    loop {
        let next = Port::take();
        if next.number() == last.number() + 1 {
            return (last, next);
        }
        last = next;
    }
}

/// How soon a lost session must stand again.
pub(crate) const SOON: Duration = Duration::from_secs(10);
