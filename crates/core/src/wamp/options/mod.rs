//! The dicts in messages: options of requests, details of everything else.
//!
//! A key that has its default is not written. Keys that are not known here are kept in `extra`, since the specification
//! wants them ignored, not refused; private ones begin with `x_` or `_`.

mod common;
pub(crate) mod keys;
mod pubsub;
mod rpc;
mod session;

pub use common::{EncAlgo, Forwarder, PayloadPassthru};
pub use pubsub::{
    EventDetails, PublishOptions, Receivers, SubscribeOptions, UnsubscribeOptions, UnsubscribedDetails,
};
pub use rpc::{
    CallOptions, CancelMode, CancelOptions, ErrorDetails, InterruptOptions, InvocationDetails,
    InvocationPolicy, RegisterOptions, ResultDetails, UnregisterOptions, UnregisteredDetails, YieldOptions,
};
pub use session::{AbortDetails, GoodbyeDetails, HelloDetails, WelcomeDetails};
