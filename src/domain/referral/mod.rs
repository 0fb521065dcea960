//! Whom a reply names: from the words of a hand-over ("teruskan ke dinkes") to a post or a unit.
//!
//! The rule is **never guess**. What is the same name names it, and so does one slip of the finger
//! where no other name is near. Everything else that comes near (half a name, initials, a name that
//! two units share) is a choice to be asked back, and what comes near nothing names nobody.
//!
//! Pure, over one version of the directory. The work is bounded by the directory and by the longest name that is read.

mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::names::{Name, Words, all, half_named};
use super::{
    directory::Directory,
    id::{PostCode, ResponderId, UnitCode},
};

/// A post or a unit that somebody named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// A post.
    Post(PostCode),
    /// A unit, and none of its posts in particular.
    Unit(UnitCode),
}

/// What words name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Referral {
    /// Nobody whom the directory knows.
    Nobody,
    /// This one.
    One(Named),
    /// One of these, the nearest first: it must be asked.
    OneOf(Vec<Named>),
}

/// No name is longer, in characters; the rest is not read.
const LONGEST: usize = 120;
/// How many are asked about: nobody chooses from more by a short message.
const CHOICES: usize = 4;

/// Who is meant by these words of somebody who holds posts in the units `own`.
pub fn find(directory: &Directory, words: &str, own: &BTreeSet<UnitCode>) -> Referral {
    let text: String = words.chars().take(LONGEST).collect();
    let names = all(directory, own);
    let whole = one_name(directory, &names, &text, own);
    if whole != Referral::Nobody {
        return whole;
    }
    // "dinkes dan dishub": several names, each whole.
    let mut several: Vec<Named> = Vec::new();
    for part in parts(&text) {
        match one_name(directory, &names, &part, own) {
            Referral::One(named) if !several.contains(&named) => several.push(named),
            Referral::One(_) => {}
            Referral::Nobody | Referral::OneOf(_) => return Referral::Nobody,
        }
    }
    match several.len() {
        0 => Referral::Nobody,
        1 => Referral::One(several.remove(0)),
        _ => one_of(several),
    }
}

/// The units in which somebody holds a post at a moment.
pub fn units_of(
    directory: &Directory,
    responder: &ResponderId,
    now: Timestamp,
) -> BTreeSet<UnitCode> {
    let held = directory.posts.values().filter(|post| {
        let held = post.holder_at(now);
        held.is_some_and(|(holder, _)| holder == responder)
    });
    held.map(|post| post.unit.clone()).collect()
}

/// How a named one is shown in a short message: `DINKES`, `Sekretaris DISHUB`.
pub fn short_name(directory: &Directory, named: &Named) -> String {
    match named {
        Named::Post(code) => directory
            .posts
            .get(code)
            .map_or_else(|| code.to_string(), |post| post.short_title.clone()),
        Named::Unit(code) => directory
            .units
            .get(code)
            .map_or_else(|| code.to_string(), |unit| unit.short_name.clone()),
    }
}

/// Words that name this one and no other, to be written in an answer.
pub fn words_for(directory: &Directory, named: &Named, own: &BTreeSet<UnitCode>) -> String {
    let mut tried = vec![short_name(directory, named)];
    match named {
        Named::Post(code) => {
            if let Some(post) = directory.posts.get(code) {
                tried.push(format!("{} {}", post.role, post.unit));
                tried.push(post.title.clone());
            }
        }
        Named::Unit(code) => tried.push(code.to_string()),
    }
    let clear = |words: &String| {
        let plain = words.chars().all(|c| c.is_alphanumeric() || c == ' ');
        plain && find(directory, words, own) == Referral::One(named.clone())
    };
    let last = tried.last().cloned().unwrap_or_default();
    tried.into_iter().find(clear).unwrap_or(last)
}

fn one_name(
    directory: &Directory,
    names: &[Name],
    text: &str,
    own: &BTreeSet<UnitCode>,
) -> Referral {
    let asked = Words::asked(text);
    if asked.is_empty() {
        return Referral::Nobody;
    }
    // Their own unit is no hand-over: "bukan wewenang dishub" says the head of DISHUB.
    let elsewhere = |named: &Named| !matches!(named, Named::Unit(unit) if own.contains(unit));
    let meant = |wanted: &dyn Fn(&Name) -> bool| {
        let found: BTreeSet<Named> = names
            .iter()
            .filter(|name| wanted(name))
            .map(|name| name.named.clone())
            .collect();
        found
    };
    // A code is one unit's alone; a name may be shared.
    let by_code = meant(&|name| name.is_code && name.is(&asked));
    let same = if by_code.is_empty() {
        meant(&|name| name.is(&asked))
    } else {
        by_code
    };
    if !same.is_empty() {
        let mut same: Vec<Named> = same.into_iter().filter(elsewhere).collect();
        return match same.len() {
            0 => Referral::Nobody,
            1 => Referral::One(same.remove(0)),
            _ => one_of(same),
        };
    }
    let slips = meant(&|name| name.is_nearly(&asked, 1));
    if !slips.is_empty() {
        let near = meant(&|name| name.is_nearly(&asked, 2));
        let mut near: Vec<Named> = near.into_iter().filter(elsewhere).collect();
        return match near.len() {
            0 => Referral::Nobody,
            1 => Referral::One(near.remove(0)),
            _ => one_of(near),
        };
    }
    let half = half_named(directory, &asked, own);
    let half: Vec<Named> = half.into_iter().filter(elsewhere).collect();
    if half.is_empty() {
        Referral::Nobody
    } else {
        one_of(half)
    }
}

fn one_of(mut choices: Vec<Named>) -> Referral {
    choices.truncate(CHOICES);
    Referral::OneOf(choices)
}

/// What stands between signs and words that join names.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for word in text.split_inclusive(|c: char| c.is_whitespace() || ",/&+;".contains(c)) {
        let bare = word.trim_end_matches(|c: char| c.is_whitespace() || ",/&+;".contains(c));
        let joins = ["dan", "atau", "serta", "and", "or"]
            .iter()
            .any(|join| bare.eq_ignore_ascii_case(join));
        let ends = word.ends_with([',', '/', '&', '+', ';']);
        if !joins && let Some(last) = parts.last_mut() {
            last.push_str(bare);
            last.push(' ');
        }
        if joins || ends {
            parts.push(String::new());
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    if parts.len() < 2 { Vec::new() } else { parts }
}
