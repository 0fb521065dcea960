//! A storm of webhooks: two services on one Redis, every way in at once, everything several times and
//! in any order. Each has one effect.

use std::{collections::BTreeMap, fmt::Write as _, time::Instant};

use futures::{StreamExt, stream};
use serde_json::Value;
use siaga::clock::{Clock, SystemClock};

use crate::support::{
    fake_meta::{self, APP_SECRET, FakeMeta, PHONE_NUMBER_ID, TOKEN},
    fake_twilio::{self, ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, NUMBER},
    gateway::Gateway,
    percent,
    redis::{Durability, RedisServer},
    siaga::{Settings, Siaga},
    wait::{PATIENCE, eventually_asked},
};

/// One step to the head, so that the storm's messages can be counted.
const POLICY: &str = r#"
id = "baku"
clock = { length = "24h", calendar = "kalender" }
hold = "2h"
steps = [{ after = "0s", to = ["kepala"], again_every = "6h" }]
repeat = { from_step = 0, every = "24h" }
on_refusal = ["koordinator:penghubung"]
[delivery]
patience = "10m"
retries = ["1s", "1s"]
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

/// The units whose heads answer, each by one way and about two complaints.
const UNITS: [&str; 20] = [
    "SETDA",
    "SETWAN",
    "INSPEKTORAT",
    "DISDIKBUD",
    "DINKES",
    "DPUBMCK",
    "DPUSDATARU",
    "DISPERAKIM",
    "SATPOLPP",
    "DINSOS",
    "DISNAKERTRANS",
    "DP3AP2KB",
    "DISHANPAN",
    "DLHK",
    "DISPERMADESDUKCAPIL",
    "DISHUB",
    "DISKOMINFO",
    "DINKOPUKM",
    "DPMPTSP",
    "DISPORAPAR",
];
const SECRET: &str = "rahasia-kannel";
/// How often each webhook comes.
const TIMES: usize = 5;
/// How many come at once.
const AT_ONCE: usize = 200;

/// By which way a head is reached.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Kannel,
    Whatsapp,
    Twilio,
}

fn way(head: usize) -> Way {
    [Way::Kannel, Way::Whatsapp, Way::Twilio][head % 3]
}

fn number(head: usize) -> String {
    let beginning = if way(head) == Way::Twilio {
        "812"
    } else {
        "811"
    };
    format!("62{beginning}00000{head:03}")
}

fn complaint(head: usize, nth: usize) -> String {
    format!("STORM{}", 10_000 + head * 10 + nth)
}

/// A webhook, ready to be sent to either service.
enum Hook {
    Get(String),
    Meta(Vec<u8>),
    /// The path, and the fields.
    Twilio(String, Vec<(String, String)>),
}

struct Stage {
    siagas: [Siaga; 2],
    meta: FakeMeta,
    twilio: FakeTwilio,
    sms: Gateway,
    redis: RedisServer,
}

async fn stage() -> Stage {
    let redis = RedisServer::start(Durability::None).await;
    let (meta, twilio) = (fake_meta::start().await, fake_twilio::start().await);
    let sms = Gateway::start();
    let gateways = format!(
        r#"
[[gateways]]
name = "meta"
type = "whatsapp_cloud"
base_url = "{}"
phone_number_id = "{PHONE_NUMBER_ID}"
access_token = "{TOKEN}"
[[gateways]]
name = "twilio"
type = "twilio"
transport = "sms"
base_url = "{}"
account_sid = "{ACCOUNT_SID}"
auth_token = "{AUTH_TOKEN}"
from = "{NUMBER}"
only = {{ prefixes = ["+62812"] }}
[[gateways]]
name = "pesan"
type = "http"
transport = "sms"
url = "{}"
[gateways.body]
kind = "form"
[gateways.body.fields]
reference = "{{{{ reference }}}}"
to = "{{{{ to }}}}"
text = "{{{{ text }}}}"
"#,
        meta.base_url,
        twilio.base_url,
        sms.url()
    );
    let (mut people, mut holders) = (String::new(), "[holders]\n".to_owned());
    for (head, unit) in UNITS.iter().enumerate() {
        let transport = if way(head) == Way::Whatsapp {
            "whatsapp"
        } else {
            "sms"
        };
        let number = number(head);
        writeln!(
            people,
            "[[people]]\nid = \"h{head}\"\nname = \"h{head} Contohwan\"\n{transport} = \"+{number}\""
        )
        .unwrap();
        writeln!(holders, "\"{unit}.kepala\" = \"h{head}\"").unwrap();
    }
    people += &holders;
    let mut siagas = [Siaga::prepare(), Siaga::prepare()];
    for siaga in &mut siagas {
        siaga.set("redis.mode", "external");
        siaga.set("redis.require", "nothing");
        siaga.set("redis.url", &redis.url());
        siaga.write_settings(&Settings {
            inbound: &format!(
                "kannel_secret = \"{SECRET}\"\nwhatsapp_app_secret = \"{APP_SECRET}\""
            ),
            more: &gateways,
            people: &people,
            policy: Some(POLICY),
        });
        siaga.start().await;
    }
    Stage {
        siagas,
        meta,
        twilio,
        sms,
        redis,
    }
}

impl Stage {
    /// Everything that was said to a head so far.
    fn said_to(&self, head: usize) -> Vec<String> {
        let number = number(head);
        match way(head) {
            Way::Kannel => {
                let plus = format!("+{number}");
                let all = self.sms.requests().into_iter();
                let own = all.filter(|it| it.to() == number || it.to() == plus);
                own.map(|it| it.text().to_owned()).collect()
            }
            Way::Whatsapp => {
                let all = self.meta.messages().into_iter();
                all.filter(|it| it["to"] == number.as_str())
                    .map(|it| it.to_string())
                    .collect()
            }
            Way::Twilio => {
                let plus = format!("+{number}");
                let all = self.twilio.messages().into_iter();
                all.filter(|it| it["To"] == plus)
                    .map(|it| it["Body"].clone())
                    .collect()
            }
        }
    }

    /// The replies and receipts, each once: every head takes the first complaint by its code or
    /// ticket and refuses the second, and every page was delivered.
    fn hooks(&self) -> Vec<Hook> {
        let mut hooks = Vec::new();
        let now = SystemClock.now().as_second();
        for head in 0..UNITS.len() {
            let from = number(head);
            for nth in 0..2 {
                let id = complaint(head, nth);
                let verb = if nth == 0 {
                    "OK"
                } else {
                    "bukan wewenang kami"
                };
                let text = format!("{verb} {}", self.key(head, &id));
                hooks.push(match way(head) {
                    Way::Kannel => Hook::Get(kannel_hook(
                        "mo",
                        &[("from", &from), ("text", &text), ("id", &format!("k-{id}"))],
                    )),
                    Way::Whatsapp => Hook::Meta(fake_meta::text_webhook(
                        &from,
                        &format!("wamid.{id}"),
                        now,
                        &text,
                        None,
                    )),
                    Way::Twilio => {
                        let sid = format!("SM{id:0>32}");
                        let it = fake_twilio::incoming("", &format!("+{from}"), &sid, &text);
                        Hook::Twilio("/hooks/twilio/message".to_owned(), it.fields)
                    }
                });
            }
        }
        for request in self.sms.requests() {
            let reference = request.reference().to_owned();
            let report = [("reference", reference.as_str()), ("type", "1")];
            hooks.push(Hook::Get(kannel_hook("dlr", &report)));
        }
        for (n, message) in self.meta.messages().iter().enumerate() {
            let to = message["to"].as_str().unwrap();
            let reference = message["biz_opaque_callback_data"].as_str();
            let body = fake_meta::status_webhook(
                &FakeMeta::id_of(n),
                to,
                now,
                "delivered",
                None,
                reference,
            );
            hooks.push(Hook::Meta(body));
        }
        for n in 0..self.twilio.messages().len() {
            let it = self.twilio.status(n, "delivered", None);
            let path = it.url.find("/hooks").map(|at| it.url[at..].to_owned());
            hooks.push(Hook::Twilio(path.unwrap(), it.fields));
        }
        hooks
    }

    /// What names the complaint in an answer: the code that stood in the page where it is plain text.
    fn key(&self, head: usize, id: &str) -> String {
        if way(head) == Way::Whatsapp {
            return id.to_owned();
        }
        let said = self.said_to(head);
        let page = said.iter().find(|text| text.contains(id)).unwrap();
        let (_, rest) = page.split_once("OK ").expect("the text says how to answer");
        rest.chars().take_while(char::is_ascii_digit).collect()
    }

    /// Sends one webhook to one of the services; gives the status of the answer.
    async fn send(&self, hook: &Hook, to: usize) -> u16 {
        let siaga = &self.siagas[to];
        match hook {
            Hook::Get(path) => siaga.get(path).await.0,
            Hook::Meta(body) => siaga.hook(body, Some(&fake_meta::sign(body))).await.0,
            Hook::Twilio(path, fields) => {
                let webhook = fake_twilio::Webhook {
                    url: format!("{}{path}", siaga.base()),
                    fields: fields.clone(),
                };
                self.twilio.signed(&webhook).await.0
            }
        }
    }

    /// How often a fact of this kind stands in a complaint's record.
    async fn count(&self, id: &str, kind: &str) -> usize {
        let (status, record) = self.siagas[0]
            .get(&format!("/api/v1/complaints/{id}"))
            .await;
        assert_eq!(status, 200, "{record}");
        let record: Value = serde_json::from_str(&record).unwrap();
        let timeline = record["timeline"].as_array().unwrap().iter();
        timeline.filter(|it| it["fact"]["k"] == kind).count()
    }
}

fn kannel_hook(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = format!("secret={SECRET}");
    for (name, value) in parameters {
        write!(query, "&{name}={}", percent::encode(value)).unwrap();
    }
    format!("/hooks/kannel/{path}?{query}")
}

/// Any order, the same in every run.
fn shuffled(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut state: u64 = 20_261_124;
    for at in (1..count).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        order.swap(at, (state >> 33) as usize % (at + 1));
    }
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_webhooks_at_once_repeated_and_shuffled_have_one_effect_each() {
    let mut stage = stage().await;
    for (head, unit) in UNITS.iter().enumerate() {
        for nth in 0..2 {
            stage.siagas[nth]
                .overdue_at(&complaint(head, nth), unit)
                .await;
        }
    }
    eventually_asked("a page about every complaint", 2 * PATIENCE, || async {
        let heads = 0..UNITS.len();
        heads
            .into_iter()
            .all(|head| stage.said_to(head).len() == 2)
            .then_some(())
    })
    .await;
    let hooks = stage.hooks();
    assert_eq!(hooks.len(), 80, "40 replies and 40 receipts");

    let began = Instant::now();
    let order = shuffled(hooks.len() * TIMES).into_iter();
    let answers: Vec<u16> =
        stream::iter(order.map(|at| stage.send(&hooks[at % hooks.len()], at / hooks.len() % 2)))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
    let took = began.elapsed();
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for status in &answers {
        *statuses.entry(*status).or_default() += 1;
    }
    assert_eq!(answers.len(), 400);
    assert!(
        statuses.keys().all(|it| matches!(it, 200 | 204)),
        "{statuses:?}"
    );
    println!("{} webhooks in {took:?}: {statuses:?}", answers.len());

    // Each answer is confirmed, and then nothing is under way any more.
    eventually_asked("every confirmation", 2 * PATIENCE, || async {
        let all: usize = (0..UNITS.len()).map(|head| stage.said_to(head).len()).sum();
        (all >= 80).then_some(())
    })
    .await;
    stage.siagas[0].wait_until_handed_over().await;
    for head in 0..UNITS.len() {
        let (taken, refused) = (complaint(head, 0), complaint(head, 1));
        for (id, kind, times) in [
            (&taken, "acknowledged", 1),
            (&taken, "refused", 0),
            (&refused, "refused", 1),
            (&refused, "acknowledged", 0),
            (&taken, "answer_without_effect", 0),
            (&refused, "answer_without_effect", 0),
            (&taken, "paged", 1),
            (&taken, "missed", 1),
            (&taken, "receipt", 1),
            (&refused, "receipt", 1),
        ] {
            assert_eq!(stage.count(id, kind).await, times, "{id} {kind}");
        }
    }
    let (verified, holds) = stage.siagas[1].run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    for siaga in &mut stage.siagas {
        siaga.stop().await;
    }
    // Only now is it certain that nothing more was said.
    for head in 0..UNITS.len() {
        let said = stage.said_to(head);
        let about = |id: &str, words: &str| {
            let all = said
                .iter()
                .filter(|it| it.contains(id) && it.contains(words));
            all.count()
        };
        assert_eq!(said.len(), 4, "{said:#?}");
        assert_eq!(about(&complaint(head, 0), "Anda terima"), 1, "{said:#?}");
        assert_eq!(about(&complaint(head, 1), "bukan wewenang"), 1, "{said:#?}");
    }
    assert_eq!(stage.meta.violations(), Vec::<String>::new());
    assert_eq!(stage.twilio.violations(), Vec::<String>::new());
    drop(stage.redis);
}
