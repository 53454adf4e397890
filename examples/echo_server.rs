//! A server that sends every message back. Runs until Ctrl-C.
//!
//! `cargo run -p wirebahn-examples --example echo_server`

use wirebahn_tokio::{Server, WebSocket};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let server = Server::bind("127.0.0.1:9001").await?;
    println!("listening on ws://{}/", server.local_addr()?);
    server.serve(echo).await
}

/// Runs once per connection, in a task of its own.
async fn echo(mut socket: WebSocket) {
    // `feed` queues; `recv` writes what is queued before it waits. So everything that arrived together is answered
    // with one write. `send` would write each message by itself.
    while let Some(message) = socket.recv().await {
        if socket.feed(message).await.is_err() {
            break;
        }
    }
    println!("{}", socket.wait_closed().await);
}
