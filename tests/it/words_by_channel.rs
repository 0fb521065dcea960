//! What people may always say (the list, STOP, MULAI, "salah nomor", and what nobody understands) over
//! every way that brings replies, from outside, at the real program: what is answered, by that way, and
//! which contact methods are in use then. The link page has two buttons and takes no words.

use reqwest::Method;
use serde_json::Value;
use siaga::clock::{Clock, SystemClock};

use crate::support::{
    fake_meta::{self, APP_SECRET, FakeMeta, PHONE_NUMBER_ID, TOKEN},
    gateway::Gateway,
    mail::{MailServer, Received},
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually, eventually_asked},
};

const SECRET: &str = "rahasia-uji";
const TICKET: &str = "LGWP14376928";
const NUMBER: &str = "628110000001";
const MAIL: &str = "Budi Contohwan <budi@dishub.test>";

/// Which methods are out of use after the words.
#[derive(Debug, Clone, Copy)]
enum Out {
    Nothing,
    /// The one by which the words came.
    This,
    /// All that go to the address from which they came.
    Address,
}

/// Words, a part of the answer, and what is out of use then. One after the other.
const WORDS: [(&str, &str, Out); 8] = [
    ("DAFTAR", "Ada 1 aduan", Out::Nothing),
    ("STOP", "dihentikan", Out::This),
    ("daftar", "Ada 1 aduan", Out::This),
    ("MULAI", "aktif kembali", Out::Nothing),
    ("salah nomor", "tidak akan dihubungi lagi", Out::Address),
    ("mulai", "aktif kembali", Out::Nothing),
    ("zxqv wkrt", "belum dipahami", Out::Nothing),
    ("berhenti", "dihentikan", Out::This),
];

/// Waits until exactly these methods are out of use.
async fn wait_until_out(siaga: &Siaga, expected: &[&str]) {
    let what = format!("{expected:?} to be out of use");
    eventually_asked(&what, PATIENCE, || async {
        let (status, text) = siaga.get("/api/v1/responders/budi").await;
        assert_eq!(status, 200, "{text}");
        let person: Value = serde_json::from_str(&text).unwrap();
        let methods = person["methods"].as_array().unwrap().iter();
        let out: Vec<&str> = methods
            .filter(|method| !method["out_of_use"].is_null())
            .map(|method| method["method"].as_str().unwrap())
            .collect();
        (out == expected).then_some(())
    })
    .await;
}

/// Nothing of it was an answer to the complaint, and all of it stands in the record once.
async fn end(mut siaga: Siaga, replies: usize) {
    siaga.wait_until_handed_over().await;
    let (_, record) = siaga.get(&format!("/api/v1/complaints/{TICKET}")).await;
    for kind in ["acknowledged", "refused", "answer_without_effect"] {
        let kind = format!("\"k\":\"{kind}\"");
        assert!(!record.contains(&kind), "{kind}: {record}");
    }
    let (_, metrics) = siaga.get("/metrics").await;
    let taken = metrics
        .lines()
        .filter(|line| line.starts_with("siaga_replies_total") && line.contains("\"taken\""));
    let taken: usize = taken
        .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
        .sum();
    assert_eq!(taken, replies, "{metrics}");
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    siaga.stop().await;
}

/// How the words are brought.
#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    Sms,
    WhatsappText,
    /// A button under a template.
    TemplateButton,
    /// A button under a message within the window.
    MessageButton,
}

async fn telephone(by: By) {
    let (meta, sms) = (fake_meta::start().await, Gateway::start());
    let mut siaga = Siaga::prepare();
    // Meta's own six seconds a person are another test's.
    let more = format!(
        "[[gateways]]\nname = \"meta\"\ntype = \"whatsapp_cloud\"\nbase_url = \"{}\"\n\
         phone_number_id = \"{PHONE_NUMBER_ID}\"\naccess_token = \"{TOKEN}\"\n\
         limit = {{ per_recipient = \"10ms\" }}\n\
         [[gateways]]\nname = \"pesan\"\ntype = \"http\"\ntransport = \"sms\"\nurl = \"{}\"\n\
         [gateways.body]\nkind = \"form\"\n[gateways.body.fields]\n\
         reference = \"{{{{ reference }}}}\"\nto = \"{{{{ to }}}}\"\ntext = \"{{{{ text }}}}\"\n",
        meta.base_url,
        sms.url()
    );
    siaga.write_settings(&Settings {
        inbound: &format!(
            "kannel_secret = \"{SECRET}\"\nwhatsapp_app_secret = \"{APP_SECRET}\"\n\
             whatsapp_verify_token = \"x\""
        ),
        more: &more,
        // The mailbox is there so that no telephone is the last way.
        people: &format!(
            "[[people]]\nid = \"budi\"\nname = \"Budi Contohwan\"\nwhatsapp = \"+{NUMBER}\"\n\
             sms = \"+{NUMBER}\"\nemail = \"budi@dishub.test\"\n\
             [holders]\n\"DISHUB.kepala\" = \"budi\"\n"
        ),
        policy: None,
    });
    siaga.start().await;
    siaga.overdue(TICKET).await;
    // The first step goes by every way at once.
    let page = meta.wait_for_messages(NUMBER, 1).await.remove(0);
    sms.wait_for_count(1, PATIENCE).await;
    let page = FakeMeta::id_of(page.0);
    for (n, (words, part, out)) in WORDS.into_iter().enumerate() {
        let (before_sms, before_meta) = (sms.requests().len(), meta.messages().len());
        bring(&siaga, by, &format!("kata{n}"), words, &page).await;
        let what = format!("{by:?}: the answer to {words:?}");
        eventually(&what, PATIENCE, || {
            let said: Vec<String> = if by == By::Sms {
                let requests = sms.requests();
                let since = requests[before_sms..].iter();
                since.map(|it| it.text().to_owned()).collect()
            } else {
                let messages = meta.messages();
                let since = messages[before_meta..].iter();
                since.map(ToString::to_string).collect()
            };
            said.iter().any(|text| text.contains(part)).then_some(())
        })
        .await;
        let this = if by == By::Sms { "sms" } else { "whatsapp" };
        let expected: &[&str] = match out {
            Out::Nothing => &[],
            Out::This => &[this],
            Out::Address => &["whatsapp", "sms"],
        };
        wait_until_out(&siaga, expected).await;
        // By no other way.
        siaga.wait_until_handed_over().await;
        let (sms, meta) = (sms.requests().len(), meta.messages().len());
        let came = (sms - before_sms, meta - before_meta);
        let expected = if by == By::Sms { (1, 0) } else { (0, 1) };
        assert_eq!(came, expected, "{what}: by SMS and by WhatsApp");
    }
    assert_eq!(meta.violations(), Vec::<String>::new());
    end(siaga, WORDS.len()).await;
}

async fn bring(siaga: &Siaga, by: By, id: &str, words: &str, page: &str) {
    if by == By::Sms {
        let query = [
            ("from", NUMBER),
            ("text", words),
            ("id", id),
            ("secret", SECRET),
        ];
        siaga.caller().get("/hooks/kannel/mo", &query).await;
        return;
    }
    let (id, now) = (format!("wamid.{id}"), SystemClock.now().as_second());
    let body = match by {
        By::TemplateButton => fake_meta::button_webhook(NUMBER, &id, now, words, page),
        By::MessageButton => fake_meta::interactive_webhook(NUMBER, &id, now, words, page),
        By::Sms | By::WhatsappText => fake_meta::text_webhook(NUMBER, &id, now, words, None),
    };
    let (status, text) = siaga.hook(&body, Some(&fake_meta::sign(&body))).await;
    assert_eq!(status, 200, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_short_message() {
    telephone(By::Sms).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_whatsapp_typed() {
    telephone(By::WhatsappText).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_buttons_of_whatsapp() {
    telephone(By::TemplateButton).await;
    telephone(By::MessageButton).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_mail() {
    let mail = MailServer::start().await;
    let mut siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: &mail.settings("from", ""),
        people: &format!(
            "[[people]]\nid = \"budi\"\nname = \"Budi Contohwan\"\nemail = \"budi@dishub.test\"\n\
             sms = \"+{NUMBER}\"\n[holders]\n\"DISHUB.kepala\" = \"budi\"\n"
        ),
        ..Settings::default()
    });
    siaga.start().await;
    siaga.overdue(TICKET).await;
    let about = |mail: &Received| mail.subject().contains(TICKET);
    let page = mail.wait_for_mail("budi", about).await;
    for (n, (words, part, out)) in WORDS.into_iter().enumerate() {
        let before = mail.mails("budi", "INBOX").len();
        let answer = page.answer(MAIL, &format!("kata{n}"), words);
        mail.send(Some("budi@dishub.test"), &page.answer_to(), &answer)
            .await;
        let what = format!("the answer to {words:?}");
        eventually(&what, PATIENCE, || {
            let mails = mail.mails("budi", "INBOX");
            let mut since = mails.iter().skip(before);
            since.any(|mail| mail.text().contains(part)).then_some(())
        })
        .await;
        let expected: &[&str] = match out {
            Out::Nothing => &[],
            Out::This | Out::Address => &["email"],
        };
        wait_until_out(&siaga, expected).await;
    }
    end(siaga, WORDS.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_page_takes_no_words() {
    let mut siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: "[[gateways]]\nname = \"papan\"\ntype = \"sandbox\"\ntransport = \"sms\"\n",
        people: "[[people]]\nid = \"budi\"\nname = \"Budi Contohwan\"\nsms = \"+628110000001\"\n\
                 [holders]\n\"DISHUB.kepala\" = \"budi\"\n",
        ..Settings::default()
    });
    siaga.start().await;
    siaga.overdue(TICKET).await;
    for words in ["STOP", "DAFTAR", "salah nomor"] {
        let form = [(
            "content-type",
            "application/x-www-form-urlencoded".to_owned(),
        )];
        let body = format!("answer={words}").into_bytes();
        let (status, _, text) = siaga.request(Method::POST, "/a/x", &form, body).await;
        assert!((400..500).contains(&status), "{words}: {status} {text}");
    }
    wait_until_out(&siaga, &[]).await;
    end(siaga, 0).await;
}
