//! The modem's channel against folders in which the test plays smsd.
//!
//! It is the table of `conformance`, as far as a folder can do what a server does.

use std::{fs, sync::Arc};

use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

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
        delivery::{Address, EmailAddress},
        message::Message,
    },
};

const FOLDERS: [&str; 4] = ["outbox", "sent", "error", "inbox"];

/// smsd's folders.
struct Modem {
    root: TempDir,
}

impl Modem {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in FOLDERS {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        Self { root }
    }

    fn path(&self, folder: &str) -> PathBuf {
        self.root.path().join(folder)
    }

    fn settings(&self, timeout: &str) -> String {
        let lines = FOLDERS.map(|it| format!("{it} = '{}'\n", self.path(it).display()));
        format!("type = 'gammu'\n{}timeout = '{timeout}'\n", lines.concat())
    }

    fn channel(&self, timeout: &str) -> Arc<dyn Channel> {
        built(&self.settings(timeout)).unwrap()
    }

    fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Waits until a message is in the outbox.
    async fn waiting(&self) -> String {
        loop {
            // What begins with a point is still being written.
            if let Some(name) = self
                .files("outbox")
                .into_iter()
                .find(|it| it.starts_with("OUT"))
            {
                return name;
            }
            tokio::task::yield_now().await;
        }
    }

    fn moves(&self, name: &str, to: &str) {
        fs::rename(self.path("outbox").join(name), self.path(to).join(name)).unwrap();
    }

    fn comes_in(&self, name: &str, content: &[u8]) {
        fs::write(self.path("inbox").join(name), content).unwrap();
    }
}

fn built(text: &str) -> Result<Arc<dyn Channel>, GatewayFault> {
    let settings: GatewaySettings = toml::from_str(text).unwrap();
    let parts = Parts {
        http: http_client().unwrap(),
        sandbox: SandboxBoard::default(),
    };
    build("modem", settings, &parts)
}

fn sms(text: &str) -> Outgoing {
    outgoing(Message::Sms { text: text.into() })
}

#[tokio::test]
async fn what_smsd_moves_among_the_sent_is_sent_and_among_the_failed_is_not() {
    let modem = Modem::new();
    let channel = modem.channel("20s");
    for (folder, expected) in [("sent", None), ("error", Some(FailureKind::Temporary))] {
        let message = Outgoing {
            reference: format!("p:{folder}"),
            ..sms("Aduan {LGWP1} lewat 24 jam ✓")
        };
        let smsd = async {
            let name = modem.waiting().await;
            let content = fs::read(modem.path("outbox").join(&name)).unwrap();
            modem.moves(&name, folder);
            (name, content)
        };
        let (result, (name, content)) = tokio::join!(channel.send(&message), smsd);
        assert_eq!(
            result.as_ref().err().map(|error| error.kind.clone()),
            expected
        );
        assert!(name.starts_with(&format!("OUTC_{NUMBER}_")), "{name}");
        // smsd has room for 99 characters, and looks for flags behind ".txt".
        assert!(
            name.len() < 100 && Path::new(&name).extension().unwrap() == "txt",
            "{name}"
        );
        let units: Vec<u16> = content
            .chunks(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        assert_eq!(
            String::from_utf16(&units).unwrap(),
            "\u{feff}Aduan {LGWP1} lewat 24 jam ✓"
        );
        match result {
            Ok(sent) => {
                let id = sent.gateway_id.unwrap();
                assert!(name.contains(&id) && !id.contains("81234567890"), "{id}");
            }
            Err(error) => assert!(error.detail.contains("smsd's log"), "{error}"),
        }
    }
    assert_eq!(modem.files("outbox"), Vec::<String>::new());
}

#[tokio::test]
async fn what_smsd_does_not_take_is_withdrawn() {
    let modem = Modem::new();
    let channel = modem.channel("600ms");
    let error = channel.send(&sms("Aduan")).await.unwrap_err();
    // It may have begun with the first of its outbox.
    assert_eq!(error.kind, FailureKind::Unknown);
    assert!(error.detail.contains("gammu-smsd runs"), "{error}");
    assert_eq!(modem.files("outbox"), Vec::<String>::new());

    // It never came to one that stood behind another.
    let before = format!("OUTC_{NUMBER}_0000000000000000.txt");
    fs::write(modem.path("outbox").join(&before), "x").unwrap();
    let error = channel.send(&sms("Aduan")).await.unwrap_err();
    assert_eq!(error.kind, FailureKind::Temporary, "{error}");
    assert_eq!(modem.files("outbox"), [before]);
}

#[tokio::test]
async fn a_message_that_is_nowhere_may_have_been_sent() {
    let modem = Modem::new();
    let channel = modem.channel("20s");
    let smsd = async {
        let name = modem.waiting().await;
        fs::remove_file(modem.path("outbox").join(name)).unwrap();
    };
    let message = sms("Aduan");
    let (result, ()) = tokio::join!(channel.send(&message), smsd);
    let error = result.unwrap_err();
    assert_eq!(error.kind, FailureKind::Unknown);
    assert!(error.detail.contains("SentSMSPath"), "{error}");
}

#[tokio::test]
async fn an_attempt_that_is_repeated_finds_what_became_of_it() {
    let modem = Modem::new();
    let message = sms("Aduan");
    // We died when it was in the outbox; smsd sent it before the next start.
    let cut_off = modem.channel("20s");
    tokio::select! {
        _ = cut_off.send(&message) => panic!("nobody has sent it"),
        _ = modem.waiting() => {}
    }
    let name = modem.waiting().await;
    let written = fs::metadata(modem.path("outbox").join(&name)).unwrap();
    let channel = modem.channel("20s");
    let smsd = async {
        // The repeated attempt looks, and leaves alone what is there.
        pause(Duration::from_millis(400)).await;
        assert_eq!(modem.files("outbox"), std::slice::from_ref(&name));
        let now = fs::metadata(modem.path("outbox").join(&name)).unwrap();
        assert_eq!(written.modified().unwrap(), now.modified().unwrap());
        modem.moves(&name, "sent");
    };
    let (result, ()) = tokio::join!(channel.send(&message), smsd);
    let first = result.unwrap();
    let again = channel.send(&message).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(modem.files("outbox"), Vec::<String>::new());
    assert_eq!(modem.files("sent"), [name]);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_leaves() {
    let modem = Modem::new();
    let channel = modem.channel("600ms");
    let email = Outgoing {
        to: Address::Email(EmailAddress::parse("a@b.test").unwrap()),
        ..sms("Aduan")
    };
    let unsound = Outgoing {
        reference: "../a".into(),
        ..sms("Aduan")
    };
    let long = "a".repeat(10 * 153 + 1);
    for message in [sms(""), sms(" \n"), sms(&long), email, unsound] {
        let error = channel.send(&message).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Permanent, "{message:?}");
    }
    assert_eq!(modem.files("outbox"), Vec::<String>::new());
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named_with_its_remedy() {
    for folder in ["outbox", "sent", "error"] {
        let modem = Modem::new();
        fs::remove_dir(modem.path(folder)).unwrap();
        let error = modem.channel("5s").send(&sms("Aduan")).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Misconfigured, "{error}");
        assert!(
            error.detail.contains(&format!("/{folder}: "))
                && error.detail.contains("make the folder"),
            "{error}"
        );
        if folder != "outbox" {
            assert_eq!(modem.files("outbox"), Vec::<String>::new(), "nothing left");
        }
    }
    use std::io::ErrorKind as E;
    let misconfigured = FailureKind::Misconfigured;
    for (fault, kind, remedy) in [
        (E::PermissionDenied, misconfigured.clone(), "chmod 2770"),
        (E::ReadOnlyFilesystem, misconfigured.clone(), "mount"),
        (E::CrossesDevices, misconfigured, "same disk"),
        (E::StorageFull, FailureKind::Temporary, "make room"),
        (E::QuotaExceeded, FailureKind::Temporary, "make room"),
        (E::Interrupted, FailureKind::Temporary, "look at the disk"),
    ] {
        let failure = disk_trouble("cannot write", Path::new("/x"), &fault.into());
        assert_eq!(failure.kind, kind);
        assert!(failure.detail.contains(remedy), "{}", failure.detail);
    }
}

/// The channel's inbox, and what it hands over.
struct Listener {
    arriving: mpsc::Receiver<Arrival>,
    _stop: DropGuard,
}

impl Listener {
    fn new(modem: &Modem) -> Self {
        let (arrivals, arriving) = mpsc::channel(8);
        let stop = CancellationToken::new();
        modem.channel("5s").listen(Listening {
            arrivals,
            run: "1".into(),
            stop: stop.clone(),
        });
        Self {
            arriving,
            _stop: stop.drop_guard(),
        }
    }

    /// The next reply (its id, its words), answered with whether it is durable.
    async fn next(&mut self, durable: bool) -> (String, String) {
        let Arrival {
            what,
            taken,
            gateway,
        } = self.arriving.recv().await.unwrap();
        assert_eq!(gateway, "modem");
        let Arrived::Reply { id, from, text, .. } = what else {
            panic!("{what:?}");
        };
        assert_eq!(Address::Phone(from), phone(NUMBER));
        taken.send(durable).unwrap();
        (id, text)
    }
}

/// Waits until so many files were put aside.
async fn put_aside(modem: &Modem, count: usize) -> Vec<String> {
    let wait = async {
        loop {
            let there = fs::exists(modem.path("inbox/done")).unwrap();
            let files = if there {
                modem.files("inbox/done")
            } else {
                Vec::new()
            };
            if files.len() >= count {
                return files;
            }
            pause(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_reply_is_put_aside_only_once_it_is_durable() {
    let modem = Modem::new();
    let file = format!("IN20261124_233000_00_{NUMBER}_00.txt");
    modem.comes_in(&file, b"OK 10");
    let mut listener = Listener::new(&modem);
    let first = listener.next(false).await;
    assert_eq!(first.1, "OK 10");
    // It comes again as the same, also after a start.
    assert_eq!(listener.next(false).await, first);
    drop(listener);
    assert_eq!(modem.files("inbox/"), std::slice::from_ref(&file));
    let mut listener = Listener::new(&modem);
    assert_eq!(listener.next(true).await, first);
    assert_eq!(put_aside(&modem, 1).await, std::slice::from_ref(&file));
    assert_eq!(modem.files("inbox"), ["done"]);

    // smsd uses the name again: other words are another message, and both are kept.
    modem.comes_in(&file, b"TIDAK");
    let second = listener.next(true).await;
    assert_eq!(second.1, "TIDAK");
    assert_ne!(first.0, second.0);
    assert_eq!(
        put_aside(&modem, 2).await,
        [file.clone(), format!("{file}.1")]
    );
}

#[tokio::test]
async fn parts_are_one_reply_and_what_is_none_is_put_aside() {
    let modem = Modem::new();
    let name = |serial: &str, sender: &str, part: &str, kind: &str| {
        format!("IN20261124_233000_{serial}_{sender}_{part}.{kind}")
    };
    modem.comes_in(&name("00", NUMBER, "01", "txt"), b"K saya terima");
    modem.comes_in(&name("00", NUMBER, "00", "txt"), b"O");
    modem.comes_in(&name("01", "BANK_X", "00", "txt"), b"promo");
    modem.comes_in(&name("02", NUMBER, "00", "bin"), b"\x01\x02");
    modem.comes_in(&name("03", NUMBER, "00", "txt"), &vec![b'a'; 65 * 1024]);
    let report =
        b"; This file format was designed for Gammu\n[SMSBackup000]\nPDU = Status_Report\n";
    modem.comes_in(&name("04", NUMBER, "00", "txt"), report);
    modem.comes_in("notes.txt", b"somebody's own");
    let mut listener = Listener::new(&modem);
    assert_eq!(listener.next(true).await.1, "OK saya terima");
    assert_eq!(put_aside(&modem, 6).await.len(), 6);
    assert_eq!(modem.files("inbox"), ["done", "notes.txt"]);
    assert!(listener.arriving.try_recv().is_err());
}

#[tokio::test]
async fn what_is_still_being_written_waits() {
    let modem = Modem::new();
    let file = format!("IN20261124_233000_00_{NUMBER}_00.txt");
    let mut listener = Listener::new(&modem);
    let write = async {
        // Longer than two looks, and never two that are alike.
        for n in 1..=14 {
            modem.comes_in(&file, &vec![b'a'; n]);
            pause(Duration::from_millis(200)).await;
        }
    };
    let ((), (_, text)) = tokio::join!(write, listener.next(true));
    assert_eq!(text.len(), 14);
}

#[tokio::test]
async fn an_inbox_that_cannot_be_used_is_used_once_it_can() {
    let modem = Modem::new();
    fs::remove_dir(modem.path("inbox")).unwrap();
    let mut listener = Listener::new(&modem);
    pause(Duration::from_millis(100)).await;
    fs::create_dir(modem.path("inbox")).unwrap();
    // A file stands where the folder should be: what is durable is not handed over again.
    fs::write(modem.path("inbox/done"), "").unwrap();
    modem.comes_in(&format!("IN20261124_233000_00_{NUMBER}_00.txt"), b"OK");
    listener.next(true).await;
    pause(Duration::from_millis(2500)).await;
    assert!(listener.arriving.try_recv().is_err());
    fs::remove_file(modem.path("inbox/done")).unwrap();
    put_aside(&modem, 1).await;
    assert!(listener.arriving.try_recv().is_err());
}

#[test]
fn a_faulty_setting_is_named_with_its_remedy() {
    let modem = Modem::new();
    let good = modem.settings("20s");
    assert!(built(&good).is_ok());
    assert!(built("type = 'gammu'").is_ok(), "Debian's folders");
    let sent = modem.path("sent").display().to_string();
    for (from, to, field) in [
        (sent.as_str(), "sent", "sent"),
        ("/error'", "/sent'", "error"),
        ("/inbox'", "/outbox'", "inbox"),
        ("20s", "3m", "timeout"),
    ] {
        let Err(fault) = built(&good.replace(from, to)) else {
            panic!("{to} is taken");
        };
        assert_eq!(fault.field, field, "{fault}");
    }
    let done = format!("{good}done = '{sent}'\n");
    assert_eq!(built(&done).err().unwrap().field, "done");
}
