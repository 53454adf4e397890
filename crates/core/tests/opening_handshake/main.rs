//! The opening handshake, seen from outside: bytes and time in, events and bytes out.

mod client;
mod pair;
mod server;
mod support;
