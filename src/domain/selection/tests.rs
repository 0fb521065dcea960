//! Tables: which policy a complaint gets, and which rules are refused together.

use super::{Applies, Selection, check, unused};
use crate::domain::{
    complaint::Complaint,
    escalation::tests::World,
    id::{PolicyId, UnitCode},
    rulebook::Rulebook,
};

/// A rule as a line: `10 units=DISHUB,DINKES categories=Kesehatan`.
fn rule(line: &str) -> Applies {
    let (order, conditions) = line.split_once(' ').unwrap_or((line, ""));
    let mut rule = Applies {
        order: order.parse().unwrap(),
        ..Applies::default()
    };
    for condition in conditions.split(';').map(str::trim) {
        let Some((field, values)) = condition.split_once('=') else {
            continue;
        };
        let values = values.split(',');
        let texts: Vec<String> = values.map(str::to_owned).collect();
        match field {
            "units" => {
                let codes = texts.iter().map(|text| UnitCode::parse(text).unwrap());
                rule.units = codes.collect();
            }
            "categories" => rule.categories = texts,
            "areas" => rule.areas = texts,
            "classifications" => rule.classifications = texts,
            "urgencies" => rule.urgencies = texts,
            other => panic!("{other}"),
        }
    }
    rule
}

/// A rulebook with these policies: `name: rule | rule`.
fn book(policies: &[&str]) -> Rulebook {
    let world = World::new();
    let mut book = Rulebook {
        directory: world.directory().clone(),
        ..Rulebook::default()
    };
    for line in policies {
        let (name, rules) = line.split_once(':').unwrap();
        let id = PolicyId::parse(name).unwrap();
        let mut policy = world.policy.clone();
        policy.id = id.clone();
        let rules = rules.split('|').map(str::trim);
        policy.applies = rules.filter(|it| !it.is_empty()).map(rule).collect();
        book.policies.insert(id, policy);
    }
    book
}

/// A complaint as a line: unit, category, area, classification, urgency; `-` is nothing.
fn complaint(line: &str) -> Complaint {
    let transition = World::new().open(None);
    let mut complaint = transition.state.complaint;
    let mut fields = line
        .split(',')
        .map(str::trim)
        .map(|text| (text != "-").then(|| text.to_owned()));
    let mut next = || fields.next().flatten();
    complaint.unit = next().map(|code| UnitCode::parse(&code).unwrap());
    complaint.category = next();
    complaint.area = next();
    complaint.classification = next();
    complaint.urgency = next();
    complaint
}

fn chosen(book: &Rulebook, line: &str) -> String {
    let selection = Selection::of(book.policies.values());
    let chosen = selection.choose(&complaint(line), &book.directory);
    chosen.map_or_else(
        || "the default".to_owned(),
        |one| format!("{} {}", one.policy.id, one.place()),
    )
}

#[test]
fn the_lowest_order_that_fits_decides() {
    let book = book(&[
        "baku:",
        "sehat: 20 categories=Kesehatan | 90 units=DINKES",
        // Its name would come first, its order comes later: names decide nothing.
        "awal: 30 units=DINKES;categories=Kesehatan,Pendidikan",
        "darurat: 10 urgencies=Darurat;areas=Kab. Pati",
        "meja: 40 units=BIRO",
        "aspirasi: 25 classifications=Aspirasi",
    ]);
    for (line, expected) in [
        ("DINKES, Kesehatan", "sehat applies[0]"),
        ("DINKES, Pendidikan", "awal applies[0]"),
        ("DINKES, Energi", "sehat applies[1]"),
        ("DISHUB, Energi", "the default"),
        ("DISHUB, -", "the default"),
        // Words are the same however they are spaced and capitalised.
        ("DISHUB,  KESEHATAN ", "sehat applies[0]"),
        // Every condition must hold.
        (
            "DINKES, Kesehatan, Kab. Pati, -, darurat",
            "darurat applies[0]",
        ),
        (
            "DINKES, Kesehatan, kab.  pati, -, Tinggi",
            "sehat applies[0]",
        ),
        ("DISHUB, Energi, -, -, Darurat", "the default"),
        ("DISHUB, Energi, -, Aspirasi", "aspirasi applies[0]"),
        // What is nobody's is the coordinator's desk's.
        ("-, Energi", "meja applies[0]"),
        ("-, Kesehatan", "sehat applies[0]"),
    ] {
        assert_eq!(chosen(&book, line), expected, "{line}");
    }
}

#[test]
fn without_rules_everything_gets_the_default() {
    assert_eq!(
        chosen(&book(&["baku:", "lain:"]), "DISHUB, Energi"),
        "the default"
    );
}

#[test]
fn what_rules_may_not_say_is_found() {
    let found = |policies: &[&str]| -> Vec<String> {
        check(&book(policies))
            .into_iter()
            .map(|it| {
                assert!(!it.remedy.is_empty());
                let kind = if it.is_error { "error" } else { "warning" };
                let problem: String = it.problem.chars().take(24).collect();
                format!("{kind} {} {:?} {problem}", it.place, it.value)
            })
            .collect()
    };
    let nothing: [&str; 0] = [];
    for (policies, expected) in [
        // One order, and no complaint fits both.
        (
            &["a: 10 units=DISHUB", "b: 10 units=DINKES"][..],
            &nothing[..],
        ),
        (
            &[
                "a: 10 categories=Energi;units=DISHUB",
                "b: 10 categories=Energi;units=DINKES",
            ],
            &nothing,
        ),
        // Rules of one policy lead to the same.
        (&["a: 10 units=DISHUB | 10 categories=Energi"], &nothing),
        (
            &["a: 10 units=DISHUB", "b: 10 categories=Energi"],
            &["error policy b: applies[0].order \"10\" a complaint may fit appl"],
        ),
        (
            &["a: 10 categories=energi", "b: 10 categories=Pangan, ENERGI"],
            &["error policy b: applies[0].order \"10\" a complaint may fit appl"],
        ),
        // What an earlier one takes whole is never asked.
        (
            &[
                "a: 10 units=DISHUB,DINKES",
                "b: 20 units=DINKES;categories=Energi",
            ],
            &["warning policy b: applies[0].order \"20\" it never decides: whatev"],
        ),
        (
            &["a: 10 units=DINKES;categories=Energi", "b: 20 units=DINKES"],
            &nothing,
        ),
        (
            &["a: 10"],
            &["error policy a: applies[0] \"\" has no condition: it wou"],
        ),
        (
            &["a: 10 units=DISHUB,ENTAH"],
            &["error policy a: applies[0].units[1] \"ENTAH\" there is no such unit"],
        ),
        (
            &["a: 10 areas=Kab. Pati, "],
            &["error policy a: applies[0].areas[1] \"\" empty: no complaint has "],
        ),
        (
            &["a: 10 areas=Kab. Pati,kab. pati"],
            &["warning policy a: applies[0].areas[1] \"kab. pati\" stands there twice"],
        ),
    ] {
        assert_eq!(found(policies), expected, "{policies:?}");
    }
}

#[test]
fn a_policy_that_nothing_leads_to_is_told() {
    let book = book(&["baku:", "sisa:", "sehat: 10 categories=Kesehatan"]);
    let default = PolicyId::parse("baku").unwrap();
    let places: Vec<String> = unused(&book, &default).map(|it| it.place).collect();
    assert_eq!(places, ["policy sisa: applies"]);
}
