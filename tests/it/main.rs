//! Siaga from outside: one binary, real peers.
#![expect(
    missing_docs,
    unreachable_pub,
    reason = "tests document themselves by their names"
)]

mod stories;
mod support;
