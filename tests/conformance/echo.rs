//! The server that AutobahnTestsuite tests, on the adapter that is asked for: `echo --listen ADDRESS`.
//!
//! `WS_BACKEND` is what compresses, and `CONFORMANCE_ADAPTER` one of `tokio`, `smol`, `async-std`, `blocking`. See `run.sh` beside this file.
#![forbid(unsafe_code)]

mod options;

use std::env;
use std::error::Error;

use options::{Adapter, server_options};
use wirebahn_drive::Listen;
use wirebahn_drive::websocket::{Server, WebSocket};

fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().skip_while(|argument| argument != "--listen").nth(1);
    let address = address.ok_or("say where to listen: --listen ADDRESS")?;
    match Adapter::from_environment()? {
        Adapter::Tokio => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(serve::<wirebahn_tokio::TokioRuntime>(&address))?,
        Adapter::Smol => smol::block_on(serve::<wirebahn_smol::SmolRuntime>(&address))?,
        Adapter::AsyncStd => {
            async_std::task::block_on(serve::<wirebahn_async_std::AsyncStdRuntime>(&address))?;
        }
        Adapter::Blocking => {
            let server = wirebahn_blocking::Server::bind(&address)?.options(server_options()?);
            println!("listening on ws://{}/", server.local_addr()?);
            server.serve(|mut socket| {
                while let Some(message) = socket.recv() {
                    if socket.feed(message).is_err() {
                        break;
                    }
                }
            })?;
        }
    }
    Ok(())
}

async fn serve<N: Listen>(address: &str) -> Result<(), Box<dyn Error>> {
    let server = Server::<N>::bind(address).await?.options(server_options()?);
    println!("listening on ws://{}/", server.local_addr()?);
    Ok(server.serve(echo::<N>).await?)
}

async fn echo<N: Listen>(mut socket: WebSocket<N::Io, N>) {
    while let Some(message) = socket.recv().await {
        if socket.feed(message).await.is_err() {
            break;
        }
    }
}
