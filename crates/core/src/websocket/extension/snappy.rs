//! permessage-snappy, as Autobahn|Python speaks it: each direction is one stream of Snappy's framing format, or each
//! message is one where no context is kept. Nothing in it refers to messages before, so keeping the context saves no more
//! than ten bytes per message.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::no_context::NoContext;
use super::{
    DecodeError, Extension, ExtensionError, ExtensionParams, Extensions, MessageDecoder, MessageEncoder,
    Terms,
};
use crate::websocket::Fin;
use crate::websocket::frame::ReservedBits;

const NAME: &str = "permessage-snappy";

/// The most that a chunk may hold, uncompressed (framing format 4.2, 4.3).
const MAX_CHUNK: usize = 65_536;

/// The longest chunk that anything is compressed to: what Snappy makes of incompressible bytes, and a checksum.
const MAX_ENCODED_CHUNK: usize = 32 + MAX_CHUNK + MAX_CHUNK / 6 + CHECKSUM;

const CHECKSUM: usize = 4;
const CHUNK_HEADER: usize = 4;

const COMPRESSED: u8 = 0x00;
const UNCOMPRESSED: u8 = 0x01;
const STREAM_ID: u8 = 0xff;
const STREAM_START: [u8; 10] = *b"\xff\x06\x00\x00sNaPpY";

/// Compression of messages with Snappy: fast, and not very small. For peers that know no permessage-deflate.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Snappy {
    /// Messages of fewer bytes are sent as they are. Default: 64.
    pub threshold: usize,
}

impl Default for Snappy {
    fn default() -> Self {
        Self { threshold: 64 }
    }
}

impl From<Snappy> for Extensions {
    fn from(snappy: Snappy) -> Self {
        vec![Arc::new(snappy)]
    }
}

/// Bits of [`Terms::params`]: who starts a new stream with each message.
const SEND_RESETS: u32 = 1;
const RECEIVE_RESETS: u32 = 2;

fn terms(send_resets: bool, receive_resets: bool) -> Terms {
    let flag = |set, flag| if set { flag } else { 0 };
    let params = flag(send_resets, SEND_RESETS) | flag(receive_resets, RECEIVE_RESETS);
    Terms { bits: ReservedBits::RSV1, params }
}

impl Extension for Snappy {
    fn name(&self) -> &str {
        NAME
    }

    fn offer(&self) -> ExtensionParams {
        NoContext::default().build(NAME)
    }

    fn accept(&self, offer: &ExtensionParams) -> Option<(ExtensionParams, Terms)> {
        let agreed = NoContext::parse(offer).ok()?;
        Some((agreed.build(NAME), terms(agreed.server, agreed.client)))
    }

    fn confirm(&self, answer: &ExtensionParams) -> Result<Terms, ExtensionError> {
        let agreed = NoContext::default().confirm(answer)?;
        Ok(terms(agreed.client, agreed.server))
    }

    fn encoder(&self, terms: Terms) -> Box<dyn MessageEncoder> {
        let resets = terms.params & SEND_RESETS != 0;
        Box::new(Encoder { threshold: self.threshold, resets, begun: false })
    }

    fn decoder(&self, terms: Terms) -> Box<dyn MessageDecoder> {
        Box::new(Decoder { resets: terms.params & RECEIVE_RESETS != 0, ..Decoder::default() })
    }
}

#[derive(Debug)]
struct Encoder {
    threshold: usize,
    resets: bool,
    begun: bool,
}

impl MessageEncoder for Encoder {
    fn wants(&self, len: usize) -> bool {
        len >= self.threshold.max(1)
    }

    fn encode(&mut self, piece: &[u8], fin: Fin, out: &mut Vec<u8>) {
        if !core::mem::replace(&mut self.begun, true) {
            out.extend_from_slice(&STREAM_START);
        }
        let mut snappy = snap::raw::Encoder::new();
        for chunk in piece.chunks(MAX_CHUNK) {
            let checksum = checksum(chunk);
            // A chunk is too short for it to fail; if it did, the chunk would go out as it is.
            match snappy.compress_vec(chunk) {
                Ok(compressed) if compressed.len() < chunk.len() => {
                    put_chunk(out, COMPRESSED, checksum, &compressed);
                }
                _ => put_chunk(out, UNCOMPRESSED, checksum, chunk),
            }
        }
        if fin == Fin::Last && self.resets {
            self.begun = false;
        }
    }
}

fn put_chunk(out: &mut Vec<u8>, kind: u8, checksum: u32, data: &[u8]) {
    // A chunk is shorter than 2^24 bytes by far.
    let [a, b, c, _] = ((CHECKSUM + data.len()) as u32).to_le_bytes();
    out.extend_from_slice(&[kind, a, b, c]);
    out.extend_from_slice(&checksum.to_le_bytes());
    out.extend_from_slice(data);
}

/// The masked CRC-32C (framing format 3).
fn checksum(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[derive(Default)]
struct Decoder {
    resets: bool,
    begun: bool,
    /// A chunk that has begun, with its header.
    chunk: Vec<u8>,
    /// Bytes of a chunk without meaning that are to be skipped.
    skip: usize,
    output: Vec<u8>,
}

impl MessageDecoder for Decoder {
    fn decode(&mut self, input: &mut &[u8]) -> Result<&[u8], DecodeError> {
        self.output = Vec::new();
        while self.output.is_empty() && !input.is_empty() {
            if self.skip > 0 {
                self.skip -= take(input, self.skip).len();
                continue;
            }
            let missing = CHUNK_HEADER.saturating_sub(self.chunk.len());
            self.chunk.extend_from_slice(take(input, missing));
            let [kind, a, b, c, data @ ..] = &self.chunk[..] else { continue };
            let len = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
            match *kind {
                COMPRESSED | UNCOMPRESSED if self.begun && len <= MAX_ENCODED_CHUNK => {}
                STREAM_ID if len == STREAM_START.len() - CHUNK_HEADER => {}
                // Padding and chunks that may be skipped.
                0x80..=0xfe if self.begun => {
                    self.skip = len;
                    self.chunk.clear();
                    continue;
                }
                _ => return Err(DecodeError::Corrupt),
            }
            let missing = len - data.len();
            self.chunk.extend_from_slice(take(input, missing));
            if self.chunk.len() == CHUNK_HEADER + len {
                self.end_chunk()?;
            }
        }
        Ok(&self.output)
    }

    fn finish(&mut self) -> Result<&[u8], DecodeError> {
        if !self.chunk.is_empty() || self.skip > 0 {
            return Err(DecodeError::Truncated);
        }
        self.begun &= !self.resets;
        Ok(&[])
    }
}

impl Decoder {
    /// Decodes the chunk, which is complete.
    fn end_chunk(&mut self) -> Result<(), DecodeError> {
        let chunk = core::mem::take(&mut self.chunk);
        if chunk == STREAM_START {
            self.begun = true;
            return Ok(());
        }
        let [kind, _, _, _, p, q, r, s, data @ ..] = &chunk[..] else { return Err(DecodeError::Corrupt) };
        let expected = u32::from_le_bytes([*p, *q, *r, *s]);
        self.output = match *kind {
            COMPRESSED if snap::raw::decompress_len(data).is_ok_and(|len| len <= MAX_CHUNK) => {
                snap::raw::Decoder::new().decompress_vec(data).map_err(|_| DecodeError::Corrupt)?
            }
            UNCOMPRESSED if data.len() <= MAX_CHUNK => data.into(),
            _ => return Err(DecodeError::Corrupt),
        };
        if checksum(&self.output) == expected { Ok(()) } else { Err(DecodeError::Corrupt) }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("resets", &self.resets).finish_non_exhaustive()
    }
}

/// Takes up to `len` bytes from the front.
fn take<'a>(input: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at_checked(len).unwrap_or((input, &[]));
    *input = rest;
    taken
}
