//! The same WAMP program on every runtime: `portable_wamp_tokio`, `portable_wamp_smol` differ in imports and `main` only.
//! A router, a session that offers a procedure and takes events, and one that calls and publishes.
//!
//! `cargo run -p wirebahn-examples --example portable_wamp_async_std`

use std::error::Error;

use async_std::task::{block_on, spawn};
use wirebahn_async_std::Server;
use wirebahn_async_std::wamp::{RealmConfig, Router, RouterConfig, join};

fn main() -> Result<(), Box<dyn Error>> {
    block_on(program())
}

async fn program() -> Result<(), Box<dyn Error>> {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config);
    let server = Server::bind("127.0.0.1:0").await?;
    let (address, handle) = (server.local_addr()?, server.handle());
    let serving = spawn(async move {
        if let Err(error) = router.serve(server).await {
            eprintln!("the router has ended: {error}");
        }
    });

    // The same port speaks WebSocket and RawSocket.
    let callee = join(&format!("ws://{address}/"), "realm1").await?;
    let caller = join(&format!("rs://{address}"), "realm1").await?;

    let _add = callee.register("com.example.add", |(a, b): (i64, i64)| async move { Ok(a + b) }).await?;
    let sum: i64 = caller.call("com.example.add", (2, 3)).await?;
    println!("2 + 3 = {sum}");

    let mut sums = callee.subscribe("com.example.sums").await?;
    caller.publish("com.example.sums", (sum,)).await?;
    if let Some(event) = sums.next().await {
        let (sum,): (i64,) = event.args()?;
        println!("an event: {sum}");
    }

    println!("{}", caller.leave().await);
    handle.shut_down();
    println!("{}", callee.ended().await);
    let _ = serving.await;
    Ok(())
}
