//! How deep a reader is in lists and dicts.

use super::{Items, MAX_DEPTH, SyntaxError, SyntaxErrorKind};

/// How many lists and dicts the reader is in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nesting(usize);

impl Nesting {
    /// Enters a list or dict that begins at position `at`; `left` is `None` if its end is marked.
    pub(crate) const fn enter(
        &mut self,
        at: usize,
        is_dict: bool,
        left: Option<u64>,
    ) -> Result<Items, SyntaxError> {
        if self.0 == MAX_DEPTH {
            return Err(SyntaxError { kind: SyntaxErrorKind::TooDeep, at });
        }
        self.0 += 1;
        Ok(Items { left, is_first: true, is_dict, is_left: false })
    }

    /// Leaves it, after its last item.
    pub(crate) const fn leave(&mut self, items: &mut Items) {
        self.0 -= 1;
        items.is_left = true;
    }

    /// Counts an item, or leaves if none is left.
    #[cfg(any(feature = "msgpack", feature = "cbor"))]
    pub(crate) const fn count(&mut self, items: &mut Items, left: u64) -> bool {
        if left == 0 {
            self.leave(items);
            return false;
        }
        items.left = Some(left - 1);
        true
    }
}
