//! Messages on their way through an extension's encoder.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::lazy::Agreed;
use crate::websocket::extension::{Agreement, MessageEncoder};
use crate::websocket::frame::ReservedBits;
use crate::websocket::message::Coding;
use crate::websocket::prepared::EncodedFrame;
use crate::websocket::{Fin, PreparedMessage};

/// The encoder of a connection.
#[derive(Debug)]
pub(super) struct Encoding {
    /// What marks the messages that went through it.
    pub(super) bits: ReservedBits,
    encoder: Box<dyn MessageEncoder>,
}

impl Agreed for Encoding {
    fn new(agreement: &Agreement) -> Self {
        Self { bits: agreement.bits(), encoder: agreement.encoder() }
    }

    fn bits(&self) -> ReservedBits {
        self.bits
    }
}

impl Encoding {
    /// Whether a message that begins with, or consists of, `len` bytes is to be encoded.
    pub(super) fn wants(&self, len: usize, coding: Coding) -> bool {
        coding == Coding::Negotiated && self.encoder.wants(len)
    }

    /// The encoded form of a part of a message.
    pub(super) fn encode(&mut self, piece: &[u8], fin: Fin) -> Vec<u8> {
        let mut out = Vec::new();
        self.encoder.encode(piece, fin, &mut out);
        out
    }

    /// The frame of a message that is encoded once for all connections that encode alike; `None` if this one does it
    /// in a way of its own.
    pub(super) fn prepared<'a>(&mut self, message: &'a PreparedMessage) -> Option<&'a EncodedFrame> {
        let identity = self.encoder.standalone()?;
        let frame = message.encoded(identity, self.bits, |payload, out| {
            self.encoder.encode_standalone(payload, out);
        })?;
        self.encoder.note_standalone();
        Some(frame)
    }
}
