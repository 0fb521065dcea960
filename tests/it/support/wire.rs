//! The wire between the service and its Redis, which loses what it is told to lose.
//!
//! It passes every byte on as it came, and reads along: for each command the test's judge says what
//! becomes of it. A command whose answer is lost has surely been done: the wire asks Redis for an
//! echo behind it before it cuts the connection. It runs on a thread of its own, like the gateway.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use super::{
    ports::Port,
    redis::RedisServer,
    wait::{PATIENCE, eventually},
};

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done and answered.
    Pass,
    /// It never arrives: the connection is cut before it.
    LoseCommand,
    /// It is done, and the connection is cut before its answer.
    LoseAnswer,
}

/// A command as it is sent: its name and its arguments.
pub(crate) type Command = Vec<Vec<u8>>;

type Judge = Box<dyn FnMut(&Command) -> Fate + Send>;

/// A running wire; ends with this value.
pub(crate) struct Wire {
    port: Port,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct State {
    judge: Judge,
    lost: usize,
}

impl Wire {
    /// Lays a wire to `redis` that loses nothing yet.
    pub(crate) fn to(redis: &RedisServer) -> Self {
        let port = Port::take();
        let state = Arc::new(Mutex::new(State {
            judge: Box::new(|_| Fate::Pass),
            lost: 0,
        }));
        let (stop, stopped) = oneshot::channel::<()>();
        let (bound, ready) = std::sync::mpsc::channel();
        let (address, upstream) = (("127.0.0.1", port.number()), redis.port());
        let thread = std::thread::spawn({
            let state = Arc::clone(&state);
            move || {
                // Dropping the runtime cuts every connection.
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async move {
                    let what = format!("port {} to be free for the wire", address.1);
                    let bind = || std::net::TcpListener::bind(address).ok();
                    let listener = eventually(&what, PATIENCE, bind).await;
                    listener.set_nonblocking(true).unwrap();
                    let listener = TcpListener::from_std(listener).unwrap();
                    bound.send(()).unwrap();
                    tokio::select! {
                        _ = stopped => {}
                        () = accept(listener, upstream, state) => {}
                    }
                });
            }
        });
        ready.recv().expect("the wire binds its port");
        Self {
            port,
            state,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Its address, `redis://127.0.0.1:<port>`.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port.number())
    }

    /// Asks `judge` from now on what becomes of each command, in the order in which they come.
    pub(crate) fn judge(&self, judge: impl FnMut(&Command) -> Fate + Send + 'static) {
        self.state.lock().unwrap().judge = Box::new(judge);
    }

    /// How many commands or answers it has lost.
    pub(crate) fn lost(&self) -> usize {
        self.state.lock().unwrap().lost
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, upstream: u16, state: Arc<Mutex<State>>) {
    while let Ok((client, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        // A connection that ends is what the wire is for.
        tokio::spawn(async move { carry(client, upstream, &state).await.ok() });
    }
}

/// Carries one connection until one side closes it or something is lost.
async fn carry(mut client: TcpStream, upstream: u16, state: &Mutex<State>) -> std::io::Result<()> {
    let mut redis = TcpStream::connect(("127.0.0.1", upstream)).await?;
    client.set_nodelay(true)?;
    redis.set_nodelay(true)?;
    let mut asked = Vec::new();
    let (mut from_client, mut from_redis) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                asked.extend_from_slice(&from_client[..read]);
                while let Some((command, length)) = first_command(&asked) {
                    let fate = {
                        let mut state = state.lock().unwrap();
                        let fate = (state.judge)(&command);
                        state.lost += usize::from(fate != Fate::Pass);
                        fate
                    };
                    if fate == Fate::LoseCommand {
                        return Ok(());
                    }
                    redis.write_all(&asked[..length]).await?;
                    asked.drain(..length);
                    if fate == Fate::LoseAnswer {
                        return wait_until_done(&mut redis).await;
                    }
                }
            }
            read = redis.read(&mut from_redis) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                client.write_all(&from_redis[..read]).await?;
            }
        }
    }
}

/// Redis answers a connection in order: an echo comes after everything that was asked before it.
async fn wait_until_done(redis: &mut TcpStream) -> std::io::Result<()> {
    const TOKEN: &[u8] = b"the wire was here";
    let echo = format!("*2\r\n$4\r\nECHO\r\n${}\r\n", TOKEN.len());
    redis
        .write_all(&[echo.as_bytes(), TOKEN, b"\r\n"].concat())
        .await?;
    let mut answers = Vec::new();
    while !answers.windows(TOKEN.len()).any(|part| part == TOKEN) {
        if redis.read_buf(&mut answers).await? == 0 {
            return Ok(());
        }
    }
    Ok(())
}

/// The first whole command of what was sent, and its length: an array of bulk strings.
fn first_command(sent: &[u8]) -> Option<(Command, usize)> {
    let mut at = 0;
    let number = |mark: u8, at: &mut usize| -> Option<usize> {
        let rest = sent.get(*at..)?;
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        assert_eq!(rest[0], mark, "a client sends arrays of bulk strings");
        *at += end + 2;
        std::str::from_utf8(&rest[1..end]).ok()?.parse().ok()
    };
    let count = number(b'*', &mut at)?;
    let mut command = Vec::with_capacity(count);
    for _ in 0..count {
        let length = number(b'$', &mut at)?;
        command.push(sent.get(at..at + length)?.to_vec());
        at += length + 2;
    }
    (at <= sent.len()).then_some((command, at))
}

#[test]
fn a_command_is_read_when_it_is_whole() {
    let sent = b"*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n*1\r\n$4\r\nPING\r\n";
    let (command, length) = first_command(sent).unwrap();
    assert_eq!(
        (command, length),
        (vec![b"ECHO".to_vec(), b"hi".to_vec()], 22)
    );
    for cut in 0..22 {
        assert_eq!(first_command(&sent[..cut]), None, "{cut}");
    }
}
