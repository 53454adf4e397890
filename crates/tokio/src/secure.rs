//! TLS over any of tokio's streams.

use std::io::{IoSlice, Result as IoResult};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use wirebahn_core::http::Host;
use wirebahn_tls::{ClientTls, ServerTls, TlsError, TlsInfo, server_name};

use crate::Stream;

/// A stream with TLS on it.
#[derive(Debug)]
pub struct TlsStream<S = Stream>(tokio_rustls::TlsStream<Prefixed<S>>);

/// Speaks TLS as the client.
///
/// # Errors
///
/// The server does not, or is not the one that was asked for.
pub(crate) async fn connect<S>(stream: S, tls: &ClientTls, host: &Host) -> Result<TlsStream<S>, TlsError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = server_name(&host.to_string())?;
    let stream = Prefixed { prefix: BytesMut::new(), stream };
    match TlsConnector::from(Arc::clone(tls.config())).connect(name, stream).await {
        Ok(stream) => Ok(TlsStream(stream.into())),
        Err(error) => Err(TlsError::from_io(host.to_string(), error)),
    }
}

/// Speaks TLS as the server; `received` was read already.
///
/// # Errors
///
/// The client does not, or refuses.
pub(crate) async fn accept<S>(
    stream: S,
    received: BytesMut,
    tls: &ServerTls,
) -> Result<TlsStream<S>, TlsError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = Prefixed { prefix: received, stream };
    match TlsAcceptor::from(Arc::clone(tls.config())).accept(stream).await {
        Ok(stream) => Ok(TlsStream(stream.into())),
        Err(error) => Err(TlsError::from_io("a client", error)),
    }
}

impl<S> TlsStream<S> {
    /// What the handshake came to: certificates of the other end, the channel binding.
    #[must_use]
    pub fn info(&self) -> TlsInfo {
        match &self.0 {
            tokio_rustls::TlsStream::Client(stream) => TlsInfo::of_client(stream.get_ref().1),
            tokio_rustls::TlsStream::Server(stream) => TlsInfo::of_server(stream.get_ref().1),
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
    prefix: BytesMut,
    stream: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<IoResult<()>> {
        if self.prefix.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let len = self.prefix.len().min(buf.remaining());
        buf.put_slice(self.prefix.get(..len).unwrap_or_default());
        self.prefix.advance(len);
        Poll::Ready(Ok(()))
    }
}

macro_rules! delegate_write {
    ($type:ident, $inner:tt) => {
        impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for $type<S> {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<IoResult<usize>> {
                Pin::new(&mut self.$inner).poll_write(cx, buf)
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<IoResult<usize>> {
                Pin::new(&mut self.$inner).poll_write_vectored(cx, bufs)
            }

            fn is_write_vectored(&self) -> bool {
                self.$inner.is_write_vectored()
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<IoResult<()>> {
                Pin::new(&mut self.$inner).poll_flush(cx)
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<IoResult<()>> {
                Pin::new(&mut self.$inner).poll_shutdown(cx)
            }
        }
    };
}

delegate_write!(Prefixed, stream);
delegate_write!(TlsStream, 0);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<IoResult<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}
