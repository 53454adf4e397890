//! What adapters write in the same words, though on different types: as macros, for they name their own.

/// The ways to a connection over a stream that is there already, and the shortest way to one that is not.
///
/// Takes the [`Io`](crate::Io) of the adapter's streams and the traits `AsyncRead` and `AsyncWrite` that it wraps, and
/// expects the adapter's `Client`, `Incoming`, `Opened` and `WebSocket` to be in scope.
#[doc(hidden)]
#[macro_export]
macro_rules! entrances {
    ($io:ident over $read:path, $write:path) => {
        use std::sync::Arc;

        use $crate::names::websocket::opening::{
            ClientOptions, ClientRequest, OpeningFailure, ServerOptions,
        };
        use $crate::names::websocket::{Messages, OsEntropy};
        use $crate::websocket::{Admission, ConnectError, accept_any, open};

        /// Opens a connection to the server at `url`: `ws://host:port/path`, or `ws+unix:///socket:/path`; with the
        /// feature `tls` also `wss`.
        ///
        /// [`Client`] has headers, subprotocols, proxies, options and other layers.
        ///
        /// # Errors
        ///
        /// The URL is invalid, or the server cannot be reached, refuses, or does not answer in time.
        pub async fn connect(url: &str) -> Result<WebSocket, ConnectError> {
            Ok(Client::new(url)?.connect().await?.connection)
        }

        /// Opens a connection over a stream that leads to the server: a TLS stream, a tunnel, a pipe.
        ///
        /// # Errors
        ///
        /// The server refuses, answers wrongly or not in time.
        pub async fn connect_on<S>(
            stream: S,
            request: ClientRequest,
            options: Arc<ClientOptions>,
        ) -> Result<Opened<Messages, S>, ConnectError>
        where
            S: $read + $write + Unpin,
        {
            Ok(open($io::new(stream), request, options, Box::new(OsEntropy::default())).await?)
        }

        /// Accepts a WebSocket over a stream, whatever its path and subprotocols.
        ///
        /// # Errors
        ///
        /// The client made no valid request; it was told so.
        pub async fn accept<S>(stream: S) -> Result<WebSocket<S>, OpeningFailure>
        where
            S: $read + $write + Unpin,
        {
            accept_any($io::new(stream)).await
        }

        /// Waits for the request of a client over a stream, to be accepted or refused. `peer` is the address of the
        /// stream's other end, if it has one.
        ///
        /// # Errors
        ///
        /// The client made no valid request; it was told so.
        pub async fn receive<S>(
            stream: S,
            options: Arc<ServerOptions>,
            peer: Option<String>,
        ) -> Result<Incoming<S>, OpeningFailure>
        where
            S: $read + $write + Unpin,
        {
            let entropy = Box::new(OsEntropy::default());
            Incoming::receive($io::new(stream), options, peer, entropy, Admission::Admit).await
        }
    };
}

/// What a server takes connections from: `Listener`, made of the types of a runtime's listeners.
#[doc(hidden)]
#[macro_export]
macro_rules! listener {
    ($tcp:ty, $unix:ty) => {
        /// What a [`Server`](crate::Server) takes connections from.
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum Listener {
            /// A TCP port.
            Tcp($tcp),
            /// A Unix socket.
            #[cfg(unix)]
            Unix($unix),
        }

        impl From<$tcp> for Listener {
            fn from(listener: $tcp) -> Self {
                Self::Tcp(listener)
            }
        }

        #[cfg(unix)]
        impl From<$unix> for Listener {
            fn from(listener: $unix) -> Self {
                Self::Unix(listener)
            }
        }
    };
}

/// `TlsStream` over a crate that drives rustls over the streams of a runtime, the two handshakes that lead to it, and the
/// `Prefixed` stream below it; how both are read and written is left to the caller.
#[cfg(feature = "tls")]
#[doc(hidden)]
#[macro_export]
macro_rules! tls_stream {
    ($rustls:ident over $read:path, $write:path; $($default:tt)*) => {
        /// A stream with TLS on it.
        #[derive(Debug)]
        pub struct TlsStream<S $($default)*>($rustls::TlsStream<Prefixed<S>>);

        /// Speaks TLS as the client.
        ///
        /// # Errors
        ///
        /// The server does not, or is not the one that was asked for.
        pub async fn secure<S>(
            stream: S,
            tls: &wirebahn_tls::ClientTls,
            host: &wirebahn_core::http::Host,
        ) -> Result<TlsStream<S>, wirebahn_tls::TlsError>
        where
            S: $read + $write + Unpin,
        {
            let name = wirebahn_tls::server_name(&host.to_string())?;
            let stream = Prefixed { prefix: bytes::BytesMut::new(), stream };
            let connector = $rustls::TlsConnector::from(std::sync::Arc::clone(tls.config()));
            match connector.connect(name, stream).await {
                Ok(stream) => Ok(TlsStream(stream.into())),
                Err(error) => Err(wirebahn_tls::TlsError::from_io(host.to_string(), error)),
            }
        }

        /// Speaks TLS as the server; `received` was read already.
        ///
        /// # Errors
        ///
        /// The client does not, or refuses.
        pub async fn secure_accepted<S>(
            stream: S,
            received: bytes::BytesMut,
            tls: &wirebahn_tls::ServerTls,
        ) -> Result<TlsStream<S>, wirebahn_tls::TlsError>
        where
            S: $read + $write + Unpin,
        {
            let stream = Prefixed { prefix: received, stream };
            let acceptor = $rustls::TlsAcceptor::from(std::sync::Arc::clone(tls.config()));
            match acceptor.accept(stream).await {
                Ok(stream) => Ok(TlsStream(stream.into())),
                Err(error) => Err(wirebahn_tls::TlsError::from_io("a client", error)),
            }
        }

        impl<S> TlsStream<S> {
            /// What the handshake came to: certificates of the other end, the channel binding.
            #[must_use]
            pub fn info(&self) -> wirebahn_tls::TlsInfo {
                match &self.0 {
                    $rustls::TlsStream::Client(stream) => wirebahn_tls::TlsInfo::of_client(stream.get_ref().1),
                    $rustls::TlsStream::Server(stream) => wirebahn_tls::TlsInfo::of_server(stream.get_ref().1),
                }
            }

            /// The stream under it.
            #[must_use]
            pub fn get_ref(&self) -> &S {
                &self.0.get_ref().0.stream
            }
        }

        /// A stream of which some bytes were read already.
        #[derive(Debug)]
        struct Prefixed<S> {
            prefix: bytes::BytesMut,
            stream: S,
        }
    };
}
