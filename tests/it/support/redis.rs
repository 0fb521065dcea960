//! A real `redis-server` in a temporary folder, on a port and on a unix socket.

use std::{net::TcpStream, path::PathBuf, process::Command};

use tempfile::TempDir;

use super::{
    ports::Port,
    process::Process,
    wait::{PATIENCE, eventually},
};

/// Whether what is written outlives the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Nothing is kept: the fastest.
    None,
    /// Every command is on the disk before its answer (`appendfsync always`).
    Always,
}

/// A running server; ends with this value.
#[derive(Debug)]
pub(crate) struct RedisServer {
    process: Process,
    port: Port,
    durability: Durability,
    folder: TempDir,
}

impl RedisServer {
    /// Starts an empty one and waits until it answers.
    pub(crate) async fn start(durability: Durability) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::take();
        let process = Self::launch(&folder, &port, durability);
        let mut server = Self {
            process,
            port,
            durability,
            folder,
        };
        server.wait_until_ready().await;
        server
    }

    /// Its address, `redis://127.0.0.1:<port>`.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port.number())
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    /// Its unix socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Runs `redis-cli` against it and returns what it prints, without the last line end.
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-p", &self.port.number().to_string()])
            .args(arguments)
            .output()
            .expect("redis-cli: run deploy/setup test");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "redis-cli {arguments:?}: {printed}"
        );
        printed.trim_end().to_owned()
    }

    /// Kills it as a power cut would. It stays away until [`RedisServer::restart`].
    pub(crate) fn kill9(&mut self) {
        self.process.kill9();
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        self.process.signal(signal);
    }

    /// Starts it again on the same port and the same files, ending it properly if it still runs.
    pub(crate) async fn restart(&mut self) {
        if self.process.is_running() {
            self.process.terminate().await;
        }
        self.process = Self::launch(&self.folder, &self.port, self.durability);
        self.wait_until_ready().await;
    }

    fn launch(folder: &TempDir, port: &Port, durability: Durability) -> Process {
        let append_only = match durability {
            Durability::None => "no",
            Durability::Always => "yes",
        };
        let port = port.number().to_string();
        let arguments = [
            "--bind",
            "127.0.0.1",
            "--port",
            &port,
            "--unixsocket",
            "redis.sock",
            "--unixsocketperm",
            "700",
            "--save",
            "",
            "--appendonly",
            append_only,
            "--appendfsync",
            "always",
        ];
        Process::start("redis", "redis-server", arguments, folder.path())
    }

    /// Listening is not enough: while the append-only file loads, the answer is `LOADING`.
    async fn wait_until_ready(&mut self) {
        let port = self.port.number();
        self.process.wait_until_listening(port).await;
        eventually("Redis to answer PING", PATIENCE, || ping(port)).await;
    }
}

fn ping(port: u16) -> Option<()> {
    use std::io::{Read, Write};
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(b"PING\r\n").ok()?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).ok()?;
    (&answer == b"+PONG\r\n").then_some(())
}
