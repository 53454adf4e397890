//! The names that adapters hand on to their users.

/// At the root of an adapter.
pub mod websocket {
    pub use wirebahn_core::websocket::{
        Cause, Chunk, CloseCode, Closed, Config, Event, Fin, Frames, Layer, Message, MessageEvent,
        MessageKind, Messages, PartsLayer, PreparedMessage, Replies, SendError, Streaming,
        byte_stream::ByteEncoding, extension, opening,
    };
    pub use wirebahn_core::{http, proxy};
    #[cfg(feature = "tls")]
    pub use wirebahn_tls as tls;

    pub use crate::{
        ACCEPT_PAUSE, CONNECT_TIMEOUT, ConnectError, Delay, Dialer, Duplex, OsEntropy, ProxyError,
        ProxyErrorKind, Route, SHUTDOWN_GRACE, ServerHandle, TimedOut, TryClone, accept, connect_on, receive,
    };
}

/// In its module `wamp`.
#[cfg(feature = "wamp")]
pub mod wamp {
    pub use wirebahn_adapter::wamp::{
        ArgumentList, Arguments, BoxedError, CallResult, ComponentError, Error, ErrorConversion,
        ErrorRegistry, Event, Interrupted, IntoInvocationError, IntoReply, InvocationError, JoinError,
        OpenError, Overflow, OwnUri, Reply, RequestError, TypedHandler, WampError, typed,
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

    #[cfg(feature = "router")]
    pub use crate::wamp::Router;
    pub use crate::wamp::{
        Call, Canceler, Component, ComponentEvent, Handled, Handler, Invocation, JoinTransport,
        PROCEDURE_THREADS, ProgressSender, Publish, Register, Registration, Session, StartedCall, Subscribe,
        Subscription,
    };
}
