use std::io::{IoSlice, Read, Result, Write};
use std::time::Duration;

use crate::{Duplex, TryClone};

/// Any stream that two threads can use: what a session is over need not be known to whoever has the session.
pub(super) struct AnyStream(Box<dyn Erased>);

trait Erased: Duplex + Send {
    fn try_clone_boxed(&self) -> Result<Box<dyn Erased>>;
}

impl<S: Duplex + TryClone + Send + 'static> Erased for S {
    fn try_clone_boxed(&self) -> Result<Box<dyn Erased>> {
        Ok(Box::new(self.try_clone()?))
    }
}

impl AnyStream {
    pub(super) fn new(stream: impl Duplex + TryClone + Send + 'static) -> Self {
        Self(Box::new(stream))
    }
}

impl TryClone for AnyStream {
    fn try_clone(&self) -> Result<Self> {
        self.0.try_clone_boxed().map(Self)
    }
}

impl Read for AnyStream {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        self.0.read(buf)
    }
}

impl Write for AnyStream {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        self.0.write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        self.0.write_vectored(bufs)
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}

impl Duplex for AnyStream {
    fn set_read_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        self.0.set_read_timeout(timeout)
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        self.0.set_write_timeout(timeout)
    }

    fn shut_down_write(&mut self) -> Result<()> {
        self.0.shut_down_write()
    }
}
