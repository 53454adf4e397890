//! The byte stream of a connection, and how much goes over it.

use std::io::{IoSlice, Result};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use wirebahn_drive::Io;
use wirebahn_tokio::{Stream, TokioIo};

use crate::metrics::Traffic;

/// A stream whose octets are counted.
pub(crate) struct Wire {
    stream: TokioIo<Stream>,
    traffic: Arc<Traffic>,
}

impl Wire {
    pub(crate) fn new(stream: Stream, traffic: Arc<Traffic>) -> Self {
        Self { stream: TokioIo::new(stream), traffic }
    }
}

impl Io for Wire {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut BytesMut) -> Poll<Result<usize>> {
        let read = self.stream.poll_read(cx, buf);
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
