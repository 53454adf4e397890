//! The names that adapters hand on to their users, whether they block or not, so that a program finds the same ones on each.

/// At the root of an adapter.
pub mod websocket {
    pub use wirebahn_core::websocket::byte_stream::ByteEncoding;
    pub use wirebahn_core::websocket::{
        Cause, Chunk, CloseCode, Closed, Config, Event, Fin, Frames, Layer, Message, MessageEvent,
        MessageKind, Messages, PartsLayer, PreparedMessage, Replies, SendError, Streaming, extension,
        opening,
    };
    pub use wirebahn_core::{BackoffOptions, http, proxy};
    #[cfg(feature = "tls")]
    pub use wirebahn_tls as tls;

    pub use crate::{
        ACCEPT_PAUSE, CONNECT_TIMEOUT, ConnectError, Delay, Dialer, OsEntropy, ProxyError, ProxyErrorKind,
        Route, SHUTDOWN_GRACE,
    };
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

    pub use crate::wamp::{
        ArgumentList, Arguments, BoxedError, CallResult, ComponentError, Error, ErrorRegistry, Event,
        Interrupted, IntoInvocationError, IntoReply, InvocationError, JoinError, OpenError, Overflow, Reply,
        RequestError, TypedHandler, WampError, typed,
    };
}
