//! Path templates as a tree of segments: a path is looked up in as many steps as it has segments, without an allocation.

/// What is known of each path of a set.
pub(crate) struct Paths<T> {
    root: Node<T>,
}

struct Node<T> {
    names: Vec<(Box<str>, Self)>,
    /// Below `{id}`: any one segment.
    parameter: Option<Box<Self>>,
    here: Option<T>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { names: Vec::new(), parameter: None, here: None }
    }
}

impl<T> Default for Paths<T> {
    fn default() -> Self {
        Self { root: Node::default() }
    }
}

impl<T: Default> Paths<T> {
    /// What is known of a template, to be added to.
    pub(crate) fn at(&mut self, template: &str) -> &mut T {
        let mut node = &mut self.root;
        for segment in segments(template) {
            node = if segment.starts_with('{') { node.parameter.get_or_insert_default() } else { node.name(segment) };
        }
        node.here.get_or_insert_default()
    }
}

impl<T> Paths<T> {
    /// Visits every template that fits a path, those with names before those with parameters.
    pub(crate) fn fitting<'a>(&'a self, path: &str, visit: &mut impl FnMut(&'a T)) {
        self.root.fitting(segments(path), visit);
    }

    /// Whether any path begins with this segment.
    pub(crate) fn begin_with(&self, first: &str) -> bool {
        self.root.names.iter().any(|(name, _)| **name == *first)
    }
}

impl<T> Node<T> {
    fn name(&mut self, segment: &str) -> &mut Self {
        let at = self.names.iter().position(|(name, _)| **name == *segment);
        let at = at.unwrap_or_else(|| {
            self.names.push((segment.into(), Self::default()));
            self.names.len() - 1
        });
        match self.names.get_mut(at) {
            Some((_, node)) => node,
            None => unreachable!("it was found or made"),
        }
    }

    fn fitting<'a>(&'a self, mut rest: std::str::Split<'_, char>, visit: &mut impl FnMut(&'a T)) {
        let Some(segment) = rest.next() else {
            self.here.iter().for_each(visit);
            return;
        };
        for (_, node) in self.names.iter().filter(|(name, _)| is_same(name, segment)) {
            node.fitting(rest.clone(), visit);
        }
        if let Some(node) = self.parameter.as_ref().filter(|_| !segment.is_empty()) {
            node.fitting(rest, visit);
        }
    }
}

fn segments(path: &str) -> std::str::Split<'_, char> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// Whether a segment is this name, also when it is written with percent-encoding: services read it that way too.
fn is_same(name: &str, segment: &str) -> bool {
    if name.len() == segment.len() || !segment.contains('%') {
        return name == segment;
    }
    decoded(segment).eq(name.bytes().map(Some))
}

/// The bytes of a percent-encoded segment; `None` for what is no encoding.
fn decoded(segment: &str) -> impl Iterator<Item = Option<u8>> + '_ {
    let mut bytes = segment.bytes();
    let hex = |digit: Option<u8>| char::from(digit?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    std::iter::from_fn(move || match bytes.next()? {
        b'%' => Some(hex(bytes.next()).zip(hex(bytes.next())).map(|(high, low)| high << 4 | low)),
        byte => Some(Some(byte)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitting(path: &str) -> Vec<&'static str> {
        let mut paths = Paths::<&'static str>::default();
        for template in ["/", "/a/tasks/{id}", "/a/tasks/reorder", "/a/{id}/tags", "/a/tasks"] {
            *paths.at(template) = template;
        }
        let mut found = Vec::new();
        paths.fitting(path, &mut |template| found.push(*template));
        found
    }

    #[test]
    fn every_template_that_fits_is_found() {
        assert_eq!(fitting("/a/tasks/reorder"), ["/a/tasks/reorder", "/a/tasks/{id}"]);
        assert_eq!(fitting("/a/tasks/tags"), ["/a/tasks/{id}", "/a/{id}/tags"]);
        assert_eq!(fitting("/a/%74asks"), ["/a/tasks"]);
        assert_eq!(fitting("/"), ["/"]);
        for path in ["/a/tasks/", "/a//tags", "/a", "/b/tasks", "/a/tasks/1/2", "/a/%7asks", "/a/%74asks%", ""] {
            assert!(fitting(path).is_empty() || path.is_empty(), "{path}");
        }
    }
}
