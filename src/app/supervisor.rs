//! Telling systemd how the service stands (sd_notify): that it is ready, that it is alive, that it is ending.
//!
//! Alive is who makes passes, well or not: while Redis is away they fail, and a restart would help nobody. A process whose
//! loops hang says nothing more, and is killed and begun again by `WatchdogSec`. Without systemd nothing is told.

use std::{
    env,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
    sync::Arc,
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{
    clock::{Stopwatch, patience},
    engine::{LOOK_AROUND, Pulse},
};

/// How long all loops together may make no pass.
const HANGS: Duration = LOOK_AROUND.saturating_mul(3);

/// The service manager that started this process, if one did.
pub(super) struct Supervisor {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants to hear; none where it does not watch.
    every: Option<Duration>,
}

impl Supervisor {
    /// The one that the environment names.
    pub(super) fn found() -> Self {
        let every = env::var("WATCHDOG_USEC").ok();
        let is_ours = env::var("WATCHDOG_PID")
            .ok()
            .is_none_or(|id| id == std::process::id().to_string());
        let every = every
            .filter(|_| is_ours)
            .and_then(|text| text.parse().ok())
            .map(Duration::from_micros);
        Self {
            socket: socket(),
            every,
        }
    }

    /// Says something; who does not listen misses it.
    fn say(&self, words: &str) {
        if let Some((socket, address)) = &self.socket
            && let Err(error) = socket.send_to_addr(words.as_bytes(), address)
        {
            tracing::warn!(%error, "the service manager cannot be told how it stands");
        }
    }

    /// Says that the service is ready, and from then on that it is alive, until `stop`.
    pub(super) async fn keep(self: Arc<Self>, pulse: Arc<Pulse>, stop: CancellationToken) {
        self.say("READY=1");
        let every = self.every.unwrap_or(HANGS) / 2;
        let (mut seen, mut since) = (pulse.passes(), Stopwatch::begin());
        loop {
            tokio::select! {
                () = patience(every) => {}
                () = stop.cancelled() => return,
            }
            let now = pulse.passes();
            if now != seen {
                (seen, since) = (now, Stopwatch::begin());
            }
            if since.elapsed() < HANGS {
                self.say("WATCHDOG=1");
            } else {
                tracing::error!(
                    since = ?since.elapsed(),
                    "no loop makes a pass: the service manager is not told that all is well"
                );
            }
        }
    }

    /// Says that the service is ending: by whoever ends it, because the process may be gone before another task runs.
    pub(super) fn ending(&self) {
        self.say("STOPPING=1");
    }
}

fn socket() -> Option<(UnixDatagram, SocketAddr)> {
    let name = env::var_os("NOTIFY_SOCKET")?;
    let address = match name.as_bytes() {
        [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest),
        _ => SocketAddr::from_pathname(&name),
    };
    let opened = address.and_then(|address| {
        let socket = UnixDatagram::unbound()?;
        // Whoever does not read must not make the service wait.
        socket.set_nonblocking(true)?;
        Ok((socket, address))
    });
    opened
        .inspect_err(|error| tracing::warn!(%error, "NOTIFY_SOCKET is no socket"))
        .ok()
}
