//! A Redis that would forget complaints is refused before anything is promised.

use crate::support::{
    redis::{Durability, RedisServer},
    siaga::Siaga,
};

/// What a command says that connects to this Redis, and its exit code.
fn look(redis: &RedisServer, require: &str) -> (String, i32) {
    let mut siaga = Siaga::prepare();
    siaga.set("redis.mode", "external");
    siaga.set("redis.url", &redis.url());
    siaga.set("redis.require", require);
    siaga.write("", "", "");
    siaga.run_for_code(&["dead-letters", "list"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_without_a_file_is_refused() {
    let redis = RedisServer::start(Durability::None).await;
    let (text, code) = look(&redis, "everysec");
    assert_ne!(code, 0, "{text}");
    assert!(text.contains("appendonly = no"), "{text}");
    let (text, code) = look(&redis, "nothing");
    assert_eq!(code, 0, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_evicts_or_waits_too_little_is_refused() {
    let redis = RedisServer::start(Durability::Always).await;
    let (text, code) = look(&redis, "always");
    assert_eq!(code, 0, "{text}");
    redis.cli(&["CONFIG", "SET", "appendfsync", "everysec"]);
    assert_eq!(look(&redis, "everysec").1, 0);
    let (text, code) = look(&redis, "always");
    assert_ne!(code, 0, "{text}");
    assert!(text.contains("appendfsync = everysec"), "{text}");
    redis.cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let (text, code) = look(&redis, "everysec");
    assert_ne!(code, 0, "{text}");
    assert!(text.contains("maxmemory-policy = allkeys-lru"), "{text}");
}
