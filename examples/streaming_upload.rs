//! A message that does not fit into memory: sent and received in parts, at the speed of the slower side.
//!
//! `cargo run --release -p wirebahn-examples --example streaming_upload`

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::TcpListener;
use wirebahn_tokio::opening::{Acceptance, ClientOptions, ServerOptions};
use wirebahn_tokio::{
    Client, CloseCode, Config, Fin, Incoming, MessageKind, Stream, Streaming, StreamingSocket, receive,
};

/// One message in one frame.
const UPLOAD_LEN: u64 = 1 << 30;
const PART_LEN: u64 = 64 << 10;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/upload", listener.local_addr()?);

    // The limits protect those who hold whole frames or messages. We hold none.
    let mut config = Config::default();
    config.limits.max_frame_len = u64::MAX;
    config.limits.max_message_len = u64::MAX;
    let config = Arc::new(config);

    let mut server_options = ServerOptions::default();
    server_options.config = Arc::clone(&config);
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let incoming = receive(Stream::Tcp(stream), Arc::new(server_options), None).await;
        let Ok(Incoming::Upgrade(upgrade)) = incoming else { return Ok(0) };
        match upgrade.accept::<Streaming>(Acceptance::default()).await {
            Ok(socket) => Ok::<_, std::io::Error>(count(socket).await),
            Err(_) => Ok(0),
        }
    });

    let mut client_options = ClientOptions::default();
    client_options.config = config;
    let opened = Client::new(&url)?.options(client_options).connect_layer::<Streaming>().await?;
    upload(opened.connection).await?;
    println!("sent {UPLOAD_LEN} bytes, {} arrived", server.await??);
    Ok(())
}

async fn upload(mut socket: StreamingSocket) -> Result<(), Box<dyn Error>> {
    let part = Bytes::from(vec![b'x'; usize::try_from(PART_LEN)?]);
    socket.begin_message(MessageKind::Binary)?;
    let mut remaining = UPLOAD_LEN;
    socket.begin_frame(remaining, Fin::Last).await?;
    while remaining > 0 {
        // Waits while too much is unsent: that is the back-pressure. No more than the outbox holds is in memory.
        let len = usize::try_from(remaining.min(PART_LEN))?;
        remaining = socket.send_data(part.slice(..len)).await?;
    }
    socket.close(CloseCode::NORMAL, "").await?;
    Ok(())
}

async fn count(mut socket: StreamingSocket) -> u64 {
    let mut len = 0;
    // Not to ask for the next chunk is how a receiver slows its sender down.
    while let Some(chunk) = socket.recv_chunk().await {
        len += chunk.payload().len() as u64;
    }
    len
}
