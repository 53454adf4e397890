//! Randomness as an argument.

use core::fmt;

/// A source of random bytes: mask keys, handshake keys and ping nonces are drawn from it.
///
/// Adapters pass the operating system's (pooled: a system call per mask key would cost more than the frame), tests a
/// seeded one. RFC 6455 10.3 asks for masks that an application or peer cannot predict, so a source that is used
/// against real peers must be cryptographically strong.
pub trait Entropy: Send {
    /// Fills `out` with random bytes.
    fn fill(&mut self, out: &mut [u8]);
}

impl<E: Entropy + ?Sized> Entropy for &mut E {
    fn fill(&mut self, out: &mut [u8]) {
        (**self).fill(out);
    }
}

impl<E: Entropy + ?Sized> Entropy for alloc::boxed::Box<E> {
    fn fill(&mut self, out: &mut [u8]) {
        (**self).fill(out);
    }
}

impl fmt::Debug for dyn Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}
