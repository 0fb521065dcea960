//! Trials from outside: real peers and strict stand-ins, one binary.

mod providers_whatsapp;
mod support;
