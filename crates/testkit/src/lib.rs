//! What Wirebahn's tests share: virtual time, seeded entropy, pipes with faults, pairs of engines, and the engine
//! contract as properties.
//!
//! It knows the boundary ([`Engine`](wirebahn_core::Engine), [`Outbox`](wirebahn_core::Outbox),
//! [`Transport`](wirebahn_core::Transport)) and no protocol, so every engine, now and later, is tested with it.
//!
//! * [`Pair`] joins two engines by two [`Pipe`]s on virtual time and obeys them as a driver must.
//! * [`contract`] runs an engine through each line of the contract and shrinks what fails.
//! * [`SeededEntropy`] and [`at`] stand in for the operating system's entropy and clock.
//!
//! ```
//! use bytes::BytesMut;
//! use wirebahn_core::{Engine, Instant, Outbox, Transport};
//! use wirebahn_testkit::contract::{self, Subject};
//! use wirebahn_testkit::{Pair, at};
//!
//! /// Discards what it gets until the peer is done.
//! struct Sink {
//!     received: BytesMut,
//!     outbox: Outbox,
//!     ended: bool,
//!     reported: bool,
//! }
//!
//! impl Sink {
//!     fn new() -> Self {
//!         Self { received: BytesMut::new(), outbox: Outbox::new(1024), ended: false, reported: false }
//!     }
//! }
//!
//! #[derive(Debug, PartialEq)]
//! struct Done;
//!
//! impl Engine for Sink {
//!     type Event = Done;
//!
//!     fn recv_buf(&mut self) -> &mut BytesMut {
//!         &mut self.received
//!     }
//!     fn handle_recv(&mut self, _now: Instant) {
//!         self.received.clear();
//!     }
//!     fn handle_eof(&mut self, _now: Instant) {
//!         self.ended = true;
//!     }
//!     fn handle_timeout(&mut self, _now: Instant) {}
//!     fn poll_event(&mut self) -> Option<Done> {
//!         (self.ended && !std::mem::replace(&mut self.reported, true)).then_some(Done)
//!     }
//!     fn poll_timeout(&self) -> Option<Instant> {
//!         None
//!     }
//!     fn outbox(&mut self) -> &mut Outbox {
//!         &mut self.outbox
//!     }
//!     fn transport(&self) -> Transport {
//!         if self.ended { Transport::Close } else { Transport::Open }
//!     }
//! }
//!
//! // One engine against the contract:
//! contract::check_all(&Subject::new(Sink::new, b"anything", |Done| true));
//!
//! // Two engines against each other:
//! let mut pair = Pair::new(Sink::new(), Sink::new(), at(0));
//! pair.b.engine.handle_eof(at(0));
//! pair.run_until_idle();
//! assert_eq!(pair.a.events, [Done]);
//! ```
#![forbid(unsafe_code)]

pub mod contract;
mod entropy;
mod pair;
mod pipe;
mod time;

pub use entropy::SeededEntropy;
pub use pair::{Pair, Side, Step};
pub use pipe::{Arrival, Chunking, Fault, Pipe, PipeOptions};
pub use time::at;
