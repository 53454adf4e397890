//! The streams that URLs lead to, on any runtime of `futures-io`.

use std::io::{IoSlice, IoSliceMut, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::streams::{each, stream_enum};

stream_enum!(
    FuturesStream over AsyncRead, AsyncWrite: poll_close;
    "futures-io-tls": FuturesTlsStream
);

impl<T, U> AsyncRead for FuturesStream<T, U>
where
    T: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        each!("futures-io-tls", self.get_mut(), stream => Pin::new(stream).poll_read(cx, buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<Result<usize>> {
        each!("futures-io-tls", self.get_mut(), stream => Pin::new(stream).poll_read_vectored(cx, bufs))
    }
}
