//! Matching URIs against patterns, and which pattern wins.

use core::cmp::Ordering;

/// How the URI of a subscription or registration is compared with those of publications and calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification has these three, and everybody must handle all"
)]
pub enum MatchPolicy {
    /// Equal, character by character.
    #[default]
    Exact,
    /// Begins with the pattern. It is the string that counts, not its components: `com.a` matches `com.abc`.
    Prefix,
    /// As many components as the pattern, and equal where those of the pattern are not empty.
    Wildcard,
}

impl MatchPolicy {
    /// Whether `uri` matches `pattern`.
    ///
    /// ```
    /// use wirebahn_core::wamp::MatchPolicy;
    ///
    /// assert!(MatchPolicy::Wildcard.matches("com.example..create", "com.example.user.create"));
    /// ```
    #[must_use]
    pub fn matches(self, pattern: &str, uri: &str) -> bool {
        match self {
            Self::Exact => pattern == uri,
            Self::Prefix => uri.starts_with(pattern),
            Self::Wildcard => {
                let mut components = uri.split('.');
                let all = pattern.split('.').all(|wanted| {
                    components.next().is_some_and(|component| wanted.is_empty() || wanted == component)
                });
                all && components.next().is_none()
            }
        }
    }

    /// The value of the key `match`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Wildcard => "wildcard",
        }
    }
}

/// Compares two patterns that match the same URI: the greater one gets the call (WAMP, "Pattern-based Registrations").
///
/// An exact registration wins over all, then the longest prefix, then the wildcard whose first run of components before
/// an empty one is longest; if those are equally long, the one with the longer second run, and so on.
#[must_use]
pub fn compare_precedence(a: (MatchPolicy, &str), b: (MatchPolicy, &str)) -> Ordering {
    let rank = |policy| match policy {
        MatchPolicy::Exact => 2,
        MatchPolicy::Prefix => 1,
        MatchPolicy::Wildcard => 0,
    };
    rank(a.0).cmp(&rank(b.0)).then_with(|| match a.0 {
        MatchPolicy::Exact => Ordering::Equal,
        // Both are prefixes of the same URI, so more components are never fewer characters.
        MatchPolicy::Prefix => a.1.len().cmp(&b.1.len()),
        MatchPolicy::Wildcard => runs(a.1).cmp(runs(b.1)),
    })
}

/// The lengths of the runs of components between the empty ones.
fn runs(pattern: &str) -> impl Iterator<Item = usize> {
    let mut components = pattern.split('.').peekable();
    core::iter::from_fn(move || {
        components.peek()?;
        Some(components.by_ref().take_while(|component| !component.is_empty()).count())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// The registrations of the example in the section "Pattern-based Registrations", but for one dot: the example says
    /// that `a1.b2.c3` is no prefix of `a1.b2.c33.d4.e5`, while the section "Pattern-based Subscriptions" says that
    /// `com.myapp.topic.emergency` is one of `com.myapp.topic.emergency-low`. The latter is what routers do.
    const REGISTRATIONS: [(u32, MatchPolicy, &str); 7] = [
        (1, MatchPolicy::Exact, "a1.b2.c3.d4.e55"),
        (2, MatchPolicy::Prefix, "a1.b2.c3."),
        (3, MatchPolicy::Prefix, "a1.b2.c3.d4"),
        (4, MatchPolicy::Wildcard, "a1.b2..d4.e5"),
        (5, MatchPolicy::Wildcard, "a1.b2.c33..e5"),
        (6, MatchPolicy::Wildcard, "a1.b2..d4.e5..g7"),
        (7, MatchPolicy::Wildcard, "a1.b2..d4..f6.g7"),
    ];

    fn winner(uri: &str) -> Option<u32> {
        let mut matching: Vec<_> =
            REGISTRATIONS.into_iter().filter(|(_, policy, pattern)| policy.matches(pattern, uri)).collect();
        matching.sort_by(|a, b| compare_precedence((a.1, a.2), (b.1, b.2)));
        matching.last().map(|(number, ..)| *number)
    }

    #[test]
    fn the_examples_of_the_specification_go_to_the_registrations_it_names() {
        assert_eq!(winner("a1.b2.c3.d4.e55"), Some(1));
        assert_eq!(winner("a1.b2.c3.d98.e74"), Some(2));
        assert_eq!(winner("a1.b2.c3.d4.e325"), Some(3));
        assert_eq!(winner("a1.b2.c55.d4.e5"), Some(4));
        assert_eq!(winner("a1.b2.c33.d4.e5"), Some(5));
        assert_eq!(winner("a1.b2.c88.d4.e5.f6.g7"), Some(6));
        assert_eq!(winner("a2.b2.c2.d2.e2"), None);
    }

    #[test]
    fn later_runs_decide_when_the_first_are_equally_long() {
        let wildcard = |pattern| (MatchPolicy::Wildcard, pattern);
        let more = compare_precedence(wildcard("a1.b2..d4.e5..g7"), wildcard("a1.b2..d4..f6.g7"));
        assert_eq!(more, Ordering::Greater);
        assert_eq!(compare_precedence(wildcard("a..b"), wildcard("a..b")), Ordering::Equal);
        assert_eq!(compare_precedence(wildcard("a.b."), wildcard("a..c")), Ordering::Greater);
    }

    #[test]
    fn prefixes_are_prefixes_of_the_string() {
        for topic in
            ["com.myapp.topic.emergency-low", "com.myapp.topic.emergency.11", "com.myapp.topic.emergency"]
        {
            assert!(MatchPolicy::Prefix.matches("com.myapp.topic.emergency", topic), "{topic}");
        }
        assert!(MatchPolicy::Prefix.matches("a1.b2.c3", "a1.b2.c33.d4.e5"));
        assert!(MatchPolicy::Prefix.matches("", "anything"));
        assert!(!MatchPolicy::Prefix.matches("com.a.b.", "com.a.b"));
    }

    #[test]
    fn an_empty_component_matches_exactly_one() {
        let matches = |pattern, uri| MatchPolicy::Wildcard.matches(pattern, uri);
        assert!(matches("com.example..create", "com.example.foobar.create"));
        assert!(matches("com..", "com.a.b"));
        assert!(matches(".a", "b.a"));
        for other in
            ["com.example.create", "com.example.foo.bar.create", "com.example.foo.delete", "com.example.foo"]
        {
            assert!(!matches("com.example..create", other), "{other}");
        }
    }
}
