//! The program of `portable_tokio` without a runtime: threads that block.
//!
//! `cargo run -p wirebahn-examples --example portable_blocking`

use std::error::Error;
use std::thread::spawn;

use wirebahn_blocking::{CloseCode, Server, WebSocket, connect};

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::bind("127.0.0.1:0")?;
    let (url, handle) = (format!("ws://{}/", server.local_addr()?), server.handle());
    let serving = spawn(|| server.serve(echo));

    let mut socket = connect(&url)?;
    for word in ["one", "program,", "no", "runtime"] {
        socket.send(word)?;
        if let Some(message) = socket.recv() {
            println!("{}", message.as_text().unwrap_or("not text"));
        }
    }
    println!("{}", socket.close(CloseCode::NORMAL, "done")?);

    handle.shut_down();
    serving.join().map_err(|_| "the server panicked")??;
    Ok(())
}

fn echo(mut socket: WebSocket) {
    while let Some(message) = socket.recv() {
        if socket.feed(message).is_err() {
            break;
        }
    }
}
