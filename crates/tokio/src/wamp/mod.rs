//! WAMP on tokio: sessions with a router, and components that come back.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let session = wirebahn_tokio::wamp::join("ws://127.0.0.1:8080/ws", "realm1").await?;
//!
//! let add = |(a, b): (i64, i64)| async move { Ok(a + b) };
//! let _registration = session.register("com.example.add", add).await?;
//!
//! let sum: i64 = session.call("com.example.add", (2, 3)).await?;
//! session.publish("com.example.sums", (sum,)).await?;
//! session.leave().await;
//! # Ok(())
//! # }
//! ```
//!
//! * [`join`] and [`Join`] begin a [`Session`], over WebSocket or RawSocket, TCP or Unix sockets.
//! * [`component`] keeps one: it joins again when the session is lost, and registers and subscribes again.
//! * `Router`, with the feature `router`, is a router in this process, which sessions join without a socket.
//! * What can be asked is in [`Session`]; what goes wrong in [`Error`] and [`JoinError`].

mod component;
mod join;
#[cfg(feature = "router")]
mod router;

use std::sync::Arc;

pub use component::{Component, component};
pub use join::{Join, join};
#[cfg(feature = "router")]
pub use router::Router;

pub use wirebahn_core::wamp::session::{
    Challenge, Initiator, Left, LeftCause, OperationError, SessionConfig, SessionViolation,
};
pub use wirebahn_core::wamp::{
    BackoffOptions, CancelMode, Dict, Feature, InvocationPolicy, MatchPolicy, Payload, Role, RouterUrl,
    Serializer, Subprotocol, Text, Uri, Value, close_reason, error_uri,
};
pub use wirebahn_drive::wamp::{
    ArgumentList, Arguments, BoxedError, ErrorRegistry, IntoInvocationError, WampError, typed,
};
pub use wirebahn_drive::wamp::{
    Call, CallFuture, CallResult, CallStream, ComponentError, ComponentEvent, Error, Event, Handled, Handler,
    Interrupted, IntoReply, Invocation, InvocationError, JoinError, OpenError, Overflow, ProgressSender,
    Publish, Register, Registration, Reply, RequestError, Session, Spawn, Subscribe, Subscription,
};

#[cfg(feature = "router")]
pub use wirebahn_drive::wamp::router::RouterHandle;
#[cfg(feature = "router")]
pub use wirebahn_router::{RealmConfig, RouterConfig, TransportInfo};

/// Runs handlers as tasks of the runtime that is current now.
#[must_use]
pub(crate) fn spawner() -> Spawn {
    let handle = tokio::runtime::Handle::current();
    Arc::new(move |future| drop(handle.spawn(future)))
}
