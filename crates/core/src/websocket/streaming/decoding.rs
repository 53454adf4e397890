//! Received payload on its way through an extension's decoder.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use super::lazy::Agreed;
use crate::websocket::extension::{Agreement, DecodeError, MessageDecoder};
use crate::websocket::frame::ReservedBits;
use crate::websocket::{Utf8Validator, Violation, joined};

/// The decoder of a connection, and what has come out of it.
#[derive(Debug)]
pub(super) struct Decoding {
    /// What marks the messages that it is for.
    bits: ReservedBits,
    decoder: Box<dyn MessageDecoder>,
    /// What is decoded and not delivered.
    pub(super) output: Vec<u8>,
    /// Whether the decoder may have more to tell without further input.
    pub(super) holds_output: bool,
    pub(super) octets_in: u64,
    pub(super) octets_out: u64,
}

/// How far one step came.
pub(super) enum Decoded {
    /// Enough was decoded; there may be more.
    Full,
    /// Everything that was there, with the end of the message if that was.
    All,
    /// What was decoded before stays valid.
    Failed(Violation),
}

impl Agreed for Decoding {
    fn new(agreement: &Agreement) -> Self {
        Self {
            bits: agreement.bits(),
            decoder: agreement.decoder(),
            output: Vec::new(),
            holds_output: false,
            octets_in: 0,
            octets_out: 0,
        }
    }

    fn bits(&self) -> ReservedBits {
        self.bits
    }
}

impl Decoding {
    /// Decodes `input`, and the end of the message if that is behind it, until there are `stop_at` bytes of output; tells
    /// how much of the input was taken. `delivered` bytes of the message are out already, `limit` may be in all; `text` checks it.
    ///
    /// Text and the limit are checked on the way, so that where a message fails does not depend on how it arrived.
    pub(super) fn decode(
        &mut self,
        input: &[u8],
        ends: bool,
        delivered: u64,
        limit: u64,
        stop_at: usize,
        mut text: Option<&mut Utf8Validator>,
    ) -> (usize, Decoded) {
        self.holds_output = false;
        let mut rest = input;
        let mut ending = false;
        let decoded = loop {
            if self.output.len() >= stop_at {
                break Decoded::Full;
            }
            let piece = if ending { self.decoder.finish() } else { self.decoder.decode(&mut rest) };
            let piece = match piece {
                Ok([]) if ending || !ends => break Decoded::All,
                Ok([]) => {
                    ending = true;
                    continue;
                }
                Ok(piece) => piece,
                Err(DecodeError::Corrupt) => break Decoded::Failed(Violation::EncodingCorrupt),
                Err(DecodeError::Truncated) => break Decoded::Failed(Violation::EncodingTruncated),
            };
            let before = delivered + self.output.len() as u64;
            let allowed = usize::try_from(limit.saturating_sub(before)).unwrap_or(usize::MAX);
            let (mut fine, mut violation) = (piece, None);
            if let Some(within) = piece.get(..allowed).filter(|within| within.len() < piece.len()) {
                (fine, violation) = (within, Some(Violation::MessageTooLong { limit }));
            }
            if let Some(Err(error)) = text.as_mut().map(|text| text.feed(fine)) {
                let valid_up_to = before + error.valid_up_to as u64;
                fine = fine.get(..error.valid_up_to).unwrap_or_default();
                violation = Some(Violation::TextNotUtf8 { valid_up_to });
            }
            joined::append(&mut self.output, fine, limit.saturating_sub(before));
            if let Some(violation) = violation {
                break Decoded::Failed(violation);
            }
        };
        let decoded = match (decoded, text) {
            // RFC 6455 8.1: the message ends inside a character.
            (Decoded::All, Some(text)) if ends && !text.is_complete() => {
                let valid_up_to = delivered + self.output.len() as u64;
                Decoded::Failed(Violation::TextNotUtf8 { valid_up_to })
            }
            (decoded, _) => decoded,
        };
        let taken = input.len() - rest.len();
        self.octets_in += taken as u64;
        (taken, decoded)
    }

    /// Takes what was decoded.
    pub(super) fn take_output(&mut self) -> Bytes {
        self.octets_out += self.output.len() as u64;
        core::mem::take(&mut self.output).into()
    }
}
