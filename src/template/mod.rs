//! stub
use crate::domain::{
    delivery::Transport,
    directory::Language,
    message::{Content, Message},
};
use jiff::Timestamp;
/// stub
#[derive(Debug)]
pub struct Renderer;
/// stub
#[derive(Debug, Clone)]
pub struct Recipient {
    /// a
    pub transport: Transport,
    /// a
    pub language: Language,
    /// a
    pub two_way: bool,
    /// a
    pub whatsapp_window_open: bool,
    /// a
    pub link: Option<String>,
}
/// stub
#[derive(Debug)]
pub struct Rendered {
    /// a
    pub message: Message,
    /// a
    pub fallback: Option<String>,
}
impl Renderer {
    /// stub
    pub fn shipped(_zone: &str) -> Result<Self, String> {
        Ok(Self)
    }
    /// stub
    pub fn render(&self, content: &Content, _to: &Recipient, _now: Timestamp) -> Rendered {
        Rendered {
            message: Message::Sms {
                text: format!("{content:?}").chars().take(150).collect(),
            },
            fallback: None,
        }
    }
}
