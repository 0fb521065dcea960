//! Each Lua file as a typed call. A script moves data and returns a word; the word becomes an enum
//! here and nowhere else.

use std::sync::LazyLock;

use redis::{Script, ScriptInvocation};

use super::{StoreError, connection::Link};

static COMMIT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/commit.lua")));
static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/claim.lua")));
static CLAIM_OUTBOX: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("lua/claim_outbox.lua")));
static CHANGE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/change.lua")));
static CLAIM_SLOT: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("lua/claim_slot.lua")));

/// What `commit.lua` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CommitWord {
    /// All of it is done.
    Applied,
    /// The ledger has gone on: chain onto this.
    Moved { link: Vec<u8>, sequence: u64 },
    /// These units met another version; nothing is done.
    Conflict(Vec<usize>),
}

pub(super) fn commit() -> ScriptInvocation<'static> {
    COMMIT.prepare_invoke()
}

pub(super) async fn run_commit(
    call: &ScriptInvocation<'_>,
    connection: &mut Link,
) -> Result<CommitWord, StoreError> {
    let words: Vec<Vec<u8>> = call.invoke_async(connection).await?;
    let number = |bytes: &Vec<u8>| {
        std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    match words.first().map(Vec::as_slice) {
        Some(b"applied") => Ok(CommitWord::Applied),
        Some(b"moved") => match (words.get(1), words.get(2).and_then(number)) {
            (Some(link), Some(sequence)) => Ok(CommitWord::Moved {
                link: link.clone(),
                sequence,
            }),
            _ => Err(unexpected("commit.lua")),
        },
        Some(b"conflict") => Ok(CommitWord::Conflict(
            words[1..]
                .iter()
                .filter_map(number)
                .map(|n| n as usize)
                .collect(),
        )),
        _ => Err(unexpected("commit.lua")),
    }
}

pub(super) async fn claim(
    connection: &mut Link,
    queue: &str,
    now_ms: i64,
    limit: usize,
    lease_end_ms: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    let mut call = CLAIM.prepare_invoke();
    call.key(queue).arg(now_ms).arg(limit).arg(lease_end_ms);
    Ok(call.invoke_async(connection).await?)
}

/// Takes entries of an outbox; gives their ids and bodies.
pub(super) async fn claim_outbox(
    connection: &mut Link,
    (outbox, entries): (&str, &str),
    now_ms: i64,
    limit: usize,
    lease_end_ms: i64,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let mut call = CLAIM_OUTBOX.prepare_invoke();
    call.key(outbox).key(entries);
    call.arg(now_ms).arg(limit).arg(lease_end_ms);
    Ok(call.invoke_async(connection).await?)
}

/// What `change.lua` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ChangeWord {
    /// It is done.
    Written,
    /// Somebody else was faster; nothing is done.
    Lost,
    /// The next version of this exists already.
    Taken(String),
}

pub(super) fn change() -> ScriptInvocation<'static> {
    CHANGE.prepare_invoke()
}

pub(super) async fn run_change(
    call: &ScriptInvocation<'_>,
    connection: &mut Link,
) -> Result<ChangeWord, StoreError> {
    let words: Vec<String> = call.invoke_async(connection).await?;
    match (words.first().map(String::as_str), words.get(1)) {
        (Some("written"), _) => Ok(ChangeWord::Written),
        (Some("lost"), _) => Ok(ChangeWord::Lost),
        (Some("taken"), Some(name)) => Ok(ChangeWord::Taken(name.clone())),
        _ => Err(unexpected("change.lua")),
    }
}

/// Claims a job's slot; false when it was claimed before.
pub(super) async fn claim_slot(
    connection: &mut Link,
    slots: &str,
    job: &str,
    slot_ms: i64,
) -> Result<bool, StoreError> {
    let mut call = CLAIM_SLOT.prepare_invoke();
    call.key(slots).arg(job).arg(slot_ms);
    let (word,): (String,) = call.invoke_async(connection).await?;
    match word.as_str() {
        "claimed" => Ok(true),
        "taken" => Ok(false),
        _ => Err(unexpected("claim_slot.lua")),
    }
}

fn unexpected(script: &str) -> StoreError {
    StoreError::Unreadable {
        key: script.to_owned(),
        why: "the script said an unknown word".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    /// Every word a script returns is one that this file understands.
    #[test]
    fn every_word_is_handled() {
        let here = include_str!("scripts.rs");
        for script in [
            include_str!("lua/commit.lua"),
            include_str!("lua/change.lua"),
            include_str!("lua/claim_slot.lua"),
        ] {
            for line in script.lines().filter(|line| !line.starts_with("--")) {
                if let Some(rest) = line.split("return { '").nth(1) {
                    let word = rest.split('\'').next().unwrap_or_default();
                    assert!(here.contains(&format!("\"{word}\"")), "{word}");
                }
            }
        }
    }
}
