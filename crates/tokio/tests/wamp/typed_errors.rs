//! Errors as types with URIs, from callee to caller.

use std::fmt;
use std::num::ParseIntError;

use serde::{Deserialize, Serialize};
use wirebahn_tokio::wamp::{
    Dict, Error, ErrorRegistry, IntoInvocationError, Invocation, InvocationError, RealmConfig, Router,
    RouterConfig, Session, WampError, typed,
};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Overdrawn {
    missing: u64,
    account: String,
}

impl WampError for Overdrawn {
    const URI: &'static str = "com.example.error.overdrawn";
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Closed;

impl WampError for Closed {
    const URI: &'static str = "com.example.error.closed";
}

/// One whose arguments are a list.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct TooMany(u32);

impl WampError for TooMany {
    const URI: &'static str = "com.example.error.too_many";

    fn to_invocation_error(&self) -> InvocationError {
        InvocationError::new(Self::URI).arg(&self.0)
    }

    fn from_request_error(error: &wirebahn_drive::wamp::RequestError) -> Option<Self> {
        error.args().ok().map(|(number,)| Self(number))
    }
}

impl fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lacks {}", self.account, self.missing)
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the account is closed")
    }
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} are too many", self.0)
    }
}

impl std::error::Error for Overdrawn {}
impl std::error::Error for Closed {}
impl std::error::Error for TooMany {}

/// An error that has another one as its source.
#[derive(Debug)]
struct Wrapped(Closed);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in the course of it")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

enum Failure {
    Overdrawn(Overdrawn),
    Closed(Closed),
}

impl IntoInvocationError for Failure {
    fn into_invocation_error(self) -> InvocationError {
        match self {
            Self::Overdrawn(error) => error.into_invocation_error(),
            Self::Closed(error) => error.into_invocation_error(),
        }
    }
}

fn overdrawn() -> Overdrawn {
    Overdrawn { missing: 50, account: "Joe".into() }
}

async fn sessions() -> (Session, Session) {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config);
    (router.join("realm1").await.unwrap(), router.join("realm1").await.unwrap())
}

async fn call(caller: &Session, procedure: &str, args: (u64,)) -> Error {
    caller.call::<_, ()>(procedure, args).await.unwrap_err()
}

#[tokio::test]
async fn an_error_comes_back_as_the_type_that_it_was() {
    let (callee, caller) = sessions().await;
    let fail = async |(kind,): (u64,)| -> Result<(), Failure> {
        Err(if kind == 0 { Failure::Closed(Closed) } else { Failure::Overdrawn(overdrawn()) })
    };
    let _registration = callee.register("a.fail", typed(fail)).await.unwrap();
    let error = call(&caller, "a.fail", (0,)).await;
    assert_eq!(error.typed(), Some(Closed));
    assert_eq!(error.typed::<Overdrawn>(), None, "the URI is another one");
    let error = call(&caller, "a.fail", (1,)).await;
    assert_eq!(error.typed(), Some(overdrawn()));
    // Others, who do not know the type, see what they see of all errors.
    assert_eq!(error.to_string(), "com.example.error.overdrawn: Joe lacks 50");
    let Error::Request(error) = error else { panic!("{error}") };
    assert_eq!(error.kwargs::<Dict>().unwrap().get("missing").and_then(|value| value.as_u64()), Some(50));
}

#[tokio::test]
async fn an_error_type_may_have_arguments_of_its_own_kind() {
    let (callee, caller) = sessions().await;
    let fail = async |(number,): (u32,)| -> Result<(), TooMany> { Err(TooMany(number)) };
    let _registration = callee.register("a.fail", typed(fail)).await.unwrap();
    assert_eq!(call(&caller, "a.fail", (7,)).await.typed(), Some(TooMany(7)));
}

#[tokio::test]
async fn a_handler_that_takes_the_invocation_maps_its_errors_itself() {
    let (callee, caller) = sessions().await;
    fn check(account: u64) -> Result<u64, Closed> {
        if account == 0 { Err(Closed) } else { Ok(account) }
    }
    let fail = |(account,): (u64,), _: Invocation| async move {
        check(account).map_err(IntoInvocationError::into_invocation_error)
    };
    let _registration = callee.register("a.fail", fail).await.unwrap();
    assert_eq!(call(&caller, "a.fail", (0,)).await.typed(), Some(Closed));
}

#[tokio::test]
async fn a_known_uri_with_other_arguments_is_not_taken_for_the_type() {
    let (callee, caller) = sessions().await;
    let fail = |_: (u64,)| async { Err::<(), _>(InvocationError::new(Overdrawn::URI).message("no fields")) };
    let _registration = callee.register("a.fail", fail).await.unwrap();
    let error = call(&caller, "a.fail", (0,)).await;
    assert!(error.is(Overdrawn::URI));
    assert_eq!(error.typed::<Overdrawn>(), None);
    let registry = ErrorRegistry::new().define::<Overdrawn>();
    assert!(registry.to_typed(error).downcast_ref::<Error>().is_some(), "it stays as it came");
}

#[tokio::test]
async fn a_registry_knows_boxed_errors_by_their_types_and_sources() {
    let (callee, caller) = sessions().await;
    let registry =
        ErrorRegistry::new().define::<Overdrawn>().define::<Closed>().define_with::<ParseIntError>(
            "com.example.error.no_number",
            |error| InvocationError::new("com.example.error.no_number").message(error.to_string()),
            |_| "".parse::<u64>().err(),
        );
    let fail = async |(kind,): (u64,)| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        match kind {
            0 => Err(Closed)?,
            1 => Err(overdrawn())?,
            2 => drop("x".parse::<u64>()?),
            3 => Err(Wrapped(Closed))?,
            _ => Err("something else")?,
        }
        Ok(())
    };
    let _registration = callee.register("a.fail", registry.handler(fail)).await.unwrap();
    for kind in [0, 3] {
        let error = registry.to_typed(call(&caller, "a.fail", (kind,)).await);
        assert_eq!(error.downcast_ref(), Some(&Closed), "{error}");
    }
    let error = registry.to_typed(call(&caller, "a.fail", (1,)).await);
    assert_eq!(error.downcast_ref(), Some(&overdrawn()), "{error}");
    let error = registry.to_typed(call(&caller, "a.fail", (2,)).await);
    assert!(error.is::<ParseIntError>(), "{error}");
    let error = registry.to_typed(call(&caller, "a.fail", (4,)).await);
    assert_eq!(error.to_string(), "wamp.error.runtime_error: something else");
}
