//! WebSocket and WAMP on the port of a server that somebody else wrote: axum.
//!
//! REST, static files, an echo and a WAMP router on one port, and a client for each.
//!
//! `cargo run -p wirebahn-examples --example axum_upgrade`

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Path, Request, State};
use axum::routing::get;
use axum::{Json, Router as Routes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower_http::services::ServeDir;
use wirebahn_tokio::WebSocket;
use wirebahn_tokio::http_upgrade::{HttpReply, HttpStream, HttpUpgrade};
use wirebahn_tokio::opening::{Acceptance, ServerOptions};
use wirebahn_tokio::wamp::{RealmConfig, Router, RouterConfig, join};

/// What all handlers share.
#[derive(Clone)]
struct App {
    options: Arc<ServerOptions>,
    router: Router,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = RouterConfig::default();
    config.realms.push(("realm1".into(), RealmConfig::default()));
    let app = App { options: Arc::default(), router: Router::new(config) };
    // The application is a client of its own router, without a socket.
    let session = app.router.join("realm1").await?;
    let _add = session.register("com.example.add", |(a, b): (i64, i64)| async move { Ok(a + b) }).await?;

    let routes = Routes::new()
        .route("/api/add/{a}/{b}", get(add))
        .route("/echo", get(echo))
        .route("/wamp", get(wamp))
        .fallback_service(ServeDir::new(env!("CARGO_MANIFEST_DIR")))
        .with_state(app);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });

    println!("REST says {}", http_get(address, "/api/add/2/3").await?);
    println!("this file has {} bytes", http_get(address, "/axum_upgrade.rs").await?.len());
    let mut socket = wirebahn_tokio::connect(&format!("ws://{address}/echo")).await?;
    socket.send("hello").await?;
    println!("the echo says {:?}", socket.recv().await.as_ref().and_then(|message| message.as_text()));
    let session = join(&format!("ws://{address}/wamp"), "realm1").await?;
    let sum: i64 = session.call("com.example.add", (2, 3)).await?;
    println!("WAMP says {sum}");
    session.leave().await;
    Ok(())
}

async fn add(Path((a, b)): Path<(i64, i64)>) -> Json<i64> {
    Json(a.saturating_add(b))
}

async fn echo(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> HttpReply {
    let upgrade = match HttpUpgrade::receive(&mut request, app.options, Some(peer.to_string())) {
        Ok(upgrade) => upgrade,
        Err(refused) => return refused.response,
    };
    let accepted = upgrade.accept(Acceptance::default()).expect("nothing is asked for that must not be");
    accepted.serve(|mut socket: WebSocket<HttpStream>| async move {
        while let Some(message) = socket.recv().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
    })
}

async fn wamp(State(app): State<App>, mut request: Request) -> HttpReply {
    match HttpUpgrade::receive(&mut request, app.options, None) {
        Ok(upgrade) => upgrade.serve_wamp(&app.router),
        Err(refused) => refused.response,
    }
}

/// The body of a response, in the simplest way.
async fn http_get(address: SocketAddr, path: &str) -> Result<String, Box<dyn std::error::Error>> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let (_, body) = response.split_once("\r\n\r\n").ok_or("this is not HTTP")?;
    Ok(body.to_owned())
}
