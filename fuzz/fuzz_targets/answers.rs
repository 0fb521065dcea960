//! What a gateway answers, over a connection as in earnest: a line with the status and
//! `Retry-After`, then the body. Each provider that speaks HTTP hears the same answer.
#![no_main]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, LazyLock, Mutex},
    thread,
};

use jiff::SignedDuration;
use libfuzzer_sys::fuzz_target;
use siaga::{
    channel::{
        Channel, Outgoing,
        registry::{GatewaySettings, Parts, build, http_client},
        sandbox::SandboxBoard,
    },
    domain::{
        delivery::{Address, FailureKind, Transport},
        message::Message,
        phone::PhoneNumber,
    },
};
use tokio::runtime::{Builder, Runtime};

const SECRET: &str = "geheimnis";
const LONGEST_DETAIL: usize = 300;
/// As many digits may be a telephone number.
const SHORTEST_NUMBER: usize = 8;

/// What the gateway says next.
static NEXT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

static GATEWAYS: LazyLock<Vec<Arc<dyn Channel>>> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let peer = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    let twilio = format!(
        "base_url = 'http://{peer}'\naccount_sid = 'AC0123456789abcdef0123456789abcdef'\n\
         auth_token = '{SECRET}'\nfrom = '+15005550006'\n"
    );
    let settings = [
        format!(
            "type = 'kannel'\naddress = 'http://{peer}/sendsms'\nusername = 'siaga'\n\
             password = '{SECRET}'\nfrom = '85001'\n"
        ),
        format!(
            "type = 'whatsapp_cloud'\nbase_url = 'http://{peer}'\nphone_number_id = '1'\n\
             access_token = '{SECRET}'\n"
        ),
        format!("type = 'twilio'\ntransport = 'sms'\n{twilio}"),
        format!("type = 'twilio_voice'\n{twilio}"),
        format!(
            "type = 'http'\ntransport = 'sms'\nurl = 'http://{peer}/send'\n\
             secrets = {{ key = '{SECRET}' }}\n\
             body = {{ kind = 'form', fields = {{ to = '{{{{ to }}}}', text = '{{{{ text }}}}' }} }}\n\
             success = {{ pointer = '/status', equals = 1 }}\n\
             answer = {{ id = '/id', error = '/error', error_text = '/text' }}\n\
             failures = {{ slow = 'rate_limited', gone = 'wrong_address' }}\n"
        ),
    ];
    let parts = Parts {
        http: http_client().expect("the machine has TLS"),
        sandbox: SandboxBoard::default(),
    };
    let gateway = |text: &String| {
        let settings: GatewaySettings = toml::from_str(text).expect("the settings fit");
        build("kantor", settings, &parts).expect("the settings can be used")
    };
    settings.iter().map(gateway).collect()
});

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
});

/// Answers one connection's requests until it ends. It is kept, or the ports would run out.
fn answer(stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut writing = stream.try_clone().expect("a connection can be shared");
    let mut reading = BufReader::new(stream);
    let mut line = String::new();
    let mut length = 0;
    loop {
        line.clear();
        match reading.read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("our own length is a number");
        }
        if line == "\r\n" {
            let mut body = vec![0; length];
            let next = NEXT.lock().expect("nobody panicked with it").clone();
            if reading.read_exact(&mut body).is_err() || writing.write_all(&next).is_err() {
                return;
            }
            length = 0;
        }
    }
}

/// The answer as HTTP: what could end a header is taken out of it, the body stands as it is.
fn http(input: &[u8]) -> Vec<u8> {
    let end = input.iter().position(|byte| *byte == b'\n');
    let (head, body) = input.split_at(end.unwrap_or(0));
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let (status, wish) = head.split_at(head.len().min(3));
    let status = std::str::from_utf8(status)
        .ok()
        .and_then(|status| status.parse::<u16>().ok())
        .filter(|status| (200..600).contains(status))
        .unwrap_or(200);
    let mut http = format!("HTTP/1.1 {status} \r\nDate: Tue, 24 Nov 2026 08:00:00 GMT\r\n");
    // These two have no body, whatever a length says.
    let body = if matches!(status, 204 | 304) {
        &[]
    } else {
        body
    };
    if status != 204 {
        http.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    let mut http = http.into_bytes();
    if !wish.is_empty() {
        http.extend(b"Retry-After:");
        http.extend(wish.iter().filter(|byte| !byte.is_ascii_control()));
        http.extend(b"\r\n");
    }
    http.extend(b"\r\n");
    http.extend(body);
    http
}

fn message(transport: Transport) -> Message {
    let text = "Aduan menunggu.".to_owned();
    match transport {
        Transport::Whatsapp => Message::WhatsappText {
            text,
            buttons: Vec::new(),
        },
        Transport::Voice => Message::Voice {
            language: "id-ID".to_owned(),
            farewell: text.clone(),
            text,
            keys: false,
        },
        Transport::Sms | Transport::Email => Message::Sms { text },
    }
}

/// The most digits that stand together or with one separator between them.
fn longest_number(text: &str) -> usize {
    let (mut longest, mut digits, mut since) = (0, 0, 0);
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits += 1;
            since = 0;
        } else {
            since += 1;
            if since > 1 || !matches!(character, ' ' | '-' | '.') {
                digits = 0;
            }
        }
        longest = longest.max(digits);
    }
    longest
}

fuzz_target!(|input: &[u8]| {
    let gateways = &*GATEWAYS;
    *NEXT.lock().expect("nobody panicked with it") = http(input);
    for gateway in gateways {
        let outgoing = Outgoing {
            reference: "p_0.1".to_owned(),
            to: Address::Phone(PhoneNumber::parse("+6281234567890").expect("it is one")),
            message: message(gateway.transport()),
            in_reply_to: None,
        };
        match RUNTIME.block_on(gateway.send(&outgoing)) {
            // An id is the answer's own words. A byte that is no UTF-8 becomes three, and a number
            // grows by no more than its form.
            Ok(sent) => assert!(sent.gateway_id.unwrap_or_default().len() <= 3 * input.len() + 32),
            Err(error) => {
                let detail = &error.detail;
                assert!(detail.chars().count() <= LONGEST_DETAIL, "{detail}");
                assert!(!detail.chars().any(char::is_control), "{detail:?}");
                assert!(!detail.contains(SECRET), "{detail}");
                assert!(longest_number(detail) < SHORTEST_NUMBER, "{detail}");
                // The connection itself never fails here; an answer may hold the same words, later.
                assert!(!detail.starts_with("the connection broke"), "{detail}");
                if let FailureKind::RateLimited {
                    retry_after: Some(wait),
                } = error.kind
                {
                    assert!(
                        (SignedDuration::ZERO..=SignedDuration::from_hours(24)).contains(&wait)
                    );
                }
            }
        }
    }
});
