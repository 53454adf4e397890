//! A session that comes back.

use std::any::Any;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use wirebahn_adapter::OsEntropy;
use wirebahn_adapter::wamp::{Attempts, ComponentError, Error, Event, JoinError, Outcome};
use wirebahn_core::Entropy;
use wirebahn_core::wamp::session::Left;
use wirebahn_core::wamp::{BackoffOptions, Uri, close_reason};

use super::procedure::{Handler, erase};
use super::{Join, Register, Session, Subscribe};
use crate::Network;
use crate::connection::SHUTDOWN_POLL;
use crate::socket::now;

/// What an application is to a router: procedures and subscriptions that are there whenever a session is.
///
/// ```no_run
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// use wirebahn_blocking::wamp::{ComponentEvent, component};
///
/// let shutdown = Arc::new(AtomicBool::new(false));
/// let component = component("ws://127.0.0.1:8080/ws", "realm1")?
///     .register("com.example.add", |(a, b): (i64, i64)| Ok(a + b))
///     .subscribe("com.example.news", |event| println!("{event:?}"))
///     .observe(|event| match event {
///         ComponentEvent::JoinFailed(error) => eprintln!("{error}"),
///         ComponentEvent::Left(left) => eprintln!("{left}"),
///         _ => {}
///     })
///     .end_on(&shutdown);
/// let running = std::thread::spawn(move || component.run());
/// // Whenever it is time to end:
/// shutdown.store(true, Ordering::Release);
/// running.join().expect("nothing in it panics")?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// [`run`](Self::run) joins, registers and subscribes, and does it all again when the session is lost: over each of the
/// transports in turn, waiting longer after each failure. It ends when the application leaves, when a shutdown is
/// requested, and when no transport has any hope left: the realm does not exist, say, or the router does not let us in.
pub struct Component {
    transports: Vec<JoinTransport>,
    backoff: BackoffOptions,
    setups: Vec<Setup>,
    on_join: Option<OnJoin>,
    observer: Option<Observer>,
    shutdown: Option<Arc<AtomicBool>>,
}

/// Joins over one transport.
pub type JoinTransport = Arc<dyn Fn() -> Result<Session, JoinError> + Send + Sync>;

/// What a [`Component`] goes through, for logs.
pub type ComponentEvent<'a> = wirebahn_adapter::wamp::ComponentEvent<'a, Session>;

type Observer = Box<dyn FnMut(ComponentEvent<'_>) + Send>;

/// Registers or subscribes; what it gives is kept for as long as the session lasts.
type Setup = Box<dyn Fn(&Session) -> Result<Box<dyn Any>, Error> + Send + Sync>;

type OnJoin = Box<dyn Fn(Session) -> Result<(), Error> + Send + Sync>;

impl Component {
    /// Joins in one of these ways, tried in turn.
    pub fn new<N: Network>(ways: impl IntoIterator<Item = Join<N>>) -> Self {
        let transport = |way: Join<N>| -> JoinTransport { Arc::new(move || way.clone().join()) };
        Self::over(ways.into_iter().map(transport).collect())
    }

    /// Joins over these transports, tried in turn.
    #[must_use]
    pub fn over(transports: Vec<JoinTransport>) -> Self {
        Self {
            transports,
            backoff: BackoffOptions::default(),
            setups: Vec::new(),
            on_join: None,
            observer: None,
            shutdown: None,
        }
    }

    /// How attempts are spaced, for each transport. Default: without end, 1.5 s after the first failure, each time half as
    /// long again, up to 300 s.
    #[must_use]
    pub const fn backoff(mut self, options: BackoffOptions) -> Self {
        self.backoff = options;
        self
    }

    /// Registers a procedure in every session.
    #[must_use]
    pub fn register<M: 'static, H: Handler<M>>(self, procedure: impl Into<Uri>, handler: H) -> Self {
        self.register_with(procedure, handler, |register| register)
    }

    /// Registers a procedure in every session, with options.
    #[must_use]
    pub fn register_with<M: 'static, H: Handler<M>>(
        mut self,
        procedure: impl Into<Uri>,
        handler: H,
        options: impl Fn(Register) -> Register + Send + Sync + 'static,
    ) -> Self {
        let (procedure, handler) = (procedure.into(), erase(handler));
        self.setups.push(Box::new(move |session| {
            let register = Register::new(session.clone(), procedure.clone(), Arc::clone(&handler));
            Ok(Box::new(options(register).wait()?))
        }));
        self
    }

    /// Subscribes to a topic in every session. Events are handled one after the other, on a thread of the subscription.
    #[must_use]
    pub fn subscribe(self, topic: impl Into<Uri>, handle: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.subscribe_with(topic, handle, |subscribe| subscribe)
    }

    /// Subscribes to a topic in every session, with options.
    #[must_use]
    pub fn subscribe_with(
        mut self,
        topic: impl Into<Uri>,
        handle: impl Fn(Event) + Send + Sync + 'static,
        options: impl Fn(Subscribe) -> Subscribe + Send + Sync + 'static,
    ) -> Self {
        let (topic, handle) = (topic.into(), Arc::new(handle));
        self.setups.push(Box::new(move |session| {
            let subscription = options(session.subscribe(topic.clone())).wait()?;
            let handle = Arc::clone(&handle);
            let handled = subscription.on_event(move |event| handle(event));
            Ok(Box::new(handled.map_err(|error| Error::Thread(Arc::new(error)))?))
        }));
        self
    }

    /// What to do in every session once it is ready, on the thread that runs the component. An error gives the session up,
    /// and joins anew; [`Session::leave`] ends the component.
    ///
    /// A shutdown ends the session, and with it whatever is waited for in it; what waits for something else has to look
    /// for the shutdown by itself.
    #[must_use]
    pub fn on_join(mut self, act: impl Fn(Session) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        self.on_join = Some(Box::new(act));
        self
    }

    /// Is told what the component goes through, for logs.
    #[must_use]
    pub fn observe(mut self, observer: impl FnMut(ComponentEvent<'_>) + Send + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Leaves and ends once `shutdown` is set. An attempt to join that is under way is waited for.
    #[must_use]
    pub fn end_on(mut self, shutdown: &Arc<AtomicBool>) -> Self {
        self.shutdown = Some(Arc::clone(shutdown));
        self
    }

    /// Runs until the application leaves, a shutdown is requested, or no transport has any hope left.
    ///
    /// # Errors
    ///
    /// The last of these.
    pub fn run(self) -> Result<(), ComponentError> {
        self.run_with(Box::new(OsEntropy::default()))
    }

    /// As [`run`](Self::run), with other randomness for the time between attempts than that of the system.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_with(mut self, entropy: Box<dyn Entropy>) -> Result<(), ComponentError> {
        let mut attempts = Attempts::new(self.transports.len(), self.backoff, entropy);
        loop {
            let (at, delay) = attempts.next_attempt()?;
            if self.wait(delay).is_break() {
                return Ok(());
            }
            let outcome = match self.join(at) {
                Ok(session) => self.serve(&session),
                Err(error) => {
                    self.tell(ComponentEvent::JoinFailed(&error));
                    Outcome::JoinFailed(error)
                }
            };
            if attempts.note(at, outcome).is_break() || self.is_ending() {
                return Ok(());
            }
        }
    }

    fn wait(&mut self, delay: Duration) -> ControlFlow<()> {
        if !delay.is_zero() {
            self.tell(ComponentEvent::Waiting(delay));
        }
        let until = now() + delay;
        while !self.is_ending() {
            let left = until.saturating_duration_since(now());
            if left.is_zero() {
                return ControlFlow::Continue(());
            }
            thread::sleep(if self.shutdown.is_some() { left.min(SHUTDOWN_POLL) } else { left });
        }
        ControlFlow::Break(())
    }

    fn join(&self, at: usize) -> Result<Session, JoinError> {
        let transport = self.transports.get(at);
        transport.map_or(Err(JoinError::Unsupported("there is no such transport")), |join| join())
    }

    /// From the beginning of a session to its end.
    fn serve(&mut self, session: &Session) -> Outcome {
        let Some(shutdown) = self.shutdown.clone() else { return self.stay(session) };
        thread::scope(|scope| {
            // Ends the other thread, too, also when this one panics.
            let _ending = LeaveOnDrop(session);
            let leaving = thread::Builder::new().name("wamp component".into());
            match leaving.spawn_scoped(scope, || leave_on(&shutdown, session)) {
                Ok(_) => self.stay(session),
                Err(error) => self.give_up(session, Error::Thread(Arc::new(error))),
            }
        })
    }

    fn stay(&mut self, session: &Session) -> Outcome {
        let mut kept = Vec::with_capacity(self.setups.len());
        for setup in &self.setups {
            match setup(session) {
                Ok(granted) => kept.push(granted),
                Err(error) => return self.give_up(session, error),
            }
        }
        self.tell(ComponentEvent::Ready(session));
        if let Some(on_join) = &self.on_join
            && let Err(error) = on_join(session.clone())
        {
            return self.give_up(session, error);
        }
        self.note_left(&session.ended())
    }

    /// A session in which something failed is of no use; one that has ended in the meantime says why it failed.
    fn give_up(&mut self, session: &Session, error: Error) -> Outcome {
        if self.is_ending() || session.left().is_some() {
            return self.note_left(&session.leave());
        }
        self.tell(ComponentEvent::SetupFailed(&error));
        session.leave();
        Outcome::SetupFailed(error)
    }

    fn note_left(&mut self, left: &Arc<Left>) -> Outcome {
        self.tell(ComponentEvent::Left(left));
        Outcome::of(Arc::clone(left))
    }

    fn is_ending(&self) -> bool {
        self.shutdown.as_ref().is_some_and(|shutdown| shutdown.load(Ordering::Acquire))
    }

    fn tell(&mut self, event: ComponentEvent<'_>) {
        if let Some(observer) = &mut self.observer {
            observer(event);
        }
    }
}

/// Leaves the session once `shutdown` is set; comes back when it has ended, in whatever way.
fn leave_on(shutdown: &AtomicBool, session: &Session) {
    while session.ended_timeout(SHUTDOWN_POLL).is_err() {
        if shutdown.load(Ordering::Acquire) {
            session.leave();
        }
    }
}

struct LeaveOnDrop<'a>(&'a Session);

impl Drop for LeaveOnDrop<'_> {
    fn drop(&mut self) {
        self.0.start_leave(close_reason::CLOSE_REALM, None);
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("transports", &self.transports.len())
            .field("backoff", &self.backoff)
            .field("setups", &self.setups.len())
            .finish_non_exhaustive()
    }
}
