//! Errors with types: a procedure fails with a Rust type, and its caller gets the same type back.
//!
//! `cargo run -p wirebahn-examples --example wamp_errors`

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};
use wirebahn_tokio::wamp::{ErrorRegistry, RealmConfig, Router, RouterConfig, WampError, typed};

/// Its fields travel as keyword arguments, its text as the first argument.
#[derive(Debug, Serialize, Deserialize)]
struct Overdrawn {
    missing: u64,
}

impl WampError for Overdrawn {
    const URI: &'static str = "com.example.error.overdrawn";
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config);
    let (callee, caller) = (router.join("realm1").await?, router.join("realm1").await?);

    // The error has a type, and so the procedure fails with its URI.
    let _withdraw = callee.register("com.example.withdraw", typed(withdraw)).await?;
    // The error may be anything; what the registry knows has its URI, the rest is `wamp.error.runtime_error`.
    let errors = ErrorRegistry::new().define::<Overdrawn>();
    let _order = callee.register("com.example.order", errors.handler(order)).await?;

    for procedure in ["com.example.withdraw", "com.example.order"] {
        match caller.call::<_, u64>(procedure, (150,)).await {
            Ok(left) => println!("{left} are left"),
            Err(error) => match error.typed() {
                Some(Overdrawn { missing }) => println!("{procedure}: {missing} more are needed"),
                None => return Err(error.into()),
            },
        }
    }
    Ok(())
}

async fn withdraw((amount,): (u64,)) -> Result<u64, Overdrawn> {
    100_u64.checked_sub(amount).ok_or_else(|| Overdrawn { missing: amount - 100 })
}

async fn order((amount,): (u64,)) -> Result<u64, Box<dyn Error + Send + Sync>> {
    if amount == 0 {
        return Err("order something".into());
    }
    Ok(withdraw((amount,)).await?)
}

impl fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} are missing", self.missing)
    }
}

impl Error for Overdrawn {}
