//! Tests of the settings and seeds.

use super::{
    DEFAULT_SETTINGS, Fault, Faults, Gravity, Settings,
    gateways::unknown_units,
    load::{look_at, read},
    seed::Sources,
};
use crate::domain::{directory::Directory, policy_check, routing::Urgency};

fn none() -> std::iter::Empty<(String, String)> {
    std::iter::empty()
}

#[test]
fn the_written_defaults_are_the_defaults() {
    let (written, _) = read("config/siaga.toml", DEFAULT_SETTINGS, none()).unwrap();
    let plain = Settings::default();
    assert_eq!(written.server, plain.server);
    assert_eq!(written.http, plain.http);
    assert_eq!(written.engine, plain.engine);
    assert_eq!(written.scan, plain.scan);
    assert_eq!(written.data, plain.data);
    assert_eq!(written.log, plain.log);
    assert_eq!(format!("{:?}", written.redis), format!("{:?}", plain.redis));
    assert_eq!(written.links.valid_for, plain.links.valid_for);
    assert!(written.gateways.is_empty() && written.api_keys.is_empty());
}

#[test]
fn all_faults_are_told_at_once_with_line_value_and_remedy() {
    let text = r#"
[server]
listen = "here"
publik_url = "http://x"
body_limit = -1

[redis]
mode = "cloud"
shards = 0

[engine]
lease = "soon"
batch = 100000

[scan]
pattern = "aduan"

[gatways]

[[api_keys]]
name = "a"
sha256 = "zz"
scopes = ["everything"]

[[gateways]]
name = "k"
type = "kannel"
adress = "http://127.0.0.1"

[[gateways]]
name = "x"
type = "pigeon"
"#;
    let faults = read("siaga.toml", text, none()).unwrap_err();
    let all = faults.to_string();
    for expected in [
        "siaga.toml:3: server.listen = \"here\"",
        "siaga.toml:4: server.publik_url = \"http://x\": there is no such field\n    did you mean public_url?",
        "siaga.toml:5: server.body_limit = -1",
        "siaga.toml:8: redis.mode = \"cloud\"",
        "siaga.toml:12: engine.lease = \"soon\"",
        "siaga.toml:16: scan.pattern = aduan",
        "gatways: there is no such section\n    did you mean gateways?",
        "api_keys[0].scopes",
        "gateways[0]",
        "gateways[1]",
    ] {
        let plain = expected.split(": there").next().unwrap();
        assert!(all.contains(plain), "{expected}\nis not in\n{all}");
    }
}

/// Gateways onto a board, each with these lines.
fn gateways(entries: &[(&str, &str, &str)]) -> String {
    let entry = |(name, transport, more): &(&str, &str, &str)| {
        format!(
            "[[gateways]]\nname = {name:?}\ntype = \"sandbox\"\ntransport = {transport:?}\n{more}\n"
        )
    };
    entries.iter().map(entry).collect()
}

#[test]
fn several_gateways_of_a_transport_have_their_places() {
    let text = gateways(&[
        ("a", "sms", ""),
        ("b", "sms", "order = 1\nshare = 3"),
        (
            "c",
            "sms",
            "only = { prefixes = [\"+62811\"], units = [\"DISHUB\"], urgency = \"miss\" }",
        ),
        ("m", "email", ""),
    ]);
    let (settings, warnings) = read("siaga.toml", &text, none()).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let places = settings
        .gateways
        .iter()
        .map(|it| (it.route.order, it.route.share));
    assert_eq!(places.collect::<Vec<_>>(), [(1, 1), (1, 3), (3, 1), (4, 1)]);
    let only = &settings.gateways[2].route.only;
    assert_eq!(only.prefixes, ["+62811"]);
    assert_eq!(only.urgency, Some(Urgency::Miss));
    // The directory decides which units there are.
    let faults = unknown_units(&settings.gateways, &Directory::default());
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].to_string().contains("gateways[2].only.units[0]"),
        "{}",
        faults[0]
    );
}

#[test]
fn a_gateway_has_the_limit_that_is_written_or_known_or_its_senders() {
    let whatsapp = |name: &str, more: &str| {
        format!(
            "[[gateways]]\nname = {name:?}\ntype = \"whatsapp_cloud\"\nphone_number_id = \"1\"\n\
             access_token = \"t\"\n{more}\n"
        )
    };
    let text = gateways(&[
        ("free", "sms", ""),
        (
            "own",
            "sms",
            "limit = { per_second = 5, per_recipient = \"2s\" }",
        ),
        ("first", "sms", "sender = \"85001\""),
        (
            "second",
            "sms",
            "sender = \"85001\"\nlimit = { per_minute = 9 }",
        ),
    ]) + &whatsapp("known", "")
        + &whatsapp("none", "limit = {}");
    let (settings, _) = read("siaga.toml", &text, none()).unwrap();
    let limits = settings.gateways.iter().map(|gateway| {
        let limit = gateway.limit;
        let number = |count: Option<std::num::NonZeroU32>| count.map_or(0, u32::from);
        let length = limit.per_recipient.unwrap_or_default();
        (
            number(limit.per_second),
            number(limit.per_minute),
            length.as_secs(),
        )
    });
    let expected = [
        (0, 0, 0),
        (5, 0, 2),
        (0, 9, 0),
        (0, 9, 0),
        (80, 0, 6),
        (0, 0, 0),
    ];
    assert_eq!(limits.collect::<Vec<_>>(), expected);
}

#[test]
fn ceilings_that_make_no_sense_are_told_with_a_remedy() {
    let priced = gateways(&[("a", "sms", "price = 350")]);
    let free = gateways(&[("a", "sms", "")]);
    for (costs, gateways, expected) in [
        (
            "per_day = 0",
            &priced,
            "costs.per_day = 0: a ceiling that is always reached",
        ),
        ("per_day = -5", &priced, "costs.per_day"),
        ("careful_from = 0", &priced, "a percentage from 1 to 100"),
        ("careful_from = 101", &priced, "a percentage from 1 to 100"),
        ("per_day = 9\nper_month = 8", &priced, "less than in a day"),
        ("per_day = 9", &free, "price = 350"),
        ("per_year = 9", &priced, "per_year"),
    ] {
        let told = match read(
            "siaga.toml",
            &format!("[costs]\n{costs}\n{gateways}"),
            none(),
        ) {
            Ok((_, warnings)) => warnings.iter().map(|it| format!("{it}\n")).collect(),
            Err(faults) => faults.to_string(),
        };
        assert!(told.contains(expected), "{expected}\nis not in\n{told}");
    }
    let negative = gateways(&[("a", "sms", "price = -1")]);
    let told = read("siaga.toml", &negative, none())
        .unwrap_err()
        .to_string();
    assert!(told.contains("gateways[0].price"), "{told}");
}

#[test]
fn gateways_that_do_not_fit_are_told_with_a_remedy() {
    let (all, only) = ("only = { ", " }");
    let with = |condition: &str| format!("{all}{condition}{only}");
    for (entries, expected) in [
        (
            vec![("a", "sms", String::new()), ("a", "email", String::new())],
            "gateways[1].name = a: the name is taken",
        ),
        (vec![("a", "sms", "share = 0".to_owned())], "a higher order"),
        (
            vec![
                ("a", "sms", "share = 2".to_owned()),
                ("b", "sms", String::new()),
            ],
            "nothing is shared",
        ),
        (
            vec![("a", "sms", with("prefixes = [\"\"]"))],
            "prefixes[0] = \"\": not the beginning of a number",
        ),
        (vec![("a", "sms", with("prefixes = [\"0811\"]"))], "+62811"),
        (vec![("a", "sms", with("prefixes = []"))], "an empty list"),
        (vec![("a", "sms", with("units = []"))], "an empty list"),
        (vec![("a", "sms", with("units = [\"a b\"]"))], "units[0]"),
        (
            vec![("a", "email", with("prefixes = [\"+62\"]"))],
            "an e-mail goes to no number",
        ),
        (
            vec![("a", "sms", with("urgency = \"soon\""))],
            "urgency = \"soon\"",
        ),
        (
            vec![("a", "sms", with("prefix = [\"+62\"]"))],
            "did you mean prefixes?",
        ),
        (
            vec![("a", "sms", with("urgency = \"miss\""))],
            "add one without `only`",
        ),
        (
            vec![("a", "sms", "limit = { per_second = 0 }".to_owned())],
            "gateways[0].limit.per_second = 0: nothing would ever leave",
        ),
        (
            vec![("a", "sms", "limit = { per_recipient = \"0s\" }".to_owned())],
            "at most 1 h",
        ),
        (
            vec![("a", "sms", "limit = { per_hour = 5 }".to_owned())],
            "limit.per_hour",
        ),
        (
            vec![("a", "sms", "limit = { per_second = -1 }".to_owned())],
            "limit.per_second",
        ),
        (
            vec![("a", "sms", "sender = \"\"".to_owned())],
            "without a name",
        ),
        (
            vec![
                (
                    "a",
                    "sms",
                    "sender = \"85001\"\nlimit = { per_second = 5 }".to_owned(),
                ),
                (
                    "b",
                    "sms",
                    "sender = \"85001\"\nlimit = { per_second = 6 }".to_owned(),
                ),
            ],
            "gateways[1].limit = b: a has the same sender, 85001, and another limit",
        ),
    ] {
        let entries: Vec<_> = entries
            .iter()
            .map(|(n, t, m)| (*n, *t, m.as_str()))
            .collect();
        let told = match read("siaga.toml", &gateways(&entries), none()) {
            Ok((_, warnings)) => warnings.iter().map(|it| format!("{it}\n")).collect(),
            Err(faults) => faults.to_string(),
        };
        assert!(told.contains(expected), "{expected}\nis not in\n{told}");
    }
}

#[test]
fn a_gateway_that_does_not_fit_moves_no_other_and_is_not_missed() {
    let text = gateways(&[
        ("a", "sms", "orders = 1"),
        ("b", "sms", "share = 2\nonly = { units = [\"DISHUB\"] }"),
    ]);
    let (settings, faults) = look_at("siaga.toml", &text, none());
    let units = unknown_units(&settings.gateways, &Directory::default());
    let paths = faults.0.iter().chain(&units).map(|fault| &fault.path);
    // Whether `b` shares with `a`, and leaves it what meets no condition, is not known yet.
    assert_eq!(
        paths.collect::<Vec<_>>(),
        ["gateways[0].orders", "gateways[1].only.units[0]"],
        "{faults}"
    );
}

#[test]
fn the_environment_and_secret_files_go_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "hush-hush-hush-hush\n").unwrap();
    let text = format!("[links]\nsecret_file = {:?}\n", file.display().to_string());
    let environment = [
        (
            "SIAGA__SERVER__LISTEN".to_owned(),
            "0.0.0.0:9999".to_owned(),
        ),
        ("SIAGA__REDIS__SHARDS".to_owned(), "4".to_owned()),
        ("HOME".to_owned(), "/".to_owned()),
    ];
    let (settings, _) = read("siaga.toml", &text, environment.into_iter()).unwrap();
    assert_eq!(settings.server.listen.port(), 9999);
    assert_eq!(settings.redis.shards, 4);
    use secrecy::ExposeSecret;
    assert_eq!(settings.links.secret.expose_secret(), "hush-hush-hush-hush");
    assert!(!format!("{settings:?}").contains("hush"));
}

#[test]
fn a_fault_hides_no_other_and_invents_none() {
    let text = r#"
[server]
listen = "8080"
public_url = "siaga.go.id"
[redis]
shards = 0
[links]
secret = "kurz"
[scan.fields]
kategory = "kategori"
[[gateways]]
name = "mail"
type = "smtp"
host = "h"
from = "siaga@x.test"
tls = "ssl"
timeout = "5"
[[gateways]]
name = "sms"
type = "kanel"
[[gateways]]
name = "wa"
type = "http"
transport = "whatsapp"
url = "https://me:geheim@h/"
"#;
    let environment = [("SIAGA__ENGINE__BATCH".to_owned(), "viele".to_owned())];
    let faults = read("siaga.toml", text, environment.into_iter()).unwrap_err();
    let all = faults.to_string();
    for expected in [
        "siaga.toml:3: server.listen = \"8080\": not an address to listen at\n    write it as 127.0.0.1:8080",
        "siaga.toml:4: server.public_url = siaga.go.id: not an address",
        "the environment's SIAGA__ENGINE__BATCH: engine.batch = \"viele\": of another kind\n    write a whole number",
        "siaga.toml:6: redis.shards = 0",
        "siaga.toml:8: links.secret = (hidden): so short",
        "siaga.toml:9: scan.fields = kategory: no field of ours\n    did you mean category?",
        "siaga.toml:9: scan.fields: without received_at",
        "siaga.toml:16: gateways[0].tls = \"ssl\": there is no such choice\n    write one of: none, starttls, tls",
        "siaga.toml:17: gateways[0].timeout = \"5\": not a length of time\n    write it as 30s",
        "siaga.toml:20: gateways[1].type = \"kanel\": there is no such choice\n    did you mean kannel?",
        "siaga.toml:25: gateways[2].url = (hidden): cannot be used",
    ] {
        assert!(all.contains(expected), "{expected}\nis not in\n{all}");
    }
    assert_eq!(faults.0.len(), 11, "{all}");
    assert!(!all.contains("kurz") && !all.contains("geheim"), "{all}");
}

#[test]
fn what_is_wrong_alike_in_many_places_is_told_in_one() {
    let fault = |path: usize, gravity| Fault {
        gravity,
        file: "data".to_owned(),
        line: None,
        path: format!("post {path}"),
        value: String::new(),
        problem: "vacant".to_owned(),
        remedy: "name a holder".to_owned(),
    };
    let told = |gravity| {
        let faults = Faults((0..50).map(|path| fault(path, gravity)).collect());
        faults.to_string().lines().count()
    };
    assert_eq!(told(Gravity::Warning), 2);
    assert_eq!(told(Gravity::Error), 100, "each error is to be mended");
}

#[test]
fn the_shipped_seeds_hold() {
    let mut faults = Vec::new();
    let seeds = Sources::shipped(true).parse(&mut faults);
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(
        seeds.book.directory.units.len(),
        53,
        "51 units and two desks"
    );
    let findings = policy_check::check(&seeds.book);
    let errors: Vec<_> = findings.iter().filter(|finding| finding.is_error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn faults_of_seeds_name_the_place() {
    let source = |text: &str| vec![("d.toml".to_owned(), text.to_owned())];
    let sources = Sources {
        directory: source(
            r#"
coordinator = "K"
[[units]]
code = "a b"
name = "x"
[[units]]
code = "A"
name = "Dinas A"
[[units]]
code = "A"
name = "Dinas B"
[[units]]
code = "C"
name = "Dinas C"
above = "A.kepala"
own_posts = false
[[people]]
id = "p"
name = "P"
sms = "abc"
[holders]
"A.kepala" = "nobody"
"Z.kepala" = "p"
[[acting]]
post = "A.kepala"
responder = "p"
kind = "plt"
decree = "1"
from = "2026-01-01T00:00:00"
until = "2026-01-01T00:00:00+07:00"
"#,
        ),
        ..Sources::default()
    };
    let mut faults = Vec::new();
    let seeds = sources.parse(&mut faults);
    let text: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    for place in [
        "units[0].code",
        "units[2].code",
        "units[3].above",
        "people[0].sms",
        "holders.Z.kepala",
        "acting[0].from",
    ] {
        assert!(text.contains(place), "{place}\n{text}");
    }
    let findings = policy_check::check(&seeds.book);
    let problems: Vec<_> = findings.iter().map(|f| f.problem.as_str()).collect();
    assert!(
        problems
            .iter()
            .any(|p| p.contains("holder is not among the people")),
        "{problems:?}"
    );
    assert!(
        problems.iter().any(|p| p.contains("cannot be paged")),
        "{problems:?}"
    );
    assert!(
        problems.iter().any(|p| p.contains("no such unit")),
        "{problems:?}"
    );
}
