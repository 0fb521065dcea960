//! What several trials need.

pub(crate) mod fake_meta;
