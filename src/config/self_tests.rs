//! How gateways are tested, as the settings name it: `[[self_tests]]`.

use jiff::SignedDuration;
use serde::Deserialize;

use super::{
    document::Document,
    fault::{Fault, Gravity},
    settings::{Gateway, Settings},
    words::nearest,
};
use crate::{
    channel::registry::GatewaySettings,
    domain::{
        delivery::{Address, Transport},
        directory::Directory,
        phone::PhoneNumber,
        self_test::{Expect, Plan},
    },
};

/// A message so often tells all that there is to know, and costs as much as it does.
const OFTEN: SignedDuration = SignedDuration::from_mins(5);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    gateway: String,
    to: String,
    every: SignedDuration,
    expect: Expect,
    within: SignedDuration,
}

/// Reads every `[[self_tests]]`; what does not fit is a fault each. The gateways are read already.
pub(super) fn read(settings: &Settings, document: &mut Document) -> Vec<Plan> {
    let mut plans: Vec<Plan> = Vec::new();
    for (path, table) in document.list("self_tests") {
        let Some(written) = document.piece::<Written>(&path, table) else {
            continue;
        };
        let at = |field: &str| format!("{path}.{field}");
        let Written {
            gateway,
            to,
            every,
            expect,
            within,
        } = written;
        if within < SignedDuration::from_secs(1) {
            let remedy = "write how long the receipt or echo may take: \"5m\"";
            let value = format!("{within:#}");
            document.fault(
                &at("within"),
                &value,
                "no time for anything to come",
                remedy,
            );
        } else if every <= within {
            document.fault(
                &at("every"),
                &format!("{every:#}"),
                "the next test would begin before this one is over",
                "write more than `within`: \"1h\"",
            );
        } else if every < OFTEN {
            document.warn(
                &at("every"),
                &format!("{every:#}"),
                "a message so often costs much and tells little more",
                "\"1h\" is good",
            );
        }
        if plans.iter().any(|other| other.gateway == gateway) {
            let remedy = "keep one test for each gateway";
            document.fault(&at("gateway"), &gateway, "it has a test already", remedy);
            continue;
        }
        let number = match PhoneNumber::parse(&to) {
            Ok(number) => Some(number),
            Err(error) => {
                let remedy = "write the number of a telephone of your own: \"+62811...\"";
                document.fault(&at("to"), &format!("{to:?}"), &error.to_string(), remedy);
                None
            }
        };
        check_gateway(settings, document, &at("gateway"), &gateway, expect);
        plans.extend(number.map(|number| Plan {
            gateway,
            to: Address::Phone(number),
            every,
            expect,
            within,
        }));
    }
    plans
}

/// Whether a gateway can be tested in this way.
fn check_gateway(
    settings: &Settings,
    document: &mut Document,
    path: &str,
    name: &str,
    expect: Expect,
) {
    let known: Vec<&String> = settings.gateways.iter().map(|it| &it.name).collect();
    let Some(gateway) = settings.gateways.iter().find(|it| it.name == name) else {
        let remedy = nearest(name, &known, "the gateways are");
        document.fault(
            path,
            &format!("{name:?}"),
            "there is no such gateway",
            &remedy,
        );
        return;
    };
    let transport = gateway.settings.transport();
    if transport != Transport::Sms {
        document.fault(
            path,
            name,
            &format!("it carries {transport}; a test is a short message"),
            "name a gateway of short messages",
        );
    } else if expect == Expect::Echo && !gateway.two_way {
        document.fault(
            path,
            name,
            "nobody can answer by it (two_way = false): no echo comes",
            "write expect = \"receipt\"",
        );
    } else if expect == Expect::Receipt && !brings_receipts(gateway, settings) {
        document.warn(
            path,
            name,
            "it brings no receipts as it is set up: every test would fail",
            "write expect = \"echo\", or have receipts brought (Kannel: inbound.kannel_secret)",
        );
    }
}

fn brings_receipts(gateway: &Gateway, settings: &Settings) -> bool {
    use secrecy::ExposeSecret;
    match &gateway.settings {
        GatewaySettings::Kannel(kannel) => {
            kannel.dlr_url.is_some() || !settings.inbound.kannel_secret.expose_secret().is_empty()
        }
        GatewaySettings::Http(_) => false,
        _ => true,
    }
}

/// Tests whose telephone is somebody's: what that person answers would be taken for an echo.
pub fn of_people(plans: &[Plan], directory: &Directory) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, plan) in plans.iter().enumerate() {
        let mut people = directory.responders.iter();
        let whose = people.find(|(_, person)| {
            let mut methods = person.methods.iter();
            methods.any(|method| method.address == plan.to)
        });
        if let Some((id, _)) = whose {
            faults.push(Fault {
                gravity: Gravity::Error,
                file: "settings".to_owned(),
                line: None,
                path: format!("self_tests[{index}].to"),
                value: plan.to.masked(),
                problem: format!(
                    "the number is {id}'s: what {id} answers would be taken for an echo"
                ),
                remedy: "use a telephone that nobody in the directory has".to_owned(),
            });
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::load::read;

    fn none() -> std::iter::Empty<(String, String)> {
        std::iter::empty()
    }

    #[test]
    fn a_test_of_a_gateway_that_cannot_tell_anything_is_refused() {
        let settings = |more: &str| {
            format!(
                r#"
[inbound]
kannel_secret = "s"
[[gateways]]
name = "kannel"
type = "kannel"
address = "http://127.0.0.1"
username = "u"
password = "p"
from = "S"
two_way = false
[[gateways]]
name = "board"
type = "sandbox"
transport = "email"
[[self_tests]]
gateway = "kannel"
to = "+6281100000077"
every = "1h"
expect = "receipt"
within = "5m"
{more}
"#
            )
        };
        let (good, _) = read("siaga.toml", &settings(""), none()).unwrap();
        assert_eq!(good.self_tests.len(), 1);
        let test = |gateway: &str, to: &str, every: &str, expect: &str, within: &str| {
            format!(
                "[[self_tests]]\ngateway = \"{gateway}\"\nto = \"{to}\"\nevery = \"{every}\"\n\
                 expect = \"{expect}\"\nwithin = \"{within}\"\n"
            )
        };
        let number = "+6281100000078";
        for (more, expected) in [
            (
                test("kanel", number, "1h", "receipt", "5m"),
                "did you mean kannel?",
            ),
            (
                test("kannel", number, "1h", "receipt", "5m"),
                "it has a test already",
            ),
            (
                test("board", number, "1h", "receipt", "5m"),
                "it carries email",
            ),
            (
                test("board", number, "5m", "receipt", "5m"),
                "self_tests[1].every = 5m",
            ),
            (
                test("board", number, "5m", "receipt", "0s"),
                "self_tests[1].within = 0s",
            ),
            (
                test("board", "081x", "1h", "receipt", "5m"),
                "self_tests[1].to = \"081x\"",
            ),
            (
                test("board", number, "1h", "call", "5m"),
                "self_tests[1].expect",
            ),
        ] {
            let told = read("siaga.toml", &settings(&more), none()).unwrap_err();
            assert!(
                told.to_string().contains(expected),
                "{expected}\nis not in\n{told}"
            );
        }
        let echo = settings("").replace("\"receipt\"", "\"echo\"");
        let told = read("siaga.toml", &echo, none()).unwrap_err().to_string();
        assert!(told.contains("two_way"), "{told}");
        let silent = settings("").replace("kannel_secret = \"s\"", "");
        let (_, warnings) = read("siaga.toml", &silent, none()).unwrap();
        let told = warnings.iter().any(|it| it.problem.contains("no receipts"));
        assert!(told, "{warnings:?}");
    }
}
