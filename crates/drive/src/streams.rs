//! What wrappers of streams and streams under one name have in common, whichever traits the streams implement.
//!
//! The macros expect [`Pin`](std::pin::Pin), [`Context`](std::task::Context), [`Poll`](std::task::Poll), and what is in
//! [`io`](std::io) to be in scope.

/// A type that makes an [`Io`](crate::Io) of streams, with the ways into it and out of it; the [`Io`](crate::Io) itself is
/// left to the caller.
macro_rules! wrapper {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        #[derive(Debug)]
        pub struct $name<S> {
            stream: S,
        }

        impl<S> $name<S> {
            /// Wraps `stream`.
            pub const fn new(stream: S) -> Self {
                Self { stream }
            }

            /// The stream.
            pub const fn get_ref(&self) -> &S {
                &self.stream
            }

            /// The stream. Reading or writing it directly breaks the order of bytes.
            pub const fn get_mut(&mut self) -> &mut S {
                &mut self.stream
            }

            /// Unwraps the stream.
            pub fn into_inner(self) -> S {
                self.stream
            }
        }
    };
}

/// The streams that URLs lead to on runtimes whose streams have the traits `$read` and `$write`, with TLS by `$tls_stream`
/// where the feature `$tls` is on.
///
/// Writing is the same with the traits of either family, but for the method `$close`, which ends it, and for
/// `is_write_vectored`. How streams are read is left to the caller, and to [`each!`].
macro_rules! stream_enum {
    (
        $name:ident over $read:path, $write:path: $close:ident $($is_write_vectored:ident)?;
        $tls:tt: $tls_stream:ident
    ) => {
        /// A stream to or from the other end, over a runtime's TCP streams `T` and Unix sockets `U`.
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum $name<T, U> {
            /// Over TCP.
            Tcp(T),
            /// Over a Unix socket.
            Unix(U),
            /// TLS over another one.
            #[cfg(feature = $tls)]
            Tls(Box<super::$tls_stream<Self>>),
        }

        #[cfg(feature = $tls)]
        impl<T, U> $name<T, U> {
            /// What the TLS handshake came to; `None` without TLS.
            #[must_use]
            pub fn tls_info(&self) -> Option<wirebahn_tls::TlsInfo> {
                if let Self::Tls(stream) = self { Some(stream.info()) } else { None }
            }
        }

        #[cfg(feature = $tls)]
        impl<T, U> $name<T, U>
        where
            T: $read + $write + Unpin,
            U: $read + $write + Unpin,
        {
            /// Speaks TLS over this stream, as the client.
            ///
            /// # Errors
            ///
            /// The server does not, or is not the one that was asked for.
            pub async fn secure(
                self,
                tls: &wirebahn_tls::ClientTls,
                host: &wirebahn_core::http::Host,
            ) -> std::result::Result<Self, wirebahn_tls::TlsError> {
                Ok(Self::Tls(Box::new(super::$tls_stream::connect(self, tls, host).await?)))
            }

            /// Speaks TLS over this stream, as the server; `received` was read from it already.
            ///
            /// # Errors
            ///
            /// The client does not, or refuses.
            pub async fn secure_accepted(
                self,
                received: bytes::BytesMut,
                tls: &wirebahn_tls::ServerTls,
            ) -> std::result::Result<Self, wirebahn_tls::TlsError> {
                Ok(Self::Tls(Box::new(super::$tls_stream::accept(self, received, tls).await?)))
            }
        }

        impl<T, U> $write for $name<T, U>
        where
            T: $read + $write + Unpin,
            U: $read + $write + Unpin,
        {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
                each!($tls, self.get_mut(), stream => Pin::new(stream).poll_write(cx, buf))
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<Result<usize>> {
                each!($tls, self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, bufs))
            }

            $(fn $is_write_vectored(&self) -> bool {
                each!($tls, self, stream => stream.$is_write_vectored())
            })?

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
                each!($tls, self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
            }

            fn $close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
                each!($tls, self.get_mut(), stream => Pin::new(stream).$close(cx))
            }
        }
    };
}

/// What `$call` makes of the stream in a [`stream_enum!`], whichever it is.
macro_rules! each {
    ($tls:tt, $streams:expr, $stream:ident => $call:expr) => {
        match $streams {
            Self::Tcp($stream) => $call,
            Self::Unix($stream) => $call,
            #[cfg(feature = $tls)]
            Self::Tls($stream) => $call,
        }
    };
}

/// TLS by `$rustls`, a crate that drives rustls over streams that have the traits `$read` and `$write`, and the `Prefixed`
/// stream below it; how both are read is left to the caller, as in [`stream_enum!`].
#[cfg(any(feature = "futures-io-tls", feature = "tokio-io-tls"))]
macro_rules! tls_stream {
    (
        $name:ident by $rustls:ident over $read:path, $write:path: $close:ident $($is_write_vectored:ident)?
    ) => {
        /// A stream with TLS on it.
        #[derive(Debug)]
        pub struct $name<S>($rustls::TlsStream<Prefixed<S>>);

        impl<S: $read + $write + Unpin> $name<S> {
            /// Speaks TLS as the client.
            ///
            /// # Errors
            ///
            /// The server does not, or is not the one that was asked for.
            pub async fn connect(
                stream: S,
                tls: &wirebahn_tls::ClientTls,
                host: &wirebahn_core::http::Host,
            ) -> std::result::Result<Self, wirebahn_tls::TlsError> {
                let name = wirebahn_tls::server_name(&host.to_string())?;
                let stream = Prefixed { prefix: bytes::BytesMut::new(), stream };
                let connector = $rustls::TlsConnector::from(std::sync::Arc::clone(tls.config()));
                match connector.connect(name, stream).await {
                    Ok(stream) => Ok(Self(stream.into())),
                    Err(error) => Err(wirebahn_tls::TlsError::from_io(host.to_string(), error)),
                }
            }

            /// Speaks TLS as the server; `received` was read already.
            ///
            /// # Errors
            ///
            /// The client does not, or refuses.
            pub async fn accept(
                stream: S,
                received: bytes::BytesMut,
                tls: &wirebahn_tls::ServerTls,
            ) -> std::result::Result<Self, wirebahn_tls::TlsError> {
                let stream = Prefixed { prefix: received, stream };
                let acceptor = $rustls::TlsAcceptor::from(std::sync::Arc::clone(tls.config()));
                match acceptor.accept(stream).await {
                    Ok(stream) => Ok(Self(stream.into())),
                    Err(error) => Err(wirebahn_tls::TlsError::from_io("a client", error)),
                }
            }
        }

        impl<S> $name<S> {
            /// What the handshake came to: certificates of the other end, the channel binding.
            #[must_use]
            pub fn info(&self) -> wirebahn_tls::TlsInfo {
                match &self.0 {
                    $rustls::TlsStream::Client(stream) => {
                        wirebahn_tls::TlsInfo::of_client(stream.get_ref().1)
                    }
                    $rustls::TlsStream::Server(stream) => {
                        wirebahn_tls::TlsInfo::of_server(stream.get_ref().1)
                    }
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

        crate::streams::write_through!($name, 0; $read, $write: $close $($is_write_vectored)?);
        crate::streams::write_through!(Prefixed, stream; $read, $write: $close $($is_write_vectored)?);
    };
}

/// Writing to a stream is writing to the one in its field `$inner`.
#[cfg(any(feature = "futures-io-tls", feature = "tokio-io-tls"))]
macro_rules! write_through {
    (
        $name:ident, $inner:tt; $read:path, $write:path: $close:ident $($is_write_vectored:ident)?
    ) => {
        impl<S: $read + $write + Unpin> $write for $name<S> {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<Result<usize>> {
                Pin::new(&mut self.$inner).poll_write(cx, buf)
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<Result<usize>> {
                Pin::new(&mut self.$inner).poll_write_vectored(cx, bufs)
            }

            $(fn $is_write_vectored(&self) -> bool {
                self.$inner.$is_write_vectored()
            })?

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
                Pin::new(&mut self.$inner).poll_flush(cx)
            }

            fn $close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
                Pin::new(&mut self.$inner).$close(cx)
            }
        }
    };
}

pub(crate) use {each, stream_enum, wrapper};
#[cfg(any(feature = "futures-io-tls", feature = "tokio-io-tls"))]
pub(crate) use {tls_stream, write_through};
