//! Registering procedures.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use wirebahn_core::wamp::session::SessionEvent;
use wirebahn_core::wamp::{RegisterOptions, RegistrationId, Uri};

use super::Session;
use super::handler::{Handler, Procedure, erase};
use super::request::Request;
use crate::wamp::Error;
use crate::wamp::shared::{Answer, OnGranted};

/// A registration to be made; see [`Session::register`].
///
/// ```
/// # use wirebahn_core::wamp::InvocationPolicy;
/// # use wirebahn_drive::wamp::{Error, Session};
/// # async fn run(session: Session) -> Result<(), Error> {
/// let shout = |(text,): (String,)| async move { Ok(text.to_uppercase()) };
/// let registration =
///     session.register("com.example.shout", shout).invoke(InvocationPolicy::RoundRobin).concurrency(4).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a registration is made when this is awaited"]
pub struct Register {
    session: Session,
    procedure: Uri,
    options: RegisterOptions,
    handler: Arc<dyn Procedure>,
}

impl Register {
    pub(super) fn new(session: Session, procedure: Uri, handler: Arc<dyn Procedure>) -> Self {
        Self { session, procedure, options: RegisterOptions::default(), handler }
    }

    /// A handler that can be registered again and again.
    pub(crate) fn prepare<M: 'static, H: Handler<M>>(handler: H) -> Arc<dyn Procedure> {
        erase(handler)
    }

    wirebahn_adapter::register_setters!();

    /// How many calls may be under way at once; the router keeps to it, if it can. Default: any number.
    pub const fn concurrency(mut self, calls: u64) -> Self {
        self.options.concurrency = Some(calls);
        self
    }
}

impl IntoFuture for Register {
    type Output = Result<Registration, Error>;
    type IntoFuture = RegisterFuture;

    fn into_future(self) -> RegisterFuture {
        let Self { session, procedure, options, handler } = self;
        let registered = procedure.clone();
        let request = Request::new(session, move |state| {
            let request = state.session.register(procedure, options)?;
            Ok(Some((request, Some(OnGranted::Calls(handler)))))
        });
        RegisterFuture { request, procedure: registered }
    }
}

/// Waits for a registration to be granted. Dropping it gives the registration back as soon as it is.
#[must_use = "futures do nothing unless awaited"]
pub struct RegisterFuture {
    request: Request,
    procedure: Uri,
}

impl Future for RegisterFuture {
    type Output = Result<Registration, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(self.request.poll_answer(cx)) {
            Some(Ok(Answer::Event(SessionEvent::Registered { registration, .. }))) => Ok(Registration {
                session: self.request.session().clone(),
                id: registration,
                procedure: self.procedure.clone(),
            }),
            Some(Ok(Answer::Event(SessionEvent::RequestFailed(error)))) => Err(error.into()),
            Some(Err(error)) => Err(error),
            _ => panic!("a registration was polled after it had been made"),
        })
    }
}

/// A procedure that can be called. Dropping it unregisters; calls that are under way go on.
#[derive(Debug)]
pub struct Registration {
    session: Session,
    id: RegistrationId,
    procedure: Uri,
}

impl Registration {
    /// The number of the registration.
    #[must_use]
    pub const fn id(&self) -> RegistrationId {
        self.id
    }

    /// The procedure, or the pattern of procedures.
    #[must_use]
    pub const fn procedure(&self) -> &Uri {
        &self.procedure
    }

    /// Whether the router still has it: it can take registrations back.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.session.shared().lock().procedures.contains_key(&self.id)
    }

    /// Waits until the router takes the registration back, or the session ends.
    pub fn revoked(&self) -> impl Future<Output = ()> + Send + use<> {
        let id = self.id;
        self.session.shared().watch(move |state| (!state.procedures.contains_key(&id)).then_some(()))
    }

    /// Unregisters and waits for the router to confirm it. Dropping the registration does not wait.
    ///
    /// # Errors
    ///
    /// The session has ended.
    pub async fn unregister(self) -> Result<(), Error> {
        let id = self.id;
        let mut request = Request::new(self.session.clone(), move |state| {
            Ok(state.drop_procedure(id).map(|request| (request, None)))
        });
        match std::future::poll_fn(|cx| request.poll_answer(cx)).await {
            Some(Ok(Answer::Event(SessionEvent::RequestFailed(error)))) => Err(error.into()),
            Some(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let id = self.id;
        // Nobody waits for the answer.
        self.session.shared().operate(|state| state.drop_procedure(id));
    }
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register")
            .field("procedure", &self.procedure)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RegisterFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterFuture").field("procedure", &self.procedure).finish_non_exhaustive()
    }
}
