//! A message whose length is not known in advance: sent frame by frame, and received as the frames come.
//!
//! `cargo run -p wirebahn-examples --example frames`

use std::error::Error;

use wirebahn_tokio::opening::Acceptance;
use wirebahn_tokio::{Client, CloseCode, Fin, FrameSocket, Frames, MessageKind, Server, Upgrade};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/", server.local_addr()?);
    tokio::spawn(server.serve_upgrades(|upgrade: Upgrade| async move {
        if let Ok(socket) = upgrade.accept::<Frames>(Acceptance::default()).await {
            tell_frames(socket).await;
        }
    }));

    let mut socket = Client::new(&url)?.connect_layer::<Frames>().await?.connection;
    socket.begin_message(MessageKind::Text)?;
    for row in ["id,name\n", "1,Ada\n", "2,Grace\n"] {
        socket.send_frame(row, Fin::More).await?;
    }
    // An empty last frame, if one does not know earlier that it is the last one.
    socket.end_message().await?;

    // Control frames, such as this Close, go between frames.
    let closed = socket.close(CloseCode::NORMAL, "").await?;
    println!("{closed}");
    Ok(())
}

async fn tell_frames(mut socket: FrameSocket) {
    while let Some(frame) = socket.recv_frame().await {
        // A frame of text may end within a character; only the whole message is UTF-8 for certain.
        println!(
            "{:?}{}{}",
            frame.payload(),
            if frame.starts_message() { ", the first" } else { "" },
            if frame.ends_message() { ", the last" } else { "" },
        );
    }
}
