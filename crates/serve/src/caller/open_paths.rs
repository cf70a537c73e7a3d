//! The paths that may be called without a credential.

/// A list of paths: exact ones, ones that end in `*` for everything below, and `{}` for any one
/// segment. A credential that is shown there and does not hold is still refused.
#[derive(Clone, Debug, Default)]
pub struct OpenPaths(Vec<Pattern>);

#[derive(Clone, Debug)]
struct Pattern {
    segments: Vec<Segment>,
    open_end: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Exact(String),
    Any,
}

/// An entry that is not understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenPathError {
    /// Not an absolute path.
    #[error("open path `{0}` does not begin with `/`")]
    NotAbsolute(String),
    /// A regular expression.
    #[error(
        "open path `{0}` looks like a regular expression; write `{{}}` for one segment or end it with `*`"
    )]
    Expression(String),
}

impl OpenPaths {
    /// Reads a list of entries.
    ///
    /// # Errors
    /// The first entry that is not understood.
    pub fn parse<S: AsRef<str>>(entries: &[S]) -> Result<Self, OpenPathError> {
        entries.iter().map(|entry| Pattern::parse(entry.as_ref().trim())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the path is on the list, letter by letter: a path with a slash at its end is another.
    pub fn contains(&self, path: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(path))
    }
}

impl Pattern {
    fn parse(entry: &str) -> Result<Self, OpenPathError> {
        let Some(path) = entry.strip_prefix('/') else {
            return Err(OpenPathError::NotAbsolute(entry.to_owned()));
        };
        let (path, is_open) = match path.strip_suffix('*') {
            Some(path) => (path, true),
            None => (path, false),
        };
        if path.contains(['+', '*', '[', '(', '\\', '^', '$']) {
            return Err(OpenPathError::Expression(entry.to_owned()));
        }
        let mut segments: Vec<&str> = path.split('/').collect();
        let open_end = if is_open { segments.pop().map(str::to_owned) } else { None };
        Ok(Self { segments: segments.into_iter().map(Segment::parse).collect(), open_end })
    }

    fn matches(&self, path: &str) -> bool {
        let Some(path) = path.strip_prefix('/') else { return false };
        let mut given = path.split('/');
        for segment in &self.segments {
            match given.next() {
                Some(text) if segment.matches(text) => {}
                _ => return false,
            }
        }
        match (&self.open_end, given.next()) {
            (None, rest) => rest.is_none(),
            (Some(start), Some(text)) => text.starts_with(start.as_str()),
            (Some(_), None) => false,
        }
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        if text == "{}" { Self::Any } else { Self::Exact(text.to_owned()) }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Any => !text.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_match_whole_paths() {
        let paths =
            OpenPaths::parse(&["/zms/v1/status", "/ui/*", "/zts/v1/domain/{}/policy/signed", "/oauth2/k*"])
                .unwrap();
        for (path, open) in [
            ("/zms/v1/status", true),
            ("/zms/v1/status/", false),
            ("/zms/v1/statusx", false),
            ("/zms/v1", false),
            ("/ui/page/1", true),
            ("/uix", false),
            ("/zts/v1/domain/sports/policy/signed", true),
            ("/zts/v1/domain//policy/signed", false),
            ("/zts/v1/domain/sports/policy", false),
            ("/oauth2/keys", true),
            ("/oauth2/token", false),
        ] {
            assert_eq!(paths.contains(path), open, "{path}");
        }
    }

    #[test]
    fn expressions_are_refused_with_a_way_out() {
        assert!(matches!(OpenPaths::parse(&["/a/.+/b"]), Err(OpenPathError::Expression(_))));
        assert!(matches!(OpenPaths::parse(&["zms"]), Err(OpenPathError::NotAbsolute(_))));
    }
}
