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

mod component;
mod driver;
mod join;
mod open;
#[cfg(feature = "router")]
pub mod router;
mod session;
mod shared;
mod wire;

pub use crate::Spawn;
pub use component::{Component, ComponentEvent, JoinTransport, JoinTransportFuture};
pub use driver::Driver;
pub use join::{ChallengeFuture, Join, OnChallenge, finish_join};
pub use open::{OpenedWire, accept_rawsocket, accept_rawsocket_after, open_rawsocket, open_websocket};
pub use session::{
    Call, CallFuture, CallStream, Handled, Handler, Invocation, JoinFuture, ProgressSender, Publish,
    PublishAcknowledged, PublishFuture, Register, RegisterFuture, Registration, Session, Subscribe,
    SubscribeFuture, Subscription,
};
pub use shared::{MAX_PIECES, MAX_QUEUED_BYTES, MAX_QUEUED_MESSAGES};
pub use wire::{LinkWire, Wire, WireEvent};
pub use wirebahn_adapter::wamp::{
    ArgumentList, Arguments, BoxedError, CallResult, ComponentError, Error, ErrorConversion, ErrorRegistry,
    Event, Interrupted, IntoInvocationError, IntoReply, InvocationError, JoinError, OpenError, Overflow,
    OwnUri, Reply, RequestError, TypedHandler, WampError, typed,
};
