//! The client that AutobahnTestsuite tests: it echoes in every case of the suite's server.
//!
//! `WS_URL` is the server, `WS_AGENT` the name for the report, `WS_BACKEND` what compresses, and `CONFORMANCE_ADAPTER` one
//! of `tokio`, `smol`, `async-std`, `blocking`. See `run.sh` beside this file.
#![forbid(unsafe_code)]

mod options;

use std::env;
use std::error::Error;
use std::sync::Arc;

use options::{Adapter, client_options};
use wirebahn_drive::Network;
use wirebahn_drive::websocket::{Client, WebSocket};
use wirebahn_tokio::opening::ClientOptions;

fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("WS_URL").map_err(|_| "set WS_URL to the suite's server")?;
    let agent = env::var("WS_AGENT").unwrap_or_else(|_| "wirebahn".into());
    match Adapter::from_environment()? {
        Adapter::Tokio => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(run::<wirebahn_tokio::TokioRuntime>(&url, &agent)),
        Adapter::Smol => smol::block_on(run::<wirebahn_smol::SmolRuntime>(&url, &agent)),
        Adapter::AsyncStd => {
            async_std::task::block_on(run::<wirebahn_async_std::AsyncStdRuntime>(&url, &agent))
        }
        Adapter::Blocking => run_blocking(&url, &agent),
    }
}

async fn run<N: Network>(url: &str, agent: &str) -> Result<(), Box<dyn Error>> {
    let options = Arc::new(client_options()?);
    let mut socket = open::<N>(&format!("{url}/getCaseCount"), &options).await?;
    let count = socket.recv().await.ok_or("the server did not tell the number of cases")?;
    let count: u32 = count.as_text().ok_or("the number of cases is not text")?.parse()?;
    socket.wait_closed().await;

    for case in 1..=count {
        let mut socket = open::<N>(&format!("{url}/runCase?case={case}&agent={agent}"), &options).await?;
        while let Some(message) = socket.recv().await {
            if socket.feed(message).await.is_err() {
                break;
            }
        }
        socket.wait_closed().await;
    }

    open::<N>(&format!("{url}/updateReports?agent={agent}"), &options).await?.wait_closed().await;
    Ok(())
}

async fn open<N: Network>(
    url: &str,
    options: &Arc<ClientOptions>,
) -> Result<WebSocket<N::Io, N>, Box<dyn Error>> {
    let opened = Client::<N>::new(url)?.options(Arc::clone(options)).connect().await;
    Ok(opened.map_err(|error| format!("{url}: {error}"))?.connection)
}

fn run_blocking(url: &str, agent: &str) -> Result<(), Box<dyn Error>> {
    let options = Arc::new(client_options()?);
    let open = |path: &str| -> Result<_, Box<dyn Error>> {
        let url = format!("{url}/{path}");
        let opened = wirebahn_blocking::Client::new(&url)?.options(Arc::clone(&options)).connect();
        Ok(opened.map_err(|error| format!("{url}: {error}"))?.connection)
    };
    let mut socket = open("getCaseCount")?;
    let count = socket.recv().ok_or("the server did not tell the number of cases")?;
    let count: u32 = count.as_text().ok_or("the number of cases is not text")?.parse()?;
    socket.wait_closed();

    for case in 1..=count {
        let mut socket = open(&format!("runCase?case={case}&agent={agent}"))?;
        while let Some(message) = socket.recv() {
            if socket.feed(message).is_err() {
                break;
            }
        }
        socket.wait_closed();
    }

    open(&format!("updateReports?agent={agent}"))?.wait_closed();
    Ok(())
}
