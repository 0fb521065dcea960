//! Tables and properties of the conversation.
