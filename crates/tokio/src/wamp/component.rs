//! Components on tokio.

use std::fmt;
use std::sync::Arc;

use wirebahn_core::wamp::{BackoffOptions, Uri};
use wirebahn_drive::wamp::{
    Component as Generic, ComponentError, ComponentEvent, Error, Event, Handler, JoinError, Register,
    Session, Subscribe,
};
use wirebahn_drive::{OsEntropy, Shutdown};

use super::Join;
use crate::TokioRuntime;

/// A component that joins `realm` of the router at `url`.
///
/// # Errors
///
/// The URL is invalid.
pub fn component(url: &str, realm: &str) -> Result<Component, JoinError> {
    Ok(Component::new([Join::new(url, realm)?]))
}

/// What an application is to a router: procedures and subscriptions that are there whenever a session is.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// wirebahn_tokio::wamp::component("ws://127.0.0.1:8080/ws", "realm1")?
///     .register("com.example.add", |(a, b): (i64, i64)| async move { Ok(a + b) })
///     .subscribe("com.example.news", |event| async move { println!("{event:?}") })
///     .run()
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// When the session is lost it joins again, over each of its transports in turn, waiting longer after each failure, and
/// registers and subscribes again. It ends when the application leaves, when a shutdown is requested, and when no
/// transport has any hope left: the realm does not exist, say, or the router does not let us in.
pub struct Component {
    inner: Generic,
}

impl Component {
    /// Joins in one of these ways, tried in turn.
    pub fn new(ways: impl IntoIterator<Item = Join>) -> Self {
        let transport = |way: Join| -> wirebahn_drive::wamp::JoinTransport {
            Arc::new(move || Box::pin(way.clone().join()))
        };
        Self { inner: Generic::new(ways.into_iter().map(transport).collect()) }
    }

    /// How attempts are spaced; see [`BackoffOptions`] for the defaults.
    #[must_use]
    pub fn backoff(self, options: BackoffOptions) -> Self {
        Self { inner: self.inner.backoff(options) }
    }

    /// Registers a procedure in every session.
    #[must_use]
    pub fn register<M: 'static, H: Handler<M>>(self, procedure: impl Into<Uri>, handler: H) -> Self {
        Self { inner: self.inner.register(procedure, handler) }
    }

    /// Registers a procedure in every session, with options.
    #[must_use]
    pub fn register_with<M: 'static, H: Handler<M>>(
        self,
        procedure: impl Into<Uri>,
        handler: H,
        options: impl Fn(Register) -> Register + Send + Sync + 'static,
    ) -> Self {
        Self { inner: self.inner.register_with(procedure, handler, options) }
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
        Self { inner: self.inner.subscribe(topic, handle) }
    }

    /// Subscribes to a topic in every session, with options.
    #[must_use]
    pub fn subscribe_with<F>(
        self,
        topic: impl Into<Uri>,
        handle: impl Fn(Event) -> F + Send + Sync + 'static,
        options: impl Fn(Subscribe) -> Subscribe + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { inner: self.inner.subscribe_with(topic, handle, options) }
    }

    /// What to do in every session once it is ready. An error gives the session up, and joins anew;
    /// [`Session::leave`] ends the component.
    #[must_use]
    pub fn on_join<F>(self, act: impl Fn(Session) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        Self { inner: self.inner.on_join(act) }
    }

    /// Is told what the component goes through, for logs.
    #[must_use]
    pub fn observe(self, observer: impl FnMut(ComponentEvent<'_>) + Send + 'static) -> Self {
        Self { inner: self.inner.observe(observer) }
    }

    /// Leaves and ends when `shutdown` is requested.
    #[must_use]
    pub fn end_on(self, shutdown: &Shutdown) -> Self {
        Self { inner: self.inner.end_on(shutdown) }
    }

    /// Runs until the application leaves, a shutdown is requested, or no transport has any hope left.
    ///
    /// # Errors
    ///
    /// The last of these.
    pub async fn run(self) -> Result<(), ComponentError> {
        self.inner.run::<TokioRuntime>(Box::new(OsEntropy::default())).await
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.inner, f)
    }
}
