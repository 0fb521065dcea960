//! Free local ports that stay ours, also among several test processes.
//!
//! Asking the kernel for port 0 and closing it again is a race: the next test may get the same one
//! before the daemon has bound it. So each port is a lock on a file that is held for as long as the
//! [`Port`] lives, and the ports lie below those that the kernel gives to outgoing connections.

use std::{
    fs::File,
    net::TcpStream,
    sync::atomic::{AtomicU16, Ordering},
};

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port on 127.0.0.1 that no other test takes while this value lives.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// Takes a free one.
    pub(crate) fn take() -> Self {
        let folder = std::env::temp_dir().join("siaga-test-ports");
        std::fs::create_dir_all(&folder).unwrap();
        // Processes begin at different places, so that they seldom meet.
        let begin = u16::try_from(std::process::id().wrapping_mul(97) % u32::from(COUNT)).unwrap();
        for _ in 0..COUNT {
            let offset = (begin + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT;
            let number = FIRST + offset;
            let lock = File::options()
                .create(true)
                .append(true)
                .open(folder.join(number.to_string()))
                .unwrap();
            if lock.try_lock().is_ok() && !somebody_listens(number) {
                return Self {
                    number,
                    _lock: lock,
                };
            }
        }
        panic!("no free port from {FIRST} to {}", FIRST + COUNT);
    }

    /// Its number.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

/// Looks by connecting: a socket bound for a look would be copied into a child that another thread
/// starts just then, and hold the port until that child's `exec`.
fn somebody_listens(number: u16) -> bool {
    TcpStream::connect(("127.0.0.1", number)).is_ok()
}
