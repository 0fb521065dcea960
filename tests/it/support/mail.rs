//! A real mail server: Postfix takes and brings mail, Dovecot keeps it, hands it out by IMAP, and
//! answers for who is on holiday (Pigeonhole). No user of the machine is needed; root is, because
//! Postfix starts in no other way.
//!
//! It serves `siaga.test` (ours) and `dishub.test` (the heads'). Every name before the `@` has a
//! mailbox, but `hilang@dishub.test`: Postfix takes mail for it and sends a bounce.

use std::{
    fmt::Write as _,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    time::Duration,
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    address::{Address, Envelope},
};
use mail_parser::{Message, MessageParser};
use rustix::process::Signal;
use tempfile::TempDir;

use super::{
    ports::Port,
    process::{Process, signal_one},
    smtp::Identity,
    wait::{PATIENCE, eventually},
};

/// The password of every mailbox.
pub(crate) const PASSWORD: &str = "imap-password";

/// What a test wants to be different.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    /// The mailbox server neither tells of new mail (IDLE) nor moves mails (MOVE).
    pub(crate) is_old: bool,
}

/// A running mail server; ends with this value.
#[derive(Debug)]
pub(crate) struct MailServer {
    postfix: Process,
    dovecot: Option<Process>,
    smtp: Port,
    imap: Port,
    imaps: Port,
    identity: Identity,
    folder: TempDir,
}

impl MailServer {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        Self::start_with(&Wishes::default()).await
    }

    /// Starts one that is different.
    pub(crate) async fn start_with(wishes: &Wishes) -> Self {
        assert!(
            rustix::process::geteuid().is_root(),
            "Postfix starts for root only: run this test as root"
        );
        let folder = tempfile::tempdir().unwrap();
        // Postfix and Dovecot work as users of their own.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let (smtp, imap, imaps, lmtp) = (Port::take(), Port::take(), Port::take(), Port::take());
        let identity = Identity::make("localhost");
        let (certificate, key) = identity.files();
        let names = Names {
            root: folder.path(),
            smtp: smtp.number(),
            imap: imap.number(),
            imaps: imaps.number(),
            lmtp: lmtp.number(),
            certificate: &certificate,
            key: &key,
        };
        names.write(wishes);
        // It takes the whole path of its folder only.
        let configuration = folder.path().join("postfix");
        let arguments = [Path::new("-c"), &configuration, Path::new("start-fg")];
        let postfix = Process::start("postfix", "/usr/sbin/postfix", arguments, folder.path());
        let mut server = Self {
            postfix,
            dovecot: None,
            smtp,
            imap,
            imaps,
            identity,
            folder,
        };
        server.start_dovecot().await;
        server
            .postfix
            .wait_until_listening(server.smtp.number())
            .await;
        server
    }

    /// Starts the mailboxes' server.
    pub(crate) async fn start_dovecot(&mut self) {
        let mut dovecot = Process::start(
            "dovecot",
            "/usr/sbin/dovecot",
            ["-F", "-c", "dovecot.conf"],
            self.folder.path(),
        );
        dovecot.wait_until_listening(self.imap.number()).await;
        self.dovecot = Some(dovecot);
    }

    /// Stops it: mail waits in Postfix.
    pub(crate) async fn stop_dovecot(&mut self) {
        if let Some(mut dovecot) = self.dovecot.take() {
            dovecot.terminate_or_kill(Duration::from_secs(5)).await;
        }
    }

    /// The settings of the gateway and of the mailbox; `more` are further lines of the mailbox.
    pub(crate) fn settings(&self, trust: &str, more: &str) -> String {
        format!(
            r#"
[inbound.email]
address = "siaga@siaga.test"
secret = "rahasia-untuk-pengujian"
host = "localhost"
port = {}
tls = "tls"
ca_file = "{}"
username = "siaga"
password = "{PASSWORD}"
trust = "{trust}"
{more}
[[gateways]]
name = "mail"
type = "smtp"
host = "127.0.0.1"
port = {}
tls = "none"
from = "Siaga <siaga@siaga.test>"
"#,
            self.imaps.number(),
            self.identity.authority().display(),
            self.smtp.number(),
        )
    }

    /// Where mailboxes are handed out, without encryption.
    pub(crate) fn imap(&self) -> u16 {
        self.imap.number()
    }

    /// Brings a mail, as another server would.
    pub(crate) async fn send(&self, from: Option<&str>, to: &str, mail: &str) {
        let address = |text: &str| text.parse::<Address>().unwrap();
        let envelope = Envelope::new(from.map(address), vec![address(to)]).unwrap();
        let raw = mail.replace("\r\n", "\n").replace('\n', "\r\n");
        let smtp = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
            .port(self.smtp.number())
            .timeout(Some(PATIENCE))
            .build();
        smtp.send_raw(&envelope, raw.as_bytes()).await.unwrap();
    }

    /// Puts an automatic answer on a mailbox.
    pub(crate) fn on_holiday(&self, user: &str, words: &str) {
        let script = format!(
            "require [\"vacation\"];\nvacation :days 1 :addresses [\"{user}@dishub.test\"] \
             :subject \"Di luar kantor\" \"{words}\";\n"
        );
        let file = self.folder.path().join(format!("sieve/{user}.sieve"));
        std::fs::write(file, script).unwrap();
    }

    /// Every mail in a mailbox, oldest first; `folder` is `INBOX` or another.
    pub(crate) fn mails(&self, user: &str, folder: &str) -> Vec<Received> {
        let mut root = self.folder.path().join("mail").join(user);
        if folder != "INBOX" {
            root = root.join(format!(".{folder}"));
        }
        let mut found: Vec<PathBuf> = ["new", "cur"]
            .iter()
            .filter_map(|part| std::fs::read_dir(root.join(part)).ok())
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect();
        found.sort_by_key(|path| path.file_name().map(std::ffi::OsStr::to_owned));
        found
            .into_iter()
            // One may just be moved from new to cur.
            .filter_map(|path| {
                let raw = std::fs::read(&path).ok()?;
                let name = path.file_name()?.to_string_lossy().into_owned();
                let flags = name.split_once(":2,").map_or("", |(_, flags)| flags);
                Some(Received {
                    raw,
                    flags: flags.to_owned(),
                })
            })
            .collect()
    }

    /// Waits for a mail in a mailbox that `fits`.
    pub(crate) async fn wait_for_mail(
        &self,
        user: &str,
        fits: impl Fn(&Received) -> bool,
    ) -> Received {
        eventually(&format!("a mail to {user}"), PATIENCE, || {
            self.mails(user, "INBOX")
                .into_iter()
                .find(|mail| fits(mail))
        })
        .await
    }
}

impl Drop for MailServer {
    /// Postfix leads a session of its own, so the end of its starter is not its end.
    fn drop(&mut self) {
        let file = self.folder.path().join("queue/pid/master.pid");
        let written = std::fs::read_to_string(file).unwrap_or_default();
        if let Ok(id) = written.trim().parse() {
            signal_one(id, Signal::TERM);
        }
    }
}

/// A mail in a mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// As it came.
    pub(crate) raw: Vec<u8>,
    /// Its flags as Maildir writes them: `S` seen, `F` flagged, `T` deleted.
    pub(crate) flags: String,
}

impl Received {
    /// The mail, read.
    pub(crate) fn read(&self) -> Message<'_> {
        MessageParser::default().parse(&self.raw).unwrap()
    }

    /// A header's value on one line; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> String {
        let mail = self.read();
        let value = mail.header_raw(name).unwrap_or_default();
        value.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Its subject.
    pub(crate) fn subject(&self) -> String {
        self.read().subject().unwrap_or_default().to_owned()
    }

    /// Its plain text.
    pub(crate) fn text(&self) -> String {
        let mail = self.read();
        let text = mail.text_bodies().find_map(|part| part.text_contents());
        text.unwrap_or_default().to_owned()
    }

    /// The address that an answer goes to.
    pub(crate) fn answer_to(&self) -> String {
        let mail = self.read();
        let reply_to = mail.reply_to().and_then(|it| it.first()).unwrap();
        reply_to.address.clone().unwrap().into_owned()
    }

    /// An answer to it, as a mail program writes one: the words above the quoted mail.
    pub(crate) fn answer(&self, from: &str, id: &str, words: &str) -> String {
        let mut quoted = String::new();
        for line in self.text().lines() {
            writeln!(quoted, "> {line}").unwrap();
        }
        let (ours, references) = (self.header("Message-ID"), self.header("References"));
        format!(
            "From: {from}\nTo: Siaga <{}>\nSubject: Re: {}\nDate: Tue, 24 Nov 2026 13:31:00 +0700\n\
             Message-ID: <{id}@dishub.test>\nIn-Reply-To: {ours}\nReferences: {references} {ours}\n\
             MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{words}\n\n\
             Pada Sel, 24 Nov 2026 pukul 13.27 Siaga <siaga@siaga.test> menulis:\n\n{quoted}",
            self.answer_to(),
            self.subject(),
        )
    }
}

/// What stands in the configurations.
struct Names<'a> {
    root: &'a Path,
    smtp: u16,
    imap: u16,
    imaps: u16,
    lmtp: u16,
    certificate: &'a Path,
    key: &'a Path,
}

impl Names<'_> {
    fn write(&self, wishes: &Wishes) {
        let folder = |name: &str, owner: Option<&str>| {
            let path = self.root.join(name);
            std::fs::create_dir_all(&path).unwrap();
            if let Some(owner) = owner {
                let id = user(owner);
                chown(&path, Some(id), None).unwrap();
            }
        };
        folder("postfix", None);
        folder("queue/pid", None);
        folder("data", Some("postfix"));
        folder("run", None);
        folder("state", None);
        folder("mail", Some("mail"));
        folder("sieve", Some("mail"));
        let file = |name: &str, text: String| std::fs::write(self.root.join(name), text).unwrap();
        file("postfix/main.cf", self.main_cf());
        file("postfix/master.cf", self.master_cf());
        file("dovecot.conf", self.dovecot_conf(wishes));
    }

    fn main_cf(&self) -> String {
        let root = self.root.display();
        format!(
            "compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file = {root}/postfix-log
maillog_file_prefixes = {root}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.siaga.test
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_sender_restrictions = check_sender_access inline:{{ {{ dishub.test = PREPEND Authentication-Results: mx.siaga.test; spf=pass smtp.mailfrom=dishub.test }} }}
virtual_mailbox_domains = siaga.test, dishub.test
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
transport_maps = inline:{{ {{ hilang@dishub.test = error:5.1.1 there is nobody of that name }} }}
recipient_delimiter = +
alias_maps =
alias_database =
local_transport = error:no local
default_transport = error:5.1.2 no outbound here
smtp_dns_support_level = disabled
smtpd_reject_unlisted_recipient = no
message_size_limit = 0
virtual_mailbox_limit = 0
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
",
            lmtp = self.lmtp
        )
    }

    fn master_cf(&self) -> String {
        let smtp = self.smtp;
        format!(
            "127.0.0.1:{smtp} inet n - n - - smtpd
postlog   unix-dgram n - n - 1 postlogd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
proxymap  unix - - n - - proxymap
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
lmtp      unix - - n - - lmtp
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
showq     unix n - n - - showq
"
        )
    }

    fn dovecot_conf(&self, wishes: &Wishes) -> String {
        let root = self.root.display();
        let abilities = if wishes.is_old {
            "imap_capability = IMAP4rev1 LITERAL+ UIDPLUS"
        } else {
            ""
        };
        format!(
            "base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot-log
protocols = imap lmtp
listen = 127.0.0.1
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Ln
mail_location = maildir:{root}/mail/%n
first_valid_uid = 1
recipient_delimiter = +
submission_host = 127.0.0.1:{smtp}
{abilities}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
passdb {{
  driver = static
  args = password={PASSWORD} allow_all_users=yes
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={root}/mail/%n allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@siaga.test
  mail_plugins = sieve
}}
plugin {{
  sieve = file:{root}/sieve/%n.sieve
}}
",
            smtp = self.smtp,
            imap = self.imap,
            imaps = self.imaps,
            lmtp = self.lmtp,
            certificate = self.certificate.display(),
            key = self.key.display(),
        )
    }
}

/// The number of a user of the machine.
fn user(name: &str) -> u32 {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = users
        .lines()
        .find(|line| line.starts_with(&format!("{name}:")))
        .unwrap_or_else(|| panic!("no user {name}: run deploy/setup test"));
    line.split(':').nth(2).unwrap().parse().unwrap()
}
