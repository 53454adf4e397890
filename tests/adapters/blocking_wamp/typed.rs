//! Errors as types with URIs, and arguments that are put together one by one, on threads.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use wirebahn_blocking::wamp::{
    Arguments, BoxedError, Dict, Error, ErrorRegistry, Invocation, Value, WampError, error_uri, typed,
};

use super::support::Running;
use crate::adapter::STUCK;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Overdrawn {
    missing: u64,
}

impl WampError for Overdrawn {
    const URI: &'static str = "com.example.error.overdrawn";
}

impl fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} are missing", self.missing)
    }
}

impl std::error::Error for Overdrawn {}

#[test]
fn an_error_comes_back_as_the_type_that_it_was() {
    let running = Running::start();
    let session = running.join();
    let withdraw =
        |(amount,): (u64,)| 100_u64.checked_sub(amount).ok_or_else(|| Overdrawn { missing: amount - 100 });
    let _withdraw = session.register("com.withdraw", typed(withdraw)).wait().unwrap();
    assert_eq!(session.call("com.withdraw", (40,)).wait::<u64>().unwrap(), 60);
    let error = session.call("com.withdraw", (150,)).wait::<u64>().unwrap_err();
    assert_eq!(error.typed(), Some(Overdrawn { missing: 50 }));
    assert_eq!(error.to_string(), "com.example.error.overdrawn: 50 are missing");
    let error = session.call("com.withdraw", ("much",)).wait::<u64>().unwrap_err();
    assert!(error.is(error_uri::INVALID_ARGUMENT), "{error}");
    running.end();
}

#[test]
fn a_registry_knows_boxed_errors_by_their_types() {
    let running = Running::start();
    let session = running.join();
    let errors = ErrorRegistry::new().define::<Overdrawn>();
    let withdraw = |(text,): (String,)| -> Result<(), BoxedError> {
        let missing = text.parse()?;
        Err(Overdrawn { missing })?
    };
    let _withdraw = session.register("com.withdraw", errors.handler(withdraw)).wait().unwrap();
    let error = session.call("com.withdraw", ("50",)).wait::<()>().unwrap_err();
    let error = errors.to_typed(error);
    assert_eq!(error.downcast_ref(), Some(&Overdrawn { missing: 50 }));
    let error = session.call("com.withdraw", ("fifty",)).wait::<()>().unwrap_err();
    assert!(error.is(error_uri::RUNTIME_ERROR), "{error}");
    running.end();
}

#[test]
fn arguments_that_were_put_together_one_by_one_arrive_in_their_order() {
    let running = Running::start();
    let session = running.join();
    let echo = |args: Vec<Value>, invocation: Invocation| Ok((args, invocation.kwargs::<Dict>()?));
    let _echo = session.register("com.echo", echo).wait().unwrap();
    let arguments = || Arguments::new().arg(1).arg("two").kwarg("k", true);
    let (args, kwargs): (Vec<Value>, Dict) = session.call_with("com.echo", arguments()).wait().unwrap();
    assert_eq!(args, [Value::from(1), Value::from("two")]);
    assert_eq!(kwargs.get("k"), Some(&Value::from(true)));

    let mut subscription = session.subscribe("com.topic").wait().unwrap();
    session.publish_with("com.topic", arguments()).exclude_me(false).send().unwrap();
    let event = subscription.recv_timeout(STUCK).unwrap().unwrap();
    assert_eq!(event.args::<(u8, String)>().unwrap(), (1, "two".to_owned()));
    running.end();
}

#[test]
fn an_argument_that_cannot_be_encoded_fails_the_call() {
    let running = Running::start();
    let session = running.join();
    // Keys of dicts are strings.
    let wrong = BTreeMap::from([((1, 2), 3)]);
    let error = session.call_with("com.echo", Arguments::new().arg(&wrong)).wait::<()>().unwrap_err();
    assert!(matches!(error, Error::Encode(_)), "{error}");
    running.end();
}
