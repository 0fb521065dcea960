//! The tests that speak to real peers, in one binary so that the crate is linked once.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails; clippy's own exception does not reach helpers"
)]

mod peers;
mod support;
