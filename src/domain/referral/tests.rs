//! What people write, over the shipped units and the posts that every unit has.

use proptest::prelude::*;

use super::*;
use crate::domain::{
    directory::{Post, Unit},
    policy::Role,
};

/// The shipped units, each with its posts.
fn directory() -> Directory {
    let file: toml::Table = toml::from_str(include_str!("../../../config/units.toml")).unwrap();
    let mut directory = Directory::default();
    let mut post = |unit: &str, role: &str, title: String, short_title: String| {
        let code = UnitCode::parse(unit).unwrap();
        directory.posts.insert(
            PostCode::parse(&format!("{unit}.{role}")).unwrap(),
            Post {
                unit: code,
                role: Role::parse(role).unwrap(),
                title,
                short_title,
                above: None,
                holder: None,
                acting: Vec::new(),
                roster: None,
            },
        );
    };
    for row in file["units"].as_array().unwrap() {
        let text = |field: &str| row.get(field).and_then(|value| value.as_str());
        let (code, name) = (text("code").unwrap(), text("name").unwrap());
        if row.get("own_posts").and_then(toml::Value::as_bool) != Some(false) {
            let head = text("head").map_or_else(|| format!("Kepala {name}"), str::to_owned);
            let head_short = text("head_short").map_or_else(|| format!("Ka {code}"), str::to_owned);
            post(code, "kepala", head, head_short);
            post(
                code,
                "sekretaris",
                format!("Sekretaris {name}"),
                format!("Sekr {code}"),
            );
            post(
                code,
                "penghubung",
                format!("Penghubung Aduan {name}"),
                format!("PIC {code}"),
            );
        }
    }
    for row in file["posts"].as_array().unwrap() {
        let text = |field: &str| row[field].as_str().unwrap();
        let (title, short) = (text("title").to_owned(), text("short_title").to_owned());
        post(text("unit"), text("role"), title, short);
    }
    for row in file["units"].as_array().unwrap() {
        let text = |field: &str| row.get(field).and_then(|value| value.as_str());
        let aliases = row.get("aliases").and_then(|value| value.as_array());
        let aliases = aliases.into_iter().flatten();
        directory.units.insert(
            UnitCode::parse(text("code").unwrap()).unwrap(),
            Unit {
                name: text("name").unwrap().to_owned(),
                short_name: text("short_name")
                    .or_else(|| text("code"))
                    .unwrap()
                    .to_owned(),
                aliases: aliases.map(|it| it.as_str().unwrap().to_owned()).collect(),
                calendars: std::collections::BTreeMap::new(),
            },
        );
    }
    directory
}

fn of(units: &[&str]) -> BTreeSet<UnitCode> {
    let code = |unit: &&str| UnitCode::parse(unit).unwrap();
    units.iter().map(code).collect()
}

fn shown(named: &Named) -> String {
    match named {
        Named::Post(code) => code.to_string(),
        Named::Unit(code) => code.to_string(),
    }
}

/// What somebody of DISHUB names.
fn found(words: &str) -> String {
    match find(&directory(), words, &of(&["DISHUB"])) {
        Referral::Nobody => "-".to_owned(),
        Referral::One(named) => shown(&named),
        Referral::OneOf(several) => {
            let all: Vec<String> = several.iter().map(shown).collect();
            format!("? {}", all.join(" "))
        }
    }
}

fn check(rows: &str) {
    let mut count = 0;
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (words, expected) = row.rsplit_once('|').unwrap();
        assert_eq!(found(words.trim()), expected.trim(), "{words}");
        count += 1;
    }
    assert!(count > 2);
}

#[test]
fn the_same_name_names_it() {
    check(
        "
        DINKES                               | DINKES
        dinkes                               | DINKES
        Din kes                              | DINKES
        Dinas Kesehatan                      | DINKES
        dinas  kesehatan.                    | DINKES
        itu urusan dinkes pak                | DINKES
        kami, itu urusan Dinas Kesehatan     | DINKES
        ini kewenangan Dinas Kesehatan ya bu | DINKES
        satpol pp                            | SATPOLPP
        Satuan Polisi Pamong Praja           | SATPOLPP
        Kepala Dinas Kesehatan               | DINKES.kepala
        Ka DINKES                            | DINKES.kepala
        Ka. Dinkes                           | DINKES.kepala
        kadinkes                             | DINKES.kepala
        kadis kesehatan                      | DINKES.kepala
        sekretaris dinkes                    | DINKES.sekretaris
        sekdis dinkes                        | ? DINKES.sekretaris
        penghubung DPUBMCK                   | DPUBMCK.penghubung
        DINKES.kepala                        | DINKES.kepala
        Dinas Pemberdayaan Perempuan, Perlindungan Anak, Pengendali | DP3AP2KB
        pak Sekda                            | SETDA.kepala
        sekretaris daerah                    | SETDA.kepala
        asisten sekda                        | SETDA.asisten
        inspektur                            | INSPEKTORAT.kepala
        ",
    );
}

#[test]
fn a_role_alone_is_of_their_own_unit() {
    check(
        "
        sekretaris       | DISHUB.sekretaris
        pak sekretaris   | DISHUB.sekretaris
        sek              | DISHUB.sekretaris
        penghubung       | DISHUB.penghubung
        kepala           | DISHUB.kepala
        kepala dinas     | DISHUB.kepala
        kadis            | DISHUB.kepala
        kadis ya pak     | DISHUB.kepala
        ",
    );
    let none = find(&directory(), "sekretaris", &BTreeSet::new());
    assert!(!matches!(none, Referral::One(_)), "whose? {none:?}");
}

#[test]
fn one_slip_is_forgiven_where_nothing_else_is_near() {
    check(
        "
        dinkse               | DINKES
        dinaskesehatan       | DINKES
        Dinas Kesehtan       | DINKES
        kadinkess            | DINKES.kepala
        sekertaris           | DISHUB.sekretaris
        penghubng            | DISHUB.penghubung
        DPUBMCKK             | DPUBMCK
        ",
    );
}

#[test]
fn half_a_name_is_asked_back() {
    check(
        "
        dinas pekerjaan umum        | ? DPUBMCK DPUSDATARU
        pekerjaan umum              | ? DPUBMCK DPUSDATARU
        PU                          | ? DPUBMCK DPUSDATARU
        dinas pu                    | ? DPUBMCK DPUSDATARU
        DPU                         | ? DPUBMCK DPUSDATARU
        kepala dinas pekerjaan umum | ? DPUBMCK.kepala DPUSDATARU.kepala
        kesehatan                   | ? DINKES DISNAKKESWAN
        bina marga                  | ? DPUBMCK
        pimpinan                    | ? DISHUB.kepala
        dinkes dan dinsos           | ? DINKES DINSOS
        dinkes/dinsos               | ? DINKES DINSOS
        dinkes atau satpol pp       | ? DINKES SATPOLPP
        ",
    );
}

#[test]
fn what_names_nobody_is_nobody() {
    check(
        "
                                    | -
        dinas                       | -
        dinas provinsi              | -
        pak Budi                    | -
        Kab. Pati                   | -
        RSUD Dr. Moewardi Surakarta | -
        Bidang Jalan DPU BMCK       | -
        yang berwenang              | -
        jalan di depan dinkes rusak | -
        dinkes dan entah siapa      | -
        dishub                      | -
        Dinas Perhubungan           | -
        wewenang dishub             | -
        12                          | -
        🙏                          | -
        ..,,//                      | -
        ",
    );
}

#[test]
fn what_is_asked_back_can_be_answered() {
    let (directory, own) = (directory(), of(&["DISHUB"]));
    let posts = directory.posts.keys().cloned().map(Named::Post);
    let units = directory.units.keys().cloned().map(Named::Unit);
    let mut count = 0;
    for named in posts.chain(units) {
        if matches!(&named, Named::Unit(unit) if own.contains(unit)) {
            continue;
        }
        let words = words_for(&directory, &named, &own);
        let text = format!("TERUSKAN KE {words} 12");
        let reply = crate::domain::reply::parse(&text);
        let crate::domain::reply::Meaning::HandOver { to: Some(to) } = reply.meaning else {
            panic!("{text}: {reply:?}");
        };
        assert_eq!(find(&directory, &to, &own), Referral::One(named), "{text}");
        count += 1;
    }
    assert!(count > 200, "{count}");
}

proptest! {
    #[test]
    fn any_words_are_read_and_never_at_length(words in any::<String>(), times in 1..400_usize) {
        let (directory, own) = (directory(), of(&["DISHUB"]));
        let long = words.repeat(times);
        let _ = find(&directory, &long, &own);
        // Not one of two: whoever names two names is asked.
        let both = format!("{} dan dinkes", "dinsos");
        prop_assert!(matches!(find(&directory, &both, &own), Referral::OneOf(_)));
    }

    #[test]
    fn the_order_of_the_directory_and_capitals_change_nothing(at in 0..60_usize, upper in any::<bool>()) {
        let (directory, own) = (directory(), BTreeSet::new());
        let unit = directory.units.iter().nth(at % directory.units.len()).unwrap();
        let name = if upper { unit.1.name.to_uppercase() } else { unit.1.name.to_lowercase() };
        prop_assert_eq!(
            find(&directory, &name, &own), Referral::One(Named::Unit(unit.0.clone()))
        );
    }
}
