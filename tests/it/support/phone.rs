//! Every telephone behind the fake SMSC of [`super::kannel`], played over its line protocol.
//!
//! A line is `from to type payload`. `text` is bare UTF-8; `data` and `ucs-2` are percent-encoded,
//! and a part of a long message has `udh <header>` before its type. Parts are handed on as they
//! come, because what a gateway bills and a route drops is a part.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Shutdown, TcpStream},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use super::{percent, wait::eventually};

/// One part of an SMS as a telephone received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mt {
    /// The sender that is shown.
    pub(crate) from: String,
    /// The telephone's number, as the gateway wrote it.
    pub(crate) to: String,
    /// What it says.
    pub(crate) text: String,
    /// The header of a part of a long message; empty for a message of one part.
    pub(crate) part_header: Vec<u8>,
}

/// All telephones of the fake network.
#[derive(Debug)]
pub(crate) struct Phone {
    port: u16,
    received: Arc<Mutex<Vec<Mt>>>,
    connection: Option<(TcpStream, JoinHandle<()>)>,
}

impl Phone {
    /// A phone for the SMSC at `port`, not yet on.
    pub(crate) fn new(port: u16) -> Self {
        Self {
            port,
            received: Arc::default(),
            connection: None,
        }
    }

    /// Switches it on. While it is off, Kannel queues.
    pub(crate) async fn switch_on(&mut self) {
        self.switch_off();
        let port = self.port;
        let stream = eventually("the fake SMSC to listen", super::wait::PATIENCE, || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        })
        .await;
        let reader = BufReader::new(stream.try_clone().unwrap());
        let received = Arc::clone(&self.received);
        let listener = std::thread::spawn(move || {
            for line in reader.split(b'\n').map_while(Result::ok) {
                if let Some(message) = parse(&String::from_utf8_lossy(&line)) {
                    received.lock().unwrap().push(message);
                }
            }
        });
        self.connection = Some((stream, listener));
    }

    /// Switches it off.
    pub(crate) fn switch_off(&mut self) {
        if let Some((stream, listener)) = self.connection.take() {
            let _ = stream.shutdown(Shutdown::Both);
            let _ = listener.join();
        }
    }

    /// Everything that arrived, in order.
    pub(crate) fn received(&self) -> Vec<Mt> {
        self.received.lock().unwrap().clone()
    }

    /// Waits for an SMS to `to` (with or without `+`) that `predicate` accepts; an earlier one counts.
    pub(crate) async fn wait_for_sms(
        &self,
        to: &str,
        predicate: impl Fn(&Mt) -> bool,
        limit: Duration,
    ) -> Mt {
        let number = to.trim_start_matches('+');
        let what = format!("an SMS to {to}");
        eventually(&what, limit, || {
            let received = self.received.lock().unwrap();
            received
                .iter()
                .find(|mt| mt.to.trim_start_matches('+') == number && predicate(mt))
                .cloned()
        })
        .await
    }

    /// Sends `text` (one line) from the number `from` to the service's number `to`.
    pub(crate) fn send(&self, from: &str, to: &str, text: &str) {
        assert!(!text.contains('\n'), "the fake SMSC takes one line");
        let (stream, _) = self.connection.as_ref().expect("the phone is switched off");
        // One write: the SMSC must never see half a line.
        let line = format!("{from} {to} text {text}\n");
        (&*stream).write_all(line.as_bytes()).unwrap();
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.switch_off();
    }
}

fn parse(line: &str) -> Option<Mt> {
    let mut words = line.splitn(4, ' ');
    let (from, to, mut kind) = (words.next()?, words.next()?, words.next()?);
    let mut payload = words.next().unwrap_or_default();
    let mut part_header = Vec::new();
    if kind == "udh" {
        let (header, rest) = payload.split_once(' ')?;
        part_header = percent::decode(header);
        (kind, payload) = rest.split_once(' ').unwrap_or((rest, ""));
    }
    let text = match kind {
        "text" => payload.to_owned(),
        "ucs-2" => {
            let units: Vec<u16> = percent::decode(payload)
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16_lossy(&units)
        }
        _ => String::from_utf8_lossy(&percent::decode(payload)).into_owned(),
    };
    Some(Mt {
        from: from.to_owned(),
        to: to.to_owned(),
        text,
        part_header,
    })
}

#[test]
fn reads_every_kind_of_line() {
    let text = |line| parse(line).unwrap().text;
    assert_eq!(text("SIAGA +62812 text halo & 50% + ok"), "halo & 50% + ok");
    assert_eq!(text("SIAGA +62812 data %3Ca+b%3E"), "<a b>");
    assert_eq!(text("SIAGA +62812 ucs-2 %00%E9%00+%26%A0"), "é ⚠");
    let part = parse("SIAGA +62812 udh %05%00%03%03%02%01 data AA").unwrap();
    assert_eq!((part.text.as_str(), part.part_header.len()), ("AA", 6));
    assert_eq!(parse("nonsense"), None);
}
