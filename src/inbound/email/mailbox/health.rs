//! What is known of a mailbox: when it was last read, and what is wrong with it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// The state of one mailbox, as `/readyz` and the metrics show it.
#[derive(Debug)]
pub struct MailboxHealth {
    name: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    looked_at: Option<Timestamp>,
    /// Since when it cannot be read, and why.
    failing: Option<(Timestamp, String)>,
}

impl MailboxHealth {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: Mutex::default(),
        }
    }

    /// What is wrong with it, in words; none when all is well.
    pub fn trouble(&self) -> Option<String> {
        let state = self.state();
        let (since, why) = state.failing.as_ref()?;
        let read = match state.looked_at {
            Some(at) => format!("last read at {at:.0}"),
            None => "never read since the start".to_owned(),
        };
        Some(format!(
            "{} cannot be read since {since:.0} ({read}): {why}",
            self.name
        ))
    }

    /// All that was there has been taken in.
    pub(super) fn looked(&self, now: Timestamp) {
        let mut state = self.state();
        state.looked_at = Some(now);
        if state.failing.take().is_some() {
            tracing::info!(mailbox = self.name, "the mailbox is read again");
        }
        self.gauge(1.0);
        metrics::gauge!("siaga_mailbox_looked_at_seconds", "mailbox" => self.name.clone())
            .set(now.as_second() as f64);
    }

    pub(super) fn failed(&self, why: String, now: Timestamp) {
        metrics::counter!("siaga_mailbox_failures_total", "mailbox" => self.name.clone())
            .increment(1);
        self.gauge(0.0);
        let mut state = self.state();
        let is_told = state.failing.as_ref().is_some_and(|(_, told)| *told == why);
        if !is_told {
            tracing::error!(mailbox = self.name, why, "the mailbox cannot be read");
        }
        let since = state.failing.as_ref().map_or(now, |(since, _)| *since);
        state.failing = Some((since, why));
    }

    fn gauge(&self, value: f64) {
        metrics::gauge!("siaga_mailbox_up", "mailbox" => self.name.clone()).set(value);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_tells_since_when_and_goes_when_it_is_read_again() {
        let minute = |n: i64| Timestamp::from_second(1_795_500_000 + n * 60).unwrap();
        let health = MailboxHealth::new("siaga@imap.test:993");
        assert_eq!(health.trouble(), None);
        health.failed("no route".into(), minute(0));
        health.failed("refused".into(), minute(1));
        let trouble = health.trouble().unwrap();
        for part in [
            "siaga@imap.test:993",
            "never read",
            "refused",
            &minute(0).to_string()[..16],
        ] {
            assert!(trouble.contains(part), "{part} in {trouble}");
        }
        health.looked(minute(2));
        assert_eq!(health.trouble(), None);
    }
}
