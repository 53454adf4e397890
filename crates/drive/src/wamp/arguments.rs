//! Arguments that are put together one by one.

use serde::ser::{Error as _, Serialize, Serializer as Encoder};
use wirebahn_core::wamp::{Dict, EncodeError, Payload, Serializer, Uri, Value};

use super::{Call, Publish, Session};

/// Arguments and keyword arguments that are put together one by one: where their number is not known before, or where tuples
/// and structs would be more to write than the call is worth.
///
/// ```
/// # use wirebahn_drive::wamp::{Arguments, Error, Session};
/// # async fn run(session: Session, language: Option<&str>) -> Result<(), Error> {
/// let mut arguments = Arguments::new().arg("Joe").kwarg("loud", true);
/// if let Some(language) = language {
///     arguments = arguments.kwarg("language", language);
/// }
/// let greeting: String = session.call_with("com.example.greet", arguments).await?;
/// # Ok(())
/// # }
/// ```
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

impl Session {
    /// Calls a procedure with arguments that were put together one by one. All else is as with [`call`](Self::call).
    pub fn call_with<T>(
        &self,
        procedure: impl Into<Uri>,
        arguments: Arguments,
    ) -> Call<ArgumentList, Dict, T> {
        let Arguments { args, kwargs, problem } = arguments;
        self.call(procedure, ArgumentList { args, problem }).kwargs(kwargs)
    }

    /// Publishes an event with arguments that were put together one by one. All else is as with
    /// [`publish`](Self::publish).
    pub fn publish_with(&self, topic: impl Into<Uri>, arguments: Arguments) -> Publish<ArgumentList, Dict> {
        let Arguments { args, kwargs, problem } = arguments;
        self.publish(topic, ArgumentList { args, problem }).kwargs(kwargs)
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
