//! What may become of people's contact methods: the administrator's choices.

use serde::Deserialize;

/// The choices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contacts {
    /// Whether a method whose address was not verified carries pages.
    pub unverified: Unverified,
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

/// Whether a method whose address was not verified carries pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unverified {
    /// Like any other.
    Use,
    /// When the verified ones in use have failed or given no sign of life in time, or there is none:
    /// nobody is silenced by a verification that was forgotten.
    #[default]
    LastResort,
    /// Never. Who has verified none is not paged, and each page to them is an alarm.
    Never,
}
