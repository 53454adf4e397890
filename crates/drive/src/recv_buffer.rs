//! Whose memory received bytes are read into.
//!
//! Large buffers belong to the thread. A socket borrows a block while it reads and handles what it read:
//!
//! ```text
//!   pool of the thread ──── make_room ────▶ engine.recv_buf() ──── events ────▶ slices of the block
//!          ▲                                        │
//!          └───── sleep: everything was used ───────┤
//!          └───── sleep: a small rest is left ──────┴──▶ copied to a buffer of just its size
//! ```
//!
//! A block that a payload still points into does not go back: it lives as long as the payload. A unit that is longer
//! than a block gets a buffer of its own, which grows with the bytes that came, not with what the peer announced.

use std::cell::RefCell;
use std::mem;

use bytes::BytesMut;

/// The size of a block, and of most reads. One read of this size costs little more than a small one, and holds
/// hundreds of small frames; system calls are what decides. A message of 64 KiB, a common size, fits with its header.
pub const BLOCK_LEN: usize = (64 + 4) * 1024;

/// How many unused blocks a thread keeps. One serves any number of sockets whose tasks poll again as soon as they have
/// handled an event; tasks that wait for something else in between hold theirs for so long.
pub const POOLED_BLOCKS: usize = 4;

/// No read is offered less room than this, unless it completes a unit that is longer than a block.
pub const MIN_ROOM: usize = 16 * 1024;

/// An unfinished rest of up to this length is copied out of its block when the socket goes to sleep. Longer ones keep
/// the block, so that a peer that sends in drops does not make us copy much at every drop.
pub const MAX_KEPT_TAIL: usize = 16 * 1024;

/// A unit that is longer than a block has room made for this many bytes at once, or for as many as there are already,
/// whichever is more: what the peer announces costs us memory only as its bytes come.
pub const MIN_GROWTH: usize = 1024 * 1024;

/// The policy for the receive buffer of one engine.
#[derive(Debug)]
pub(crate) struct RecvBuffer {
    /// The buffer holds an unfinished rest and was made for just that.
    right_sized: bool,
}

impl RecvBuffer {
    pub(crate) const fn new() -> Self {
        Self { right_sized: false }
    }

    /// Gives `buf` room for a read. `hint` is what the engine expects to complete a unit, 0 if it does not know.
    pub(crate) fn make_room(&mut self, buf: &mut BytesMut, hint: usize) {
        let (len, spare) = (buf.len(), buf.capacity() - buf.len());
        let completes_the_unit = hint > 0 && spare >= hint;
        if len > 0 && spare >= MIN_ROOM && spare >= hint || len >= MIN_ROOM && completes_the_unit {
            return;
        }
        self.right_sized = false;
        if len == 0 {
            // What was handled since the last read may have left its block here, free again.
            if buf.capacity() == 0 || !buf.try_reclaim(BLOCK_LEN) {
                give_back(mem::take(buf));
                *buf = take_block();
            }
        } else if len.saturating_add(hint.max(MIN_ROOM)) <= BLOCK_LEN {
            move_to(take_block(), buf);
        } else if buf.capacity() <= BLOCK_LEN {
            move_to(BytesMut::with_capacity(len + growth(len, hint)), buf);
        } else if spare < enough_of_a_long_unit(hint) {
            // In place where the allocator can; doubles at most.
            buf.reserve(growth(len, hint));
        }
    }

    /// Nothing more to read for now: keeps no more memory than the unfinished rest needs.
    pub(crate) fn sleep(&mut self, buf: &mut BytesMut) {
        if buf.is_empty() {
            self.right_sized = false;
            if buf.capacity() > 0 {
                give_back(mem::take(buf));
            }
        } else if !self.right_sized && buf.len() <= MAX_KEPT_TAIL {
            let rest = BytesMut::from(buf.as_ref());
            give_back(mem::replace(buf, rest));
            self.right_sized = true;
        }
    }
}

/// Lends a block to read bytes into that nobody wants.
pub(crate) fn with_block<T>(read: impl FnOnce(&mut BytesMut) -> T) -> T {
    let mut block = take_block();
    let result = read(&mut block);
    give_back(block);
    result
}

/// Room for the rest of a unit that does not fit into a block.
fn growth(len: usize, hint: usize) -> usize {
    hint.max(MIN_ROOM).min(len.max(MIN_GROWTH))
}

/// With less room than this a long unit's buffer grows before the next read.
fn enough_of_a_long_unit(hint: usize) -> usize {
    if hint == 0 { MIN_ROOM } else { hint.min(MIN_ROOM) }
}

fn move_to(mut target: BytesMut, buf: &mut BytesMut) {
    target.extend_from_slice(buf);
    give_back(mem::replace(buf, target));
}

thread_local! {
    static POOL: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

fn take_block() -> BytesMut {
    // While the thread ends there is no pool any more.
    POOL.try_with(|pool| pool.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_else(|| BytesMut::with_capacity(BLOCK_LEN))
}

/// Pools `block` if it is one and nothing points into it, else drops it.
fn give_back(mut block: BytesMut) {
    block.clear();
    let longer_than_a_block = block.try_reclaim(BLOCK_LEN + 1);
    if !longer_than_a_block && block.try_reclaim(BLOCK_LEN) {
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < POOLED_BLOCKS {
                pool.push(block);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pooled() -> usize {
        POOL.with(|pool| pool.borrow().len())
    }

    fn read(buf: &mut BytesMut, len: usize) {
        assert!(buf.capacity() - buf.len() >= len, "no room for {len} bytes");
        let before = buf.capacity();
        buf.resize(buf.len() + len, b'x');
        assert_eq!(buf.capacity(), before);
    }

    #[test]
    fn a_sleeping_connection_with_nothing_buffered_holds_nothing() {
        let (mut policy, mut buf) = (RecvBuffer::new(), BytesMut::new());
        policy.make_room(&mut buf, 0);
        assert_eq!(buf.capacity(), BLOCK_LEN);
        policy.sleep(&mut buf);
        assert_eq!((buf.capacity(), pooled()), (0, 1));
    }

    #[test]
    fn a_block_is_used_again_once_no_payload_points_into_it() {
        let (mut policy, mut buf) = (RecvBuffer::new(), BytesMut::new());
        policy.make_room(&mut buf, 0);
        let first = buf.as_ptr();
        for _ in 0..3 {
            read(&mut buf, 1000);
            let payload = buf.split_to(1000).freeze();
            drop(payload);
            policy.sleep(&mut buf);
            assert_eq!((buf.capacity(), pooled()), (0, 1));
            policy.make_room(&mut buf, 0);
            assert_eq!((buf.as_ptr(), buf.capacity()), (first, BLOCK_LEN));
        }
    }

    #[test]
    fn a_block_that_a_payload_points_into_is_not_pooled() {
        let (mut policy, mut buf) = (RecvBuffer::new(), BytesMut::new());
        policy.make_room(&mut buf, 0);
        read(&mut buf, 1000);
        let payload = buf.split_to(1000).freeze();
        policy.sleep(&mut buf);
        assert_eq!((buf.capacity(), pooled()), (0, 0));
        drop(payload);
    }

    #[test]
    fn a_small_rest_sleeps_in_a_buffer_of_its_size_and_wakes_in_a_block() {
        let (mut policy, mut buf) = (RecvBuffer::new(), BytesMut::new());
        policy.make_room(&mut buf, 0);
        read(&mut buf, 500);
        drop(buf.split_to(490).freeze());
        policy.sleep(&mut buf);
        assert_eq!((buf.len(), buf.capacity(), pooled()), (10, 10, 1));
        let kept = buf.as_ptr();
        policy.sleep(&mut buf);
        assert_eq!(buf.as_ptr(), kept, "is not copied twice");
        policy.make_room(&mut buf, 30_000);
        assert_eq!((buf.len(), buf.capacity(), pooled()), (10, BLOCK_LEN, 0));
    }

    #[test]
    fn a_long_rest_keeps_its_block() {
        let (mut policy, mut buf) = (RecvBuffer::new(), BytesMut::new());
        policy.make_room(&mut buf, 0);
        read(&mut buf, MAX_KEPT_TAIL + 1);
        let kept = buf.as_ptr();
        policy.sleep(&mut buf);
        policy.make_room(&mut buf, 100);
        assert_eq!((buf.as_ptr(), buf.capacity()), (kept, BLOCK_LEN));
    }

    #[test]
    fn reading_goes_on_behind_a_rest_while_the_block_has_room() {
        let (mut policy, mut buf) = (RecvBuffer::new(), BytesMut::new());
        policy.make_room(&mut buf, 0);
        read(&mut buf, 2000);
        drop(buf.split_to(1990).freeze());
        let at = buf.as_ptr();
        policy.make_room(&mut buf, 40_000);
        assert_eq!((buf.as_ptr(), buf.len()), (at, 10));
    }

    #[test]
    fn a_long_rest_is_not_moved_for_the_few_bytes_that_complete_it() {
        let (mut policy, mut buf) = (RecvBuffer::new(), BytesMut::new());
        policy.make_room(&mut buf, 0);
        read(&mut buf, BLOCK_LEN - 10);
        let at = buf.as_ptr();
        policy.make_room(&mut buf, 10);
        assert_eq!((buf.as_ptr(), buf.len()), (at, BLOCK_LEN - 10));
    }

    #[test]
    fn a_rest_at_the_end_of_a_block_moves_to_the_front_of_another() {
        let (mut policy, mut buf) = (RecvBuffer::new(), BytesMut::new());
        policy.make_room(&mut buf, 0);
        read(&mut buf, BLOCK_LEN);
        drop(buf.split_to(BLOCK_LEN - 10).freeze());
        policy.make_room(&mut buf, 0);
        assert_eq!((buf.len(), buf.capacity(), pooled()), (10, BLOCK_LEN, 1));
    }

    #[test]
    fn memory_grows_with_the_bytes_that_came_and_not_with_the_announcement() {
        let (mut policy, mut buf) = (RecvBuffer::new(), BytesMut::new());
        policy.make_room(&mut buf, 0);
        read(&mut buf, 10);
        policy.make_room(&mut buf, usize::MAX);
        assert_eq!(buf.capacity(), 10 + MIN_GROWTH);
        while buf.len() < 8 * 1024 * 1024 {
            let spare = buf.capacity() - buf.len();
            read(&mut buf, spare.min(50_000));
            policy.make_room(&mut buf, usize::MAX);
            assert!(buf.capacity() <= (2 * buf.len()).max(10 + MIN_GROWTH) + 2 * MIN_ROOM);
            assert!(buf.capacity() - buf.len() >= MIN_ROOM);
        }
    }

    #[test]
    fn a_unit_longer_than_a_block_gets_room_for_exactly_itself() {
        let (mut policy, mut buf) = (RecvBuffer::new(), BytesMut::new());
        policy.make_room(&mut buf, 0);
        read(&mut buf, BLOCK_LEN);
        policy.make_room(&mut buf, 100_000);
        assert_eq!(buf.capacity(), BLOCK_LEN + 100_000);
        let place = buf.as_ptr();
        read(&mut buf, 99_999);
        policy.make_room(&mut buf, 1);
        assert_eq!(
            (buf.as_ptr(), buf.capacity() - buf.len()),
            (place, 1),
            "the last byte is read into place"
        );
        read(&mut buf, 1);
        drop(buf.split().freeze());
        policy.sleep(&mut buf);
        assert_eq!((buf.capacity(), pooled()), (0, 1), "the block was pooled, the long buffer was not");
    }

    #[test]
    fn a_long_unit_of_which_little_came_sleeps_small() {
        let (mut policy, mut buf) = (RecvBuffer::new(), BytesMut::new());
        policy.make_room(&mut buf, 0);
        read(&mut buf, 10);
        policy.make_room(&mut buf, 1 << 30);
        policy.sleep(&mut buf);
        assert_eq!((buf.len(), buf.capacity()), (10, 10));
    }

    #[test]
    fn the_pool_is_bounded() {
        let mut buffers: Vec<_> =
            (0..2 * POOLED_BLOCKS).map(|_| (RecvBuffer::new(), BytesMut::new())).collect();
        for (policy, buf) in &mut buffers {
            policy.make_room(buf, 0);
        }
        for (policy, buf) in &mut buffers {
            policy.sleep(buf);
        }
        assert_eq!(pooled(), POOLED_BLOCKS);
    }
}
