//! What is said on a transport before the protocol proper, as one engine.

use core::fmt;

use bytes::BytesMut;

use crate::{Engine, Instant, Outbox, Transport};

/// Once a prologue is over, reading goes on, to notice the end of the transport, until so much has come behind it: as
/// much as the head of a request may have.
const MAX_LEFTOVER: usize = 16 * 1024;

/// The other end is sent a few hundred bytes at most, so there is always room.
const OUTBOX_HIGH_WATER: usize = 64 * 1024;

/// An exchange of a few bytes that has to succeed before anything else: what [`Prologue`] makes an engine of.
pub trait Dialogue {
    /// What was agreed on.
    type Output;
    /// Why nothing was.
    type Error;

    /// Says what has to be said first.
    fn begin(&mut self, outbox: &mut Outbox);

    /// Takes bytes off the front of `received` and answers them; the output once all is said, when `received` holds
    /// what came behind it. Called again with more bytes behind those that were left.
    ///
    /// # Errors
    ///
    /// The other end refused, or did not follow the protocol.
    fn advance(
        &mut self,
        received: &mut BytesMut,
        outbox: &mut Outbox,
    ) -> Result<Option<Self::Output>, Self::Error>;

    /// The error for an exchange that took too long.
    fn timed_out(&self) -> Self::Error;

    /// The error for a transport that ended too soon.
    fn lost(&self) -> Self::Error;
}

/// A [`Dialogue`] as an engine.
///
/// ```text
///   begin ──advance──▶ Done, into_leftover()
///     └ refusal, violation, timer, end of the transport ──▶ Failed
/// ```
pub struct Prologue<D: Dialogue> {
    dialogue: D,
    received: BytesMut,
    outbox: Outbox,
    event: Option<PrologueEvent<D::Output, D::Error>>,
    state: State,
    deadline: Option<Instant>,
    eof: bool,
}

/// What happens during a [`Prologue`]: one of these, once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "an exchange either succeeds or fails")]
pub enum PrologueEvent<T, E> {
    /// All is said: continue with [`Prologue::into_leftover`].
    Done(T),
    /// The last event: the transport is of no use.
    Failed(E),
}

/// What a prologue leaves for the protocol behind it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Leftover {
    /// Bytes received behind the prologue.
    pub received: BytesMut,
    /// Bytes of the prologue not sent yet: they go first.
    pub outbox: Outbox,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Talking,
    Done,
    Failed,
}

impl<D: Dialogue> Prologue<D> {
    /// Begins the exchange, which must be over by `deadline`; `None` waits for ever.
    pub fn new(mut dialogue: D, deadline: Option<Instant>) -> Self {
        let mut outbox = Outbox::new(OUTBOX_HIGH_WATER);
        dialogue.begin(&mut outbox);
        Self {
            dialogue,
            received: BytesMut::new(),
            outbox,
            event: None,
            state: State::Talking,
            deadline,
            eof: false,
        }
    }

    /// Moves on to the protocol behind it. If the transport has ended in the meantime, tell the next engine again.
    ///
    /// # Errors
    ///
    /// The engine itself, if the prologue is not over or has failed.
    #[expect(
        clippy::result_large_err,
        reason = "the engine is given back unchanged, which costs only a move"
    )]
    pub fn into_leftover(self) -> Result<Leftover, Self> {
        match self.state {
            State::Done => Ok(Leftover { received: self.received, outbox: self.outbox }),
            State::Talking | State::Failed => Err(self),
        }
    }

    /// What is being said.
    pub const fn dialogue(&self) -> &D {
        &self.dialogue
    }

    fn fail(&mut self, error: D::Error) {
        self.state = State::Failed;
        self.deadline = None;
        self.received = BytesMut::new();
        self.event = Some(PrologueEvent::Failed(error));
    }
}

impl<D: Dialogue> Engine for Prologue<D> {
    type Event = PrologueEvent<D::Output, D::Error>;

    fn recv_buf(&mut self) -> &mut BytesMut {
        &mut self.received
    }

    fn handle_recv(&mut self, _: Instant) {
        match self.state {
            State::Talking => match self.dialogue.advance(&mut self.received, &mut self.outbox) {
                Ok(None) => {}
                Ok(Some(output)) => {
                    self.state = State::Done;
                    self.deadline = None;
                    self.event = Some(PrologueEvent::Done(output));
                }
                Err(error) => self.fail(error),
            },
            State::Done => {}
            State::Failed => self.received.clear(),
        }
    }

    fn handle_eof(&mut self, now: Instant) {
        self.handle_recv(now);
        self.eof = true;
        if self.state == State::Talking {
            let error = self.dialogue.lost();
            self.fail(error);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.state == State::Talking && self.deadline.is_some_and(|deadline| now >= deadline) {
            // What has not gone out by now is of no use any more.
            self.outbox.clear();
            let error = self.dialogue.timed_out();
            self.fail(error);
        }
    }

    fn poll_event(&mut self) -> Option<Self::Event> {
        self.event.take()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn transport(&self) -> Transport {
        match self.state {
            State::Done if self.eof || self.received.len() >= MAX_LEFTOVER => Transport::Paused,
            State::Talking | State::Done => Transport::Open,
            State::Failed => Transport::Close,
        }
    }
}

impl<D: Dialogue + fmt::Debug> fmt::Debug for Prologue<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prologue")
            .field("state", &self.state)
            .field("dialogue", &self.dialogue)
            .finish_non_exhaustive()
    }
}
