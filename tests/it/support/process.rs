//! A child process that cannot outlive its test.
//!
//! It runs in a process group of its own, which is killed when the guard is dropped, and it asks the
//! kernel to die with the thread that started it (`setpriv --pdeathsig`), which covers a test that
//! is killed itself. Its output goes to a file, not a pipe: a daemon that forks would hold a pipe
//! open, and a file can still be read when the test has failed.

use std::{
    fs::File,
    net::TcpStream,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::wait::{PATIENCE, eventually};

/// A running child and its output.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Starts `program` with `arguments`; what it prints is in `folder/<name>.log`, appended when
    /// it is started again.
    pub(crate) fn start<I, A>(name: &str, program: &str, arguments: I, folder: &Path) -> Self
    where
        I: IntoIterator<Item = A>,
        A: AsRef<std::ffi::OsStr>,
    {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder);
        Self::spawn(name, &command, folder)
    }

    /// Starts `command` (with its arguments, environment and folder) as a child that dies with us.
    pub(crate) fn spawn(name: &str, command: &Command, folder: &Path) -> Self {
        let output = folder.join(format!("{name}.log"));
        let log = File::options()
            .create(true)
            .append(true)
            .open(&output)
            .unwrap();
        let mut guarded = Command::new("setpriv");
        guarded
            .args(["--pdeathsig", "KILL", "--"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0);
        if let Some(current) = command.get_current_dir() {
            guarded.current_dir(current);
        }
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => guarded.env(variable, value),
                None => guarded.env_remove(variable),
            };
        }
        let child = guarded.spawn().unwrap_or_else(|error| {
            panic!("cannot start {name} by setpriv ({error}); run deploy/setup test")
        });
        Self {
            name: name.to_owned(),
            child,
            output,
        }
    }

    /// All it has printed.
    pub(crate) fn output(&self) -> String {
        let bytes = std::fs::read(&self.output).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until something on 127.0.0.1 accepts connections on `port`.
    pub(crate) async fn wait_until_listening(&mut self, port: u16) {
        let what = format!("{} to listen on {port}", self.name);
        self.wait_for(&what, |_| {
            TcpStream::connect(("127.0.0.1", port)).ok().map(drop)
        })
        .await;
    }

    /// Waits until a line of the output contains `part` and returns that line.
    pub(crate) async fn wait_for_line(&mut self, part: &str) -> String {
        let what = format!("{} to print {part:?}", self.name);
        self.wait_for(&what, |process| {
            let output = process.output();
            let mut lines = output.lines();
            lines.find(|line| line.contains(part)).map(str::to_owned)
        })
        .await
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn wait_for_exit(&mut self, limit: Duration) -> ExitStatus {
        let what = format!("{} to end", self.name);
        let child = &mut self.child;
        eventually(&what, limit, || child.try_wait().unwrap()).await
    }

    /// Asks it to end, and waits for that.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait_for_exit(PATIENCE).await
    }

    /// Asks it to end and kills it when it has not ended within `limit`.
    pub(crate) async fn terminate_or_kill(&mut self, limit: Duration) {
        self.signal(Signal::TERM);
        let ended = tokio::time::timeout(limit, self.wait_for_exit(PATIENCE)).await;
        if ended.is_err() {
            self.kill9();
        }
    }

    /// Kills it and its children without a warning (kill -9).
    pub(crate) fn kill9(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().unwrap();
    }

    /// Kills it without a warning and leaves its children to themselves.
    pub(crate) fn kill9_alone(&mut self) {
        signal_one(self.child.id(), Signal::KILL);
        self.child.wait().unwrap();
    }

    /// Sends a signal to its whole group; a group that is gone is no fault.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = id {
            let _ = kill_process_group(group, signal);
        }
    }

    /// Waits until it has stopped itself (state `T`).
    pub(crate) async fn wait_until_stopped(&mut self) {
        let what = format!("{} to stop itself", self.name);
        self.wait_for(&what, |process| {
            (Seen::look(process.id())?.state == 'T').then_some(())
        })
        .await;
    }

    /// Lets it go on after a stop.
    pub(crate) fn go_on(&self) {
        signal_one(self.child.id(), Signal::CONT);
    }

    /// Its child that runs `program`.
    pub(crate) fn child(&self, program: &str) -> Option<u32> {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .find(|id| {
                Seen::look(*id)
                    .is_some_and(|seen| seen.parent == self.id() && seen.program == program)
            })
    }

    /// Like `eventually`, but gives up at once when the child has died, and shows what it printed.
    async fn wait_for<T>(&mut self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        eventually(what, PATIENCE, || {
            let found = look(self);
            if found.is_none()
                && let Some(status) = self.child.try_wait().unwrap()
            {
                let (name, output) = (&self.name, self.output());
                panic!("{name} ended ({status}) while a test waited for {what}:\n{output}");
            }
            found
        })
        .await
    }
}

/// A process as the kernel shows it.
struct Seen {
    program: String,
    state: char,
    parent: u32,
}

impl Seen {
    /// Reads `/proc/ID/stat`: `ID (PROGRAM) STATE PARENT ...`; nothing when it is gone.
    fn look(id: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // A program's name may hold brackets, so the last one counts.
        let (before, after) = stat.rsplit_once(") ")?;
        let mut words = after.split(' ');
        Some(Self {
            program: before.split_once(" (")?.1.to_owned(),
            state: words.next()?.chars().next()?,
            parent: words.next()?.parse().ok()?,
        })
    }
}

/// Sends a signal to one process; one that is gone is no fault.
pub(crate) fn signal_one(id: u32, signal: Signal) {
    if let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(id, signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}
