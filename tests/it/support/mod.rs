//! What the stories are told with.

pub mod town;
