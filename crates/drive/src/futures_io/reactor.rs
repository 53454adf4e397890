//! Sockets of `async-io`, the reactor under smol and async-std.

use std::io::Result;
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;

/// `ReactorSocket`, over the type `Async` of the `async-io` that a runtime stands on.
#[doc(hidden)]
#[macro_export]
macro_rules! reactor_socket {
    ($async_socket:ident) => {
        /// A socket that knows when it was read empty, and then waits for the reactor before it reads again.
        ///
        /// The streams of the runtimes try first, and ask the reactor after they have failed. A connection that waits
        /// for its peer after each message, as most do, pays a system call per message for that. Closing ends our
        /// direction.
        ///
        /// [`Client`](crate::Client) and [`Server`](crate::Server) use it by themselves; [`accept`](crate::accept) and
        /// the like take it for streams that were accepted elsewhere.
        #[derive(Debug)]
        pub struct ReactorSocket<S> {
            socket: std::sync::Arc<$async_socket<S>>,
            /// The last read took everything there was.
            is_drained: bool,
        }

        impl<S> ReactorSocket<S> {
            /// Reads and writes `socket`, which nobody else should do.
            pub const fn new(socket: std::sync::Arc<$async_socket<S>>) -> Self {
                Self { socket, is_drained: false }
            }

            /// The socket. Reading or writing it directly breaks the order of bytes.
            pub fn get_ref(&self) -> &S {
                (*self.socket).get_ref()
            }
        }

        impl<S> futures_io::AsyncRead for ReactorSocket<S>
        where
            for<'a> &'a S: std::io::Read,
        {
            fn poll_read(
                mut self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buf: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                loop {
                    if self.is_drained {
                        std::task::ready!(self.socket.poll_readable(cx))?;
                        self.is_drained = false;
                    }
                    match std::io::Read::read(&mut self.get_ref(), buf) {
                        Ok(read) => {
                            // The end is there to be read again, and whoever offers no room learns nothing.
                            self.is_drained = 0 < read && read < buf.len();
                            return std::task::Poll::Ready(Ok(read));
                        }
                        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                            self.is_drained = true
                        }
                        Err(error) => return std::task::Poll::Ready(Err(error)),
                    }
                }
            }
        }

        impl<S: $crate::ShutDown> futures_io::AsyncWrite for ReactorSocket<S>
        where
            for<'a> &'a S: std::io::Write,
        {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buf: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.poll_writing(cx, |mut socket| std::io::Write::write(&mut socket, buf))
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bufs: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.poll_writing(cx, |mut socket| std::io::Write::write_vectored(&mut socket, bufs))
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(Ok(()))
            }

            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(self.get_ref().shut_down(std::net::Shutdown::Write))
            }
        }

        impl<S> ReactorSocket<S> {
            fn poll_writing(
                &self,
                cx: &mut std::task::Context<'_>,
                mut write: impl FnMut(&S) -> std::io::Result<usize>,
            ) -> std::task::Poll<std::io::Result<usize>> {
                loop {
                    match write(self.get_ref()) {
                        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                            std::task::ready!(self.socket.poll_writable(cx))?
                        }
                        result => return std::task::Poll::Ready(result),
                    }
                }
            }
        }
    };
}

/// A socket of which one direction can be ended.
pub trait ShutDown {
    /// Ends one direction or both.
    ///
    /// # Errors
    ///
    /// The socket is broken.
    fn shut_down(&self, how: Shutdown) -> Result<()>;
}

impl ShutDown for TcpStream {
    fn shut_down(&self, how: Shutdown) -> Result<()> {
        self.shutdown(how)
    }
}

#[cfg(unix)]
impl ShutDown for UnixStream {
    fn shut_down(&self, how: Shutdown) -> Result<()> {
        self.shutdown(how)
    }
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro makes what an adapter exports")]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::VecDeque;
    use std::io::{Error, ErrorKind, Read, Write};
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use futures_io::{AsyncRead, AsyncWrite};

    use super::*;

    /// A reactor of which a test says what is ready.
    #[derive(Debug)]
    pub(super) struct Async<S> {
        socket: S,
        is_ready: Cell<bool>,
    }

    impl<S> Async<S> {
        const fn get_ref(&self) -> &S {
            &self.socket
        }

        fn poll_readable(&self, _: &Context<'_>) -> Poll<Result<()>> {
            if self.is_ready.get() { Poll::Ready(Ok(())) } else { Poll::Pending }
        }

        fn poll_writable(&self, cx: &Context<'_>) -> Poll<Result<()>> {
            self.poll_readable(cx)
        }
    }

    crate::reactor_socket!(Async);

    /// Gives what it is told to, takes two bytes at a time every other time, and counts how often it was read.
    #[derive(Debug, Default)]
    struct Fake {
        reads: Cell<usize>,
        arriving: RefCell<VecDeque<&'static [u8]>>,
        is_full: Cell<bool>,
        taken: RefCell<Vec<u8>>,
    }

    impl Read for &Fake {
        fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
            self.reads.set(self.reads.get() + 1);
            let mut bytes =
                self.arriving.borrow_mut().pop_front().ok_or_else(|| Error::from(ErrorKind::WouldBlock))?;
            bytes.read(buf)
        }
    }

    impl Write for &Fake {
        fn write(&mut self, buf: &[u8]) -> Result<usize> {
            if self.is_full.replace(!self.is_full.get()) {
                return Err(ErrorKind::WouldBlock.into());
            }
            let bytes = &buf[..buf.len().min(2)];
            self.taken.borrow_mut().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    impl ShutDown for Fake {
        fn shut_down(&self, _: Shutdown) -> Result<()> {
            Ok(())
        }
    }

    #[expect(clippy::arc_with_non_send_sync, reason = "sockets are shared by `Arc`, and this one stays here")]
    fn socket(arriving: &[&'static [u8]]) -> ReactorSocket<Fake> {
        let socket = Fake { arriving: RefCell::new(arriving.iter().copied().collect()), ..Fake::default() };
        ReactorSocket::new(Arc::new(Async { socket, is_ready: Cell::new(false) }))
    }

    fn read(socket: &mut ReactorSocket<Fake>) -> Poll<Vec<u8>> {
        let mut buf = [0; 4];
        let read = Pin::new(socket).poll_read(&mut Context::from_waker(Waker::noop()), &mut buf);
        read.map(|read| buf[..read.unwrap()].to_vec())
    }

    #[test]
    fn a_socket_that_was_read_empty_is_not_read_again_before_the_reactor_says_so() {
        let mut socket = socket(&[b"abc", b"def"]);
        assert_eq!(read(&mut socket), Poll::Ready(b"abc".to_vec()));
        assert_eq!(read(&mut socket), Poll::Pending);
        assert_eq!(socket.get_ref().reads.get(), 1);
        socket.socket.is_ready.set(true);
        assert_eq!(read(&mut socket), Poll::Ready(b"def".to_vec()));
        assert_eq!(socket.get_ref().reads.get(), 2);
    }

    #[test]
    fn a_socket_that_filled_the_buffer_is_read_again_at_once() {
        let mut socket = socket(&[b"abcd", b"e"]);
        assert_eq!(read(&mut socket), Poll::Ready(b"abcd".to_vec()));
        assert_eq!(read(&mut socket), Poll::Ready(b"e".to_vec()));
        assert_eq!(read(&mut socket), Poll::Pending);
        assert_eq!(socket.get_ref().reads.get(), 2);
    }

    #[test]
    fn a_socket_that_has_nothing_although_the_buffer_was_filled_waits() {
        let mut socket = socket(&[b"abcd"]);
        assert_eq!(read(&mut socket), Poll::Ready(b"abcd".to_vec()));
        assert_eq!(read(&mut socket), Poll::Pending);
        assert_eq!(read(&mut socket), Poll::Pending);
        assert_eq!(socket.get_ref().reads.get(), 2, "the second wait did not read");
    }

    #[test]
    fn the_end_is_found_as_often_as_it_is_looked_for() {
        let mut socket = socket(&[b"", b""]);
        assert_eq!(read(&mut socket), Poll::Ready(Vec::new()));
        assert_eq!(read(&mut socket), Poll::Ready(Vec::new()));
    }

    #[test]
    fn writing_waits_for_room() {
        let mut socket = socket(&[]);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(Pin::new(&mut socket).poll_write(&mut cx, b"abc"), Poll::Ready(Ok(2))));
        assert!(Pin::new(&mut socket).poll_write(&mut cx, b"c").is_pending());
        assert!(matches!(Pin::new(&mut socket).poll_write(&mut cx, b"c"), Poll::Ready(Ok(1))));
        assert_eq!(*socket.get_ref().taken.borrow(), b"abc");
    }
}
