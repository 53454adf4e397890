//! The client that AutobahnTestsuite tests: it echoes in every case of the suite's server.
//!
//! `WS_URL` is the server, `WS_AGENT` the name for the report, `WS_BACKEND` what compresses. See `run.sh` beside this file.
#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::sync::Arc;

use wirebahn_tokio::extension::deflate::{Backend, Deflate, DeflateOptions};
use wirebahn_tokio::opening::ClientOptions;
use wirebahn_tokio::{Client, Config, WebSocket};

/// The largest message of the suite (9.1.6, 9.2.6), as one frame.
const MAX_MESSAGE: u64 = 16 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("WS_URL").map_err(|_| "set WS_URL to the suite's server")?;
    let agent = env::var("WS_AGENT").unwrap_or_else(|_| "wirebahn".into());
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(&url, &agent))
}

async fn run(url: &str, agent: &str) -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let mut socket = open(&format!("{url}/getCaseCount"), &options).await?;
    let count = socket.recv().await.ok_or("the server did not tell the number of cases")?;
    let count: u32 = count.as_text().ok_or("the number of cases is not text")?.parse()?;
    socket.wait_closed().await;

    for case in 1..=count {
        let mut socket = open(&format!("{url}/runCase?case={case}&agent={agent}"), &options).await?;
        while let Some(message) = socket.recv().await {
            if socket.feed(message).await.is_err() {
                break;
            }
        }
        socket.wait_closed().await;
    }

    open(&format!("{url}/updateReports?agent={agent}"), &options).await?.wait_closed().await;
    Ok(())
}

async fn open(url: &str, options: &Arc<ClientOptions>) -> Result<WebSocket, Box<dyn Error>> {
    let opened = Client::new(url)?.options(Arc::clone(options)).connect().await;
    Ok(opened.map_err(|error| format!("{url}: {error}"))?.connection)
}

/// Cases count the frames they get, so no pings of our own.
fn options() -> Result<Arc<ClientOptions>, Box<dyn Error>> {
    let mut config = Config::default();
    config.limits.max_message_len = MAX_MESSAGE;
    config.limits.max_frame_len = MAX_MESSAGE;
    config.keepalive = None;
    let mut options = ClientOptions::default();
    options.config = Arc::new(config);
    let mut deflate = DeflateOptions::default();
    deflate.backend = match env::var("WS_BACKEND").as_deref() {
        Ok("miniz_oxide") => Backend::MinizOxide,
        #[cfg(feature = "zlib-rs")]
        Ok("zlib-rs") => Backend::ZlibRs,
        Ok(other) => return Err(format!("the backend {other:?} is not there").into()),
        Err(_) => Backend::default(),
    };
    options.extensions = Deflate::new(deflate).into();
    Ok(Arc::new(options))
}
