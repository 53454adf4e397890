//! Publish and subscribe: a subscriber takes the events of many topics, a publisher makes some. The router runs in the same
//! process; with a URL as argument, one elsewhere is used.
//!
//! `cargo run -p wirebahn-examples --example wamp_pubsub [-- ws://127.0.0.1:8080/ws]`

use std::error::Error;

use wirebahn_tokio::wamp::{RealmConfig, Router, RouterConfig, Session, join};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (publisher, subscriber) = sessions().await?;

    // An empty component stands for any: com.example.<room>.temperature.
    let mut temperatures = subscriber.subscribe("com.example..temperature").wildcard().await?;

    for (room, celsius) in [("kitchen", 21.5), ("attic", 14.0), ("cellar", 11.5)] {
        publisher.publish(format!("com.example.{room}.temperature"), (celsius,)).await?;
    }
    // Waits until the router has confirmed it.
    publisher.publish("com.example.garden.temperature", (-3.5,)).acknowledge().await?;

    for _ in 0..4 {
        let Some(event) = temperatures.next().await else { break };
        let (celsius,): (f64,) = event.args()?;
        println!("{}: {celsius} °C", event.topic().map_or("somewhere", |topic| topic.as_str()));
    }

    // Dropping a subscription unsubscribes; this waits for it.
    temperatures.unsubscribe().await?;
    println!("{}", subscriber.leave().await);
    Ok(())
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
