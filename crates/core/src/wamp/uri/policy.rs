//! Which strings are URIs.

use core::fmt;

use super::MatchPolicy;

/// Which characters the components of a URI may have (WAMP, "URIs").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UriPolicy {
    /// Anything but `.`, `#` and white space. The default, as in the specification.
    #[default]
    Loose,
    /// Digits, lower-case ASCII letters and `_` only.
    Strict,
}

impl UriPolicy {
    /// Whether `uri` is a valid URI, or, with [`MatchPolicy::Prefix`] and [`MatchPolicy::Wildcard`], a valid pattern:
    /// components of wildcards may be empty, and a prefix may end anywhere, also right behind a dot.
    ///
    /// # Errors
    ///
    /// With the rule that is broken.
    pub fn check(self, uri: &str, match_policy: MatchPolicy) -> Result<(), UriError> {
        if self.admits_ascii_names(uri) {
            return Ok(());
        }
        if let Some(wrong) = uri.chars().find(|&c| c != '.' && !self.admits(c)) {
            return Err(UriError::Character(wrong));
        }
        // A prefix may be empty, and end in an empty component.
        let complete = match match_policy {
            MatchPolicy::Exact => uri,
            MatchPolicy::Prefix => uri.strip_suffix('.').unwrap_or(uri),
            MatchPolicy::Wildcard => return Ok(()),
        };
        let is_empty_prefix = match_policy == MatchPolicy::Prefix && uri.is_empty();
        if !is_empty_prefix && complete.split('.').any(str::is_empty) {
            return Err(UriError::EmptyComponent);
        }
        Ok(())
    }

    /// Whether `uri` is valid under each policy, decided in one pass over its bytes, as most are.
    fn admits_ascii_names(self, uri: &str) -> bool {
        let mut after_dot = true;
        for byte in uri.bytes() {
            match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'_' => after_dot = false,
                b'A'..=b'Z' | b'-' if self == Self::Loose => after_dot = false,
                b'.' if !after_dot => after_dot = true,
                _ => return false,
            }
        }
        !after_dot
    }

    fn admits(self, c: char) -> bool {
        match self {
            Self::Loose => c != '#' && !c.is_whitespace(),
            Self::Strict => matches!(c, '0'..='9' | 'a'..='z' | '_'),
        }
    }
}

/// Why a string is no URI. Answered with `wamp.error.invalid_uri`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UriError {
    /// A character that the policy does not allow.
    Character(char),
    /// A component of no characters, where the match policy allows none; also the whole URI being empty.
    EmptyComponent,
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(c) => write!(f, "a URI must not contain {c:?}"),
            Self::EmptyComponent => {
                f.write_str("no component of a URI may be empty; only patterns have empty components")
            }
        }
    }
}

impl core::error::Error for UriError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_uris_are_lower_case_letters_digits_and_underscores() {
        for good in ["com.example.add_2", "a", "1.2", "wamp.error.invalid_uri"] {
            assert_eq!(UriPolicy::Strict.check(good, MatchPolicy::Exact), Ok(()), "{good}");
        }
        for bad in ["com.Example", "com.ex-ample", "com.\u{e4}", "com.a b"] {
            let refused = UriPolicy::Strict.check(bad, MatchPolicy::Exact);
            assert!(matches!(refused, Err(UriError::Character(_))), "{bad}");
        }
    }

    #[test]
    fn loose_uris_are_anything_but_dots_hashes_and_white_space() {
        for good in ["com.Example", "com.ex-ample", "\u{e4}.\u{4e2d}", "a/b:c?d"] {
            assert_eq!(UriPolicy::Loose.check(good, MatchPolicy::Exact), Ok(()), "{good}");
        }
        for (bad, c) in [("com.a b", ' '), ("com.#", '#'), ("a\tb", '\t'), ("a\u{a0}b", '\u{a0}')] {
            assert_eq!(UriPolicy::Loose.check(bad, MatchPolicy::Exact), Err(UriError::Character(c)), "{bad}");
        }
    }

    #[test]
    fn only_patterns_may_have_empty_components() {
        for policy in [UriPolicy::Loose, UriPolicy::Strict] {
            for uri in ["", ".", "a.", ".a", "a..b"] {
                assert_eq!(policy.check(uri, MatchPolicy::Exact), Err(UriError::EmptyComponent), "{uri}");
                assert_eq!(policy.check(uri, MatchPolicy::Wildcard), Ok(()), "{uri}");
            }
            assert_eq!(policy.check("", MatchPolicy::Prefix), Ok(()));
            assert_eq!(policy.check("a.b.", MatchPolicy::Prefix), Ok(()));
            for uri in ["a..b", ".a", "a..", "."] {
                assert_eq!(policy.check(uri, MatchPolicy::Prefix), Err(UriError::EmptyComponent), "{uri}");
            }
        }
    }
}
