//! Tables of who is reached by which method, at which hour, and what a rule may not say.

use proptest::prelude::*;

use super::*;
use crate::domain::{
    delivery::{Address, Transport},
    directory::Language,
    phone::PhoneNumber,
};

/// A person with these methods (one that begins with `-` is disabled) and these rules.
fn person(methods: &[&str], rules: &str) -> Responder {
    #[derive(Deserialize)]
    struct Rules {
        #[serde(default)]
        rules: Vec<Rule>,
    }
    let method = |(n, name): (usize, &&str)| ContactMethod {
        id: MethodId::parse(name.trim_start_matches('-')).unwrap(),
        transport: Transport::Sms,
        address: Address::Phone(PhoneNumber::parse(&format!("+62811000000{n}")).unwrap()),
        enabled: !name.starts_with('-'),
    };
    Responder {
        name: "Budi".to_owned(),
        language: Language::Id,
        methods: methods.iter().enumerate().map(method).collect(),
        rules: toml::from_str::<Rules>(rules).unwrap().rules,
    }
}

fn at(text: &str) -> DateTime {
    text.parse().unwrap()
}

/// The plan in short: `wa 2m sms`, with the patience of each behind it; `*` for all at once.
fn planned(person: &Responder, stopped: &[&str], urgency: Urgency, time: &str) -> String {
    let asked = Asked {
        urgency: Some(urgency),
        reach: Reach::InTurn,
        at: at(time),
    };
    let plan = plan(person, |it| !stopped.contains(&it.id.as_str()), asked);
    let mut words: Vec<String> = Vec::new();
    for way in &plan.ways {
        words.push(way.method.id.to_string());
        words.extend(way.patience.map(|patience| format!("{patience:#}")));
    }
    if plan.reach == Reach::Everywhere {
        words.push("*".to_owned());
    }
    words.join(" ")
}

const RULES: &str = r#"
[[rules]]
when = { urgency = "miss", hours = "22:00-06:00" }
by = [{ method = "sms" }, { method = "rumah", after = "2m" }, { method = "wa", after = "0s" }]
[[rules]]
when = { urgency = "warning", hours = "22:00-06:00" }
by = [{ method = "email" }]
[[rules]]
when = { days = ["sabtu", "sunday"] }
by = [{ method = "rumah" }, { method = "wa" }]
[[rules]]
when = { urgency = "miss", hours = "12:00-13:00" }
by = [{ method = "wa" }, { method = "sms" }]
reach = "everywhere"
"#;

const ALL: [&str; 4] = ["wa", "sms", "rumah", "email"];

#[test]
fn the_first_rule_that_fits_decides() {
    use Urgency::{Miss, Warning};
    let budi = person(&ALL, RULES);
    // 2026-11-27 is a Friday.
    for (urgency, time, expected) in [
        (Miss, "2026-11-27T21:59", "wa sms rumah email"),
        (Miss, "2026-11-27T22:00", "sms 2m rumah 0s wa"),
        (Miss, "2026-11-28T05:59", "sms 2m rumah 0s wa"),
        (Miss, "2026-11-28T06:00", "rumah wa"),
        (Warning, "2026-11-27T23:00", "email"),
        (Warning, "2026-11-27T12:00", "wa sms rumah email"),
        (Warning, "2026-11-29T12:00", "rumah wa"),
        (Miss, "2026-11-27T12:59", "wa sms *"),
        (Miss, "2026-11-27T13:00", "wa sms rumah email"),
    ] {
        assert_eq!(
            planned(&budi, &[], urgency, time),
            expected,
            "{urgency:?} {time}"
        );
    }
}

#[test]
fn hours_past_midnight_belong_to_the_day_on_which_they_began() {
    let budi = person(
        &ALL,
        r#"
[[rules]]
when = { days = ["saturday"], hours = "20:00-04:00" }
by = [{ method = "sms" }]
"#,
    );
    for (time, expected) in [
        ("2026-11-28T03:59", "wa sms rumah email"), // Friday's night
        ("2026-11-28T20:00", "sms"),
        ("2026-11-29T03:59", "sms"),
        ("2026-11-29T04:00", "wa sms rumah email"),
    ] {
        assert_eq!(planned(&budi, &[], Urgency::Miss, time), expected, "{time}");
    }
}

#[test]
fn a_method_out_of_use_leaves_its_turn_to_the_next_and_nobody_is_silenced() {
    let budi = person(&ALL, RULES);
    let night = |stopped: &[&str]| planned(&budi, stopped, Urgency::Miss, "2026-11-27T23:00");
    assert_eq!(night(&["sms"]), "rumah 0s wa");
    assert_eq!(night(&["rumah"]), "sms 0s wa");
    assert_eq!(night(&["wa"]), "sms 2m rumah");
    // Nothing that the rule names is left: whatever is in use.
    assert_eq!(night(&["sms", "rumah", "wa"]), "email");
    assert_eq!(night(&ALL), "");
    let disabled = person(&["wa", "-sms", "rumah", "email"], RULES);
    let miss = planned(&disabled, &[], Urgency::Miss, "2026-11-27T23:00");
    assert_eq!(miss, "rumah 0s wa");
}

#[test]
fn hours_are_read_or_refused() {
    for (text, kept) in [
        ("22:00-06:00", "22:00-06:00"),
        ("07.30-16.00", "07:30-16:00"),
        (" 0:00 - 24:00 ", "00:00-24:00"),
        ("24:00-05:00", "00:00-05:00"),
        ("18:00-00:00", "18:00-00:00"),
    ] {
        assert_eq!(String::from(Hours::parse(text).unwrap()), kept);
    }
    for bad in [
        "",
        "22-06",
        "25:00-06:00",
        "12:00-12:00",
        "22:60-23:00",
        "22:00",
    ] {
        let problem = Hours::parse(bad).unwrap_err().to_string();
        assert!(problem.contains("as 22:00-06:00"), "{problem}");
    }
}

#[test]
fn what_a_rule_may_not_say_is_told_with_field_value_and_remedy() {
    for (methods, rules, expected) in [
        (
            &["wa", "sms"][..],
            "[[rules]]\nby = []",
            "error p: rules[0].by = : names no method",
        ),
        (
            &["wa", "-sms"],
            "[[rules]]\nwhen = { urgency = \"miss\", hours = \"22:00-06:00\" }\nby = [{ method = \"sms\" }]",
            "error p: rules[0].by = sms: reaches nobody where it decides (miss)",
        ),
        (
            &["wa"],
            "[[rules]]\nby = [{ method = \"was\" }]",
            "error p: rules[0].by[0].method = was: this person has no such contact method",
        ),
        (
            &["wa"],
            "[[rules]]\nby = [{ method = \"wa\" }, { method = \"wa\" }]",
            "error p: rules[0].by[1].method = wa: has its turn twice",
        ),
        (
            &["wa", "sms"],
            "[[rules]]\nby = [{ method = \"wa\", after = \"1m\" }]",
            "error p: rules[0].by[0].after = 1m: delays the page itself",
        ),
        (
            &["wa", "sms"],
            "[[rules]]\nby = [{ method = \"wa\" }, { method = \"sms\", after = \"61m\" }]",
            "error p: rules[0].by[1].after = 1h 1m: not a usable length of time",
        ),
        (
            &["wa", "sms"],
            "[[rules]]\nby = [{ method = \"wa\" }]\n[[rules]]\nwhen = { hours = \"22:00-06:00\" }\nby = [{ method = \"sms\" }]",
            "warning p: rules[1] = : never decides",
        ),
    ] {
        let found: Vec<String> = check("p", &person(methods, rules))
            .into_iter()
            .inspect(|finding| assert!(!finding.remedy.is_empty()))
            .map(|it| {
                let grave = if it.is_error { "error" } else { "warning" };
                format!("{grave} {} = {}: {}", it.place, it.value, it.problem)
            })
            .collect();
        assert!(
            found.iter().any(|it| it.starts_with(expected)),
            "{expected}\n{found:#?}"
        );
    }
    assert_eq!(check("p", &person(&ALL, RULES)), []);
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let hours = prop::option::of((0..48_u16, 0..48_u16)).prop_map(|hours| {
        let (from, until) = hours?;
        (from != until).then_some(Hours {
            from: from * 30,
            until: until * 30,
        })
    });
    let urgency = prop::option::of(prop::sample::select(vec![Urgency::Warning, Urgency::Miss]));
    let days = prop::collection::btree_set(prop::sample::select(WeekDay::ALL.to_vec()), 0..3);
    let by = prop::collection::vec(prop::sample::select(ALL.to_vec()), 0..4);
    let rule = (urgency, hours, days, by).prop_map(|(urgency, hours, days, by)| Rule {
        when: When {
            urgency,
            hours,
            days,
        },
        by: by
            .into_iter()
            .map(|method| Turn {
                method: MethodId::parse(method).unwrap(),
                after: None,
            })
            .collect(),
        reach: None,
    });
    prop::collection::vec(rule, 0..5)
}

proptest! {
    /// Rules that hold reach somebody by what they say, at every hour of the week; and whatever they
    /// say, a person who has a method in use is reached.
    #[test]
    fn no_hour_is_without_a_way(rules in rules(), disabled in 0..4_usize, minute in 0..7 * 24 * 60_i64) {
        let mut budi = person(&ALL, "");
        budi.methods[disabled].enabled = false;
        budi.rules = rules;
        let holds = check("p", &budi).iter().all(|finding| !finding.is_error);
        let at = at("2026-11-23T00:00") + SignedDuration::from_mins(minute);
        for urgency in [Urgency::Warning, Urgency::Miss] {
            let asked = Asked { urgency: Some(urgency), reach: Reach::InTurn, at };
            let decides = budi.rules.iter().find(|rule| rule.when.fits(Some(urgency), at));
            let plan = plan(&budi, |_| true, asked);
            prop_assert!(!plan.ways.is_empty());
            prop_assert!(plan.ways.iter().all(|way| way.method.enabled));
            if let (true, Some(rule)) = (holds, decides) {
                let named = |way: &Way| rule.by.iter().any(|turn| turn.method == way.method.id);
                prop_assert!(plan.ways.iter().all(named), "a rule that holds is kept");
            }
        }
        // A stored directory is read back as it was.
        let stored = serde_json::to_string(&budi).unwrap();
        prop_assert_eq!(serde_json::from_str::<Responder>(&stored).unwrap(), budi);
    }
}
