//! Chains by the tree, and what is said of a tree that does not hold.

use proptest::prelude::*;

use super::{Directory, check, check_reach};
use crate::domain::{
    directory::{Post, Unit},
    id::{PostCode, UnitCode},
    policy::{Role, Target},
};

/// Posts as `UNIT.role`, each with the one it names above it.
fn tree(posts: &[(&str, Option<&str>)]) -> Directory {
    let mut directory = Directory::default();
    for (code, above) in posts {
        let (unit, role) = code.split_once('.').unwrap();
        let unit = UnitCode::parse(unit).unwrap();
        directory.units.insert(
            unit.clone(),
            Unit {
                name: unit.to_string(),
                short_name: unit.to_string(),
                aliases: Vec::new(),
                calendars: std::collections::BTreeMap::new(),
            },
        );
        let post = Post {
            unit,
            role: Role::parse(role).unwrap(),
            title: (*code).to_owned(),
            short_title: (*code).to_owned(),
            above: above.map(|above| PostCode::parse(above).unwrap()),
            holder: None,
            acting: Vec::new(),
            roster: None,
        };
        directory.posts.insert(PostCode::parse(code).unwrap(), post);
    }
    directory
}

fn province() -> Directory {
    tree(&[
        ("DISHUB.kepala", Some("SETDA.asisten")),
        ("DISHUB.penghubung", None),
        ("SETDA.asisten", None),
        ("SETDA.kepala", Some("GUBERNUR.piket")),
        ("GUBERNUR.piket", None),
    ])
}

fn names(posts: Vec<&PostCode>) -> Vec<&str> {
    posts.into_iter().map(PostCode::as_str).collect()
}

fn told(directory: &Directory) -> Vec<String> {
    let found = check(directory);
    let line = |it: &super::Finding| {
        let gravity = if it.is_error { "error" } else { "warning" };
        format!("{gravity} {} [{}] {}", it.place, it.value, it.problem)
    };
    found.iter().map(line).collect()
}

#[test]
fn a_chain_goes_from_the_head_to_the_top() {
    let province = province();
    let unit = |code| UnitCode::parse(code).unwrap();
    let cases: [(&str, &[&str]); 3] = [
        (
            "DISHUB",
            &["SETDA.asisten", "SETDA.kepala", "GUBERNUR.piket"],
        ),
        ("SETDA", &["GUBERNUR.piket"]),
        // Without a head there is nothing to stand above.
        ("GUBERNUR", &[]),
    ];
    for (code, expected) in cases {
        let code = unit(code);
        assert_eq!(names(province.chain(Some(&code))), expected, "{code}");
    }
    // Posts that name nobody have their own head above them.
    let officer = PostCode::parse("DISHUB.penghubung").unwrap();
    let above = province.above(&officer).map(PostCode::as_str);
    assert_eq!(above, Some("DISHUB.kepala"));
    assert_eq!(told(&province), Vec::<String>::new());
}

#[test]
fn a_target_above_is_its_post_and_those_above_it_and_the_top_where_the_chain_is_short() {
    let province = province();
    for (unit, target, expected) in [
        (
            "DISHUB",
            "atasan",
            "SETDA.asisten SETDA.kepala GUBERNUR.piket",
        ),
        ("DISHUB", "atasan:2", "SETDA.kepala GUBERNUR.piket"),
        ("DISHUB", "atasan:3", "GUBERNUR.piket"),
        ("DISHUB", "atasan:9", "GUBERNUR.piket"),
        ("SETDA", "atasan:2", "GUBERNUR.piket"),
        ("GUBERNUR", "atasan", ""),
        ("DISHUB", "kepala", "DISHUB.kepala"),
        ("SETDA", "sekretaris", ""),
    ] {
        let unit = UnitCode::parse(unit).unwrap();
        let target = Target::parse(target).unwrap();
        let posts = names(province.posts_for(&target, Some(&unit)));
        assert_eq!(posts.join(" "), expected, "{target} of {unit}");
    }
}

#[test]
fn posts_that_are_not_there_and_rings_are_told_once_each() {
    let broken = tree(&[
        ("A.kepala", Some("B.kepala")),
        ("B.kepala", Some("C.kepala")),
        ("C.kepala", Some("A.kepala")),
        // Leads into the ring, and is no part of it.
        ("D.kepala", Some("A.kepala")),
        ("E.kepala", Some("NIHIL.kepala")),
        ("F.kepala", Some("F.kepala")),
        // Its own deputy, whose head it is.
        ("G.kepala", Some("G.wakil")),
        ("G.wakil", None),
        ("H.atasan", None),
    ]);
    let ring = "above: the posts stand above each other in a ring, so none of them leads up";
    assert_eq!(
        told(&broken),
        [
            format!("error directory: post A.kepala [A.kepala -> B.kepala -> C.kepala -> A.kepala] {ring}"),
            "error directory: post E.kepala [NIHIL.kepala] above: there is no such post".to_owned(),
            format!("error directory: post F.kepala [F.kepala -> F.kepala] {ring}"),
            format!("error directory: post G.kepala [G.kepala -> G.wakil -> G.kepala] {ring}"),
            "warning directory: post H.atasan [atasan] a policy's word for the post above: no policy can name this role".to_owned(),
        ]
    );
}

#[test]
fn a_policy_that_goes_above_the_top_is_refused() {
    let province = province();
    let beside = |list: &[&str]| -> Vec<Target> {
        list.iter().map(|it| Target::parse(it).unwrap()).collect()
    };
    let check = |directory: &Directory, level, list: &[&str]| {
        check_reach(directory, level, &beside(list), "policy p: steps[0].to[0]")
            .map(|it| (it.is_error, it.value, it.problem))
    };
    assert_eq!(check(&province, 1, &["atasan"]), None);
    assert_eq!(check(&province, 3, &["atasan:3"]), None);
    let (is_error, value, problem) = check(&province, 4, &["atasan:4", "kepala"]).unwrap();
    assert!(
        is_error && value == "atasan:4" && problem.contains("3 above"),
        "{problem}"
    );
    // The secretary's own post at the top: told beside others it is a warning, alone an error.
    let flat = tree(&[
        ("DISHUB.kepala", Some("SETDA.kepala")),
        ("SETDA.kepala", None),
    ]);
    for (list, error) in [
        (["atasan", "kepala"], true),
        (["atasan", "atasan:2"], false),
    ] {
        let (is_error, _, problem) = check(&flat, 1, &list).unwrap();
        assert_eq!(is_error, !error, "{problem}");
        assert!(
            problem.contains("1 units") && problem.ends_with("SETDA"),
            "{problem}"
        );
    }
}

proptest! {
    #[test]
    fn a_chain_ends_and_holds_no_post_twice(above in proptest::collection::vec(proptest::option::of(0..8_usize), 8)) {
        let codes: Vec<String> = (0..8).map(|n| format!("U{}.{}", n / 2, ["kepala", "wakil"][n % 2])).collect();
        let posts: Vec<(&str, Option<&str>)> = codes
            .iter()
            .zip(&above)
            .map(|(code, above)| (code.as_str(), above.map(|n| codes[n].as_str())))
            .collect();
        let directory = tree(&posts);
        for unit in directory.units.keys() {
            let chain = directory.chain(Some(unit));
            let mut at = PostCode::parse(&format!("{unit}.kepala")).unwrap();
            for (place, post) in chain.iter().enumerate() {
                prop_assert_eq!(directory.above(&at), Some(*post));
                prop_assert!(!chain[..place].contains(post));
                at = (*post).clone();
            }
            // It ends at the top, or where a ring closes, and then the ring is told.
            if directory.above(&at).is_some() {
                prop_assert!(check(&directory).iter().any(|it| it.is_error));
            }
        }
    }
}
