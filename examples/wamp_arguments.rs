//! Arguments and results in every form: by position, by name, both, none, optional ones, types of one's own.
//!
//! `cargo run -p wirebahn-examples --example wamp_arguments`

use std::error::Error;

use serde::{Deserialize, Serialize};
use wirebahn_tokio::wamp::{
    Invocation, InvocationError, RealmConfig, Reply, Router, RouterConfig, error_uri,
};

/// What a procedure takes by name. Those who leave out the number of tables get one.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    dish: String,
    #[serde(default = "one")]
    table: u32,
}

const fn one() -> u32 {
    1
}

#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    total: f64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Numbers {
    kind: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config);
    let (callee, caller) = (router.join("realm1").await?, router.join("realm1").await?);

    let _ping = callee.register("com.arguments.ping", |(): ()| async { Ok("pong") }).await?;
    let _concat = callee.register("com.arguments.concat", concat).await?;
    let _order = callee.register("com.arguments.order", order).await?;
    let _split = callee.register("com.arguments.split", split).await?;

    println!("none: {}", caller.call::<_, String>("com.arguments.ping", ()).await?);
    println!("a list: {}", caller.call::<_, String>("com.arguments.concat", ["a", "b", "c"]).await?);

    // By position the waiter's name, by name the order.
    let order = Order { dish: "soup".into(), table: 7 };
    let receipt: Receipt = caller.call("com.arguments.order", ("Ada",)).kwargs(order).await?;
    println!("a type of one's own: {receipt:?}");

    // Several results, by position and by name.
    let result = caller.call::<_, ()>("com.arguments.split", (7, 2)).result().await?;
    let ((quotient, rest), named): ((i64, i64), Numbers) = (result.args()?, result.kwargs()?);
    println!("7 divided by 2 is {quotient}, {rest} are left over; the numbers were {}", named.kind);

    // Whoever calls with something else learns what was wrong with it.
    match caller.call::<_, Receipt>("com.arguments.order", ("Ada",)).await {
        Err(error) => println!("without an order: {error}"),
        Ok(receipt) => println!("unexpected: {receipt:?}"),
    }
    Ok(())
}

async fn concat(words: Vec<String>) -> Result<String, InvocationError> {
    Ok(words.concat())
}

async fn order((waiter,): (String,), invocation: Invocation) -> Result<Receipt, InvocationError> {
    let order: Order = invocation.kwargs().map_err(|error| {
        InvocationError::new(error_uri::INVALID_ARGUMENT).message(format!("an order, please: {error}"))
    })?;
    println!("  {waiter} brings {} to table {}", order.dish, order.table);
    Ok(Receipt { total: 4.5 })
}

async fn split((a, b): (i64, i64)) -> Result<Reply<(i64, i64), Numbers>, InvocationError> {
    if b == 0 {
        return Err(
            InvocationError::new("com.arguments.error.division_by_zero").message("divide by something")
        );
    }
    Ok(Reply::new((a / b, a % b)).kwargs(Numbers { kind: "integers".into() }))
}
