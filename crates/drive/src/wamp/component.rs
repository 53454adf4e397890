//! A session that comes back.

use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use wirebahn_adapter::wamp::{Attempts, ComponentError, Outcome};
use wirebahn_core::Entropy;
use wirebahn_core::wamp::{BackoffOptions, Uri};

use super::{Error, Event, Handler, Join, JoinError, Register, Session, Subscribe};
use crate::shutdown::ShutdownWatch;
use crate::{Network, OsEntropy, Runtime, Shutdown, sleep};

/// What an application is to a router: procedures and subscriptions that are there whenever a session is.
///
/// [`run`](Self::run) joins, registers and subscribes, and does it all again when the session is lost: over each of the
/// transports in turn, waiting longer after each failure. It ends when the application leaves, when a shutdown is
/// requested, and when no transport has any hope left: the realm does not exist, say, or the router does not let us in.
///
/// Adapters name it without the parameter.
pub struct Component<R> {
    transports: Vec<JoinTransport>,
    backoff: BackoffOptions,
    setups: Vec<Setup>,
    on_join: Option<OnJoin>,
    observer: Option<Observer>,
    shutdown: Option<Shutdown>,
    runtime: PhantomData<fn() -> R>,
}

/// Joins over one transport.
pub type JoinTransport = Arc<dyn Fn() -> JoinTransportFuture + Send + Sync>;

/// A session, or why there is none.
pub type JoinTransportFuture = Pin<Box<dyn Future<Output = Result<Session, JoinError>> + Send>>;

type Observer = Box<dyn FnMut(ComponentEvent<'_>) + Send>;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Registers or subscribes; what it gives is kept for as long as the session lasts.
type Setup = Box<dyn Fn(Session) -> BoxFuture<Result<Box<dyn Any + Send>, Error>> + Send + Sync>;

type OnJoin = Box<dyn Fn(Session) -> BoxFuture<Result<(), Error>> + Send + Sync>;

/// What a [`Component`] goes through, for logs.
pub type ComponentEvent<'a> = wirebahn_adapter::wamp::ComponentEvent<'a, Session>;

impl<N: Network> Component<N> {
    /// Joins in one of these ways, tried in turn.
    pub fn new(ways: impl IntoIterator<Item = Join<N>>) -> Self {
        let transport = |way: Join<N>| -> JoinTransport { Arc::new(move || Box::pin(way.clone().join())) };
        Self::over(ways.into_iter().map(transport).collect())
    }
}

impl<R: Runtime> Component<R> {
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
            runtime: PhantomData,
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
        let (procedure, handler) = (procedure.into(), Register::prepare(handler));
        self.setups.push(Box::new(move |session| {
            let register = options(session.register_prepared(procedure.clone(), Arc::clone(&handler)));
            Box::pin(async move { Ok(Box::new(register.await?) as Box<dyn Any + Send>) })
        }));
        self
    }

    /// Subscribes to a topic in every session.
    #[must_use]
    pub fn subscribe<F>(
        self,
        topic: impl Into<Uri>,
        handle: impl Fn(Event) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.subscribe_with(topic, handle, |subscribe| subscribe)
    }

    /// Subscribes to a topic in every session, with options.
    #[must_use]
    pub fn subscribe_with<F>(
        mut self,
        topic: impl Into<Uri>,
        handle: impl Fn(Event) -> F + Send + Sync + 'static,
        options: impl Fn(Subscribe) -> Subscribe + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (topic, handle) = (topic.into(), Arc::new(handle));
        self.setups.push(Box::new(move |session| {
            let subscribe = options(session.subscribe(topic.clone()));
            let handle = Arc::clone(&handle);
            Box::pin(async move {
                let handled = subscribe.await?.on_event(move |event| handle(event));
                Ok(Box::new(handled) as Box<dyn Any + Send>)
            })
        }));
        self
    }

    /// What to do in every session once it is ready. An error gives the session up, and joins anew;
    /// [`Session::leave`] ends the component.
    ///
    /// It is waited for, so what goes on for as long as the session lasts has to end with it: requests fail then, and
    /// [`Session::ended`] tells those who make none.
    #[must_use]
    pub fn on_join<F>(mut self, act: impl Fn(Session) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        self.on_join = Some(Box::new(move |session| Box::pin(act(session))));
        self
    }

    /// Is told what the component goes through, for logs.
    #[must_use]
    pub fn observe(mut self, observer: impl FnMut(ComponentEvent<'_>) + Send + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Leaves and ends when `shutdown` is requested.
    #[must_use]
    pub fn end_on(mut self, shutdown: &Shutdown) -> Self {
        self.shutdown = Some(shutdown.clone());
        self
    }

    /// Runs until the application leaves, a shutdown is requested, or no transport has any hope left.
    ///
    /// # Errors
    ///
    /// The last of these.
    pub async fn run(self) -> Result<(), ComponentError> {
        self.run_with(Box::new(OsEntropy::default())).await
    }

    /// As [`run`](Self::run), with other randomness for the time between attempts than that of the system.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_with(self, entropy: Box<dyn Entropy>) -> Result<(), ComponentError> {
        let mut attempts = Attempts::new(self.transports.len(), self.backoff, entropy);
        let mut running = Running::new(self);
        loop {
            let (at, delay) = attempts.next_attempt()?;
            if running.wait(delay).await.is_break() {
                return Ok(());
            }
            let Some(joined) = running.until_shutdown(running.join(at)).await else { return Ok(()) };
            let outcome = match joined {
                Ok(session) => running.serve(session).await,
                Err(error) => {
                    running.observe(ComponentEvent::JoinFailed(&error));
                    Outcome::JoinFailed(error)
                }
            };
            if attempts.note(at, outcome).is_break() {
                return Ok(());
            }
        }
    }
}

struct Running<R> {
    component: Component<R>,
    shutdown: Option<ShutdownWatch>,
}

impl<R: Runtime> Running<R> {
    fn new(component: Component<R>) -> Self {
        Self { shutdown: component.shutdown.as_ref().map(Shutdown::watch), component }
    }

    async fn wait(&mut self, delay: Duration) -> ControlFlow<()> {
        if !delay.is_zero() {
            self.observe(ComponentEvent::Waiting(delay));
        }
        match self.until_shutdown(sleep::<R>(delay)).await {
            Some(()) => ControlFlow::Continue(()),
            None => ControlFlow::Break(()),
        }
    }

    fn join(&self, at: usize) -> JoinTransportFuture {
        match self.component.transports.get(at) {
            Some(join) => join(),
            None => Box::pin(std::future::ready(Err(JoinError::Unsupported("there is no such transport")))),
        }
    }

    /// What `future` gives; `None` if a shutdown is requested before.
    async fn until_shutdown<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            if let Some(shutdown) = &mut self.shutdown
                && (shutdown.is_requested() || shutdown.wait(cx.waker()))
            {
                return Poll::Ready(None);
            }
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }

    /// From the beginning of a session to its end.
    async fn serve(&mut self, session: Session) -> Outcome {
        let mut kept = Vec::new();
        for index in 0..self.component.setups.len() {
            let Some(setup) = self.component.setups.get(index) else { break };
            let setting_up = setup(session.clone());
            match self.until_shutdown(setting_up).await {
                Some(Ok(granted)) => kept.push(granted),
                Some(Err(error)) => return self.give_up(&session, error).await,
                None => return self.leave(&session).await,
            }
        }
        self.observe(ComponentEvent::Ready(&session));
        if let Some(on_join) = &self.component.on_join {
            let acting = on_join(session.clone());
            match self.until_shutdown(acting).await {
                Some(Ok(())) => {}
                Some(Err(error)) => return self.give_up(&session, error).await,
                None => return self.leave(&session).await,
            }
        }
        let Some(left) = self.until_shutdown(session.ended()).await else {
            return self.leave(&session).await;
        };
        self.observe(ComponentEvent::Left(&left));
        Outcome::of(left)
    }

    /// A session in which something failed is of no use; one that has ended in the meantime says why it failed.
    async fn give_up(&mut self, session: &Session, error: Error) -> Outcome {
        if let Some(left) = session.left() {
            self.observe(ComponentEvent::Left(&left));
            return Outcome::of(left);
        }
        self.observe(ComponentEvent::SetupFailed(&error));
        session.leave().await;
        Outcome::SetupFailed(error)
    }

    async fn leave(&mut self, session: &Session) -> Outcome {
        let left = session.leave().await;
        self.observe(ComponentEvent::Left(&left));
        Outcome::Done
    }

    fn observe(&mut self, event: ComponentEvent<'_>) {
        if let Some(observer) = &mut self.component.observer {
            observer(event);
        }
    }
}

impl<R> fmt::Debug for Component<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("transports", &self.transports.len())
            .field("backoff", &self.backoff)
            .field("setups", &self.setups.len())
            .finish_non_exhaustive()
    }
}
