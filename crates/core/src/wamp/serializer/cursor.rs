//! Bytes that are being read, for the two binary serializers.

use alloc::borrow::Cow;

use super::{Items, MAX_DEPTH, SyntaxError, SyntaxErrorKind};

/// A position in bytes, and how deep it is nested.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0, depth: 0 }
    }

    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    pub(crate) const fn error<T>(&self, kind: SyntaxErrorKind) -> Result<T, SyntaxError> {
        Err(SyntaxError { kind, at: self.at })
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    /// Steps over a byte that was peeked at.
    pub(crate) const fn advance(&mut self) {
        self.at += 1;
    }

    pub(crate) fn byte(&mut self) -> Result<u8, SyntaxError> {
        let Some(byte) = self.peek() else { return self.error(SyntaxErrorKind::UnexpectedEnd) };
        self.advance();
        Ok(byte)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], SyntaxError> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let Some(array) = rest.first_chunk() else { return self.error(SyntaxErrorKind::UnexpectedEnd) };
        self.at += N;
        Ok(*array)
    }

    pub(crate) fn bytes(&mut self, len: u64) -> Result<&'a [u8], SyntaxError> {
        let end = usize::try_from(len).ok().and_then(|len| self.at.checked_add(len));
        let Some(bytes) = end.and_then(|end| self.input.get(self.at..end)) else {
            return self.error(SyntaxErrorKind::UnexpectedEnd);
        };
        self.at += bytes.len();
        Ok(bytes)
    }

    pub(crate) fn str(&mut self, len: u64) -> Result<Cow<'a, str>, SyntaxError> {
        let bytes = self.bytes(len)?;
        // Short strings, which most are, do not repay the choice of vector instructions.
        let text = if bytes.len() < 64 {
            core::str::from_utf8(bytes).ok()
        } else {
            simdutf8::basic::from_utf8(bytes).ok()
        };
        let Some(text) = text else { return self.error(SyntaxErrorKind::NotUtf8) };
        Ok(Cow::Borrowed(text))
    }

    /// Enters a list or dict; `left` is `None` if its end is marked.
    pub(crate) const fn open(&mut self, is_dict: bool, left: Option<u64>) -> Result<Items, SyntaxError> {
        if self.depth == MAX_DEPTH {
            return self.error(SyntaxErrorKind::TooDeep);
        }
        self.depth += 1;
        Ok(Items { left, is_first: true, is_dict, is_left: false })
    }

    /// Counts an item of known number, or leaves the list or dict.
    pub(crate) const fn more(&mut self, items: &mut Items, left: u64) -> bool {
        if left == 0 {
            self.close(items);
            return false;
        }
        items.left = Some(left - 1);
        true
    }

    pub(crate) const fn close(&mut self, items: &mut Items) {
        self.depth -= 1;
        items.is_left = true;
    }

    pub(crate) const fn end(&self) -> Result<(), SyntaxError> {
        if self.at < self.input.len() {
            return self.error(SyntaxErrorKind::TrailingBytes);
        }
        Ok(())
    }
}
