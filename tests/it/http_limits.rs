//! Callers who are slow, too many, too often or too large, by plain sockets and from several addresses: each is
//! told, and meanwhile everybody else is answered.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use crate::support::{
    siaga::{KEY, Siaga},
    wait::{PATIENCE, eventually, eventually_asked},
};

/// Connects from an address of this machine, so that callers differ by it.
async fn connect(siaga: &Siaga, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // The kernel takes little of an answer that nobody reads.
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(siaga.host().parse().unwrap()).await.unwrap()
}

/// An answer, its head in small letters.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// Reads one answer; none when the connection ends before it.
async fn answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut read = Vec::new();
    let ends = |read: &[u8]| read.windows(4).position(|four| four == b"\r\n\r\n");
    while ends(&read).is_none() {
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
    let end = ends(&read)? + 4;
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    let length = head.split("\r\ncontent-length: ").nth(1)?;
    let length: usize = length.split("\r\n").next()?.parse().ok()?;
    while read.len() < end + length {
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
    Some(Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        body: String::from_utf8_lossy(&read[end..]).into_owned(),
        head,
    })
}

async fn ask(stream: &mut TcpStream, request: &str) -> Answer {
    stream.write_all(request.as_bytes()).await.unwrap();
    answer(stream).await.expect("an answer")
}

fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n{more}\r\n")
}

fn key() -> String {
    format!("authorization: Bearer {KEY}\r\n")
}

async fn prepared(settings: &[(&str, &str)]) -> Siaga {
    let mut siaga = Siaga::prepare();
    siaga.write(
        "rahasia",
        "[[gateways]]\nname = \"coba\"\ntype = \"sandbox\"\ntransport = \"sms\"\n",
        "",
    );
    for (setting, value) in settings {
        siaga.set(setting, value);
    }
    siaga.start().await;
    siaga
}

/// What was not let in, by reason.
async fn refused(siaga: &Siaga, why: &str) -> u64 {
    let name = format!("siaga_http_refused_total{{why=\"{why}\"}}");
    siaga.counted(&name).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_holds_nothing() {
    let mut siaga = prepared(&[
        ("http.unlimited", "[]"),
        ("http.head_timeout", "1s"),
        ("http.body_timeout", "1s"),
    ])
    .await;
    let begun = Instant::now();
    // Slowloris: heads that never end, a byte at a time.
    let heads = (0..30).map(|_| async {
        let mut stream = connect(&siaga, "127.0.0.5").await;
        stream.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
        let (mut reader, mut writer) = stream.into_split();
        let drip = async {
            while writer.write_all(b"a").await.is_ok() {
                siaga::clock::patience(Duration::from_millis(100)).await;
            }
        };
        let mut got = Vec::new();
        tokio::select! {
            read = reader.read_to_end(&mut got) => { let _ = read; }
            () = drip => {}
        }
    });
    // Bodies that never end: announced and not sent, and a chunk at a time.
    let body = |more: &'static str, drop: &'static [u8]| {
        let siaga = &siaga;
        async move {
            let mut stream = connect(siaga, "127.0.0.6").await;
            let head = format!(
                "POST /api/v1/complaints HTTP/1.1\r\nhost: x\r\n{}{more}\r\n",
                key()
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            let (mut reader, mut writer) = stream.split();
            let drip = async {
                while writer.write_all(drop).await.is_ok() {
                    siaga::clock::patience(Duration::from_millis(100)).await;
                }
                std::future::pending::<()>().await;
            };
            let mut got = Vec::new();
            tokio::select! {
                read = reader.read_to_end(&mut got) => { let _ = read; }
                () = drip => {}
            }
            let got = String::from_utf8_lossy(&got).into_owned();
            assert!(got.starts_with("HTTP/1.1 408 "), "{more}: {got}");
            assert!(got.contains("http.body_timeout"), "{more}: {got}");
        }
    };
    let bodies = futures::future::join(
        body("content-length: 1000\r\n", b""),
        body("transfer-encoding: chunked\r\n", b"1\r\na\r\n"),
    );
    // Whoever is quick is answered meanwhile.
    let quick = async {
        let mut stream = connect(&siaga, "127.0.0.7").await;
        for _ in 0..5 {
            assert_eq!(ask(&mut stream, &get("/healthz", "")).await.status, 200);
        }
        // It rests now, and that has an end too.
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
    };
    // Answers that are asked for and left lying.
    let untaken = async {
        let mut stream = connect(&siaga, "127.0.0.8").await;
        let many = get("/metrics", "").repeat(5_000);
        // The service stops reading when nobody reads what it writes.
        let (_reader, mut writer) = stream.split();
        let writing = writer.write_all(many.as_bytes());
        let _ = tokio::time::timeout(Duration::from_secs(10), writing).await;
        eventually_asked("it to be given up", PATIENCE, || async {
            (refused(&siaga, "answer_untaken").await > 0).then_some(())
        })
        .await;
    };
    futures::join!(futures::future::join_all(heads), bodies, quick, untaken);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(12), "{took:?}");
    assert!(refused(&siaga, "head_late").await >= 30);
    assert_eq!(refused(&siaga, "body_late").await, 2);
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_has_all_connections() {
    let mut siaga = prepared(&[
        ("http.unlimited", "[\"127.0.0.1\"]"),
        ("http.connections", "10"),
        ("http.connections_per_address", "4"),
    ])
    .await;
    let mut held = Vec::new();
    for from in ["127.0.0.5", "127.0.0.6"] {
        for _ in 0..4 {
            let mut stream = connect(&siaga, from).await;
            assert_eq!(ask(&mut stream, &get("/healthz", "")).await.status, 200);
            held.push(stream);
        }
        let mut one_more = connect(&siaga, from).await;
        let told = ask(&mut one_more, &get("/healthz", "")).await;
        assert_eq!(told.status, 429, "{told:?}");
        assert!(told.head.contains("\r\nretry-after: 1\r\n"), "{told:?}");
        assert!(
            told.body.contains("connections of this address"),
            "{told:?}"
        );
    }
    // Others have room, until all of it is taken.
    for _ in 0..2 {
        let mut stream = connect(&siaga, "127.0.0.7").await;
        assert_eq!(ask(&mut stream, &get("/healthz", "")).await.status, 200);
        held.push(stream);
    }
    let mut one_more = connect(&siaga, "127.0.0.8").await;
    let told = ask(&mut one_more, &get("/healthz", "")).await;
    assert_eq!(told.status, 503, "{told:?}");
    assert!(told.head.contains("\r\nretry-after: 1\r\n"), "{told:?}");
    // This machine looks after it all the same.
    assert_eq!(siaga.get("/readyz").await.0, 200);
    assert_eq!(refused(&siaga, "connections").await, 1);
    assert_eq!(refused(&siaga, "connections_of_address").await, 2);
    // Who goes makes room.
    held.remove(0);
    eventually_asked("a place to be free", PATIENCE, || async {
        let mut stream = connect(&siaga, "127.0.0.5").await;
        let told = ask(&mut stream, &get("/healthz", "")).await;
        (told.status == 200).then_some(())
    })
    .await;
    siaga.stop().await;
}

/// Asks until it is refused; how often it was answered before, and the refusal.
async fn until_refused(stream: &mut TcpStream, request: &str) -> (usize, Answer) {
    for count in 0..1_000 {
        let told = ask(stream, request).await;
        if told.status == 429 {
            return (count, told);
        }
    }
    panic!("a thousand were answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let mut siaga = prepared(&[
        ("http.unlimited", "[\"127.0.0.1\"]"),
        ("http.proxies", "[\"127.0.0.20\"]"),
        ("http.rate_per_address", "5"),
        ("http.rate_per_key", "20"),
    ])
    .await;
    // Ten seconds' worth at once, and what has come again meanwhile.
    let mut stream = connect(&siaga, "127.0.0.5").await;
    let begun = Instant::now();
    let (answered, told) = until_refused(&mut stream, &get("/healthz", "")).await;
    let again = begun.elapsed().as_secs() as usize * 5 + 5;
    assert!((50..=50 + again).contains(&answered), "{answered}");
    assert!(told.head.contains("\r\nretry-after: 1\r\n"), "{told:?}");
    assert!(told.head.contains("application/problem+json"), "{told:?}");
    assert!(
        told.body.contains("too many requests of this address"),
        "{told:?}"
    );
    // Another address is not meant, nor is a key.
    let mut other = connect(&siaga, "127.0.0.6").await;
    assert_eq!(ask(&mut other, &get("/healthz", "")).await.status, 200);
    let with_key = get("/api/v1/complaints/LGWP1", &key());
    assert_eq!(ask(&mut stream, &with_key).await.status, 404);
    // A key has a limit of its own, from whichever address.
    let (answered, told) = until_refused(&mut stream, &with_key).await;
    assert!((199..400).contains(&answered), "{answered}");
    assert!(
        told.body.contains("too many requests of this API key"),
        "{told:?}"
    );
    // What it has to wait for comes.
    let begun = Instant::now();
    eventually_asked("the address to be let in again", PATIENCE, || async {
        let mut stream = connect(&siaga, "127.0.0.5").await;
        let told = ask(&mut stream, &get("/healthz", "")).await;
        (told.status == 200).then_some(())
    })
    .await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    // Who guesses is slower: a refusal counts as ten.
    let mut guesser = connect(&siaga, "127.0.0.9").await;
    let wrong = get(
        "/api/v1/complaints/LGWP1",
        "authorization: Bearer tebakan\r\n",
    );
    let (answered, _) = until_refused(&mut guesser, &wrong).await;
    assert!((5..=7).contains(&answered), "{answered}");
    // By a proxy each caller counts for himself, whatever he says of himself.
    let mut proxy = connect(&siaga, "127.0.0.20").await;
    let by = "x-forwarded-for: 198.51.100.1, 203.0.113.1\r\n";
    let (answered, _) = until_refused(&mut proxy, &get("/healthz", by)).await;
    assert!(answered >= 50, "{answered}");
    let by = "x-forwarded-for: 198.51.100.2, 203.0.113.1\r\n";
    assert!(until_refused(&mut proxy, &get("/healthz", by)).await.0 < 5);
    let by = "x-forwarded-for: 203.0.113.2\r\n";
    assert_eq!(ask(&mut proxy, &get("/healthz", by)).await.status, 200);
    // Who is no proxy of ours stays who he is.
    let by = "x-forwarded-for: 127.0.0.1\r\n";
    let (_, told) = until_refused(&mut other, &get("/healthz", by)).await;
    assert_eq!(told.status, 429);
    eventually("it to be told", PATIENCE, || {
        siaga
            .log()
            .contains("http.proxies does not name")
            .then_some(())
    })
    .await;
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_is_larger_than_its_caller_may_send() {
    let mut siaga = prepared(&[
        ("server.body_limit", "5000000"),
        ("http.bodies_limit", "5000000"),
    ])
    .await;
    let post = |path: &str, more: &str, length: usize| {
        format!("POST {path} HTTP/1.1\r\nhost: x\r\n{more}content-length: {length}\r\n\r\n")
    };
    let sent = |path: &'static str, more: String, length: usize| {
        let siaga = &siaga;
        async move {
            let mut stream = connect(siaga, "127.0.0.1").await;
            stream
                .write_all(post(path, &more, length).as_bytes())
                .await
                .unwrap();
            stream.write_all(&vec![b' '; length]).await.unwrap();
            answer(&mut stream).await.expect("an answer")
        }
    };
    let intake = "/api/v1/complaints";
    for (path, more, length, status) in [
        (intake, String::new(), 65_536, 401),
        (intake, String::new(), 65_537, 413),
        ("/a/x", String::new(), 65_537, 413),
        ("/nowhere", String::new(), 65_537, 413),
        (
            intake,
            "authorization: Bearer tebakan\r\n".to_owned(),
            65_537,
            413,
        ),
        (
            intake,
            key() + "content-type: application/json\r\n",
            5_000_000,
            422,
        ),
        (intake, key(), 5_000_001, 413),
        ("/hooks/whatsapp", String::new(), 4_194_304, 403),
        ("/hooks/whatsapp", String::new(), 4_194_305, 413),
    ] {
        let told = sent(path, more, length).await;
        assert_eq!(told.status, status, "{path} with {length}: {told:?}");
    }
    // Who asks first is told before anything is sent.
    let mut stream = connect(&siaga, "127.0.0.1").await;
    let asks = post(intake, "expect: 100-continue\r\n", 9_000_000_000);
    assert_eq!(ask(&mut stream, &asks).await.status, 413);
    // Who does not say how much is coming is stopped where it is too much.
    let mut stream = connect(&siaga, "127.0.0.1").await;
    let head = format!("POST {intake} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
    for _ in 0..3 {
        let _ = stream.write_all(chunk.as_bytes()).await;
    }
    assert_eq!(answer(&mut stream).await.map(|it| it.status), Some(413));
    // All of them together have an end, which one who holds back cannot make everybody's.
    let mut holder = connect(&siaga, "127.0.0.1").await;
    let head = post(intake, &key(), 5_000_000);
    holder.write_all(head.as_bytes()).await.unwrap();
    holder.write_all(&vec![b' '; 4_990_000]).await.unwrap();
    let small = post(intake, "", 20_000) + &" ".repeat(20_000);
    let told = eventually_asked("the room to be taken", PATIENCE, || async {
        let mut stream = connect(&siaga, "127.0.0.1").await;
        let told = ask(&mut stream, &small).await;
        (told.status == 503).then_some(told)
    })
    .await;
    assert!(told.head.contains("\r\nretry-after: 1\r\n"), "{told:?}");
    drop(holder);
    eventually_asked("the room to be free", PATIENCE, || async {
        let mut stream = connect(&siaga, "127.0.0.1").await;
        (ask(&mut stream, &small).await.status == 401).then_some(())
    })
    .await;
    siaga.stop().await;
}
