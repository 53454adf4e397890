//! Which entries of a table a URI matches: a hash for exact URIs, a radix trie for prefixes, a component trie for
//! wildcards.
//!
//! What a look-up costs depends on the URI and on what matches it, not on how much else is in the table. Nothing here
//! recurses, so no URI and no set of patterns is too deep.

mod hash;
mod prefix;
mod wildcard;

use std::collections::HashMap;

use wirebahn_core::wamp::MatchPolicy;

pub use hash::StringHashKey;
use prefix::PrefixTrie;
use wildcard::WildcardTrie;

/// A table from (match policy, pattern) to `T`, in which URIs are looked up.
///
/// ```
/// use wirebahn_core::wamp::MatchPolicy::{Exact, Prefix, Wildcard};
/// use wirebahn_router::matching::{PatternMap, StringHashKey};
///
/// let mut map = PatternMap::new(StringHashKey::new([1; 16]));
/// map.insert(Exact, "com.example.user.create", 1);
/// map.insert(Prefix, "com.example", 2);
/// map.insert(Wildcard, "com..user.", 3);
///
/// let mut all = Vec::new();
/// map.for_each_match("com.example.user.create", |&value| all.push(value));
/// assert_eq!(all, [1, 2, 3]);
/// assert_eq!(map.best("com.other.user.create"), Some((Wildcard, &3)));
/// ```
#[derive(Clone, Debug)]
pub struct PatternMap<T> {
    exact: HashMap<Box<str>, T, StringHashKey>,
    prefix: PrefixTrie<T>,
    wildcard: WildcardTrie<T>,
}

impl<T> PatternMap<T> {
    /// An empty table. The key has to be secret from those who choose the patterns.
    #[must_use]
    pub fn new(key: StringHashKey) -> Self {
        Self { exact: HashMap::with_hasher(key), prefix: PrefixTrie::new(), wildcard: WildcardTrie::new(key) }
    }

    /// Puts `value` under the pattern and returns what was there.
    pub fn insert(&mut self, policy: MatchPolicy, pattern: &str, value: T) -> Option<T> {
        match policy {
            MatchPolicy::Exact => self.exact.insert(pattern.into(), value),
            MatchPolicy::Prefix => self.prefix.insert(pattern, value),
            MatchPolicy::Wildcard => self.wildcard.insert(pattern, value),
        }
    }

    /// Takes out what is under the pattern.
    pub fn remove(&mut self, policy: MatchPolicy, pattern: &str) -> Option<T> {
        match policy {
            MatchPolicy::Exact => self.exact.remove(pattern),
            MatchPolicy::Prefix => self.prefix.remove(pattern),
            MatchPolicy::Wildcard => self.wildcard.remove(pattern),
        }
    }

    /// What is under exactly this pattern.
    #[must_use]
    pub fn get(&self, policy: MatchPolicy, pattern: &str) -> Option<&T> {
        match policy {
            MatchPolicy::Exact => self.exact.get(pattern),
            MatchPolicy::Prefix => self.prefix.get(pattern),
            MatchPolicy::Wildcard => self.wildcard.get(pattern),
        }
    }

    /// Everything that `uri` matches, as publications need it: the exact entry, prefixes from short to long, then
    /// wildcards.
    pub fn for_each_match<'a>(&'a self, uri: &str, mut visit: impl FnMut(&'a T)) {
        if let Some(value) = self.exact.get(uri) {
            visit(value);
        }
        self.prefix.for_each_match(uri, &mut visit);
        self.wildcard.for_each_match(uri, &mut visit);
    }

    /// The one entry that a call of `uri` goes to (WAMP, "Pattern-based Registrations"): the exact one, else the longest
    /// prefix, else the wildcard with the longest run of literal components before the first empty one; among equals,
    /// the one with the longer second run, and so on.
    #[must_use]
    pub fn best(&self, uri: &str) -> Option<(MatchPolicy, &T)> {
        let exact = || self.exact.get(uri).map(|value| (MatchPolicy::Exact, value));
        let prefix = || self.prefix.longest(uri).map(|value| (MatchPolicy::Prefix, value));
        let wildcard = || self.wildcard.best(uri).map(|value| (MatchPolicy::Wildcard, value));
        exact().or_else(prefix).or_else(wildcard)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exact.len() + self.prefix.len() + self.wildcard.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wirebahn_core::wamp::MatchPolicy::{Exact, Prefix, Wildcard};
    use wirebahn_core::wamp::compare_precedence;

    use super::*;

    type Naive = std::collections::BTreeMap<(MatchPolicy, String), u32>;

    fn map_of(entries: &[(MatchPolicy, &str, u32)]) -> PatternMap<u32> {
        let mut map = PatternMap::new(StringHashKey::new([7; 16]));
        for &(policy, pattern, value) in entries {
            map.insert(policy, pattern, value);
        }
        map
    }

    fn matches(map: &PatternMap<u32>, uri: &str) -> Vec<u32> {
        let mut found = Vec::new();
        map.for_each_match(uri, |&value| found.push(value));
        found
    }

    /// The registrations of the example in the section "Pattern-based Registrations". One dot was added, as in the test
    /// of [`compare_precedence`]: the example contradicts the rule that prefixes are prefixes of the string.
    const SPECIFIED: [(MatchPolicy, &str, u32); 7] = [
        (Exact, "a1.b2.c3.d4.e55", 1),
        (Prefix, "a1.b2.c3.", 2),
        (Prefix, "a1.b2.c3.d4", 3),
        (Wildcard, "a1.b2..d4.e5", 4),
        (Wildcard, "a1.b2.c33..e5", 5),
        (Wildcard, "a1.b2..d4.e5..g7", 6),
        (Wildcard, "a1.b2..d4..f6.g7", 7),
    ];

    #[test]
    fn calls_go_where_the_examples_of_the_specification_say() {
        let map = map_of(&SPECIFIED);
        for (uri, winner) in [
            ("a1.b2.c3.d4.e55", Some(1)),
            ("a1.b2.c3.d98.e74", Some(2)),
            ("a1.b2.c3.d4.e325", Some(3)),
            ("a1.b2.c55.d4.e5", Some(4)),
            ("a1.b2.c33.d4.e5", Some(5)),
            ("a1.b2.c88.d4.e5.f6.g7", Some(6)),
            ("a2.b2.c2.d2.e2", None),
        ] {
            assert_eq!(map.best(uri).map(|(_, &value)| value), winner, "{uri}");
        }
    }

    #[test]
    fn a_publication_matches_the_exact_subscription_all_prefixes_and_all_wildcards() {
        let map = map_of(&[
            (Exact, "com.myapp.topic", 1),
            (Prefix, "com.myapp.topic", 2),
            (Prefix, "com.myapp", 3),
            (Prefix, "", 4),
            (Wildcard, "com..topic", 5),
            (Wildcard, "com..", 6),
            (Wildcard, "com.myapp..", 7),
        ]);
        assert_eq!(matches(&map, "com.myapp.topic"), [1, 4, 3, 2, 5, 6]);
        assert_eq!(matches(&map, "com.myapp.topic.sub"), [4, 3, 2, 7]);
        assert_eq!(matches(&map, "org.myapp"), [4]);
    }

    #[test]
    fn prefixes_match_strings_not_components() {
        let map = map_of(&[(Prefix, "com.a.b", 1), (Prefix, "com.a.b.", 2)]);
        assert_eq!(matches(&map, "com.a.b-low"), [1]);
        assert_eq!(matches(&map, "com.a.b"), [1]);
        assert_eq!(matches(&map, "com.a.b.c"), [1, 2]);
    }

    #[test]
    fn prefixes_may_end_within_a_character_of_several_bytes() {
        // "\u{e4}" and "\u{e5}" share their first byte.
        let mut map = map_of(&[(Prefix, "\u{e4}", 1), (Prefix, "\u{e5}b", 2)]);
        assert_eq!(matches(&map, "\u{e4}.x"), [1]);
        assert_eq!(map.remove(Prefix, "\u{e4}"), Some(1));
        assert_eq!(matches(&map, "\u{e5}bc"), [2]);
    }

    #[test]
    fn very_long_and_deep_patterns_are_no_danger() {
        let deep = "a.".repeat(50_000) + "a";
        let holes = ".".repeat(50_000);
        let mut map = map_of(&[(Wildcard, &deep, 1), (Wildcard, &holes, 2)]);
        for cut in (1..deep.len()).step_by(100) {
            map.insert(Prefix, deep.get(..cut).unwrap(), 3);
        }
        assert_eq!(map.best(&deep), Some((Prefix, &3)));
        assert_eq!(matches(&map, &deep).len(), 1002);
        map.remove(Wildcard, &deep);
        map.remove(Wildcard, &holes);
        drop(map);
    }

    /// Two letters and few components, so that patterns share much and collide often.
    fn pattern() -> impl Strategy<Value = String> {
        "[ab]{0,2}(\\.[ab\u{e4}]{0,2}){0,4}"
    }

    fn policy() -> impl Strategy<Value = MatchPolicy> {
        prop_oneof![Just(Exact), Just(Prefix), Just(Wildcard)]
    }

    #[derive(Clone, Debug)]
    enum Operation {
        Insert(MatchPolicy, String, u32),
        Remove(MatchPolicy, String),
    }

    fn operation() -> impl Strategy<Value = Operation> {
        prop_oneof![
            3 => (policy(), pattern(), any::<u32>()).prop_map(|(p, uri, value)| Operation::Insert(p, uri, value)),
            2 => (policy(), pattern()).prop_map(|(p, uri)| Operation::Remove(p, uri)),
        ]
    }

    proptest! {
        #[test]
        fn it_does_what_a_list_of_patterns_does(
            operations in prop::collection::vec(operation(), 0..60),
            uris in prop::collection::vec(pattern(), 1..20),
        ) {
            let mut map = map_of(&[]);
            let mut naive = Naive::new();
            for operation in operations {
                match operation {
                    Operation::Insert(policy, pattern, value) => {
                        prop_assert_eq!(map.insert(policy, &pattern, value), naive.insert((policy, pattern), value));
                    }
                    Operation::Remove(policy, pattern) => {
                        prop_assert_eq!(map.remove(policy, &pattern), naive.remove(&(policy, pattern)));
                    }
                }
                prop_assert_eq!(map.len(), naive.len());
                for uri in &uris {
                    let matching = || naive.iter().filter(|((policy, pattern), _)| policy.matches(pattern, uri));
                    let mut expected: Vec<u32> = matching().map(|(_, &value)| value).collect();
                    let mut found = matches(&map, uri);
                    expected.sort_unstable();
                    found.sort_unstable();
                    prop_assert_eq!(found, expected);
                    let best = matching()
                        .max_by(|((p, a), _), ((q, b), _)| compare_precedence((*p, a), (*q, b)))
                        .map(|((policy, _), value)| (*policy, value));
                    prop_assert_eq!(map.best(uri), best);
                }
            }
            for ((policy, pattern), value) in &naive {
                prop_assert_eq!(map.get(*policy, pattern), Some(value));
                prop_assert_eq!(map.remove(*policy, pattern), Some(*value));
            }
            prop_assert!(map.is_empty());
            prop_assert_eq!(map.prefix.nodes(), 1, "prefix nodes are left over");
            prop_assert_eq!(map.wildcard.nodes(), 0, "wildcard nodes are left over");
        }
    }
}
