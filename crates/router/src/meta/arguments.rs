//! The arguments of the router's procedures.

use wirebahn_core::wamp::{Dict, Payload, Text, Value, error_uri};

use crate::request::Refusal;

/// Arguments and keyword arguments of a call.
#[derive(Debug)]
pub(super) struct Arguments {
    args: Vec<Value>,
    kwargs: Dict,
}

impl Arguments {
    pub(super) fn new(payload: &Payload) -> Result<Self, Refusal> {
        if payload.is_opaque() {
            return Err(wrong("the router needs to read the arguments"));
        }
        let args = payload.args().map_err(|error| wrong(&error.to_string()))?;
        let kwargs = payload.kwargs().map_err(|error| wrong(&error.to_string()))?;
        Ok(Self { args, kwargs })
    }

    /// The argument at a place, which may also come by its name; null is the same as nothing.
    pub(super) fn get(&self, at: usize, name: &str) -> Option<&Value> {
        let found = self.args.get(at).or_else(|| self.kwargs.get(name));
        found.filter(|value| **value != Value::Null)
    }

    /// The keyword argument of this name; null is the same as nothing.
    pub(super) fn named(&self, name: &str) -> Option<&Value> {
        self.kwargs.get(name).filter(|value| **value != Value::Null)
    }

    /// An identifier, which has to be there.
    pub(super) fn id<I: TryFrom<u64>>(&self, at: usize, name: &str) -> Result<I, Refusal> {
        let id = self.get(at, name).and_then(Value::as_u64).and_then(|id| I::try_from(id).ok());
        id.ok_or_else(|| wrong(&format!("argument {at} has to be {name}, an id")))
    }

    /// A string, which has to be there.
    pub(super) fn string(&self, at: usize, name: &str) -> Result<&str, Refusal> {
        let string = self.get(at, name).and_then(Value::as_str);
        string.ok_or_else(|| wrong(&format!("argument {at} has to be {name}, a string")))
    }

    /// A list of strings, if there is one.
    pub(super) fn strings(&self, at: usize, name: &str) -> Result<Option<Vec<Text>>, Refusal> {
        self.get(at, name).map(|value| strings(value, name)).transpose()
    }

    /// A string among the keyword arguments, if there is one.
    pub(super) fn named_string(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let Some(value) = self.named(name) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| wrong(&format!("{name} has to be a string")))
    }
}

pub(super) fn strings(value: &Value, name: &str) -> Result<Vec<Text>, Refusal> {
    let Value::List(values) = value else {
        return Err(wrong(&format!("{name} has to be a list of strings")));
    };
    let strings = values.iter().map(|value| value.as_str().map(Text::from));
    strings.collect::<Option<_>>().ok_or_else(|| wrong(&format!("{name} has to be a list of strings")))
}

pub(super) fn wrong(message: &str) -> Refusal {
    Refusal::new(error_uri::INVALID_ARGUMENT, message)
}
