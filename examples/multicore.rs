//! One listener per core on the same port: the kernel spreads the connections (`SO_REUSEPORT`, Linux and BSDs).
//!
//! `cargo run -p wirebahn-examples --example multicore`
//!
//! Each thread has a runtime of its own, so nothing that belongs to a connection ever moves between cores. One runtime of many
//! threads is simpler and mostly fast enough: `#[tokio::main]` and one `Server`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::thread;

use tokio::net::{TcpListener, TcpSocket};
use wirebahn_tokio::{CloseCode, Server, WebSocket, connect};

const CLIENTS: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // The first picks a port, the others join it.
        let first = listen("127.0.0.1:0".parse()?)?;
        let address = first.local_addr()?;
        for core in 1..thread::available_parallelism()?.get() {
            thread::spawn(move || serve(core, address));
        }
        tokio::spawn(Server::new(first).serve(|socket| tell(socket, 0)));
        ask(&format!("ws://{address}/")).await
    })
}

fn serve(core: usize, address: SocketAddr) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { Server::new(listen(address)?).serve(move |socket| tell(socket, core)).await })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

async fn tell(mut socket: WebSocket, core: usize) {
    if socket.send(format!("core {core}")).await.is_ok() {
        socket.wait_closed().await;
    }
}

async fn ask(url: &str) -> Result<(), Box<dyn Error>> {
    let mut served = BTreeMap::new();
    for _ in 0..CLIENTS {
        let mut socket = connect(url).await?;
        let message = socket.recv().await.ok_or("the server has gone")?;
        *served.entry(message.as_text().unwrap_or_default().to_owned()).or_insert(0) += 1;
        socket.close(CloseCode::NORMAL, "").await?;
    }
    println!("who has served how many: {served:?}");
    Ok(())
}
