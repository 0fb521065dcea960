//! The private Redis: a `redis-server` child of the service, in its data folder, by a unix socket.
//!
//! The default of an installation on one machine, and the same code path as any other Redis. The
//! folder is locked, so two services never share it. The child dies with the service, also when
//! the service is killed (the kernel sends the signal, not we); one that was left over all the same
//! is shut down at the next start. A child that dies while the service lives is started again: the
//! append-only file has all that was committed.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::{
    fs::{FlockOperation, flock},
    process::{Pid, Signal, kill_process},
};

use super::Address;

/// How the private Redis is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The data folder.
    pub folder: PathBuf,
    /// The program: a name on the PATH, or a path.
    pub program: String,
    /// Whether every write waits for the disk (`always`), or the last two seconds may be lost
    /// (`everysec`).
    pub sync_always: bool,
    /// A port on the loopback address, so that other systems on this machine can write complaints.
    pub port: Option<u16>,
}

/// Why the private Redis does not run.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No program.
    #[error(
        "the program {program:?} was not found: install it (apt-get install redis-server), name it in redis.program, or set redis.mode = \"external\" and redis.url"
    )]
    NotFound {
        /// What was looked for.
        program: String,
    },
    /// The folder is in use.
    #[error("the data folder {} is in use by another siaga: stop that one, or give this one a folder of its own (redis.data_dir)", folder.display())]
    InUse {
        /// Which folder.
        folder: PathBuf,
    },
    /// The folder cannot be used.
    #[error("the data folder {} cannot be used ({source}): make it writable, or choose another (redis.data_dir)", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was started and ended at once.
    #[error("redis-server ended at once ({status}); its log {} says why. Its last line: {last}", log.display())]
    Ended {
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The log's last line.
        last: String,
    },
}

/// The running private Redis. Dropping it does not stop it: call [`Embedded::stop`].
pub struct Embedded {
    socket: PathBuf,
    stopping: Arc<AtomicBool>,
    pid: Arc<std::sync::Mutex<Option<Pid>>>,
    keeper: Option<JoinHandle<()>>,
    // Held as long as the service lives; the kernel lets go of it when the process ends.
    _lock: File,
}

/// A unix socket's path has 107 bytes at most.
const SOCKET_PATH: usize = 107;

impl Embedded {
    /// Locks the folder and starts the child. It may still be loading its file when this returns.
    ///
    /// # Errors
    /// When the program is missing, the folder is in use or cannot be used, or the child ends.
    pub fn start(options: Options) -> Result<Self, EmbeddedError> {
        let folder_error = |source| EmbeddedError::Folder {
            folder: options.folder.clone(),
            source,
        };
        fs::create_dir_all(&options.folder).map_err(folder_error)?;
        let folder = options.folder.canonicalize().map_err(folder_error)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("lock"))
            .map_err(folder_error)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            EmbeddedError::InUse {
                folder: folder.clone(),
            }
        })?;
        let socket = socket_path(&folder);
        end_leftover(&folder);
        let options = Options { folder, ..options };
        let (started, first) = mpsc::channel();
        let stopping = Arc::new(AtomicBool::new(false));
        let pid = Arc::new(std::sync::Mutex::new(None));
        // A thread of its own that lives as long as the child: the kernel ties the child's death to
        // the thread that started it.
        let keeper = thread::Builder::new()
            .name("redis-keeper".to_owned())
            .spawn({
                let (stopping, pid, socket) = (stopping.clone(), pid.clone(), socket.clone());
                move || keep(&options, &socket, &stopping, &pid, &started)
            })
            .map_err(|source| EmbeddedError::Folder {
                folder: PathBuf::from("."),
                source,
            })?;
        match first.recv() {
            Ok(Ok(())) => Ok(Self {
                socket,
                stopping,
                pid,
                keeper: Some(keeper),
                _lock: lock,
            }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(EmbeddedError::NotFound {
                program: "redis-server".to_owned(),
            }),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> Address {
        Address::unix(&self.socket)
    }

    /// Stops the child and waits until its file is safe on the disk.
    pub fn stop(mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        signal(&self.pid, Signal::TERM);
        if let Some(keeper) = self.keeper.take() {
            // The keeper ends when the child has ended; it has nothing to say.
            let _ = keeper.join();
        }
    }
}

/// Where a folder's Redis listens: in the folder, or in the temporary folder where the path is too
/// long for a socket.
pub fn socket_path(folder: &Path) -> PathBuf {
    let socket = folder.join("redis.sock");
    if socket.as_os_str().len() <= SOCKET_PATH {
        return socket;
    }
    use sha2::{Digest, Sha256};
    let name = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    std::env::temp_dir().join(format!("siaga-{}.sock", hex::encode(&name[..8])))
}

fn signal(pid: &std::sync::Mutex<Option<Pid>>, signal: Signal) {
    if let Ok(pid) = pid.lock()
        && let Some(pid) = *pid
    {
        // It may just have ended by itself.
        let _ = kill_process(pid, signal);
    }
}

/// Starts the child, waits for it, and starts it again until it is to stop.
fn keep(
    options: &Options,
    socket: &Path,
    stopping: &AtomicBool,
    pid: &std::sync::Mutex<Option<Pid>>,
    started: &mpsc::Sender<Result<(), EmbeddedError>>,
) {
    let mut first = true;
    while !stopping.load(Ordering::SeqCst) {
        let mut child = match spawn(options, socket) {
            Ok(child) => child,
            Err(error) if first => {
                let _ = started.send(Err(error));
                return;
            }
            Err(error) => {
                tracing::error!(%error, "the private Redis cannot be started again; trying on");
                thread::sleep(Duration::from_secs(1));
                continue;
            }
        };
        if let Ok(mut pid) = pid.lock() {
            *pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        }
        if first {
            // A wrong option or a damaged file ends it within moments.
            if let Some(error) = ends_at_once(&mut child, options, socket) {
                let _ = started.send(Err(error));
                return;
            }
            let _ = started.send(Ok(()));
            first = false;
        }
        let status = child.wait();
        if !stopping.load(Ordering::SeqCst) {
            tracing::error!(?status, "the private Redis ended; it is started again");
            thread::sleep(Duration::from_millis(100));
        }
    }
}

fn ends_at_once(child: &mut Child, options: &Options, socket: &Path) -> Option<EmbeddedError> {
    for _ in 0..100 {
        match child.try_wait() {
            Ok(Some(status)) => {
                let log = options.folder.join("redis.log");
                let text = fs::read_to_string(&log).unwrap_or_default();
                return Some(EmbeddedError::Ended {
                    status: status.to_string(),
                    last: text.lines().last().unwrap_or_default().to_owned(),
                    log,
                });
            }
            _ if std::os::unix::net::UnixStream::connect(socket).is_ok() => return None,
            _ => thread::sleep(Duration::from_millis(20)),
        }
    }
    None // It is slow; whoever connects waits for it.
}

fn spawn(options: &Options, socket: &Path) -> Result<Child, EmbeddedError> {
    let _ = fs::remove_file(socket); // A leftover of a killed child; a missing one is fine.
    let arguments = arguments(options, socket);
    let run = |mut command: Command| {
        command
            .args(&arguments)
            .current_dir(&options.folder)
            // A Ctrl-C at the terminal is for the service, which still has to settle what is in flight.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    };
    // setpriv (util-linux, on every Debian) asks the kernel to end the child with us.
    let mut with_us = Command::new("setpriv");
    with_us.args(["--pdeathsig", "TERM", "--"]);
    if !exists(&options.program) {
        return Err(EmbeddedError::NotFound {
            program: options.program.clone(),
        });
    }
    with_us.arg(&options.program);
    run(with_us)
        .or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => run(Command::new(&options.program)),
            _ => Err(error),
        })
        .map_err(|source| EmbeddedError::Folder {
            folder: options.folder.clone(),
            source,
        })
}

fn exists(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).exists();
    }
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).exists()))
}

fn arguments(options: &Options, socket: &Path) -> Vec<String> {
    let sync = if options.sync_always {
        "always"
    } else {
        "everysec"
    };
    let port = options.port.unwrap_or(0).to_string();
    let (folder, socket) = (
        options.folder.display().to_string(),
        socket.display().to_string(),
    );
    let log = options.folder.join("redis.log").display().to_string();
    [
        ("--port", port.as_str()),
        ("--bind", "127.0.0.1"),
        ("--unixsocket", socket.as_str()),
        ("--unixsocketperm", "700"),
        ("--dir", folder.as_str()),
        ("--logfile", log.as_str()),
        ("--daemonize", "no"),
        ("--appendonly", "yes"),
        ("--appendfsync", sync),
        ("--save", ""),
        ("--maxmemory-policy", "noeviction"),
        // A machine's state is longer than 64 bytes: kept compact all the same.
        ("--hash-max-listpack-value", "2048"),
        ("--notify-keyspace-events", "Kh"),
    ]
    .into_iter()
    .flat_map(|(name, value)| [name.to_owned(), value.to_owned()])
    .collect()
}

/// Ends a child that outlived its service. We hold the folder's lock, so it is nobody's.
fn end_leftover(folder: &Path) {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::os::unix::net::UnixStream::connect(socket_path(folder)) else {
        return;
    };
    tracing::warn!("a Redis of an earlier run still lives in the data folder; it is shut down");
    let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
    let _ = stream.write_all(b"SHUTDOWN\r\n");
    // The connection ends when Redis has.
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
}
