//! The chain over the facts: each link is
//! `SHA-256(previous link, sequence number as 8 bytes big-endian, SHA-256(the fact's bytes as stored))`, so an
//! entry that was changed, taken out or moved shows.
//!
//! The fact stands in it by its print, so that a chain can be shown to somebody whom its other facts do not concern:
//! their prints prove as much. Ledgers begun before that was so have the fact itself in the links of their first part.

use sha2::{Digest, Sha256};

/// The chain's first link.
pub const GENESIS: Link = Link([0; 32]);

/// One link of the ledger's hash chain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Link(pub [u8; 32]);

impl Link {
    /// The link that follows this one when `fact` is appended under `sequence`.
    #[must_use]
    pub fn follow(self, sequence: u64, fact: &[u8]) -> Self {
        self.over(sequence, &print(fact))
    }

    /// The link that followed before facts stood in it by their prints.
    #[must_use]
    pub fn follow_whole(self, sequence: u64, fact: &[u8]) -> Self {
        self.over(sequence, fact)
    }

    fn over(self, sequence: u64, last: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(sequence.to_be_bytes());
        hash.update(last);
        Self(hash.finalize().into())
    }
}

/// What stands for a fact in its link.
pub fn print(fact: &[u8]) -> [u8; 32] {
    Sha256::digest(fact).into()
}

/// A walk along a chain. A ledger may begin with links of the old kind; after the first of the new kind none of the
/// old follows.
#[derive(Debug, Clone, Copy)]
pub struct Walk {
    link: Link,
    is_old: bool,
}

impl Walk {
    /// From a link on.
    pub fn from(link: Link) -> Self {
        Self { link, is_old: true }
    }

    /// The link it has come to.
    pub fn link(&self) -> Link {
        self.link
    }

    /// Whether the last step was over a link of the old kind.
    pub fn is_old(&self) -> bool {
        self.is_old
    }

    /// Takes a step; false, and no step, where the link does not follow.
    pub fn step(&mut self, sequence: u64, fact: &[u8], link: &[u8]) -> bool {
        let next = self.link.follow(sequence, fact);
        if next.0[..] == *link {
            (self.link, self.is_old) = (next, false);
            return true;
        }
        let old = self.link.follow_whole(sequence, fact);
        let follows = self.is_old && old.0[..] == *link;
        if follows {
            self.link = old;
        }
        follows
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_and_place_decides_the_link() {
        let one = GENESIS.follow(1, b"a");
        assert_ne!(one, GENESIS.follow(1, b"b"));
        assert_ne!(one, GENESIS.follow(2, b"a"));
        assert_ne!(one.follow(2, b"b"), GENESIS.follow(1, b"b").follow(2, b"a"));
        // Worked out with another program: sha256(32 zero bytes, 0000000000000001, sha256("a")), and with "a" itself.
        assert_eq!(
            one.to_string(),
            "fc1708fce2163fe0816c479f9dd8de3b645b75158c81324d724c66a9ea8ecae9"
        );
        assert_eq!(
            GENESIS.follow_whole(1, b"a").to_string(),
            "00f87f5348b32d1caf5e59cbfadc31d568b7b2d04679e0d52b5aad8c5d4dfeed"
        );
    }

    #[test]
    fn a_chain_may_begin_with_links_of_the_old_kind_and_not_go_back_to_them() {
        let one = GENESIS.follow_whole(1, b"a");
        let two = one.follow(2, b"b");
        let three = two.follow_whole(3, b"c");
        let mut walk = Walk::from(GENESIS);
        assert!(walk.step(1, b"a", &one.0) && walk.is_old());
        assert!(!walk.step(2, b"x", &two.0));
        assert!(walk.step(2, b"b", &two.0) && !walk.is_old());
        assert!(!walk.step(3, b"c", &three.0));
        assert_eq!(walk.link(), two);
    }
}
