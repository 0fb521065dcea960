//! The SMPP channel against sockets that speak it.
