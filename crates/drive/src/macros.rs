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

/// Connections over the streams of an adapter, and what becomes one, named without the parameters that are always the same.
///
/// Takes the adapter's [`Runtime`](crate::Runtime) and the [`Io`](crate::Io) of its streams, and expects its `Stream` to be
/// in scope. What has examples of its own is left to the adapter: `Client`, `Server`, `ByteStream`.
#[doc(hidden)]
#[macro_export]
macro_rules! connections {
    ($runtime:ident over $io:ident) => {
        /// A client's connection that comes back after it was lost.
        pub type Reconnecting = $crate::websocket::Reconnecting<$runtime>;

        /// An open connection and what the server answered.
        pub type Opened<L, S = Stream> = $crate::websocket::Opened<L, $io<S>, $runtime>;

        /// A connection at the level of whole messages.
        pub type WebSocket<S = Stream> = $crate::websocket::WebSocket<$io<S>, $runtime>;

        /// A connection at the level of whole frames.
        pub type FrameSocket<S = Stream> = $crate::websocket::FrameSocket<$io<S>, $runtime>;

        /// A connection at the level of payload as it arrives.
        pub type StreamingSocket<S = Stream> = $crate::websocket::StreamingSocket<$io<S>, $runtime>;

        /// The half of a [`WebSocket`] that receives.
        pub type WebSocketReader<S = Stream> = $crate::websocket::WebSocketReader<$io<S>, $runtime>;

        /// The half of a [`WebSocket`] that sends.
        pub type WebSocketWriter<S = Stream> = $crate::websocket::WebSocketWriter<$io<S>, $runtime>;

        /// A request that a client has made, waiting for an answer.
        pub type Incoming<S = Stream> = $crate::websocket::Incoming<$io<S>, $runtime>;

        /// A client that wants a WebSocket, waiting to be accepted or refused.
        pub type Upgrade<S = Stream> = $crate::websocket::Upgrade<$io<S>, $runtime>;

        /// A client that has made a plain HTTP request, waiting for the answer.
        pub type HttpExchange<S = Stream> = $crate::websocket::HttpExchange<$io<S>, $runtime>;
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

/// The network of a runtime: `Listener`, `Stream`, and the traits [`Network`](crate::Network), [`Listen`](crate::Listen) and
/// [`Wrap`](crate::Wrap), from a table of what is its own:
///
/// * `io`, `streams`: which of this crate's types are for its streams, and the traits of those.
/// * `tcp`, `unix`: its listeners and streams, and what stands for the latter among the `streams`.
/// * `register`: makes that of a stream, for either kind.
/// * `resolve`, `connect_unix`, `bind_unix`: where runtimes do not agree on what is passed, or on what comes back.
/// * `spawn`: a task of the type `Task` that ends when it is dropped; `spawner`: what spawns those that do not.
#[doc(hidden)]
#[macro_export]
macro_rules! network {
    (
        runtime: $runtime:ty,
        io: $io:ident over $read:path, $write:path,
        streams: $streams:ident,
        tcp: $tcp_listener:ty, $tcp:ty => $registered_tcp:ty,
        unix: $unix_listener:ty, $unix:ty => $registered_unix:ty,
        register: |$stream:ident| $register:expr,
        resolve: |$host:ident, $port:ident| $resolve:expr,
        connect_unix: |$connect_path:ident| $connect_unix:expr,
        bind_unix: |$bind_path:ident| $bind_unix:expr,
        spawn: |$spawned:ident| $spawn:expr,
        spawner: $spawner:expr $(,)?
    ) => {
        #[cfg(unix)]
        pub(crate) type Stream = $crate::$streams<$registered_tcp, $registered_unix>;
        #[cfg(not(unix))]
        pub(crate) type Stream = $crate::$streams<$registered_tcp, $registered_tcp>;

        $crate::listener!($tcp_listener, $unix_listener);

        fn tcp($stream: $tcp, delay: $crate::Delay) -> std::io::Result<$crate::$io<Stream>> {
            if delay == $crate::Delay::Off {
                // Only an optimisation: a stream that refuses works all the same.
                let _ = $stream.set_nodelay(true);
            }
            Ok($crate::$io::new(Stream::Tcp($register)))
        }

        #[cfg(unix)]
        fn unix($stream: $unix) -> std::io::Result<$crate::$io<Stream>> {
            Ok($crate::$io::new(Stream::Unix($register)))
        }

        impl $crate::Network for $runtime {
            type Io = $crate::$io<Stream>;

            async fn resolve($host: &str, $port: u16) -> std::io::Result<Vec<std::net::SocketAddr>> {
                $resolve
            }

            async fn connect(
                address: std::net::SocketAddr,
                delay: $crate::Delay,
            ) -> std::io::Result<Self::Io> {
                tcp(<$tcp>::connect(address).await?, delay)
            }

            #[cfg(unix)]
            async fn connect_unix($connect_path: &std::path::Path) -> std::io::Result<Self::Io> {
                unix($connect_unix)
            }

            #[cfg(not(unix))]
            async fn connect_unix(_: &std::path::Path) -> std::io::Result<Self::Io> {
                Err(std::io::ErrorKind::Unsupported.into())
            }

            fn spawner() -> $crate::Spawn {
                $spawner
            }

            #[cfg(feature = "tls")]
            async fn secure(
                io: Self::Io,
                tls: &wirebahn_tls::ClientTls,
                host: &wirebahn_core::http::Host,
            ) -> Result<Self::Io, wirebahn_tls::TlsError> {
                Ok($crate::$io::new(io.into_inner().secure(tls, host).await?))
            }
        }

        impl $crate::Listen for $runtime {
            type Listener = Listener;
            type Task = Task;

            async fn bind(address: std::net::SocketAddr) -> std::io::Result<Listener> {
                Ok(Listener::Tcp(<$tcp_listener>::bind(address).await?))
            }

            #[cfg(unix)]
            fn bind_unix($bind_path: &std::path::Path) -> std::io::Result<Listener> {
                Ok(Listener::Unix($bind_unix))
            }

            #[cfg(not(unix))]
            fn bind_unix(_: &std::path::Path) -> std::io::Result<Listener> {
                Err(std::io::ErrorKind::Unsupported.into())
            }

            fn local_addr(listener: &Listener) -> std::io::Result<std::net::SocketAddr> {
                match listener {
                    Listener::Tcp(listener) => listener.local_addr(),
                    #[cfg(unix)]
                    Listener::Unix(_) => Err(std::io::ErrorKind::Unsupported.into()),
                }
            }

            async fn accept(
                listener: &Listener,
                delay: $crate::Delay,
            ) -> std::io::Result<$crate::Accepted<Self::Io>> {
                match listener {
                    Listener::Tcp(listener) => {
                        let (stream, peer) = listener.accept().await?;
                        Ok($crate::Accepted { io: tcp(stream, delay)?, peer: Some(peer) })
                    }
                    #[cfg(unix)]
                    Listener::Unix(listener) => {
                        let (stream, _) = listener.accept().await?;
                        Ok($crate::Accepted { io: unix(stream)?, peer: None })
                    }
                }
            }

            fn spawn($spawned: impl Future<Output = ()> + Send + 'static) -> Task {
                $spawn
            }

            #[cfg(feature = "tls")]
            async fn secure_accepted(
                io: Self::Io,
                received: bytes::BytesMut,
                tls: &wirebahn_tls::ServerTls,
            ) -> Result<Self::Io, wirebahn_tls::TlsError> {
                Ok($crate::$io::new(io.into_inner().secure_accepted(received, tls).await?))
            }
        }

        impl<S: $read + $write + Unpin> $crate::Wrap<S> for $runtime {
            type Wrapped = $crate::$io<S>;

            fn wrap(stream: S) -> $crate::$io<S> {
                $crate::$io::new(stream)
            }
        }
    };
}
