//! A chat: each message goes to everyone. It is encoded once, and all connections share the bytes.
//!
//! `cargo run -p wirebahn-examples --example chat_broadcast`

use std::error::Error;

use tokio::sync::broadcast::{self, error::RecvError};
use wirebahn_tokio::{CloseCode, PreparedMessage, Server, WebSocket, connect};

/// Messages that a guest may be behind. Who falls back further is sent away, so nobody waits for anybody.
const ROOM_CAPACITY: usize = 256;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/", server.local_addr()?);
    let (room, _) = broadcast::channel(ROOM_CAPACITY);
    tokio::spawn(server.serve(move |socket| guest(socket, room.clone())));

    let mut alice = connect(&url).await?;
    // Everyone hears themselves, too, so Alice has joined when her message is back.
    alice.send("Alice is here").await?;
    alice.recv().await;
    let mut bob = connect(&url).await?;
    bob.send("Bob is here").await?;
    for (name, socket) in [("alice", &mut alice), ("bob", &mut bob)] {
        let message = socket.recv().await.ok_or("the server has gone")?;
        println!("{name} reads: {}", message.as_text().unwrap_or("(binary)"));
    }
    alice.close(CloseCode::NORMAL, "").await?;
    bob.close(CloseCode::NORMAL, "").await?;
    Ok(())
}

async fn guest(mut socket: WebSocket, room: broadcast::Sender<PreparedMessage>) {
    let mut messages = room.subscribe();
    loop {
        // Both futures may be dropped at any time without losing anything.
        tokio::select! {
            said = socket.recv() => match said {
                Some(message) => {
                    // Fails only if nobody listens, and we do.
                    let _ = room.send(PreparedMessage::new(message));
                }
                None => return,
            },
            heard = messages.recv() => match heard {
                Ok(message) => {
                    if socket.feed_prepared(&message).await.is_err() {
                        break;
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    let _ = socket.close(CloseCode::POLICY_VIOLATION, "too slow").await;
                    return;
                }
                Err(RecvError::Closed) => break,
            },
        }
    }
    socket.wait_closed().await;
}
