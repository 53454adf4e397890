//! The streams that URLs lead to, on any runtime whose streams have tokio's traits.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::streams::{each, stream_enum};

stream_enum!(
    TokioStream over AsyncRead, AsyncWrite: poll_shutdown is_write_vectored;
    "tokio-io-tls": TokioTlsStream
);

impl<T, U> AsyncRead for TokioStream<T, U>
where
    T: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        each!("tokio-io-tls", self.get_mut(), stream => Pin::new(stream).poll_read(cx, buf))
    }
}
