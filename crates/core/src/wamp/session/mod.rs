//! The client's side of a session: joining, and everything that can be asked, answered and told until it ends.
//!
//! * `establish`: from HELLO to WELCOME; `closing`: every way to the end.
//! * `requests`: what was asked and waits for an answer; `operations` asks, `replies` takes the answers.
//! * `callee`: invocations. `timers`: joining, leaving, and calls that take too long.

mod callee;
mod closing;
mod config;
mod establish;
mod event;
mod operation_error;
mod operations;
mod replies;
mod requests;
mod timers;
mod violation;

use alloc::collections::{BTreeMap, VecDeque};

pub use config::{SessionConfig, SessionLimits, client_roles};
pub use event::{Challenge, Initiator, Left, LeftCause, SessionEvent, SessionTimer};
pub use operation_error::OperationError;
pub use violation::SessionViolation;

use callee::Invocations;
use requests::Requests;
use timers::Timers;

use super::link::Malformed;
use super::{Feature, Message, RequestIds, Role, Roles, SessionId, SubscriptionId, Uri};
use crate::Instant;

/// A client's session with a router, as a pure state machine over messages.
///
/// ```text
///   HELLO ──▶ Joining ──WELCOME──▶ Joined ──leave()──▶ Leaving ──GOODBYE──▶ Ended
///               │  ▲                  │                   │
///      CHALLENGE▼  │authenticate()    ├── GOODBYE, ABORT, violation, end of the transport ──▶ Ended
///              Challenged             ▼
/// ```
///
/// Messages of the router go in with [`handle_message`](Self::handle_message); messages for it come out of
/// [`poll_message`](Self::poll_message), what the application should know out of [`poll_event`](Self::poll_event).
/// Operations return the number of the request, which the event that answers it has again, or an error that changes
/// nothing.
///
/// Replies that come too late, because the call was canceled or timed out in the meantime, are dropped. Messages that no
/// router may send now are violations: the session ends with ABORT.
///
/// ```
/// use wirebahn_core::Instant;
/// use wirebahn_core::wamp::session::{Session, SessionConfig, SessionEvent};
/// use wirebahn_core::wamp::message::{Message, Welcome};
/// use wirebahn_core::wamp::{Features, Role, Roles, SessionId, WelcomeDetails};
///
/// let now = Instant::ZERO;
/// let mut session = Session::new(SessionConfig::new("realm1"), now);
/// assert!(matches!(session.poll_message(), Some(Message::Hello(_))));
///
/// let mut details = WelcomeDetails::default();
/// details.roles = Roles::new().with(Role::Broker, Features::NONE).with(Role::Dealer, Features::NONE);
/// let welcome = Welcome { session: SessionId::new(7)?, details: Box::new(details) };
/// session.handle_message(welcome.into(), now);
/// assert!(matches!(session.poll_event(), Some(SessionEvent::Joined(_))));
/// # Ok::<(), wirebahn_core::wamp::IdOutOfRange>(())
/// ```
#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    state: State,
    /// What the router announced.
    router: Roles,
    id: Option<SessionId>,
    ids: RequestIds,
    requests: Requests,
    invocations: Invocations,
    subscriptions: BTreeMap<SubscriptionId, Grant>,
    timers: Timers,
    outgoing: VecDeque<Message>,
    /// How many of them are errors that answer invocations.
    refusals: usize,
    events: VecDeque<SessionEvent>,
    /// How long a message may be that the transport takes.
    max_message_len: u64,
    /// Answers to requests that did not wait for any more.
    late: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// HELLO was sent.
    Joining,
    /// A CHALLENGE waits for the application's answer.
    Challenged,
    Joined,
    /// Our GOODBYE was sent.
    Leaving,
    Ended,
}

/// A subscription that the router has granted, once or several times: it has one id for each pair of topic and policy.
#[derive(Debug)]
struct Grant {
    topic: Uri,
    match_policy: super::MatchPolicy,
    /// How many times it was granted and not given back.
    holders: u32,
}

impl Session {
    /// Queues HELLO.
    #[must_use]
    pub fn new(config: SessionConfig, now: Instant) -> Self {
        let mut session = Self {
            timers: Timers::default(),
            invocations: Invocations::new(config.limits.max_invocations),
            config,
            state: State::Joining,
            router: Roles::new(),
            id: None,
            ids: RequestIds::new(),
            requests: Requests::default(),
            subscriptions: BTreeMap::new(),
            outgoing: VecDeque::new(),
            refusals: 0,
            events: VecDeque::new(),
            max_message_len: u64::MAX,
            late: 0,
        };
        session.say_hello(now);
        session
    }

    /// A message of the router. Poll again afterwards: messages, events and the timeout.
    pub fn handle_message(&mut self, message: Message, now: Instant) {
        match self.state {
            State::Joining | State::Challenged => self.handle_before_joined(message, now),
            State::Joined => self.handle_joined(message, now),
            State::Leaving => self.handle_leaving(message),
            State::Ended => {}
        }
    }

    /// The router sent something that is no message: the session ends with ABORT.
    pub fn handle_malformed(&mut self, malformed: Malformed) {
        self.fail(SessionViolation::Malformed(malformed));
    }

    /// The transport has ended.
    pub fn handle_disconnect(&mut self) {
        self.end(LeftCause::TransportLost);
    }

    /// The deadline of [`poll_timeout`](Self::poll_timeout) has passed. Early and spurious calls are no-ops.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.run_timers(now);
    }

    /// The next message for the router.
    #[must_use]
    pub fn poll_message(&mut self) -> Option<Message> {
        let message = self.outgoing.pop_front()?;
        self.refusals -= usize::from(is_refusal(&message));
        Some(message)
    }

    /// The next event. The last one is [`SessionEvent::Left`].
    #[must_use]
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is wanted next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The number of the session, once it is joined.
    #[must_use]
    pub const fn id(&self) -> Option<SessionId> {
        self.id
    }

    /// What the router announced in WELCOME.
    #[must_use]
    pub const fn router_roles(&self) -> &Roles {
        &self.router
    }

    /// Whether requests can be made.
    #[must_use]
    pub const fn is_joined(&self) -> bool {
        matches!(self.state, State::Joined)
    }

    /// Whether the session has ended; the last event may still wait to be polled.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// How long a message may be, as the transport says. Default: any length. Operations check their payloads against it.
    pub const fn set_max_message_len(&mut self, limit: u64) {
        self.max_message_len = limit;
    }

    /// How many messages wait to be polled.
    #[must_use]
    pub fn queued_messages(&self) -> usize {
        self.outgoing.len()
    }

    /// How many answers came to requests that did not wait for any more.
    #[must_use]
    pub const fn late_replies(&self) -> u64 {
        self.late
    }

    fn dealer_has(&self, feature: Feature) -> bool {
        self.router.has_feature(Role::Dealer, feature)
    }

    fn send(&mut self, message: impl Into<Message>) {
        let message = message.into();
        self.refusals += usize::from(is_refusal(&message));
        self.outgoing.push_back(message);
    }
}

const fn is_refusal(message: &Message) -> bool {
    matches!(message, Message::Error(_))
}
