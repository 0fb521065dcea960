//! A gateway over HTTP that takes everything at once, and notes when each request had been read.
//!
//! It speaks just enough HTTP/1.1 by hand, on a thread of its own, so that what is measured is the
//! sender and not a server's library.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{\"id\":\"gw-1\"}";

/// A running gateway; it lives as long as the bench.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    count: Arc<AtomicUsize>,
    arrived: Arc<Mutex<Vec<Instant>>>,
}

impl Gateway {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let gateway = Self {
            address: listener.local_addr().unwrap(),
            count: Arc::default(),
            arrived: Arc::default(),
        };
        let (count, arrived) = (gateway.count.clone(), gateway.arrived.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, count.clone(), arrived.clone()));
                }
            });
        });
        gateway
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/send", self.address)
    }

    /// How many requests came since the last [`Gateway::take`].
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// When each request had been read; begins anew.
    pub(crate) fn take(&self) -> Vec<Instant> {
        self.count.store(0, Ordering::Relaxed);
        std::mem::take(&mut *self.arrived.lock().unwrap())
    }
}

async fn serve(
    mut stream: TcpStream,
    count: Arc<AtomicUsize>,
    arrived: Arc<Mutex<Vec<Instant>>>,
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let end = loop {
            if let Some(end) = whole(&buffer) {
                break end;
            }
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        };
        buffer.drain(..end);
        arrived.lock().unwrap().push(Instant::now());
        count.fetch_add(1, Ordering::Relaxed);
        stream.write_all(ANSWER).await.ok()?;
    }
}

/// Where the first request in the buffer ends, if it is all there.
fn whole(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&buffer[..head]).ok()?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.trim().parse().unwrap_or(0));
    (buffer.len() >= head + length).then_some(head + length)
}
