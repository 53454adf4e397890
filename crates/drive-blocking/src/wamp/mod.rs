//! WAMP on plain threads: sessions with a router, and components that come back.
//!
//! `shared` is what the handles of a session and its threads share, with `tables` of who waits for what, and
//! `dispatch` from events to those who wait. One thread reads. Procedures are answered by the threads of a `pool`, which a
//! registration has to itself.

mod any_stream;
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
pub use component::{Component, ComponentEvent, JoinTransport};
pub use invocation::{Invocation, ProgressSender};
pub use join::Join;
pub use procedure::Handler;
pub use publish::Publish;
pub use register::{PROCEDURE_THREADS, Register, Registration};
#[cfg(feature = "router")]
pub use router::Router;
pub use session::Session;
pub use subscribe::{Handled, Subscribe, Subscription};
