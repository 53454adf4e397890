//! permessage-bzip2, as Autobahn|Python speaks it: every message is one bzip2 stream.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use ::bzip2::{Action, Compress, Compression, Decompress, Status};

use super::{
    DecodeError, Extension, ExtensionError, ExtensionParams, Extensions, MessageDecoder, MessageEncoder,
    Terms,
};
use crate::websocket::Fin;
use crate::websocket::frame::ReservedBits;

const NAME: &str = "permessage-bzip2";
const SERVER_LEVEL: &str = "server_max_compress_level";
const CLIENT_LEVEL: &str = "client_max_compress_level";

/// The largest block there is, in 100,000 bytes.
const MAX_LEVEL: u8 = 9;

/// Output of one step.
const PIECE: usize = 8 * 1024;

/// Compression of messages with bzip2: small for long texts, and slow. For peers that know no permessage-deflate.
///
/// The state for a message takes megabytes: about 8 × its level × 100,000 bytes to compress it, and half of that to
/// decompress it. None is kept between messages.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Bzip2 {
    /// The size of blocks, 1 to 9, in 100,000 bytes, if the peer allows it; other values count as the nearest of these.
    /// Default: 1: messages longer than that are rare.
    pub send_level: u8,
    /// The largest blocks that the peer is asked to make, which bounds the memory for decompressing. Default: 9.
    pub receive_level: u8,
    /// Messages of fewer bytes are sent as they are. Default: 256, since a stream has a long head.
    pub threshold: usize,
}

impl Default for Bzip2 {
    fn default() -> Self {
        Self { send_level: 1, receive_level: MAX_LEVEL, threshold: 256 }
    }
}

impl From<Bzip2> for Extensions {
    fn from(bzip2: Bzip2) -> Self {
        vec![Arc::new(bzip2)]
    }
}

impl Bzip2 {
    fn terms(self, send_limit: u8, receive_limit: u8) -> Terms {
        let level = self.send_level.clamp(1, MAX_LEVEL).min(send_limit);
        Terms { bits: ReservedBits::RSV1, params: u32::from_le_bytes([level, receive_limit, 0, 0]) }
    }

    fn asked(self) -> u8 {
        self.receive_level.clamp(1, MAX_LEVEL)
    }
}

impl Extension for Bzip2 {
    fn name(&self) -> &str {
        NAME
    }

    fn offer(&self) -> ExtensionParams {
        let asked = (self.asked() < MAX_LEVEL).then(|| self.asked());
        build(asked, Some(None))
    }

    fn accept(&self, offer: &ExtensionParams) -> Option<(ExtensionParams, Terms)> {
        let offer = Levels::parse(offer).ok()?;
        if offer.client.flatten().is_some() {
            return None;
        }
        let receive = if offer.client.is_some() { self.asked() } else { MAX_LEVEL };
        let answer = build(offer.server, (receive < MAX_LEVEL).then_some(Some(receive)));
        Some((answer, self.terms(offer.server.unwrap_or(MAX_LEVEL), receive)))
    }

    fn confirm(&self, answer: &ExtensionParams) -> Result<Terms, ExtensionError> {
        let answer = Levels::parse(answer)?;
        let receive = match answer.server {
            Some(level) if level > self.asked() => {
                return Err(ExtensionError::ParamInvalid(SERVER_LEVEL.into()));
            }
            None if self.asked() < MAX_LEVEL => {
                return Err(ExtensionError::ParamMissing(SERVER_LEVEL.into()));
            }
            level => level.unwrap_or(MAX_LEVEL),
        };
        match answer.client {
            Some(None) => Err(ExtensionError::ParamInvalid(CLIENT_LEVEL.into())),
            limit => Ok(self.terms(limit.flatten().unwrap_or(MAX_LEVEL), receive)),
        }
    }

    fn encoder(&self, terms: Terms) -> Box<dyn MessageEncoder> {
        let [level, ..] = terms.params.to_le_bytes();
        Box::new(Encoder { level, threshold: self.threshold, state: None })
    }

    fn decoder(&self, terms: Terms) -> Box<dyn MessageDecoder> {
        let [_, limit, ..] = terms.params.to_le_bytes();
        Box::new(Decoder { limit, state: None })
    }
}

/// The parameters of an offer or an answer.
#[derive(Default)]
struct Levels {
    server: Option<u8>,
    client: Option<Option<u8>>,
}

impl Levels {
    fn parse(params: &ExtensionParams) -> Result<Self, ExtensionError> {
        let mut parsed = Self::default();
        for param in params.params() {
            let name = &*param.name;
            let invalid = || ExtensionError::ParamInvalid(name.into());
            let level = match param.value.as_deref().map(str::as_bytes) {
                None => None,
                Some([digit @ b'1'..=b'9']) => Some(digit - b'0'),
                Some(_) => return Err(invalid()),
            };
            let repeated = match name {
                SERVER_LEVEL => parsed.server.replace(level.ok_or_else(invalid)?).is_some(),
                CLIENT_LEVEL => parsed.client.replace(level).is_some(),
                _ => return Err(ExtensionError::ParamUnknown(name.into())),
            };
            if repeated {
                return Err(ExtensionError::ParamRepeated(name.into()));
            }
        }
        Ok(parsed)
    }
}

fn build(server: Option<u8>, client: Option<Option<u8>>) -> ExtensionParams {
    let mut params = ExtensionParams::new(NAME).expect("the name is a token");
    let mut push = |name: &'static str, level: Option<u8>| {
        params.push(name, level.map(|level| level.to_string().into())).expect("names and digits are tokens");
    };
    if let Some(level) = server {
        push(SERVER_LEVEL, Some(level));
    }
    if let Some(level) = client {
        push(CLIENT_LEVEL, level);
    }
    params
}

struct Encoder {
    level: u8,
    threshold: usize,
    /// The message that is being compressed.
    state: Option<Box<Compress>>,
}

impl MessageEncoder for Encoder {
    fn wants(&self, len: usize) -> bool {
        len >= self.threshold
    }

    fn encode(&mut self, mut piece: &[u8], fin: Fin, out: &mut Vec<u8>) {
        let level = Compression::new(u32::from(self.level));
        let state = self.state.get_or_insert_with(|| Box::new(Compress::new(level, 0)));
        let action = if fin == Fin::Last { Action::Finish } else { Action::Run };
        loop {
            out.reserve(piece.len() / 4 + 256);
            let taken = state.total_in();
            // All arguments are valid, and actions come in an order that bzip2 allows.
            let status = state.compress_vec(piece, out, action);
            piece = piece.get((state.total_in() - taken) as usize..).unwrap_or_default();
            match status {
                Ok(Status::FinishOk) => {}
                Ok(Status::RunOk) if !piece.is_empty() => {}
                _ => break,
            }
        }
        if fin == Fin::Last {
            self.state = None;
        }
    }
}

struct Decoder {
    /// The largest blocks that the peer may make.
    limit: u8,
    /// The message that is being decompressed.
    state: Option<Box<State>>,
}

struct State {
    core: Decompress,
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
            let (core, output) = (Decompress::new(false), vec![0; PIECE]);
            Box::new(State { core, output, ended: false, failed: false })
        });
        state.decode(input, self.limit)
    }

    fn finish(&mut self) -> Result<&[u8], DecodeError> {
        match self.state.take() {
            Some(state) if !state.ended => Err(DecodeError::Truncated),
            _ => Ok(&[]),
        }
    }
}

impl State {
    fn decode(&mut self, input: &mut &[u8], limit: u8) -> Result<&[u8], DecodeError> {
        if self.failed || (self.ended && !input.is_empty()) {
            return Err(DecodeError::Corrupt);
        }
        if self.ended {
            return Ok(&[]);
        }
        let (taken, given) = (self.core.total_in(), self.core.total_out());
        // The size of blocks is the fourth byte: BZh1 to BZh9.
        if taken <= 3 && input.get(3 - taken as usize).is_some_and(|level| *level > b'0' + limit) {
            return Err(DecodeError::Corrupt);
        }
        match self.core.decompress(input, &mut self.output) {
            Ok(Status::StreamEnd) => self.ended = true,
            Ok(_) => {}
            Err(_) => self.failed = true,
        }
        let taken = (self.core.total_in() - taken) as usize;
        *input = input.get(taken..).unwrap_or_default();
        let given = (self.core.total_out() - given) as usize;
        if given == 0 && (self.failed || !input.is_empty()) {
            return Err(DecodeError::Corrupt);
        }
        Ok(self.output.get(..given).unwrap_or_default())
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("level", &self.level).finish_non_exhaustive()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("limit", &self.limit).finish_non_exhaustive()
    }
}
