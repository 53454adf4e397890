//! Where plain connections come in.

use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use wirebahn_tokio::{
    ACCEPT_PAUSE, ByteEncoding, ByteStream, Client, ConnectError, Dialer, SHUTDOWN_GRACE, Shutdown, Stream,
};

use super::Options;
use super::endpoint::{Plain, WebSocketUrl};
use super::relay::relay;
use crate::signals::Signal;
use crate::{Failure, complain, output};

/// How connections are carried on.
struct Way {
    url: Arc<WebSocketUrl>,
    headers: Vec<(String, String)>,
    encodings: Vec<ByteEncoding>,
    dialer: Dialer,
    shutdown: Shutdown,
}

pub(super) async fn run(
    listen: &Plain,
    url: &Arc<WebSocketUrl>,
    options: &Options,
    mut signal: oneshot::Receiver<Signal>,
) -> Result<(), Failure> {
    if !options.origins.is_empty() || options.tls_cert.is_some() {
        let problem = "--allow-origin, --tls-cert and --tls-key are for listening with a WebSocket";
        return Err(Failure::Usage(problem.into()));
    }
    let way = Arc::new(Way {
        url: Arc::clone(url),
        headers: options.headers.clone(),
        encodings: match options.subprotocol {
            Some(encoding) => vec![encoding.into()],
            None => ByteEncoding::ALL.to_vec(),
        },
        dialer: options.transport.dialer()?,
        shutdown: Shutdown::new(),
    });
    // What is wrong with it should not come out with the first connection only.
    way.client().map_err(|error| Failure::Usage(format!("{url}: {error}")))?;
    let cannot_listen = Failure::cannot_listen(listen);
    let listener = listen.listen().await.map_err(&cannot_listen)?;
    output::announce(&format!("listening on {}", listener.place().map_err(&cannot_listen)?));

    let places = Arc::new(Semaphore::new(options.max_connections.min(Semaphore::MAX_PERMITS)));
    let mut connections = JoinSet::new();
    loop {
        // Whoever comes when there are too many waits in the system's queue.
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            (place, accepted) = next => match accepted {
                Ok(stream) => {
                    let way = Arc::clone(&way);
                    connections.spawn(async move {
                        let _place = place;
                        way.carry(stream).await;
                    });
                }
                Err(error) => {
                    complain(format_args!("cannot accept a connection: {error}"));
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = &mut signal => break,
        }
    }
    drop(listener);
    way.shutdown.request();
    let ending = async { while connections.join_next().await.is_some() {} };
    let _: Result<(), _> = tokio::time::timeout(SHUTDOWN_GRACE, ending).await;
    Ok(())
}

impl Way {
    fn client(&self) -> Result<Client, ConnectError> {
        let agent = concat!("wirebahn/", env!("CARGO_PKG_VERSION"));
        let mut client = Client::new(self.url.as_str())?.user_agent(agent)?;
        for (name, value) in &self.headers {
            client = client.header(name, value)?;
        }
        Ok(client.dialer(self.dialer.clone()))
    }

    async fn carry(&self, stream: Stream) {
        let opened = async { ByteStream::connect_with(self.client()?, &self.encodings).await };
        let mut tunnel = match opened.await {
            Ok(tunnel) => tunnel,
            Err(error) => return complain(format_args!("{}: {error}", self.url)),
        };
        tracing::info!("a connection to {}, in {}", self.url, tunnel.encoding().subprotocol());
        tunnel.end_on(&self.shutdown);
        match relay(tunnel, stream).await {
            Ok(()) => tracing::info!("a connection to {} has ended", self.url),
            Err(error) => complain(format_args!("{}: {error}", self.url)),
        }
    }
}
