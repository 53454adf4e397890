//! Which of a host's addresses to try when (RFC 8305).

use alloc::collections::VecDeque;
use core::net::SocketAddr;
use core::time::Duration;

use crate::Instant;

/// How long an attempt has before the next one begins beside it (RFC 8305 5, 8).
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Happy Eyeballs: the addresses of a host in the order in which they are tried, and when.
///
/// The families take turns, beginning with that of the first address, since a whole family may be unreachable (4). An
/// attempt begins as soon as one has failed, or beside those that are under way, a while after the last one (5). The
/// first that succeeds wins; whoever drives this drops the others.
///
/// ```
/// use wirebahn_core::{ATTEMPT_DELAY, AddressRace, Instant};
///
/// let addresses = ["[2001:db8::1]:80", "[2001:db8::2]:80", "192.0.2.1:80"].map(|a| a.parse().unwrap());
/// let mut race = AddressRace::new(addresses, ATTEMPT_DELAY);
/// let start = Instant::ZERO;
/// assert_eq!(race.poll_attempt(start), Some(addresses[0]));
/// assert_eq!(race.poll_attempt(start), None);
/// assert_eq!(race.poll_timeout(), Some(start + ATTEMPT_DELAY));
/// assert_eq!(race.poll_attempt(start + ATTEMPT_DELAY), Some(addresses[2]));
/// ```
#[derive(Clone, Debug)]
pub struct AddressRace {
    waiting: VecDeque<SocketAddr>,
    under_way: usize,
    /// When the next attempt begins although others are under way.
    next_at: Instant,
    delay: Duration,
}

impl AddressRace {
    /// A race of these addresses, as a resolver has sorted them. Repeats are left out.
    pub fn new(addresses: impl IntoIterator<Item = SocketAddr>, delay: Duration) -> Self {
        let (mut first, mut second) = (VecDeque::new(), VecDeque::new());
        for address in addresses {
            let is_first = first.front().is_none_or(|a: &SocketAddr| a.is_ipv4() == address.is_ipv4());
            let family = if is_first { &mut first } else { &mut second };
            if !family.contains(&address) {
                family.push_back(address);
            }
        }
        let mut waiting = VecDeque::with_capacity(first.len() + second.len());
        while !first.is_empty() || !second.is_empty() {
            waiting.extend(first.pop_front());
            waiting.extend(second.pop_front());
        }
        Self { waiting, under_way: 0, next_at: Instant::ZERO, delay }
    }

    /// The address to try now beside those that are tried already, if there is one. Call it until it returns `None`.
    pub fn poll_attempt(&mut self, now: Instant) -> Option<SocketAddr> {
        if self.under_way > 0 && now < self.next_at {
            return None;
        }
        let address = self.waiting.pop_front()?;
        self.under_way += 1;
        self.next_at = now + self.delay;
        Some(address)
    }

    /// An attempt has failed.
    pub const fn handle_failure(&mut self, now: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        self.next_at = now;
    }

    /// When the next attempt begins; `None` if there are no more.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then_some(self.next_at)
    }

    /// Whether all attempts have failed.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.under_way == 0 && self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn addresses(list: &str) -> Vec<SocketAddr> {
        list.split(' ')
            .map(|last| match last.strip_prefix("v4-") {
                Some(last) => SocketAddr::new([192, 0, 2, last.parse().unwrap()].into(), 80),
                None => SocketAddr::new([0x2001, 0xdb8, 0, 0, 0, 0, 0, last.parse().unwrap()].into(), 80),
            })
            .collect()
    }

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(millis)
    }

    #[test]
    fn the_families_take_turns_beginning_with_the_first() {
        for (given, order) in [
            ("1 2 3 v4-1 v4-2", "1 v4-1 2 v4-2 3"),
            ("v4-1 1 2 3", "v4-1 1 2 3"),
            ("v4-1 v4-1 1 1", "v4-1 1"),
            ("v4-1 v4-2", "v4-1 v4-2"),
        ] {
            let mut race = AddressRace::new(addresses(given), Duration::ZERO);
            let tried: Vec<_> = core::iter::from_fn(|| race.poll_attempt(at(0))).collect();
            assert_eq!(tried, addresses(order), "{given}");
        }
    }

    #[test]
    fn an_attempt_that_hangs_gets_company_after_the_delay() {
        let all = addresses("1 v4-1 2");
        let mut race = AddressRace::new(all.clone(), ATTEMPT_DELAY);
        assert_eq!(race.poll_attempt(at(0)), Some(all[0]));
        assert_eq!((race.poll_attempt(at(249)), race.poll_timeout()), (None, Some(at(250))));
        assert_eq!(race.poll_attempt(at(260)), Some(all[1]));
        assert_eq!((race.poll_attempt(at(509)), race.poll_timeout()), (None, Some(at(510))));
        assert_eq!(race.poll_attempt(at(510)), Some(all[2]));
        assert_eq!((race.poll_attempt(at(9999)), race.poll_timeout()), (None, None));
        assert!(!race.is_lost(), "three are under way");
    }

    #[test]
    fn an_attempt_that_fails_is_followed_at_once() {
        let all = addresses("1 v4-1 2");
        let mut race = AddressRace::new(all.clone(), ATTEMPT_DELAY);
        assert_eq!(race.poll_attempt(at(0)), Some(all[0]));
        race.handle_failure(at(1));
        assert_eq!(race.poll_attempt(at(1)), Some(all[1]));
        assert_eq!(race.poll_attempt(at(251)), Some(all[2]));
        race.handle_failure(at(252));
        assert!(!race.is_lost(), "one is under way");
        race.handle_failure(at(253));
        assert!(race.is_lost());
    }

    #[test]
    fn a_host_without_addresses_is_lost_from_the_beginning() {
        let mut race = AddressRace::new([], ATTEMPT_DELAY);
        assert_eq!((race.poll_attempt(at(0)), race.is_lost()), (None, true));
    }
}
