//! Prefixes in a radix trie over bytes: each node adds one or more bytes to the prefix of its parent.

use slab::Slab;

/// A map from prefixes to values.
#[derive(Clone, Debug)]
pub(super) struct PrefixTrie<T> {
    nodes: Slab<Node<T>>,
    /// The node of the empty prefix, which is always there.
    root: usize,
    values: usize,
}

#[derive(Clone, Debug)]
struct Node<T> {
    /// What this node adds to the prefix of its parent. Empty for the root only.
    label: Box<[u8]>,
    /// By the first bytes of their labels, in order.
    children: Vec<(u8, usize)>,
    value: Option<T>,
}

impl<T> PrefixTrie<T> {
    pub(super) fn new() -> Self {
        let mut nodes = Slab::new();
        let root = nodes.insert(Node { label: Box::default(), children: Vec::new(), value: None });
        Self { nodes, root, values: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.values
    }

    pub(super) fn insert(&mut self, prefix: &str, value: T) -> Option<T> {
        let mut at = self.root;
        let mut rest = prefix.as_bytes();
        while let Some(&first) = rest.first() {
            let Some(child) = self.child(at, first) else {
                let leaf = self.nodes.insert(Node { label: rest.into(), children: Vec::new(), value: None });
                self.link(at, first, leaf);
                at = leaf;
                break;
            };
            let common = self.nodes.get(child).map_or(0, |node| common_prefix(&node.label, rest));
            at = self.split(at, child, common);
            rest = rest.get(common..).unwrap_or_default();
        }
        let old = self.nodes.get_mut(at).and_then(|node| node.value.replace(value));
        self.values += usize::from(old.is_none());
        old
    }

    pub(super) fn remove(&mut self, prefix: &str) -> Option<T> {
        let (parent, at) = self.find(prefix)?;
        let value = self.nodes.get_mut(at)?.value.take()?;
        self.values -= 1;
        if self.nodes.get(at).is_some_and(|node| node.children.is_empty()) && at != self.root {
            let leaf = self.nodes.remove(at);
            if let (Some(node), Some(&first)) = (self.nodes.get_mut(parent), leaf.label.first()) {
                node.children.retain(|&(byte, _)| byte != first);
            }
            self.merge_with_only_child(parent);
        } else {
            self.merge_with_only_child(at);
        }
        Some(value)
    }

    pub(super) fn get(&self, prefix: &str) -> Option<&T> {
        let (_, at) = self.find(prefix)?;
        self.nodes.get(at)?.value.as_ref()
    }

    /// Visits the values of all prefixes of `uri`, the shortest first.
    pub(super) fn for_each_match<'a>(&'a self, uri: &str, visit: &mut impl FnMut(&'a T)) {
        if self.values == 0 {
            return;
        }
        let mut rest = uri.as_bytes();
        let mut at = self.nodes.get(self.root);
        while let Some(node) = at {
            if let Some(value) = &node.value {
                visit(value);
            }
            at = self.step(node, &mut rest);
        }
    }

    /// The value of the longest prefix of `uri`.
    pub(super) fn longest(&self, uri: &str) -> Option<&T> {
        let mut longest = None;
        self.for_each_match(uri, &mut |value| longest = Some(value));
        longest
    }

    #[cfg(test)]
    pub(super) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The child of `node` whose whole label `rest` begins with; `rest` becomes what is behind it.
    fn step(&self, node: &Node<T>, rest: &mut &[u8]) -> Option<&Node<T>> {
        let child = self.nodes.get(node.child(*rest.first()?)?)?;
        *rest = rest.strip_prefix(&*child.label)?;
        Some(child)
    }

    /// The node of exactly this prefix, and its parent (for the root: itself).
    fn find(&self, prefix: &str) -> Option<(usize, usize)> {
        let (mut parent, mut at) = (self.root, self.root);
        let mut rest = prefix.as_bytes();
        while let Some(&first) = rest.first() {
            (parent, at) = (at, self.child(at, first)?);
            rest = rest.strip_prefix(&*self.nodes.get(at)?.label)?;
        }
        Some((parent, at))
    }

    fn child(&self, at: usize, first: u8) -> Option<usize> {
        self.nodes.get(at)?.child(first)
    }

    fn link(&mut self, parent: usize, first: u8, child: usize) {
        if let Some(node) = self.nodes.get_mut(parent) {
            match node.children.binary_search_by_key(&first, |&(byte, _)| byte) {
                Ok(place) => {
                    if let Some(entry) = node.children.get_mut(place) {
                        entry.1 = child;
                    }
                }
                Err(place) => node.children.insert(place, (first, child)),
            }
        }
    }

    /// Makes a node of the first `common` bytes of the label of `child`, between it and its parent, and returns that;
    /// or `child` if this is all of its label.
    fn split(&mut self, parent: usize, child: usize, common: usize) -> usize {
        let Some(node) = self.nodes.get_mut(child) else { return child };
        let (Some((head, tail)), Some(&first)) = (node.label.split_at_checked(common), node.label.first())
        else {
            return child;
        };
        let Some(&below) = tail.first() else { return child };
        let (head, tail): (Box<[u8]>, Box<[u8]>) = (head.into(), tail.into());
        node.label = tail;
        let between = self.nodes.insert(Node { label: head, children: vec![(below, child)], value: None });
        self.link(parent, first, between);
        between
    }

    /// Joins a node that has neither a value nor a choice of children with its only child.
    fn merge_with_only_child(&mut self, at: usize) {
        let Some(node) = self.nodes.get(at) else { return };
        let &[(_, child)] = node.children.as_slice() else { return };
        if at == self.root || node.value.is_some() {
            return;
        }
        let child = self.nodes.remove(child);
        if let Some(node) = self.nodes.get_mut(at) {
            node.label = [&*node.label, &*child.label].concat().into();
            node.children = child.children;
            node.value = child.value;
        }
    }
}

impl<T> Node<T> {
    fn child(&self, first: u8) -> Option<usize> {
        let place = self.children.binary_search_by_key(&first, |&(byte, _)| byte).ok()?;
        self.children.get(place).map(|&(_, child)| child)
    }
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
