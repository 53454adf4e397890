//! Procedures that take their time: calls overtake each other, and none waits for another.
//!
//! `cargo run -p wirebahn-examples --example wamp_slow_square`

use std::error::Error;
use std::time::Duration;

use wirebahn_tokio::wamp::{InvocationError, RealmConfig, Router, RouterConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config);
    let (callee, caller) = (router.join("realm1").await?, router.join("realm1").await?);

    let _square = callee.register("com.math.square", |(x,): (i64,)| async move { Ok(x * x) }).await?;
    let _slow = callee.register("com.math.slow_square", slow_square).await?;
    // What computes for long belongs into a thread, or everything else on this one waits for it.
    let _hard = callee.register("com.math.hard_square", hard_square).await?;

    let call = async |procedure: &'static str, x: i64| -> Result<(), Box<dyn Error>> {
        let square: i64 = caller.call(procedure, (x,)).await?;
        println!("{procedure}: {x} squared is {square}");
        Ok(())
    };
    // They are made in this order and answered in another.
    tokio::try_join!(
        call("com.math.slow_square", 3),
        call("com.math.hard_square", 4),
        call("com.math.square", 5),
    )?;
    Ok(())
}

async fn slow_square((x,): (i64,)) -> Result<i64, InvocationError> {
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(x * x)
}

async fn hard_square((x,): (i64,)) -> Result<i64, InvocationError> {
    let compute = move || (0..x).map(|_| x).sum();
    tokio::task::spawn_blocking(compute).await.map_err(|_| InvocationError::new("com.math.error.failed"))
}
