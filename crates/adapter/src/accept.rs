//! Errors of accepting connections.

use std::io::{Error, ErrorKind};
use std::time::Duration;

/// How long to wait after the system refused to accept a connection, typically for lack of file descriptors: trying
/// again at once would only burn processor time.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long connections of a server may take to end after a shutdown was requested, unless its `shutdown_grace` says
/// otherwise: longer than the closing handshake may take by default.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// Whether an error of `accept` is about the connection that was to be accepted, not about the listener.
#[must_use]
pub fn concerns_one_connection(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}
