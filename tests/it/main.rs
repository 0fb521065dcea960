//! Siaga from outside: one binary, so that the crate is linked once; real peers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test that cannot go on fails, and its name says what it is for"
)]

mod changes;
mod peers;
mod providers_whatsapp;
mod service;
mod stories;
mod support;
