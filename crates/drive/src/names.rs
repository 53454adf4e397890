//! The names that every adapter hands on to its users, so that a program finds the same ones on each.

/// At the root of an adapter.
pub mod websocket {
    pub use wirebahn_core::websocket::{
        Cause, Chunk, CloseCode, Closed, Config, Event, Fin, Frames, Message, MessageEvent, MessageKind,
        Messages, PreparedMessage, Replies, SendError, Streaming, extension, opening,
    };
    pub use wirebahn_core::{BackoffOptions, http, proxy};
    #[cfg(feature = "tls")]
    pub use wirebahn_tls as tls;

    pub use crate::websocket::{
        ACCEPT_PAUSE, ByteEncoding, ConnectError, ConnectFailed, ConnectionLost, Layer, PartsLayer,
        ReconnectEvent, SHUTDOWN_GRACE, ServerHandle,
    };
    pub use crate::{CONNECT_TIMEOUT, Delay, Dialer, OsEntropy, ProxyError, ProxyErrorKind, Route, Shutdown};
}

/// In its module `wamp`.
#[cfg(feature = "wamp")]
pub mod wamp {
    pub use wirebahn_core::wamp::session::{
        Challenge, Initiator, Left, LeftCause, OperationError, SessionConfig, SessionViolation,
    };
    pub use wirebahn_core::wamp::{
        BackoffOptions, CancelMode, Dict, Feature, InvocationPolicy, MatchPolicy, Payload, Role, RouterUrl,
        Serializer, Subprotocol, Text, Uri, Value, close_reason, error_uri,
    };
    #[cfg(feature = "router")]
    pub use wirebahn_router::{self as router, RealmConfig, RouterConfig, TransportInfo};

    #[cfg(feature = "router")]
    pub use crate::wamp::router::RouterHandle;
    pub use crate::wamp::{
        ArgumentList, Arguments, BoxedError, Call, CallFuture, CallResult, CallStream, ComponentError,
        ComponentEvent, Error, ErrorRegistry, Event, Handled, Handler, Interrupted, IntoInvocationError,
        IntoReply, Invocation, InvocationError, JoinError, OpenError, Overflow, ProgressSender, Publish,
        Register, Registration, Reply, RequestError, Session, Spawn, Subscribe, Subscription, TypedHandler,
        WampError, typed,
    };
}
