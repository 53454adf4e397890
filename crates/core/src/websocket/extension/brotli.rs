//! permessage-brotli, as Autobahn|Python speaks it: every message is one Brotli stream (RFC 7932), context or not.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use ::brotli::enc::StandardAlloc;
use ::brotli::enc::encode::{BrotliEncoderOperation, BrotliEncoderParameter, BrotliEncoderStateStruct};
use ::brotli::{BrotliDecompressStream, BrotliResult, BrotliState};

use super::no_context::NoContext;
use super::{
    DecodeError, Extension, ExtensionError, ExtensionParams, Extensions, MessageDecoder, MessageEncoder,
    Terms,
};
use crate::websocket::Fin;
use crate::websocket::frame::ReservedBits;

const NAME: &str = "permessage-brotli";

/// Output of one step.
const PIECE: usize = 16 * 1024;

/// Compression of messages with Brotli: small for texts of the web, whose words it knows beforehand.
///
/// The state for a message takes up to some megabytes, as its sender chooses: a window of 16 MiB is the most.
/// None is kept between messages.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Brotli {
    /// How much time to spend on compressing, 0 to 11. Default: 5.
    pub quality: u8,
    /// How far back to look, 10 to 24 bits. Default: 18.
    pub window: u8,
    /// Messages of fewer bytes are sent as they are. Default: 64.
    pub threshold: usize,
}

impl Default for Brotli {
    fn default() -> Self {
        Self { quality: 5, window: 18, threshold: 64 }
    }
}

impl From<Brotli> for Extensions {
    fn from(brotli: Brotli) -> Self {
        vec![Arc::new(brotli)]
    }
}

/// Nothing that was agreed upon matters to either end.
const TERMS: Terms = Terms { bits: ReservedBits::RSV1, params: 0 };

impl Extension for Brotli {
    fn name(&self) -> &str {
        NAME
    }

    fn offer(&self) -> ExtensionParams {
        NoContext::default().build(NAME)
    }

    fn accept(&self, offer: &ExtensionParams) -> Option<(ExtensionParams, Terms)> {
        Some((NoContext::parse(offer).ok()?.build(NAME), TERMS))
    }

    fn confirm(&self, answer: &ExtensionParams) -> Result<Terms, ExtensionError> {
        NoContext::default().confirm(answer)?;
        Ok(TERMS)
    }

    fn encoder(&self, _: Terms) -> Box<dyn MessageEncoder> {
        Box::new(Encoder { options: *self, state: None })
    }

    fn decoder(&self, _: Terms) -> Box<dyn MessageDecoder> {
        Box::new(Decoder { state: None })
    }
}

struct Encoder {
    options: Brotli,
    /// The message that is being compressed.
    state: Option<Box<BrotliEncoderStateStruct<StandardAlloc>>>,
}

impl Encoder {
    fn begin(options: Brotli) -> Box<BrotliEncoderStateStruct<StandardAlloc>> {
        let mut state = Box::new(BrotliEncoderStateStruct::new(StandardAlloc::default()));
        let (quality, window) = (options.quality.min(11), options.window.clamp(10, 24));
        state.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_QUALITY, u32::from(quality));
        state.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_LGWIN, u32::from(window));
        state
    }
}

impl MessageEncoder for Encoder {
    fn wants(&self, len: usize) -> bool {
        len >= self.options.threshold
    }

    fn encode(&mut self, piece: &[u8], fin: Fin, out: &mut Vec<u8>) {
        let state = self.state.get_or_insert_with(|| Self::begin(self.options));
        let operation = match fin {
            Fin::More => BrotliEncoderOperation::BROTLI_OPERATION_FLUSH,
            Fin::Last => BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
        };
        let (mut available, mut offset) = (piece.len(), 0);
        let mut buffer = vec![0; (piece.len() / 3).clamp(256, PIECE)];
        loop {
            let (mut room, mut written) = (buffer.len(), 0);
            let fine = state.compress_stream(
                operation,
                &mut available,
                piece,
                &mut offset,
                &mut room,
                &mut buffer,
                &mut written,
                &mut None,
                &mut |_, _, _, _| (),
            );
            out.extend_from_slice(buffer.get(..written).unwrap_or_default());
            if !fine || (available == 0 && !state.has_more_output() && (written == 0 || room > 0)) {
                break;
            }
        }
        if fin == Fin::Last {
            self.state = None;
        }
    }
}

struct Decoder {
    /// The message that is being decompressed.
    state: Option<Box<State>>,
}

struct State {
    core: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    output: Vec<u8>,
    ended: bool,
    failed: bool,
}

impl MessageDecoder for Decoder {
    fn decode(&mut self, input: &mut &[u8]) -> Result<&[u8], DecodeError> {
        if input.is_empty() && self.state.is_none() {
            return Ok(&[]);
        }
        let state = self.state.get_or_insert_with(|| {
            let alloc = StandardAlloc::default;
            // Strict: without the windows beyond 16 MiB that are no part of RFC 7932.
            let core = BrotliState::new_strict(alloc(), alloc(), alloc());
            Box::new(State { core, output: vec![0; PIECE], ended: false, failed: false })
        });
        state.decode(input)
    }

    fn finish(&mut self) -> Result<&[u8], DecodeError> {
        match self.state.take() {
            Some(state) if !state.ended => Err(DecodeError::Truncated),
            _ => Ok(&[]),
        }
    }
}

impl State {
    fn decode(&mut self, input: &mut &[u8]) -> Result<&[u8], DecodeError> {
        if self.failed || (self.ended && !input.is_empty()) {
            return Err(DecodeError::Corrupt);
        }
        if self.ended {
            return Ok(&[]);
        }
        let (mut available, mut taken) = (input.len(), 0);
        let (mut room, mut given) = (self.output.len(), 0);
        let result = BrotliDecompressStream(
            &mut available,
            &mut taken,
            input,
            &mut room,
            &mut given,
            &mut self.output,
            &mut 0,
            &mut self.core,
        );
        match result {
            BrotliResult::ResultSuccess => self.ended = true,
            BrotliResult::ResultFailure => self.failed = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        *input = input.get(taken..).unwrap_or_default();
        if given == 0 && (self.failed || !input.is_empty()) {
            return Err(DecodeError::Corrupt);
        }
        Ok(self.output.get(..given).unwrap_or_default())
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("options", &self.options).finish_non_exhaustive()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}
