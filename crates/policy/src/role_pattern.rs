//! The role of an assertion: nearly always a full name, sometimes a pattern of full names.

use crate::glob::Glob;

/// What stands between domain and short name in the full name of a role.
const SEPARATOR: &str = ":role.";

/// The role of an assertion, as written.
#[derive(Clone, Debug)]
pub(crate) struct RolePattern {
    text: Box<str>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// `sports:role.readers`; the length of the domain.
    Exact(usize),
    /// `sports:role.read*`: a pattern within one domain; its length, and the rest.
    Within(usize, Glob),
    /// `*`, `*:role.readers`: anything else is compared with full names.
    Full(Glob),
}

impl RolePattern {
    pub(crate) fn new(text: &str) -> Self {
        let is_pattern = |part: &str| part.contains(['*', '?']);
        let kind = match text.split_once(SEPARATOR) {
            Some((domain, short)) if !is_pattern(domain) => match is_pattern(short) {
                false => Kind::Exact(domain.len()),
                true => Kind::Within(domain.len(), Glob::new(short)),
            },
            _ => Kind::Full(Glob::new(text)),
        };
        Self { text: text.into(), kind }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_exact(&self) -> bool {
        matches!(self.kind, Kind::Exact(_))
    }

    /// The one short name in a domain that this can match, if it is no pattern.
    pub(crate) fn exact_in(&self, domain: &str) -> Option<&str> {
        match self.kind {
            Kind::Exact(length) => self.rest(length, domain),
            Kind::Within(..) | Kind::Full(_) => None,
        }
    }

    /// Whether any role of the domain can match.
    pub(crate) fn reaches(&self, domain: &str) -> bool {
        match &self.kind {
            Kind::Exact(length) | Kind::Within(length, _) => self.rest(*length, domain).is_some(),
            Kind::Full(_) => true,
        }
    }

    /// Whether a role matches, given by domain and short name.
    pub(crate) fn matches(&self, domain: &str, short: &str) -> bool {
        match &self.kind {
            Kind::Exact(_) => self.exact_in(domain) == Some(short),
            Kind::Within(length, glob) => self.rest(*length, domain).is_some() && glob.matches(short),
            Kind::Full(glob) => with_full_name(domain, short, |full| glob.matches(full)),
        }
    }

    /// What follows the separator, if the domain is the one given.
    fn rest(&self, length: usize, domain: &str) -> Option<&str> {
        let (own, rest) = self.text.split_at_checked(length)?;
        (own == domain).then(|| rest.strip_prefix(SEPARATOR)).flatten()
    }
}

/// Room for a full name; stored names are shorter.
const ROOM: usize = 1024;

/// Hands the full name of a role to `then`, without allocating unless it is unusually long.
pub(crate) fn with_full_name<T>(domain: &str, short: &str, then: impl FnOnce(&str) -> T) -> T {
    let mut room = [0; ROOM];
    let mut length = 0;
    for part in [domain, SEPARATOR, short] {
        let Some(place) = room.get_mut(length..length + part.len()) else {
            return then(&format!("{domain}{SEPARATOR}{short}"));
        };
        place.copy_from_slice(part.as_bytes());
        length += part.len();
    }
    match room.get(..length).map(std::str::from_utf8) {
        Some(Ok(full)) => then(full),
        _ => then(&format!("{domain}{SEPARATOR}{short}")),
    }
}

/// The short name of a role given by its full name.
pub(crate) fn short_name<'a>(full: &'a str, domain: &str) -> Option<&'a str> {
    full.strip_prefix(domain)?.strip_prefix(SEPARATOR)
}

/// Whether a text is the full name of some role.
pub(crate) fn is_full_name(text: &str) -> bool {
    text.contains(SEPARATOR)
}

/// Whether `domain:role.short` ends with a text.
pub(crate) fn full_name_ends_with(domain: &str, short: &str, end: &str) -> bool {
    with_full_name(domain, short, |full| full.ends_with(end))
}
