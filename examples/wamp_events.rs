//! Events with everything that they can have: complex payloads, handlers, options on both sides, and the way out.
//!
//! `cargo run -p wirebahn-examples --example wamp_events`

use std::error::Error;

use serde::{Deserialize, Serialize};
use wirebahn_tokio::wamp::{RealmConfig, Router, RouterConfig};

/// What an event has by name.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    latitude: f64,
    longitude: f64,
    tags: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let router = Router::new(config);
    let (ship, harbour) = (router.join("realm1").await?, router.join("realm1").await?);
    let harbour_id = harbour.id().ok_or("it has joined")?;

    // A function for each event, in the order in which they come. Dropping what it gives ends it.
    let _horns = harbour
        .subscribe("com.example.horn")
        .await?
        .on_event(|event| async move { println!("a horn: {:?}", event.args::<(u32,)>()) });

    // A complex event: by position and by name. The router keeps the last one for those who come later.
    let position = Position { latitude: 53.5, longitude: 9.9, tags: vec!["ferry".into(), "late".into()] };
    ship.publish("com.example.position", ("MS Ada",)).kwargs(position).retain().acknowledge().await?;
    let mut positions = harbour.subscribe("com.example.position").get_retained().await?;
    let event = positions.next().await.ok_or("it is kept")?;
    let ((name,), position): ((String,), Position) = (event.args()?, event.kwargs()?);
    println!("{name} was at {position:?}, {}", if event.details.retained { "some time ago" } else { "now" });

    // Who publishes does not get the event, unless asked otherwise.
    let mut own = ship.subscribe("com.example.log").await?;
    ship.publish("com.example.log", ("cast off",)).options(|options| options.exclude_me = false).await?;
    println!("the ship's own log: {:?}", own.next().await.map(|event| event.args::<(String,)>()));

    // Only for some, and with the name of who published, if the realm allows it.
    let mut orders = harbour.subscribe("com.example.orders").await?;
    ship.publish("com.example.orders", ("a berth, please",))
        .receivers(|receivers| receivers.eligible = Some(vec![harbour_id]))
        .options(|options| options.disclose_me = true)
        .acknowledge()
        .await?;
    let event = orders.next().await.ok_or("the session has ended")?;
    println!(
        "an order of {:?}, which is the ship: {}",
        event.details.publisher,
        event.details.publisher == ship.id()
    );

    ship.publish("com.example.horn", (3,)).acknowledge().await?;

    // After this no event comes any more, also none that was on its way.
    orders.unsubscribe().await?;
    ship.publish("com.example.orders", ("never mind",)).acknowledge().await?;
    println!("{}", harbour.leave().await);
    Ok(())
}
