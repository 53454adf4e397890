//! Registering procedures.

use std::fmt;
use std::sync::Arc;

use wirebahn_adapter::wamp::Error;
use wirebahn_core::wamp::session::SessionEvent;
use wirebahn_core::wamp::{RegisterOptions, RegistrationId, Uri};

use super::Session;
use super::pool::Pool;
use super::procedure::Procedure;
use super::request::Request;
use super::tables::{Answer, OnGranted};

/// How many threads answer the calls of a procedure, unless [`Register::threads`] says otherwise: enough that a handler
/// which waits holds up no others, few enough that they need not be counted.
pub const PROCEDURE_THREADS: usize = 8;

/// A registration to be made; see [`Session::register`].
///
/// ```no_run
/// # use wirebahn_blocking::wamp::{Error, InvocationPolicy, Session};
/// # fn run(session: Session) -> Result<(), Error> {
/// let shout = |(text,): (String,)| Ok(text.to_uppercase());
/// let registration =
///     session.register("com.example.shout", shout).threads(4).invoke(InvocationPolicy::RoundRobin).wait()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a registration is made by `wait`"]
pub struct Register {
    session: Session,
    procedure: Uri,
    options: RegisterOptions,
    handler: Arc<dyn Procedure>,
    threads: usize,
}

impl Register {
    pub(super) fn new(session: Session, procedure: Uri, handler: Arc<dyn Procedure>) -> Self {
        let (options, threads) = (RegisterOptions::default(), PROCEDURE_THREADS);
        Self { session, procedure, options, handler, threads }
    }

    /// How many calls are answered at a time, each on a thread of its own; further ones wait. With 1 they are answered one
    /// after the other. Threads start when they are needed. Default: [`PROCEDURE_THREADS`].
    pub const fn threads(mut self, max: usize) -> Self {
        self.threads = max;
        self
    }

    wirebahn_adapter::register_setters!();

    /// How many calls may be under way at once, those that wait for a thread included; the router keeps to it, if it can.
    /// Default: any number.
    pub const fn concurrency(mut self, calls: u64) -> Self {
        self.options.concurrency = Some(calls);
        self
    }

    /// Registers, and waits for the router to confirm it.
    ///
    /// # Errors
    ///
    /// The session has ended, or the router refuses.
    pub fn wait(self) -> Result<Registration, Error> {
        let Self { session, procedure, options, handler, threads } = self;
        let granted = OnGranted::Calls(Pool::new(handler, threads));
        let registered = procedure.clone();
        let request = Request::new(session.clone(), None, Some(granted), |state| {
            Ok(state.engine.session().register(registered, options)?)
        })?;
        match request.only_answer()? {
            Answer::Event(SessionEvent::Registered { registration, .. }) => {
                Ok(Registration { session, id: registration, procedure })
            }
            Answer::Event(SessionEvent::RequestFailed(error)) => Err(error.into()),
            _ => Err(Error::Canceled),
        }
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
        self.session.shared().lock().extra.procedures.contains_key(&self.id)
    }

    /// Waits until the router takes the registration back, or the session ends: what a program does that only answers
    /// calls.
    pub fn wait_revoked(&self) {
        let id = self.id;
        self.session.shared().watch(|state| (!state.extra.procedures.contains_key(&id)).then_some(()));
    }

    /// Unregisters and waits for the router to confirm it. Dropping the registration does not wait.
    ///
    /// # Errors
    ///
    /// The session has ended.
    pub fn unregister(self) -> Result<(), Error> {
        let shared = Arc::clone(self.session.shared());
        let asked = shared.request(None, |state| {
            let request = state.drop_procedure(self.id);
            request.into_iter().for_each(|request| state.extra.expect(request, None));
            Ok(request)
        })?;
        match asked.map(|request| shared.wait_answer(request, None)).transpose()? {
            Some(Answer::Event(SessionEvent::RequestFailed(error))) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let id = self.id;
        // Nobody waits for the answer.
        self.session.shared().operate_in_passing(|state| state.drop_procedure(id));
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
