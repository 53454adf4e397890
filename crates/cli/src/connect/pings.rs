//! `--ping`: how long answers take.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior};
use wirebahn_tokio::Messages;

/// Unanswered pings that are remembered.
const MAX_UNANSWERED: usize = 64;

/// Pings at a steady rate.
#[derive(Debug)]
pub(super) struct Pings {
    interval: Interval,
    number: u64,
    unanswered: VecDeque<(u64, Instant)>,
}

impl Pings {
    pub(super) fn every(period: Duration) -> Self {
        let mut interval = tokio::time::interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { interval, number: 0, unanswered: VecDeque::new() }
    }

    pub(super) fn send(&mut self, engine: &mut Messages) {
        // One that cannot be sent now is left out.
        if engine.ping(payload(self.number + 1)).is_ok() {
            self.number += 1;
            self.unanswered.push_back((self.number, Instant::now()));
            if self.unanswered.len() > MAX_UNANSWERED {
                self.unanswered.pop_front();
            }
        }
    }

    /// What to print about a pong; nothing if it answers none of our pings.
    pub(super) fn answered(&mut self, pong: &[u8]) -> Option<String> {
        let place = self.unanswered.iter().position(|(number, _)| payload(*number) == pong)?;
        // RFC 6455 5.5.3: only the most recent ping needs an answer.
        let (number, sent) = self.unanswered.drain(..=place).next_back()?;
        Some(format!("ping {number}: {:.3} ms", sent.elapsed().as_secs_f64() * 1e3))
    }
}

/// Waits for the time of the next ping, for ever if there are none.
pub(super) async fn due(pings: Option<&mut Pings>) {
    match pings {
        Some(pings) => {
            pings.interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

fn payload(number: u64) -> Vec<u8> {
    format!("wirebahn {number}").into_bytes()
}
