//! A WebSocket as a byte stream of `futures-io`.

use std::io::Result;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncBufRead, AsyncRead, AsyncWrite};

use crate::websocket::ByteStream;
use crate::{Io, Runtime};

impl<I: Io, R: Runtime> AsyncRead for ByteStream<I, R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        Self::poll_read(&mut self, cx, buf)
    }
}

impl<I: Io, R: Runtime> AsyncBufRead for ByteStream<I, R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<&[u8]>> {
        Self::poll_fill_buf(self.get_mut(), cx)
    }

    fn consume(mut self: Pin<&mut Self>, len: usize) {
        Self::consume(&mut self, len);
    }
}

impl<I: Io, R: Runtime> AsyncWrite for ByteStream<I, R> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        Self::poll_write(&mut self, cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Self::poll_flush(&mut self, cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Self::poll_close(&mut self, cx)
    }
}
