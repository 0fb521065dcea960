//! Who is let in: connections are counted, none may be held by being slow, and all end in good order.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::Request, http::StatusCode};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{
    caller::{Peer, counted},
    gate::{Gate, refused},
};
use crate::{clock::patience, config::http::Http};

/// How many bytes a head may have: more than any gateway's GET, and a thousand of them are 64 MB.
const HEAD: usize = 64 * 1024;
/// How many who were turned away are waited for, so that they read why.
const TURNED_AWAY: usize = 64;

/// Answers whoever connects, until it is told to stop; then what is under way is ended.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    gate: Arc<Gate>,
    limits: Http,
    stop: CancellationToken,
) {
    let door = Arc::new(Door::new(gate, &limits));
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout.unsigned_abs())
        .max_buf_size(HEAD);
    let under_way = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: some come back when others are through.
                tracing::error!(%error, "a connection could not be accepted");
                patience(Duration::from_millis(100)).await;
                continue;
            }
        };
        let address = from.ip().to_canonical();
        let place = match door.enter(address) {
            Ok(place) => place,
            Err(full) => {
                door.turn_away(stream, full);
                continue;
            }
        };
        // Answers are small and waited for.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.body_timeout.unsigned_abs()));
        let service = router
            .clone()
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(Peer(address));
                request
            });
        let connection = server.serve_connection(
            TokioIo::new(Box::pin(stream)),
            TowerToHyperService::new(service),
        );
        let connection = under_way.watch(connection);
        tokio::spawn(async move {
            match connection.await {
                Err(error) if error.is_timeout() => refused("head_late"),
                Err(error) if was_left_untaken(&error) => refused("answer_untaken"),
                // Whoever closes in the middle is no trouble of ours.
                _ => {}
            }
            drop(place);
        });
    }
    drop(listener);
    under_way.shutdown().await;
}

/// Whether the caller did not read what it was sent.
fn was_left_untaken(error: &hyper::Error) -> bool {
    let below = std::error::Error::source(error).and_then(|it| it.downcast_ref::<io::Error>());
    below.is_some_and(|it| it.kind() == io::ErrorKind::TimedOut)
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy)]
enum Full {
    All,
    OfAddress,
}

struct Door {
    gate: Arc<Gate>,
    all: Arc<Semaphore>,
    per_address: usize,
    inside: Mutex<HashMap<IpAddr, usize>>,
    turned_away: Arc<Semaphore>,
}

/// A connection's place, given back when it ends.
struct Place {
    door: Arc<Door>,
    address: Option<IpAddr>,
    /// Given back by being dropped.
    of_all: Option<OwnedSemaphorePermit>,
}

impl Door {
    fn new(gate: Arc<Gate>, limits: &Http) -> Self {
        Self {
            gate,
            all: Arc::new(Semaphore::new(limits.connections)),
            per_address: limits.connections_per_address,
            inside: Mutex::default(),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY)),
        }
    }

    fn enter(self: &Arc<Self>, from: IpAddr) -> Result<Place, Full> {
        let mut place = Place {
            door: Arc::clone(self),
            address: None,
            of_all: None,
        };
        let addresses = &self.gate.addresses;
        // So whoever looks after the service on its machine gets in when all places are taken.
        if addresses.is_unlimited(from) {
            return Ok(place);
        }
        let one = Arc::clone(&self.all).try_acquire_owned();
        place.of_all = Some(one.map_err(|_| Full::All)?);
        // A proxy's connections are many callers'.
        if !addresses.is_proxy(from) {
            let address = counted(from);
            let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
            let count = inside.entry(address).or_default();
            if *count >= self.per_address {
                return Err(Full::OfAddress);
            }
            *count += 1;
            place.address = Some(address);
        }
        Ok(place)
    }

    /// Says why, and closes. Only a few are waited for: telling must not hold up those inside.
    fn turn_away(&self, mut stream: TcpStream, full: Full) {
        let (why, status, title) = match full {
            Full::All => (
                "connections",
                StatusCode::SERVICE_UNAVAILABLE,
                "as many connections are open as there is room for",
            ),
            Full::OfAddress => (
                "connections_of_address",
                StatusCode::TOO_MANY_REQUESTS,
                "too many connections of this address",
            ),
        };
        refused(why);
        let Ok(waited_for) = Arc::clone(&self.turned_away).try_acquire_owned() else {
            return;
        };
        let body = serde_json::json!({
            "type": "about:blank",
            "status": status.as_u16(),
            "title": title,
            "detail": "close some, or come again in a moment",
        })
        .to_string();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        tokio::spawn(async move {
            let telling = async {
                stream.write_all(answer.as_bytes()).await?;
                stream.shutdown().await?;
                // Closed before its request was read, it would be reset, and the answer lost.
                let mut unread = [0; 4096];
                while stream.read(&mut unread).await? > 0 {}
                io::Result::Ok(())
            };
            let _ = tokio::time::timeout(Duration::from_secs(1), telling).await;
            drop(waited_for);
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else {
            return;
        };
        let mut inside = self
            .door
            .inside
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = inside.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                inside.remove(&address);
            }
        }
    }
}
