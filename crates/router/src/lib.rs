//! A WAMP router: broker and dealer, as a pure state machine.
//!
//! No I/O, no clock, no entropy of its own, no threads: messages and time go in, messages for each session come out.
//! What drives it (`wirebahn-node`, or a program that embeds a router) moves the messages.
//!
//! * [`Router`] is everything: connections are attached to it, their messages handed in, and what it has to say to each
//!   of them is taken out.
//! * [`RouterConfig`] and [`RealmConfig`] say what is allowed, and what the limits are.
//! * [`Question`] is how it asks who may join and who may do what. Nobody but the session concerned waits for the answer.
//! * [`SharedEvent`] is one EVENT for all its receivers, encoded once.
//! * [`matching`] finds the subscriptions and registrations that a URI matches.
//!
//! Inside, `realm` is joining and leaving, `broker` events, `dealer` calls, `meta` what sessions can ask the router itself.
#![forbid(unsafe_code)]

mod broker;
mod close_reason;
mod config;
mod dealer;
mod ids;
pub mod matching;
mod meta;
mod metrics;
mod outgoing;
mod question;
mod queue;
mod realm;
mod request;
mod router;
mod session;
mod sessions;
mod shared_event;
mod trace;
mod traffic;
mod wall_clock;
mod weight;

pub use close_reason::{CloseReason, Violation};
pub use config::{
    Authentication, Authorization, BacklogLimits, Disclosure, HistoryConfig, MetaApi, QueueLimits,
    RealmConfig, RequestIdCheck, RetainedLimits, RouterConfig, SessionLimits, SlowConsumers,
};
pub use metrics::{Metrics, RealmSnapshot};
pub use outgoing::{Instead, Outgoing};
pub use question::{
    Action, Answer, AnswerError, Authenticate, Authorize, Question, QuestionId, QuestionKind,
};
pub use router::Router;
pub use session::{Identity, SessionKey, TransportInfo};
pub use shared_event::{SharedEvent, SharedFrame};
pub use traffic::{MessageCounts, Traffic};
