//! Answers by e-mail from the real program over a real mail server: the page goes out by SMTP, the
//! head answers, the mailbox is read by IMAP.

use crate::support::{
    mail::{MailServer, PASSWORD, Received, Wishes},
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually_asked},
};

const PEOPLE: &str = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
email = "budi@dishub.test"
[[people]]
id = "sari"
name = "Sari Contohwati"
email = "sari@dishub.test"
[holders]
"DISHUB.kepala" = "budi"
"#;
const TICKET: &str = "LGWP14376928";
const ACKNOWLEDGED: &str = "\"k\":\"acknowledged\"";
const OUR_SERVER: &str = "authserv_id = \"mx.siaga.test\"";
const BUDI: &str = "Budi Contohwan <budi@dishub.test>";

async fn started(settings: &str, people: &str) -> Siaga {
    let mut siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: settings,
        people,
        ..Settings::default()
    });
    let (checked, usable) = siaga.run(&["check"]);
    assert!(usable, "{checked}");
    siaga.start().await;
    siaga
}

/// A service whose page about an overdue complaint has reached the head, and that page.
async fn paged(mail: &MailServer, trust: &str, more: &str) -> (Siaga, Received) {
    let siaga = started(&mail.settings(trust, more), PEOPLE).await;
    siaga.overdue(TICKET).await;
    let page = mail
        .wait_for_mail("budi", |mail| mail.subject().contains(TICKET))
        .await;
    (siaga, page)
}

fn answers(mail: &MailServer) -> Vec<Received> {
    let mails = mail.mails("budi", "INBOX").into_iter();
    mails
        .filter(|mail| mail.text().contains("Pengingat berhenti"))
        .collect()
}

/// Waits until so many mails have come to that.
async fn wait_for_mails(siaga: &Siaga, result: &str, count: usize) -> String {
    let line = format!("siaga_mails_total{{result=\"{result}\"}} {count}");
    eventually_asked(&line, PATIENCE, || async {
        let (_, metrics) = siaga.get("/metrics").await;
        metrics.lines().any(|it| it == line).then_some(metrics)
    })
    .await
}

async fn timeline(siaga: &Siaga) -> String {
    siaga.get(&format!("/api/v1/complaints/{TICKET}")).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_by_mail_is_taken_confirmed_and_done_once() {
    let mail = MailServer::start().await;
    let (mut siaga, page) = paged(&mail, "dkim_or_spf", OUR_SERVER).await;
    assert!(
        page.answer_to().starts_with("siaga+LGWP14376928="),
        "{}",
        page.answer_to()
    );
    assert_eq!(
        page.header("Return-Path"),
        format!("<{}>", page.answer_to())
    );
    let answer = page.answer(BUDI, "j1", "Siap pak");
    mail.send(Some("budi@dishub.test"), &page.answer_to(), &answer)
        .await;
    let record = siaga.wait_for_timeline(TICKET, ACKNOWLEDGED).await;
    assert_eq!(record.matches(ACKNOWLEDGED).count(), 1);
    let confirmed = mail
        .wait_for_mail("budi", |mail| mail.text().contains("Pengingat berhenti"))
        .await;
    assert_eq!(confirmed.header("In-Reply-To"), page.header("Message-ID"));
    let root = page.header("References");
    assert!(confirmed.header("References").starts_with(&root) && !root.is_empty());
    // The same mail comes again, by another way; then one that is taken after it.
    let again = format!("X-Again: yes\n{answer}");
    mail.send(Some("budi@dishub.test"), "siaga@siaga.test", &again)
        .await;
    wait_for_mails(&siaga, "repeated", 1).await;
    wait_for_mails(&siaga, "reply", 1).await;
    let record = timeline(&siaga).await;
    assert_eq!(record.matches(ACKNOWLEDGED).count(), 1, "{record}");
    siaga.wait_until_handed_over().await;
    assert_eq!(answers(&mail).len(), 1);
    let ours = mail.mails("siaga", "INBOX");
    assert!(ours.iter().all(|mail| mail.flags.contains('S')), "{ours:?}");
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holiday_notice_is_no_answer() {
    let mail = MailServer::start().await;
    // Words that would be an answer, if a person had written them.
    mail.on_holiday("budi", "Siap");
    let (mut siaga, page) = paged(&mail, "from", "").await;
    // Ours says that a machine wrote it, so the real Pigeonhole keeps quiet; it answers a mail that
    // does not, to the same address and under the same Message-ID.
    let raw = String::from_utf8(page.raw.clone()).unwrap();
    let from = raw.find("From: ").unwrap();
    let unmarked: String = raw[from..]
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("Auto-Submitted") && !line.starts_with("X-Auto"))
        .collect();
    mail.send(Some(&page.answer_to()), "budi@dishub.test", &unmarked)
        .await;
    wait_for_mails(&siaga, "automatic", 1).await;
    let notices = mail.mails("siaga", "INBOX");
    assert_eq!(notices.len(), 1, "{notices:?}");
    let notice = &notices[0];
    assert_eq!(notice.text().trim(), "Siap");
    assert_eq!(notice.header("In-Reply-To"), page.header("Message-ID"));
    assert_eq!(notice.header("Delivered-To"), page.answer_to());
    // It stands in the ledger as what it is.
    siaga.wait_until_handed_over().await;
    assert!(!timeline(&siaga).await.contains(ACKNOWLEDGED));
    // A person's word still counts.
    let answer = page.answer(BUDI, "j1", "Siap");
    mail.send(Some("budi@dishub.test"), &page.answer_to(), &answer)
        .await;
    siaga.wait_for_timeline(TICKET, ACKNOWLEDGED).await;
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_bounce_turns_the_page_to_the_next_way() {
    let people = r#"
[[people]]
id = "budi"
name = "Budi Contohwan"
email = "hilang@dishub.test"
methods = [{ id = "pribadi", transport = "email", address = "budi@dishub.test" }]
[[people.rules]]
by = [{ method = "email" }, { method = "pribadi", after = "30m" }]
reach = "in_turn"
[holders]
"DISHUB.kepala" = "budi"
"#;
    let mail = MailServer::start().await;
    let mut siaga = started(&mail.settings("dkim_or_spf", OUR_SERVER), people).await;
    siaga.overdue(TICKET).await;
    let record = siaga.wait_for_timeline(TICKET, "\"k\":\"fell_back\"").await;
    for part in ["\"receipt\":\"failed\"", "\"why\":\"wrong_address\""] {
        assert!(record.contains(part), "{part} in {record}");
    }
    let page = mail
        .wait_for_mail("budi", |mail| mail.subject().contains(TICKET))
        .await;
    // A forged bounce, under the page's name and without its seal, ends nothing.
    let address = page.answer_to();
    let (before, domain) = address.split_once('@').unwrap();
    let (name, _) = before.rsplit_once('.').unwrap();
    let forged_to = format!("{name}.00112233445566778899@{domain}");
    let forged = format!(
        "From: MAILER-DAEMON@mx.evil.test\nTo: {forged_to}\nSubject: Undelivered\nMessage-ID: <x@evil.test>\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n\
         Final-Recipient: rfc822; budi@dishub.test\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
    );
    mail.send(None, &forged_to, &forged).await;
    wait_for_mails(&siaga, "unknown_bounce", 1).await;
    wait_for_mails(&siaga, "bounce", 1).await;
    siaga.wait_until_handed_over().await;
    // The address that is nobody's is out of use, the other one is not.
    siaga.overdue("LGWP2").await;
    let record = siaga
        .wait_for_timeline("LGWP2", "\"k\":\"attempt_sent\"")
        .await;
    assert!(record.contains("\"method\":\"pribadi\""), "{record}");
    assert!(!record.contains("\"method\":\"email\""), "{record}");
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_was_asked_and_proves_it_can_answer() {
    let mail = MailServer::start().await;
    let (mut siaga, page) = paged(&mail, "dkim_or_spf", OUR_SERVER).await;
    let to = page.answer_to();
    // Another head has got the mail handed on.
    let sari = page.answer("Sari <sari@dishub.test>", "j1", "Siap");
    mail.send(Some("sari@dishub.test"), &to, &sari).await;
    wait_for_mails(&siaga, "reply", 1).await;
    mail.wait_for_mail("sari", |mail| mail.text().contains("Tidak ada aduan"))
        .await;
    // Somebody who is nobody here.
    let stranger = page.answer("Eko <eko@dishub.test>", "j2", "Siap");
    mail.send(Some("eko@dishub.test"), &to, &stranger).await;
    wait_for_mails(&siaga, "stranger", 1).await;
    // Somebody who borrows the head's name; the server has not seen it proved, whatever the mail says.
    let forged = page.answer(BUDI, "j3", "Siap");
    let forged = format!(
        "Authentication-Results: mx.evil.test; spf=pass smtp.mailfrom=dishub.test\n\
         Authentication-Results: mx.siaga.test; spf=pass smtp.mailfrom=dishub.test\n{forged}"
    );
    mail.send(Some("budi@evil.test"), &to, &forged).await;
    wait_for_mails(&siaga, "not_believed", 1).await;
    siaga.wait_until_handed_over().await;
    assert!(!timeline(&siaga).await.contains(ACKNOWLEDGED));
    // What nobody could use stays for a person to look at.
    let left = mail.mails("siaga", "INBOX");
    assert_eq!(left.len(), 3);
    // By their senders: two mails of one second lie in the folder in either order.
    for (sender, flags) in [("sari@", "S"), ("eko@", "F"), ("budi@", "F")] {
        let from = |mail: &&Received| mail.header("from").contains(sender);
        let found = left.iter().find(from).unwrap();
        assert_eq!(found.flags, flags, "{sender}");
    }
    // The forger got no mail, and the head none about it.
    assert_eq!(mail.mails("budi", "INBOX").len(), 1);
    let own = page.answer(BUDI, "j4", "Siap");
    mail.send(Some("budi@dishub.test"), &to, &own).await;
    siaga.wait_for_timeline(TICKET, ACKNOWLEDGED).await;
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_mail_server_nor_a_redis_that_is_away_loses_an_answer() {
    let mut mail = MailServer::start().await;
    let (mut siaga, page) = paged(&mail, "token", "").await;
    mail.stop_dovecot().await;
    let down = eventually_asked("the mailbox to be down", PATIENCE, || async {
        let (status, ready) = siaga.get("/readyz").await;
        assert_eq!(status, 200, "{ready}");
        ready.contains("mailbox_down").then_some(ready)
    })
    .await;
    for part in ["siaga@localhost:", "cannot be read since"] {
        assert!(down.contains(part), "{part} in {down}");
    }
    let answer = page.answer(BUDI, "j1", "Bukan wewenang kami");
    mail.send(Some("budi@dishub.test"), &page.answer_to(), &answer)
        .await;
    mail.start_dovecot().await;
    siaga.wait_for_timeline(TICKET, "\"k\":\"refused\"").await;
    eventually_asked("the mailbox to be up", PATIENCE, || async {
        let (_, ready) = siaga.get("/readyz").await;
        (!ready.contains("mailbox_down")).then_some(())
    })
    .await;
    // The answer comes while Redis is away.
    siaga.kill9_redis();
    let answer = page.answer(BUDI, "j2", "Siap");
    mail.send(Some("budi@dishub.test"), &page.answer_to(), &answer)
        .await;
    siaga.wait_for_timeline(TICKET, ACKNOWLEDGED).await;
    // A service that starts anew goes on behind the last mail.
    siaga.stop().await;
    siaga.start().await;
    let answer = page.answer(BUDI, "j3", "daftar");
    mail.send(Some("budi@dishub.test"), &page.answer_to(), &answer)
        .await;
    wait_for_mails(&siaga, "reply", 1).await;
    let (_, metrics) = siaga.get("/metrics").await;
    assert!(
        !metrics.contains("siaga_mails_total{result=\"repeated\"}"),
        "{metrics}"
    );
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_server_is_asked_and_large_and_many_mails_do_no_harm() {
    let mail = MailServer::start_with(&Wishes { is_old: true }).await;
    // They lie there before the first start; one that was read is nobody's business.
    for n in 0..150 {
        let spam =
            format!("From: spam{n}@evil.test\nSubject: x\nMessage-ID: <{n}@evil.test>\n\nOK\n");
        mail.send(Some("spam@evil.test"), "siaga@siaga.test", &spam)
            .await;
    }
    let more = "poll_every = \"5s\"\ndone_folder = \"Selesai\"";
    let (mut siaga, page) = paged(&mail, "token", more).await;
    wait_for_mails(&siaga, "stranger", 150).await;
    // A photograph of 12 megabytes: only the beginning is fetched.
    let words = page.answer(BUDI, "j1", "Siap pak");
    let (head, text) = words.split_once("\n\n").unwrap();
    let head = head.replace("text/plain; charset=utf-8", "multipart/mixed; boundary=b");
    let photo = format!("{}\n", "A".repeat(76)).repeat(12_000_000 / 77);
    let large = format!(
        "{head}\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n--b\n\
         Content-Type: image/jpeg\nContent-Transfer-Encoding: base64\n\n{photo}\n--b--\n"
    );
    mail.send(Some("budi@dishub.test"), &page.answer_to(), &large)
        .await;
    siaga.wait_for_timeline(TICKET, ACKNOWLEDGED).await;
    eventually_asked("the mail to be with what is done", PATIENCE, || async {
        (mail.mails("siaga", "Selesai").len() == 1).then_some(())
    })
    .await;
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_mailbox_is_told_with_the_remedy() {
    let mail = MailServer::start().await;
    let good = mail.settings("token", "");
    let closed = crate::support::ports::Port::take();
    let cases = [
        (
            good.replace(PASSWORD, "salah-sekali"),
            "look at username and password",
        ),
        (
            good.replace("host = \"localhost\"", "host = \"127.0.0.1\""),
            "write the name in its certificate",
        ),
        (
            good.replacen("ca_file", "# ca_file", 1),
            "name its authority in ca_file",
        ),
        (
            good.replacen("port = ", &format!("port = {} #", mail.imap()), 1),
            "look at tls and port",
        ),
        (
            good.replacen("port = ", &format!("port = {} #", closed.number()), 1),
            "look at host and port",
        ),
        (
            good.replacen("trust =", "folder = \"Tidak Ada\"\ntrust =", 1),
            "create it",
        ),
    ];
    for (settings, remedy) in cases {
        let mut siaga = started(&settings, PEOPLE).await;
        let down = eventually_asked(remedy, PATIENCE, || async {
            let (_, ready) = siaga.get("/readyz").await;
            ready.contains("mailbox_down").then_some(ready)
        })
        .await;
        assert!(down.contains(remedy), "{remedy}\nis not in\n{down}");
        assert!(!down.contains("salah-sekali"), "{down}");
        siaga.stop().await;
    }
    // In the clear, and upgraded on the way.
    for tls in ["none", "starttls"] {
        let settings = good
            .replacen("port = ", &format!("port = {} #", mail.imap()), 1)
            .replacen("tls = \"tls\"", &format!("tls = \"{tls}\""), 1);
        let mut siaga = started(&settings, PEOPLE).await;
        eventually_asked("the mailbox to be read", PATIENCE, || async {
            let (_, metrics) = siaga.get("/metrics").await;
            let up = metrics
                .lines()
                .find(|line| line.starts_with("siaga_mailbox_up"))?;
            up.ends_with(" 1").then_some(())
        })
        .await;
        siaga.stop().await;
    }
}

#[test]
fn check_tells_what_is_wrong_with_the_section() {
    let cases = [
        ("address = \"siaga\"", "inbound.email.address"),
        ("secret = \"pendek\"", "inbound.email.secret"),
        ("separator = \"++\"", "inbound.email.separator"),
        ("poll_every = \"1h\"", "inbound.email.poll_every"),
        ("ca_file = \"/nowhere/ca.pem\"", "inbound.email.ca_file"),
        ("trust = \"spf\"", "inbound.email.trust"),
        ("host = \"\"", "inbound.email.host"),
        ("adress = \"x@y.test\"", "adress"),
    ];
    for (line, path) in cases {
        let good = [
            "address = \"siaga@siaga.test\"",
            "secret = \"0123456789abcdef\"",
            "host = \"imap.siaga.test\"",
            "username = \"siaga\"",
            "password = \"x\"",
        ];
        let field = |line: &str| line.split(' ').next().map(str::to_owned);
        let mut lines: Vec<_> = good
            .into_iter()
            .filter(|it| field(it) != field(line))
            .collect();
        lines.push(line);
        let siaga = Siaga::prepare();
        siaga.write_settings(&Settings {
            more: &format!("[inbound.email]\n{}\n", lines.join("\n")),
            people: PEOPLE,
            ..Settings::default()
        });
        let (checked, usable) = siaga.run(&["check"]);
        assert!(!usable, "{line}: {checked}");
        assert!(checked.contains(path), "{path}\nis not in\n{checked}");
        assert!(!checked.contains("pendek"), "{checked}");
    }
}
