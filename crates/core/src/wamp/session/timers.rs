//! The passing of time: joining, leaving, and calls.

use alloc::collections::BTreeSet;
use core::time::Duration;

use super::{LeftCause, Session, SessionEvent, SessionTimer, State};
use crate::Instant;
use crate::wamp::message::{Abort, Cancel};
use crate::wamp::{AbortDetails, CancelMode, CancelOptions, Feature, Payload, RequestId, Uri, error_uri};

/// The shortest a timer can be: a deadline must be later than the moment it is set.
const TICK: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
pub(super) struct Timers {
    /// Ends joining or leaving.
    phase: Option<Instant>,
    /// End calls.
    calls: BTreeSet<(Instant, RequestId)>,
}

impl Timers {
    pub(super) fn start_phase(&mut self, timeout: Option<Duration>, now: Instant) {
        self.phase = timeout.map(|timeout| now + timeout.max(TICK));
    }

    pub(super) const fn stop_phase(&mut self) {
        self.phase = None;
    }

    /// Starts the timer of a call, and says when it ends.
    pub(super) fn start_call(&mut self, request: RequestId, timeout: Duration, now: Instant) -> Instant {
        let deadline = now + timeout.max(TICK);
        self.calls.insert((deadline, request));
        deadline
    }

    pub(super) fn stop_call(&mut self, request: RequestId, deadline: Option<Instant>) {
        if let Some(deadline) = deadline {
            self.calls.remove(&(deadline, request));
        }
    }

    pub(super) fn clear(&mut self) {
        self.phase = None;
        self.calls.clear();
    }

    pub(super) fn next(&self) -> Option<Instant> {
        let call = self.calls.first().map(|(deadline, _)| *deadline);
        match (self.phase, call) {
            (Some(phase), Some(call)) => Some(phase.min(call)),
            (phase, call) => phase.or(call),
        }
    }
}

impl Session {
    pub(super) fn run_timers(&mut self, now: Instant) {
        if self.timers.phase.is_some_and(|deadline| deadline <= now) {
            return self.give_up_phase();
        }
        while let Some(&(deadline, request)) = self.timers.calls.first()
            && deadline <= now
        {
            self.timers.calls.pop_first();
            self.requests.remove_call(request);
            if self.dealer_has(Feature::CallCanceling) {
                let mode = Some(CancelMode::KillNoWait);
                let options = CancelOptions { mode, ..CancelOptions::default() };
                self.send(Cancel { request, options });
            }
            self.events.push_back(SessionEvent::CallTimedOut { request });
        }
    }

    fn give_up_phase(&mut self) {
        if self.state == State::Leaving {
            return self.end(LeftCause::TimedOut(SessionTimer::Leave));
        }
        self.send(Abort {
            details: AbortDetails::with_message("joining the realm took too long"),
            reason: Uri::from_static(error_uri::TIMEOUT),
            payload: Payload::empty(),
        });
        self.end(LeftCause::TimedOut(SessionTimer::Join));
    }
}
