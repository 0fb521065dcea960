//! The one session with an SMSC: bound, kept alive, and bound again when it is lost.
//!
//! Reconnecting is patience, not promise. A lost connection is tried again within seconds; a refused
//! bind seldom, because an SMSC locks out who keeps knocking with a wrong password.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt};
use rusmpp::{CommandStatus, Pdu, pdus::BindTransceiver};
use rusmppc::{Client, ConnectionBuilder, Event, error::Error};
use tokio::{
    net::TcpStream,
    sync::{Semaphore, watch},
};

use super::incoming::Incoming;
use crate::{channel::arrival::Listening, domain::delivery::FailureKind};

/// The first pause after a session was lost; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// The first pause after a bind was refused; it doubles up to the longest.
const FIRST_REFUSED: Duration = Duration::from_secs(15);
const LONGEST_REFUSED: Duration = Duration::from_mins(5);
/// A session that lasted so long was a good one: the pauses begin anew.
const GOOD: Duration = Duration::from_secs(10);
/// How long a session's end may take when the service stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// How the session stands.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// Bound: messages can be handed in.
    Up(Client),
    /// Not bound, and what that means for a message.
    Down {
        /// The kind of failure.
        kind: FailureKind,
        /// Why, in words.
        why: String,
    },
}

impl State {
    pub(super) fn down(kind: FailureKind, why: impl Into<String>) -> Self {
        Self::Down {
            kind,
            why: why.into(),
        }
    }
}

/// Keeps the session.
pub(super) struct Keeper {
    pub(super) gateway: String,
    pub(super) address: String,
    pub(super) bind: BindTransceiver,
    pub(super) patience: Duration,
    pub(super) enquire_link: Duration,
    pub(super) state: watch::Sender<State>,
    /// The places for messages that are on their way to the SMSC, and how many there are.
    pub(super) window: Arc<Semaphore>,
    pub(super) places: u32,
}

/// Why there is no session.
enum Trouble {
    /// The SMSC cannot be reached, or not now.
    Away(String),
    /// It does not want us: an operator must mend something.
    Refused(String),
}

impl Keeper {
    /// Keeps the session until the service stops.
    pub(super) async fn keep(self, listening: Listening) {
        let stop = listening.stop.clone();
        let incoming = Arc::new(Incoming::new(self.gateway.clone(), listening));
        let (mut lost, mut refused) = (FIRST_PAUSE, FIRST_REFUSED);
        while !stop.is_cancelled() {
            let began = Instant::now();
            let pause = match self.connect().await {
                Ok((client, events)) => {
                    tracing::info!(gateway = self.gateway, "the session with the SMSC stands");
                    self.is_up(true);
                    self.state.send_replace(State::Up(client.clone()));
                    refused = FIRST_REFUSED;
                    let heard = self.hear(&client, events, &incoming);
                    let ended = tokio::select! {
                        why = heard => Some(why),
                        () = stop.cancelled() => None,
                    };
                    self.is_up(false);
                    let Some(why) = ended else {
                        self.leave(&client).await;
                        return;
                    };
                    incoming.session_ended();
                    tracing::warn!(
                        gateway = self.gateway,
                        why,
                        "the session with the SMSC is lost"
                    );
                    self.state
                        .send_replace(State::down(FailureKind::Temporary, why));
                    if began.elapsed() > GOOD {
                        lost = FIRST_PAUSE;
                    }
                    doubled(&mut lost, LONGEST_PAUSE)
                }
                Err(Trouble::Away(why)) => {
                    tracing::warn!(gateway = self.gateway, why, "no session with the SMSC");
                    self.state
                        .send_replace(State::down(FailureKind::Temporary, why));
                    doubled(&mut lost, LONGEST_PAUSE)
                }
                Err(Trouble::Refused(why)) => {
                    metrics::counter!("siaga_smpp_binds_refused_total", "gateway" => self.gateway.clone()).increment(1);
                    tracing::error!(
                        gateway = self.gateway,
                        why,
                        next_in_seconds = refused.as_secs(),
                        "the SMSC refuses the session: nothing goes this way until it is mended"
                    );
                    self.state
                        .send_replace(State::down(FailureKind::Misconfigured, why));
                    doubled(&mut refused, LONGEST_REFUSED)
                }
            };
            let _ = tokio::time::timeout(pause, stop.cancelled()).await;
        }
    }

    fn is_up(&self, up: bool) {
        metrics::gauge!("siaga_smpp_session", "gateway" => self.gateway.clone())
            .set(f64::from(u8::from(up)));
    }

    async fn connect(
        &self,
    ) -> Result<(Client, impl Stream<Item = Event> + Unpin + 'static), Trouble> {
        let late = |what: &str| Trouble::Away(format!("{what}: no answer in time"));
        let stream = tokio::time::timeout(self.patience, TcpStream::connect(&self.address))
            .await
            .map_err(|_| late("connecting"))?
            .map_err(|error| Trouble::Away(format!("connecting: {error}")))?;
        // Small requests that each wait for an answer: holding them back would only slow them.
        let _ = stream.set_nodelay(true);
        let (client, events) = ConnectionBuilder::new()
            .enquire_link_interval(self.enquire_link)
            .enquire_link_response_timeout(self.patience)
            .response_timeout(self.patience)
            // 3.4 is what networks speak; the library would insist on 5.0.
            .disable_interface_version_check()
            .connected(stream);
        let bound = client.bind_transceiver(self.bind.clone());
        match tokio::time::timeout(self.patience, bound).await {
            Ok(Ok(_)) => Ok((client, events)),
            Ok(Err(Error::UnexpectedResponse { response })) => {
                let _ = client.close().await;
                Err(refusal(response.status()))
            }
            Ok(Err(error)) => Err(Trouble::Away(format!("binding: {error}"))),
            Err(_) => Err(late("binding")),
        }
    }

    /// Takes in what comes until the session has ended; tells why it has.
    async fn hear(
        &self,
        client: &Client,
        mut events: impl Stream<Item = Event> + Unpin,
        incoming: &Arc<Incoming>,
    ) -> String {
        let mut why = "the connection was closed".to_owned();
        while let Some(event) = events.next().await {
            match event {
                Event::Error(error) => why = error.to_string(),
                Event::Incoming(command) => {
                    let sequence = command.sequence_number();
                    match command.pdu() {
                        Some(Pdu::DeliverSm(message)) => {
                            let incoming = Arc::clone(incoming);
                            tokio::spawn(incoming.take(client.clone(), sequence, message.clone()));
                        }
                        Some(Pdu::Unbind) => {
                            "the SMSC has ended it".clone_into(&mut why);
                            let _ = client.unbind_resp(sequence).await;
                            let _ = client.close().await;
                        }
                        Some(Pdu::DataSm(_)) => {
                            // Nobody brings messages so any more; it is told that we cannot.
                            let _ = client.generic_nack(sequence).await;
                        }
                        _ => {}
                    }
                }
            }
        }
        why
    }

    /// Waits for the answers to what has left, and takes leave.
    async fn leave(&self, client: &Client) {
        self.state.send_replace(State::down(
            FailureKind::Temporary,
            "the service is stopping",
        ));
        let all = self.window.acquire_many(self.places);
        let _ = tokio::time::timeout(self.patience, all).await;
        let _ = tokio::time::timeout(FAREWELL, client.unbind()).await;
        let _ = tokio::time::timeout(FAREWELL, client.close_and_wait()).await;
    }
}

fn doubled(pause: &mut Duration, longest: Duration) -> Duration {
    let now = *pause;
    *pause = (now * 2).min(longest);
    now
}

/// What a refused bind means.
fn refusal(status: CommandStatus) -> Trouble {
    let code = u32::from(status);
    match status {
        CommandStatus::EsmeRsyserr
        | CommandStatus::EsmeRalybnd
        | CommandStatus::EsmeRthrottled
        | CommandStatus::EsmeRxTAppn => Trouble::Away(format!(
            "the SMSC takes no session now ({status:?}, 0x{code:08x})"
        )),
        _ => Trouble::Refused(format!(
            "the SMSC refuses the bind ({status:?}, 0x{code:08x}): look at system_id, password and \
             system_type, and ask its operator whether this machine's address may bind"
        )),
    }
}
