//! What sessions can ask the router itself, and what it tells them of its own accord: procedures and events whose URIs
//! begin with `wamp`.
//!
//! The procedures are answered at once, without an invocation. They are not in the lists of registrations.

mod arguments;
mod events;
mod history;
mod registration;
mod session;
mod subscription;
pub(crate) mod testament;

use wirebahn_core::wamp::message::{Call, Result as ResultMessage};
use wirebahn_core::wamp::{Payload, RequestType, ResultDetails, Value, error_uri};

use arguments::Arguments;
pub(crate) use events::Change;

use crate::MetaApi;
use crate::request::Refusal;
use crate::router::Router;

/// What a procedure of the router returns: one value, or why there is none.
type Answer = Result<Value, Refusal>;

impl Router {
    /// Answers a call of a procedure of the router.
    pub(crate) fn call_meta(&mut self, slot: usize, call: &Call) {
        let answer =
            self.check_meta(slot).and_then(|()| Arguments::new(&call.payload)).and_then(|arguments| {
                let name = call.procedure.strip_prefix("wamp.").unwrap_or_default();
                match name.split_once('.') {
                    Some(("session", procedure)) => self.session_procedure(slot, procedure, &arguments),
                    Some(("registration", procedure)) => {
                        self.registration_procedure(slot, procedure, &arguments)
                    }
                    Some(("subscription", procedure)) => {
                        self.subscription_procedure(slot, procedure, &arguments)
                    }
                    _ => Err(no_such_procedure()),
                }
            });
        let Some(serializer) = self.sessions.get(slot).map(|session| session.transport.serializer) else {
            return;
        };
        let payload = answer.and_then(|value| {
            let encoded = Payload::encode_args(serializer, &(value,));
            encoded.map_err(|error| Refusal::new(error_uri::INVALID_PAYLOAD, error.to_string()))
        });
        match payload {
            Ok(payload) => {
                self.sessions.metrics.calls_succeeded += 1;
                let details = ResultDetails::default();
                self.sessions.push(slot, ResultMessage { request: call.request, details, payload });
            }
            Err(refusal) => {
                self.sessions.metrics.calls_failed += 1;
                self.refuse(slot, RequestType::Call, call.request, refusal);
            }
        }
    }

    fn check_meta(&self, slot: usize) -> Result<(), Refusal> {
        match self.realm_config(slot).map(|config| config.meta) {
            Some(MetaApi::Off) => {
                Err(Refusal::new(error_uri::NO_SUCH_PROCEDURE, "this realm has no meta API"))
            }
            _ => Ok(()),
        }
    }
}

fn no_such_procedure() -> Refusal {
    Refusal::new(error_uri::NO_SUCH_PROCEDURE, "the router has no such procedure")
}

/// A list of identifiers, in their order.
fn list_of<I: Into<u64>>(ids: impl IntoIterator<Item = I>) -> Value {
    let mut ids: Vec<u64> = ids.into_iter().map(Into::into).collect();
    ids.sort_unstable();
    Value::List(ids.into_iter().map(Value::from).collect())
}

fn count(len: usize) -> Value {
    Value::from(len as u64)
}
