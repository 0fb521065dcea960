//! Settings and seeds: read from files and the environment, checked whole, all faults at once.
//!
//! Two lives: settings are read once at start; the directory, policies and calendars only begin
//! as files and live as versions in the store.

pub mod anchors;
mod calendars;
mod costs;
mod directory;
pub mod document;
mod drops;
pub mod export;
pub mod fault;
pub mod gateways;
pub mod http;
pub mod inbound_email;
mod limits;
pub mod load;
pub mod operators;
pub mod outgoing;
pub mod places;
pub mod redis_settings;
mod rosters;
pub mod seed;
pub mod self_tests;
pub mod settings;
pub mod sheets;
pub mod subscriptions;
mod webhooks;
mod words;

pub use self::{
    fault::{Fault, Faults, Gravity},
    load::{load, look},
    settings::Settings,
};

/// Every option with its comment, equal to the defaults.
pub const DEFAULT_SETTINGS: &str = include_str!("../../config/siaga.toml");

#[cfg(test)]
mod tests;
