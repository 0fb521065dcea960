//! Tables and properties of the escalation.
