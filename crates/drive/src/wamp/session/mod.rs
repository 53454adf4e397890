//! The handle of a session, and what can be asked with it.

mod call;
mod handler;
mod invocation;
mod publish;
mod register;
mod request;
mod subscribe;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use serde::Serialize;
use wirebahn_core::wamp::message::Welcome;
use wirebahn_core::wamp::session::{Challenge, Left};
use wirebahn_core::wamp::{Dict, Feature, Role, Serializer, SessionId, Text, Uri, close_reason};

pub use call::{Call, CallFuture, CallStream};
pub use handler::Handler;
pub(crate) use handler::{Procedure, run_procedure};
pub(crate) use invocation::InvocationState;
pub use invocation::{Invocation, ProgressSender};
pub use publish::{Publish, PublishAcknowledged, PublishFuture};
pub use register::{Register, RegisterFuture, Registration};
pub(crate) use subscribe::EventQueue;
pub use subscribe::{Handled, Subscribe, SubscribeFuture, Subscription};

use super::shared::{Shared, State, Watch};
use super::{ArgumentList, Arguments, Error};

/// A session with a router: cheap to clone, used from many tasks at once.
///
/// What is asked is a builder that is awaited. Everything is cancel-safe: a future that is dropped before it is done
/// leaves nothing behind, and a call that is dropped is canceled.
///
/// The session ends with [`leave`](Self::leave), and when its last handle is dropped; subscriptions and registrations are
/// handles, too.
#[derive(Clone)]
pub struct Session {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { handle: Arc::new(Handle { shared }) }
    }

    /// Calls a procedure with a list of arguments: a tuple, an array, a `Vec`, or `()` for none.
    ///
    /// Awaiting it gives the first argument of the result, decoded into whatever type is wanted.
    /// [`Call::result`] has all of it.
    ///
    /// ```
    /// # use wirebahn_drive::wamp::{Error, Session};
    /// # async fn run(session: Session) -> Result<(), Error> {
    /// let sum: i64 = session.call("com.example.add", (2, 3)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<A: Serialize, T>(&self, procedure: impl Into<Uri>, args: A) -> Call<A, (), T> {
        Call::new(self.clone(), procedure.into(), args)
    }

    /// Calls a procedure with arguments that were put together one by one. All else is as with [`call`](Self::call).
    pub fn call_with<T>(
        &self,
        procedure: impl Into<Uri>,
        arguments: Arguments,
    ) -> Call<ArgumentList, Dict, T> {
        let (args, kwargs) = arguments.into_parts();
        self.call(procedure, args).kwargs(kwargs)
    }

    /// Publishes an event with a list of arguments: a tuple, an array, a `Vec`, or `()` for none.
    ///
    /// Awaiting it waits for room, not for the router; [`Publish::acknowledge`] waits for that.
    ///
    /// ```
    /// # use wirebahn_drive::wamp::{Error, Session};
    /// # async fn run(session: Session) -> Result<(), Error> {
    /// session.publish("com.example.news", ("Hello",)).await?;
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

    /// Subscribes to a topic. Awaiting it gives a [`Subscription`], which is a stream of events.
    ///
    /// ```
    /// # use wirebahn_drive::wamp::{Error, Session};
    /// # async fn run(session: Session) -> Result<(), Error> {
    /// let mut news = session.subscribe("com.example.news").await?;
    /// while let Some(event) = news.next().await {
    ///     let (text,): (String,) = event.args()?;
    ///     println!("{text}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn subscribe(&self, topic: impl Into<Uri>) -> Subscribe {
        Subscribe::new(self.clone(), topic.into())
    }

    /// Registers a procedure. The handler takes the arguments as a tuple, and perhaps the [`Invocation`] behind it, and
    /// gives a `Result`. Awaiting it gives a [`Registration`]; dropping that ends it.
    ///
    /// ```
    /// # use wirebahn_drive::wamp::{Error, Session};
    /// # async fn run(session: Session) -> Result<(), Error> {
    /// let add = |(a, b): (i64, i64)| async move { Ok(a + b) };
    /// let registration = session.register("com.example.add", add).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn register<M: 'static, H: Handler<M>>(&self, procedure: impl Into<Uri>, handler: H) -> Register {
        self.register_prepared(procedure.into(), Register::prepare(handler))
    }

    /// Registers a handler that is used again.
    pub(crate) fn register_prepared(&self, procedure: Uri, handler: Arc<dyn Procedure>) -> Register {
        Register::new(self.clone(), procedure, handler)
    }

    /// Waits until the session has begun; at once if it has.
    ///
    /// # Errors
    ///
    /// How the session ended instead. A CHALLENGE that nobody answers ends it, after a while.
    pub fn joined(&self) -> JoinFuture {
        JoinFuture { session: self.clone(), watch: self.shared().watch(beginning) }
    }

    /// The next CHALLENGE of the router; `None` once the session has begun or ended. Answer with
    /// [`authenticate`](Self::authenticate).
    pub fn challenge(&self) -> impl Future<Output = Option<Challenge>> + Send + use<> {
        self.shared().watch(|state| match state.take_challenge() {
            Some(challenge) => Some(Some(challenge)),
            None => (state.joined.is_some() || state.left.is_some()).then_some(None),
        })
    }

    /// Answers a CHALLENGE.
    ///
    /// # Errors
    ///
    /// None waits for an answer.
    pub fn authenticate(&self, signature: impl Into<Text>, extra: Dict) -> Result<(), Error> {
        let signature = signature.into();
        Ok(self.shared().operate(|state| state.session.authenticate(signature, extra))?)
    }

    /// Says GOODBYE and waits until the session has ended; gives how. A session that has ended already says how it did.
    ///
    /// Takes no longer than [`SessionConfig::leave_timeout`](wirebahn_core::wamp::session::SessionConfig::leave_timeout).
    pub async fn leave(&self) -> Arc<Left> {
        self.start_leave(close_reason::CLOSE_REALM, None);
        self.ended().await
    }

    /// Says GOODBYE with a reason, and perhaps an explanation; [`ended`](Self::ended) waits for what follows.
    pub fn start_leave(&self, reason: impl Into<Uri>, message: Option<Text>) {
        let (reason, now) = (reason.into(), (self.shared().clock)());
        self.shared().operate(|state| state.session.leave_or_abort(reason, message, now));
    }

    /// Waits for the end of the session, and gives how it came about.
    pub fn ended(&self) -> impl Future<Output = Arc<Left>> + Send + use<> {
        self.shared().watch(|state| state.left.clone())
    }

    /// How the session ended, if it has.
    #[must_use]
    pub fn left(&self) -> Option<Arc<Left>> {
        self.shared().lock().left.clone()
    }

    /// The number of the session, once it has begun.
    #[must_use]
    pub fn id(&self) -> Option<SessionId> {
        self.shared().lock().session.id()
    }

    /// What the router said in WELCOME, once the session has begun: who we are, and what it can do.
    #[must_use]
    pub fn welcome(&self) -> Option<Arc<Welcome>> {
        self.shared().lock().joined.clone()
    }

    /// Whether the router has announced a feature.
    #[must_use]
    pub fn router_has(&self, role: Role, feature: Feature) -> bool {
        self.shared().lock().session.router_roles().has_feature(role, feature)
    }

    /// The serializer that is spoken.
    #[must_use]
    pub fn serializer(&self) -> Serializer {
        self.shared().serializer
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

/// Waits until a session has begun; see [`Session::joined`].
#[must_use = "futures do nothing unless awaited"]
pub struct JoinFuture {
    session: Session,
    watch: Watch<fn(&mut State) -> Option<Beginning>>,
}

type Beginning = Result<Arc<Welcome>, Arc<Left>>;

fn beginning(state: &mut State) -> Option<Beginning> {
    match (&state.left, &state.joined) {
        (Some(left), _) => Some(Err(Arc::clone(left))),
        (None, Some(welcome)) => Some(Ok(Arc::clone(welcome))),
        (None, None) => None,
    }
}

impl Future for JoinFuture {
    type Output = Result<Arc<Welcome>, Arc<Left>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.watch).poll(cx)
    }
}

impl fmt::Debug for JoinFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinFuture").field("session", &self.session).finish_non_exhaustive()
    }
}

/// The last handle is gone: nobody can ask for anything any more.
impl Drop for Handle {
    fn drop(&mut self) {
        let now = (self.shared.clock)();
        let reason = Uri::from_static(close_reason::CLOSE_REALM);
        self.shared.operate(|state| state.session.leave_or_abort(reason, None, now));
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.handle.shared, f)
    }
}
