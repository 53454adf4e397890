//! The byte stream of a connection: what it starts with, and how much goes over it.

use std::future::poll_fn;
use std::io::{IoSlice, Result};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use wirebahn_drive::Io;
use wirebahn_tokio::{Stream, TokioIo};

use crate::metrics::Traffic;

/// Room for the first read: a whole opening request of a usual client.
const FIRST_READ: usize = 2048;

/// A stream whose first octets can be looked at before somebody reads it, and whose octets are counted.
pub(crate) struct Wire {
    stream: TokioIo<Stream>,
    /// Read, but not handed out yet.
    ahead: BytesMut,
    traffic: Arc<Traffic>,
}

impl Wire {
    pub(crate) fn new(stream: Stream, traffic: Arc<Traffic>) -> Self {
        Self { stream: TokioIo::new(stream), ahead: BytesMut::new(), traffic }
    }

    /// The first octet, which stays to be read; `None` if the stream ends before it.
    pub(crate) async fn first_octet(&mut self) -> Result<Option<u8>> {
        self.ahead.reserve(FIRST_READ);
        poll_fn(|cx| self.stream.poll_read(cx, &mut self.ahead)).await?;
        Ok(self.ahead.first().copied())
    }
}

impl Io for Wire {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut BytesMut) -> Poll<Result<usize>> {
        let read = if self.ahead.is_empty() {
            self.stream.poll_read(cx, buf)
        } else {
            let len = self.ahead.len().min(buf.capacity() - buf.len());
            buf.extend_from_slice(&self.ahead.split_to(len));
            if !self.ahead.has_remaining() {
                self.ahead = BytesMut::new();
            }
            Poll::Ready(Ok(len))
        };
        if let Poll::Ready(Ok(len)) = read {
            self.traffic.received(len);
        }
        read
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        let written = self.stream.poll_write(cx, pieces);
        if let Poll::Ready(Ok(len)) = written {
            self.traffic.sent(len);
        }
        written
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream.poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream.poll_shutdown(cx)
    }
}
