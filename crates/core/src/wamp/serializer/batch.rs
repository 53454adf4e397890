//! Several messages in one: the batched WebSocket subprotocols.

use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::Serializer;
use crate::wamp::Message;

/// A WebSocket subprotocol of WAMP: a serializer, and whether its messages come in batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the names of subprotocols say no more")]
pub struct Subprotocol {
    /// How a message becomes bytes.
    pub serializer: Serializer,
    /// How many messages a WebSocket message carries.
    pub batching: Batching,
}

/// How many messages of WAMP a message of WebSocket carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum Batching {
    /// One.
    #[default]
    Single,
    /// One or more.
    Batched,
}

impl Subprotocol {
    /// The name in `Sec-WebSocket-Protocol`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.batching {
            Batching::Single => self.serializer.profile().subprotocol,
            Batching::Batched => self.serializer.profile().batched_subprotocol,
        }
    }

    /// The subprotocol with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let rest = name.strip_prefix("wamp.2.")?;
        let (serializer, batching) = match rest.strip_suffix(".batched") {
            Some(serializer) => (serializer, Batching::Batched),
            None => (rest, Batching::Single),
        };
        Some(Self { serializer: Serializer::from_name(serializer)?, batching })
    }

    /// Appends the message to `out`, which in a batch may have others in it.
    pub fn encode(self, message: &Message, out: &mut BytesMut) {
        match self.batching {
            Batching::Single => self.serializer.encode(message, out),
            Batching::Batched if self.serializer.is_text() => {
                self.serializer.encode(message, out);
                out.put_u8(SEPARATOR);
            }
            Batching::Batched => {
                let start = out.len();
                out.put_bytes(0, LENGTH);
                self.serializer.encode(message, out);
                let len = u32::try_from(out.len() - start - LENGTH).unwrap_or(u32::MAX);
                if let Some(room) = out.get_mut(start..start + LENGTH) {
                    room.copy_from_slice(&len.to_be_bytes());
                }
            }
        }
    }

    /// Appends a message that is in the bytes of the serializer already.
    pub fn join(self, message: &[u8], out: &mut BytesMut) {
        match self.batching {
            Batching::Single => out.put_slice(message),
            Batching::Batched if self.serializer.is_text() => {
                out.put_slice(message);
                out.put_u8(SEPARATOR);
            }
            Batching::Batched => {
                out.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
                out.put_slice(message);
            }
        }
    }

    /// The messages in a WebSocket message, one after the other, still to be [decoded](Serializer::decode).
    #[must_use]
    pub const fn split(self, message: Bytes) -> Batch {
        Batch { subprotocol: self, rest: message, is_first: true }
    }
}

impl fmt::Display for Subprotocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The messages in a WebSocket message. It ends after the first error.
#[derive(Clone, Debug)]
pub struct Batch {
    subprotocol: Subprotocol,
    rest: Bytes,
    is_first: bool,
}

impl Iterator for Batch {
    type Item = Result<Bytes, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_first = core::mem::replace(&mut self.is_first, false);
        if self.subprotocol.batching == Batching::Single {
            return is_first.then(|| Ok(core::mem::take(&mut self.rest)));
        }
        if self.rest.is_empty() {
            // A batch of nothing is a violation.
            return is_first.then_some(Err(BatchError::Empty));
        }
        Some(if self.subprotocol.serializer.is_text() {
            Ok(self.take_separated())
        } else {
            self.take_counted()
        })
    }
}

impl Batch {
    /// Neither separator can occur in JSON, where control characters are escaped. The last one may be missing.
    fn take_separated(&mut self) -> Bytes {
        let is_separator = |&byte: &u8| byte == SEPARATOR || byte == SEPARATOR_OF_AUTOBAHN;
        let end = self.rest.iter().position(is_separator).unwrap_or(self.rest.len());
        let message = self.rest.split_to(end);
        self.rest = self.rest.get(1..).map(|rest| self.rest.slice_ref(rest)).unwrap_or_default();
        message
    }

    fn take_counted(&mut self) -> Result<Bytes, BatchError> {
        let len =
            self.rest.first_chunk::<LENGTH>().and_then(|len| usize::try_from(u32::from_be_bytes(*len)).ok());
        let end = len.and_then(|len| len.checked_add(LENGTH)).filter(|&end| end <= self.rest.len());
        let Some(end) = end else {
            self.rest = Bytes::new();
            return Err(BatchError::Truncated);
        };
        let message = self.rest.split_to(end);
        Ok(message.slice(LENGTH..))
    }
}

/// How a batch breaks the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BatchError {
    /// A batch of no messages.
    Empty,
    /// A message that is shorter than it says.
    Truncated,
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a batch must have a message"),
            Self::Truncated => f.write_str("a message in a batch is shorter than it says"),
        }
    }
}

impl core::error::Error for BatchError {}

/// Behind each message of a batch in JSON: the record separator of ASCII. The specification also writes it "\30".
pub(crate) const SEPARATOR: u8 = 0x1e;

/// What Autobahn makes of "\30", as an octal number.
pub(crate) const SEPARATOR_OF_AUTOBAHN: u8 = 0x18;

/// Bytes of the length in front of each message of a batch, if it is not JSON.
const LENGTH: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wamp::message::{Message, Published};
    use crate::wamp::{PublicationId, RequestId};
    use alloc::vec::Vec;

    fn message(id: u64) -> Message {
        Published { request: RequestId::FIRST, publication: PublicationId::new(id).unwrap() }.into()
    }

    fn batched(serializer: Serializer) -> Subprotocol {
        Subprotocol { serializer, batching: Batching::Batched }
    }

    #[test]
    fn subprotocols_have_names() {
        for serializer in Serializer::ALL {
            for batching in [Batching::Single, Batching::Batched] {
                let subprotocol = Subprotocol { serializer, batching };
                assert_eq!(Subprotocol::from_name(subprotocol.name()), Some(subprotocol));
            }
        }
        for unknown in ["wamp.2.ubjson", "wamp.2.json.batched.batched", "wamp.2", "json"] {
            assert_eq!(Subprotocol::from_name(unknown), None);
        }
    }

    #[test]
    fn what_was_joined_is_split_again() {
        for serializer in Serializer::ALL {
            let mut out = BytesMut::new();
            for id in [1, 200, 1 << 53] {
                batched(serializer).encode(&message(id), &mut out);
            }
            let parts: Vec<_> = batched(serializer)
                .split(out.freeze())
                .map(|part| serializer.decode(&part.unwrap()).unwrap())
                .collect();
            assert_eq!(parts, [1, 200, 1 << 53].map(message), "{serializer}");
        }
    }

    #[test]
    fn both_separators_are_understood_and_the_last_may_be_missing() {
        for batch in ["[1]\u{1e}[2]\u{1e}", "[1]\u{18}[2]\u{18}", "[1]\u{1e}[2]"] {
            let parts: Result<Vec<_>, _> = batched(Serializer::Json).split(batch.into()).collect();
            assert_eq!(parts.unwrap(), ["[1]", "[2]"], "{batch:?}");
        }
    }

    #[test]
    fn a_batch_of_nothing_and_one_cut_short_are_refused() {
        for serializer in Serializer::ALL {
            assert_eq!(batched(serializer).split(Bytes::new()).next(), Some(Err(BatchError::Empty)));
        }
        let mut out = BytesMut::new();
        batched(Serializer::Cbor).encode(&message(300), &mut out);
        for len in 1..out.len() {
            let mut batch = batched(Serializer::Cbor).split(Bytes::copy_from_slice(&out[..len]));
            assert_eq!((batch.next(), batch.next()), (Some(Err(BatchError::Truncated)), None), "{len}");
        }
    }
}
