//! Whoever runs the service hears of the service itself, and an outside address hears that all is well.

use std::{collections::BTreeSet, path::Path, time::Duration};

use crate::support::{
    gateway::{Answer, Gateway, Request},
    redis::{Durability, RedisServer},
    siaga::{Settings, Siaga},
    smtp::SmtpServer,
    wait::PATIENCE,
};

const SMS: &str = "[[gateways]]\nname = \"sms\"\ntype = \"sandbox\"\ntransport = \"sms\"\n";

/// What a webhook was told of a trouble: `begun redis_away`.
fn told(request: &Request) -> String {
    format!("{} {}", request.field("turn"), request.field("name"))
}

async fn wait_until_told(hook: &Gateway, what: &str) -> Request {
    let is_it = |request: &Request| told(request) == what;
    hook.wait_for_request(what, is_it, PATIENCE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn troubles_are_told_begun_and_over_and_the_calls_stay_away_meanwhile() {
    let (hook, well) = (Gateway::start(), Gateway::start());
    hook.answer_everyone(Answer::empty());
    well.answer_everyone(Answer::empty());
    let mut redis = RedisServer::start(Durability::Always).await;
    let mut siaga = Siaga::prepare();
    siaga.set("redis.mode", "external");
    siaga.set("redis.url", &redis.url());
    siaga.write_settings(&Settings {
        more: &format!(
            "{SMS}[operators]\nwebhook = \"{}\"\nafter = \"0s\"\n[dead_man]\nurl = \"{}\"\nevery = \"1s\"\n",
            hook.url(),
            well.url(),
        ),
        people: "[[people]]\nid = \"budi\"\nname = \"Budi Contohwan\"\nsms = \"0811-0000-0001\"\n[holders]\n\"DISHUB.kepala\" = \"budi\"\n",
        ..Settings::default()
    });
    siaga.start().await;
    well.wait_for_count(2, PATIENCE).await;

    redis.kill9();
    let begun = wait_until_told(&hook, "begun redis_away").await;
    assert!(begun.field("what").contains("Redis") && !begun.field("remedy").is_empty());
    assert!(!begun.field("instance").is_empty() && !begun.field("since").is_empty());
    let calls = well.requests().len();
    siaga::clock::patience(Duration::from_secs(3)).await;
    assert_eq!(
        well.requests().len(),
        calls,
        "nobody hears that all is well"
    );
    redis.restart().await;
    wait_until_told(&hook, "over redis_away").await;
    well.wait_for_count(calls + 1, PATIENCE).await;

    // What concerns all processes is told once, also after a restart.
    let key = |name: &str| format!("siaga:{{c0}}:{name}");
    redis.cli(&["HSET", &key("outbox:entries"), "x", "none of ours"]);
    redis.cli(&["ZADD", &key("outbox"), "1", "x"]);
    redis.cli(&["PUBLISH", "siaga:wake", "c0"]);
    let begun = wait_until_told(&hook, "begun dead_letters").await;
    assert_eq!(begun.field("remedy"), "siaga dead-letters list");
    siaga.stop().await;
    siaga.start().await;
    let calls = well.requests().len();
    well.wait_for_count(calls + 2, PATIENCE).await;
    let all: Vec<String> = hook.requests().iter().map(told).collect();
    assert_eq!(
        all.iter().filter(|it| *it == "begun dead_letters").count(),
        1,
        "{all:?}"
    );
    let metrics = siaga.get("/metrics").await.1;
    assert!(
        metrics.contains("siaga_trouble{name=\"dead_letters\"} 1"),
        "{metrics}"
    );
    siaga.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_and_a_mailbox_are_told_by_the_gateways() {
    let gateway = Gateway::start();
    gateway.answer_everyone(Answer::accept());
    let mails = SmtpServer::start().await;
    let mut siaga = Siaga::prepare();
    siaga.write_settings(&Settings {
        more: &format!(
            "[[gateways]]\nname = \"mail\"\ntype = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
             from = \"Siaga <siaga@siaga.test>\"\n[[gateways]]\nname = \"sms\"\ntype = \"http\"\ntransport = \"sms\"\nmethod = \"POST\"\nurl = \"{}\"\n\
             [gateways.body]\nkind = \"form\"\n[gateways.body.fields]\nreference = \"{{{{ reference }}}}\"\n\
             to = \"{{{{ to }}}}\"\ntext = \"{{{{ text }}}}\"\n\
             [operators]\ntelephones = [\"0811-0000-0009\"]\nemails = [\"operator@ops.test\"]\nafter = \"0s\"\n",
            mails.port(),
            gateway.url()
        ),
        people: "[[people]]\nid = \"budi\"\nname = \"Budi Contohwan\"\nsms = \"0811-0000-0001\"\n\
                 [[rosters]]\npost = \"GUBERNUR.piket\"\nmembers = [\"budi\"]\nrotation = \"daily\"\nbegins = \"2099-01-01T08:00:00+07:00\"\n",
        ..Settings::default()
    });
    siaga.start().await;
    let is_it = |request: &Request| {
        request.to().ends_with("811-0000-0009") || request.to().ends_with("81100000009")
    };
    let message = gateway
        .wait_for_request("the operators' telephone", is_it, PATIENCE)
        .await;
    let text = message.text();
    assert!(
        text.starts_with("SIAGA SISTEM: Tidak ada yang piket di GUBERNUR.piket"),
        "{text}"
    );
    assert!(
        text.contains("siaga override add") && text.chars().count() <= 160,
        "{text}"
    );
    let mail = mails.wait_for_mail("operator@ops.test", PATIENCE).await;
    assert!(
        mail.header("subject")
            .starts_with("SIAGA SISTEM: Tidak ada yang piket")
    );
    assert!(mail.text.contains("Sejak "), "{}", mail.text);
    siaga.stop().await;
}

/// Every trouble has its place among the instructions.
#[test]
fn every_trouble_is_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let conditions = read("src/app/watch/conditions.rs");
    let named = conditions.split("trouble(").skip(1);
    let named = named.filter_map(|rest| rest.trim_start().strip_prefix('"'));
    let mut names: BTreeSet<&str> = named.filter_map(|rest| rest.split('"').next()).collect();
    names.insert("gateway_down");
    assert!(names.len() >= 10, "{names:?}");
    let told = read("docs/operators.md");
    let missing: Vec<_> = names
        .iter()
        .filter(|name| !told.contains(&format!("`{name}")))
        .collect();
    assert!(missing.is_empty(), "docs/operators.md lacks {missing:?}");
}
