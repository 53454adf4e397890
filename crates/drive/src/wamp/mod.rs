//! WAMP sessions for applications: what an adapter's users hold in their hands.
//!
//! ```text
//!   Join                how to get to a session, from the URL of a router on, on a runtime's network
//!   Session             a handle: cheap to clone, used from many tasks
//!     Call, Publish, Subscribe, Register     what is asked, as builders that are awaited
//!     Subscription, Registration             what was granted; dropping it gives it back
//!   Component           a session that comes back, with its procedures and subscriptions
//!   Driver              the future that does the work, spawned once by the adapter
//!     wire              where its messages go: a link over a stream, or a router in this process
//!   router              a router in this process, its connections and its sessions
//! ```
//!
//! A handle takes the lock of the session for as long as it takes to queue a message or to take an answer, never across
//! an await, and wakes the driver. The driver reads, hands out what came, and writes, each for many messages at once.

mod arguments;
mod component;
mod driver;
mod error;
mod join;
mod join_error;
mod open;
mod reply;
#[cfg(feature = "router")]
pub mod router;
mod session;
mod shared;
mod typed_error;
mod wire;

pub use crate::Spawn;
pub use arguments::{ArgumentList, Arguments};
pub use component::{Component, ComponentError, ComponentEvent, JoinTransport, JoinTransportFuture};
pub use driver::Driver;
pub use error::{Error, RequestError};
pub use join::{ChallengeFuture, Join, OnChallenge, finish_join};
pub use join_error::JoinError;
pub use open::{
    OpenError, OpenedWire, accept_rawsocket, accept_rawsocket_after, open_rawsocket, open_websocket,
};
pub use reply::CallResult;
pub use session::{
    Call, CallFuture, CallStream, Event, Handled, Handler, Interrupted, IntoReply, Invocation,
    InvocationError, JoinFuture, Overflow, ProgressSender, Publish, PublishAcknowledged, PublishFuture,
    Register, RegisterFuture, Registration, Reply, Session, Subscribe, SubscribeFuture, Subscription,
};
pub use shared::{MAX_PIECES, MAX_QUEUED_BYTES, MAX_QUEUED_MESSAGES};
pub use typed_error::{BoxedError, ErrorRegistry, IntoInvocationError, WampError, typed};
pub use wire::{LinkWire, Wire, WireEvent};
