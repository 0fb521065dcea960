//! News from end to end: the real program, real HTTP, the policy's `updates = "always"`. Three units at
//! once, because news waits for the end of a minute: taken in one, progress in another, closed in the
//! third.

use std::time::Duration;

use crate::support::{
    gateway::{Gateway, Request},
    kannel,
    siaga::{Settings, Siaga},
    wait::PATIENCE,
};

const POLICY: &str = r#"
id = "baku"
clock = { length = "24h", calendar = "kalender" }
hold = "2h"
steps = [{ after = "0s", to = ["kepala", "sekretaris"] }]
repeat = { from_step = 0, every = "24h" }
on_refusal = ["koordinator:penghubung"]
updates = "always"
[delivery]
patience = "10m"
retries = ["1s"]
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

/// Units, their complaint, and the telephones of head and secretary.
const UNITS: [(&str, &str, &str, &str); 3] = [
    ("DISHUB", "LGWP80001", "6281100000011", "6281100000012"),
    ("DINKES", "LGWP80002", "6281100000021", "6281100000022"),
    ("BPBD", "LGWP80003", "6281100000031", "6281100000032"),
];

/// News waits for the end of the minute, and half a minute is the machine's.
const A_MINUTE_AND_A_HALF: Duration = Duration::from_secs(90);

fn people() -> String {
    use std::fmt::Write as _;
    let (mut people, mut holders) = (String::new(), "[holders]\n".to_owned());
    for (unit, _, head, secretary) in UNITS {
        for (role, number) in [("kepala", head), ("sekretaris", secretary)] {
            let id = format!("{}-{role}", unit.to_lowercase());
            writeln!(
                people,
                "[[people]]\nid = \"{id}\"\nname = \"{id} Contohwan\"\nsms = \"+{number}\""
            )
            .unwrap();
            writeln!(holders, "\"{unit}.{role}\" = \"{id}\"").unwrap();
        }
    }
    people + &holders
}

/// News to a telephone about a complaint.
fn is_news(request: &Request, to: &str, complaint: &str) -> bool {
    request.to().ends_with(to)
        && request.text().contains(complaint)
        && request.text().contains("Tidak perlu balas")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_paged_hears_that_it_is_taken_shown_progress_or_closed() {
    let gateway = Gateway::start();
    let mut siaga = Siaga::prepare();
    let more = format!(
        "[[gateways]]\nname = \"pesan\"\ntype = \"http\"\ntransport = \"sms\"\nurl = \"{}\"\n\
         [gateways.body]\nkind = \"form\"\n[gateways.body.fields]\n\
         reference = \"{{{{ reference }}}}\"\nto = \"{{{{ to }}}}\"\ntext = \"{{{{ text }}}}\"\n",
        gateway.url()
    );
    siaga.write_settings(&Settings {
        inbound: &format!("kannel_secret = \"{}\"", kannel::SECRET),
        more: &more,
        people: &people(),
        policy: Some(POLICY),
    });
    siaga.start().await;
    for (unit, complaint, ..) in UNITS {
        siaga.overdue_at(complaint, unit).await;
    }
    gateway.wait_for_count(6, PATIENCE).await;
    siaga.wait_until_handed_over().await;

    let (_, taken, head, _) = UNITS[0];
    let words = format!("siap {taken}");
    let reply = [
        ("from", head),
        ("text", words.as_str()),
        ("id", "m1"),
        ("secret", kannel::SECRET),
    ];
    siaga.caller().get("/hooks/kannel/mo", &reply).await;
    for (complaint, verb, status) in [
        (UNITS[1].1, "progress", "verifikasi"),
        (UNITS[2].1, "close", "selesai"),
    ] {
        let path = format!("/api/v1/complaints/{complaint}/{verb}");
        let body = format!("{{\"status\":\"{status}\"}}");
        let (status, text) = siaga.post(&path, "application/json", body).await;
        assert_eq!(status, 200, "{text}");
    }
    // Who took it on hears that at once; the others in their minute.
    for (at, said) in ["sudah diambil", "sudah ada kemajuan", "sudah ditutup"]
        .into_iter()
        .enumerate()
    {
        let (_, complaint, head, secretary) = UNITS[at];
        let hearers = if at == 0 {
            vec![secretary]
        } else {
            vec![head, secretary]
        };
        for telephone in hearers {
            let what = format!("{said:?} about {complaint} to {telephone}");
            let fits = |request: &Request| is_news(request, telephone, complaint);
            let news = gateway
                .wait_for_request(&what, fits, A_MINUTE_AND_A_HALF)
                .await;
            assert!(news.text().contains(said), "{}", news.text());
        }
    }
    siaga.wait_until_handed_over().await;
    let requests = gateway.requests();
    let confirmed = requests
        .iter()
        .filter(|it| it.text().contains("Anda terima"));
    assert_eq!(confirmed.count(), 1);
    let news = requests
        .iter()
        .filter(|it| it.text().contains("Tidak perlu balas"));
    assert_eq!(news.count(), 5, "each once, and who took it on none");
    assert_eq!(requests.len(), 6 + 1 + 5);
    for (at, (kind, times)) in [("taken", 1), ("progressed", 2), ("closed", 2)]
        .into_iter()
        .enumerate()
    {
        let (_, record) = siaga
            .get(&format!("/api/v1/complaints/{}", UNITS[at].1))
            .await;
        assert_eq!(
            record.matches("\"k\":\"informed\"").count(),
            times,
            "{record}"
        );
        assert!(record.contains(&format!("\"news\":\"{kind}\"")), "{record}");
    }
    let (verified, holds) = siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    siaga.stop().await;
}
