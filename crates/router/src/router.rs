//! The router, as those who drive it see it.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use slab::Slab;
use wirebahn_core::wamp::message::Goodbye;
use wirebahn_core::wamp::{GoodbyeDetails, Message, Text, Uri, close_reason};
use wirebahn_core::{Entropy, Instant};

use crate::config::BACKLOG_OVERRUN;
use crate::dealer::Call;
use crate::ids::{IdHashKey, IdMap, RandomPool};
use crate::matching::StringHashKey;
use crate::question::Subject;
use crate::queue::Entry;
use crate::realm::{Farewell, Realm};
use crate::session::State;
use crate::sessions::Sessions;
use crate::wall_clock::WallClock;
use crate::{
    CloseReason, Metrics, Outgoing, Question, RouterConfig, SessionKey, SlowConsumers, TransportInfo,
    Violation,
};

/// A broker and dealer for any number of sessions in any number of realms.
///
/// Inputs are the `attach` and `handle_*` methods and [`answer`](Self::answer), in any order. After any of them, and after
/// [`poll_output`](Self::poll_output), there may be something for each of the outputs: [`next_ready`](Self::next_ready)
/// names the connections that have something to send, or that may be read from again; `poll_output` takes it;
/// [`poll_question`](Self::poll_question) is what the router wants to know; [`poll_timeout`](Self::poll_timeout) is when
/// it wants to be called again. Nothing that a peer sends makes an input fail.
///
/// ```
/// use wirebahn_core::wamp::message::Hello;
/// use wirebahn_core::wamp::{Features, HelloDetails, Message, Role, Roles, Serializer, Uri};
/// use wirebahn_core::{Entropy, Instant};
/// use wirebahn_router::{Outgoing, RealmConfig, Router, RouterConfig, TransportInfo};
///
/// # struct Random;
/// # impl Entropy for Random { fn fill(&mut self, out: &mut [u8]) { out.fill(4) } }
/// let mut config = RouterConfig::default();
/// config.realms.push((Uri::from_static("realm1"), RealmConfig::default()));
/// let mut router = Router::new(config, Box::new(Random));
///
/// let now = Instant::ZERO;
/// let key = router.attach(TransportInfo::new(Serializer::Json), now);
/// let mut details = HelloDetails::default();
/// details.roles = Roles::new().with(Role::Subscriber, Features::NONE);
/// let hello = Hello { realm: Some(Uri::from_static("realm1")), details: Box::new(details) };
/// router.handle_message(key, hello.into(), now);
///
/// assert_eq!(router.next_ready(), Some(key));
/// let welcome = router.poll_output(key);
/// assert!(matches!(welcome, Some(Outgoing::Message(message)) if matches!(*message, Message::Welcome(_))));
/// ```
#[derive(Debug)]
pub struct Router {
    pub(crate) config: RouterConfig,
    pub(crate) random: RandomPool,
    pub(crate) string_hash: StringHashKey,
    pub(crate) id_hash: IdHashKey,
    pub(crate) sessions: Sessions,
    pub(crate) realms: Slab<Realm>,
    pub(crate) realm_names: HashMap<Uri, usize, StringHashKey>,
    pub(crate) realms_on_demand: usize,
    pub(crate) calls: Slab<Call>,
    pub(crate) timers: BTreeSet<(Instant, Timer)>,
    pub(crate) questions: VecDeque<Question>,
    pub(crate) open_questions: IdMap<u64, (SessionKey, Subject)>,
    pub(crate) next_question: u64,
    pub(crate) next_subscription: u64,
    pub(crate) next_registration: u64,
    /// The time of the last input.
    pub(crate) now: Instant,
    pub(crate) clock: WallClock,
    /// The subscriptions that a publication matches; kept for the next one.
    pub(crate) matching: Vec<usize>,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// The call in this place has timed out.
    Call(usize),
    /// The session in this slot has to have done something.
    Session(usize),
}

impl Router {
    /// A router without connections.
    ///
    /// Of `entropy`, ids are made which others must not be able to guess, and the keys of hash tables.
    #[must_use]
    pub fn new(config: RouterConfig, entropy: Box<dyn Entropy>) -> Self {
        let mut random = RandomPool::new(entropy);
        let string_hash = StringHashKey::new(random.array());
        let id_hash = IdHashKey::new(random.array());
        let mut router = Self {
            random,
            string_hash,
            id_hash,
            sessions: Sessions::default(),
            realms: Slab::new(),
            realm_names: HashMap::with_hasher(string_hash),
            realms_on_demand: 0,
            calls: Slab::new(),
            timers: BTreeSet::new(),
            questions: VecDeque::new(),
            open_questions: IdMap::with_hasher(id_hash),
            next_question: 0,
            next_subscription: 1,
            next_registration: 1,
            now: Instant::ZERO,
            clock: WallClock::default(),
            matching: Vec::new(),
            config,
        };
        for (name, realm) in std::mem::take(&mut router.config.realms) {
            router.add_realm(name, realm);
        }
        router
    }

    /// Tells the router what date it is, as the time since the beginning of 1970 in UTC. It is what the meta API says
    /// about when subscriptions and registrations were made, and when events in a history were published; nothing else
    /// depends on it. Whoever drives the router tells it once at least, and again if the system's clock may have been set or
    /// the system may have slept since.
    pub fn set_date(&mut self, now: Instant, since_1970: Duration) {
        self.clock = WallClock::new(now, since_1970);
    }

    /// Takes a new connection, on which nothing was received yet.
    pub fn attach(&mut self, transport: TransportInfo, now: Instant) -> SessionKey {
        self.now = now;
        let key = self.sessions.attach(transport);
        self.arm(key.slot, Some(now + self.config.join_timeout));
        key
    }

    /// Takes a message that was received. Does nothing if the connection is not attached any more.
    pub fn handle_message(&mut self, key: SessionKey, message: Message, now: Instant) {
        self.now = now;
        let Some(slot) = self.sessions.slot(key) else { return };
        self.sessions.metrics.messages_received += 1;
        let limits = self.config.backlog;
        match self.sessions.get_mut(slot) {
            Some(session) if session.state == State::Joined && session.must_wait(&message) => {
                if session.backlog.is_full(limits, BACKLOG_OVERRUN) {
                    self.violate(slot, Violation::BacklogFull);
                } else {
                    session.backlog.push(message);
                }
            }
            Some(session) => {
                let (state, waiting) = (session.state, session.backlog.len());
                let is_next = session.waiting.is_none();
                let mut message = message;
                if !is_next || self.check_ids_before(slot, waiting) {
                    self.dispatch(slot, state, &mut message);
                }
            }
            None => {}
        }
        self.settle();
    }

    /// Takes notice of bytes that are no message; `what` says what is wrong with them. The session is aborted.
    pub fn handle_malformed(&mut self, key: SessionKey, what: String, now: Instant) {
        self.now = now;
        let Some(slot) = self.sessions.slot(key) else { return };
        self.violate(slot, Violation::Malformed(what));
        self.settle();
    }

    /// Takes notice that a connection is gone. Its session, if it has one, leaves its realm; what was in its queue is
    /// counted as lost.
    pub fn handle_detach(&mut self, key: SessionKey, now: Instant) {
        self.now = now;
        let Some(slot) = self.sessions.slot(key) else { return };
        self.leave(slot, Farewell::Usual);
        self.discard_queue(slot);
        self.arm(slot, None);
        self.sessions.remove(slot);
        self.settle();
    }

    /// Does what is due. Early and needless calls do nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        while let Some(&(due, timer)) = self.timers.first()
            && due <= now
        {
            self.timers.pop_first();
            match timer {
                Timer::Call(index) => self.time_out_call(index),
                Timer::Session(slot) => self.time_out_session(slot),
            }
            self.settle();
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|&(due, _)| due)
    }

    /// A connection that has something to send now and had nothing before, or that may be read from again.
    #[must_use]
    pub fn next_ready(&mut self) -> Option<SessionKey> {
        self.sessions.next_ready()
    }

    /// What is to be sent on this connection next.
    #[must_use]
    pub fn poll_output(&mut self, key: SessionKey) -> Option<Outgoing> {
        let slot = self.sessions.slot(key)?;
        let Some(entry) = self.sessions.pop(slot) else {
            return self.sessions.get_mut(slot)?.close.take().map(Outgoing::Close);
        };
        self.settle();
        Some(match entry {
            Entry::Message(message) => Outgoing::Message(message),
            Entry::Event(event) => Outgoing::Shared(event),
        })
    }

    /// Whether nothing more should be read from this connection for now, because it has to wait and much is waiting.
    /// [`next_ready`](Self::next_ready) names it when that is over.
    #[must_use]
    pub fn is_held(&self, key: SessionKey) -> bool {
        let session = self.sessions.slot(key).and_then(|slot| self.sessions.get(slot));
        session.is_some_and(|session| session.backlog.is_full(self.config.backlog, 1))
    }

    /// Whether the router has done with this connection: the last of its outputs is [`Outgoing::Close`]. A connection on
    /// which there is no room to send should be closed then, for there may never be any.
    #[must_use]
    pub fn is_closing(&self, key: SessionKey) -> bool {
        let session = self.sessions.slot(key).and_then(|slot| self.sessions.get(slot));
        session.is_some_and(|session| session.close.is_some())
    }

    /// Whether [`poll_question`](Self::poll_question) has one. Those about sessions that are gone are withdrawn, so ask for
    /// one only when it can be answered.
    #[must_use]
    pub fn has_question(&self) -> bool {
        !self.questions.is_empty()
    }

    /// What the router wants to know.
    #[must_use]
    pub fn poll_question(&mut self) -> Option<Question> {
        self.questions.pop_front()
    }

    /// Ends all sessions with GOODBYE, and refuses new ones from then on: realms are gone. Connections are to be closed
    /// when their outputs say so.
    pub fn shut_down(&mut self, now: Instant) {
        self.now = now;
        self.realm_names.clear();
        self.config.realms_on_demand = None;
        for slot in self.sessions.slots() {
            self.expel(slot, close_reason::SYSTEM_SHUTDOWN.into(), None, Farewell::Usual);
        }
        self.settle();
    }

    /// Ends the session of one connection with GOODBYE, as [`shut_down`](Self::shut_down) does for all; a connection
    /// without a session is closed.
    pub fn dismiss(&mut self, key: SessionKey, now: Instant) {
        self.now = now;
        let Some(slot) = self.sessions.slot(key) else { return };
        self.expel(slot, close_reason::SYSTEM_SHUTDOWN.into(), None, Farewell::Usual);
        self.settle();
    }

    /// What was counted.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.sessions.metrics
    }

    /// How many connections are attached.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.sessions.len()
    }

    /// Sends GOODBYE, after which everything but the answer is ignored. A connection without a session is closed at once.
    pub(crate) fn expel(&mut self, slot: usize, reason: Uri, message: Option<Text>, farewell: Farewell) {
        let Some(session) = self.sessions.get(slot) else { return };
        match session.state {
            State::Joined => {
                self.leave(slot, farewell);
                let mut details = GoodbyeDetails::default();
                details.message = message;
                self.sessions.push_last(slot, Goodbye { details, reason });
                self.set_state(slot, State::ShuttingDown);
                self.arm(slot, Some(self.now + self.config.goodbye_timeout));
            }
            State::Opening | State::Challenged => {
                self.refuse_to_join(slot, reason, message.unwrap_or_default());
            }
            State::ShuttingDown | State::Closed => {}
        }
    }

    /// Hands a message to whatever is due in the state of its session, which takes out of it what it needs: messages
    /// are large, and moving them about would be most of the work.
    fn dispatch(&mut self, slot: usize, state: State, message: &mut Message) {
        match state {
            State::Joined => self.route(slot, message, false),
            State::Opening | State::Challenged => self.join(slot, message),
            State::ShuttingDown => match message {
                Message::Goodbye(_) | Message::Abort(_) => self.close(slot, CloseReason::ShutDown),
                _ => self.sessions.metrics.messages_late += 1,
            },
            State::Closed => self.sessions.metrics.messages_late += 1,
        }
    }

    /// Takes on what had to wait and need not any more.
    pub(crate) fn resume(&mut self, slot: usize) {
        loop {
            let limits = self.config.backlog;
            let Some(session) = self.sessions.get_mut(slot) else { return };
            if session.state != State::Joined || session.is_doomed || session.backlog.is_empty() {
                return;
            }
            let was_full = session.backlog.is_full(limits, 1);
            let (waiting, held) = (session.waiting.is_some(), !session.held_by.is_empty());
            if waiting {
                return;
            }
            let next = session
                .backlog
                .position(|message| !held || !matches!(message, Message::Publish(_) | Message::Goodbye(_)));
            let Some(next) = next else { return };
            if !self.check_ids_before(slot, next) {
                return;
            }
            let Some(session) = self.sessions.get_mut(slot) else { return };
            let Some(mut waiting) = session.backlog.remove(next) else { return };
            if was_full && !session.backlog.is_full(limits, 1) {
                self.sessions.make_ready(slot);
            }
            self.route(slot, &mut waiting.message, waiting.is_checked);
        }
    }

    /// Checks the ids of publications that wait, before something goes on that has come after them: ids count in the order
    /// in which they come. Says whether the session may go on.
    fn check_ids_before(&mut self, slot: usize, end: usize) -> bool {
        let Some(session) = self.sessions.get_mut(slot) else { return false };
        let unchecked = session.backlog.take_unchecked(end);
        unchecked.into_iter().all(|id| self.check_id(slot, id))
    }

    /// Does what the last input has made necessary for other sessions, until nothing is left.
    pub(crate) fn settle(&mut self) {
        while !self.sessions.is_settled() {
            if let Some((slot, reason)) = self.sessions.next_doomed() {
                self.close(slot, reason);
            } else if let Some((key, dropped)) = self.sessions.next_dropping() {
                self.announce_drops(key, dropped);
            } else if let Some(key) = self.sessions.next_holding() {
                self.limit_hold(key);
            } else if let Some(slot) = self.sessions.next_released() {
                self.resume(slot);
            }
        }
    }

    /// A session for which publishers wait has to get on in time.
    fn limit_hold(&mut self, key: SessionKey) {
        let Some(slot) = self.sessions.slot(key) else { return };
        let Some(session) = self.sessions.get(slot) else { return };
        if let SlowConsumers::HoldPublishers { at_most } = session.slow
            && !session.holds.is_empty()
        {
            self.arm(slot, Some(self.now + at_most));
        }
    }

    fn time_out_session(&mut self, slot: usize) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        session.deadline = None;
        match session.state {
            State::Opening | State::Challenged => self.close(slot, CloseReason::JoinTimeout),
            State::ShuttingDown => self.close(slot, CloseReason::ShutDown),
            State::Joined if !session.holds.is_empty() => self.close(slot, CloseReason::TooSlow),
            State::Joined | State::Closed => {}
        }
    }

    /// Sets the timer of a session, or stops it.
    pub(crate) fn arm(&mut self, slot: usize, deadline: Option<Instant>) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        if let Some(old) = session.deadline.take() {
            self.timers.remove(&(old, Timer::Session(slot)));
        }
        session.deadline = deadline;
        self.timers.extend(deadline.map(|deadline| (deadline, Timer::Session(slot))));
    }

    pub(crate) fn set_state(&mut self, slot: usize, state: State) {
        if let Some(session) = self.sessions.get_mut(slot) {
            session.state = state;
        }
    }
}
