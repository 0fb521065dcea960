//! What is wrong with the request itself, before anybody asks what it is for.

use super::{Hostile, INTAKE, JSON, key, operator_key, plain, post, row};

pub(super) fn methods() -> Vec<Hostile> {
    let long = "A".repeat(5_000);
    vec![
        row("`TRACE /`", plain("TRACE /", "")),
        row(
            "`CONNECT` to another host",
            plain("CONNECT example.com:443", ""),
        ),
        row("`OPTIONS *`", plain("OPTIONS *", "")),
        row(
            "`DELETE` of all complaints",
            plain("DELETE /api/v1/complaints", &key()),
        ),
        row(
            "`PUT` of a complaint",
            plain("PUT /api/v1/complaints/LGWP1", &key()),
        ),
        row(
            "`PATCH` of a complaint",
            plain("PATCH /api/v1/complaints/LGWP1", &key()),
        ),
        row("`POST /metrics`", plain("POST /metrics", "")),
        row(
            "`GET` where Twilio posts",
            plain("GET /hooks/twilio/message", ""),
        ),
        row("a method in small letters", plain("get /healthz", "")),
        row("a method of nobody's", plain("PROPFIND /", "")),
        row("a method of 5,000 letters", plain(&format!("{long} /"), "")),
        row("no method", plain(" /", "")),
        row("a control character in the method", plain("G\u{1}T /", "")),
        row(
            "another method by `X-HTTP-Method-Override`",
            plain(
                "GET /api/v1/complaints/LGWP2",
                &(key() + "x-http-method-override: DELETE\r\n"),
            ),
        ),
    ]
}

pub(super) fn paths() -> Vec<Hostile> {
    let get = |what, path: &str| row(what, plain(&format!("GET {path}"), &key()));
    let of_complaint = |what, id: &str| get(what, &format!("{INTAKE}/{id}"));
    vec![
        get("`/../../etc/passwd`", "/../../etc/passwd"),
        get("the same, slashes encoded", "/..%2f..%2fetc%2fpasswd"),
        get("the same, dots encoded", "/%2e%2e/%2e%2e/etc/passwd"),
        get("the same, encoded twice", "/%252e%252e%252fetc%252fpasswd"),
        get("the same, overlong UTF-8", "/%c0%ae%c0%ae/etc/passwd"),
        get("the same, backslashes", "/..\\..\\windows\\win.ini"),
        get("two slashes", "//etc/passwd"),
        get("out of the assets", "/assets/../../Cargo.toml"),
        get("out of the assets, encoded", "/assets/..%2f..%2fsiaga.toml"),
        get("`/.env`", "/.env"),
        get("`/.git/config`", "/.git/config"),
        get("the demo, where it is not", "/demo/state"),
        get("a parameter in the path", "/healthz;jsessionid=1"),
        get("a NUL behind a path", "/healthz%00.html"),
        get("a raw NUL", "/a\0b"),
        get("a space in the path", "/a b"),
        get("70,000 letters", &format!("/{}", "a".repeat(70_000))),
        row(
            "another host's address in full",
            plain("GET http://169.254.169.254/latest/meta-data", ""),
        ),
        of_complaint("an id out of the tree", "..%2f..%2fmetrics"),
        of_complaint("an id that is a NUL", "%00"),
        of_complaint("an id with a line's end", "LGWP1%0d%0aset-cookie:%20a=b"),
        of_complaint("an id with a Redis hash tag", "%7Bc0%7D:LGWP1"),
        of_complaint("an id that is a pattern", "*"),
        of_complaint("an id that is no UTF-8", "%ff%fe"),
        of_complaint("an id of 5,000 letters", &"A".repeat(5_000)),
        get(
            "a person that is a script",
            "/api/v1/responders/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        ),
        row(
            "a silence's number beyond all numbers",
            post(
                "/api/v1/silences/99999999999999999999/end",
                &(operator_key() + JSON),
                "{}",
            ),
        ),
        row(
            "a handshake that wants its script back",
            plain(
                "GET /hooks/whatsapp?hub.mode=subscribe&hub.challenge=%3Cscript%3E",
                "",
            ),
        ),
        get(
            "10,000 parameters",
            &format!("/hooks/kannel/mo?{}", "a=1&".repeat(10_000)),
        ),
    ]
}

pub(super) fn headers() -> Vec<Hostile> {
    let read = |what, head: &str| row(what, plain("GET /api/v1/complaints/LGWP2", head));
    let raw = |what, text: &str| row(what, text.as_bytes());
    vec![
        raw(
            "no `Host`, and a key of nobody's",
            "GET /api/v1/complaints/LGWP1 HTTP/1.1\r\nauthorization: Bearer x\r\n\r\n",
        ),
        raw(
            "another's `Host`",
            "GET /nowhere HTTP/1.1\r\nhost: evil.example\r\n\r\n",
        ),
        raw(
            "two `Host`s",
            "GET /nowhere HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        ),
        read("200 lines", &"x: y\r\n".repeat(200)),
        read(
            "a line of 700,000 letters",
            &format!("x: {}\r\n", "a".repeat(700_000)),
        ),
        read(
            "a cookie of 60,000 letters and no key",
            &format!("cookie: {}\r\n", "a".repeat(60_000)),
        ),
        read("a space in a name", "x y: z\r\n"),
        read("a space before the colon", "x : z\r\n"),
        read("no colon", "nonsense\r\n"),
        read("no name", ": z\r\n"),
        read("a folded line", "x: a\r\n b\r\n"),
        read("a NUL in a value", "x: a\0b\r\n"),
        read("a bare CR in a value", "x: a\rb\r\n"),
        read("ends of lines without CR", "x: a\ny: b\r\n"),
        read(
            "another address by `X-Original-URL`",
            "x-original-url: /metrics\r\n",
        ),
        read(
            "this machine by `X-Forwarded-For`",
            "x-forwarded-for: 127.0.0.1\r\nforwarded: for=127.0.0.1\r\n",
        ),
        read(
            "an upgrade to HTTP/2",
            "upgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n",
        ),
        read(
            "a websocket",
            "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n",
        ),
        read(
            "10,000 ranges",
            &format!("range: bytes={}\r\n", "0-1,".repeat(10_000)),
        ),
        row(
            "an expectation of nobody's",
            post(INTAKE, "expect: nonsense\r\n", "{}"),
        ),
    ]
}

pub(super) fn smuggling() -> Vec<Hostile> {
    let second = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n";
    let raw = |what, head: &str, body: &str| {
        let text = format!(
            "POST {INTAKE} HTTP/1.1\r\nhost: x\r\n{}{JSON}{head}\r\n{body}",
            key()
        );
        row(what, text).read_to_end()
    };
    let chunked = "transfer-encoding: chunked\r\n";
    let all = format!("0\r\n\r\n{second}");
    let length = all.len();
    vec![
        raw(
            "a length and chunks; a request behind the last chunk",
            &format!("content-length: {length}\r\n{chunked}"),
            &all,
        ),
        raw(
            "chunks and a length; a request behind the last chunk",
            &format!("{chunked}content-length: {length}\r\n"),
            &all,
        ),
        raw(
            "two lengths that differ",
            "content-length: 2\r\ncontent-length: 40\r\n",
            "{}",
        ),
        raw("two lengths in a line", "content-length: 2, 40\r\n", "{}"),
        raw("a length below nothing", "content-length: -1\r\n", "{}"),
        raw("a length with a plus", "content-length: +2\r\n", "{}"),
        raw("a hexadecimal length", "content-length: 0x2\r\n", "{}"),
        raw(
            "a length beyond all numbers",
            "content-length: 99999999999999999999999\r\n",
            "{}",
        ),
        raw("a length that is too short", "content-length: 2\r\n", "{}}"),
        raw(
            "`Transfer-Encoding : chunked`",
            "transfer-encoding : chunked\r\n",
            "0\r\n\r\n",
        ),
        raw("`xchunked`", "transfer-encoding: xchunked\r\n", "0\r\n\r\n"),
        raw(
            "`chunked, identity`",
            "transfer-encoding: chunked, identity\r\n",
            "0\r\n\r\n",
        ),
        raw("chunks twice", &chunked.repeat(2), "0\r\n\r\n"),
        raw(
            "`gzip` for a transfer",
            "transfer-encoding: gzip\r\n",
            "0\r\n\r\n",
        ),
        raw("a chunk of no size", chunked, "zz\r\n{}\r\n0\r\n\r\n"),
        raw(
            "a chunk beyond all numbers",
            chunked,
            "fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        ),
        raw(
            "a chunk longer than it says",
            chunked,
            "2\r\n{}}}\r\n0\r\n\r\n",
        ),
        raw(
            "a chunk with a negative size",
            chunked,
            "-2\r\n{}\r\n0\r\n\r\n",
        ),
        raw(
            "a chunk's extension of 40,000 letters",
            chunked,
            &format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "a".repeat(40_000)),
        ),
        raw(
            "1,000 trailers",
            chunked,
            &format!("2\r\n{{}}\r\n0\r\n{}\r\n", "x: y\r\n".repeat(1_000)),
        ),
        row("HTTP/0.9", &b"GET /metrics\r\n\r\n"[..]).read_to_end(),
        row("HTTP/9.9", &b"GET / HTTP/9.9\r\nhost: x\r\n\r\n"[..]).read_to_end(),
        row(
            "HTTP/1.0 with chunks",
            format!("POST {INTAKE} HTTP/1.0\r\n{chunked}\r\n{all}"),
        )
        .read_to_end(),
        row(
            "the preface of HTTP/2",
            &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        )
        .read_to_end(),
        row(
            "the beginning of TLS",
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        )
        .read_to_end(),
        row("no HTTP at all", &b"\0\x01\x02\xff\r\n\r\n"[..]).read_to_end(),
    ]
}

pub(super) fn sizes() -> Vec<Hostile> {
    let announced = |what, path: &str, head: &str, length: u64| {
        let asks = "expect: 100-continue\r\n";
        let text = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\n{head}{asks}content-length: {length}\r\n\r\n"
        );
        row(what, text)
    };
    let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
    let chunks = |what, head: &str, count: usize| {
        let head = format!(
            "POST {INTAKE} HTTP/1.1\r\nhost: x\r\n{head}transfer-encoding: chunked\r\n\r\n"
        );
        row(what, head + &chunk.repeat(count) + "0\r\n\r\n")
    };
    vec![
        announced("9 MB announced, with a key", INTAKE, &key(), 9_000_000),
        announced("8 EB announced, with a key", INTAKE, &key(), 1 << 63),
        announced(
            "64 KiB and a byte announced, without a key",
            INTAKE,
            "",
            65_537,
        ),
        announced("the same where nothing is", "/nowhere", "", 65_537),
        announced(
            "5 MB announced to a webhook",
            "/hooks/whatsapp",
            "",
            5_000_000,
        ),
        row(
            "9 MB sent, with a key",
            post(INTAKE, &(key() + JSON), vec![b' '; 9 << 20]),
        ),
        row(
            "9 MB sent to a webhook",
            post("/hooks/whatsapp", "", vec![b' '; 9 << 20]),
        ),
        chunks("96 KiB in chunks, without a key", "", 3),
        chunks("9 MB in chunks, with a key", &key(), 288),
        row(
            "a body that never comes",
            format!(
                "POST {INTAKE} HTTP/1.1\r\nhost: x\r\n{}content-length: 10\r\n\r\n{{",
                key()
            ),
        ),
        row("a head that never ends", &b"GET / HTTP/1.1\r\nx: "[..]),
    ]
}
