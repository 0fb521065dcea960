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

use rustix::process::{Pid, Signal, kill_process_group};

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

    /// Sends a signal to its whole group; a group that is gone is no fault.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = id {
            let _ = kill_process_group(group, signal);
        }
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

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}
