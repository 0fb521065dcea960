//! Everything that can be said, read as a person reads it (snapshots), and the promises that hold
//! for every text (properties).

mod any;

use std::fmt::Write as _;

use proptest::prelude::*;

use self::any::{any_alert, any_text, any_zone};
use super::{samples::circumstances, *};
use crate::domain::{
    bundle::{Bundle, Member},
    gsm::{self, Alphabet},
    id::{ComplaintId, PageId, ResponderId},
    message::{Alert, Button, Choice, News, NewsItem, OpenAsk, ReplyNote},
    policy::Reach,
};

fn renderer() -> Renderer {
    Renderer::shipped("Asia/Jakarta").unwrap()
}

fn recipient(transport: Transport, language: Language) -> Recipient {
    Recipient {
        transport,
        language,
        two_way: true,
        whatsapp_window_open: true,
        link: None,
        links: BTreeMap::new(),
    }
}

/// Whether a short message is one part of the small alphabet.
fn fits(text: &str) -> bool {
    gsm::fits_one_part(text) && Alphabet::of(text) == Alphabet::Gsm7
}

fn show(message: &Message) -> String {
    let with_buttons = |text: &str, buttons: &[Button]| {
        let mut shown = text.to_owned();
        for button in buttons {
            write!(shown, "\n[{}] -> {}", button.title, button.payload).unwrap();
        }
        shown
    };
    match message {
        Message::Sms { text } => format!("{text}   <{}>", gsm::measure(text).units),
        Message::WhatsappText { text, buttons } => with_buttons(text, buttons),
        Message::WhatsappTemplate {
            name,
            language,
            parameters,
            buttons,
            preview,
        } => with_buttons(
            &format!("{name} ({language}) {parameters:?}\n{preview}"),
            buttons,
        ),
        Message::Email { subject, text, .. } => format!("Subject: {subject}\n\n{text}"),
        Message::Voice {
            language,
            text,
            farewell,
            keys,
        } => format!("[{language}, keys: {keys}] {text}\n... {farewell}"),
    }
}

fn shown(pick: impl Fn(&Content) -> bool, to: &Recipient) -> String {
    let renderer = renderer();
    let mut all = String::new();
    for (name, content) in samples() {
        if !pick(&content) {
            continue;
        }
        let rendered = renderer.render(&content, to, SAMPLE_NOW);
        assert_eq!(rendered.fallback, None, "{name}");
        writeln!(all, "=== {name}\n{}\n", show(&rendered.message)).unwrap();
    }
    all
}

fn is_bundle(content: &Content) -> bool {
    matches!(content, Content::Bundle(_))
}

#[test]
fn what_people_read() {
    for language in [Language::Id, Language::En] {
        for transport in Transport::ALL {
            let name = format!("{transport}_{}", words::code_of(language));
            let to = recipient(transport, language);
            insta::assert_snapshot!(format!("bundle_{name}"), shown(is_bundle, &to));
            insta::assert_snapshot!(name, shown(|content| !is_bundle(content), &to));
        }
        let code = words::code_of(language);
        let alerts = |content: &Content| matches!(content, Content::Alert(_));
        let closed = Recipient {
            whatsapp_window_open: false,
            ..recipient(Transport::Whatsapp, language)
        };
        insta::assert_snapshot!(format!("whatsapp_closed_{code}"), shown(alerts, &closed));
        insta::assert_snapshot!(
            format!("bundle_whatsapp_closed_{code}"),
            shown(is_bundle, &closed)
        );
        let one_way = Recipient {
            two_way: false,
            link: Some("https://siaga.example/a/x7Kp".to_owned()),
            ..recipient(Transport::Sms, language)
        };
        insta::assert_snapshot!(
            format!("sms_one_way_{code}"),
            shown(|content| !is_bundle(content), &one_way)
        );
        insta::assert_snapshot!(
            format!("bundle_sms_one_way_{code}"),
            shown(is_bundle, &one_way)
        );
    }
}

#[test]
fn the_html_of_an_email() {
    let second = ComplaintId::parse(SAMPLE_TICKETS[1]).unwrap();
    let with_link = Recipient {
        link: Some("https://siaga.example/a/x7Kp".to_owned()),
        links: BTreeMap::from([(second, "https://siaga.example/a/y8Lq".to_owned())]),
        ..recipient(Transport::Email, Language::Id)
    };
    for wanted in ["missed", "bundle_mixed", "acknowledged"] {
        let content = samples()
            .into_iter()
            .find(|(name, _)| *name == wanted)
            .unwrap()
            .1;
        let Message::Email { html, .. } =
            renderer().render(&content, &with_link, SAMPLE_NOW).message
        else {
            panic!("no e-mail")
        };
        insta::assert_snapshot!(format!("email_html_{wanted}"), html);
    }
}

#[test]
fn the_example_of_the_domain() {
    let (_, content) = samples().remove(2);
    let message = renderer()
        .render(
            &content,
            &recipient(Transport::Sms, Language::Id),
            SAMPLE_NOW,
        )
        .message;
    assert_eq!(
        message.plain_text(),
        "SIAGA: Yth. Ka DISHUB. Aduan LGWP14376928 (Infrastruktur, Kab. Pati) belum direspons, lewat 24 jam. Balas OK 12 utk terima."
    );
}

#[test]
fn every_sample_is_sound_in_every_circumstance() {
    let renderer = renderer();
    assert_eq!(
        renderer.shipped.templates().count(),
        overrides::SHIPPED.len()
    );
    for (name, content) in samples() {
        for to in circumstances() {
            let rendered = renderer.render(&content, &to, SAMPLE_NOW);
            assert_eq!(rendered.fallback, None, "{name}");
            let text = rendered.message.plain_text();
            if to.transport == Transport::Sms {
                assert_eq!(
                    gsm::lint(text, &renderer.carriers.together),
                    [],
                    "{name}: {text}"
                );
            }
            if to.transport == Transport::Voice {
                assert_eq!(lint::check_voice(text), Ok(()), "{name}: {text}");
            }
            if !to.two_way {
                assert!(
                    !text.contains("Balas ") && !text.contains("Reply "),
                    "{name}: {text}"
                );
            }
            for button in match &rendered.message {
                Message::WhatsappText { buttons, .. } => buttons.as_slice(),
                _ => &[],
            } {
                assert!(button.title.chars().count() <= 20, "{}", button.title);
            }
        }
    }
}

#[test]
fn a_bad_override_is_refused_and_a_good_one_used() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("sms/alert.id.txt", "SIAGA\n{% if %}");
    write(
        "sms/alert.en.txt",
        "{{ ticket }} {{ answer }} {{ reporter }}",
    );
    write("sms/reply.en.txt", "Your kode: {{ note }}");
    write("sms/reply.id.txt", "Kode, nomor 12345: {{ note }}");
    write("sms/alrt.id.txt", "x");
    write("whatsapp/alert.id.txt", "Tolong!");
    write("voice/alert.id.txt", "<Say>{{ ticket }}</Say>");
    write("whatsapp/alert.en.txt", "Now! {{ ticket }} {{ answer }}");
    let (renderer, faults) = renderer().with_overrides(folder.path()).unwrap();
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    for expected in [
        ("sms/alert.id.txt, line 2", "syntax error"),
        ("sms/alert.en.txt, line 1", "undefined"),
        (
            "sms/reply.en.txt",
            "blocked word (kode); say it in another word",
        ),
        // All that is wrong, not the first alone.
        ("sms/reply.id.txt", "number too long (12345)"),
        ("sms/reply.id.txt", "blocked word (kode)"),
        ("sms/reply.id.txt", "blocked word (nomor)"),
        ("sms/alrt.id.txt", "did you mean sms/alert.id.txt"),
        ("whatsapp/alert.id.txt", "leaves out {{ ticket }}"),
        ("voice/alert.id.txt", "'<' cannot be read aloud"),
    ] {
        assert!(
            shown
                .iter()
                .any(|f| f.contains(expected.0) && f.contains(expected.1)),
            "{expected:?} in {shown:#?}"
        );
    }
    assert_eq!(faults.len(), 9, "{shown:#?}");
    let (_, content) = samples().remove(2);
    let text = |transport, language| {
        let rendered = renderer.render(&content, &recipient(transport, language), SAMPLE_NOW);
        assert_eq!(rendered.fallback, None);
        rendered.message.plain_text().to_owned()
    };
    assert_eq!(
        text(Transport::Whatsapp, Language::En),
        "Now! LGWP14376928 OK 12"
    );
    assert!(text(Transport::Sms, Language::Id).starts_with("SIAGA: Yth."));
    assert!(
        renderer
            .with_overrides(&folder.path().join("none"))
            .is_err()
    );
    assert!(Renderer::shipped("Asia/Atlantis").is_err());
}

#[test]
fn a_page_goes_out_when_templates_fail_at_run_time() {
    let mut renderer = renderer();
    let mut broken = renderer.shipped.clone();
    broken
        .add_template("sms/alert.id.txt", "{{ ticket.nothing.at.all }}")
        .unwrap();
    renderer.overridden = Some(broken);
    let (_, content) = samples().remove(2);
    let to = recipient(Transport::Sms, Language::Id);
    let rendered = renderer.render(&content, &to, SAMPLE_NOW);
    assert!(
        rendered
            .message
            .plain_text()
            .starts_with("SIAGA: Yth. Ka DISHUB")
    );
    assert_eq!(rendered.fallback.unwrap().file, "sms/alert.id.txt");

    renderer.shipped = Environment::new();
    for (name, content) in samples() {
        for to in circumstances() {
            let rendered = renderer.render(&content, &to, SAMPLE_NOW);
            assert!(!rendered.message.plain_text().is_empty(), "{name}");
            if let (Content::Alert(_), Transport::Sms) = (&content, to.transport) {
                assert!(
                    rendered.message.plain_text().contains("LGWP14376928"),
                    "{name}"
                );
                assert!(fits(rendered.message.plain_text()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_page_holds_its_promises(alert in any_alert()) {
        let renderer = renderer();
        let content = Content::Alert(alert.clone());
        for mut to in circumstances() {
            to.whatsapp_window_open = to.link.is_none();
            let rendered = renderer.render(&content, &to, SAMPLE_NOW);
            prop_assert_eq!(&rendered.fallback, &None);
            let ticket = match to.transport {
                Transport::Voice => voice::spelled(alert.complaint.as_str(), words::code_of(to.language)),
                _ => alert.complaint.to_string(),
            };
            prop_assert!(rendered.message.plain_text().contains(&ticket));
            match &rendered.message {
                Message::Sms { text } => {
                    prop_assert!(fits(text), "{}", text);
                    prop_assert!(!to.two_way || text.contains("Balas OK") || text.contains("Reply OK"), "{}", text);
                    if let (Some(code), true) = (alert.code, to.two_way) {
                        let answer = format!("OK {code}");
                        prop_assert!(text.contains(&answer), "{}", text);
                    }
                }
                Message::WhatsappText { .. } => {}
                Message::Voice { text, .. } => prop_assert_eq!(lint::check_voice(text), Ok(())),
                Message::WhatsappTemplate { parameters, preview, .. } => {
                    prop_assert!(!preview.is_empty());
                    for parameter in parameters {
                        prop_assert!(!parameter.is_empty());
                        prop_assert!(!parameter.contains(['\n', '\r', '\t']));
                        prop_assert!(!parameter.contains("    "));
                    }
                }
                Message::Email { subject, html, .. } => {
                    prop_assert!(!subject.contains(['\n', '\r']));
                    prop_assert!(!html.contains("<script"));
                    // As many tags as with harmless data in the same places.
                    let harmless = |text: &Option<String>| {
                        text.as_ref().and_then(|t| (!wording::one_line(t).is_empty()).then(|| "x".to_owned()))
                    };
                    let plain = Content::Alert(Alert {
                        category: harmless(&alert.category),
                        area: harmless(&alert.area),
                        unit: harmless(&alert.unit.clone().map(String::from)).map(Into::into),
                        from: harmless(&alert.from),
                        proposed: harmless(&alert.proposed),
                        short_title: "x".into(),
                        title: "x".into(),
                        ..alert.clone()
                    });
                    if let Message::Email { html: plain, .. } = renderer.render(&plain, &to, SAMPLE_NOW).message {
                        prop_assert_eq!(html.matches('<').count(), plain.matches('<').count());
                    }
                }
            }
        }
    }

    #[test]
    fn every_bundle_holds_its_promises(
        alerts in proptest::collection::vec(any_alert(), 2..40),
    ) {
        let renderer = renderer();
        let responder = ResponderId::parse("budi").unwrap();
        let member = |(alert, paging): (Alert, u32)| Member {
            page: PageId::of_paging(&alert.complaint, paging, &responder),
            alert,
            reach: Reach::InTurn,
        };
        let bundle = Bundle::of(alerts.into_iter().zip(1..).map(member));
        prop_assume!(bundle.len() > 1);
        let content = Content::Bundle(bundle.clone());
        for mut to in circumstances() {
            to.whatsapp_window_open = to.link.is_none();
            let rendered = renderer.render(&content, &to, SAMPLE_NOW);
            prop_assert_eq!(&rendered.fallback, &None);
            let text = rendered.message.plain_text();
            match &rendered.message {
                Message::Sms { text } => prop_assert!(fits(text), "{}", text),
                Message::WhatsappText { text, buttons } => {
                    let most = if buttons.is_empty() { 4096 } else { 1024 };
                    prop_assert!(text.chars().count() <= most);
                }
                Message::WhatsappTemplate { parameters, preview, .. } => {
                    prop_assert!(preview.chars().count() <= 1024, "{}", preview);
                    for parameter in parameters {
                        prop_assert!(!parameter.is_empty());
                        prop_assert!(!parameter.contains(['\n', '\r', '\t']));
                    }
                }
                Message::Voice { text, .. } => prop_assert_eq!(lint::check_voice(text), Ok(())),
                Message::Email { subject, html, .. } => {
                    prop_assert!(!subject.contains(['\n', '\r']));
                    prop_assert!(!html.contains("<script"));
                    for member in bundle.members() {
                        prop_assert!(text.contains(member.alert.complaint.as_str()));
                    }
                }
            }
            prop_assert!(text.contains(&bundle.len().to_string()), "{}", text);
        }
    }

    #[test]
    fn every_answer_fits_one_part(
        by in any_text(),
        code in any_text(),
        tickets in proptest::collection::vec(("[A-Za-z0-9._-]{1,40}", proptest::option::of(1_u16..1000)), 0..30),
        more in 0_usize..1000,
        zone in any_zone(),
    ) {
        let renderer = renderer();
        let open: Vec<OpenAsk> = tickets.iter()
            .map(|(ticket, code)| OpenAsk { code: *code, complaint: ComplaintId::parse(ticket).unwrap() })
            .collect();
        let complaint = open.first().map_or_else(|| ComplaintId::parse(&"x".repeat(40)).unwrap(), |ask| ask.complaint.clone());
        for note in [
            ReplyNote::AlreadyAcknowledged { complaint: complaint.clone(), by: by.clone() },
            ReplyNote::Refused { complaint: complaint.clone(), passed_to: Some(by.clone()), proposed: Some(by.clone()) },
            ReplyNote::HandedOver { complaint: complaint.clone(), to: by.clone() },
            ReplyNote::ToWhom {
                complaint: Some(complaint.clone()), key: code.clone(),
                choices: vec![Choice { shown: by.clone(), words: by.clone() }; 4],
            },
            ReplyNote::News {
                items: vec![NewsItem {
                    complaint: complaint.clone(), news: News::Taken { by: by.clone(), at: SAMPLE_NOW, zone: zone.clone().map(Into::into) },
                }],
            },
            ReplyNote::News {
                items: open.iter()
                    .map(|ask| NewsItem { complaint: ask.complaint.clone(), news: News::Closed })
                    .collect(),
            },
            ReplyNote::Acknowledged { complaint, hold_until: SAMPLE_NOW, zone: zone.map(Into::into), waiting: None },
            ReplyNote::WhichOne { open: open.clone(), more },
            ReplyNote::UnknownCode { code: code.clone(), open },
        ] {
            for to in circumstances() {
                let rendered = renderer.render(&Content::Reply(note.clone()), &to, SAMPLE_NOW);
                prop_assert_eq!(&rendered.fallback, &None);
                match rendered.message {
                    Message::Sms { text } => prop_assert!(fits(&text), "{}", text),
                    Message::Voice { text, .. } => prop_assert_eq!(lint::check_voice(&text), Ok(())),
                    Message::Email { subject, html, .. } => {
                        prop_assert!(!subject.contains('\n'));
                        prop_assert!(!html.contains("<script"));
                    }
                    _ => {}
                }
            }
        }
    }
}
