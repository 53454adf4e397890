//! Identifiers: integers from 1 to 2^53, one type per kind.

use core::fmt;
use core::num::NonZeroU64;

use crate::Entropy;

/// The largest identifier: 2^53, beyond which a double, JSON's only number in many languages, has gaps.
pub const MAX_ID: u64 = 1 << 53;

/// A number that is no identifier: zero, or more than 2^53.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IdOutOfRange(u64);

impl IdOutOfRange {
    /// The number.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for IdOutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is no identifier: those are from 1 to 2^53", self.0)
    }
}

impl core::error::Error for IdOutOfRange {}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// The identifier with this number.
            ///
            /// # Errors
            ///
            /// If the number is zero or above 2^53.
            pub const fn new(id: u64) -> Result<Self, IdOutOfRange> {
                match NonZeroU64::new(id) {
                    Some(valid) if id <= MAX_ID => Ok(Self(valid)),
                    _ => Err(IdOutOfRange(id)),
                }
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0.get()
            }
        }

        impl TryFrom<u64> for $name {
            type Error = IdOutOfRange;

            fn try_from(id: u64) -> Result<Self, IdOutOfRange> {
                Self::new(id)
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                id.get()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )* };
}

ids! {
    /// A session: drawn at random by the router ("global scope" in the specification).
    SessionId
    /// A publication: drawn at random by the broker ("global scope" in the specification).
    PublicationId
    /// A subscription: chosen by the broker, one for each pair of a topic and a match policy ("router scope").
    SubscriptionId
    /// A registration: chosen by the dealer ("router scope").
    RegistrationId
    /// A request: counted from 1 by whoever asks, in each direction of each session ("session scope").
    RequestId
}

impl SessionId {
    /// A random one, each of the 2^53 being as likely.
    #[must_use]
    pub fn random(entropy: &mut dyn Entropy) -> Self {
        Self(random(entropy))
    }
}

impl PublicationId {
    /// A random one, each of the 2^53 being as likely.
    #[must_use]
    pub fn random(entropy: &mut dyn Entropy) -> Self {
        Self(random(entropy))
    }
}

impl RequestId {
    /// The id of the first request of a session.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The id of the request after this one; 1 comes after 2^53.
    #[must_use]
    pub const fn next(self) -> Self {
        match Self::new(self.get() + 1) {
            Ok(next) => next,
            Err(_) => Self::FIRST,
        }
    }
}

/// Counts the requests of one direction of a session.
///
/// ```
/// use wirebahn_core::wamp::RequestIds;
///
/// let mut ids = RequestIds::new();
/// assert_eq!((ids.draw().get(), ids.draw().get()), (1, 2));
/// ```
#[derive(Clone, Debug)]
pub struct RequestIds {
    next: RequestId,
}

impl RequestIds {
    /// Starts at 1.
    #[must_use]
    pub const fn new() -> Self {
        Self { next: RequestId::FIRST }
    }

    /// The id that the next request gets, or must have.
    #[must_use]
    pub const fn peek(&self) -> RequestId {
        self.next
    }

    /// Takes the next id.
    pub const fn draw(&mut self) -> RequestId {
        let id = self.next;
        self.next = id.next();
        id
    }
}

impl Default for RequestIds {
    fn default() -> Self {
        Self::new()
    }
}

fn random(entropy: &mut dyn Entropy) -> NonZeroU64 {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    // The lower 53 bits are uniform over 0..2^53, so one more is uniform over 1..=2^53.
    NonZeroU64::MIN.saturating_add(u64::from_le_bytes(bytes) & (MAX_ID - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Constant(u8);

    impl Entropy for Constant {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(self.0);
        }
    }

    #[test]
    fn identifiers_are_from_1_to_2_pow_53() {
        assert_eq!(SessionId::new(1).map(SessionId::get), Ok(1));
        assert_eq!(SessionId::new(1 << 53).map(SessionId::get), Ok(1 << 53));
        for wrong in [0, (1 << 53) + 1, u64::MAX] {
            assert_eq!(SessionId::new(wrong), Err(IdOutOfRange(wrong)));
        }
    }

    #[test]
    fn random_identifiers_reach_both_ends() {
        assert_eq!(SessionId::random(&mut Constant(0)).get(), 1);
        assert_eq!(PublicationId::random(&mut Constant(0xff)).get(), 1 << 53);
    }

    #[test]
    fn requests_are_counted_from_1_and_begin_again_after_2_pow_53() {
        let mut ids = RequestIds::new();
        assert_eq!([ids.draw(), ids.draw(), ids.peek()].map(RequestId::get), [1, 2, 3]);
        let mut last = RequestIds { next: RequestId::new(MAX_ID).unwrap() };
        assert_eq!([last.draw(), last.draw()].map(RequestId::get), [1 << 53, 1]);
    }
}
