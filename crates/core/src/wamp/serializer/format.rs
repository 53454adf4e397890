//! What the three serializers have in common: reading and writing one value after the other.
//!
//! Everything above (messages, options, payloads, serde, transcoding) is written once, against these two traits.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::{Serializer, SyntaxError, SyntaxErrorKind};

/// How deep lists and dicts may be nested, the message itself included: as deep as `serde_json` goes. It keeps the
/// recursion of decoders bounded, ours and those of receivers that a router passes payloads on to.
pub const MAX_DEPTH: usize = 128;

/// The beginning of a value, or all of it if it is a scalar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    /// Below zero.
    Negative(i64),
    Float(f64),
    Str(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    List(Items),
    Dict(Items),
}

/// How far the reader is in a list or dict. Belongs to whoever reads it, and goes into [`Reader::more`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Items {
    /// How many items are left; none if the end is marked.
    pub(crate) left: Option<u64>,
    pub(crate) is_first: bool,
    pub(crate) is_dict: bool,
    /// The last item was read: nothing may be asked any more.
    pub(crate) is_left: bool,
}

/// What [`Reader::step`] came past.
pub(crate) enum Step {
    Scalar,
    List(Items),
    Dict(Items),
}

/// Reads one value after the other, checking everything on the way: what was read or skipped without an error is
/// accepted by every other decoder.
pub(crate) trait Reader<'a>: Sized {
    /// Whose bytes are read.
    const SERIALIZER: Serializer;

    /// Whether numbers have no type of their own: `1.0` is an integer in JSON, as it comes from languages that only
    /// have doubles.
    const HAS_ONE_NUMBER_TYPE: bool;

    /// Whether lists and dicts mostly say how long they are.
    const HAS_LENGTHS: bool;

    /// Reads from the beginning.
    fn new(input: &'a [u8]) -> Result<Self, SyntaxError>;

    /// Where the reader is, in bytes. After [`more`](Self::more) this is where the next value begins.
    fn position(&self) -> usize;

    /// Reads a scalar, or the head of a list or dict.
    fn token(&mut self) -> Result<Token<'a>, SyntaxError>;

    /// Like [`token`](Self::token), but a string is text, even if it could be binary data.
    fn text_token(&mut self) -> Result<Token<'a>, SyntaxError> {
        self.token()
    }

    /// Whether another item follows; if not, the list or dict is left.
    fn more(&mut self, items: &mut Items) -> Result<bool, SyntaxError>;

    /// Reads the key of an item in a dict; the value is next.
    fn key(&mut self) -> Result<Cow<'a, str>, SyntaxError>;

    /// Consumes a null, if it is next.
    fn null(&mut self) -> bool;

    /// Checks that nothing follows.
    fn end(&mut self) -> Result<(), SyntaxError>;

    fn error<T>(&self, kind: SyntaxErrorKind) -> Result<T, SyntaxError> {
        Err(SyntaxError { kind, at: self.position() })
    }

    /// Like [`token`](Self::token), for those who do not need to know.
    fn step(&mut self) -> Result<Step, SyntaxError> {
        Ok(match self.token()? {
            Token::List(items) => Step::List(items),
            Token::Dict(items) => Step::Dict(items),
            _ => Step::Scalar,
        })
    }

    fn skip_key(&mut self) -> Result<(), SyntaxError> {
        self.key().map(|_| ())
    }

    /// Skips a value.
    fn skip(&mut self) -> Result<(), SyntaxError> {
        match self.step()? {
            Step::Scalar => Ok(()),
            Step::List(items) | Step::Dict(items) => self.skip_items(items),
        }
    }

    /// Skips what is left of a list or dict. The recursion is as deep as [`MAX_DEPTH`] allows.
    fn skip_items(&mut self, mut items: Items) -> Result<(), SyntaxError> {
        while self.more(&mut items)? {
            if items.is_dict {
                self.skip_key()?;
            }
            self.skip()?;
        }
        Ok(())
    }

    /// Appends how many items the lists and dicts of the next value have, in the order in which they begin.
    fn count(&mut self, counts: &mut Vec<usize>) -> Result<(), SyntaxError> {
        let (Step::List(mut items) | Step::Dict(mut items)) = self.step()? else { return Ok(()) };
        let at = counts.len();
        counts.push(0);
        let mut count = 0;
        while self.more(&mut items)? {
            if items.is_dict {
                self.skip_key()?;
            }
            self.count(counts)?;
            count += 1;
        }
        if let Some(slot) = counts.get_mut(at) {
            *slot = count;
        }
        Ok(())
    }
}

/// Writes one value after the other. The caller sees to it that lists and dicts have as many items as was said.
pub(crate) trait Writer {
    /// Whose bytes are written.
    const SERIALIZER: Serializer;

    /// Whether lists and dicts say how long they are.
    const NEEDS_LENGTHS: bool;

    /// How many bytes there are between two items.
    const SEPARATOR_LEN: usize;

    /// What is written, and what was there before.
    fn written(&self) -> &[u8];

    /// Takes back what was written behind the first `len` bytes.
    fn truncate(&mut self, len: usize);

    /// Begins a list of `len` items.
    fn list(&mut self, len: usize);
    /// Ends a list.
    fn list_end(&mut self);
    /// Begins a dict of `len` items.
    fn dict(&mut self, len: usize);
    /// Ends a dict.
    fn dict_end(&mut self);
    /// Begins a list or dict.
    fn open(&mut self, is_dict: bool, len: usize) {
        if is_dict {
            self.dict(len);
        } else {
            self.list(len);
        }
    }

    /// Ends a list or dict.
    fn close(&mut self, is_dict: bool) {
        if is_dict {
            self.dict_end();
        } else {
            self.list_end();
        }
    }

    /// Begins a list or dict of as yet unknown length; returns where [`set_len`](Self::set_len) finds it.
    fn begin(&mut self, is_dict: bool) -> usize;
    /// Says how many items the list or dict that [`begin`](Self::begin) began has, after the last one.
    fn set_len(&mut self, at: usize, len: usize);
    /// Writes the key of an item in a dict.
    fn key(&mut self, key: &str);
    fn null(&mut self);
    fn bool(&mut self, value: bool);
    fn unsigned(&mut self, value: u64);
    /// Writes a number that may be below zero.
    fn signed(&mut self, value: i64);
    fn float(&mut self, value: f64);
    fn str(&mut self, value: &str);
    fn bytes(&mut self, value: &[u8]);
    /// Writes values that are in this format already, separated as items are.
    fn raw(&mut self, values: &[u8]);
}
