//! A router inside an application: its own procedures without a socket, and everybody else's over WebSocket and RawSocket on one
//! port.
//!
//! `cargo run -p wirebahn-examples --example embedded_router`
//!
//! `wirebahn router` is the same as a service, with a configuration file, metrics and a page.

use std::error::Error;

use wirebahn_tokio::Server;
use wirebahn_tokio::wamp::router::SlowConsumers;
use wirebahn_tokio::wamp::{RealmConfig, Router, RouterConfig, join};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut realm = RealmConfig::default();
    // Rather lose events than sessions; they are counted.
    realm.slow_consumers = SlowConsumers::DropOldest;
    let mut config = RouterConfig::default();
    config.realms.push(("com.example.shop".into(), realm));
    let router = Router::new(config);

    // What the application itself offers needs neither a socket nor a serializer.
    let shop = router.join("com.example.shop").await?;
    let _price =
        shop.register("com.example.price", |(item,): (String,)| async move { Ok(item.len() * 100) }).await?;

    let server = Server::bind("127.0.0.1:0").await?;
    let (address, handle) = (server.local_addr()?, server.handle());
    let serving = tokio::spawn({
        let router = router.clone();
        async move { router.serve(server).await }
    });

    for url in [format!("ws://{address}/"), format!("rs://{address}")] {
        let customer = join(&url, "com.example.shop").await?;
        let price: u64 = customer.call("com.example.price", ("book",)).await?;
        println!("over {}: {price}", customer.serializer().name());
        customer.leave().await;
    }
    let metrics = router.handle().with(|router, _| *router.metrics());
    println!("{} sessions have joined", metrics.sessions_joined);

    // GOODBYE to those who are still there.
    handle.shut_down();
    serving.await??;
    Ok(())
}
