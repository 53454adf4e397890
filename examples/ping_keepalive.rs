//! Is the other end alive, and how far away is it?
//!
//! `cargo run -p wirebahn-examples --example ping_keepalive`

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use wirebahn_tokio::opening::ClientOptions;
use wirebahn_tokio::{Client, CloseCode, Config, MessageEvent, Server, WebSocket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/", server.local_addr()?);
    tokio::spawn(server.serve(|mut socket: WebSocket| async move {
        // A connection answers pings while somebody waits for its messages.
        while socket.recv().await.is_some() {}
    }));

    // Keepalive is on by default, every 20 s of silence. Here it is fast, to have something to see.
    let mut config = Config::default();
    if let Some(keepalive) = &mut config.keepalive {
        keepalive.interval = Duration::from_millis(50);
        // A peer that shows no sign of life for so long after a ping is given up: `Cause::TimedOut`.
        keepalive.timeout = Some(Duration::from_secs(5));
    }
    let mut options = ClientOptions::default();
    options.config = Arc::new(config);
    let mut socket = Client::new(&url)?.options(options).connect().await?.connection;

    // A ping of our own. `recv` drops pongs, `recv_event` shows them.
    socket.ping("my own").await?;
    let mut keepalive_pongs = 0;
    while keepalive_pongs < 3 {
        match socket.recv_event().await {
            Some(MessageEvent::Pong(pong)) => match pong.round_trip {
                Some(time) => {
                    keepalive_pongs += 1;
                    println!("keepalive: {time:?}");
                }
                None => println!("the pong to {:?}", pong.payload),
            },
            Some(_) => {}
            None => return Err("the connection has ended".into()),
        }
    }
    println!("the latest round trip: {:?}", socket.round_trip());
    socket.close(CloseCode::NORMAL, "").await?;
    Ok(())
}
