//! A client's connection, from its URL on.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use wirebahn_core::http::WsUrl;
use wirebahn_core::proxy::{Proxy, ProxyEnvironment, TunnelOptions};
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{ClientOpeningError, ClientOptions, ClientRequest, RedirectError};

use super::client::open_received;
use super::{ConnectError, Layer, Opened};
use crate::{Delay, Dialer, Network, OsEntropy, Route, reach};

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

    /// Adds a header to the request.
    ///
    /// # Errors
    ///
    /// The header is invalid, or the handshake writes it itself.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, ConnectError> {
        self.request.add_header(name, value)?;
        Ok(self)
    }

    /// Offers a subprotocol; the first one offered is preferred.
    ///
    /// # Errors
    ///
    /// The name is invalid or was offered before.
    pub fn subprotocol(mut self, name: &str) -> Result<Self, ConnectError> {
        self.request.add_subprotocol(name)?;
        Ok(self)
    }

    /// Sets the `Origin` that the request claims to come from.
    ///
    /// # Errors
    ///
    /// The origin is no valid header value.
    pub fn origin(mut self, origin: &str) -> Result<Self, ConnectError> {
        self.request.set_origin(origin)?;
        Ok(self)
    }

    /// Sets the `User-Agent`. Default: none.
    ///
    /// # Errors
    ///
    /// The name is no valid header value.
    pub fn user_agent(mut self, name: &str) -> Result<Self, ConnectError> {
        self.request.set_user_agent(name)?;
        Ok(self)
    }

    /// Sets the options of the handshake and of the connection.
    #[must_use]
    pub fn options(mut self, options: impl Into<Arc<ClientOptions>>) -> Self {
        self.options = options.into();
        self
    }

    /// How long reaching the server may take, proxy and TLS included; `None` waits for as long as the system does.
    /// Default: 10 s. The handshake after that has [`ClientOptions::open_timeout`].
    #[must_use]
    pub const fn connect_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.dialer.timeout = timeout;
        self
    }

    /// Whether the system may hold back small writes on TCP. Default: it may not.
    #[must_use]
    pub const fn delay(mut self, delay: Delay) -> Self {
        self.dialer.delay = delay;
        self
    }

    /// Goes through a proxy. Default: directly to the server.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.dialer.route = Route::Through(Box::new(proxy));
        self
    }

    /// Goes through the proxy that the environment variables of this process ask for, if they do; see
    /// [`ProxyEnvironment`].
    #[must_use]
    pub fn proxy_from_environment(mut self) -> Self {
        self.dialer.route = Route::from_environment();
        self
    }

    /// Goes through the proxy that these variables ask for, if they do.
    #[must_use]
    pub fn proxy_from(mut self, environment: impl Into<Arc<ProxyEnvironment>>) -> Self {
        self.dialer.route = Route::Environment(environment.into());
        self
    }

    /// How a proxy is asked for a tunnel.
    #[must_use]
    pub fn tunnel_options(mut self, options: TunnelOptions) -> Self {
        self.dialer.tunnel = options;
        self
    }

    /// How TLS is spoken, for `wss` and with proxies. Default: with servers that whom Mozilla trusts vouches for.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: wirebahn_tls::ClientTls) -> Self {
        self.dialer.tls = Some(tls);
        self
    }

    /// How many redirects are followed. Default: none, a redirect is a rejection like any other. None is followed from
    /// `wss` to `ws`, and what was meant for one host goes to no other; see [`ClientRequest::redirected`].
    #[must_use]
    pub const fn max_redirects(mut self, max: usize) -> Self {
        self.max_redirects = max;
        self
    }

    /// All about how the server is reached at once, instead of what was set before.
    #[must_use]
    pub fn dialer(mut self, dialer: Dialer) -> Self {
        self.dialer = dialer;
        self
    }

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
