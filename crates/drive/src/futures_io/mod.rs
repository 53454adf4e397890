//! Streams of `futures-io`, as smol and async-std have them.

mod byte_stream;
mod reactor;
#[cfg(feature = "futures-io-tls")]
mod secure;
mod stream;

use std::cell::Cell;
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use futures_io::{AsyncRead, AsyncWrite};

use crate::{BLOCK_LEN, Io};
pub use reactor::ShutDown;
#[cfg(feature = "futures-io-tls")]
pub use secure::FuturesTlsStream;
pub use stream::FuturesStream;

crate::streams::wrapper! {
    /// Makes an [`Io`] of a stream that implements `futures_io::AsyncRead` and `AsyncWrite`.
    ///
    /// Its `poll_close` has to end our direction, as smol's streams do; those of async-std only flush, and need a
    /// `ReactorSocket` around them if the peer is to see our end while we still read.
    ///
    /// Those streams read into initialised memory only. One initialised buffer per thread serves all of them, and what was
    /// read is copied out of it: that is a small part of what zeroing a buffer for every read costs.
    FuturesIo
}

impl<S: AsyncRead + AsyncWrite + Unpin> Io for FuturesIo<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut BytesMut) -> Poll<Result<usize>> {
        with_scratch(|scratch| {
            let room = (buf.capacity() - buf.len()).min(scratch.len());
            let scratch = scratch.get_mut(..room).unwrap_or_default();
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, scratch))?;
            let read = scratch.get(..read).unwrap_or_default();
            buf.extend_from_slice(read);
            Poll::Ready(Ok(read.len()))
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        match pieces {
            [only] => Pin::new(&mut self.stream).poll_write(cx, only),
            pieces => Pin::new(&mut self.stream).poll_write_vectored(cx, pieces),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends the thread's initialised buffer. A stream that reads through another one inside gets a second buffer.
fn with_scratch<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
    if scratch.is_empty() {
        scratch = vec![0; BLOCK_LEN];
    }
    let result = read(&mut scratch);
    // While the thread ends there is no cell to put it back into, and no need to.
    let _ = SCRATCH.try_with(|cell| cell.set(scratch));
    result
}
