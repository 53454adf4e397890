//! A whole router inside a program of your own: it listens, serves metrics and the page, and has procedures of the program.
//!
//! `cargo run -p wirebahn-examples --example embedded_node`

use std::error::Error;

use serde::Deserialize;
use wirebahn_node::{Config, Node};
use wirebahn_tokio::wamp::{Arguments, Invocation, InvocationError, join};

/// As in a file; port 0 is any that is free.
const CONFIG: &str = r#"
    [[listeners]]
    address = "tcp://127.0.0.1:0"

    [[realms]]
    name = "com.example.plant"
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let node = Node::start(Config::parse(CONFIG)?).await?;
    let address = node.listeners().first().and_then(|listener| listener.endpoint.authority());
    let address = address.ok_or("it listens nowhere")?;
    println!("listening on ws://{address}/ws, with a page at http://{address}/");

    // What the program itself has to offer: a session without a socket.
    let plant = node.local_session("com.example.plant").await?;
    let _boil = plant.register("com.example.boil", boil).await?;

    // Clients come from outside.
    let client = join(&format!("ws://{address}/ws"), "com.example.plant").await?;
    let mut news = client.subscribe("com.example.news").await?;
    let arguments = Arguments::new().arg("tea").kwarg("degrees", 80);
    let answer: String = client.call_with("com.example.boil", arguments).await?;
    println!("{answer}");

    plant.publish("com.example.news", ("boiled",)).await?;
    if let Some(event) = news.next().await {
        println!("news: {}", event.args::<(String,)>()?.0);
    }

    client.leave().await;
    node.shut_down().await;
    Ok(())
}

#[derive(Deserialize)]
struct BoilOptions {
    degrees: u8,
}

async fn boil((what,): (String,), invocation: Invocation) -> Result<String, InvocationError> {
    let BoilOptions { degrees } = invocation.kwargs()?;
    Ok(format!("water for {what} has {degrees} degrees"))
}
