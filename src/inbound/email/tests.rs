//! The table of mails: what each mail program, server and machine writes, and what it is to us.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const REFERENCE: &str = "LGWP14376928:3:budi_0.1";

fn returns() -> ReturnAddress {
    ReturnAddress::new("siaga@siaga.test", Some('+'), "rahasia sekali".into()).unwrap()
}

fn folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/inbound/email/samples")
}

/// A sample, with our own addresses in their places.
fn sample(name: &str) -> Vec<u8> {
    let raw = std::fs::read(folder().join(format!("{name}.eml"))).unwrap();
    let returns = returns();
    let to = returns.for_reference(REFERENCE);
    let places = [
        ("@@TO@@", to.clone()),
        ("@@LOWER@@", to.to_lowercase()),
        (
            "@@ID@@",
            format!("<{}@siaga.test>", returns.seal(REFERENCE)),
        ),
    ];
    // Not as text: one of them is no UTF-8.
    let mut mail = raw;
    for (place, value) in places {
        let mut out = Vec::with_capacity(mail.len());
        let mut rest = &mail[..];
        while let Some(at) = rest
            .windows(place.len())
            .position(|it| it == place.as_bytes())
        {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(value.as_bytes());
            rest = &rest[at + place.len()..];
        }
        out.extend_from_slice(rest);
        mail = out;
    }
    mail
}

fn bounce(why: FailureKind) -> What {
    What::Bounce { why: Some(why) }
}

#[test]
fn every_sample_is_what_it_is() {
    let words = |text: &str| What::Words(text.to_owned());
    let automatic = || What::Automatic {
        mark: String::new(),
        words: String::new(),
    };
    let cases = [
        ("answer-gmail-web", words("Siap, kami tindak lanjuti"), true),
        ("answer-gmail-android", words("Siap pak"), true),
        (
            "answer-gmail-html-only",
            words("Bukan wewenang kami pak"),
            true,
        ),
        ("answer-outlook-desktop", words("Siap laksanakan."), true),
        (
            "answer-outlook-web",
            words("Diterima, akan segera kami cek."),
            true,
        ),
        ("answer-outlook-mobile", words("Oke"), true),
        ("answer-apple-mail", words("86"), true),
        ("answer-iphone", words("Siap"), true),
        ("answer-yahoo-android", words("Ok siap"), true),
        ("answer-samsung", words("Nggih siap"), true),
        ("answer-zimbra", words("Sudah kami terima"), true),
        ("answer-latin1", words("Siap, é"), true),
        ("answer-unknown-charset", words("Siap"), true),
        (
            "answer-below-the-quote",
            words("Bukan wewenang kami, teruskan ke DPU"),
            true,
        ),
        ("answer-with-photo", words("Siap, foto terlampir"), true),
        ("answer-signed", words("Siap laksanakan"), true),
        ("answer-small-letters", words("Siap"), true),
        ("answer-by-references", words("Siap"), true),
        ("answer-handed-on", words("Mohon bantuannya"), true),
        ("answer-of-its-own", words("OK 12"), false),
        ("answer-from-two", words("Siap"), true),
        ("automatic-pigeonhole", automatic(), true),
        ("automatic-gmail", automatic(), true),
        ("automatic-exchange", automatic(), true),
        ("automatic-subject-only", automatic(), true),
        ("automatic-list", automatic(), true),
        ("automatic-read-receipt", automatic(), true),
        ("bounce-postfix", bounce(FailureKind::WrongAddress), true),
        ("bounce-exim", bounce(FailureKind::WrongAddress), true),
        ("bounce-exchange", bounce(FailureKind::WrongAddress), true),
        ("bounce-gmail", bounce(FailureKind::WrongAddress), true),
        (
            "bounce-to-the-bare-address",
            bounce(FailureKind::WrongAddress),
            true,
        ),
        ("bounce-mailbox-full", bounce(FailureKind::Permanent), true),
        ("bounce-handed-on", bounce(FailureKind::Permanent), true),
        ("bounce-in-words", bounce(FailureKind::Permanent), true),
        ("bounce-given-up", bounce(FailureKind::Temporary), true),
        ("bounce-delayed", What::Bounce { why: None }, true),
        ("bounce-forged", bounce(FailureKind::WrongAddress), false),
        ("own-loop", What::Own, false),
    ];
    for (name, expected, has_reference) in &cases {
        let mail = read(&sample(name), &returns());
        let found = match mail.what {
            // By which mark is the other table's matter.
            What::Automatic { .. } => automatic(),
            what => what,
        };
        assert_eq!(found, *expected, "{name}");
        let reference = has_reference.then_some(REFERENCE);
        assert_eq!(mail.reference.as_deref(), reference, "{name}");
        if name.starts_with("answer") {
            let from = mail.from.map(|from| from.as_str().to_owned());
            let expected = (*name != "answer-from-two").then_some("budi@dishub.test");
            assert_eq!(from.as_deref(), expected, "{name}");
        }
    }
    let known: BTreeSet<_> = cases.iter().map(|case| format!("{}.eml", case.0)).collect();
    let there: BTreeSet<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(known, there, "each sample has its line");
}

#[test]
fn a_seal_that_is_not_ours_names_no_page() {
    let others = ReturnAddress::new("siaga@siaga.test", Some('+'), "lain".into()).unwrap();
    for name in ["answer-gmail-web", "bounce-postfix", "automatic-pigeonhole"] {
        assert_eq!(read(&sample(name), &others).reference, None, "{name}");
    }
    // Somebody answers with another page's name under this one's code.
    let text = String::from_utf8(sample("answer-iphone")).unwrap();
    let forged = text.replace("LGWP14376928=3=budi", "LGWP14376928=3=sari");
    assert_eq!(read(forged.as_bytes(), &returns()).reference, None);
}

#[test]
fn the_same_mail_has_the_same_id_and_another_has_another() {
    let mail = sample("answer-iphone");
    let text = String::from_utf8(mail.clone()).unwrap();
    let again = format!(
        "X-Again: yes\r\n{}",
        text.replace("Received: from mail", "Received: from relay")
    );
    let id = read(&mail, &returns()).id;
    assert_eq!(read(again.as_bytes(), &returns()).id, id);
    for other in [
        text.replace("<IP1@", "<IP2@"),
        text.replace("From: Budi Contohwan <budi@", "From: Budi <sari@"),
        text.replace("Message-ID: <IP1@mail.dishub.test>\r\n", ""),
    ] {
        assert_ne!(read(other.as_bytes(), &returns()).id, id, "{other}");
    }
}

#[test]
fn two_headers_from_are_nobody() {
    let text = String::from_utf8(sample("answer-iphone")).unwrap();
    let two = format!("From: sari@dishub.test\r\n{text}");
    assert_eq!(read(two.as_bytes(), &returns()).from, None);
}

#[test]
fn hostile_mails_are_read_and_do_no_harm() {
    let mut deep =
        "From: budi@dishub.test\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n".to_owned();
    for n in 0..500 {
        let next = n + 1;
        let part = format!("--b{n}\r\nContent-Type: multipart/mixed; boundary=b{next}\r\n\r\n");
        deep.push_str(&part);
    }
    deep += "--b500\r\nContent-Type: text/plain\r\n\r\nSiap\r\n";
    let long_header = format!(
        "From: budi@dishub.test\r\nReferences: {}\r\n\r\nSiap\r\n",
        "<a@b> ".repeat(40_000)
    );
    let many_to = format!(
        "From: budi@dishub.test\r\nTo: {}\r\n\r\nSiap\r\n",
        "a@b.test, ".repeat(20_000)
    );
    let nested_quotes = format!(
        "From: budi@dishub.test\r\nContent-Type: text/html\r\n\r\n{}Siap",
        "<blockquote>".repeat(50_000)
    );
    let photo = sample("answer-with-photo");
    let picture = photo.windows(6).position(|it| it == b"base64").unwrap();
    let cut = &photo[..picture + 100];
    let start = std::time::Instant::now();
    for raw in [
        deep.as_bytes(),
        long_header.as_bytes(),
        many_to.as_bytes(),
        nested_quotes.as_bytes(),
        cut,
        b"",
        b"\0\0",
        b"\r\n\r\n",
        b"no mail at all",
    ] {
        let mail = read(raw, &returns());
        assert!(mail.id.starts_with("mail."));
    }
    assert!(
        start.elapsed() < std::time::Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(
        read(cut, &returns()).what,
        What::Words("Siap, foto terlampir".into()),
        "the beginning is enough"
    );
    assert_eq!(read(b"", &returns()).what, What::Unreadable);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let mail = read(&raw, &returns());
        prop_assert_eq!(mail.reference, None);
    }

    #[test]
    fn a_damaged_mail_is_never_another_page(at in 0_usize..4000, byte in any::<u8>(), which in 0_usize..4) {
        let names = ["answer-gmail-web", "answer-outlook-web", "bounce-postfix", "automatic-pigeonhole"];
        let mut raw = sample(names[which]);
        let at = at % raw.len();
        raw[at] = byte;
        let mail = read(&raw, &returns());
        prop_assert!(mail.reference.is_none() || mail.reference.as_deref() == Some(REFERENCE));
    }
}
