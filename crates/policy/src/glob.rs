//! Patterns with `*` (any run of characters) and `?` (one character), matched against the whole
//! text in time linear in its length, whatever the pattern.

use memchr::memmem;

use crate::bit_parallel::{Masked, continues};
use crate::semantics::LineEnds;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Glob {
    text: Box<str>,
    shape: Shape,
}

#[derive(Clone, Debug)]
enum Shape {
    /// `*`
    Any,
    /// No wildcard.
    Exact,
    /// One star, at the end; the prefix is all but the last byte.
    Prefix,
    /// Stars, but no `?`: the pattern itself says all.
    Starred(Ends),
    /// No star, but `?`.
    Fixed,
    /// Both, with the pieces between the first and the last star.
    Masked(Ends, Box<[Floating]>),
}

/// Where the first star and the last one are in a pattern.
///
/// The pieces before and after are bound to the ends of the text, which leaves the others to be
/// found from left to right: the earliest end of each leaves most for the next.
#[derive(Clone, Copy, Debug)]
struct Ends {
    first: u32,
    last: u32,
}

/// A piece whose place is not known.
#[derive(Clone, Debug)]
enum Floating {
    Literal(Box<[u8]>),
    Masked(Box<Masked>),
}

impl Glob {
    /// Compiles a pattern. Every text is one.
    pub fn new(pattern: &str) -> Self {
        Self { shape: Shape::of(pattern), text: pattern.into() }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The only text that matches, if there is no wildcard.
    pub fn exact(&self) -> Option<&str> {
        matches!(self.shape, Shape::Exact).then_some(&*self.text)
    }

    /// Whether every text matches.
    pub fn is_any(&self) -> bool {
        matches!(self.shape, Shape::Any)
    }

    /// Whether the whole text matches; both sides as they are, with case.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, bytes) = (self.text.as_bytes(), text.as_bytes());
        match &self.shape {
            Shape::Any => true,
            Shape::Exact => pattern == bytes,
            Shape::Prefix => pattern.split_last().is_some_and(|(_, prefix)| bytes.starts_with(prefix)),
            Shape::Starred(ends) => ends.matches_literally(pattern, bytes),
            Shape::Fixed => masked_prefix(pattern, bytes) == Some(bytes.len()),
            Shape::Masked(ends, middle) => ends.matches_masked(pattern, middle, bytes),
        }
    }

    /// Whether the whole text matches, where wildcards may have to stop at line ends.
    pub fn matches_lines(&self, text: &str, line_ends: LineEnds) -> bool {
        match line_ends {
            LineEnds::NotCrossed if text.contains(is_line_end) => line_by_line(&self.text, text),
            LineEnds::Crossed | LineEnds::NotCrossed => self.matches(text),
        }
    }
}

impl Shape {
    fn of(pattern: &str) -> Self {
        let masked = pattern.contains('?');
        let (Some(first), Some(last)) = (pattern.find('*'), pattern.rfind('*')) else {
            return if masked { Self::Fixed } else { Self::Exact };
        };
        let ends = Ends { first: place(first), last: place(last) };
        match masked {
            true => Self::Masked(ends, ends.middle(pattern.as_bytes()).map(Floating::new).collect()),
            false if pattern.len() == 1 => Self::Any,
            false if first + 1 == pattern.len() => Self::Prefix,
            false => Self::Starred(ends),
        }
    }
}

/// A place in a pattern; no document that is read holds a text of four billion bytes.
fn place(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

impl Ends {
    fn head(self, pattern: &[u8]) -> &[u8] {
        pattern.get(..self.first as usize).unwrap_or_default()
    }

    fn tail(self, pattern: &[u8]) -> &[u8] {
        pattern.get(self.last as usize + 1..).unwrap_or_default()
    }

    /// The pieces between the stars.
    fn middle(self, pattern: &[u8]) -> impl Iterator<Item = &[u8]> {
        let between = pattern.get(self.first as usize + 1..self.last as usize).unwrap_or_default();
        between.split(|byte| *byte == b'*').filter(|piece| !piece.is_empty())
    }

    fn matches_literally(self, pattern: &[u8], text: &[u8]) -> bool {
        let rest =
            text.strip_prefix(self.head(pattern)).and_then(|rest| rest.strip_suffix(self.tail(pattern)));
        let Some(mut rest) = rest else { return false };
        for piece in self.middle(pattern) {
            match memmem::find(rest, piece).and_then(|start| rest.get(start + piece.len()..)) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        true
    }

    fn matches_masked(self, pattern: &[u8], middle: &[Floating], text: &[u8]) -> bool {
        let rest = masked_prefix(self.head(pattern), text).and_then(|end| text.get(end..));
        let rest = rest.and_then(|rest| rest.get(..masked_suffix(self.tail(pattern), rest)?));
        let Some(mut rest) = rest else { return false };
        for piece in middle {
            match piece.end_in(rest).and_then(|end| rest.get(end..)) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        true
    }
}

impl Floating {
    fn new(piece: &[u8]) -> Self {
        match piece.contains(&b'?') {
            false => Self::Literal(piece.into()),
            true => Self::Masked(Box::new(Masked::new(piece))),
        }
    }

    /// The earliest end of an occurrence.
    fn end_in(&self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Literal(literal) => memmem::find(text, literal).map(|start| start + literal.len()),
            Self::Masked(masked) => masked.end_in(text),
        }
    }
}

fn masked_prefix(pattern: &[u8], text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for &wanted in pattern {
        let found = *text.get(at)?;
        at += 1;
        if wanted == b'?' {
            at += text.get(at..)?.iter().take_while(|byte| continues(**byte)).count();
        } else if wanted != found {
            return None;
        }
    }
    Some(at)
}

fn masked_suffix(pattern: &[u8], text: &[u8]) -> Option<usize> {
    let mut at = text.len();
    for &wanted in pattern.iter().rev() {
        at = at.checked_sub(1)?;
        if wanted == b'?' {
            at -= text.get(..=at)?.iter().rev().take_while(|byte| continues(**byte)).count();
        } else if wanted != *text.get(at)? {
            return None;
        }
    }
    Some(at)
}

fn is_line_end(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Where no wildcard matches a line end, the line ends of both sides must pair up.
fn line_by_line(pattern: &str, text: &str) -> bool {
    let (mut patterns, mut lines) = (pattern.split_inclusive(is_line_end), text.split_inclusive(is_line_end));
    loop {
        let (pattern, line) = match (patterns.next(), lines.next()) {
            (None, None) => return true,
            // after its last line end one side may have nothing and the other wildcards
            (Some(pattern), None) => (pattern, ""),
            (None, Some(_)) => return false,
            (Some(pattern), Some(line)) => (pattern, line),
        };
        if pattern.chars().last().filter(|c| is_line_end(*c))
            != line.chars().last().filter(|c| is_line_end(*c))
            || !Glob::new(pattern.trim_end_matches(is_line_end)).matches(line.trim_end_matches(is_line_end))
        {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "a:b/c.d\ne", true),
            ("?", "a", true),
            ("?", "", false),
            ("?", "ab", false),
            ("?", "ß", true),
            ("??", "ß", false),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*a", "ba", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*ab*ab*", "abab", true),
            ("*ab*ab*", "abxb", false),
            ("ab*ba", "aba", false),
            ("re?d", "read", true),
            ("re?d", "red", false),
            ("*e?d", "the end", true),
            ("*?b?*x", "ßbßx", true),
            ("*?b?*x", "bßx", false),
            ("?*", "", false),
            ("*?", "é", true),
            ("?ore(tech|commit)", "coretech", false),
            ("?ore[a-c]", "corea", false),
            ("nhl*kings", "nhllosangeleskings", true),
            ("a**b", "ab", true),
            ("*a?c*", "aaabc", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), matches, "{pattern:?} {text:?}");
        }
    }

    #[test]
    fn the_reference_stops_at_line_ends() {
        for (pattern, text, matches) in [
            ("a*b", "a\nb", false),
            ("a\n*b", "a\nxb", true),
            ("*", "a\n", false),
            ("*\n", "a\n", true),
            ("*\n*", "a\n", true),
            ("*\n*\n*", "a\n", false),
            ("a?b", "a\u{2028}b", false),
            ("*\n*", "a\nb\nc", false),
            ("a*", "abc", true),
        ] {
            let glob = Glob::new(pattern);
            assert_eq!(glob.matches_lines(text, LineEnds::NotCrossed), matches, "{pattern:?} {text:?}");
        }
        assert!(Glob::new("a*b").matches_lines("a\nb", LineEnds::Crossed));
    }
}
