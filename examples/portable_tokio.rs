//! The same program on every runtime: `portable_smol`, `portable_async_std` differ in imports and `main` only.
//! `portable_blocking` is what it looks like without any.
//!
//! `cargo run -p wirebahn-examples --example portable_tokio`

use std::error::Error;

use tokio::spawn;
use wirebahn_tokio::{CloseCode, Server, WebSocket, connect};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    program().await
}

async fn program() -> Result<(), Box<dyn Error>> {
    let server = Server::bind("127.0.0.1:0").await?;
    let (url, handle) = (format!("ws://{}/", server.local_addr()?), server.handle());
    let serving = spawn(server.serve(echo));

    let mut socket = connect(&url).await?;
    for word in ["one", "program,", "any", "runtime"] {
        socket.send(word).await?;
        if let Some(message) = socket.recv().await {
            println!("{}", message.as_text().unwrap_or("not text"));
        }
    }
    println!("{}", socket.close(CloseCode::NORMAL, "done").await?);

    handle.shut_down();
    serving.await??;
    Ok(())
}

async fn echo(mut socket: WebSocket) {
    while let Some(message) = socket.recv().await {
        if socket.feed(message).await.is_err() {
            break;
        }
    }
}
