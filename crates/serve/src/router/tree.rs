//! Finding the operation of a path: a tree of segments.
//!
//! A static segment goes before a parameter, but a path whose static branch does not know the
//! method is looked for under the parameter too: `GET …/version/create` reads a version of that name.

use std::collections::HashMap;

use athenz_model::operation::Method;

/// The most segments a path may have.
const MAX_SEGMENTS: usize = 32;

/// The methods in the order of their slots.
const METHODS: [Method; 5] = [Method::Delete, Method::Get, Method::Options, Method::Post, Method::Put];

/// The tree; a leaf holds the index of a route per method.
#[derive(Debug, Default)]
pub(super) struct Tree {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    statics: HashMap<&'static str, Self>,
    parameter: Option<Box<Self>>,
    routes: [Option<usize>; METHODS.len()],
}

/// What the tree says of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A route, and the segments that stand for its parameters, not decoded.
    Route(usize, Vec<&'a str>),
    /// The path is known, the method is not; these are.
    OtherMethods(Vec<Method>),
    /// Nothing is there.
    Nothing,
}

/// A path and method that two operations claim.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken;

impl Tree {
    /// Adds a route. `segments` are those of the path; a parameter stands in braces.
    pub(super) fn insert(
        &mut self,
        segments: impl Iterator<Item = &'static str>,
        method: Method,
        route: usize,
    ) -> Result<(), Taken> {
        let mut node = &mut self.root;
        for segment in segments {
            node = if segment.starts_with('{') {
                node.parameter.get_or_insert_default()
            } else {
                node.statics.entry(segment).or_default()
            };
        }
        match node.routes.get_mut(slot(method)) {
            Some(free @ None) => {
                *free = Some(route);
                Ok(())
            }
            _ => Err(Taken),
        }
    }

    /// Looks for a path. `method` is `None` for one that no operation has.
    pub(super) fn find<'a>(&self, path: &'a str, method: Option<Method>) -> Found<'a> {
        let Some(segments) = segments(path) else { return Found::Nothing };
        let mut search =
            Search { slot: method.map(slot), parameters: Vec::new(), others: 0, is_known: false };
        match search.walk(&self.root, &segments) {
            Some(route) => Found::Route(route, search.parameters),
            None if search.is_known => Found::OtherMethods(methods(search.others)),
            None => Found::Nothing,
        }
    }
}

/// The segments of a path; `None` for one that has none, too many, or an empty one but for the end.
fn segments(path: &str) -> Option<Vec<&str>> {
    let path = path.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut segments = Vec::with_capacity(8);
    for segment in path.split('/') {
        if (segment.is_empty() && !path.is_empty()) || segments.len() == MAX_SEGMENTS {
            return None;
        }
        segments.push(segment);
    }
    Some(segments)
}

struct Search<'a> {
    slot: Option<usize>,
    parameters: Vec<&'a str>,
    others: u8,
    is_known: bool,
}

impl<'a> Search<'a> {
    fn walk(&mut self, node: &Node, segments: &[&'a str]) -> Option<usize> {
        let Some((segment, rest)) = segments.split_first() else { return self.end(node) };
        if let Some(found) = node.statics.get(segment).and_then(|next| self.walk(next, rest)) {
            return Some(found);
        }
        let next = node.parameter.as_deref().filter(|_| !segment.is_empty())?;
        self.parameters.push(segment);
        let found = self.walk(next, rest);
        if found.is_none() {
            self.parameters.pop();
        }
        found
    }

    fn end(&mut self, node: &Node) -> Option<usize> {
        let found = self.slot.and_then(|slot| node.routes.get(slot).copied().flatten());
        for (slot, route) in node.routes.iter().enumerate() {
            if route.is_some() {
                self.is_known = true;
                self.others |= 1 << slot;
            }
        }
        found
    }
}

const fn slot(method: Method) -> usize {
    match method {
        Method::Delete => 0,
        Method::Get => 1,
        Method::Options => 2,
        Method::Post => 3,
        Method::Put => 4,
    }
}

fn methods(bits: u8) -> Vec<Method> {
    METHODS.into_iter().filter(|method| bits & (1 << slot(*method)) != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(routes: &[(Method, &'static str)]) -> Tree {
        let mut tree = Tree::default();
        for (index, (method, path)) in routes.iter().enumerate() {
            let segments = path.strip_prefix('/').unwrap().split('/');
            tree.insert(segments, *method, index).unwrap();
        }
        tree
    }

    #[test]
    fn overlapping_paths() {
        let tree = tree(&[
            (Method::Get, "/v1/domain/{domain}"),
            (Method::Get, "/v1/domain/metastore"),
            (Method::Put, "/v1/domain/{d}/policy/{p}/version/active"),
            (Method::Get, "/v1/domain/{d}/policy/{p}/version/{version}"),
            (Method::Get, "/v1/access/{action}/{resource}"),
            (Method::Get, "/v1/access/domain/{d}/principal/{p}"),
            (Method::Delete, "/v1/domain/{name}"),
        ]);
        let get = Some(Method::Get);
        for (method, path, expected) in [
            (get, "/v1/domain/metastore", Found::Route(1, vec![])),
            (get, "/v1/domain/metastore/", Found::Route(1, vec![])),
            (get, "/v1/domain/sports", Found::Route(0, vec!["sports"])),
            (Some(Method::Delete), "/v1/domain/metastore", Found::Route(6, vec!["metastore"])),
            (Some(Method::Put), "/v1/domain/d/policy/p/version/active", Found::Route(2, vec!["d", "p"])),
            (get, "/v1/domain/d/policy/p/version/active", Found::Route(3, vec!["d", "p", "active"])),
            (get, "/v1/access/domain/x", Found::Route(4, vec!["domain", "x"])),
            (get, "/v1/access/domain/x/principal/y", Found::Route(5, vec!["x", "y"])),
            (get, "/v1/domain/a%2Fb", Found::Route(0, vec!["a%2Fb"])),
            (Some(Method::Post), "/v1/domain/x", Found::OtherMethods(vec![Method::Delete, Method::Get])),
            (None, "/v1/domain/x", Found::OtherMethods(vec![Method::Delete, Method::Get])),
            (get, "/v1/domain//x", Found::Nothing),
            (get, "//v1/domain/x", Found::Nothing),
            (get, "/v1/domain/x//", Found::Nothing),
            (get, "/v1/domain", Found::Nothing),
            (get, "/", Found::Nothing),
            (get, "*", Found::Nothing),
        ] {
            assert_eq!(tree.find(path, method), expected, "{method:?} {path}");
        }
    }

    #[test]
    fn two_operations_cannot_share_a_place() {
        let mut tree = Tree::default();
        assert_eq!(tree.insert(["domain", "{a}"].into_iter(), Method::Get, 0), Ok(()));
        assert_eq!(tree.insert(["domain", "{b}"].into_iter(), Method::Get, 1), Err(Taken));
    }

    #[test]
    fn a_path_of_slashes_is_bounded() {
        let tree = tree(&[(Method::Get, "/{a}/{b}")]);
        assert_eq!(tree.find(&"/a".repeat(100_000), Some(Method::Get)), Found::Nothing);
    }
}
