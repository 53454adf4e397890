//! The names that every adapter hands on to its users, so that a program finds the same ones on each.

/// At the root of an adapter.
pub mod websocket {
    pub use wirebahn_adapter::names::websocket::*;

    pub use crate::Shutdown;
    pub use crate::websocket::{ConnectFailed, ConnectionLost, ReconnectEvent, ServerHandle};
}

/// In its module `wamp`.
#[cfg(feature = "wamp")]
pub mod wamp {
    pub use wirebahn_adapter::names::wamp::*;
    #[cfg(feature = "router")]
    pub use wirebahn_router::{self as router, RealmConfig, RouterConfig, TransportInfo};

    #[cfg(feature = "router")]
    pub use crate::wamp::router::RouterHandle;
    pub use crate::wamp::{
        Call, CallFuture, CallStream, ComponentEvent, Handled, Handler, Invocation, ProgressSender, Publish,
        Register, Registration, Session, Spawn, Subscribe, Subscription,
    };
}
