//! The service manager is told that the service is ready, alive and ending; a service that hangs says nothing.

use std::{os::unix::net::UnixDatagram, time::Duration};

use crate::support::{
    redis::{Durability, RedisServer},
    siaga::Siaga,
    wait::{PATIENCE, eventually},
};

/// Waits for one of the things that are said.
async fn wait_for(socket: &UnixDatagram, words: &str) {
    eventually(words, PATIENCE, || {
        let mut said = [0; 256];
        let length = socket.recv(&mut said).ok()?;
        (said[..length] == *words.as_bytes()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_ready_alive_and_ending() {
    let redis = RedisServer::start(Durability::Always).await;
    let mut siaga = Siaga::prepare();
    let path = siaga.folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    siaga.environ("NOTIFY_SOCKET", path.to_str().unwrap());
    siaga.environ("WATCHDOG_USEC", "100000");
    siaga.set("redis.mode", "external");
    siaga.set("redis.url", &redis.url());
    siaga.write("", "", "");
    siaga.start().await;
    wait_for(&socket, "READY=1").await;
    wait_for(&socket, "WATCHDOG=1").await;
    // While Redis does not answer a restart would help nobody.
    redis.signal(rustix::process::Signal::STOP);
    for _ in 0..5 {
        wait_for(&socket, "WATCHDOG=1").await;
    }
    redis.signal(rustix::process::Signal::CONT);
    // A process that hangs is silent.
    siaga.halt();
    let mut said = [0; 256];
    while socket.recv(&mut said).is_ok() {}
    siaga::clock::patience(Duration::from_millis(500)).await;
    assert!(socket.recv(&mut said).is_err(), "a stopped process speaks");
    siaga.go_on();
    wait_for(&socket, "WATCHDOG=1").await;
    siaga.stop().await;
    wait_for(&socket, "STOPPING=1").await;
}
