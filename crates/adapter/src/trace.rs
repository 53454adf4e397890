//! What an operator wants to read about connections that a server does not get, as `tracing` events; nothing at all without
//! the feature `tracing`.

use std::fmt::Display;
use std::io::Error;
use std::net::SocketAddr;

/// A client gets no connection, for what it sent or did not send. Scanners cause this all day, so it is at debug level.
#[cfg(feature = "tracing")]
pub fn refused(peer: Option<SocketAddr>, why: &dyn Display) {
    let peer = peer.map(tracing::field::display);
    tracing::debug!(target: TARGET, peer, "connection refused: {why}");
}

/// No client gets a connection, as the system has none to give, typically for lack of file descriptors.
#[cfg(feature = "tracing")]
pub fn cannot_accept(error: &Error) {
    tracing::warn!(target: TARGET, "cannot accept connections: {error}");
}

#[cfg(feature = "tracing")]
const TARGET: &str = "wirebahn::connection";

/// A client gets no connection.
#[cfg(not(feature = "tracing"))]
pub fn refused(_: Option<SocketAddr>, _: &dyn Display) {}

/// No client gets a connection.
#[cfg(not(feature = "tracing"))]
pub fn cannot_accept(_: &Error) {}
