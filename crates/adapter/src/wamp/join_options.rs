//! Where and how a realm is joined.

use std::sync::Arc;

use wirebahn_core::http::WsUrl;
use wirebahn_core::rawsocket::opening as raw;
use wirebahn_core::wamp::session::SessionConfig;
use wirebahn_core::wamp::{Batching, RouterUrl, RouterUrlError, Serializer, Subprotocol};
use wirebahn_core::websocket::opening::ClientOptions;

use super::JoinError;
use crate::Dialer;

/// Where and how a realm is joined: what the builders of all adapters have in common. `join_setters!` changes it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JoinOptions {
    /// Where the router is.
    pub url: RouterUrl,
    /// What is offered, the first of which is preferred. Default: MessagePack and JSON, each without batching.
    pub subprotocols: Vec<Subprotocol>,
    /// How the session is joined.
    pub config: SessionConfig,
    /// How a WebSocket is opened.
    pub websocket: Arc<ClientOptions>,
    /// How a RawSocket is opened, but for the serializer.
    pub rawsocket: raw::ClientOptions,
    /// How the router is reached.
    pub dialer: Dialer,
}

impl JoinOptions {
    /// Joins `realm` of the router at `url`.
    ///
    /// # Errors
    ///
    /// The URL is invalid.
    pub fn new(url: &str, realm: &str) -> Result<Self, JoinError> {
        let mut options = Self {
            url: url.parse()?,
            subprotocols: Vec::new(),
            config: SessionConfig::new(realm),
            websocket: Arc::default(),
            rawsocket: raw::ClientOptions::default(),
            dialer: Dialer::default(),
        };
        options.offer([Serializer::MsgPack, Serializer::Json]);
        Ok(options)
    }

    /// Offers these serializers, without batching, and no others.
    pub fn offer(&mut self, serializers: impl IntoIterator<Item = Serializer>) {
        let single = |serializer| Subprotocol { serializer, batching: Batching::Single };
        self.subprotocols = serializers.into_iter().map(single).collect();
    }

    /// The URL of a WebSocket that is reached in the same way: to a RawSocket it is the same, only that something else is
    /// spoken at its end.
    ///
    /// # Errors
    ///
    /// There is none: a RawSocket over a Unix socket, for example, is reached without a host.
    pub fn websocket_url(&self) -> Result<WsUrl, JoinError> {
        match &self.url {
            RouterUrl::WebSocket(url) => Ok(url.clone()),
            RouterUrl::RawSocket { host, port, is_secure } => {
                let scheme = if *is_secure { "wss" } else { "ws" };
                let url: Result<WsUrl, _> = format!("{scheme}://{host}:{port}/").parse();
                url.map_err(|error| JoinError::Url(RouterUrlError::WebSocket(error)))
            }
            _ => Err(JoinError::Unsupported("this kind of URL is not supported on this system")),
        }
    }
}

/// The methods by which a builder with a field `options`, of type [`JoinOptions`](crate::wamp::JoinOptions), says where and
/// how a realm is joined; those of [`dialer_setters!`](crate::dialer_setters) are among them. Whoever uses it depends on
/// what that needs.
#[doc(hidden)]
#[macro_export]
macro_rules! join_setters {
    () => {
        /// The serializers to offer, the first of which is preferred. Default: MessagePack and JSON.
        ///
        /// Over RawSocket, which knows no offers, they are tried one after the other.
        #[must_use]
        pub fn serializers(
            mut self,
            serializers: impl IntoIterator<Item = wirebahn_core::wamp::Serializer>,
        ) -> Self {
            self.options.offer(serializers);
            self
        }

        /// The subprotocols to offer over WebSocket, batched ones among them, the first of which is preferred.
        #[must_use]
        pub fn subprotocols(
            mut self,
            subprotocols: impl IntoIterator<Item = wirebahn_core::wamp::Subprotocol>,
        ) -> Self {
            self.options.subprotocols = subprotocols.into_iter().collect();
            self
        }

        /// Changes how the session is joined: who to be, which roles to announce, how long to wait.
        #[must_use]
        pub fn session(
            mut self,
            change: impl FnOnce(&mut wirebahn_core::wamp::session::SessionConfig),
        ) -> Self {
            change(&mut self.options.config);
            self
        }

        /// Sets the options of a WebSocket.
        #[must_use]
        pub fn websocket(
            mut self,
            options: impl Into<std::sync::Arc<wirebahn_core::websocket::opening::ClientOptions>>,
        ) -> Self {
            self.options.websocket = options.into();
            self
        }

        /// Sets the options of a RawSocket; its serializer is one of [`serializers`](Self::serializers).
        #[must_use]
        pub fn rawsocket(mut self, options: wirebahn_core::rawsocket::opening::ClientOptions) -> Self {
            self.options.rawsocket = options;
            self
        }

        $crate::dialer_setters!(options.dialer);
    };
}
