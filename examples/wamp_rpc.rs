//! Remote procedure calls: one session registers procedures, another calls them. The router runs in the same process; with a
//! URL as argument, one elsewhere is used.
//!
//! `cargo run -p wirebahn-examples --example wamp_rpc [-- ws://127.0.0.1:8080/ws]`

use std::error::Error;
use std::time::Duration;

use wirebahn_tokio::wamp::{InvocationError, RealmConfig, Router, RouterConfig, Session, join};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (callee, caller) = sessions().await?;

    let _add = callee.register("com.example.add", |(a, b): (i64, i64)| async move { Ok(a + b) }).await?;
    let _divide = callee.register("com.example.divide", divide).await?;

    let sum: i64 = caller.call("com.example.add", (2, 3)).await?;
    println!("2 + 3 = {sum}");

    let quotient: f64 = caller.call("com.example.divide", (1.0, 4.0)).timeout(Duration::from_secs(5)).await?;
    println!("1 / 4 = {quotient}");

    match caller.call::<_, f64>("com.example.divide", (1.0, 0.0)).await {
        Err(error) if error.is("com.example.error.division_by_zero") => println!("1 / 0: {error}"),
        other => println!("unexpected: {other:?}"),
    }

    println!("{}", caller.leave().await);
    Ok(())
}

/// An error has a URI, so that callers can tell it from others.
async fn divide((a, b): (f64, f64)) -> Result<f64, InvocationError> {
    if b == 0.0 {
        return Err(InvocationError::new("com.example.error.division_by_zero").message("divide by something"));
    }
    Ok(a / b)
}

async fn sessions() -> Result<(Session, Session), Box<dyn Error>> {
    if let Some(url) = std::env::args().nth(1) {
        return Ok((join(&url, "realm1").await?, join(&url, "realm1").await?));
    }
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config);
    Ok((router.join("realm1").await?, router.join("realm1").await?))
}
