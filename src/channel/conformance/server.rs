//! A TCP server that reads one whole request and then behaves as it is told.
//!
//! A web framework would be too well-behaved: gateways also break off, drivel and fall silent.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

/// What happens once a request has been read.
#[derive(Debug, Clone)]
pub(in crate::channel) enum Behaviour {
    /// These bytes, then the connection closes.
    Say(Vec<u8>),
    /// These bytes, then nothing more.
    SayAndHang(Vec<u8>),
    /// Nothing at all.
    Hang,
    /// The connection closes at once.
    Close,
}

impl Behaviour {
    pub(in crate::channel) fn answer(status: u16, body: &str) -> Self {
        Self::Say(written(status, body, "").into())
    }

    pub(super) fn is_silent(&self) -> bool {
        matches!(self, Self::Hang | Self::SayAndHang(_))
    }

    pub(super) fn label(&self) -> String {
        let said: String = format!("{self:?}");
        said.chars().take(60).collect()
    }
}

/// An answer as it stands on the wire.
pub(super) fn written(status: u16, body: &str, headers: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// An address where nobody listens.
pub(super) async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// The running server; it stops when dropped.
pub(in crate::channel) struct Server {
    pub(in crate::channel) base: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(in crate::channel) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let task = tokio::spawn(async move {
            // Each connection is served in a task of its own: one that hangs holds up nobody.
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, behaviour.clone(), seen.clone()));
            }
        })
        .abort_handle();
        Self {
            base,
            requests,
            task,
        }
    }

    /// The requests so far, head and body.
    pub(in crate::channel) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, behaviour: Behaviour, seen: Arc<Mutex<Vec<String>>>) {
    let Some(request) = read_request(&mut stream).await else {
        return;
    };
    seen.lock().unwrap().push(request);
    match behaviour {
        Behaviour::Close => {}
        Behaviour::Say(bytes) => {
            // The reader may have heard enough before the end.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Behaviour::SayAndHang(bytes) => {
            stream.write_all(&bytes).await.unwrap();
            std::future::pending::<()>().await;
        }
        Behaviour::Hang => std::future::pending::<()>().await,
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .to_lowercase()
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
            .unwrap_or(0);
        if body.len() >= length {
            return Some(text.into_owned());
        }
    }
}
