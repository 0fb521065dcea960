//! Waiting for a condition with a bound: the only place where a test pauses.

use std::time::{Duration, Instant};

/// How long a test waits for a peer that has nothing to wait for itself. Generous, because the
/// machine may be busy; a test that passes never waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Looks until `look` finds something and returns it.
///
/// # Panics
/// When nothing is found within `limit`; `what` says what was missing.
pub(crate) async fn eventually<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            start.elapsed() < limit,
            "waited {limit:?} in vain for {what}"
        );
        pause_between_two_looks(Duration::from_millis(5)).await;
    }
}

/// Like [`eventually`], for a look that has to ask somebody.
pub(crate) async fn eventually_asked<T, F: Future<Output = Option<T>>>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> F,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            start.elapsed() < limit,
            "waited {limit:?} in vain for {what}"
        );
        pause_between_two_looks(Duration::from_millis(30)).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a condition outside this process can only be looked at again"
)]
async fn pause_between_two_looks(pause: Duration) {
    tokio::time::sleep(pause).await;
}
