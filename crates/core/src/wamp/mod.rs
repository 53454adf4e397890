//! The Web Application Messaging Protocol, version 2: publish and subscribe, and routed remote procedure calls.
//!
//! From the bottom up: what messages are, and how they become bytes; [`link`], which carries them over WebSocket or
//! RawSocket; [`session`], the client's state machine; and [`Peer`], a session over a link, which is an
//! [`Engine`](crate::Engine).
//!
//! * [`Message`] is any of the messages of the protocol, which are in [`message`], each a struct of its elements. Options
//!   and details are structs of the keys that they can have.
//! * [`Payload`] is the arguments of a message as they came. Nothing decodes them until somebody asks, and then serde
//!   decodes them straight into the application's types; [`Value`] is there for those who do not know the types.
//! * [`Serializer`] makes bytes of messages, and messages of bytes.
//! * [`SessionId`] and the other identifiers, [`Uri`] with [`UriPolicy`] and [`MatchPolicy`], [`Roles`] with their
//!   [`Features`]; [`error_uri`] and [`close_reason`] have the names that everybody knows.

pub mod close_reason;
pub mod error_uri;
mod id;
pub mod link;
pub mod message;
mod options;
mod payload;
mod peer;
mod roles;
mod serde;
mod serializer;
pub mod session;
mod text;
mod uri;
mod url;
mod value;

pub use self::serde::{DecodeError, EncodeError};
pub use crate::backoff::{Backoff, BackoffOptions};
pub use id::{
    IdOutOfRange, MAX_ID, PublicationId, RegistrationId, RequestId, RequestIds, SessionId, SubscriptionId,
};
pub use message::{ElementError, MAX_LIST_LEN, MAX_VALUES, Message, MessageError, MessageType, RequestType};
pub use options::{
    AbortDetails, CallOptions, CancelMode, CancelOptions, EncAlgo, ErrorDetails, EventDetails, Forwarder,
    GoodbyeDetails, HelloDetails, InterruptOptions, InvocationDetails, InvocationPolicy, PayloadPassthru,
    PublishOptions, Receivers, RegisterOptions, ResultDetails, SubscribeOptions, UnregisterOptions,
    UnregisteredDetails, UnsubscribeOptions, UnsubscribedDetails, WelcomeDetails, YieldOptions,
};
pub use payload::Payload;
pub use peer::Peer;
pub use roles::{Feature, Features, Role, Roles};
pub use serializer::{
    Batch, BatchError, Batching, MAX_DEPTH, Serializer, Subprotocol, SyntaxError, SyntaxErrorKind,
};
pub use text::Text;
pub use uri::{MatchPolicy, Uri, UriError, UriPolicy, compare_precedence};
pub use url::{RouterUrl, RouterUrlError};
pub use value::{Dict, Integer, Value, ValueMismatch};
