//! The names of the directory, and how near written words come to one.

use std::collections::{BTreeSet, HashSet};

use super::Named;
use crate::domain::{
    directory::{Directory, Post, Unit},
    id::{PostCode, UnitCode},
    policy::Role,
};

/// A name of the directory.
#[derive(Debug, Clone)]
pub(super) struct Name {
    /// What it names.
    pub(super) named: Named,
    /// Whether it is a unit's code.
    pub(super) is_code: bool,
    words: Words,
}

/// Words as they are compared: in lower case, without gaps and signs.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// As they were written.
    written: String,
    /// With abbreviations written out.
    full: String,
    /// The same, one by one.
    each: Vec<String>,
}

/// No more words are read: no name has so many.
const MOST_WORDS: usize = 20;
/// So much of a name, in bytes without gaps, is enough of it: no two units begin with the same.
const LONG: usize = 45;
/// A shorter name has no slips: with one letter changed it is another name.
const SHORTEST_WITH_SLIPS: usize = 5;

/// Words that speak to somebody, point, or belong to the sentence around a name.
const AROUND: &[&str] = &[
    "pak",
    "bapak",
    "bpk",
    "bp",
    "bu",
    "ibu",
    "mas",
    "mbak",
    "yth",
    "saudara",
    "sdr",
    "ke",
    "kepada",
    "kpd",
    "di",
    "dari",
    "itu",
    "ini",
    "ya",
    "nggih",
    "saja",
    "aja",
    "mohon",
    "tolong",
    "pihak",
    "urusan",
    "urusannya",
    "wewenang",
    "wewenangnya",
    "kewenangan",
    "kewenangannya",
    "tugas",
    "tupoksi",
    "ranah",
    "ranahnya",
    "bagian",
    "bagiannya",
    "punya",
    "milik",
    "tapi",
    "tetapi",
    "melainkan",
    "harusnya",
    "seharusnya",
    "mestinya",
    "coba",
    "silakan",
    "silahkan",
    "hubungi",
    "teruskan",
    "diteruskan",
    "limpahkan",
    "dilimpahkan",
    "adalah",
    "merupakan",
    "masuk",
    "yang",
    "terima",
    "kasih",
    "terimakasih",
    "makasih",
    "trims",
    "aduan",
    "laporan",
    "kami",
    "kita",
    "saya",
    "the",
    "to",
    "please",
    "its",
    "it",
    "is",
];

/// What every name may have: it tells none from another.
const COMMON: &[&str] = &[
    "dinas", "badan", "biro", "kantor", "provinsi", "prov", "jawa", "tengah", "jateng", "dan",
    "the", "of", "unit", "opd", "skpd",
];

/// An abbreviation written out.
fn written_out(word: &str) -> &[&'static str] {
    match word {
        "ka" | "kep" | "kpl" => &["kepala"],
        "kadis" | "kadin" => &["kepala", "dinas"],
        "kaban" => &["kepala", "badan"],
        "karo" => &["kepala", "biro"],
        "sek" | "sekr" | "sekre" => &["sekretaris"],
        "sekdis" | "sekdin" => &["sekretaris", "dinas"],
        "sekban" => &["sekretaris", "badan"],
        "dir" => &["direktur"],
        _ => &[],
    }
}

impl Words {
    fn new(text: &str) -> Self {
        let words = words(text);
        let mut full = Vec::with_capacity(words.len());
        for word in &words {
            match written_out(word) {
                [] => full.push(word.clone()),
                out => full.extend(out.iter().map(|word| (*word).to_owned())),
            }
        }
        Self {
            written: words.concat(),
            full: full.concat(),
            each: full,
        }
    }

    /// Words that ask, without those around a name.
    pub(super) fn asked(text: &str) -> Self {
        let words = words(text);
        let around = |word: &String| AROUND.contains(&word.as_str());
        let first = words.iter().position(|word| !around(word));
        let last = words.iter().rposition(|word| !around(word));
        match (first, last) {
            (Some(first), Some(last)) => Self::new(&words[first..=last].join(" ")),
            _ => Self::new(""),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.each.is_empty()
    }
}

impl Name {
    fn new(named: Named, text: &str) -> Self {
        Self {
            named,
            is_code: false,
            words: Words::new(text),
        }
    }

    /// Whether both are one name, however it is spaced or shortened.
    pub(super) fn is(&self, asked: &Words) -> bool {
        let own = &self.words;
        // What was written of a long name may have been cut.
        let is_cut = asked.written.len() >= LONG && own.written.starts_with(&asked.written);
        !own.full.is_empty() && (own.full == asked.full || own.written == asked.written || is_cut)
    }

    /// Whether so many slips of the finger lie between the two, at most.
    pub(super) fn is_nearly(&self, asked: &Words, slips: usize) -> bool {
        let own = &self.words;
        nearly(&own.full, &asked.full, slips) || nearly(&own.written, &asked.written, slips)
    }
}

fn nearly(name: &str, asked: &str, slips: usize) -> bool {
    let (short, long) = (name.len().min(asked.len()), name.len().max(asked.len()));
    // Figures are no letters: "SMAN 1" and "SMAN 2" are two schools.
    let figures = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    short >= SHORTEST_WITH_SLIPS
        && long - short <= slips
        && figures(name) == figures(asked)
        && strsim::damerau_levenshtein(name, asked) <= slips
}

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
        .map(str::to_owned)
        .collect()
}

fn names_of(code: &UnitCode, unit: &Unit) -> Vec<String> {
    let mut names = vec![code.to_string(), unit.short_name.clone(), unit.name.clone()];
    names.extend(unit.aliases.iter().cloned());
    names
}

fn spoken(role: &Role) -> String {
    role.as_str().replace('_', " ")
}

/// Every name by which a post or a unit goes. A role alone is one of the units `own`.
pub(super) fn all(directory: &Directory, own: &BTreeSet<UnitCode>) -> Vec<Name> {
    let mut names = Vec::new();
    for (code, unit) in &directory.units {
        let named = Named::Unit(code.clone());
        names.push(Name {
            is_code: true,
            ..Name::new(named.clone(), code.as_str())
        });
        for name in names_of(code, unit) {
            names.push(Name::new(named.clone(), &name));
        }
    }
    for (code, post) in &directory.posts {
        names.extend(names_of_post(directory, code, post, own));
    }
    names
}

fn names_of_post(
    directory: &Directory,
    code: &PostCode,
    post: &Post,
    own: &BTreeSet<UnitCode>,
) -> Vec<Name> {
    let named = || Named::Post(code.clone());
    let role = spoken(&post.role);
    let mut names = vec![
        Name::new(named(), code.as_str()),
        Name::new(named(), &post.title),
        Name::new(named(), &post.short_title),
    ];
    if let Some(unit) = directory.units.get(&post.unit) {
        let of_unit = names_of(&post.unit, unit).into_iter();
        names.extend(of_unit.map(|name| Name::new(named(), &format!("{role} {name}"))));
        if own.contains(&post.unit) {
            names.push(Name::new(named(), &role));
            // "kepala dinas", "kadis": the kind of unit says no more than which is theirs.
            let kind = unit.name.split_whitespace().next().unwrap_or_default();
            if COMMON.contains(&kind.to_lowercase().as_str()) {
                names.push(Name::new(named(), &format!("{role} {kind}")));
            }
        }
    }
    names
}

/// Posts and units of which the words are a part, the best covered first.
pub(super) fn half_named(
    directory: &Directory,
    asked: &Words,
    own: &BTreeSet<UnitCode>,
) -> Vec<Named> {
    // Whoever is above the writer, in their own unit.
    if matches!(
        asked.full.as_str(),
        "pimpinan" | "atasan" | "atasansaya" | "bos"
    ) {
        let heads = directory.posts.iter();
        let heads =
            heads.filter(|(_, post)| own.contains(&post.unit) && post.role.as_str() == "kepala");
        return heads.map(|(code, _)| Named::Post(code.clone())).collect();
    }
    let roles: HashSet<String> = directory
        .posts
        .values()
        .map(|it| spoken(&it.role))
        .collect();
    let (role, rest) = match asked.each.split_first() {
        Some((first, rest)) if roles.contains(first) => (Some(first), rest),
        _ => (None, asked.each.as_slice()),
    };
    let telling: Vec<&String> = rest
        .iter()
        .filter(|word| !COMMON.contains(&word.as_str()))
        .collect();
    if telling.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(usize, Named)> = Vec::new();
    for (code, unit) in &directory.units {
        let best = names_of(code, unit)
            .iter()
            .filter_map(|name| left_out(&words(name), &telling))
            .min();
        let Some(left) = best else { continue };
        let named = match role {
            None => Some(Named::Unit(code.clone())),
            Some(role) => directory
                .posts
                .iter()
                .find(|(_, post)| post.unit == *code && spoken(&post.role) == *role)
                .map(|(post, _)| Named::Post(post.clone())),
        };
        found.extend(named.map(|named| (left, named)));
    }
    found.sort();
    found.into_iter().map(|(_, named)| named).collect()
}

/// How many telling words of a name were left out, if each asked word is one of its words or the
/// initials of some of them.
fn left_out(name: &[String], asked: &[&String]) -> Option<usize> {
    let telling: Vec<&String> = name
        .iter()
        .filter(|word| !COMMON.contains(&word.as_str()))
        .collect();
    let mut covered = vec![false; telling.len()];
    for word in asked {
        let same = telling
            .iter()
            .position(|known| *known == *word || nearly(known, word, 1));
        if let Some(place) = same {
            covered[place] = true;
        } else {
            let (first, end) = initials(name, &telling, word)?;
            covered[first..end].fill(true);
        }
    }
    Some(covered.iter().filter(|covered| !**covered).count())
}

/// The run of words of which `word` is the initials: `pu`, or with the kind of unit before, `dpu`.
fn initials(name: &[String], telling: &[&String], word: &str) -> Option<(usize, usize)> {
    let letters = |words: &[&String]| -> String {
        words
            .iter()
            .filter_map(|word| word.chars().next())
            .collect()
    };
    let length = word.chars().count();
    if length < 2 {
        return None;
    }
    if length <= telling.len()
        && let Some(first) =
            (0..=telling.len() - length).find(|at| letters(&telling[*at..at + length]) == word)
    {
        return Some((first, first + length));
    }
    let with_kind: Vec<&String> = name.iter().take(1).chain(telling.iter().copied()).collect();
    let is_kind = name
        .first()
        .is_some_and(|kind| COMMON.contains(&kind.as_str()));
    (is_kind && length > 2 && length <= with_kind.len() && letters(&with_kind[..length]) == word)
        .then_some((0, length - 1))
}
