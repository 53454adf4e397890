//! Wildcards in a trie over components, one trie for each number of components, since only URIs with as many match.
//!
//! A look-up follows, at each component, the child of that name and the child of the empty component. It visits no more
//! nodes than there are patterns which match a beginning of the URI, times its components.

use std::collections::{BTreeMap, HashMap};

use slab::Slab;

use super::StringHashKey;

/// A map from patterns with empty components to values.
#[derive(Clone, Debug)]
pub(super) struct WildcardTrie<T> {
    nodes: Slab<Node<T>>,
    /// By the number of components.
    roots: BTreeMap<usize, usize>,
    key: StringHashKey,
    values: usize,
}

#[derive(Clone, Debug)]
struct Node<T> {
    /// The child of each literal component.
    literal: HashMap<Box<str>, usize, StringHashKey>,
    /// The child of the empty component.
    any: Option<usize>,
    value: Option<T>,
}

impl<T> WildcardTrie<T> {
    pub(super) fn new(key: StringHashKey) -> Self {
        Self { nodes: Slab::new(), roots: BTreeMap::new(), key, values: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.values
    }

    pub(super) fn insert(&mut self, pattern: &str, value: T) -> Option<T> {
        let length = components(pattern).count();
        let mut at = match self.roots.get(&length) {
            Some(&root) => root,
            None => {
                let root = self.nodes.insert(Node::new(self.key));
                self.roots.insert(length, root);
                root
            }
        };
        for component in components(pattern) {
            at = match self.nodes.get(at).and_then(|node| node.child(component)) {
                Some(child) => child,
                None => {
                    let child = self.nodes.insert(Node::new(self.key));
                    if let Some(node) = self.nodes.get_mut(at) {
                        node.link(component, child);
                    }
                    child
                }
            };
        }
        let old = self.nodes.get_mut(at).and_then(|node| node.value.replace(value));
        self.values += usize::from(old.is_none());
        old
    }

    pub(super) fn remove(&mut self, pattern: &str) -> Option<T> {
        let length = components(pattern).count();
        let root = *self.roots.get(&length)?;
        let mut path = Vec::with_capacity(length);
        let mut at = root;
        for component in components(pattern) {
            path.push((at, component));
            at = self.nodes.get(at)?.child(component)?;
        }
        let value = self.nodes.get_mut(at)?.value.take()?;
        self.values -= 1;
        while self.nodes.get(at).is_some_and(Node::is_useless) {
            self.nodes.remove(at);
            let Some((parent, component)) = path.pop() else {
                self.roots.remove(&length);
                break;
            };
            if let Some(node) = self.nodes.get_mut(parent) {
                node.unlink(component);
            }
            at = parent;
        }
        Some(value)
    }

    pub(super) fn get(&self, pattern: &str) -> Option<&T> {
        let root = *self.roots.get(&components(pattern).count())?;
        let at = components(pattern).try_fold(root, |at, component| self.nodes.get(at)?.child(component))?;
        self.nodes.get(at)?.value.as_ref()
    }

    /// Visits the values of all patterns that `uri` matches, the best first.
    pub(super) fn for_each_match<'a>(&'a self, uri: &str, visit: &mut impl FnMut(&'a T)) {
        self.search(uri, &mut |value| {
            visit(value);
            Search::GoOn
        });
    }

    /// The value of the pattern that wins a call.
    pub(super) fn best(&self, uri: &str) -> Option<&T> {
        let mut best = None;
        self.search(uri, &mut |value| {
            best = Some(value);
            Search::Stop
        });
        best
    }

    #[cfg(test)]
    pub(super) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Depth first, at each component the literal child before the empty one. That is the order of precedence: where
    /// two matching patterns part, the one with a literal component has the longer run there.
    fn search<'a>(&'a self, uri: &str, visit: &mut impl FnMut(&'a T) -> Search) {
        if self.values == 0 {
            return;
        }
        let Some(&root) = self.roots.get(&components(uri).count()) else { return };
        // What is still to be visited: a node, and what of the URI is below it.
        let mut open = vec![(root, Some(uri))];
        while let Some((at, rest)) = open.pop() {
            let Some(node) = self.nodes.get(at) else { continue };
            let Some(rest) = rest else {
                if let Some(Search::Stop) = node.value.as_ref().map(&mut *visit) {
                    return;
                }
                continue;
            };
            let (component, below) = match rest.split_once('.') {
                Some((component, below)) => (component, Some(below)),
                None => (rest, None),
            };
            open.extend(node.any.map(|child| (child, below)));
            if !component.is_empty() {
                open.extend(node.literal.get(component).map(|&child| (child, below)));
            }
        }
    }
}

enum Search {
    GoOn,
    Stop,
}

impl<T> Node<T> {
    fn new(key: StringHashKey) -> Self {
        Self { literal: HashMap::with_hasher(key), any: None, value: None }
    }

    fn child(&self, component: &str) -> Option<usize> {
        if component.is_empty() { self.any } else { self.literal.get(component).copied() }
    }

    fn link(&mut self, component: &str, child: usize) {
        if component.is_empty() {
            self.any = Some(child);
        } else {
            self.literal.insert(component.into(), child);
        }
    }

    fn unlink(&mut self, component: &str) {
        if component.is_empty() {
            self.any = None;
        } else {
            self.literal.remove(component);
        }
    }

    fn is_useless(&self) -> bool {
        self.value.is_none() && self.any.is_none() && self.literal.is_empty()
    }
}

fn components(uri: &str) -> impl Iterator<Item = &str> {
    uri.split('.')
}
