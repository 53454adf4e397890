//! A client: sends a message, prints the answer, closes.
//!
//! `cargo run -p wirebahn-examples --example client -- ws://127.0.0.1:9001/`, with `echo_server` running.

use std::error::Error;

use wirebahn_tokio::{CloseCode, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:9001/".into());
    let mut socket = connect(&url).await?;

    socket.send("Hello").await?;
    match socket.recv().await {
        Some(message) => println!("{:?}", message.as_text()),
        // `closed` knows how a connection ended, once it has.
        None => println!("no answer: {:?}", socket.closed()),
    }

    let closed = socket.close(CloseCode::NORMAL, "done").await?;
    println!("{closed}");
    Ok(())
}
