//! Errors of applications, from Rust types to URIs and back.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wirebahn_core::wamp::{Uri, Value, error_uri};

use super::arguments::to_value;
use super::{Error, Handler, IntoReply, InvocationError, RequestError};

/// An error type that has a URI: a callee fails with it, and its caller gets the same back.
///
/// It has named fields, which travel as keyword arguments, or none; its text travels as the first argument, where everybody
/// else has it. Errors with other arguments overwrite the two methods.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wirebahn_drive::wamp::{Error, Session, WampError, typed};
///
/// #[derive(Debug, Serialize, Deserialize)]
/// struct Overdrawn {
///     missing: u64,
/// }
///
/// impl WampError for Overdrawn {
///     const URI: &'static str = "com.example.error.overdrawn";
/// }
/// # impl std::error::Error for Overdrawn {}
/// # impl std::fmt::Display for Overdrawn {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{} are missing", self.missing) }
/// # }
///
/// async fn withdraw((amount,): (u64,)) -> Result<u64, Overdrawn> {
///     100_u64.checked_sub(amount).ok_or_else(|| Overdrawn { missing: amount - 100 })
/// }
///
/// # async fn run(callee: Session, caller: Session) -> Result<(), Error> {
/// let registration = callee.register("com.example.withdraw", typed(withdraw)).await?;
///
/// if let Err(error) = caller.call::<_, u64>("com.example.withdraw", (150,)).await
///     && let Some(Overdrawn { missing }) = error.typed()
/// {
///     println!("{missing} more are needed");
/// }
/// # Ok(())
/// # }
/// ```
///
/// The crate of the derives is `serde`, with its feature `derive`.
pub trait WampError: StdError + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The URI of the error.
    const URI: &'static str;

    /// What a callee fails with. Fields that cannot be encoded are left out.
    fn to_invocation_error(&self) -> InvocationError {
        let mut error = InvocationError::new(Uri::from_static(Self::URI)).message(self.to_string());
        if let Ok(Value::Dict(fields)) = to_value(self) {
            for (name, value) in fields.iter() {
                error = error.kwarg(name, value);
            }
        }
        error
    }

    /// What a caller gets, of an error with this URI; `None` if its arguments are not those of this type.
    #[must_use]
    fn from_request_error(error: &RequestError) -> Option<Self> {
        error.kwargs().ok()
    }
}

/// What [`typed`] handlers may fail with: any [`WampError`]; an enum of several of them, which hands this on.
pub trait IntoInvocationError {
    /// What the callee fails with.
    fn into_invocation_error(self) -> InvocationError;
}

impl<E: WampError> IntoInvocationError for E {
    fn into_invocation_error(self) -> InvocationError {
        self.to_invocation_error()
    }
}

/// A handler whose errors have their own URIs. Without it, `?` makes `wamp.error.runtime_error` of them, as of any error.
///
/// Handlers that take an [`Invocation`](super::Invocation) convert their errors themselves, by
/// `map_err(IntoInvocationError::into_invocation_error)`.
pub fn typed<F, A, R, T, E>(handler: F) -> impl Handler<(A,)>
where
    F: Fn(A) -> R + Send + Sync + 'static,
    A: DeserializeOwned + 'static,
    R: Future<Output = Result<T, E>> + Send + 'static,
    T: IntoReply + 'static,
    E: IntoInvocationError + 'static,
{
    convert(handler, |error: E| error.into_invocation_error())
}

fn convert<F, A, R, T, E>(
    handler: F,
    error: impl Fn(E) -> InvocationError + Clone + Send + Sync + 'static,
) -> impl Handler<(A,)>
where
    F: Fn(A) -> R + Send + Sync + 'static,
    A: DeserializeOwned + 'static,
    R: Future<Output = Result<T, E>> + Send + 'static,
    T: IntoReply + 'static,
    E: 'static,
{
    move |args: A| {
        let (running, error) = (handler(args), error.clone());
        async move { running.await.map_err(error) }
    }
}

impl Error {
    /// The error as this type, if it has its URI and its arguments.
    #[must_use]
    pub fn typed<E: WampError>(&self) -> Option<E> {
        match self {
            Self::Request(error) if error.uri == E::URI => E::from_request_error(error),
            _ => None,
        }
    }
}

/// The error types of an application with their URIs, for those who handle errors without knowing their types: a callee
/// whose errors are boxed, or a caller who logs or passes on what comes.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use wirebahn_drive::wamp::WampError;
/// # #[derive(Debug, Serialize, Deserialize)]
/// # struct Overdrawn { missing: u64 }
/// # impl WampError for Overdrawn { const URI: &'static str = "com.example.error.overdrawn"; }
/// # impl std::error::Error for Overdrawn {}
/// # impl std::fmt::Display for Overdrawn {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("overdrawn") }
/// # }
/// use std::num::ParseIntError;
/// use wirebahn_drive::wamp::{ErrorRegistry, InvocationError};
///
/// let errors = ErrorRegistry::new()
///     .define::<Overdrawn>()
///     // A type of somebody else, in one direction.
///     .define_with::<ParseIntError>(
///         "com.example.error.no_number",
///         |error| InvocationError::new("com.example.error.no_number").message(error.to_string()),
///         |_| None,
///     );
///
/// let boxed: Box<dyn std::error::Error> = "three".parse::<u8>().unwrap_err().into();
/// assert_eq!(errors.to_invocation_error(&*boxed).uri(), "com.example.error.no_number");
/// ```
#[derive(Clone, Default)]
pub struct ErrorRegistry {
    kinds: Vec<Kind>,
}

/// An error of any type.
pub type BoxedError = Box<dyn StdError + Send + Sync>;

#[derive(Clone)]
struct Kind {
    uri: Uri,
    encode: Arc<Encode>,
    decode: Arc<Decode>,
}

/// `None` if the error is of another type.
type Encode = dyn Fn(&(dyn StdError + 'static)) -> Option<InvocationError> + Send + Sync;

/// `None` if the arguments are others.
type Decode = dyn Fn(&RequestError) -> Option<BoxedError> + Send + Sync;

impl ErrorRegistry {
    /// One that knows no error yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a type. If there are several with the same URI, the first that fits is taken.
    #[must_use]
    pub fn define<E: WampError>(self) -> Self {
        self.define_with::<E>(E::URI, WampError::to_invocation_error, WampError::from_request_error)
    }

    /// Adds a type that does not know its URI.
    #[must_use]
    pub fn define_with<E: StdError + Send + Sync + 'static>(
        mut self,
        uri: impl Into<Uri>,
        encode: impl Fn(&E) -> InvocationError + Send + Sync + 'static,
        decode: impl Fn(&RequestError) -> Option<E> + Send + Sync + 'static,
    ) -> Self {
        self.kinds.push(Kind {
            uri: uri.into(),
            encode: Arc::new(move |error| error.downcast_ref().map(&encode)),
            decode: Arc::new(move |error| decode(error).map(BoxedError::from)),
        });
        self
    }

    /// What a callee fails with: the URI and arguments of the type of the error, or of the first of its sources that is
    /// known; `wamp.error.runtime_error` with its text if none is.
    #[must_use]
    pub fn to_invocation_error(&self, error: &(dyn StdError + 'static)) -> InvocationError {
        let mut source = Some(error);
        while let Some(candidate) = source {
            if let Some(known) = self.kinds.iter().find_map(|kind| (kind.encode)(candidate)) {
                return known;
            }
            source = candidate.source();
        }
        InvocationError::new(Uri::from_static(error_uri::RUNTIME_ERROR)).message(error.to_string())
    }

    /// What a caller gets: the error as the type that its URI stands for, to be looked at with `downcast_ref`; the error
    /// as it is, if it has none, or has not the arguments of it.
    #[must_use]
    pub fn to_typed(&self, error: Error) -> BoxedError {
        let typed = match &error {
            Error::Request(error) => {
                let mut kinds = self.kinds.iter().filter(|kind| kind.uri == error.uri);
                kinds.find_map(|kind| (kind.decode)(error))
            }
            _ => None,
        };
        typed.unwrap_or_else(|| error.into())
    }

    /// A handler whose errors are of any type, those of this registry among them.
    pub fn handler<F, A, R, T, E>(&self, handler: F) -> impl Handler<(A,)> + use<F, A, R, T, E>
    where
        F: Fn(A) -> R + Send + Sync + 'static,
        A: DeserializeOwned + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        T: IntoReply + 'static,
        E: Into<BoxedError> + 'static,
    {
        let registry = self.clone();
        convert(handler, move |error: E| registry.to_invocation_error(&*error.into()))
    }
}

impl fmt::Debug for ErrorRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.kinds.iter().map(|kind| &kind.uri)).finish()
    }
}
