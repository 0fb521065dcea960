//! A real SMTP server (aiosmtpd), whose mails are files in a folder.
//!
//! Python's `email` package reads the mails for us: a second opinion on what our library wrote.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
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
    /// Whether it came encrypted.
    pub(crate) tls: bool,
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
        Self::start_with(&[]).await
    }

    /// Starts one that is encrypted (`starttls`, and never without it, or `tls` from the first
    /// byte) and takes nothing without a password.
    pub(crate) async fn start_encrypted(mode: &str, identity: &Identity) -> Self {
        let (certificate, key) = identity.files();
        Self::start_with(&[Path::new(mode), &certificate, &key]).await
    }

    async fn start_with(more: &[&Path]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/test-venv/bin/python3");
        assert!(python.exists(), "no aiosmtpd: run deploy/setup test");
        let folder = tempfile::tempdir().unwrap();
        let script = root.join("tests/it/support/smtp_server.py");
        let mut arguments = vec![script.as_path(), folder.path()];
        arguments.extend(more);
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

    /// Where it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What clients said before the connection was encrypted.
    pub(crate) fn heard_in_the_clear(&self) -> String {
        let heard = std::fs::read(self.folder.path().join("clear")).unwrap_or_default();
        String::from_utf8_lossy(&heard).into_owned()
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

/// A server's key, its certificate for one name, and the authority that signed it.
#[derive(Debug)]
pub(crate) struct Identity {
    folder: TempDir,
}

impl Identity {
    /// Makes one, signed by an authority of its own.
    pub(crate) fn make(name: &str) -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        // OpenSSL takes a certificate that its authority's name is on for its own authority.
        let name_of_it = "authority of the tests";
        authority
            .distinguished_name
            .push(DnType::CommonName, name_of_it);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = Issuer::from_params(&authority, &authority_key);
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = server.signed_by(&key, &issuer).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let keep = |file: &str, pem: String| std::fs::write(folder.path().join(file), pem).unwrap();
        keep("certificate.pem", certificate.pem());
        keep("key.pem", key.serialize_pem());
        let own_key = KeyPair::generate().unwrap();
        let client = CertificateParams::new(vec!["siaga".to_owned()]).unwrap();
        let client = client.signed_by(&own_key, &issuer).unwrap();
        keep("client.pem", client.pem());
        keep("client-key.pem", own_key.serialize_pem());
        let authority = authority.self_signed(&authority_key).unwrap();
        keep("authority.pem", authority.pem());
        Self { folder }
    }

    /// The authority's certificate, for who is to trust it.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A client's certificate and its key, of the same authority.
    pub(crate) fn client(&self) -> (PathBuf, PathBuf) {
        let file = |name| self.folder.path().join(name);
        (file("client.pem"), file("client-key.pem"))
    }

    /// The certificate and its key, for a server.
    pub(crate) fn files(&self) -> (PathBuf, PathBuf) {
        let file = |name| self.folder.path().join(name);
        (file("certificate.pem"), file("key.pem"))
    }
}

fn read(path: &Path) -> Mail {
    let mut mail: Mail = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    mail.raw = std::fs::read(path.with_extension("eml")).unwrap();
    mail
}
