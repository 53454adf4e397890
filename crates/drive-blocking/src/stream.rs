//! Byte streams.

use std::io::{Read, Result, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A stream that blocks, but not for longer than it is told.
pub trait Duplex: Read + Write {
    /// How long a read may block; `None` for ever. One that took so long fails with `WouldBlock` or `TimedOut`.
    ///
    /// # Errors
    ///
    /// The stream is broken.
    fn set_read_timeout(&self, timeout: Option<Duration>) -> Result<()>;

    /// How long a write may block; `None` for ever. One that took so long without taking a byte fails with `WouldBlock`
    /// or `TimedOut`.
    ///
    /// # Errors
    ///
    /// The stream is broken.
    fn set_write_timeout(&self, timeout: Option<Duration>) -> Result<()>;

    /// Ends our direction; the other one stays readable.
    ///
    /// # Errors
    ///
    /// The stream is broken.
    fn shut_down_write(&mut self) -> Result<()>;
}

/// A stream of which one thread may read while another one writes.
pub trait TryClone: Sized {
    /// The same stream for another thread. Timeouts are those of the stream, not of a handle.
    ///
    /// # Errors
    ///
    /// The system refuses.
    fn try_clone(&self) -> Result<Self>;
}

macro_rules! std_stream {
    ($stream:ty) => {
        impl Duplex for $stream {
            fn set_read_timeout(&self, timeout: Option<Duration>) -> Result<()> {
                self.set_read_timeout(timeout)
            }

            fn set_write_timeout(&self, timeout: Option<Duration>) -> Result<()> {
                self.set_write_timeout(timeout)
            }

            fn shut_down_write(&mut self) -> Result<()> {
                self.shutdown(Shutdown::Write)
            }
        }

        impl TryClone for $stream {
            fn try_clone(&self) -> Result<Self> {
                self.try_clone()
            }
        }
    };
}

std_stream!(TcpStream);
#[cfg(unix)]
std_stream!(UnixStream);
