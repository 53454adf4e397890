//! TLS with a certificate of one's own, which the client is told to trust, and which is replaced while the server runs.
//!
//! `cargo run -p wirebahn-examples --example tls`

use std::error::Error;

use rcgen::{CertificateParams, KeyPair};
use wirebahn_tokio::tls::{ClientTls, ClientTlsOptions, Identity, Roots, ServerTls, ServerTlsOptions};
use wirebahn_tokio::{Client, CloseCode, Server, WebSocket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (identity, certificate) = self_signed()?;
    let tls = ServerTls::new(ServerTlsOptions::new(identity))?;
    let server = Server::bind("127.0.0.1:0").await?.tls(tls.clone());
    let url = format!("wss://localhost:{}/", server.local_addr()?.port());
    tokio::spawn(server.serve(echo));

    // By default a client trusts whom Mozilla trusts, and would refuse this certificate.
    let mut socket = Client::new(&url)?.tls(trusting(&certificate)?).connect().await?.connection;
    socket.send("Hello").await?;
    println!("{:?}", socket.recv().await);
    if let Some(info) = socket.io().and_then(|io| io.get_ref().tls_info()) {
        println!("{:?} {:?}, channel binding {:02x?}", info.version, info.alpn, info.channel_binding);
    }

    // The next connection is shown a new certificate; this one goes on.
    let (identity, renewed) = self_signed()?;
    tls.reload(&identity)?;
    let error = Client::new(&url)?.tls(trusting(&certificate)?).connect().await.map(drop);
    println!(
        "with the old certificate: {}",
        error.err().map_or_else(|| "fine".into(), |error| error.to_string())
    );
    Client::new(&url)?
        .tls(trusting(&renewed)?)
        .connect()
        .await?
        .connection
        .close(CloseCode::NORMAL, "")
        .await?;
    println!("{}", socket.close(CloseCode::NORMAL, "done").await?);
    Ok(())
}

/// A certificate for `localhost`, and its PEM for those who should trust it.
fn self_signed() -> Result<(Identity, String), Box<dyn Error>> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?.pem();
    Ok((Identity::from_pem(certificate.as_bytes(), key.serialize_pem().as_bytes())?, certificate))
}

fn trusting(certificate: &str) -> Result<ClientTls, Box<dyn Error>> {
    let mut options = ClientTlsOptions::default();
    options.roots = Roots::empty();
    options.roots.add_pem(certificate.as_bytes())?;
    Ok(ClientTls::new(options)?)
}

async fn echo(mut socket: WebSocket) {
    while let Some(message) = socket.recv().await {
        if socket.feed(message).await.is_err() {
            break;
        }
    }
}
