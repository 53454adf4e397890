//! A server that ends in order: no new connections, and the others get a Close frame with 1001.
//!
//! `cargo run -p wirebahn-examples --example graceful_shutdown`

use std::error::Error;
use std::time::Duration;

use wirebahn_tokio::{Server, WebSocket, connect};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::bind("127.0.0.1:0").await?.shutdown_grace(Duration::from_secs(5));
    let url = format!("ws://{}/", server.local_addr()?);
    let handle = server.handle();
    let serving = tokio::spawn(server.serve(echo));

    let ctrl_c = handle.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            ctrl_c.shut_down();
        }
    });

    let mut socket = connect(&url).await?;
    socket.send("are you there?").await?;
    println!("{:?}, {} connection", socket.recv().await, handle.connections());

    // What Ctrl-C would do.
    handle.shut_down();
    println!("client: {}", socket.wait_closed().await);

    // Returns once all connections have ended, or after the grace period.
    serving.await??;
    println!("server: {} connections left", handle.connections());
    Ok(())
}

/// Knows nothing of the shutdown: the loop ends when the connection does.
async fn echo(mut socket: WebSocket) {
    while let Some(message) = socket.recv().await {
        if socket.feed(message).await.is_err() {
            break;
        }
    }
    socket.wait_closed().await;
}
