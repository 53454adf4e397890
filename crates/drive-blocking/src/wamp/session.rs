//! The handle of a session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use wirebahn_adapter::wamp::{ArgumentList, Arguments, Error};
use wirebahn_core::wamp::message::Welcome;
use wirebahn_core::wamp::session::{Challenge, Left};
use wirebahn_core::wamp::{Dict, Feature, Role, Serializer, SessionId, Text, Uri, close_reason};

use super::call::Call;
use super::procedure::{Handler, erase};
use super::publish::Publish;
use super::register::Register;
use super::shared::Shared;
use super::subscribe::Subscribe;
use crate::TimedOut;
use crate::socket::now;

/// A session with a router: cheap to clone, used from many threads at once.
///
/// What is asked is a builder, and waits for its answer when it is told to. A thread of the session reads what the router
/// sends; whoever asks something sends it himself.
///
/// The session ends with [`leave`](Self::leave), and when its last handle is dropped; subscriptions and registrations are
/// handles, too. A program that only drops its handles before it ends may end before the router has been told.
#[derive(Clone)]
pub struct Session {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { handle: Arc::new(Handle { shared }) }
    }

    /// Calls a procedure with a list of arguments: a tuple, an array, a `Vec`, or `()` for none.
    ///
    /// [`Call::wait`] gives the first argument of the result, decoded into whatever type is wanted; [`Call::result`] has
    /// all of it, and [`Call::start`] does not wait.
    ///
    /// ```no_run
    /// # use wirebahn_blocking::wamp::{Error, Session};
    /// # fn run(session: Session) -> Result<(), Error> {
    /// let sum: i64 = session.call("com.example.add", (2, 3)).wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<A: Serialize>(&self, procedure: impl Into<Uri>, args: A) -> Call<A, ()> {
        Call::new(self.clone(), procedure.into(), args)
    }

    /// Calls a procedure with arguments that were put together one by one. All else is as with [`call`](Self::call).
    ///
    /// ```no_run
    /// # use wirebahn_blocking::wamp::{Arguments, Error, Session};
    /// # fn run(session: Session) -> Result<(), Error> {
    /// let arguments = Arguments::new().arg("tea").kwarg("degrees", 80);
    /// let answer: String = session.call_with("com.example.brew", arguments).wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call_with(&self, procedure: impl Into<Uri>, arguments: Arguments) -> Call<ArgumentList, Dict> {
        let (args, kwargs) = arguments.into_parts();
        self.call(procedure, args).kwargs(kwargs)
    }

    /// Publishes an event with a list of arguments: a tuple, an array, a `Vec`, or `()` for none.
    ///
    /// [`Publish::send`] waits for room, not for the router; [`Publish::acknowledge`] waits for that.
    ///
    /// ```no_run
    /// # use wirebahn_blocking::wamp::{Error, Session};
    /// # fn run(session: Session) -> Result<(), Error> {
    /// session.publish("com.example.news", ("Hello",)).send()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn publish<A: Serialize>(&self, topic: impl Into<Uri>, args: A) -> Publish<A, ()> {
        Publish::new(self.clone(), topic.into(), args)
    }

    /// Publishes an event with arguments that were put together one by one. All else is as with
    /// [`publish`](Self::publish).
    pub fn publish_with(&self, topic: impl Into<Uri>, arguments: Arguments) -> Publish<ArgumentList, Dict> {
        let (args, kwargs) = arguments.into_parts();
        self.publish(topic, args).kwargs(kwargs)
    }

    /// Subscribes to a topic. [`Subscribe::wait`] gives a [`Subscription`](super::Subscription), which is an iterator of
    /// events.
    ///
    /// ```no_run
    /// # use wirebahn_blocking::wamp::Session;
    /// # fn run(session: Session) -> Result<(), Box<dyn std::error::Error>> {
    /// for event in session.subscribe("com.example.news").wait()? {
    ///     let (text,): (String,) = event.args()?;
    ///     println!("{text}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn subscribe(&self, topic: impl Into<Uri>) -> Subscribe {
        Subscribe::new(self.clone(), topic.into())
    }

    /// Registers a procedure. The handler takes the arguments as a tuple, and perhaps the
    /// [`Invocation`](super::Invocation) behind it, and gives a `Result`. [`Register::wait`] gives a
    /// [`Registration`](super::Registration); dropping that ends it.
    ///
    /// ```no_run
    /// # use wirebahn_blocking::wamp::{Error, Session};
    /// # fn run(session: Session) -> Result<(), Error> {
    /// let add = |(a, b): (i64, i64)| Ok(a + b);
    /// let registration = session.register("com.example.add", add).threads(2).wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn register<M: 'static, H: Handler<M>>(&self, procedure: impl Into<Uri>, handler: H) -> Register {
        Register::new(self.clone(), procedure.into(), erase(handler))
    }

    /// Says GOODBYE and waits until the session has ended; gives how. A session that has ended already says how it did.
    ///
    /// Takes no longer than [`SessionConfig::leave_timeout`](wirebahn_core::wamp::session::SessionConfig::leave_timeout).
    pub fn leave(&self) -> Arc<Left> {
        self.start_leave(close_reason::CLOSE_REALM, None);
        self.ended()
    }

    /// Says GOODBYE with a reason, and perhaps an explanation; [`ended`](Self::ended) waits for what follows.
    pub fn start_leave(&self, reason: impl Into<Uri>, message: Option<Text>) {
        start_leave(self.shared(), reason.into(), message);
    }

    /// Waits for the end of the session, and gives how it came about.
    pub fn ended(&self) -> Arc<Left> {
        self.shared().watch(|state| state.extra.left.clone())
    }

    /// As [`ended`](Self::ended), for `limit` at most.
    ///
    /// # Errors
    ///
    /// The session has not ended in time.
    pub fn ended_timeout(&self, limit: Duration) -> Result<Arc<Left>, TimedOut> {
        let left = self.shared().watch_until(now() + limit, |state| state.extra.left.clone());
        left.ok_or(TimedOut)
    }

    /// How the session ended, if it has.
    #[must_use]
    pub fn left(&self) -> Option<Arc<Left>> {
        self.shared().lock().extra.left.clone()
    }

    /// The number of the session.
    #[must_use]
    pub fn id(&self) -> Option<SessionId> {
        self.shared().lock().engine.session().id()
    }

    /// What the router said in WELCOME: who we are, and what it can do.
    #[must_use]
    pub fn welcome(&self) -> Option<Arc<Welcome>> {
        self.shared().lock().extra.joined.clone()
    }

    /// Whether the router has announced a feature.
    #[must_use]
    pub fn router_has(&self, role: Role, feature: Feature) -> bool {
        self.shared().lock().engine.session().router_roles().has_feature(role, feature)
    }

    /// The serializer that is spoken.
    #[must_use]
    pub fn serializer(&self) -> Serializer {
        self.shared().serializer
    }

    /// Waits until the session has begun.
    pub(super) fn joined(&self) -> Result<(), Arc<Left>> {
        self.shared().watch(|state| match (&state.extra.left, &state.extra.joined) {
            (Some(left), _) => Some(Err(Arc::clone(left))),
            (None, Some(_)) => Some(Ok(())),
            (None, None) => None,
        })
    }

    /// Waits for the next CHALLENGE of the router; `None` once the session has begun or ended.
    pub(super) fn challenge(&self) -> Option<Challenge> {
        self.shared().watch(|state| match state.extra.challenge.take() {
            Some(challenge) => Some(Some(challenge)),
            None => (state.extra.joined.is_some() || state.extra.left.is_some()).then_some(None),
        })
    }

    pub(super) fn authenticate(&self, signature: Text, extra: Dict) -> Result<(), Error> {
        Ok(self.shared().operate(None, |state| state.engine.session().authenticate(signature, extra))?)
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

fn start_leave(shared: &Arc<Shared>, reason: Uri, message: Option<Text>) {
    shared.operate_in_passing(|state| state.engine.session().leave_or_abort(reason, message, now()));
}

/// The last handle is gone: nobody can ask for anything any more.
impl Drop for Handle {
    fn drop(&mut self) {
        start_leave(&self.shared, Uri::from_static(close_reason::CLOSE_REALM), None);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.handle.shared, f)
    }
}
