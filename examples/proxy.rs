//! A client behind a proxy, and what it says if the proxy does not lead to the server.
//!
//! `cargo run -p wirebahn-examples --example proxy -- wss://example.com/ [socks5h://user:password@127.0.0.1:1080]`
//!
//! Without a proxy on the command line, the environment decides: `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`.

use std::error::Error;

use wirebahn_tokio::{Client, CloseCode, ConnectError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("say where to connect to: ws://... or wss://...")?;
    let client = match arguments.next() {
        Some(proxy) => Client::new(&url)?.proxy(proxy.parse()?),
        None => Client::new(&url)?.proxy_from_environment(),
    };
    match client.max_redirects(3).connect().await {
        Ok(mut opened) => println!("{}", opened.connection.close(CloseCode::NORMAL, "").await?),
        Err(ConnectError::Proxy(error)) => println!("it is the proxy: {error}"),
        Err(error) => println!("it is not the proxy: {error}"),
    }
    Ok(())
}
