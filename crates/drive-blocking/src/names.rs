//! The names that adapters hand on to their users.

/// At the root of an adapter.
pub mod websocket {
    pub use wirebahn_adapter::names::websocket::*;

    pub use crate::{Duplex, ServerHandle, TimedOut, TryClone, accept, connect_on, receive};
}

/// In its module `wamp`.
#[cfg(feature = "wamp")]
pub mod wamp {
    pub use wirebahn_adapter::names::wamp::*;
    #[cfg(feature = "router")]
    pub use wirebahn_router::{self as router, RealmConfig, RouterConfig, TransportInfo};

    #[cfg(feature = "router")]
    pub use crate::wamp::Router;
    pub use crate::wamp::{
        Call, Canceler, Component, ComponentEvent, Handled, Handler, Invocation, JoinTransport,
        PROCEDURE_THREADS, ProgressSender, Publish, Register, Registration, Session, StartedCall, Subscribe,
        Subscription,
    };
}
