//! URIs: the names of realms, topics, procedures and errors, and patterns of them.

mod pattern;
mod policy;

use alloc::string::String;
use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;

pub use pattern::{MatchPolicy, compare_precedence};
pub use policy::{UriError, UriPolicy};

use super::Text;

/// The name of a realm, topic, procedure or error, such as `com.example.add`; or a pattern of such names.
///
/// It is cheap to clone. One that was received is a slice of its message, which stays in memory for as long as the URI
/// is kept: [`detach`](Self::detach) what goes into a table.
///
/// A received URI may be anything that is a string, since what to say about a bad one depends on the message it is in
/// and on the realm it is meant for. Whoever uses it first asks [`check`](Self::check).
///
/// ```
/// use wirebahn_core::wamp::{MatchPolicy, Uri, UriPolicy};
///
/// let topic = Uri::from_static("com.example.temperature");
/// assert_eq!(topic.check(UriPolicy::Strict, MatchPolicy::Exact), Ok(()));
/// assert!(MatchPolicy::Wildcard.matches("com..temperature", &topic));
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uri(Text);

impl Uri {
    /// A URI in the program, without an allocation.
    #[must_use]
    pub const fn from_static(uri: &'static str) -> Self {
        Self(Text::from_static(uri))
    }

    /// The URI as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A copy of its own, which keeps no receive buffer alive.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self(self.0.detach())
    }

    /// Whether this is a valid URI, or with [`MatchPolicy::Prefix`] and [`MatchPolicy::Wildcard`] a valid pattern.
    ///
    /// # Errors
    ///
    /// With the rule that is broken.
    pub fn check(&self, policy: UriPolicy, match_policy: MatchPolicy) -> Result<(), UriError> {
        policy.check(self, match_policy)
    }

    /// Whether the first component is `wamp`, which is reserved for the protocol itself.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.components().next() == Some("wamp")
    }

    /// The parts between the dots.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.as_str().split('.')
    }
}

impl Deref for Uri {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Uri {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Uri {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Uri {
    fn from(uri: &str) -> Self {
        Self(Text::from(uri))
    }
}

impl From<String> for Uri {
    fn from(uri: String) -> Self {
        Self(Text::from(uri))
    }
}

impl From<Text> for Uri {
    fn from(uri: Text) -> Self {
        Self(uri)
    }
}

impl From<Uri> for Text {
    fn from(uri: Uri) -> Self {
        uri.0
    }
}

impl PartialEq<str> for Uri {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Uri {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
