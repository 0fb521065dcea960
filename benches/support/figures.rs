//! Figures: the order statistics of delays, and what the kernel says of a process.

use std::time::Duration;

/// The order statistics of some delays.
pub(crate) struct Delays(Vec<Duration>);

impl Delays {
    pub(crate) fn new(mut delays: Vec<Duration>) -> Self {
        delays.sort_unstable();
        Self(delays)
    }

    /// The delay that this share of all do not exceed.
    fn at(&self, share: f64) -> Duration {
        let last = self.0.len().saturating_sub(1);
        let index = (last as f64 * share).round() as usize;
        self.0.get(index).copied().unwrap_or_default()
    }

    pub(crate) fn max(&self) -> Duration {
        self.at(1.0)
    }

    /// `p50 ... p99 ... max ...`
    pub(crate) fn line(&self) -> String {
        format!(
            "p50 {}  p99 {}  max {}",
            seconds(self.at(0.5)),
            seconds(self.at(0.99)),
            seconds(self.max())
        )
    }
}

/// A length of time as a table shows it.
pub(crate) fn seconds(length: Duration) -> String {
    format!("{:.3} s", length.as_secs_f64())
}

/// What a process has used so far and holds now.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    /// Processor time, user and system.
    pub(crate) processor: Duration,
    /// Resident memory in bytes.
    pub(crate) resident: u64,
}

impl Usage {
    /// The processor time that was used since `before`.
    pub(crate) fn since(self, before: Self) -> Duration {
        self.processor.saturating_sub(before.processor)
    }

    /// Reads it from the kernel.
    pub(crate) fn of(process: u32) -> Self {
        /// The kernel counts in hundredths of a second on every Linux that Siaga runs on.
        const TICKS: u64 = 100;
        let read = |file: &str| {
            std::fs::read_to_string(format!("/proc/{process}/{file}"))
                .unwrap_or_else(|error| panic!("process {process} is gone: {error}"))
        };
        let stat = read("stat");
        // The name stands in brackets and may hold blanks; what follows is counted from its end.
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        let resident = read("status")
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
            .unwrap_or(0);
        Self {
            processor: Duration::from_millis(ticks * 1000 / TICKS),
            resident: resident * 1024,
        }
    }
}

/// Bytes as mebibytes.
pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
