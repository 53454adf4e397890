//! Arguments that are put together one by one.

use serde::ser::{Error as _, Serialize, Serializer as Encoder};
use wirebahn_core::wamp::{Dict, EncodeError, Payload, Serializer, Value};

/// Arguments and keyword arguments that are put together one by one: where their number is not known before, or where tuples
/// and structs would be more to write than the call is worth.
///
/// ```
/// use wirebahn_adapter::wamp::Arguments;
///
/// fn greet(language: Option<&str>) -> Arguments {
///     let mut arguments = Arguments::new().arg("Joe").kwarg("loud", true);
///     if let Some(language) = language {
///         arguments = arguments.kwarg("language", language);
///     }
///     arguments
/// }
/// # let _ = greet;
/// ```
///
/// They go to a session's `call_with` and `publish_with`.
///
/// An argument that cannot be encoded makes the call or publication fail with [`Error::Encode`](super::Error::Encode).
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    args: Vec<Value>,
    kwargs: Dict,
    /// What was wrong with the first argument that cannot be encoded.
    problem: Option<String>,
}

impl Arguments {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an argument behind the others.
    #[must_use]
    pub fn arg(mut self, arg: impl Serialize) -> Self {
        if let Some(value) = self.take(&arg) {
            self.args.push(value);
        }
        self
    }

    /// Adds arguments behind the others.
    #[must_use]
    pub fn args(self, args: impl IntoIterator<Item: Serialize>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    /// Adds a keyword argument, instead of one with the same key.
    #[must_use]
    pub fn kwarg(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        if let Some(value) = self.take(&value) {
            self.kwargs.insert(key, value);
        }
        self
    }

    /// The list and the dict, to be encoded.
    #[must_use]
    pub fn into_parts(self) -> (ArgumentList, Dict) {
        let Self { args, kwargs, problem } = self;
        (ArgumentList { args, problem }, kwargs)
    }

    fn take(&mut self, value: &impl Serialize) -> Option<Value> {
        match to_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem.get_or_insert_with(|| error.to_string());
                None
            }
        }
    }
}

/// The list in [`Arguments`].
#[derive(Clone, Debug)]
pub struct ArgumentList {
    args: Vec<Value>,
    problem: Option<String>,
}

impl Serialize for ArgumentList {
    fn serialize<S: Encoder>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.problem {
            Some(problem) => Err(S::Error::custom(problem)),
            None => self.args.serialize(serializer),
        }
    }
}

/// Anything as a value.
pub(super) fn to_value(value: &impl Serialize) -> Result<Value, EncodeError> {
    let payload = Payload::encode_args(Serializer::MsgPack, &(value,))?;
    payload.args::<(Value,)>().map(|(value,)| value).map_err(EncodeError::custom)
}
