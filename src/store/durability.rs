//! What Redis keeps of what it answers, looked at before anything is promised to anybody.
//!
//! A Redis without a file forgets every complaint when it is restarted, and one that evicts keys forgets
//! them one by one; neither says a word. So it is asked at the start, and refused when it keeps less
//! than the settings ask for. `INFO` is asked first: a managed service may forbid `CONFIG`.

use std::collections::BTreeMap;

use redis::FromRedisValue as _;

use super::{Store, StoreError, connection::Link};

/// How much must be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Everything that was answered.
    Always,
    /// Everything but the last two seconds.
    Everysec,
    /// Whatever there is: a trial.
    Nothing,
}

/// What Redis keeps, as it says itself. What it does not tell is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durability {
    /// Whether it writes an append-only file.
    pub appendonly: Option<bool>,
    /// When that file is handed to the disk: `always`, `everysec` or `no`.
    pub appendfsync: Option<String>,
    /// What it does when its memory is full: `noeviction`, or which keys it throws away.
    pub when_full: Option<String>,
    /// Whether it copies another and takes no writes.
    pub is_replica: bool,
}

impl Durability {
    /// Reads the answer to `INFO`, and to `CONFIG GET appendfsync` where that is allowed.
    fn read(info: &str, appendfsync: Option<String>) -> Self {
        let field = |name: &str| {
            let mut lines = info.lines().filter_map(|line| line.split_once(':'));
            lines
                .find(|(field, _)| *field == name)
                .map(|(_, value)| value.trim().to_owned())
        };
        Self {
            appendonly: field("aof_enabled").map(|value| value == "1"),
            appendfsync,
            when_full: field("maxmemory_policy"),
            is_replica: field("role").as_deref() == Some("slave"),
        }
    }

    /// What it keeps less than is needed, each in Indonesian and English and with a remedy. What it does
    /// not tell counts as not kept.
    pub fn faults(&self, need: Need) -> Vec<String> {
        let mut faults = Vec::new();
        let told = |value: &Option<String>| value.clone().unwrap_or_else(|| "?".to_owned());
        if self.is_replica {
            faults.push(
                "role = replica: Redis ini salinan dan tidak menerima tulisan; arahkan redis.url ke master / \
                 this Redis is a replica and takes no writes: point redis.url at the master"
                    .to_owned(),
            );
        }
        if self.when_full.as_deref() != Some("noeviction") {
            let policy = told(&self.when_full);
            faults.push(format!(
                "maxmemory-policy = {policy}: Redis boleh membuang aduan bila memori penuh / \
                 Redis may throw complaints away when its memory is full: set maxmemory-policy noeviction"
            ));
        }
        let sync = self.appendfsync.as_deref();
        if self.appendonly != Some(true) {
            faults.push(
                "appendonly = no: aduan hilang bila Redis berhenti / \
                 complaints are gone when Redis stops: set appendonly yes"
                    .to_owned(),
            );
        } else if need == Need::Always && sync != Some("always") {
            let sync = told(&self.appendfsync);
            faults.push(format!(
                "appendfsync = {sync}: yang sudah dijawab dapat hilang / \
                 what was answered may be lost: set appendfsync always, or redis.require = \"everysec\""
            ));
        } else if sync == Some("no") {
            faults.push(
                "appendfsync = no: setengah menit terakhir dapat hilang / \
                 the last half minute may be lost: set appendfsync always or everysec"
                    .to_owned(),
            );
        }
        faults
    }
}

impl Store {
    /// What Redis keeps of what it answers; in a cluster each master by its name.
    ///
    /// # Errors
    /// When Redis is away, or forbids `INFO`.
    pub async fn durability(&self) -> Result<Vec<(Option<String>, Durability)>, StoreError> {
        let mut connection = self.connection();
        let info = redis::cmd("INFO");
        let mut sync = redis::cmd("CONFIG");
        sync.arg("GET").arg("appendfsync");
        let Link::Cluster(masters) = &mut connection else {
            let info: String = info.query_async(&mut connection).await?;
            // One that may not be asked keeps what INFO tells, and the rest counts as unknown.
            let told: Vec<String> = sync.query_async(&mut connection).await.unwrap_or_default();
            return Ok(vec![(
                None,
                Durability::read(&info, told.into_iter().nth(1)),
            )]);
        };
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        for (server, answer) in masters.each(sync).await.unwrap_or_default() {
            let words = Vec::<String>::from_redis_value(answer).unwrap_or_default();
            told.extend(words.into_iter().nth(1).map(|sync| (server, sync)));
        }
        let mut found = Vec::new();
        for (server, answer) in masters.each(info).await? {
            let info = String::from_redis_value(answer.extract_error()?)
                .map_err(redis::RedisError::from)?;
            let sync = told.remove(&server);
            found.push((Some(server), Durability::read(&info, sync)));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "# Memory\r\nmaxmemory_policy:noeviction\r\n# Persistence\r\naof_enabled:1\r\n\
                        # Replication\r\nrole:master\r\n";

    fn faults(info: &str, sync: Option<&str>, need: Need) -> Vec<String> {
        let faults = Durability::read(info, sync.map(str::to_owned)).faults(need);
        let settings = faults.iter().map(|it| it.split_once(':').unwrap().0);
        settings.map(str::to_owned).collect()
    }

    #[test]
    fn what_keeps_enough_has_no_fault() {
        assert_eq!(faults(INFO, Some("always"), Need::Always), [""; 0]);
        assert_eq!(faults(INFO, Some("everysec"), Need::Everysec), [""; 0]);
        // A managed service that forbids CONFIG.
        assert_eq!(faults(INFO, None, Need::Everysec), [""; 0]);
    }

    #[test]
    fn what_keeps_less_is_named() {
        let sync = |sync, need| faults(INFO, sync, need);
        assert_eq!(
            sync(Some("everysec"), Need::Always),
            ["appendfsync = everysec"]
        );
        assert_eq!(sync(None, Need::Always), ["appendfsync = ?"]);
        assert_eq!(sync(Some("no"), Need::Everysec), ["appendfsync = no"]);
        let poor = INFO
            .replace("noeviction", "allkeys-lru")
            .replace("aof_enabled:1", "aof_enabled:0")
            .replace("role:master", "role:slave");
        assert_eq!(
            faults(&poor, Some("always"), Need::Everysec),
            [
                "role = replica",
                "maxmemory-policy = allkeys-lru",
                "appendonly = no"
            ]
        );
        // What is not told counts as not kept.
        assert_eq!(
            faults("", None, Need::Everysec),
            ["maxmemory-policy = ?", "appendonly = no"]
        );
    }
}
