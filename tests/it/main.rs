//! Trials from outside: real peers and strict stand-ins, one binary.

#![expect(
    clippy::unwrap_used,
    reason = "a trial that cannot be set up has failed; clippy knows test functions only"
)]

mod providers_whatsapp;
mod support;
