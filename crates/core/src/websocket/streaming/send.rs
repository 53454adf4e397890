//! From operations to frames in the outbox.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::encoding::Encoding;
use super::lazy::Lazy;
use crate::websocket::extension::Agreement;
use crate::websocket::frame::{FrameHeader, MAX_CONTROL_PAYLOAD, MaskKey, Opcode, ReservedBits};
use crate::websocket::message::Coding;
use crate::websocket::trace::{self, Direction};
use crate::websocket::{Config, MaskSend, MessageKind, PreparedMessage, Role, SendError, Traffic};
use crate::{COPY_THRESHOLD, Entropy, Outbox};

/// Copied frames are short enough for the two shorter forms of a header.
const _: () = assert!(COPY_THRESHOLD <= u16::MAX as usize);

/// Pings that may wait for a frame that is being streamed.
const MAX_HELD_PINGS: usize = 16;

/// Whether a frame is the last one of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a frame either is the last one or is not")]
pub enum Fin {
    /// More frames of the message follow.
    More,
    /// The message ends with this frame.
    Last,
}

/// Writes frames to the outbox.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) outbox: Outbox,
    pub(super) entropy: Box<dyn Entropy>,
    pub(super) stats: Traffic,
    mask: Mask,
    message: Option<Message>,
    frame: Option<Frame>,
    /// The extension that was negotiated.
    encoding: Lazy<Encoding>,
    /// Control frames that wait for the end of a frame that is being streamed; allocated when first needed.
    held: Option<Box<Held>>,
}

/// Which key outgoing frames are masked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mask {
    None,
    Zero,
    Random,
}

/// The message that is being sent in parts.
#[derive(Clone, Copy, Debug)]
struct Message {
    kind: MessageKind,
    /// Whether it goes through the extension; decided with the first frame.
    encoded: bool,
    /// Whether a frame of it was begun.
    begun: bool,
    len: u64,
}

/// The frame whose payload is being sent in parts.
#[derive(Clone, Copy, Debug)]
struct Frame {
    remaining: u64,
    key: Option<MaskKey>,
}

#[derive(Debug, Default)]
struct Held {
    pings: VecDeque<Bytes>,
    /// A keepalive ping.
    probe: Option<Bytes>,
    /// RFC 6455 5.5.3: only the most recent ping needs an answer.
    pong: Option<Bytes>,
    close: Option<Bytes>,
}

/// What became of control frames that were held back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Released {
    /// The keepalive ping stands in the outbox now.
    pub(super) probe: bool,
}

impl Sender {
    pub(super) fn new(
        role: Role,
        config: &Config,
        entropy: Box<dyn Entropy>,
        outbox: Outbox,
        extension: Option<Agreement>,
    ) -> Self {
        let mask = match (config.mask.send, role) {
            (MaskSend::ByRole, Role::Client) | (MaskSend::Always, _) => Mask::Random,
            (MaskSend::ZeroKey, Role::Client) => Mask::Zero,
            _ => Mask::None,
        };
        let stats = Traffic { opening_octets: outbox.queued_total(), ..Traffic::default() };
        Self {
            outbox,
            entropy,
            stats,
            mask,
            message: None,
            frame: None,
            encoding: Lazy::new(extension),
            held: None,
        }
    }

    pub(super) const fn is_masking(&self) -> bool {
        !matches!(self.mask, Mask::None)
    }

    /// Fails unless a new message may begin.
    #[inline]
    pub(super) fn check_idle(&self) -> Result<(), SendError> {
        match (self.frame, self.message) {
            (None, None) => Ok(()),
            (Some(frame), _) => Err(SendError::FrameUnfinished { remaining: frame.remaining }),
            (None, Some(_)) => Err(SendError::MessageUnfinished),
        }
    }

    #[inline]
    pub(super) fn check_ready(&self) -> Result<(), SendError> {
        if self.outbox.is_ready() { Ok(()) } else { Err(SendError::NotReady) }
    }

    /// A whole message in one frame.
    #[inline]
    pub(super) fn message(
        &mut self,
        kind: MessageKind,
        payload: Bytes,
        coding: Coding,
        limit: u64,
    ) -> Result<(), SendError> {
        self.check_ready()?;
        self.answer(kind, payload, coding, limit)
    }

    /// As [`message`](Self::message), also if the outbox is not ready: for answers to one message, which are few.
    #[inline]
    pub(super) fn answer(
        &mut self,
        kind: MessageKind,
        payload: Bytes,
        coding: Coding,
        limit: u64,
    ) -> Result<(), SendError> {
        self.check_idle()?;
        check_len(payload.len() as u64, limit)?;
        if !self.encoding.is_off() && self.encoded_message(kind, &payload, coding) {
            return Ok(());
        }
        self.count(payload.len() as u64, true);
        self.frame(Fin::Last, kind.into(), payload);
        Ok(())
    }

    /// As [`answer`](Self::answer), from a payload that is somebody else's.
    #[inline]
    pub(super) fn copied_answer(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        limit: u64,
    ) -> Result<(), SendError> {
        if self.mask != Mask::None || payload.len() > COPY_THRESHOLD {
            return self.answer(kind, Bytes::copy_from_slice(payload), Coding::Negotiated, limit);
        }
        self.check_idle()?;
        check_len(payload.len() as u64, limit)?;
        if !self.encoding.is_off() && self.encoded_message(kind, payload, Coding::Negotiated) {
            return Ok(());
        }
        self.count(payload.len() as u64, true);
        self.small_frame(Fin::Last, ReservedBits::NONE, kind.into(), payload);
        Ok(())
    }

    /// A message that was encoded before.
    #[inline]
    pub(super) fn prepared(&mut self, prepared: &PreparedMessage, limit: u64) -> Result<(), SendError> {
        let message = prepared.message();
        self.check_idle()?;
        self.check_ready()?;
        check_len(message.len() as u64, limit)?;
        if !self.encoding.is_off() && self.encoded_prepared(prepared) {
            return Ok(());
        }
        if self.is_masking() || !self.encoding.is_off() {
            return self.answer(message.kind(), message.payload().clone(), message.coding(), limit);
        }
        self.count(message.len() as u64, true);
        self.outbox.put_bytes(prepared.frame().clone());
        Ok(())
    }

    /// A whole message in frames of at most `size` bytes; the caller has checked that it may be sent.
    pub(super) fn in_frames(&mut self, kind: MessageKind, payload: Bytes, coding: Coding, size: usize) {
        let app_len = payload.len() as u64;
        let (mut rest, mut bits) = match self.encoding.make() {
            Some(encoding) if encoding.wants(payload.len(), coding) => {
                (Bytes::from(encoding.encode(&payload, Fin::Last)), encoding.bits)
            }
            _ => (payload, ReservedBits::NONE),
        };
        self.stats.websocket_octets += rest.len() as u64;
        self.stats.app_octets += app_len;
        self.stats.messages += 1;
        let mut opcode = kind.into();
        loop {
            let fin = if rest.len() > size { Fin::More } else { Fin::Last };
            let piece = rest.split_to(size.min(rest.len()));
            self.stats.frames += 1;
            self.frame_with(fin, bits, opcode, piece);
            if fin == Fin::Last {
                break;
            }
            (opcode, bits) = (Opcode::Continuation, ReservedBits::NONE);
        }
    }

    /// Sends a whole message through the extension, unless that does not want it.
    #[cold]
    fn encoded_message(&mut self, kind: MessageKind, payload: &[u8], coding: Coding) -> bool {
        match self.encoding.make() {
            Some(encoding) if encoding.wants(payload.len(), coding) => {
                let (encoded, bits) = (encoding.encode(payload, Fin::Last), encoding.bits);
                self.count_encoded(payload.len(), encoded.len(), true);
                self.encoded_frame(Fin::Last, bits, kind.into(), encoded);
                true
            }
            _ => false,
        }
    }

    /// Sends a message that was encoded by the extension for many connections, if there is such a thing.
    #[cold]
    fn encoded_prepared(&mut self, prepared: &PreparedMessage) -> bool {
        let message = prepared.message();
        let Some(encoding) = self.encoding.make() else { return false };
        if !encoding.wants(message.len(), message.coding()) {
            return false;
        }
        let bits = encoding.bits;
        let Some(frame) = encoding.prepared(prepared) else { return false };
        self.count_encoded(message.len(), frame.payload_len(), true);
        if self.is_masking() {
            self.frame_with(Fin::Last, bits, message.kind().into(), frame.payload());
        } else {
            self.outbox.put_bytes(frame.bytes().clone());
        }
        true
    }

    pub(super) fn begin_message(&mut self, kind: MessageKind) -> Result<(), SendError> {
        self.check_idle()?;
        self.message = Some(Message { kind, encoded: false, begun: false, len: 0 });
        Ok(())
    }

    /// A whole frame of the message that was begun.
    pub(super) fn message_frame(&mut self, payload: Bytes, fin: Fin, limit: u64) -> Result<(), SendError> {
        let len = payload.len() as u64;
        let opcode = self.next_opcode(len, limit)?;
        self.check_ready()?;
        let is_first = opcode != Opcode::Continuation;
        if let (Some(encoding), Some(message)) = (self.encoding.make(), &mut self.message) {
            message.encoded |= is_first && encoding.wants(payload.len(), Coding::Negotiated);
            if message.encoded {
                let bits = if is_first { encoding.bits } else { ReservedBits::NONE };
                let encoded = encoding.encode(&payload, fin);
                self.count_encoded(payload.len(), encoded.len(), fin == Fin::Last);
                self.advance_message(len, fin);
                self.encoded_frame(fin, bits, opcode, encoded);
                return Ok(());
            }
        }
        self.count(len, fin == Fin::Last);
        self.advance_message(len, fin);
        self.frame(fin, opcode, payload);
        Ok(())
    }

    /// The header of a frame whose payload follows in parts.
    pub(super) fn begin_frame(&mut self, len: u64, fin: Fin, limit: u64) -> Result<Released, SendError> {
        if len >> 63 != 0 {
            return Err(SendError::FrameTooLong);
        }
        let opcode = self.next_opcode(len, limit)?;
        self.check_ready()?;
        self.count(len, fin == Fin::Last);
        self.advance_message(len, fin);
        let key = self.next_key();
        self.header(FrameHeader::new(fin == Fin::Last, opcode, key, len));
        self.frame = Some(Frame { remaining: len, key });
        Ok(self.end_frame_if_complete())
    }

    /// Payload of the frame that was begun; returns how much of it is missing.
    pub(super) fn frame_data(&mut self, payload: Bytes) -> Result<(u64, Released), SendError> {
        let Some(frame) = &mut self.frame else { return Err(SendError::NoFrame) };
        let len = payload.len() as u64;
        if len > frame.remaining {
            return Err(SendError::FrameOverrun { remaining: frame.remaining });
        }
        if !self.outbox.is_ready() {
            return Err(SendError::NotReady);
        }
        frame.remaining -= len;
        let (key, remaining) = (frame.key, frame.remaining);
        frame.key = key.map(|key| key.after(payload.len()));
        self.payload(key, payload);
        Ok((remaining, self.end_frame_if_complete()))
    }

    /// Ends the message that was begun, with an empty frame (RFC 6455 5.4).
    pub(super) fn end_message(&mut self, limit: u64) -> Result<(), SendError> {
        self.message_frame(Bytes::new(), Fin::Last, limit)
    }

    /// A ping of the application.
    pub(super) fn ping(&mut self, payload: Bytes) -> Result<(), SendError> {
        check_control(&payload)?;
        if self.frame.is_some() {
            let held = self.held();
            if held.pings.len() == MAX_HELD_PINGS {
                return Err(SendError::ControlBacklog);
            }
            held.pings.push_back(payload);
        } else {
            self.check_ready()?;
            self.frame(Fin::Last, Opcode::Ping, payload);
        }
        Ok(())
    }

    /// A pong that nobody asked for (RFC 6455 5.5.3).
    pub(super) fn pong(&mut self, payload: Bytes) -> Result<(), SendError> {
        check_control(&payload)?;
        if self.frame.is_none() {
            self.check_ready()?;
        }
        self.answer_ping(payload);
        Ok(())
    }

    /// A keepalive ping; returns whether it stands in the outbox already.
    pub(super) fn probe(&mut self, payload: Bytes) -> bool {
        if self.frame.is_some() {
            self.held().probe = Some(payload);
            return false;
        }
        self.frame(Fin::Last, Opcode::Ping, payload);
        true
    }

    /// Answers a ping: now if there is room between frames, else the last one when there is.
    pub(super) fn answer_ping(&mut self, payload: Bytes) {
        if self.frame.is_some() || !self.outbox.is_ready() {
            self.held().pong = Some(payload);
        } else {
            self.frame(Fin::Last, Opcode::Pong, payload);
        }
    }

    /// A Close frame, the last frame of all. Waits for the end of a frame that is being streamed.
    pub(super) fn close(&mut self, payload: Bytes) {
        if self.frame.is_some() {
            self.held().close = Some(payload);
        } else {
            self.held = None;
            self.frame(Fin::Last, Opcode::Close, payload);
        }
    }

    /// Forgets what waits to be sent. Held control frames, too: they would follow a frame that was cut off.
    pub(super) fn discard(&mut self) {
        self.outbox.clear();
        self.held = None;
    }

    /// Whether a frame is being streamed, so that nothing else can be sent.
    pub(super) const fn is_inside_frame(&self) -> bool {
        self.frame.is_some()
    }

    /// Whether our Close frame waits for the end of a frame that is being streamed.
    pub(super) fn holds_close(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.close.is_some())
    }

    /// Sends the held control frames that may be sent now.
    #[inline]
    pub(super) fn release(&mut self) -> Released {
        if self.held.is_some() && self.frame.is_none() { self.release_held() } else { Released::default() }
    }

    #[cold]
    fn release_held(&mut self) -> Released {
        let Some(held) = self.held.take() else { return Released::default() };
        let Held { pings, probe, pong, close } = *held;
        let mut released = Released::default();
        for payload in pings {
            self.frame(Fin::Last, Opcode::Ping, payload);
        }
        if let Some(payload) = probe {
            self.frame(Fin::Last, Opcode::Ping, payload);
            released.probe = true;
        }
        if let Some(payload) = pong {
            self.answer_ping(payload);
        }
        if let Some(payload) = close {
            self.close(payload);
        }
        released
    }

    fn end_frame_if_complete(&mut self) -> Released {
        if self.frame.is_some_and(|frame| frame.remaining == 0) {
            self.frame = None;
            self.release()
        } else {
            Released::default()
        }
    }

    fn held(&mut self) -> &mut Held {
        self.held.get_or_insert_default()
    }

    /// The opcode of the next frame of the message, if `len` more bytes may be sent.
    fn next_opcode(&self, len: u64, limit: u64) -> Result<Opcode, SendError> {
        if let Some(frame) = self.frame {
            return Err(SendError::FrameUnfinished { remaining: frame.remaining });
        }
        let Some(message) = self.message else { return Err(SendError::NoMessage) };
        check_len(message.len.saturating_add(len), limit)?;
        Ok(if message.begun { Opcode::Continuation } else { message.kind.into() })
    }

    const fn advance_message(&mut self, len: u64, fin: Fin) {
        if matches!(fin, Fin::Last) {
            self.message = None;
        } else if let Some(message) = &mut self.message {
            message.begun = true;
            message.len += len;
        }
    }

    #[inline]
    const fn count(&mut self, len: u64, ends_message: bool) {
        self.stats.frames += 1;
        self.stats.messages += ends_message as u64;
        self.stats.websocket_octets += len;
        self.stats.app_octets += len;
    }

    const fn count_encoded(&mut self, app_len: usize, len: usize, ends_message: bool) {
        self.count(len as u64, ends_message);
        self.stats.app_octets = self.stats.app_octets + app_len as u64 - len as u64;
    }

    #[inline]
    fn frame(&mut self, fin: Fin, opcode: Opcode, payload: Bytes) {
        self.frame_with(fin, ReservedBits::NONE, opcode, payload);
    }

    /// A frame of what came out of the extension.
    fn encoded_frame(&mut self, fin: Fin, bits: ReservedBits, opcode: Opcode, payload: Vec<u8>) {
        if self.mask == Mask::None && payload.len() <= COPY_THRESHOLD {
            return self.small_frame(fin, bits, opcode, &payload);
        }
        self.frame_with(fin, bits, opcode, payload.into());
    }

    #[inline]
    fn frame_with(&mut self, fin: Fin, bits: ReservedBits, opcode: Opcode, payload: Bytes) {
        if self.mask == Mask::None && payload.len() <= COPY_THRESHOLD {
            return self.small_frame(fin, bits, opcode, &payload);
        }
        let key = self.next_key();
        let header = FrameHeader::new(fin == Fin::Last, opcode, key, payload.len() as u64);
        self.header(header.with_reserved(bits));
        self.payload(key, payload);
    }

    /// An unmasked frame that is copied into the outbox.
    #[inline]
    fn small_frame(&mut self, fin: Fin, bits: ReservedBits, opcode: Opcode, payload: &[u8]) {
        let header =
            FrameHeader::new(fin == Fin::Last, opcode, None, payload.len() as u64).with_reserved(bits);
        trace::frame(Direction::Sent, header.fin, header.opcode, header.len);
        // Copies of a fixed length are a single store each.
        match header.encode() {
            ([first, second, ..], 2) => self.outbox.put_pair([first, second], payload),
            ([a, b, c, d, ..], _) => self.outbox.put_pair([a, b, c, d], payload),
        }
    }

    fn header(&mut self, header: FrameHeader) {
        trace::frame(Direction::Sent, header.fin, header.opcode, header.len);
        let (bytes, used) = header.encode();
        self.outbox.put_slice(bytes.get(..used).unwrap_or(&bytes));
    }

    fn payload(&mut self, key: Option<MaskKey>, payload: Bytes) {
        match key {
            None => self.outbox.put_bytes(payload),
            Some(key) if payload.len() <= COPY_THRESHOLD => {
                self.outbox.put_transformed(&payload, |bytes| key.apply(bytes));
            }
            Some(key) => {
                // A payload that nobody else holds is masked where it is.
                let mut bytes =
                    payload.try_into_mut().unwrap_or_else(|shared| BytesMut::from(shared.as_ref()));
                key.apply(&mut bytes);
                self.outbox.put_bytes(bytes.freeze());
            }
        }
    }

    #[inline]
    fn next_key(&mut self) -> Option<MaskKey> {
        match self.mask {
            Mask::None => None,
            Mask::Zero => Some(MaskKey::ZERO),
            Mask::Random => {
                let mut key = [0; 4];
                self.entropy.fill(&mut key);
                Some(MaskKey::new(key))
            }
        }
    }
}

#[inline]
fn check_len(len: u64, limit: u64) -> Result<(), SendError> {
    if len > limit { Err(SendError::MessageTooLong { limit }) } else { Ok(()) }
}

fn check_control(payload: &Bytes) -> Result<(), SendError> {
    if payload.len() > MAX_CONTROL_PAYLOAD { Err(SendError::ControlTooLong) } else { Ok(()) }
}
