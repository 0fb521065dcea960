//! Folds over facts, for people to read.

pub mod timeline;
