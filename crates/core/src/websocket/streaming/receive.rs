//! From received bytes to chunks and control frames.

use bytes::{Buf, Bytes, BytesMut};

use super::event::Chunk;
use crate::websocket::frame::{FIN, LEN_16, LEN_64, MASKED, MAX_CONTROL_PAYLOAD, MaskKey, Opcode, RESERVED};
use crate::websocket::trace::{self, Direction};
use crate::websocket::{
    Config, MaskReceive, MessageKind, Role, Utf8Check, Utf8Error, Utf8Validator, Violation,
};

/// The first bytes of most frames: messages in one frame.
const WHOLE_TEXT: u8 = FIN | 0x1;
const WHOLE_BINARY: u8 = FIN | 0x2;

/// How received payload is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::websocket) enum Delivery {
    /// As it arrives.
    Chunks,
    /// Once its frame is complete. It is unmasked and checked as it arrives all the same.
    WholeFrames,
}

/// Reads frames from the front of a buffer.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) delivery: Delivery,
    masked: Masked,
    check_text: bool,
    frame: Option<Frame>,
    message: Option<Message>,
    utf8: Utf8Validator,
    /// Bytes at the front of the buffer that are unmasked and checked, and wait for the end of their frame.
    ready: usize,
    /// A violation to be reported once the payload before it was delivered.
    found: Option<Violation>,
}

/// Which mask bits are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Masked {
    Required,
    Forbidden,
    Either,
}

/// The frame whose payload is being received.
#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    /// Whether a part of the payload was delivered.
    begun: bool,
    /// The key for the next byte to be unmasked.
    key: Option<MaskKey>,
    len: u64,
    /// Payload bytes that have not been delivered.
    remaining: u64,
}

/// The message that is being received.
#[derive(Clone, Copy, Debug)]
struct Message {
    kind: MessageKind,
    /// Payload bytes delivered.
    len: u64,
    /// Frames begun.
    fragments: u64,
}

/// A whole message at the front of the buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Located {
    pub(super) kind: MessageKind,
    pub(super) header_len: usize,
    pub(super) len: usize,
}

impl Located {
    /// Splits the message off.
    #[inline]
    pub(super) fn take_out(self, buf: &mut BytesMut) -> Chunk {
        let mut payload = buf.split_to(self.header_len + self.len).freeze();
        payload.advance(self.header_len);
        Chunk::new(self.kind, payload, self.len as u64).starting(true, true).ending(true, true)
    }
}

/// What the front of the buffer holds.
pub(super) enum Step {
    NeedMore,
    Chunk(Chunk),
    Control(Opcode, Bytes),
    Violation(Violation),
}

impl Receiver {
    pub(super) fn new(role: Role, config: &Config) -> Self {
        let masked = match (config.mask.receive, role) {
            (MaskReceive::Any, _) => Masked::Either,
            (MaskReceive::ByRole, Role::Server) => Masked::Required,
            (MaskReceive::ByRole, Role::Client) => Masked::Forbidden,
        };
        Self {
            delivery: Delivery::Chunks,
            masked,
            check_text: config.utf8 == Utf8Check::AsItArrives,
            frame: None,
            message: None,
            utf8: Utf8Validator::new(),
            ready: 0,
            found: None,
        }
    }

    /// How many bytes of the current frame are missing.
    pub(super) fn missing(&self, buffered: usize) -> usize {
        match (&self.frame, self.delivery) {
            (Some(frame), Delivery::WholeFrames) => {
                usize::try_from(frame.remaining).unwrap_or(usize::MAX).saturating_sub(buffered)
            }
            _ => 0,
        }
    }

    /// Takes in the front of `buf`, up to the next thing worth telling.
    #[inline(always)]
    pub(super) fn next(&mut self, buf: &mut BytesMut, config: &Config) -> Step {
        if let Some(frame) = self.frame {
            return self.payload(frame, buf);
        }
        if let Some(chunk) = self.whole_message(buf, config) {
            return Step::Chunk(chunk);
        }
        self.first_of_frame(buf, config)
    }

    /// The common case, done without further ado: a short message in one frame, valid, and all there. `None` if it is
    /// anything else; nothing has changed then.
    #[inline(always)]
    fn whole_message(&mut self, buf: &mut BytesMut, config: &Config) -> Option<Chunk> {
        Some(self.locate_message(buf, config)?.take_out(buf))
    }

    /// Finds a short whole message at the front of `buf`, unmasks and checks it where it is. The caller has to take it
    /// out. `None` if something else is there; nothing has changed then.
    #[inline(always)]
    pub(super) fn locate_message(&mut self, buf: &mut BytesMut, config: &Config) -> Option<Located> {
        let [first, second, rest @ ..] = &**buf else { return None };
        let kind = match *first {
            WHOLE_TEXT => MessageKind::Text,
            WHOLE_BINARY => MessageKind::Binary,
            _ => return None,
        };
        let masked = second & MASKED != 0;
        if self.message.is_some() || self.frame.is_some() || masked != (self.masked == Masked::Required) {
            return None;
        }
        let (len, len_end) = match second & !MASKED {
            LEN_16 => {
                let len = u16::from_be_bytes(*rest.first_chunk()?);
                (if len < u16::from(LEN_16) { return None } else { usize::from(len) }, 4)
            }
            LEN_64 => return None,
            len => (usize::from(len), 2),
        };
        let limit = config.limits.max_frame_len.min(config.limits.max_message_len);
        if len as u64 > limit {
            return None;
        }
        let (key, header_len) = match masked {
            true => (Some(MaskKey::new(*buf.get(len_end..)?.first_chunk()?)), len_end + 4),
            false => (None, len_end),
        };
        let payload = buf.get_mut(header_len..header_len + len)?;
        if self.unmask_and_check(key, kind, payload).is_err() || !self.utf8.is_complete() {
            // The long way finds out what is wrong and where: it starts from the masked bytes.
            if let Some(key) = key {
                key.apply(payload);
            }
            self.utf8 = Utf8Validator::new();
            return None;
        }
        trace::frame(Direction::Received, true, kind.into(), len as u64);
        Some(Located { kind, header_len, len })
    }

    /// A frame that begins here.
    fn first_of_frame(&mut self, buf: &mut BytesMut, config: &Config) -> Step {
        match self.header(buf, config) {
            Ok(Some((frame, header_len))) => {
                trace::frame(Direction::Received, frame.fin, frame.opcode, frame.len);
                buf.advance(header_len);
                self.begin(frame);
                self.payload(frame, buf)
            }
            Ok(None) => Step::NeedMore,
            Err(violation) => Step::Violation(violation),
        }
    }

    /// Unmasks bytes that have just arrived and checks them if they are text.
    #[inline(always)]
    fn unmask_and_check(
        &mut self,
        key: Option<MaskKey>,
        kind: MessageKind,
        fresh: &mut [u8],
    ) -> Result<(), Utf8Error> {
        let text = self.check_text && kind == MessageKind::Text;
        match key {
            Some(key) if text => {
                if key.apply_and_check_ascii(fresh) {
                    self.utf8.feed_ascii(fresh)
                } else {
                    self.utf8.feed(fresh)
                }
            }
            Some(key) => {
                key.apply(fresh);
                Ok(())
            }
            None if text => self.utf8.feed(fresh),
            None => Ok(()),
        }
    }

    fn payload(&mut self, frame: Frame, buf: &mut BytesMut) -> Step {
        if frame.opcode.is_control() { self.control(frame, buf) } else { self.data(frame, buf) }
    }

    #[inline]
    fn begin(&mut self, frame: Frame) {
        if !frame.opcode.is_control() {
            let start = Message { kind: kind_of(frame.opcode), len: 0, fragments: 0 };
            self.message.get_or_insert(start).fragments += 1;
        }
        self.frame = Some(frame);
    }

    /// The frame header at the front of `buf`, checked byte by byte, so that the verdict does not depend on how much
    /// of it has arrived.
    fn header(&self, buf: &[u8], config: &Config) -> Result<Option<(Frame, usize)>, Violation> {
        let [first, rest @ ..] = buf else { return Ok(None) };
        let fin = first & FIN != 0;
        let opcode = self.first_byte(*first, fin)?;
        let [second, rest @ ..] = rest else { return Ok(None) };
        let masked = second & MASKED != 0;
        match self.masked {
            // RFC 6455 5.1: a server fails the connection upon an unmasked frame, a client upon a masked one.
            Masked::Required if !masked => return Err(Violation::MaskMissing),
            Masked::Forbidden if masked => return Err(Violation::MaskForbidden),
            _ => {}
        }
        let short = second & !MASKED;
        if opcode.is_control() && usize::from(short) > MAX_CONTROL_PAYLOAD {
            return Err(Violation::ControlTooLong);
        }
        let (len, rest, mut header_len) = match short {
            LEN_16 => {
                let Some((field, rest)) = rest.split_first_chunk() else { return Ok(None) };
                let len = u16::from_be_bytes(*field);
                if len < u16::from(LEN_16) {
                    return Err(Violation::LengthNotMinimal);
                }
                (u64::from(len), rest, 4)
            }
            LEN_64 => {
                let Some((field, rest)) = rest.split_first_chunk() else { return Ok(None) };
                let len = u64::from_be_bytes(*field);
                if len >> 63 != 0 {
                    return Err(Violation::LengthOverflow);
                }
                if len <= u64::from(u16::MAX) {
                    return Err(Violation::LengthNotMinimal);
                }
                (len, rest, 10)
            }
            len => (u64::from(len), rest, 2),
        };
        if !opcode.is_control() {
            self.check_limits(len, config)?;
        }
        let key = if masked {
            let Some(key) = rest.first_chunk() else { return Ok(None) };
            header_len += 4;
            Some(MaskKey::new(*key))
        } else {
            None
        };
        Ok(Some((Frame { opcode, fin, begun: false, key, len, remaining: len }, header_len)))
    }

    fn first_byte(&self, first: u8, fin: bool) -> Result<Opcode, Violation> {
        // RFC 6455 5.2: reserved bits must be 0 unless an extension gives them a meaning.
        if first & RESERVED != 0 {
            return Err(Violation::ReservedBits((first & RESERVED) >> 4));
        }
        let opcode = Opcode::from_bits(first).ok_or(Violation::OpcodeReserved(first & 0x0f))?;
        match opcode {
            Opcode::Close | Opcode::Ping | Opcode::Pong if !fin => Err(Violation::ControlFragmented),
            Opcode::Continuation if self.message.is_none() => Err(Violation::ContinuationUnexpected),
            Opcode::Text | Opcode::Binary if self.message.is_some() => Err(Violation::ContinuationMissing),
            _ => Ok(opcode),
        }
    }

    fn check_limits(&self, len: u64, config: &Config) -> Result<(), Violation> {
        let limits = &config.limits;
        if len > limits.max_frame_len {
            return Err(Violation::FrameTooLong { len, limit: limits.max_frame_len });
        }
        let (so_far, fragments) = self.message.map_or((0, 0), |message| (message.len, message.fragments));
        if so_far.saturating_add(len) > limits.max_message_len {
            return Err(Violation::MessageTooLong { limit: limits.max_message_len });
        }
        if fragments > 0 && !limits.fragments.allows(fragments + 1, so_far) {
            return Err(Violation::FragmentsTooMany);
        }
        Ok(())
    }

    /// Control frames are short: they are waited for.
    fn control(&mut self, frame: Frame, buf: &mut BytesMut) -> Step {
        // A control frame has at most 125 bytes, which `header` has checked.
        let len = frame.len as usize;
        if buf.len() < len {
            return Step::NeedMore;
        }
        self.frame = None;
        if let (Some(key), Some(payload)) = (frame.key, buf.get_mut(..len)) {
            key.apply(payload);
        }
        Step::Control(frame.opcode, take(buf, len))
    }

    #[inline]
    fn data(&mut self, frame: Frame, buf: &mut BytesMut) -> Step {
        if let Some(violation) = self.found {
            return Step::Violation(violation);
        }
        let available = usize::try_from(frame.remaining).unwrap_or(usize::MAX).min(buf.len());
        let kind = self.message.map_or(MessageKind::Binary, |message| message.kind);
        if let Some(fresh) = buf.get_mut(self.ready..available).filter(|fresh| !fresh.is_empty()) {
            let fresh_len = fresh.len();
            if let Err(error) = self.unmask_and_check(frame.key, kind, fresh) {
                return self.fail_text(frame, self.ready + error.valid_up_to, buf);
            }
            if let (Some(key), Some(frame)) = (frame.key, &mut self.frame) {
                frame.key = Some(key.after(fresh_len));
            }
            self.ready = available;
        }
        let whole = available as u64 == frame.remaining;
        if whole && frame.fin && !self.utf8.is_complete() {
            // RFC 6455 8.1: the message ends inside a character.
            return self.fail_text(frame, available, buf);
        }
        if whole || (self.delivery == Delivery::Chunks && available > 0) {
            Step::Chunk(self.chunk(frame, available, buf, whole))
        } else {
            Step::NeedMore
        }
    }

    /// Text is not UTF-8 after `valid` more bytes: deliver those if delivery is by chunks, then report it.
    #[cold]
    fn fail_text(&mut self, frame: Frame, valid: usize, buf: &mut BytesMut) -> Step {
        let delivered = self.message.map_or(0, |message| message.len);
        let violation = Violation::TextNotUtf8 { valid_up_to: delivered + valid as u64 };
        self.found = Some(violation);
        if self.delivery == Delivery::Chunks && valid > 0 {
            Step::Chunk(self.chunk(frame, valid, buf, false))
        } else {
            Step::Violation(violation)
        }
    }

    /// Takes the first `len` bytes of the frame's remaining payload, which may complete it.
    #[inline]
    fn chunk(&mut self, frame: Frame, len: usize, buf: &mut BytesMut, whole: bool) -> Chunk {
        self.ready = 0;
        let payload = take(buf, len);
        let ends_message = whole && frame.fin;
        let (kind, starts_message) = match &mut self.message {
            Some(message) => {
                message.len += len as u64;
                (message.kind, message.fragments == 1 && !frame.begun)
            }
            // `begin` has set the message before any payload is looked at.
            None => (MessageKind::Binary, false),
        };
        if whole {
            self.frame = None;
            if ends_message {
                self.message = None;
            }
        } else if let Some(current) = &mut self.frame {
            current.begun = true;
            current.remaining -= len as u64;
        }
        Chunk::new(kind, payload, frame.len)
            .starting(!frame.begun, starts_message)
            .ending(whole, ends_message)
    }
}

/// The kind of a message whose first frame has this opcode.
#[inline]
const fn kind_of(opcode: Opcode) -> MessageKind {
    if matches!(opcode, Opcode::Text) { MessageKind::Text } else { MessageKind::Binary }
}

/// Splits off the first `len` bytes, which are there.
#[inline]
fn take(buf: &mut BytesMut, len: usize) -> Bytes {
    if len == 0 { Bytes::new() } else { buf.split_to(len).freeze() }
}
