//! A copy of all that Redis has at one moment, and its keys from one Redis into another.
//!
//! The copy is Redis's own (what it gives a replica), so it is of one moment while everybody writes on. It is looked at
//! in a private Redis that is started on it and keeps nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use redis::{ConnectionAddr, IntoConnectionInfo};

use super::{Address, Store, StoreError};
use crate::clock::patience;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It cannot be taken from there.
    #[error("no copy can be taken of {0}: {1}")]
    NotFrom(String, &'static str),
    /// The program that takes it.
    #[error("redis-cli: {0}: it takes the copy, and comes with redis-server (Debian: redis-tools)")]
    Program(String),
    /// A folder or a process on the way.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The private Redis on the copy.
    #[error("the copy cannot be looked at: {0}")]
    Store(#[from] StoreError),
}

/// Lets Redis give a copy of all it has into a file.
///
/// # Errors
/// When it is a cluster or encrypted, or Redis does not give it.
pub fn take(address: &Address, to: &Path) -> Result<(), SnapshotError> {
    let not_from = |why| SnapshotError::NotFrom(address.to_string(), why);
    let url = address.one().ok_or_else(|| {
        not_from("it is not one server: let each master save its own (redis-cli --rdb), with Siaga stopped")
    })?;
    let info = url.into_connection_info();
    let info = info.map_err(|_| not_from("it is no address"))?;
    let mut command = Command::new("redis-cli");
    match info.addr() {
        ConnectionAddr::Tcp(host, port) => {
            command.args(["-h", host, "-p", &port.to_string()]);
        }
        ConnectionAddr::Unix(path) => {
            command.arg("-s").arg(path);
        }
        _ => {
            return Err(not_from(
                "it is encrypted: take it with redis-cli --tls --rdb FILE",
            ));
        }
    }
    let settings = info.redis_settings();
    if let Some(user) = settings.username() {
        command.args(["--user", user]);
    }
    if let Some(password) = settings.password() {
        command.env("REDISCLI_AUTH", password);
    }
    command.arg("--rdb").arg(to).stdin(Stdio::null());
    let done = command
        .output()
        .map_err(|error| SnapshotError::Program(error.to_string()))?;
    let has_it = fs::metadata(to).is_ok_and(|file| file.len() > 0);
    if done.status.success() && has_it {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&done.stderr);
    let last = told.lines().last().unwrap_or("it gave nothing").to_owned();
    Err(SnapshotError::Program(last))
}

/// A private Redis on a copy. Ends with this value.
pub struct Copied {
    child: Child,
    socket: PathBuf,
}

impl Copied {
    /// Starts one on a copy that lies in a folder of its own.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn open(copy: &Path, program: &str) -> Result<Self, SnapshotError> {
        let folder = copy.parent().unwrap_or_else(|| Path::new("."));
        let name = copy.file_name().unwrap_or_default();
        let socket = super::embedded::socket_path(folder);
        let child = Command::new(program)
            .current_dir(folder)
            .arg("--dbfilename")
            .arg(name)
            .args([
                "--port",
                "0",
                "--save",
                "",
                "--appendonly",
                "no",
                "--unixsocketperm",
                "700",
            ])
            .arg("--unixsocket")
            .arg(&socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child, socket })
    }

    /// The store on it.
    ///
    /// # Errors
    /// When it does not answer: the copy is none.
    pub async fn store(&mut self, prefix: &str, shards: u16) -> Result<Store, SnapshotError> {
        while !self.socket.exists() {
            if let Some(status) = self.child.try_wait()? {
                let why =
                    format!("redis-server ended ({status}): it is no copy, or of a newer Redis");
                return Err(SnapshotError::Io(std::io::Error::other(why)));
            }
            patience(Duration::from_millis(20)).await;
        }
        Ok(Store::connect(&Address::unix(&self.socket), prefix, shards).await?)
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Store {
    /// One step of a walk over Siaga's own keys, whatever their type.
    async fn own_keys(&self, cursor: u64) -> Result<(u64, Vec<String>), StoreError> {
        Ok(redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(self.keys().all())
            .arg("COUNT")
            .arg(500)
            .query_async(&mut self.connection())
            .await?)
    }

    /// Whether there is nothing of Siaga's.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        let mut cursor = 0;
        loop {
            let (next, keys) = self.own_keys(cursor).await?;
            if !keys.is_empty() {
                return Ok(false);
            }
            if next == 0 {
                return Ok(true);
            }
            cursor = next;
        }
    }

    /// Puts all of Siaga's keys into another Redis; gives how many, as they come, to `told`.
    ///
    /// # Errors
    /// When one of them is away, or a key is there already.
    pub async fn copy_to(
        &self,
        target: &Self,
        mut told: impl FnMut(usize),
    ) -> Result<(), StoreError> {
        let mut cursor = 0;
        loop {
            let (next, mut keys) = self.own_keys(cursor).await?;
            // A walk may name a key twice.
            keys.sort();
            keys.dedup();
            if !keys.is_empty() {
                let mut dump = redis::pipe();
                for key in &keys {
                    dump.cmd("DUMP").arg(key);
                }
                let contents: Vec<Option<Vec<u8>>> =
                    dump.query_async(&mut self.connection()).await?;
                let mut restore = redis::pipe();
                for (key, content) in keys.iter().zip(contents) {
                    if let Some(content) = content {
                        restore
                            .cmd("RESTORE")
                            .arg(key)
                            .arg(0)
                            .arg(content)
                            .arg("REPLACE")
                            .ignore();
                    }
                }
                let () = restore.query_async(&mut target.connection()).await?;
                told(keys.len());
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    /// Takes out all of Siaga's keys: what was put in halfway.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn clear(&self) -> Result<(), StoreError> {
        let mut cursor = 0;
        loop {
            let (next, keys) = self.own_keys(cursor).await?;
            if !keys.is_empty() {
                let () = redis::cmd("UNLINK")
                    .arg(keys)
                    .query_async(&mut self.connection())
                    .await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }
}
