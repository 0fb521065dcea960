//! A real SMTP server (aiosmtpd), whose mails are files in a folder.
//!
//! Python's `email` package reads the mails for us: a second opinion on what our library wrote.

use std::{path::Path, time::Duration};

use serde::Deserialize;
use tempfile::TempDir;

use super::{process::Process, wait::eventually};

/// The user that the server knows.
pub(crate) const USERNAME: &str = "siaga";
/// That user's password.
pub(crate) const PASSWORD: &str = "smtp-password";

/// One mail that the server took.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Mail {
    /// The envelope's sender.
    pub(crate) from: String,
    /// The envelope's recipients.
    pub(crate) to: Vec<String>,
    /// Who had signed in, if anybody.
    pub(crate) user: Option<String>,
    /// Names in small letters and decoded values, in the order of the mail.
    pub(crate) headers: Vec<(String, String)>,
    /// The plain text, decoded.
    pub(crate) text: String,
    /// The HTML, decoded; empty when there is none.
    pub(crate) html: String,
    /// The mail as it came.
    #[serde(skip)]
    pub(crate) raw: Vec<u8>,
}

impl Mail {
    /// The first header of that name (small letters), or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        headers
            .find(|header| header.0 == name)
            .map_or("", |header| &header.1)
    }
}

/// A running server; ends with this value.
#[derive(Debug)]
pub(crate) struct SmtpServer {
    port: u16,
    _process: Process,
    folder: TempDir,
}

impl SmtpServer {
    /// Starts one. `nobody@...` gets 550 5.1.1, `later@...` gets 451.
    pub(crate) async fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/test-venv/bin/python3");
        assert!(python.exists(), "no aiosmtpd: run deploy/setup test");
        let folder = tempfile::tempdir().unwrap();
        let script = root.join("tests/it/support/smtp_server.py");
        let arguments = [script.as_path(), folder.path()];
        let python = python.to_str().expect("the checkout's path is UTF-8");
        let mut process = Process::start("smtp", python, arguments, folder.path());
        let line = process.wait_for_line("listening on").await;
        let port = line.rsplit(' ').next().and_then(|port| port.parse().ok());
        Self {
            port: port.expect("the script prints its port last"),
            _process: process,
            folder,
        }
    }

    /// Where it listens, on 127.0.0.1, without TLS.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Every mail so far, in order.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let mut files: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "json"))
            .collect();
        files.sort();
        files.iter().map(|path| read(path)).collect()
    }

    /// Waits for a mail to `to`; an earlier one counts.
    pub(crate) async fn wait_for_mail(&self, to: &str, limit: Duration) -> Mail {
        eventually(&format!("a mail to {to}"), limit, || {
            let mut mails = self.mails().into_iter();
            mails.find(|mail| mail.to.iter().any(|address| address == to))
        })
        .await
    }
}

fn read(path: &Path) -> Mail {
    let mut mail: Mail = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    mail.raw = std::fs::read(path.with_extension("eml")).unwrap();
    mail
}
