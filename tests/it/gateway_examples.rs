//! The described gateways as an operator uses them: each file of `config/gateways`, copied whole
//! into the settings of the real program, which then pages through it.

use std::{collections::BTreeMap, fs, path::Path};

use crate::support::{
    gateway::{Answer, Gateway, Request},
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually},
};

const NUMBER: &str = "+628110000001";

fn example(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/gateways");
    fs::read_to_string(folder.join(file)).unwrap()
}

/// The program with an example's gateway as its only one, and one head who is reached that way.
fn settings_of(gateways: &str, transport: &str) -> Siaga {
    let siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        inbound: "",
        more: gateways,
        people: &format!(
            "[[people]]\nid = \"budi\"\nname = \"Budi Contohwan\"\n{transport} = \"{NUMBER}\"\n\
             [holders]\n\"DISHUB.kepala\" = \"budi\"\n"
        ),
        policy: None,
    });
    siaga
}

/// Hands in an overdue complaint while the provider answers so. Gives the request, and the
/// complaint's record once it has what is looked for.
async fn page(
    file: &str,
    host: &str,
    transport: &str,
    answer: (u16, &str),
    part: &str,
) -> (Request, String) {
    let provider = Gateway::start();
    provider.answer_everyone(Answer::Reply(answer.0, answer.1.to_owned()));
    let text = example(file);
    assert!(text.contains(host), "{file} names {host}");
    let url = reqwest::Url::parse(&provider.url()).unwrap();
    let base = url.origin().ascii_serialization();
    let mut siaga = settings_of(&text.replace(host, &base), transport);
    siaga.start().await;
    siaga.overdue("LGWP14376928").await;
    let request = eventually("the request", PATIENCE, || {
        provider.requests().into_iter().next()
    })
    .await;
    let record = siaga.wait_for_timeline("LGWP14376928", part).await;
    siaga.stop().await;
    (request, record)
}

/// The text of a one-way page: about the complaint, and without asking for a reply that could not
/// come.
fn assert_is_one_way(text: &str) {
    assert!(text.contains("LGWP14376928"), "{text}");
    assert!(!text.contains("OK 1"), "nobody can answer this way: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zenziva_takes_a_page_and_its_refusal_is_understood() {
    let host = "https://console.zenziva.net";
    let taken = r#"{"messageId":5521,"to":"08110000001","status":"1","text":"Success"}"#;
    let sent = "\"gateway\":\"zenziva\",\"gateway_id\":\"5521\"";
    let (request, _) = page("zenziva.toml", host, "sms", (200, taken), sent).await;
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/reguler/api/sendsms/")
    );
    let mut fields = request.fields.clone();
    assert_is_one_way(&fields.remove("message").unwrap());
    let wanted = [
        ("passkey", "change-me-passkey"),
        ("to", "08110000001"),
        ("userkey", "change-me-userkey"),
    ];
    assert_eq!(fields, owned(&wanted));
    let refused = r#"{"messageId":0,"to":"08110000001","status":"0","text":"Saldo habis"}"#;
    let failed = "\"gateway\":\"zenziva\",\"k\":\"attempt_failed\",\"kind\":\"permanent\"";
    let (_, record) = page("zenziva.toml", host, "sms", (200, refused), failed).await;
    assert!(record.contains("Saldo habis"), "{record}");
    assert!(!record.contains("change-me"), "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fonnte_takes_a_page_and_its_refusal_is_understood() {
    let host = "https://api.fonnte.com";
    let taken = r#"{"status":true,"detail":"success! message in queue","id":["80367170"],"process":"pending","target":["628110000001"]}"#;
    let sent = "\"gateway\":\"fonnte\",\"gateway_id\":\"80367170\"";
    let (request, _) = page("fonnte.toml", host, "whatsapp", (200, taken), sent).await;
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/send")
    );
    assert_eq!(request.headers["authorization"], "change-me-token");
    let mut fields = request.fields.clone();
    assert_is_one_way(&fields.remove("message").unwrap());
    let wanted = [("countryCode", "62"), ("target", "628110000001")];
    assert_eq!(fields, owned(&wanted));
    let refused = r#"{"reason":"token invalid","status":false}"#;
    let failed = "\"gateway\":\"fonnte\",\"k\":\"attempt_failed\",\"kind\":\"misconfigured\"";
    let (_, record) = page("fonnte.toml", host, "whatsapp", (200, refused), failed).await;
    assert!(record.contains("token invalid"), "{record}");
    assert!(!record.contains("change-me"), "{record}");
}

/// Pages by an example's gateway, and answers by its webhook: the provider brings it twice, a third
/// time after we were killed, and others try it without the secret.
async fn answered_by_webhook(
    text: &str,
    host: &str,
    transport: &str,
    taken: &str,
    (path, kind, body): (&str, &str, &str),
) -> Request {
    let provider = Gateway::start();
    provider.answer_everyone(Answer::Reply(200, taken.to_owned()));
    let url = reqwest::Url::parse(&provider.url()).unwrap();
    let base = url.origin().ascii_serialization();
    let mut siaga = settings_of(&text.replace(host, &base), transport);
    siaga.start().await;
    siaga.overdue("LGWP14376928").await;
    let page = eventually("the page", PATIENCE, || {
        provider.requests().into_iter().next()
    })
    .await;
    siaga
        .wait_for_timeline("LGWP14376928", "\"k\":\"attempt_sent\"")
        .await;
    let open = path.rsplit_once('/').unwrap().0;
    for closed in [open, &format!("{path}0")] {
        let (status, said) = siaga.post(closed, kind, body.to_owned()).await;
        assert_eq!(status, 403, "{said}");
    }
    let header = [
        ("content-type", kind.to_owned()),
        (
            "x-webhook-secret",
            path.rsplit_once('/').unwrap().1.to_owned(),
        ),
    ];
    let post = reqwest::Method::POST;
    let (status, ..) = siaga
        .request(post, open, &header, body.as_bytes().to_vec())
        .await;
    assert_eq!(status, 200);
    assert_eq!(siaga.post(path, kind, body.to_owned()).await.0, 200);
    siaga
        .wait_for_timeline("LGWP14376928", "\"phase\":\"acknowledged\"")
        .await;
    siaga.kill9();
    siaga.start().await;
    assert_eq!(siaga.post(path, kind, body.to_owned()).await.0, 200);
    siaga.wait_until_handed_over().await;
    let told = siaga
        .wait_for_timeline("LGWP14376928", "\"phase\":\"acknowledged\"")
        .await;
    assert_eq!(told.matches("\"k\":\"acknowledged\"").count(), 1, "{told}");
    siaga.stop().await;
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn nusasms_takes_a_page_and_brings_the_reply() {
    let page = answered_by_webhook(
        &example("nusasms.toml"),
        "https://api.nusasms.com",
        "sms",
        r#"{"results":[{"status":"0","messageid":"M1","destination":"628110000001"}]}"#,
        (
            "/hooks/in/nusasms/change-me-0123456789",
            "application/x-www-form-urlencoded",
            "id=77&originator=628110000001&msg=OK+10&receive_date=2026-11-24+08%3A00%3A00&gateway_number=1",
        ),
    )
    .await;
    assert_eq!(page.method, "GET");
    let field = |name: &str| page.fields[name].as_str();
    assert_eq!(field("GSM"), "628110000001");
    assert!(field("SMSText").contains("Balas OK 10"), "{page:?}");
    let host = "https://api.nusasms.com";
    let refused = r#"{"results":[{"status":"-5"}]}"#;
    let failed = "\"gateway\":\"nusasms\",\"k\":\"attempt_failed\",\"kind\":\"misconfigured\"";
    let (_, record) = self::page("nusasms.toml", host, "sms", (200, refused), failed).await;
    assert!(!record.contains("change-me"), "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fonnte_brings_the_reply_where_the_operator_lets_it() {
    let text = example("fonnte.toml").replace("two_way = false\n", "");
    let (gateway, webhook) = text.split_once("# [[webhooks]]").unwrap();
    let webhook = format!("# [[webhooks]]{webhook}").replace("# ", "");
    // Within one minute: a minute's end between the first and the last call is a second message.
    let page = answered_by_webhook(
        &format!("{gateway}{webhook}"),
        "https://api.fonnte.com",
        "whatsapp",
        r#"{"status":true,"id":["80367170"],"process":"pending"}"#,
        (
            "/hooks/in/fonnte/change-me-0123456789",
            "application/json",
            r#"{"device":"628111","sender":"628110000001","message":"OK 10","text":"","name":"Budi"}"#,
        ),
    )
    .await;
    assert!(
        page.fields["message"].contains("*OK 10* (Terima)"),
        "{page:?}"
    );
}

fn owned(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    fields.iter().map(own).collect()
}

#[test]
fn every_example_passes_the_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/gateways");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let text = example(&name);
        let (said, holds) = settings_of(&text, "sms").run(&["check"]);
        assert!(holds, "{name}: {said}");
        // And one that is filled in wrongly does not.
        let wrong = text
            .replacen("timeout = \"15s\"", "timeout = \"15m\"", 1)
            .replacen("timeout = \"20s\"", "timeout = \"15m\"", 1)
            .replacen("timeout = \"8s\"", "timeout = \"15m\"", 1);
        let (said, holds) = settings_of(&wrong, "sms").run(&["check"]);
        assert!(!holds && said.contains("timeout"), "{name}: {said}");
        assert!(
            !said.contains("change-me") && !said.contains("changeme"),
            "{name}: {said}"
        );
        seen += 1;
    }
    assert!(seen >= 3, "{seen} examples");
}
