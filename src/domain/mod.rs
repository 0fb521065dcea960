//! The pure core: what is true of complaints, units, promises and answers.
//!
//! Nothing here reads a clock, draws a random number, waits or speaks to the outside. Everything
//! that happens is an input of one of four machines, everything that must be done comes back as
//! data. The same functions run live, in a preview, and as the oracle of the tests.
//!
//! - [`escalation`]: one machine a complaint: whom to tell, when, until somebody answers.
//! - [`page`]: one machine a message to one responder: which contact method now, what next.
//! - [`conversation`]: one machine a responder: which codes are open, what a reply means.
//! - [`sender`]: one machine an address: whose each reply from there was taken for.

pub mod breaker;
pub mod bundle;
pub mod calendar;
pub mod change;
pub mod complaint;
pub mod contacts;
pub mod conversation;
pub mod cost;
pub mod delivery;
pub mod difference;
pub mod directory;
pub mod escalation;
pub mod fact;
pub mod gsm;
pub mod ical;
pub mod id;
pub mod mail_proof;
pub mod message;
pub mod meta;
pub mod notify;
pub mod pace;
pub mod page;
pub mod phone;
pub mod policy;
pub mod policy_check;
pub mod referral;
pub mod reply;
pub mod return_address;
pub mod routing;
pub mod rulebook;
pub mod selection;
pub mod self_test;
pub mod sender;
pub mod silence;
pub mod twilio;
pub mod watch;
pub mod webhook;
