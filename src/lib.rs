//! Siaga ("on the alert") watches citizens' complaints and makes sure that the head of the
//! responsible government unit hears about a missed deadline until somebody answers for it.
//!
//! ```text
//! intake -> due-queue -> escalate -> outbox -> deliver -> channel ..> gateway
//!              ^                                             :
//!              +---------- inbound (reply, receipt) <........+      every step -> ledger
//! ```
//!
//! Imports run one way; `tests/architecture.rs` holds the table and enforces it:
//!
//! | room | may import |
//! |--|--|
//! | [`domain`], [`clock`] | nothing of ours |
//! | [`channel`], [`template`], [`report`], [`simulate`] | domain |
//! | [`config`] | domain, channel (a provider's settings stand in its file) |
//! | [`store`] | domain, clock |
//! | [`intake`] | domain, store |
//! | [`inbound`] | domain, store, clock |
//! | [`engine`] | domain, store, intake, channel, template, clock |
//! | [`changes`] | domain, store, config, intake, clock |
//! | [`web`] | those that carry data to it, never the engine |
//! | [`app`], [`cli`] | everything; nobody imports app |
//!
//! [`seam`] imports nothing of ours and may be named by all: it marks where a death is tested.

pub mod app;
pub mod changes;
pub mod channel;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod engine;
pub mod inbound;
pub mod intake;
pub mod report;
pub mod seam;
pub mod simulate;
pub mod store;
pub mod template;
pub mod web;
