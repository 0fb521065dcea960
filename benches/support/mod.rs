//! What every bench stands on: the real program, a gateway that is never the bottleneck, and
//! figures that are printed as a table beside their limit in the same run.

pub(crate) mod figures;
pub(crate) mod gateway;
pub(crate) mod service;
