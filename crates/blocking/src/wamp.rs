//! WAMP on plain threads: sessions with a router, and components that come back.
//!
//! ```no_run
//! let session = wirebahn_blocking::wamp::join("ws://127.0.0.1:8080/ws", "realm1")?;
//!
//! let _registration = session.register("com.example.add", |(a, b): (i64, i64)| Ok(a + b)).wait()?;
//!
//! let sum: i64 = session.call("com.example.add", (2, 3)).wait()?;
//! session.publish("com.example.sums", (sum,)).send()?;
//! session.leave();
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! * [`join`] and [`Join`] begin a [`Session`], over WebSocket or RawSocket, TCP or Unix sockets.
//! * [`component`] keeps one: it joins again when the session is lost, and registers and subscribes again.
//! * `Router`, with the feature `router`, is a router in this process.
//! * What can be asked is in [`Session`]; what goes wrong in [`Error`] and [`JoinError`].

use crate::StdNetwork;

#[doc(inline)]
pub use wirebahn_drive_blocking::names::wamp::*;

/// Joins a realm of the router at `url`: `ws://host:port/path`, `rs://host:port`, `unix:/path` or
/// `ws+unix:///path`; with the feature `tls` also `wss` and `rss`.
///
/// [`Join`] has serializers, authentication and options.
///
/// # Errors
///
/// The URL is invalid, the router cannot be reached, or it does not let us in.
pub fn join(url: &str, realm: &str) -> Result<Session, JoinError> {
    Join::new(url, realm)?.join()
}

/// A component that joins `realm` of the router at `url`.
///
/// # Errors
///
/// The URL is invalid.
pub fn component(url: &str, realm: &str) -> Result<Component, JoinError> {
    Ok(Component::new([Join::new(url, realm)?]))
}

/// A realm to be joined.
///
/// ```no_run
/// use wirebahn_blocking::wamp::{Join, Serializer};
///
/// let session = Join::new("rs://router.example.com:8081", "realm1")?
///     .serializers([Serializer::MsgPack])
///     .session(|config| config.authid = Some("joe".into()))
///     .join()?;
/// # Ok::<_, wirebahn_blocking::wamp::JoinError>(())
/// ```
pub type Join = wirebahn_drive_blocking::wamp::Join<StdNetwork>;
