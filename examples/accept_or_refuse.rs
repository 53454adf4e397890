//! A server that looks at requests before it accepts them: path, origin, subprotocol, headers, cookies.
//!
//! `cargo run -p wirebahn-examples --example accept_or_refuse`

use std::error::Error;

use wirebahn_tokio::http::StatusCode;
use wirebahn_tokio::opening::{Acceptance, Origins, Refusal, Request, ServerOptions, Subprotocol};
use wirebahn_tokio::{Client, CloseCode, Server, Shutdown, Upgrade, WebSocket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Pages of other origins get 403 by themselves. Clients that are no browsers send no origin and pass.
    let mut options = ServerOptions::default();
    options.origins = Origins::allow(["https://example.com"])?;

    let server = Server::bind("127.0.0.1:0").await?.options(options);
    let address = server.local_addr()?;
    let shutdown = server.handle().shutdown_signal().clone();
    tokio::spawn(server.serve_upgrades(move |upgrade| decide(upgrade, shutdown.clone())));

    let client = |path| Client::new(&format!("ws://{address}{path}"));
    let opened = client("/chat")?
        .subprotocol("chat.v1")?
        .subprotocol("chat.v2")?
        .origin("https://example.com")?
        .header("Cookie", "theme=dark; session=4711")?
        .connect()
        .await?;
    println!("accepted, speaking {:?}", opened.response.subprotocol);
    println!("headers: {:?}", opened.response.headers);
    let mut socket = opened.connection;
    println!("first message: {:?}", socket.recv().await);
    socket.close(CloseCode::NORMAL, "").await?;

    for attempt in [
        client("/nowhere")?,
        client("/chat")?,
        client("/chat")?.header("Cookie", "session=4711")?.origin("https://elsewhere.example")?,
    ] {
        match attempt.connect().await {
            Ok(_) => return Err("that should have been refused".into()),
            Err(error) => println!("refused: {error}"),
        }
    }
    Ok(())
}

/// May take its time: a client waits for its answer, and nothing else does.
async fn decide(upgrade: Upgrade, shutdown: Shutdown) {
    match answer(upgrade.request()) {
        Ok(acceptance) => {
            if let Ok(mut socket) = upgrade.accept(acceptance).await {
                socket.end_on(&shutdown);
                welcome(socket).await;
            }
        }
        // Fails only for statuses and headers that must not go on the wire.
        Err(status) => drop(upgrade.refuse(Refusal::new(status)).await),
    }
}

fn answer(request: &Request) -> Result<Acceptance, StatusCode> {
    if request.http.path() != "/chat" {
        return Err(StatusCode::NOT_FOUND);
    }
    if session(request).as_deref() != Some("4711") {
        return Err(StatusCode::FORBIDDEN);
    }
    let mut acceptance = Acceptance::default();
    acceptance.subprotocol = match request.choose_subprotocol(&["chat.v2"]) {
        Some(name) => Subprotocol::Named(name.into()),
        None => return Err(StatusCode::BAD_REQUEST),
    };
    acceptance.headers.append("X-Served-By", "wirebahn").map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(acceptance)
}

fn session(request: &Request) -> Option<String> {
    let cookies = request.http.headers.get("Cookie")?.to_str()?;
    let value = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session="))?;
    Some(value.to_owned())
}

async fn welcome(mut socket: WebSocket) {
    let _ = socket.send("welcome").await;
    socket.wait_closed().await;
}
