//! Bytes on their way out.

use alloc::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

/// Up to this size a payload is copied next to its neighbours, so that many small frames leave in one write; larger
/// ones are sent from where they are. A copy of this size costs less than another piece in a vectored write.
pub const COPY_THRESHOLD: usize = 4 * 1024;

/// The smallest coalescing buffer worth allocating.
const MIN_BUFFER: usize = 512;

/// A queue of bytes for a vectored write: small pieces coalesced, large ones shared.
///
/// An engine appends to it; the driver writes [`pieces`](Self::pieces) and reports progress with
/// [`advance`](Self::advance). It holds no memory while it is empty.
///
/// ```text
///   order:   [Copied 14] [Shared 64 KiB] [Copied 300]        <- pieces()
///   copied:  14 bytes .................. 300 bytes           <- one growing buffer
/// ```
#[derive(Debug)]
pub struct Outbox {
    /// Every copied byte in order; the front belongs to the first `Copied` piece.
    copied: BytesMut,
    /// The pieces in order. While it is empty, `copied` as a whole is the only piece: the common case costs no
    /// second queue.
    order: VecDeque<Piece>,
    /// Bytes at the end of `copied` that no entry of `order` accounts for yet.
    open_tail: usize,
    len: usize,
    queued_total: u64,
    high_water: usize,
    /// How large `copied` grew the last time it was in use, to allocate it right the next time.
    last_capacity: usize,
}

#[derive(Debug)]
enum Piece {
    Copied(usize),
    Shared(Bytes),
}

impl Outbox {
    /// An empty outbox that is [ready](Self::is_ready) while it holds fewer than `high_water` bytes.
    #[must_use]
    pub fn new(high_water: usize) -> Self {
        Self {
            copied: BytesMut::new(),
            order: VecDeque::new(),
            open_tail: 0,
            len: 0,
            queued_total: 0,
            high_water,
            last_capacity: MIN_BUFFER,
        }
    }

    /// Changes how many bytes make it [not ready](Self::is_ready).
    pub const fn set_high_water(&mut self, high_water: usize) {
        self.high_water = high_water;
    }

    /// Bytes waiting to be written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether there is room for more: senders wait for this.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.len < self.high_water
    }

    /// All bytes ever queued.
    #[must_use]
    pub fn queued_total(&self) -> u64 {
        self.queued_total
    }

    /// All bytes ever taken out by [`advance`](Self::advance).
    #[must_use]
    pub fn written_total(&self) -> u64 {
        self.queued_total - self.len as u64
    }

    /// All bytes, if they are one piece: the common case, without the search for more.
    #[inline]
    #[must_use]
    pub fn single_piece(&self) -> Option<&[u8]> {
        if self.order.is_empty() { Some(&self.copied) } else { None }
    }

    /// The bytes in order, as few and as long pieces as there are.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest: &[u8] = &self.copied;
        let tail = self.open_tail;
        self.order
            .iter()
            .map(move |piece| match piece {
                Piece::Copied(len) => {
                    let (piece, after) = rest.split_at_checked(*len).unwrap_or((rest, &[]));
                    rest = after;
                    piece
                }
                Piece::Shared(bytes) => bytes.as_ref(),
            })
            .chain(core::iter::once_with(move || {
                self.copied.get(self.copied.len() - tail..).unwrap_or_default()
            }))
            .filter(|piece| !piece.is_empty())
    }

    /// The first `written` bytes have been written: forget them. More than there are is taken as all.
    pub fn advance(&mut self, written: usize) {
        let mut written = written.min(self.len);
        self.len -= written;
        if self.len == 0 {
            return self.release();
        }
        while written > 0 {
            match self.order.front_mut() {
                Some(Piece::Copied(len)) => {
                    let step = written.min(*len);
                    self.copied.advance(step);
                    *len -= step;
                    written -= step;
                    if *len == 0 {
                        self.order.pop_front();
                    }
                }
                Some(Piece::Shared(bytes)) => {
                    let step = written.min(bytes.len());
                    bytes.advance(step);
                    written -= step;
                    if bytes.is_empty() {
                        self.order.pop_front();
                    }
                }
                None => {
                    let step = written.min(self.open_tail);
                    self.copied.advance(step);
                    self.open_tail -= step;
                    written = 0;
                }
            }
        }
    }

    /// Forgets everything that has not been written.
    pub fn clear(&mut self) {
        self.advance(self.len);
    }

    /// Appends a copy of `bytes`.
    pub fn put_slice(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.copied.extend_from_slice(bytes);
        self.account(bytes.len());
    }

    /// Appends copies of a header and its payload.
    #[inline]
    pub fn put_pair<const N: usize>(&mut self, header: [u8; N], payload: &[u8]) {
        let len = N + payload.len();
        self.reserve(len);
        self.copied.extend_from_slice(&header);
        self.copied.extend_from_slice(payload);
        self.account(len);
    }

    /// Appends `bytes`: copied if short, shared otherwise.
    pub fn put_bytes(&mut self, bytes: Bytes) {
        if bytes.len() <= COPY_THRESHOLD {
            return self.put_slice(&bytes);
        }
        if self.open_tail > 0 {
            self.order.push_back(Piece::Copied(self.open_tail));
            self.open_tail = 0;
        }
        self.len += bytes.len();
        self.queued_total += bytes.len() as u64;
        self.order.push_back(Piece::Shared(bytes));
    }

    /// Appends a copy of `bytes` that `transform` then changes in place, for masking.
    pub fn put_transformed(&mut self, bytes: &[u8], transform: impl FnOnce(&mut [u8])) {
        self.reserve(bytes.len());
        let start = self.copied.len();
        self.copied.extend_from_slice(bytes);
        if let Some(added) = self.copied.get_mut(start..) {
            transform(added);
        }
        self.account(bytes.len());
    }

    /// Makes room for `additional` copied bytes at once.
    pub fn reserve(&mut self, additional: usize) {
        if self.copied.capacity() - self.copied.len() < additional {
            self.grow(additional);
        }
    }

    #[cold]
    fn grow(&mut self, additional: usize) {
        if self.copied.capacity() == 0 {
            self.copied = BytesMut::with_capacity(self.last_capacity.max(additional));
        } else {
            self.copied.reserve(additional);
        }
    }

    fn account(&mut self, added: usize) {
        self.open_tail += added;
        self.len += added;
        self.queued_total += added as u64;
    }

    /// Empty again: hold no memory, but remember how much was of use.
    fn release(&mut self) {
        if self.copied.capacity() > 0 {
            self.last_capacity = self.copied.capacity().clamp(MIN_BUFFER, 64 * 1024);
            self.copied = BytesMut::new();
        }
        if self.order.capacity() > 0 {
            self.order = VecDeque::new();
        }
        self.open_tail = 0;
    }
}
