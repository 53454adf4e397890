//! Several protocols on one port: the path of the request says which.
//!
//! `cargo run -p wirebahn-examples --example protocols_by_path`

use std::error::Error;
use std::time::Duration;

use wirebahn_tokio::http::StatusCode;
use wirebahn_tokio::opening::{Acceptance, Refusal};
use wirebahn_tokio::{CloseCode, Server, Upgrade, WebSocket, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    tokio::spawn(server.serve_upgrades(route));

    let mut echo = connect(&format!("ws://{address}/echo")).await?;
    echo.send("Hello").await?;
    println!("/echo: {:?}", echo.recv().await);
    echo.close(CloseCode::NORMAL, "").await?;

    // The rest of the URL is the protocol's.
    let mut ticks = connect(&format!("ws://{address}/ticks?every=20ms")).await?;
    for _ in 0..3 {
        println!("/ticks: {:?}", ticks.recv().await);
    }
    ticks.close(CloseCode::NORMAL, "").await?;

    if let Err(error) = connect(&format!("ws://{address}/elsewhere")).await {
        println!("/elsewhere: {error}");
    }
    Ok(())
}

async fn route(upgrade: Upgrade) {
    let path = upgrade.request().http.path().to_owned();
    let query = upgrade.request().http.query().unwrap_or_default().to_owned();
    let handler: fn(WebSocket, String) -> _ = match path.as_str() {
        "/echo" => |socket, _| Handler::Echo(socket),
        "/ticks" => Handler::Ticks,
        _ => {
            // Fails only for statuses that must not go on the wire.
            drop(upgrade.refuse(Refusal::new(StatusCode::NOT_FOUND)).await);
            return;
        }
    };
    if let Ok(socket) = upgrade.accept(Acceptance::default()).await {
        handler(socket, query).run().await;
    }
}
