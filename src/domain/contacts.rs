//! What may become of people's contact methods: the administrator's choices.

use serde::Deserialize;

/// The choices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contacts {
    /// What a `STOP` by the last method in use does.
    pub stop_of_last: StopOfLast,
}

/// What a `STOP` by the last method in use does. The administrator gets an alarm either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopOfLast {
    /// The method is kept, and the person is told so: who must be reachable 24 hours cannot step out
    /// of it by one word.
    #[default]
    Keep,
    /// It goes out of use, and the person is told that no way is left.
    Allow,
}
