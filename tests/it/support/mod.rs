//! The peers of the tests: real daemons and a gateway that misbehaves on request.
//!
//! Nothing is imitated that can be had for real: Redis, Kannel and an SMTP server run as children of
//! the test. Only [`gateway`] is ours, because no honest gateway hangs or answers twice when told to.
//! Everything listens on 127.0.0.1 and ends with the value that owns it, also when a test panics.
//!
//! Peers may be started from any thread that lives as long as they do (the test's own thread, or a
//! runtime's worker), not from `spawn_blocking`: a child dies with the thread that started it.

pub(crate) mod fake_calls;
pub mod fake_meta;
pub(crate) mod fake_twilio;
#[cfg(debug_assertions)] // Its only story is of deaths, and only then is there one.
pub(crate) mod flood;
pub(crate) mod gateway;
pub(crate) mod kannel;
pub(crate) mod mail;
pub mod network;
pub(crate) mod night;
pub(crate) mod percent;
pub(crate) mod phone;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod redis;
pub(crate) mod redis_group;
pub(crate) mod region;
pub(crate) mod replayed;
pub(crate) mod script;
pub(crate) mod siaga;
pub(crate) mod smsc;
pub(crate) mod smsd;
pub(crate) mod smtp;
pub mod town;
pub(crate) mod wait;
pub(crate) mod ways;
pub(crate) mod wire;
