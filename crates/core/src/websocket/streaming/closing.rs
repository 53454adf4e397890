//! The closing handshake, and every other way to the end (RFC 6455 7).
//!
//! ```text
//!              close()               peer's Close
//!      Open ───────────▶ Closing ─────────────────▶ Draining ──── EOF, deadline ───▶ Ended
//!        │                  │ deadline, EOF             ▲                              ▲
//!        ├── peer's Close ──┼───────────────────────────┤ (a server: at once) ─────────┤
//!        ├── violation ─────┴──── (with a Close frame) ─┘                              │
//!        └── EOF, keepalive, abort, violation (without a Close frame) ─────────────────┘
//! ```

use alloc::boxed::Box;
use alloc::string::String;

use bytes::Bytes;

use super::Streaming;
use super::timers::Deadline;
use crate::Transport;
use crate::websocket::frame::MAX_CONTROL_PAYLOAD;
use crate::websocket::{
    Cause, CloseCode, CloseReply, Closed, OnViolation, Role, SendError, TimerKind, Violation, trace,
};

/// The most bytes a reason can have beside the code.
const MAX_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

/// How far the connection is on its way to the end.
#[derive(Debug, Default)]
pub(super) struct Closing {
    phase: Phase,
    /// The peer has half-closed the transport.
    pub(super) eof: bool,
    pub(super) deadline: Deadline,
    /// What is known of the end; allocated when it begins, since most connections are open most of the time.
    end: Option<Box<End>>,
}

#[derive(Debug, Default)]
struct End {
    /// Why the connection ends, once that is settled.
    cause: Option<Cause>,
    /// The code and reason of the peer's Close frame.
    peer: Option<(CloseCode, String)>,
    /// The terminal event, until it is taken.
    closed: Option<Closed>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// Our Close frame was sent; the peer's is awaited.
    Closing,
    /// No frame counts any more; the end of the transport is awaited.
    Draining,
    Ended,
}

impl Closing {
    #[inline]
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    #[inline]
    pub(super) const fn reads_frames(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Closing)
    }

    #[inline]
    pub(super) const fn is_draining(&self) -> bool {
        matches!(self.phase, Phase::Draining)
    }

    pub(super) const fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    fn has_peer_close(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.peer.is_some())
    }

    fn end(&mut self) -> &mut End {
        self.end.get_or_insert_default()
    }

    #[inline]
    pub(super) fn take_closed(&mut self) -> Option<Closed> {
        self.end.as_mut()?.closed.take()
    }

    #[inline]
    pub(super) fn transport(
        &self,
        role: Role,
        event_waits: bool,
        close_held: impl FnOnce() -> bool,
    ) -> Transport {
        match self.phase {
            Phase::Open | Phase::Closing if event_waits || self.eof => Transport::Paused,
            Phase::Open | Phase::Closing => Transport::Open,
            // RFC 6455 5.5.1: the frame that is being sent may be finished before our answer.
            Phase::Draining if close_held() => Transport::Open,
            // RFC 6455 7.1.1: the server closes the transport first, so a client whose closing handshake is complete
            // only waits. After a violation each end shuts its side down.
            Phase::Draining if role == Role::Client && self.has_peer_close() => Transport::Open,
            Phase::Draining => Transport::Finish,
            Phase::Ended => Transport::Close,
        }
    }
}

impl Streaming {
    /// The peer's Close frame (RFC 6455 5.5.1).
    pub(super) fn handle_close(&mut self, payload: &Bytes) {
        let (code, reason) = match parse_close_payload(payload) {
            Ok(parsed) => parsed,
            Err(violation) => return self.fail(violation),
        };
        self.closing.end().peer = Some((code, String::from(reason)));
        if self.closing.is_open() {
            self.closing.end().cause = Some(Cause::ClosedByPeer);
            let reply = match self.config.close.reply {
                CloseReply::Echo => payload.clone(),
                CloseReply::Normal => close_payload(CloseCode::NORMAL, ""),
            };
            self.sender.close(reply);
        }
        let config = &self.config.close;
        if self.sender.holds_close() {
            return self.drain(config.handshake_timeout);
        }
        self.drain(config.drop_timeout);
        if self.role == Role::Server && self.received.is_empty() {
            // RFC 6455 7.1.1: the server closes the transport at once. It only waits for the client's end if that
            // sends on: dropping a transport with unread bytes resets it, and our Close frame might never be read.
            self.end_after_close();
        }
    }

    /// Fails the connection because of what the peer sent (RFC 6455 7.1.7).
    #[cold]
    pub(super) fn fail(&mut self, violation: Violation) {
        let may_tell = self.closing.is_open() && !self.sender.is_inside_frame();
        self.closing.end().cause = Some(Cause::Violation(violation));
        if self.config.close.on_violation == OnViolation::Drop {
            return self.end(Cause::Violation(violation));
        }
        if may_tell {
            self.sender.close(close_payload(violation.close_code(), ""));
        }
        self.drain(self.config.close.handshake_timeout);
    }

    /// Sends the first Close frame.
    pub(super) fn start_close(&mut self, payload: Bytes, cause: Cause) {
        self.closing.end().cause = Some(cause);
        self.closing.phase = Phase::Closing;
        self.closing.deadline = Deadline::start(self.config.close.handshake_timeout);
        self.sender.close(payload);
    }

    pub(super) fn close_idle(&mut self) {
        self.start_close(close_payload(CloseCode::GOING_AWAY, "idle"), Cause::TimedOut(TimerKind::Idle));
    }

    /// Waits for the end of the transport; nothing that still arrives counts.
    fn drain(&mut self, timeout: Option<core::time::Duration>) {
        self.closing.phase = Phase::Draining;
        self.closing.deadline = Deadline::start(timeout);
    }

    /// Both Close frames were exchanged, or the transport has ended while draining: the end, as it should be.
    pub(super) fn end_after_close(&mut self) {
        let cause = self.closing.end().cause.take().unwrap_or(Cause::TransportLost);
        self.end(cause);
    }

    /// The deadline of the current phase has passed.
    pub(super) fn end_on_deadline(&mut self) {
        let cause = match (self.closing.phase, self.closing.end().cause.take()) {
            (Phase::Draining, Some(cause @ Cause::Violation(_))) => cause,
            (Phase::Draining, _) if self.role == Role::Client => Cause::TimedOut(TimerKind::ServerDrop),
            (Phase::Draining, Some(cause)) => cause,
            (_, Some(cause @ Cause::TimedOut(_))) => cause,
            _ => Cause::TimedOut(TimerKind::CloseHandshake),
        };
        self.end(cause);
    }

    /// The end: the driver drops the connection.
    pub(super) fn end(&mut self, cause: Cause) {
        if self.closing.has_ended() {
            return;
        }
        let broken = matches!(cause, Cause::Violation(_) | Cause::Aborted);
        // Only what was agreed with the peer is still worth writing.
        if !self.closing.is_draining() {
            self.sender.discard();
        }
        self.closing.phase = Phase::Ended;
        self.closing.deadline = Deadline::Off;
        if self.located.is_some() {
            // What has arrived before the end is still delivered.
            self.event = self.own_located();
        }
        self.received.clear();
        let (code, reason) = match self.closing.end().peer.take() {
            Some(peer) => peer,
            None => (CloseCode::ABNORMAL, String::new()),
        };
        let clean = code != CloseCode::ABNORMAL && !broken;
        let closed = Closed { clean, code, reason, cause };
        trace::closed(&closed);
        self.closing.end().closed = Some(closed);
    }
}

/// The payload of a Close frame that the application asked for.
pub(super) fn checked_close_payload(code: CloseCode, reason: &str) -> Result<Bytes, SendError> {
    if reason.len() > MAX_REASON {
        return Err(SendError::CloseReasonTooLong);
    }
    let empty = code == CloseCode::NO_STATUS && reason.is_empty();
    if !empty && !code.is_valid_on_wire() {
        return Err(SendError::CloseCodeForbidden(code));
    }
    Ok(close_payload(code, reason))
}

fn close_payload(code: CloseCode, reason: &str) -> Bytes {
    if code == CloseCode::NO_STATUS {
        return Bytes::new();
    }
    [&code.get().to_be_bytes(), reason.as_bytes()].concat().into()
}

fn parse_close_payload(payload: &[u8]) -> Result<(CloseCode, &str), Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() {
            Ok((CloseCode::NO_STATUS, ""))
        } else {
            Err(Violation::CloseTruncated)
        };
    };
    let code = CloseCode::new(u16::from_be_bytes(*code));
    if !code.is_valid_on_wire() {
        return Err(Violation::CloseCodeInvalid(code));
    }
    let reason = core::str::from_utf8(reason).map_err(|_| Violation::CloseReasonNotUtf8)?;
    Ok((code, reason))
}
