//! Telephone numbers in one spelling (E.164), masked wherever they are shown.
use serde::{Deserialize, Serialize};
/// placeholder
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PhoneNumber(Box<str>);
impl PhoneNumber {
    /// The number as it is stored: `+` and digits only.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// masked
    pub fn masked(&self) -> String {
        self.0.chars().take(3).collect()
    }
}
