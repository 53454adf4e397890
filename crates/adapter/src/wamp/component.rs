//! When a session that was lost is joined again, and over which transport.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use wirebahn_core::wamp::session::{Initiator, Left, LeftCause};
use wirebahn_core::{Backoff, BackoffOptions, Entropy};

use super::{Error, JoinError};

/// What a `Component` goes through, for logs.
#[derive(Debug)]
#[non_exhaustive]
pub enum ComponentEvent<'a, S> {
    /// A session has begun, and everything is registered and subscribed to.
    Ready(&'a S),
    /// A session has ended.
    Left(&'a Left),
    /// No session could be had.
    JoinFailed(&'a JoinError),
    /// Something could not be registered or subscribed to; the session is given up.
    SetupFailed(&'a Error),
    /// The next attempt is made after this time.
    Waiting(Duration),
}

/// Why a `Component` has ended without having been asked to.
#[derive(Debug)]
#[non_exhaustive]
pub enum ComponentError {
    /// There is no transport to join over.
    NoTransport,
    /// No transport has any hope left; here is what happened last.
    Join(JoinError),
    /// The same, while registering and subscribing.
    Setup(Error),
    /// The last session was lost, and no further attempt is allowed.
    Lost(Arc<Left>),
}

/// The attempts to have a session over several transports, which are tried in turn, each with delays of its own.
pub struct Attempts {
    transports: Vec<Transport>,
    next: usize,
    last_error: ComponentError,
    entropy: Box<dyn Entropy>,
}

struct Transport {
    backoff: Backoff,
    /// Before the next attempt; `None` if there is none.
    delay: Option<Duration>,
}

/// How an attempt ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The component is done.
    Done,
    /// A session had begun, and was lost.
    Lost(Arc<Left>),
    /// A session had begun, and was given up.
    SetupFailed(Error),
    /// No session could be had.
    JoinFailed(JoinError),
}

impl Outcome {
    /// That a session ended like this; it is done if the application itself has ended it.
    #[must_use]
    pub fn of(left: Arc<Left>) -> Self {
        match left.cause {
            LeftCause::Goodbye { by: Initiator::Us, .. } | LeftCause::Aborted { by: Initiator::Us, .. } => {
                Self::Done
            }
            _ => Self::Lost(left),
        }
    }
}

impl Attempts {
    /// Attempts over so many transports, the first of which comes first.
    #[must_use]
    pub fn new(transports: usize, backoff: BackoffOptions, entropy: Box<dyn Entropy>) -> Self {
        let transport = || Transport { backoff: Backoff::new(backoff), delay: Some(Duration::ZERO) };
        Self {
            transports: std::iter::repeat_with(transport).take(transports).collect(),
            next: 0,
            last_error: ComponentError::NoTransport,
            entropy,
        }
    }

    /// The next transport that has hope, in turn, and how long to wait before it is used.
    ///
    /// # Errors
    ///
    /// None has: what happened last.
    pub fn next_attempt(&mut self) -> Result<(usize, Duration), ComponentError> {
        let count = self.transports.len();
        for at in (0..count).map(|step| (self.next + step) % count) {
            if let Some(delay) = self.transports.get(at).and_then(|transport| transport.delay) {
                self.next = at + 1;
                return Ok((at, delay));
            }
        }
        Err(std::mem::replace(&mut self.last_error, ComponentError::NoTransport))
    }

    /// The attempt over the transport `at` has ended; `Break` if there is to be no other.
    pub fn note(&mut self, at: usize, outcome: Outcome) -> ControlFlow<()> {
        let mut is_fatal = false;
        self.last_error = match outcome {
            Outcome::Done => return ControlFlow::Break(()),
            Outcome::Lost(left) => {
                // A router that was there and is gone may come back soon, over any transport.
                for transport in self.transports.iter_mut().filter(|transport| transport.delay.is_some()) {
                    transport.backoff.reset();
                    transport.delay = Some(Duration::ZERO);
                }
                ComponentError::Lost(left)
            }
            Outcome::SetupFailed(error) => ComponentError::Setup(error),
            Outcome::JoinFailed(error) => {
                is_fatal = error.is_fatal();
                ComponentError::Join(error)
            }
        };
        if let Some(transport) = self.transports.get_mut(at) {
            // After a loss, too: not all clients of a router should come back to it at the same moment.
            transport.delay = if is_fatal { None } else { transport.backoff.next_delay(&mut *self.entropy) };
        }
        ControlFlow::Continue(())
    }
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delays: Vec<_> = self.transports.iter().map(|transport| transport.delay).collect();
        f.debug_struct("Attempts").field("delays", &delays).field("next", &self.next).finish_non_exhaustive()
    }
}

impl fmt::Display for ComponentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTransport => f.write_str("the component has no transport; add one"),
            Self::Join(error) => fmt::Display::fmt(error, f),
            Self::Setup(error) => fmt::Display::fmt(error, f),
            Self::Lost(left) => fmt::Display::fmt(left, f),
        }
    }
}

impl std::error::Error for ComponentError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoTransport => None,
            Self::Join(error) => Some(error),
            Self::Setup(error) => Some(error),
            Self::Lost(left) => Some(left),
        }
    }
}

#[cfg(test)]
mod tests {
    use wirebahn_core::Instant;
    use wirebahn_core::wamp::session::{Session, SessionConfig, SessionEvent};

    use super::*;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(0);
        }
    }

    /// Delays of 1 s, 2 s, 4 s.
    fn attempts(transports: usize, max_retries: Option<u32>) -> Attempts {
        let mut options = BackoffOptions::default();
        options.initial_delay = Duration::from_secs(1);
        options.growth = 2.0;
        options.jitter = 0.0;
        options.max_retries = max_retries;
        Attempts::new(transports, options, Box::new(Zeros))
    }

    fn next(attempts: &mut Attempts) -> Option<(usize, u64)> {
        attempts.next_attempt().ok().map(|(at, delay)| (at, delay.as_secs()))
    }

    /// How a session ends after this.
    fn left(end: impl FnOnce(&mut Session)) -> Arc<Left> {
        let mut session = Session::new(SessionConfig::new("realm1"), Instant::ZERO);
        end(&mut session);
        match session.poll_event() {
            Some(SessionEvent::Left(left)) => Arc::new(left),
            event => panic!("{event:?}"),
        }
    }

    #[test]
    fn transports_are_tried_in_turn_with_delays_of_their_own() {
        let mut attempts = attempts(2, None);
        for expected in [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)] {
            assert_eq!(next(&mut attempts), Some(expected));
            assert!(attempts.note(expected.0, Outcome::JoinFailed(JoinError::TimedOut)).is_continue());
        }
    }

    #[test]
    fn a_transport_without_hope_is_left_out_and_the_last_one_says_why() {
        let mut attempts = attempts(2, Some(1));
        assert_eq!(next(&mut attempts), Some((0, 0)));
        let _ = attempts.note(0, Outcome::JoinFailed(JoinError::Unsupported("no")));
        assert_eq!(next(&mut attempts), Some((1, 0)));
        let _ = attempts.note(1, Outcome::SetupFailed(Error::Canceled));
        assert_eq!(next(&mut attempts), Some((1, 1)));
        let _ = attempts.note(1, Outcome::JoinFailed(JoinError::TimedOut));
        let failed = attempts.next_attempt().unwrap_err();
        assert!(matches!(failed, ComponentError::Join(JoinError::TimedOut)), "{failed:?}");
    }

    #[test]
    fn after_a_loss_delays_begin_anew_and_the_other_transports_come_at_once() {
        let mut attempts = attempts(2, None);
        for at in [0, 1, 0, 1] {
            assert_eq!(next(&mut attempts).map(|(next, _)| next), Some(at));
            let _ = attempts.note(at, Outcome::JoinFailed(JoinError::TimedOut));
        }
        assert_eq!(next(&mut attempts), Some((0, 2)));
        assert!(attempts.note(0, Outcome::of(left(Session::handle_disconnect))).is_continue());
        assert_eq!(next(&mut attempts), Some((1, 0)));
        let _ = attempts.note(1, Outcome::JoinFailed(JoinError::TimedOut));
        assert_eq!(next(&mut attempts), Some((0, 1)));
    }

    #[test]
    fn it_is_over_when_the_application_has_ended_the_session() {
        let ended = left(|session| session.abort("a.b".into(), None).unwrap());
        assert!(attempts(1, None).note(0, Outcome::of(ended)).is_break());
        assert!(matches!(attempts(0, None).next_attempt(), Err(ComponentError::NoTransport)));
    }
}
