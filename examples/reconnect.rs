//! A client whose server goes away and comes back: nothing is lost that the client can know of.
//!
//! `cargo run -p wirebahn-examples --example reconnect`

use std::error::Error;
use std::time::Duration;

use wirebahn_tokio::{
    BackoffOptions, Client, CloseCode, Message, ReconnectEvent, Reconnecting, Server, WebSocket,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    let handle = server.handle();
    tokio::spawn(server.serve(echo));

    let mut backoff = BackoffOptions::default();
    // For a server that is as quick to come back as this one; the default is for those that many clients have lost.
    backoff.initial_delay = Duration::from_millis(100);
    let mut socket = Reconnecting::new(Client::new(&format!("ws://{address}/"))?).backoff(backoff);

    // What is still to be sent, and what the server has answered.
    let mut outgoing: Vec<Message> = vec!["one".into()];
    let mut answers = 0;
    while let Some(event) = socket.recv_event().await {
        match event {
            ReconnectEvent::Connected(_) => {
                println!("connected");
                for message in outgoing.drain(..) {
                    socket.send(message).await?;
                }
            }
            ReconnectEvent::Message(message) => {
                println!("received {:?}", message.as_text());
                answers += 1;
                if answers == 2 {
                    socket.start_close(CloseCode::NORMAL, "")?;
                } else {
                    handle.shut_down();
                }
            }
            ReconnectEvent::Lost(lost) => {
                println!("lost: {}; next attempt in {:?}", lost.closed, lost.retry_in);
                println!("{} messages were sent, {} were not", lost.written, lost.unwritten.len());
                outgoing = lost.unwritten;
                outgoing.push("two".into());
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    println!("the server is back");
                    let server = Server::bind(address).await.expect("the port is free again");
                    server.serve(echo).await
                });
            }
            ReconnectEvent::Failed(failed) => {
                println!("{}; next attempt in {:?}", failed.error, failed.retry_in);
            }
            ReconnectEvent::Closed(closed) => println!("{closed}"),
            _ => {}
        }
    }
    Ok(())
}

async fn echo(mut socket: WebSocket) {
    while let Some(message) = socket.recv().await {
        if socket.send(message).await.is_err() {
            break;
        }
    }
}
