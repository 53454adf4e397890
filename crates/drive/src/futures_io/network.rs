//! The network of a runtime whose sockets are those of `futures-io`.

/// `Listener`, `Stream`, and the traits [`Network`](crate::Network), [`Listen`](crate::Listen) and [`Wrap`](crate::Wrap)
/// for a runtime, from a table of what is its own:
///
/// * `tcp`, `unix`: its listeners and streams.
/// * `socket`: the `Async` of its reactor.
/// * `register`: what makes a socket of the reactor, an `Arc<Async<_>>`, of either kind of stream.
/// * `resolve`, `connect_unix`, `bind_unix`: where runtimes do not agree on what is passed, or on what comes back.
/// * `spawn`: a task of the type `Task` that ends when it is dropped; `detach`: one that does not.
#[doc(hidden)]
#[macro_export]
macro_rules! futures_network {
    (
        runtime: $runtime:ty,
        tcp: $tcp_listener:ty, $tcp:ty,
        unix: $unix_listener:ty, $unix:ty,
        socket: $async_socket:ident,
        register: |$stream:ident| $register:expr,
        resolve: |$host:ident, $port:ident| $resolve:expr,
        connect_unix: |$connect_path:ident| $connect_unix:expr,
        bind_unix: |$bind_path:ident| $bind_unix:expr,
        spawn: |$spawned:ident| $spawn:expr,
        detach: |$detached:ident| $detach:expr $(,)?
    ) => {
        $crate::reactor_socket!($async_socket);

        type Tcp = ReactorSocket<std::net::TcpStream>;
        #[cfg(unix)]
        pub(crate) type Stream = $crate::FuturesStream<Tcp, ReactorSocket<std::os::unix::net::UnixStream>>;
        #[cfg(not(unix))]
        pub(crate) type Stream = $crate::FuturesStream<Tcp, Tcp>;

        $crate::listener!($tcp_listener, $unix_listener);

        fn tcp($stream: $tcp, delay: $crate::Delay) -> std::io::Result<$crate::FuturesIo<Stream>> {
            if delay == $crate::Delay::Off {
                // Only an optimisation: a stream that refuses works all the same.
                let _ = $stream.set_nodelay(true);
            }
            let socket = ReactorSocket::new($register);
            Ok($crate::FuturesIo::new($crate::FuturesStream::Tcp(socket)))
        }

        #[cfg(unix)]
        fn unix($stream: $unix) -> std::io::Result<$crate::FuturesIo<Stream>> {
            let socket = ReactorSocket::new($register);
            Ok($crate::FuturesIo::new($crate::FuturesStream::Unix(socket)))
        }

        impl $crate::Network for $runtime {
            type Io = $crate::FuturesIo<Stream>;

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
                std::sync::Arc::new(|$detached| $detach)
            }

            #[cfg(feature = "tls")]
            async fn secure(
                io: Self::Io,
                tls: &wirebahn_tls::ClientTls,
                host: &wirebahn_core::http::Host,
            ) -> Result<Self::Io, wirebahn_tls::TlsError> {
                let stream = $crate::secure(io.into_inner(), tls, host).await?;
                Ok($crate::FuturesIo::new($crate::FuturesStream::Tls(Box::new(stream))))
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
                let stream = $crate::secure_accepted(io.into_inner(), received, tls).await?;
                Ok($crate::FuturesIo::new($crate::FuturesStream::Tls(Box::new(stream))))
            }
        }

        impl<S> $crate::Wrap<S> for $runtime
        where
            S: futures_io::AsyncRead + futures_io::AsyncWrite + Unpin,
        {
            type Wrapped = $crate::FuturesIo<S>;

            fn wrap(stream: S) -> $crate::FuturesIo<S> {
                $crate::FuturesIo::new(stream)
            }
        }
    };
}
