//! The operating system's random bytes.

use std::cell::RefCell;

use wirebahn_core::Entropy;

/// How many bytes are fetched at a time: a system call per mask key would cost more than the frame it masks.
const POOL_LEN: usize = 4096;

/// Random bytes of the operating system, through a pool of each thread's.
///
/// Takes no memory itself. Every byte is handed out once.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct OsEntropy;

struct Pool {
    bytes: [u8; POOL_LEN],
    used: usize,
}

thread_local! {
    static POOL: RefCell<Option<Box<Pool>>> = const { RefCell::new(None) };
}

impl Entropy for OsEntropy {
    /// # Panics
    ///
    /// If the operating system has no random bytes to give, which on supported systems does not happen after boot: going
    /// on with predictable masks would be worse (RFC 6455 10.3).
    fn fill(&mut self, out: &mut [u8]) {
        POOL.with_borrow_mut(|pool| pool.get_or_insert_with(Pool::empty).fill(out));
    }
}

impl Pool {
    fn empty() -> Box<Self> {
        Box::new(Self { bytes: [0; POOL_LEN], used: POOL_LEN })
    }

    fn fill(&mut self, out: &mut [u8]) {
        for piece in out.chunks_mut(POOL_LEN) {
            if POOL_LEN - self.used < piece.len() {
                getrandom::fill(&mut self.bytes)
                    .expect("the operating system has random bytes once it has booted");
                self.used = 0;
            }
            if let Some(fresh) = self.bytes.get_mut(self.used..self.used + piece.len()) {
                piece.copy_from_slice(fresh);
                // A byte that masks a frame must not stay readable here.
                fresh.fill(0);
            }
            self.used += piece.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_draws_are_alike_also_beyond_the_pool() {
        let mut draws = vec![[0; 32]; 2 * POOL_LEN / 32];
        for draw in &mut draws {
            OsEntropy.fill(draw);
        }
        draws.sort_unstable();
        draws.dedup();
        assert_eq!(draws.len(), 2 * POOL_LEN / 32);
    }

    #[test]
    fn more_than_the_pool_can_be_drawn_at_once() {
        let mut large = vec![0; 3 * POOL_LEN + 5];
        OsEntropy.fill(&mut large);
        assert!(large.rchunks(16).all(|tail| tail.iter().any(|byte| *byte != 0) || tail.len() < 16));
    }
}
