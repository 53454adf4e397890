//! An engine small enough to be seen through: it takes lines and answers each with its length.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use wirebahn_core::{Engine, Instant, Outbox, Transport};

pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
pub(crate) const QUIT_TIMEOUT: Duration = Duration::from_secs(1);
const MAX_LINE: usize = 64;
const HIGH_WATER: usize = 256;
const MAX_HELD_REPLIES: usize = 64;

/// Makes one engine differ from the next, for a defect.
static MADE: AtomicU64 = AtomicU64::new(0);

#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    /// Part of a line.
    Data(Bytes),
    /// The line is complete.
    Line,
    /// The end.
    Ended(Why),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Why {
    Eof,
    Quit,
    Timeout,
    LineTooLong,
}

/// Which line of the contract to break, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Defect {
    None,
    LosesUndrainedEvents,
    CountsEveryEof,
    PanicsOnFf,
    OperatesAfterTheEnd,
    MisuseWrites,
    EndsTwice,
    NeverEnds,
    LeavesTimerArmed,
    StaysOpenAfterTheEnd,
    LeavesTimerInThePast,
    BelievesEarlyTimers,
    AnswersEachRead,
    OutboxGrows,
    EventsGrow,
    HoardsInput,
    DiffersEachTime,
    StaysPaused,
    InterruptsStreams,
}

#[derive(Debug)]
pub(crate) enum Misuse {
    Ending,
    Streaming,
    NotStreaming,
    OutboxFull,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    NotYet,
    Due(Why),
    Reported,
}

pub(crate) struct Echo {
    defect: Defect,
    replies: bool,
    received: BytesMut,
    /// How much of `received` was there before: more is news from the peer.
    known: usize,
    outbox: Outbox,
    /// One event, unless defective.
    events: VecDeque<Event>,
    line: Vec<u8>,
    streaming: bool,
    held_replies: Vec<u8>,
    eof: bool,
    last_news: Instant,
    quit_deadline: Option<Instant>,
    end: End,
    serial: u64,
    stuck: bool,
}

impl Echo {
    pub(crate) fn new(now: Instant, defect: Defect) -> Self {
        Self {
            defect,
            replies: true,
            received: BytesMut::new(),
            known: 0,
            outbox: Outbox::new(HIGH_WATER),
            events: VecDeque::new(),
            line: Vec::new(),
            streaming: false,
            held_replies: Vec::new(),
            eof: false,
            last_news: now,
            quit_deadline: None,
            end: End::NotYet,
            serial: MADE.fetch_add(1, Ordering::Relaxed),
            stuck: false,
        }
    }

    /// One that answers nothing.
    pub(crate) fn silent(now: Instant) -> Self {
        Self { replies: false, ..Self::new(now, Defect::None) }
    }

    pub(crate) fn say(&mut self, text: &[u8]) -> Result<(), Misuse> {
        self.may_send()?;
        self.outbox.put_slice(text);
        self.outbox.put_slice(b"\n");
        Ok(())
    }

    /// Begins something that nothing may be sent in the middle of.
    pub(crate) fn begin_stream(&mut self) -> Result<(), Misuse> {
        if self.defect == Defect::MisuseWrites && self.streaming && self.end == End::NotYet {
            self.outbox.put_slice(b"<");
        }
        self.may_send()?;
        self.outbox.put_slice(b"<");
        self.streaming = true;
        Ok(())
    }

    pub(crate) fn end_stream(&mut self) -> Result<(), Misuse> {
        if self.end != End::NotYet || self.quit_deadline.is_some() {
            return Err(Misuse::Ending);
        }
        if !self.streaming {
            return Err(Misuse::NotStreaming);
        }
        self.streaming = false;
        self.outbox.put_slice(b">");
        self.outbox.put_slice(&std::mem::take(&mut self.held_replies));
        Ok(())
    }

    pub(crate) fn quit(&mut self, now: Instant) -> Result<(), Misuse> {
        self.may_send()?;
        self.outbox.put_slice(b"BYE\n");
        self.quit_deadline = Some(now + QUIT_TIMEOUT);
        Ok(())
    }

    fn may_send(&self) -> Result<(), Misuse> {
        if self.defect == Defect::OperatesAfterTheEnd && self.end == End::Reported {
            return Ok(());
        }
        if self.end != End::NotYet || self.quit_deadline.is_some() {
            Err(Misuse::Ending)
        } else if self.streaming {
            Err(Misuse::Streaming)
        } else if !self.outbox.is_ready() {
            Err(Misuse::OutboxFull)
        } else {
            Ok(())
        }
    }

    fn has_room(&self) -> bool {
        let events = match self.defect {
            Defect::EventsGrow | Defect::LosesUndrainedEvents => true,
            _ => self.events.is_empty(),
        };
        events && (self.outbox.is_ready() || self.defect == Defect::OutboxGrows)
    }

    fn parse(&mut self) {
        while self.end == End::NotYet && !self.received.is_empty() && self.has_room() {
            let length = self.received.iter().position(|byte| *byte == b'\n');
            match length.unwrap_or(self.received.len()).min(MAX_LINE - self.line.len()) {
                0 if length == Some(0) => self.end_line(),
                0 => self.finish(Why::LineTooLong),
                length => {
                    let data = self.received.split_to(length).freeze();
                    assert!(
                        self.defect != Defect::PanicsOnFf || !data.contains(&0xff),
                        "no idea what to do with ff"
                    );
                    self.line.extend_from_slice(&data);
                    self.emit(Event::Data(data));
                }
            }
        }
        if self.eof && self.received.is_empty() && self.events.is_empty() && self.end == End::NotYet {
            self.finish(Why::Eof);
        }
        self.known = self.received.len();
        self.stuck |= !self.events.is_empty() && self.defect == Defect::StaysPaused;
    }

    fn emit(&mut self, event: Event) {
        if self.defect == Defect::LosesUndrainedEvents {
            self.events.clear();
        }
        self.events.push_back(event);
    }

    fn end_line(&mut self) {
        self.received.advance(1);
        let line = std::mem::take(&mut self.line);
        self.emit(Event::Line);
        if line == b"quit" {
            self.reply(b"BYE\n");
            self.finish(Why::Quit);
        } else if self.replies && self.quit_deadline.is_none() {
            self.reply(format!("{}\n", line.len()).as_bytes());
        }
        if self.defect == Defect::DiffersEachTime {
            self.reply(format!("{}\n", self.serial).as_bytes());
        }
    }

    fn reply(&mut self, reply: &[u8]) {
        if !self.streaming || self.defect == Defect::InterruptsStreams {
            self.outbox.put_slice(reply);
        } else if self.held_replies.len() < MAX_HELD_REPLIES {
            self.held_replies.extend_from_slice(reply);
        }
    }

    fn finish(&mut self, why: Why) {
        self.received.clear();
        if self.defect != Defect::NeverEnds {
            self.end = End::Due(why);
        }
    }
}

impl Engine for Echo {
    type Event = Event;

    fn recv_buf(&mut self) -> &mut BytesMut {
        &mut self.received
    }

    fn handle_recv(&mut self, now: Instant) {
        if self.end != End::NotYet {
            return self.received.clear();
        }
        if self.received.len() > self.known {
            self.last_news = now;
            if self.defect == Defect::AnswersEachRead {
                self.outbox.put_slice(b"+\n");
            }
        }
        self.parse();
    }

    fn handle_eof(&mut self, _now: Instant) {
        if self.defect == Defect::CountsEveryEof && self.end == End::NotYet {
            self.outbox.put_slice(b"EOF\n");
        }
        if !std::mem::replace(&mut self.eof, true) {
            self.parse();
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        let due = self.poll_timeout().is_some_and(|deadline| deadline <= now);
        let believed = self.defect == Defect::BelievesEarlyTimers;
        if (due && self.defect != Defect::LeavesTimerInThePast || believed) && self.end == End::NotYet {
            self.finish(Why::Timeout);
        }
    }

    fn poll_event(&mut self) -> Option<Event> {
        if self.events.is_empty() {
            self.parse();
        }
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        let End::Due(why) = self.end else {
            return None;
        };
        let again = self.defect == Defect::EndsTwice && why != Why::Eof;
        self.end = if again { End::Due(Why::Eof) } else { End::Reported };
        Some(Event::Ended(why))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        if self.end != End::NotYet && self.defect != Defect::LeavesTimerArmed {
            return None;
        }
        let idle = self.last_news + IDLE_TIMEOUT;
        Some(self.quit_deadline.map_or(idle, |quit| quit.min(idle)))
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn transport(&self) -> Transport {
        if self.end != End::NotYet {
            return if self.defect == Defect::StaysOpenAfterTheEnd {
                Transport::Open
            } else {
                Transport::Close
            };
        }
        if self.stuck || (!self.has_room() && self.defect != Defect::HoardsInput) {
            Transport::Paused
        } else if self.quit_deadline.is_some() {
            Transport::Finish
        } else {
            Transport::Open
        }
    }
}
