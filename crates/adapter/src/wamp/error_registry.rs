//! Errors of applications whose types are not known where they are handled.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use wirebahn_core::wamp::{Uri, error_uri};

use super::{Error, ErrorConversion, InvocationError, RequestError, TypedHandler, WampError};

/// The error types of an application with their URIs, for those who handle errors without knowing their types: a callee
/// whose errors are boxed, or a caller who logs or passes on what comes.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use wirebahn_adapter::wamp::WampError;
/// # #[derive(Debug, Serialize, Deserialize)]
/// # struct Overdrawn { missing: u64 }
/// # impl WampError for Overdrawn { const URI: &'static str = "com.example.error.overdrawn"; }
/// # impl std::error::Error for Overdrawn {}
/// # impl std::fmt::Display for Overdrawn {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("overdrawn") }
/// # }
/// use std::num::ParseIntError;
/// use wirebahn_adapter::wamp::{ErrorRegistry, InvocationError};
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

    /// A handler whose errors are of any type, those of this registry among them: whatever becomes a [`BoxedError`].
    pub fn handler<F>(&self, handler: F) -> TypedHandler<F, Self> {
        TypedHandler::new(handler, self.clone())
    }
}

impl<E: Into<BoxedError>> ErrorConversion<E> for ErrorRegistry {
    fn convert(&self, error: E) -> InvocationError {
        self.to_invocation_error(&*error.into())
    }
}

impl fmt::Debug for ErrorRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.kinds.iter().map(|kind| &kind.uri)).finish()
    }
}
