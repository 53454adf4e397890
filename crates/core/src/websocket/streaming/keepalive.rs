//! Pings that find out whether the peer is alive.

use core::time::Duration;

use bytes::Bytes;

use super::timers::later;
use crate::websocket::Keepalive as Options;
use crate::websocket::frame::MAX_CONTROL_PAYLOAD;
use crate::{Entropy, Instant, Outbox};

/// A sequence number (4 bytes) and a nonce (8 bytes): the least a ping carries.
const MIN_PAYLOAD: usize = 12;

#[derive(Debug)]
pub(crate) struct Keepalive {
    options: Options,
    sequence: u32,
    last_ping: Instant,
    ping: Option<Ping>,
}

/// The last ping we sent, until its answer arrives or the next one is sent.
#[derive(Debug)]
struct Ping {
    payload: Bytes,
    /// The outbox' total once the ping's last byte is written; never before it stands there.
    end: u64,
    /// The outbox' total when we last looked, to see whether the peer takes anything at all.
    written: u64,
    flushed: Option<Instant>,
    /// When to give the peer up; `None` once it has shown signs of life.
    deadline: Option<Instant>,
}

/// What the passing of time asks for.
pub(crate) enum Due {
    Nothing,
    SendPing,
    GiveUp,
}

impl Keepalive {
    pub(crate) fn new(mut options: Options) -> Self {
        options.payload_len = options.payload_len.clamp(MIN_PAYLOAD, MAX_CONTROL_PAYLOAD);
        Self { options, sequence: 0, last_ping: Instant::ZERO, ping: None }
    }

    /// When the engine has to act, given when the peer was last heard.
    #[inline]
    pub(crate) fn poll_timeout(&self, last_received: Instant, outbox: &Outbox) -> Instant {
        match &self.ping {
            // The ping has just been flushed: its deadline starts now, so we need to know the time.
            Some(ping) if ping.flushed.is_none() && outbox.written_total() >= ping.end => Instant::ZERO,
            Some(Ping { deadline: Some(deadline), .. }) => *deadline,
            _ => self.next_ping(last_received),
        }
    }

    /// An interval after the last sign of life, or after the last ping if that came later.
    #[inline]
    fn next_ping(&self, last_received: Instant) -> Instant {
        later(last_received.max(self.last_ping), self.options.interval)
    }

    /// Starts the deadline of a ping that has been flushed.
    #[inline]
    pub(crate) fn note_time(&mut self, now: Instant, outbox: &Outbox) {
        if let Some(ping) = &mut self.ping
            && ping.flushed.is_none()
            && outbox.written_total() >= ping.end
        {
            ping.flushed = Some(now);
            if ping.deadline.is_some() {
                ping.deadline = self.options.timeout.map(|timeout| later(now, timeout));
            }
        }
    }

    /// Bytes have arrived: the peer is alive.
    #[inline]
    pub(crate) fn note_life(&mut self) {
        if let Some(ping) = &mut self.ping {
            ping.deadline = None;
        }
    }

    pub(crate) fn due(&mut self, now: Instant, last_received: Instant, paused: bool, outbox: &Outbox) -> Due {
        let next_ping = self.next_ping(last_received);
        match &mut self.ping {
            Some(ping) if ping.deadline.is_some_and(|deadline| deadline <= now) => {
                // Until the ping is written a peer that takes bytes off the wire, however slowly, is alive; one that
                // takes none is not, whatever it sends. After that, its answer may lie unread behind what the
                // application has not taken.
                let alive = if ping.flushed.is_none() {
                    outbox.is_empty() || outbox.written_total() > ping.written
                } else {
                    paused
                };
                if alive {
                    ping.written = outbox.written_total();
                    ping.deadline = self.options.timeout.map(|timeout| later(now, timeout));
                    Due::Nothing
                } else {
                    Due::GiveUp
                }
            }
            Some(Ping { deadline: Some(_), .. }) => Due::Nothing,
            _ if next_ping <= now => Due::SendPing,
            _ => Due::Nothing,
        }
    }

    /// The payload of the next ping.
    pub(crate) fn next_payload(&mut self, entropy: &mut dyn Entropy) -> Bytes {
        self.sequence = self.sequence.wrapping_add(1);
        let mut payload = [0; MAX_CONTROL_PAYLOAD];
        let (sequence, nonce) = payload.split_at_mut(4);
        sequence.copy_from_slice(&self.sequence.to_be_bytes());
        let nonce_len = self.options.payload_len - 4;
        if let Some(nonce) = nonce.get_mut(..nonce_len) {
            entropy.fill(nonce);
        }
        Bytes::copy_from_slice(payload.get(..self.options.payload_len).unwrap_or(&payload))
    }

    /// A ping is to be sent now; [`queued`](Self::queued) follows once it stands in the outbox.
    pub(crate) fn sent(&mut self, payload: Bytes, now: Instant, outbox: &Outbox) {
        let deadline = self.options.timeout.map(|timeout| later(now, timeout));
        self.last_ping = now;
        self.ping =
            Some(Ping { payload, end: u64::MAX, written: outbox.written_total(), flushed: None, deadline });
    }

    /// The ping stands at the end of the outbox.
    pub(crate) fn queued(&mut self, outbox: &Outbox) {
        if let Some(ping) = &mut self.ping {
            ping.end = outbox.queued_total();
        }
    }

    /// The round-trip time, if `payload` answers our ping.
    pub(crate) fn match_pong(&mut self, payload: &Bytes, now: Instant) -> Option<Duration> {
        let ping = self.ping.take_if(|ping| ping.payload == *payload)?;
        ping.flushed.map(|flushed| now.saturating_duration_since(flushed))
    }
}
