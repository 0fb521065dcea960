//! A real Kannel (bearerbox and smsbox) with its fake SMSC; see [`super::phone`] for the other end.
//!
//! Kannel is what proves our SMS path: it answers, queues, splits, reports and calls back as a
//! gateway does, in the order it likes.

use std::time::Duration;

use tempfile::TempDir;

use super::{
    phone::{Mt, Phone},
    ports::Port,
    process::Process,
};

/// The user name of the sending interface.
pub(crate) const USERNAME: &str = "siaga";
/// The password of the sending interface.
pub(crate) const PASSWORD: &str = "kannel-password";
/// The `secret` that every callback about a reply carries.
pub(crate) const SECRET: &str = "kannel-secret";
/// The number that people reply to.
pub(crate) const SERVICE_NUMBER: &str = "85001";

/// How long a box may take to end. Seen: an smsbox with callbacks to repeat that never ended when
/// it was asked to (2 of 30 times on a busy machine).
const GRACE: Duration = Duration::from_secs(3);

/// A running Kannel; ends with this value.
#[derive(Debug)]
pub(crate) struct Kannel {
    /// The telephones of its network, switched on.
    pub(crate) phone: Phone,
    // Order matters on drop: smsbox before the bearerbox it speaks to.
    smsbox: Option<Process>,
    bearerbox: Option<Process>,
    ports: Ports,
    folder: TempDir,
}

#[derive(Debug)]
struct Ports {
    admin: Port,
    boxes: Port,
    smsc: Port,
    send: Port,
}

impl Kannel {
    /// Starts one whose replies are posted to `<our_base_url>/hooks/kannel/mo`.
    pub(crate) async fn start(our_base_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = Ports {
            admin: Port::take(),
            boxes: Port::take(),
            smsc: Port::take(),
            send: Port::take(),
        };
        let settings = configuration(&ports, our_base_url);
        std::fs::write(folder.path().join("kannel.conf"), settings).unwrap();
        let mut kannel = Self {
            phone: Phone::new(ports.smsc.number()),
            smsbox: None,
            bearerbox: None,
            ports,
            folder,
        };
        kannel.restart().await;
        kannel
    }

    /// Where messages are handed in.
    pub(crate) fn send_url(&self) -> String {
        let port = self.ports.send.number();
        format!("http://127.0.0.1:{port}/cgi-bin/sendsms")
    }

    /// Stops smsbox alone: nobody answers at [`Kannel::send_url`].
    pub(crate) async fn stop_smsbox(&mut self) {
        if let Some(mut smsbox) = self.smsbox.take() {
            smsbox.terminate_or_kill(GRACE).await;
        }
    }

    /// Starts smsbox again.
    pub(crate) async fn start_smsbox(&mut self) {
        let mut smsbox = self.launch("smsbox");
        smsbox.wait_until_listening(self.ports.send.number()).await;
        self.smsbox = Some(smsbox);
    }

    /// Stops all of it; the phone loses its network.
    pub(crate) async fn stop(&mut self) {
        self.stop_smsbox().await;
        self.phone.switch_off();
        if let Some(mut bearerbox) = self.bearerbox.take() {
            bearerbox.terminate_or_kill(GRACE).await;
        }
    }

    /// Starts all of it again (stopping it first) and switches the phone on.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let mut bearerbox = self.launch("bearerbox");
        for port in [&self.ports.admin, &self.ports.boxes] {
            bearerbox.wait_until_listening(port.number()).await;
        }
        self.bearerbox = Some(bearerbox);
        self.start_smsbox().await;
        self.phone.switch_on().await;
    }

    /// Waits for an SMS at the phone of `to` that `predicate` accepts.
    pub(crate) async fn wait_for_sms(
        &self,
        to: &str,
        predicate: impl Fn(&Mt) -> bool,
        limit: Duration,
    ) -> Mt {
        self.phone.wait_for_sms(to, predicate, limit).await
    }

    /// The phone `from` answers with `text`.
    pub(crate) fn reply(&self, from: &str, text: &str) {
        self.phone.send(from, SERVICE_NUMBER, text);
    }

    fn launch(&self, program: &str) -> Process {
        let path = format!("/usr/sbin/{program}");
        Process::start(program, &path, ["kannel.conf"], self.folder.path())
    }
}

/// Loopback only. Groups are parted by an empty line, else Kannel refuses to start. Callbacks that
/// our side does not take are tried again, which Kannel does not do unless it is told to.
fn configuration(ports: &Ports, our_base_url: &str) -> String {
    let (admin, boxes) = (ports.admin.number(), ports.boxes.number());
    let (smsc, send) = (ports.smsc.number(), ports.send.number());
    format!(
        r#"group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = admin
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
box-deny-ip = "*.*.*.*"
dlr-storage = internal
sms-resend-freq = 1
sms-resend-retry = 2

group = smsc
smsc = fake
smsc-id = FAKE
our-host = 127.0.0.1
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {send}
sendsms-interface = 127.0.0.1
mo-recode = true
http-request-retry = 20
http-queue-delay = 1

group = sendsms-user
username = {USERNAME}
password = {PASSWORD}
user-allow-ip = 127.0.0.1
max-messages = 5
concatenation = true

group = sms-service
keyword = default
get-url = "{our_base_url}/hooks/kannel/mo?secret={SECRET}&from=%p&to=%P&text=%a&id=%I&ts=%T&smsc=%i&charset=%C&coding=%c"
max-messages = 1
omit-empty = true
catch-all = true
"#
    )
}
