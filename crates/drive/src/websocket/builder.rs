//! A client's connection, from its URL on.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use wirebahn_core::http::WsUrl;
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{ClientOpeningError, ClientOptions, ClientRequest, RedirectError};

use super::client::open_received;
use super::{ConnectError, Layer, Opened};
use crate::{Dialer, Network, OsEntropy, reach};

/// A connection to be opened. Adapters name it without the parameter.
///
/// ```
/// use wirebahn_drive::Network;
/// use wirebahn_drive::websocket::{Client, ConnectError};
///
/// async fn subprotocol<N: Network>() -> Result<Option<String>, ConnectError> {
///     let opened = Client::<N>::new("ws://example.com/chat")?
///         .header("Authorization", "Bearer 4711")?
///         .subprotocol("chat")?
///         .proxy("socks5h://127.0.0.1:9050".parse()?)
///         .connect()
///         .await?;
///     Ok(opened.response.subprotocol)
/// }
/// ```
pub struct Client<N: Network> {
    request: ClientRequest,
    options: Arc<ClientOptions>,
    dialer: Dialer,
    max_redirects: usize,
    network: PhantomData<fn() -> N>,
}

impl<N: Network> Client<N> {
    /// A connection to the server at `url`.
    ///
    /// # Errors
    ///
    /// The URL is invalid.
    pub fn new(url: &str) -> Result<Self, ConnectError> {
        let url: WsUrl = url.parse()?;
        Ok(Self {
            request: ClientRequest::new(url),
            options: Arc::default(),
            dialer: Dialer::default(),
            max_redirects: 0,
            network: PhantomData,
        })
    }

    wirebahn_adapter::client_setters!();

    /// Opens the connection at the level of whole messages.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, refuses, or does not answer in time.
    pub async fn connect(self) -> Result<Opened<Messages, N::Io, N>, ConnectError> {
        self.connect_layer().await
    }

    /// Opens the connection at the layer `L`: `Messages`, `Frames` or `Streaming`.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_layer<L: Layer>(self) -> Result<Opened<L, N::Io, N>, ConnectError> {
        let mut request = self.request;
        let mut redirects = 0;
        loop {
            let url = request.url().clone();
            let (io, received) = reach::<N>(&url, &self.dialer).await?;
            let (options, entropy) = (Arc::clone(&self.options), Box::new(OsEntropy::default()));
            // Kept only where it may be needed again.
            let again = (self.max_redirects > 0).then(|| request.clone());
            match (open_received(io, received, request, options, entropy).await, again) {
                (Err((ClientOpeningError::Rejected(rejection), _)), Some(again))
                    if rejection.is_redirect() =>
                {
                    if redirects == self.max_redirects {
                        return Err(RedirectError::TooMany.into());
                    }
                    redirects += 1;
                    request = again.redirected(&rejection)?;
                }
                (Ok(opened), _) => return Ok(opened),
                (Err((error, cause)), _) => return Err(ConnectError::opening(&url, error, cause)),
            }
        }
    }
}

impl<N: Network> Clone for Client<N> {
    fn clone(&self) -> Self {
        Self {
            request: self.request.clone(),
            options: Arc::clone(&self.options),
            dialer: self.dialer.clone(),
            max_redirects: self.max_redirects,
            network: PhantomData,
        }
    }
}

impl<N: Network> fmt::Debug for Client<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", self.request.url())
            .field("dialer", &self.dialer)
            .finish_non_exhaustive()
    }
}
