//! One connection, two tasks: one sends, the other receives.
//!
//! `cargo run -p wirebahn-examples --example split_tasks`
//!
//! A connection that one task uses needs no lock. Split it only if sending and receiving have nothing to do with each
//! other; `tokio::select!` in one task is often simpler.

use std::error::Error;

use wirebahn_tokio::{CloseCode, Server, WebSocket, connect};

const COUNT: u32 = 1000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/", server.local_addr()?);
    tokio::spawn(server.serve(echo));

    let (mut reader, mut writer) = connect(&url).await?.split();
    let sending = tokio::spawn(async move {
        for number in 0..COUNT {
            // Waits for room if the server is slow. Meanwhile the reader goes on.
            writer.feed(number.to_string()).await?;
        }
        writer.flush().await?;
        Ok::<_, wirebahn_tokio::SendError>(writer)
    });

    let mut sum = 0;
    for _ in 0..COUNT {
        let message = reader.recv().await.ok_or("the server has gone")?;
        sum += message.as_text().unwrap_or_default().parse::<u32>()?;
    }
    println!("{COUNT} numbers came back, their sum is {sum}");

    // The halves can become one again.
    let mut socket = reader.reunite(sending.await??).map_err(|_| "these were two halves of one")?;
    println!("{}", socket.close(CloseCode::NORMAL, "").await?);
    Ok(())
}

async fn echo(mut socket: WebSocket) {
    while let Some(message) = socket.recv().await {
        if socket.feed(message).await.is_err() {
            break;
        }
    }
    socket.wait_closed().await;
}
