//! The boundary between protocols and the outside world.

use bytes::BytesMut;

use crate::{Instant, Outbox};

/// A protocol as a state machine: bytes and time in, events and bytes out. No I/O, no clock, no entropy of its own.
///
/// A driver moves bytes between an I/O object and an engine and knows nothing of the protocol:
///
/// ```text
///             recv_buf(), handle_recv(now)                poll_event()
///   transport ───────────────────────────▶ ┌──────────┐ ─────────────▶ application
///             handle_eof(now)              │  engine  │
///   clock     ───────────────────────────▶ │          │ ◀───────────── the engine's own
///             handle_timeout(now)          └──────────┘                operations
///   transport ◀───────────────────────────  outbox(), transport(), poll_timeout()
/// ```
///
/// # Contract
///
/// 1. Inputs come in any order and number; no output has to be drained first.
/// 2. Nothing the peer sends makes an operation fail or panic. Local misuse is an `Err` and changes nothing.
/// 3. There is exactly one terminal event; after it [`transport`](Self::transport) is [`Transport::Close`] and no
///    timer is armed.
/// 4. After `handle_timeout(t)`, [`poll_timeout`](Self::poll_timeout) is `None` or later than `t`.
/// 5. Any split of the same input gives the same output bytes and the same events (adjacent partial data joined).
/// 6. Memory is bounded: events, outbox and partial messages all have limits with safe defaults.
/// 7. The same seed, inputs and times give byte-identical output.
/// 8. Polling an event may turn [`Transport::Paused`] into [`Transport::Open`]; drivers look again afterwards.
/// 9. Control frames go between frames, never inside one that the application is still streaming.
///
/// `wirebahn-testkit` has each line as a property test that runs against every engine.
///
/// # A driver's loop
///
/// 1. Take events with [`poll_event`](Self::poll_event) until it returns `None`. This also parses what was received
///    before and not yet turned into events.
/// 2. Write what [`outbox`](Self::outbox) holds.
/// 3. Obey [`transport`](Self::transport): read into [`recv_buf`](Self::recv_buf) and call
///    [`handle_recv`](Self::handle_recv), or [`handle_eof`](Self::handle_eof) when the transport has ended.
/// 4. When [`poll_timeout`](Self::poll_timeout) has passed, call [`handle_timeout`](Self::handle_timeout), after
///    having read what is there: bytes that have arrived count before deadlines that have passed.
pub trait Engine {
    /// What the engine tells the application.
    type Event;

    /// The buffer that received bytes are appended to; [`handle_recv`](Self::handle_recv) then takes them in.
    ///
    /// Bytes in it belong to the engine once `handle_recv` was called. While it is empty a driver may swap it for
    /// another empty one, so that large buffers are lent for reading and idle connections hold none.
    fn recv_buf(&mut self) -> &mut BytesMut;

    /// How many more bytes complete the unit that is being received; 0 if unknown or if none is.
    ///
    /// A hint for how much room to offer the next read. It is what the peer announced, checked against the limits
    /// only: grow towards it as bytes come, never allocate it blindly.
    fn recv_hint(&self) -> usize {
        0
    }

    /// Bytes were appended to [`recv_buf`](Self::recv_buf), or there is room for events again.
    ///
    /// Poll again afterwards: events, outbox, transport and timeout. Calling it with nothing new is harmless.
    fn handle_recv(&mut self, now: Instant);

    /// The peer has half-closed the transport, or the transport broke. What was received before still counts.
    ///
    /// Poll again afterwards: events, outbox, transport and timeout. Further calls are no-ops.
    fn handle_eof(&mut self, now: Instant);

    /// The deadline of [`poll_timeout`](Self::poll_timeout) has passed. Early and spurious calls are no-ops.
    ///
    /// Poll again afterwards: events, outbox, transport and timeout.
    fn handle_timeout(&mut self, now: Instant);

    /// The next event, in the order of arrival. The last one is terminal.
    ///
    /// Poll again after any input. May itself take in more of the received bytes, so look at the outbox, the
    /// transport and the timeout again, too.
    #[must_use]
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// When [`handle_timeout`](Self::handle_timeout) is wanted next; `None` if no timer is armed.
    ///
    /// Poll again after every other call. [`Instant::ZERO`] means that the engine needs to know the time, because a timer
    /// starts at the moment some bytes were taken in or written; any call that tells it will do.
    #[must_use]
    fn poll_timeout(&self) -> Option<Instant>;

    /// The bytes to be sent.
    fn outbox(&mut self) -> &mut Outbox;

    /// What the driver has to do with the transport now: the one thing it must obey.
    #[must_use]
    fn transport(&self) -> Transport;
}

/// What a driver does with the transport; see [`Engine::transport`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a driver must handle each one; a fifth would be a new contract")]
pub enum Transport {
    /// Read and write.
    Open,
    /// Write only: the application has not taken the last event yet.
    Paused,
    /// Write what the outbox holds, shut our side down, and go on reading until the end.
    Finish,
    /// Write what the outbox holds, then drop the connection.
    Close,
}
