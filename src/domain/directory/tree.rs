//! Who stands above whom: the tree of posts, and the chain from a unit's head to the top.
//!
//! The tree is of posts, not of persons: a vacancy changes who is told, never who stands where. So
//! `atasan:2` means the same post whether or not somebody holds the one between.

use super::{Directory, Post};
use crate::domain::{
    id::{PostCode, UnitCode},
    policy::{HEAD, Target},
    policy_check::Finding,
};

impl Directory {
    /// The post above one: the one it names. One that names none has the head of its unit above it;
    /// a head that names none stands at the top.
    pub fn above(&self, code: &PostCode) -> Option<&PostCode> {
        let post = self.posts.get(code)?;
        match &post.above {
            Some(above) => self.posts.get_key_value(above).map(|(code, _)| code),
            None => self.head_of(&post.unit).filter(|head| *head != code),
        }
    }

    /// The posts above the head of a complaint's unit, the nearest first. No post stands in it
    /// twice, whatever the directory says.
    pub fn chain(&self, unit: Option<&UnitCode>) -> Vec<&PostCode> {
        let mut chain = Vec::new();
        let Some(head) = self
            .answering_unit(unit)
            .and_then(|unit| self.head_of(unit))
        else {
            return chain;
        };
        let mut at = head;
        while let Some(above) = self.above(at) {
            if above == head || chain.contains(&above) {
                break;
            }
            chain.push(above);
            at = above;
        }
        chain
    }

    /// From where the chain serves `level`: the top where it is shorter, since whoever asks for the
    /// second above means somebody higher, and nobody would be told otherwise.
    pub(super) fn chain_from(&self, level: u8, unit: Option<&UnitCode>) -> Vec<&PostCode> {
        let mut chain = self.chain(unit);
        let passed = usize::from(level)
            .saturating_sub(1)
            .min(chain.len().saturating_sub(1));
        chain.drain(..passed);
        chain
    }

    fn head_of(&self, unit: &UnitCode) -> Option<&PostCode> {
        let code = PostCode::of(unit, HEAD);
        self.posts.get_key_value(&code).map(|(code, _)| code)
    }
}

/// What is wrong with the tree: posts above that are not there, and rings.
pub fn check(directory: &Directory) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |is_error, code: &PostCode, value: String, problem: &str, remedy: &str| {
        findings.push(Finding {
            is_error,
            place: format!("directory: post {code}"),
            value,
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        });
    };
    for (code, post) in &directory.posts {
        if let Some(above) = unknown_above(directory, post) {
            add(
                true,
                code,
                above.to_string(),
                "above: there is no such post",
                "name a post of the directory as UNIT.role, or take above out",
            );
        }
        if Target::parse(post.role.as_str()).is_ok_and(|it| matches!(it, Target::Above(_))) {
            add(
                false,
                code,
                post.role.to_string(),
                "a policy's word for the post above: no policy can name this role",
                "give the role another name",
            );
        }
        // A ring is told once, at the first of its posts.
        let ring = ring_of(directory, code);
        if ring.iter().min() == Some(&code) {
            let mut names: Vec<&str> = ring.iter().map(|code| code.as_str()).collect();
            names.push(code.as_str());
            add(
                true,
                code,
                names.join(" -> "),
                "above: the posts stand above each other in a ring, so none of them leads up",
                "let the highest of them name a post above that is none of these, or, if it is a head, none",
            );
        }
    }
    findings
}

/// What is wrong with `target`, the post so far above, in a field of a policy that names `beside` it.
pub fn check_reach(
    directory: &Directory,
    level: u8,
    beside: &[Target],
    place: &str,
) -> Option<Finding> {
    let heights = directory.units.keys().filter_map(|unit| {
        self::Directory::head_of(directory, unit).map(|_| (unit, directory.chain(Some(unit)).len()))
    });
    let heights: Vec<(&UnitCode, usize)> = heights.collect();
    let highest = heights.iter().map(|(_, height)| *height).max().unwrap_or(0);
    let tops: Vec<&str> = heights
        .iter()
        .filter(|(_, height)| *height == 0)
        .map(|(unit, _)| unit.as_str())
        .collect();
    let alone = beside.iter().all(|it| matches!(it, Target::Above(_)));
    let (is_error, problem) = if usize::from(level) > highest {
        (
            true,
            format!("no unit has a post so far above its head; the highest is {highest} above"),
        )
    } else if tops.is_empty() {
        return None;
    } else {
        let named = tops.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        let what = if alone {
            "nobody would be told"
        } else {
            "this target tells nobody"
        };
        let problem = format!(
            "no post stands above the heads of {} units, and {what} of theirs: {named}",
            tops.len()
        );
        (alone, problem)
    };
    Some(Finding {
        is_error,
        place: place.to_owned(),
        value: Target::Above(level).to_string(),
        problem,
        remedy: "write above = \"UNIT.role\" at the unit, or name a post: post:UNIT.role"
            .to_owned(),
    })
}

fn unknown_above<'a>(directory: &Directory, post: &'a Post) -> Option<&'a PostCode> {
    let above = post.above.as_ref()?;
    (!directory.posts.contains_key(above)).then_some(above)
}

/// The posts by which one comes back to itself; none where it does not.
fn ring_of<'a>(directory: &'a Directory, code: &'a PostCode) -> Vec<&'a PostCode> {
    let mut path = vec![code];
    let mut at = code;
    while let Some(above) = directory.above(at) {
        if above == code {
            return path;
        }
        if path.contains(&above) {
            return Vec::new();
        }
        path.push(above);
        at = above;
    }
    Vec::new()
}

#[cfg(test)]
mod tests;
