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
//! | [`domain`] | nothing of ours |
//! | `clock` | nothing of ours |
//! | `config`, [`channel`], [`template`] | domain |
//! | `store` | domain, clock |
//! | `inbound` | domain, store, channel's types |
//! | `intake` | domain, store |
//! | `engine` | domain, store, intake, channel, clock |
//! | `web` | domain, store, inbound, intake, channel's types, clock |
//! | `app`, the command line | everything; nobody imports app |

pub mod app;
pub mod channel;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod engine;
pub mod inbound;
pub mod intake;
pub mod report;
pub mod simulate;
pub mod store;
pub mod template;
pub mod web;
