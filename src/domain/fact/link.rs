//! The chain over the facts: each link is
//! `SHA-256(previous link, sequence number as 8 bytes big-endian, the fact's bytes as stored)`, so an
//! entry that was changed, taken out or moved shows.

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
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(sequence.to_be_bytes());
        hash.update(fact);
        Self(hash.finalize().into())
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
        // Worked out with another program: sha256(32 zero bytes, 0000000000000001, "a").
        assert_eq!(
            one.to_string(),
            "00f87f5348b32d1caf5e59cbfadc31d568b7b2d04679e0d52b5aad8c5d4dfeed"
        );
    }
}
