//! What may be wrong with the service, each with its remedy.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{Watch, told_length};
use crate::{
    app::anchors::Anchored,
    clock::{Clock as _, Stopwatch, SystemClock},
    domain::watch::Trouble,
    store::StoreError,
};

/// How far clocks may be apart.
const APART: SignedDuration = SignedDuration::from_secs(2);
/// How far the clock may step between two looks.
const STEP: SignedDuration = SignedDuration::from_secs(5);
/// The share of Redis's memory, in percent, from which on it runs out.
const FULL: u64 = 90;

/// The machine's clock beside one that cannot be set.
pub(super) struct Steps {
    wall: Timestamp,
    since: Stopwatch,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            wall: SystemClock.now(),
            since: Stopwatch::begin(),
        }
    }
}

impl Steps {
    /// By how much the clock was set since this was last asked.
    fn look(&mut self) -> SignedDuration {
        let wall = SystemClock.now();
        let passed = SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::ZERO);
        let step = wall.duration_since(self.wall) - passed;
        *self = Self::default();
        step
    }
}

/// What was seen waiting that has no time of its own, and when it was first seen.
#[derive(Default)]
pub(super) struct Seen(HashMap<String, Timestamp>);

impl Seen {
    /// How late the latest of what waits first in each queue is.
    fn latest(
        &mut self,
        waiting: Vec<(String, Option<Timestamp>)>,
        now: Timestamp,
    ) -> SignedDuration {
        let before = std::mem::take(&mut self.0);
        let mut latest = SignedDuration::ZERO;
        for (name, due) in waiting {
            let since = due.unwrap_or_else(|| before.get(&name).copied().unwrap_or(now));
            latest = latest.max(now.duration_since(since));
            if due.is_none() {
                self.0.insert(name, since);
            }
        }
        latest
    }
}

fn trouble(name: &str, is_grave: bool, what: String, remedy: &'static str) -> Trouble {
    Trouble {
        name: name.to_owned(),
        what,
        remedy,
        is_grave,
    }
}

impl Watch {
    /// What is wrong with this process.
    pub(super) async fn own_troubles(&self, steps: &mut Steps) -> Vec<Trouble> {
        let mut found = Vec::new();
        let begun = SystemClock.now();
        match self.engine.store.server_time().await {
            Ok(theirs) => {
                let ended = SystemClock.now();
                let apart = (theirs.duration_since(begun))
                    .min(theirs.duration_since(ended))
                    .abs();
                let between = begun <= theirs && theirs <= ended;
                if !between && apart > APART {
                    let what =
                        format!("Jam mesin ini dan jam Redis berbeda {}", told_length(apart));
                    found.push(trouble(
                        "clock_differs",
                        false,
                        what,
                        "perbaiki NTP (chrony) di kedua mesin",
                    ));
                }
            }
            Err(error) => {
                let what = format!("Redis tidak menjawab: {error}");
                found.push(trouble(
                    "redis_away",
                    true,
                    what,
                    "periksa Redis, cakramnya dan jaringannya",
                ));
            }
        }
        let step = steps.look();
        if step.abs() > STEP {
            let what = format!("Jam mesin ini melompat {}", told_length(step));
            found.push(trouble(
                "clock_jumped",
                false,
                what,
                "perbaiki NTP (chrony); jangan setel jam dengan tangan",
            ));
        }
        if let Some(why) = self.health.trouble() {
            found.push(trouble(
                "passes_failing",
                true,
                why,
                "lihat log; biasanya Redis penuh atau lambat",
            ));
        }
        for (gateway, since) in self.engine.gateways.down() {
            let what = format!("Gateway {gateway} mati sejak {since:.0}");
            let name = format!("gateway_down:{gateway}");
            found.push(trouble(
                &name,
                false,
                what,
                "periksa gateway dan saldonya; pesan lewat jalur lain selama ada",
            ));
        }
        if let Some(why) = self.health.mailbox_down() {
            let what = format!("Kotak masuk tidak terbaca: {why}");
            found.push(trouble(
                "mailbox_down",
                false,
                what,
                "periksa server IMAP dan sandinya",
            ));
        }
        found
    }

    /// What is wrong with the whole.
    pub(super) async fn shared_troubles(
        &self,
        seen: &mut Seen,
        now: Timestamp,
    ) -> Result<Vec<Trouble>, StoreError> {
        let store = &self.engine.store;
        let mut found = Vec::new();
        let latest = seen.latest(store.first_waiting().await?, now);
        metrics::gauge!("siaga_queue_late_seconds").set(latest.as_secs_f64());
        if latest > self.operators.late {
            let what = format!("Antrean terlambat {}", told_length(latest));
            found.push(trouble(
                "queue_late",
                true,
                what,
                "periksa beban mesin dan Redis; tambah instans",
            ));
        }
        if let Some(percent) = store.memory_used().await? {
            metrics::gauge!("siaga_redis_memory_used_ratio").set(percent as f64 / 100.0);
            if percent >= FULL {
                let what = format!("Memori Redis terpakai {percent}%");
                found.push(trouble(
                    "redis_memory",
                    false,
                    what,
                    "naikkan maxmemory, atau arsipkan aduan lama",
                ));
            }
        }
        let anchored = Anchored::read(store).await?;
        if let Some(fault) = anchored.fault() {
            let what = format!("Buku besar tidak utuh: {fault}");
            found.push(trouble(
                "ledger_broken",
                true,
                what,
                "siaga ledger verify; simpan salinan Redis sebelum apa pun diubah",
            ));
        }
        if let Some(way) = anchored.waiting().first() {
            let what = format!("Kepala buku besar belum dicatat di luar: {way}");
            found.push(trouble(
                "anchors_waiting",
                false,
                what,
                "periksa [anchors]: berkas, webhook atau surel",
            ));
        }
        let letters = store.count_dead_letters().await?;
        if letters > 0 {
            let what = format!("{letters} hal tidak dapat diproses");
            found.push(trouble(
                "dead_letters",
                false,
                what,
                "siaga dead-letters list",
            ));
        }
        let (first, unreached) = store.undelivered(1).await?;
        if let Some(first) = first.first() {
            let unit = first
                .unit
                .as_ref()
                .map_or("meja koordinator", |unit| unit.as_str());
            let what = format!(
                "{unreached} aduan belum sampai ke siapa pun lewat jalur apa pun; pertama {} ({unit})",
                first.complaint
            );
            found.push(trouble(
                "unreached",
                false,
                what,
                "siaga undelivered list; telepon orangnya",
            ));
        }
        let tomorrow = now
            .saturating_add(SignedDuration::from_hours(24))
            .unwrap_or(now);
        let gaps = self.engine.worlds.get().directory().gaps(now, tomorrow);
        if let Some(gap) = gaps.first() {
            let what = format!("Tidak ada yang piket di {} mulai {:.0}", gap.post, gap.from);
            found.push(trouble(
                "desk_unattended",
                false,
                what,
                "siaga override add",
            ));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_crosses_at_once_is_late_only_when_it_stays() {
        let second = |n| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_000_000 + n);
        let mut seen = Seen::default();
        let mut look = |waiting: &[(&str, Option<i64>)], at: i64| {
            let waiting = waiting
                .iter()
                .map(|(name, due)| ((*name).to_owned(), due.map(second)));
            seen.latest(waiting.collect(), second(at)).as_secs()
        };
        assert_eq!(look(&[("a", None)], 0), 0);
        assert_eq!(look(&[("b", None)], 2), 0, "another one");
        assert_eq!(look(&[("b", None)], 4), 2);
        assert_eq!(look(&[], 6), 0);
        assert_eq!(look(&[("b", None)], 8), 0, "it came again");
        assert_eq!(look(&[("c", Some(3)), ("d", Some(100))], 10), 7);
    }
}
