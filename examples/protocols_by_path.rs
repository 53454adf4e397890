//! Several protocols on one port: the path of the request says which.
//!
//! `cargo run -p wirebahn-examples --example protocols_by_path`

use std::error::Error;
use std::time::Duration;

use wirebahn_tokio::http::StatusCode;
use wirebahn_tokio::opening::{Acceptance, HttpRequest, Refusal};
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
    let mut ticks = connect(&format!("ws://{address}/ticks?every=20")).await?;
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
    let request = &upgrade.request().http;
    let service = match request.path() {
        "/echo" => Service::Echo,
        "/ticks" => Service::Ticks(interval(request)),
        _ => {
            // Fails only for statuses that must not go on the wire.
            drop(upgrade.refuse(Refusal::new(StatusCode::NOT_FOUND)).await);
            return;
        }
    };
    let Ok(socket) = upgrade.accept(Acceptance::default()).await else { return };
    match service {
        Service::Echo => echo(socket).await,
        Service::Ticks(interval) => ticks(socket, interval).await,
    }
}

enum Service {
    Echo,
    Ticks(Duration),
}

/// `?every=20`, in milliseconds, or a second.
fn interval(request: &HttpRequest) -> Duration {
    let every = request.query_pairs().find(|(name, _)| name == "every");
    let millis = every.and_then(|(_, millis)| millis.parse().ok());
    Duration::from_millis(millis.unwrap_or(1000))
}

async fn echo(mut socket: WebSocket) {
    while let Some(message) = socket.recv().await {
        if socket.send(message).await.is_err() {
            break;
        }
    }
}

async fn ticks(mut socket: WebSocket, interval: Duration) {
    let mut ticker = tokio::time::interval(interval.max(Duration::from_millis(1)));
    loop {
        tokio::select! {
            // Also answers pings and the client's Close.
            received = socket.recv() => if received.is_none() { return },
            _ = ticker.tick() => if socket.send("tick").await.is_err() { break },
        }
    }
    socket.wait_closed().await;
}
