//! What several trials need.

pub mod fake_meta;
