//! The SMPP channel against an SMSC that behaves as it is told, on a real socket.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use futures::{SinkExt, StreamExt};
use rusmpp::{
    Command, CommandStatus, Pdu,
    pdus::{BindTransceiverResp, DeliverSm, SubmitSm, SubmitSmResp},
    tokio_codec::CommandCodec,
    types::{COctetString, OctetString},
    values::{EsmClass, Ton},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_util::{codec::Framed, sync::CancellationToken};

use super::*;
use crate::{
    channel::{
        Channel,
        arrival::{Arrival, Arrived},
        conformance::{NUMBER, outgoing, phone},
        registry::{GatewaySettings, Parts, build, http_client},
        sandbox::SandboxBoard,
    },
    domain::{
        delivery::{Address, EmailAddress, ReceiptKind},
        message::Message,
    },
};

const PASSWORD: &str = "s3cr&t=/";

/// What the SMSC does with each message.
#[derive(Clone, Copy)]
enum Behaviour {
    Answer(CommandStatus),
    Hang,
    Close,
    Garbage,
    RefuseBind(CommandStatus),
}

/// What the SMSC saw, and what it brings.
struct Smsc {
    address: String,
    taken: Arc<Mutex<Vec<SubmitSm>>>,
    binds: Arc<AtomicUsize>,
    bring: mpsc::UnboundedSender<DeliverSm>,
    answers: mpsc::UnboundedReceiver<CommandStatus>,
}

impl Smsc {
    async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (taken, binds) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
        let (bring, mut brought) = mpsc::unbounded_channel();
        let (told, answers) = mpsc::unbounded_channel();
        let (seen, bound) = (Arc::clone(&taken), Arc::clone(&binds));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                bound.fetch_add(1, Ordering::Relaxed);
                serve(stream, behaviour, &seen, &mut brought, &told).await;
            }
        });
        Self {
            address,
            taken,
            binds,
            bring,
            answers,
        }
    }

    fn taken(&self) -> Vec<SubmitSm> {
        self.taken.lock().unwrap().clone()
    }
}

/// Speaks with one client until one of the two leaves.
async fn serve(
    stream: TcpStream,
    behaviour: Behaviour,
    taken: &Mutex<Vec<SubmitSm>>,
    brought: &mut mpsc::UnboundedReceiver<DeliverSm>,
    told: &mpsc::UnboundedSender<CommandStatus>,
) {
    let mut framed = Framed::new(stream, CommandCodec::new());
    let mut sequence = 100;
    loop {
        let command = tokio::select! {
            command = framed.next() => command,
            Some(message) = brought.recv() => {
                sequence += 1;
                let command = Command::new(CommandStatus::EsmeRok, sequence, message);
                framed.send(&command).await.unwrap();
                continue;
            }
        };
        let Some(Ok(command)) = command else { return };
        let answer = |status, pdu: Pdu| Command::new(status, command.sequence_number(), pdu);
        let answer = match command.pdu() {
            Some(Pdu::BindTransceiver(_)) => {
                let status = match behaviour {
                    Behaviour::RefuseBind(status) => status,
                    _ => CommandStatus::EsmeRok,
                };
                answer(status, BindTransceiverResp::default().into())
            }
            Some(Pdu::SubmitSm(message)) => {
                taken.lock().unwrap().push(message.clone());
                match behaviour {
                    Behaviour::Answer(status) => {
                        let id = COctetString::from_string("m1".to_owned()).unwrap();
                        answer(status, SubmitSmResp::new(id, Vec::new()).into())
                    }
                    Behaviour::Hang | Behaviour::RefuseBind(_) => continue,
                    Behaviour::Close => return,
                    Behaviour::Garbage => {
                        use tokio::io::AsyncWriteExt as _;
                        let noise = b"HTTP/1.1 200 OK\r\n\r\nnonsense";
                        framed.get_mut().write_all(noise).await.unwrap();
                        continue;
                    }
                }
            }
            Some(Pdu::DeliverSmResp(_)) => {
                told.send(command.status()).unwrap();
                continue;
            }
            Some(Pdu::Unbind) => answer(CommandStatus::EsmeRok, Pdu::UnbindResp),
            _ => continue,
        };
        framed.send(&answer).await.unwrap();
    }
}

fn settings(address: &str, more: &str) -> String {
    format!(
        "type = 'smpp'\naddress = '{address}'\nsystem_id = 'siaga'\npassword = '{PASSWORD}'\n\
         from = '85001'\n{more}"
    )
}

/// A channel that listens, what it hands over, and what stops it.
struct Bound {
    channel: Arc<dyn Channel>,
    arriving: mpsc::Receiver<Arrival>,
    stop: tokio_util::sync::DropGuard,
}

fn built(text: &str) -> Result<Arc<dyn Channel>, GatewayFault> {
    let settings: GatewaySettings = toml::from_str(text).unwrap();
    assert!(!format!("{settings:?}").contains(PASSWORD));
    let parts = Parts {
        http: http_client().unwrap(),
        sandbox: SandboxBoard::default(),
    };
    build("smsc", settings, &parts)
}

fn bound(address: &str, timeout: &str) -> Bound {
    let channel = built(&settings(address, &format!("timeout = '{timeout}'\n"))).unwrap();
    let (arrivals, arriving) = mpsc::channel(8);
    let stop = CancellationToken::new();
    channel.listen(Listening {
        arrivals,
        run: "1".into(),
        stop: stop.clone(),
    });
    Bound {
        channel,
        arriving,
        stop: stop.drop_guard(),
    }
}

fn sms(text: &str) -> Outgoing {
    outgoing(Message::Sms { text: text.into() })
}

/// Sends one good message to an SMSC that behaves so; the failure's kind, and how often it left.
async fn meet(behaviour: Behaviour) -> (Option<FailureKind>, usize) {
    let smsc = Smsc::start(behaviour).await;
    let timeout = match behaviour {
        Behaviour::Hang => "600ms",
        _ => "10s",
    };
    let bound = bound(&smsc.address, timeout);
    let result = bound.channel.send(&sms("Aduan LGWP1 lewat 24 jam.")).await;
    let kind = result.err().map(|error| {
        let told = format!("{error} {error:?}");
        assert!(
            !told.contains(PASSWORD) && !told.contains("81234567890"),
            "{told}"
        );
        error.kind
    });
    (kind, smsc.taken().len())
}

#[tokio::test]
async fn every_status_has_its_kind() {
    use CommandStatus as S;
    let limited = FailureKind::RateLimited { retry_after: None };
    for (status, expected) in [
        (S::EsmeRok, None),
        (S::EsmeRthrottled, Some(limited.clone())),
        (S::EsmeRmsgqful, Some(limited)),
        (S::EsmeRinvdstadr, Some(FailureKind::WrongAddress)),
        (S::EsmeRsyserr, Some(FailureKind::Temporary)),
        (S::EsmeRsubmitfail, Some(FailureKind::Temporary)),
        (S::EsmeRinvsrcadr, Some(FailureKind::Misconfigured)),
        (S::EsmeRinvmsglen, Some(FailureKind::Permanent)),
        (S::Other(0x400), Some(FailureKind::Permanent)),
    ] {
        assert_eq!(
            meet(Behaviour::Answer(status)).await,
            (expected, 1),
            "{status:?}"
        );
    }
}

#[tokio::test]
async fn silence_after_the_request_left_is_unknown() {
    for behaviour in [Behaviour::Hang, Behaviour::Close, Behaviour::Garbage] {
        assert_eq!(meet(behaviour).await, (Some(FailureKind::Unknown), 1));
    }
}

#[tokio::test]
async fn before_a_session_stands_nothing_has_left() {
    for (status, expected) in [
        (CommandStatus::EsmeRinvpaswd, FailureKind::Misconfigured),
        (CommandStatus::EsmeRbindfail, FailureKind::Misconfigured),
    ] {
        let kind = meet(Behaviour::RefuseBind(status)).await;
        assert_eq!(kind, (Some(expected), 0));
    }
    // Bound and dropped: nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let bound = bound(&address, "200ms");
    let error = bound.channel.send(&sms("Aduan")).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Temporary, "{error}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_leaves() {
    let smsc = Smsc::start(Behaviour::Answer(CommandStatus::EsmeRok)).await;
    let bound = bound(&smsc.address, "10s");
    let email = Outgoing {
        to: Address::Email(EmailAddress::parse("a@b.test").unwrap()),
        ..sms("Aduan")
    };
    let unsound = Outgoing {
        reference: "a b".into(),
        ..sms("Aduan")
    };
    let long = "a".repeat(10 * 153 + 1);
    for message in [
        sms(""),
        sms(" \n"),
        sms(&long),
        sms(&"⚠".repeat(671)),
        email,
        unsound,
    ] {
        let error = bound.channel.send(&message).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Permanent, "{message:?}");
    }
    assert_eq!(smsc.taken().len(), 0);
    let sent = bound.channel.send(&sms("Aduan")).await.unwrap();
    assert_eq!(sent.gateway_id.as_deref(), Some("m1"));
}

#[tokio::test]
async fn a_long_text_goes_in_parts_and_the_last_is_asked_a_receipt_for() {
    let smsc = Smsc::start(Behaviour::Answer(CommandStatus::EsmeRok)).await;
    let bound = bound(&smsc.address, "10s");
    let text = "a".repeat(400);
    bound.channel.send(&sms(&text)).await.unwrap();
    bound.channel.send(&sms(&text)).await.unwrap();
    bound.channel.send(&sms("⚠ é")).await.unwrap();
    let taken = smsc.taken();
    let wire: Vec<_> = taken
        .iter()
        .map(|it| {
            let length = it.short_message().as_ref().len();
            let (class, receipt) = (u8::from(it.esm_class), u8::from(it.registered_delivery));
            (length, class, receipt, u8::from(it.data_coding))
        })
        .collect();
    let parts = [(159, 0x40, 0, 0), (159, 0x40, 0, 0), (100, 0x40, 1, 0)];
    assert_eq!(wire, [&parts[..], &parts[..], &[(6, 0, 1, 8)]].concat());
    let header = |index: usize| taken[index].short_message().as_ref()[..6].to_vec();
    assert_eq!(header(0)[..3], [5, 0, 3]);
    assert_eq!(header(1)[4..], [3, 2]);
    // Sent once more the parts fit those that had arrived.
    assert_eq!(header(0), header(3));
    assert_eq!(taken[0].destination_addr.as_str(), &NUMBER[1..]);
    assert_eq!(
        (taken[0].dest_addr_ton, taken[0].source_addr_ton),
        (Ton::International, Ton::Unknown)
    );
}

fn from_telephone(text: &str, class: u8) -> DeliverSm {
    DeliverSm::builder()
        .source_addr_ton(Ton::International)
        .source_addr(COctetString::from_string(NUMBER[1..].to_owned()).unwrap())
        .esm_class(EsmClass::from(class))
        .short_message(OctetString::from_vec(text.as_bytes().to_vec()).unwrap())
        .build()
}

#[tokio::test]
async fn what_comes_in_is_answered_only_when_it_is_durable() {
    let mut smsc = Smsc::start(Behaviour::Hang).await;
    let mut bound = bound(&smsc.address, "10s");
    let mut ids = Vec::new();
    // Not durable: it must come again, and is known then. Durable: the same word is a new reply.
    for durable in [false, true, true] {
        smsc.bring.send(from_telephone("OK", 0)).unwrap();
        let Arrival {
            what,
            taken,
            gateway,
        } = bound.arriving.recv().await.unwrap();
        assert_eq!(gateway, "smsc");
        let Arrived::Reply { id, from, text, .. } = what else {
            panic!("{what:?}");
        };
        assert_eq!((Address::Phone(from), text.as_str()), (phone(NUMBER), "OK"));
        ids.push(id);
        assert!(smsc.answers.try_recv().is_err(), "nothing is durable yet");
        taken.send(durable).unwrap();
        let expected = if durable {
            CommandStatus::EsmeRok
        } else {
            CommandStatus::EsmeRxTAppn
        };
        assert_eq!(smsc.answers.recv().await, Some(expected));
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);

    // A receipt, with and without the mark that says so; and one that tells nothing.
    let receipt = "id:0000000042 sub:001 dlvrd:000 submit date:2611240645 done date:2611240646 \
                   stat:EXPIRED err:001 text:x";
    for class in [0x04, 0] {
        smsc.bring.send(from_telephone(receipt, class)).unwrap();
        let Arrival { what, taken, .. } = bound.arriving.recv().await.unwrap();
        let Arrived::Receipt { ids, kind, to, .. } = what else {
            panic!("{what:?}");
        };
        assert_eq!(
            (kind, Address::Phone(to)),
            (ReceiptKind::Failed, phone(NUMBER))
        );
        assert!(
            ids.contains(&"42".to_owned()) && ids.contains(&"2a".to_owned()),
            "{ids:?}"
        );
        taken.send(true).unwrap();
        assert_eq!(smsc.answers.recv().await, Some(CommandStatus::EsmeRok));
    }
    let nothing = receipt.replace("EXPIRED", "UNKNOWN");
    smsc.bring.send(from_telephone(&nothing, 0x04)).unwrap();
    assert_eq!(smsc.answers.recv().await, Some(CommandStatus::EsmeRok));
    assert!(bound.arriving.try_recv().is_err());
    drop(bound.stop);
}

#[tokio::test]
async fn a_broken_session_is_bound_again() {
    let smsc = Smsc::start(Behaviour::Close).await;
    let bound = bound(&smsc.address, "5s");
    for n in 1..=2 {
        let error = bound.channel.send(&sms("Aduan")).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Unknown, "{error}");
        assert_eq!(smsc.taken().len(), n);
    }
    assert_eq!(smsc.binds.load(Ordering::Relaxed), 2);
}

#[test]
fn a_faulty_setting_is_named_with_its_remedy() {
    let good = settings("smsc.example.net:2775", "");
    assert!(built(&good).is_ok());
    for (from, to, field) in [
        ("smsc.example.net:2775", "smsc.example.net", "address"),
        (
            "smsc.example.net:2775",
            "smpp://smsc.example.net:2775",
            "address",
        ),
        ("'siaga'", "'siaga-provinsi-jateng'", "system_id"),
        (PASSWORD, "longer-than-8", "password"),
        (PASSWORD, "", "password"),
        ("'85001'", "'SIAGA JAWA TENGAH'", "from"),
        ("'85001'", "' '", "from"),
        ("from =", "window = 0\nfrom =", "window"),
        ("from =", "timeout = '3m'\nfrom =", "timeout"),
        (
            "from =",
            "system_type = 'much-too-long'\nfrom =",
            "system_type",
        ),
    ] {
        let Err(fault) = built(&good.replace(from, to)) else {
            panic!("{to} is taken");
        };
        assert_eq!(fault.field, field);
        assert!(!fault.to_string().contains("longer-than-8"), "{fault}");
    }
}
