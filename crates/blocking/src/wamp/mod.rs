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
//!
//! Inside, `shared` is what the handles of a session and its threads share, with `tables` of who waits for what, and
//! `dispatch` from events to those who wait. One thread reads. Procedures are answered by the threads of a `pool`, which a
//! registration has to itself.

mod call;
mod component;
mod dispatch;
mod invocation;
mod join;
mod open;
mod peer;
mod pool;
mod procedure;
mod publish;
mod register;
mod request;
#[cfg(feature = "router")]
mod router;
mod session;
mod shared;
mod subscribe;
mod tables;

pub use call::{Call, Canceler, StartedCall};
pub use component::{Component, ComponentEvent, JoinTransport, component};
pub use invocation::{Invocation, ProgressSender};
pub use join::{Join, join};
pub use procedure::Handler;
pub use publish::Publish;
pub use register::{PROCEDURE_THREADS, Register, Registration};
#[cfg(feature = "router")]
pub use router::Router;
pub use session::Session;
pub use subscribe::{Handled, Subscribe, Subscription};

pub use wirebahn_adapter::wamp::{
    ArgumentList, Arguments, BoxedError, CallResult, ComponentError, Error, ErrorConversion, ErrorRegistry,
    Event, Interrupted, IntoInvocationError, IntoReply, InvocationError, JoinError, OpenError, Overflow,
    OwnUri, Reply, RequestError, TypedHandler, WampError, typed,
};
pub use wirebahn_core::wamp::session::{
    Challenge, Initiator, Left, LeftCause, OperationError, SessionConfig, SessionViolation,
};
pub use wirebahn_core::wamp::{
    BackoffOptions, CancelMode, Dict, Feature, InvocationPolicy, MatchPolicy, Payload, Role, RouterUrl,
    Serializer, Subprotocol, Text, Uri, Value, close_reason, error_uri,
};
#[cfg(feature = "router")]
pub use wirebahn_router::{
    Action, Answer, AnswerError, Authenticate, Authentication, Authorization, Authorize, BacklogLimits,
    Identity, Question, QuestionId, QuestionKind, QueueLimits, RealmConfig, RouterConfig, SlowConsumers,
};
