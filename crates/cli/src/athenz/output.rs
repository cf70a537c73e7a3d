//! What a command prints: lines for people, or one JSON value for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::options::Format;

/// Standard output.
#[derive(Debug)]
pub(super) struct Output {
    format: Format,
}

impl Output {
    pub(super) const fn new(format: Format) -> Self {
        Self { format }
    }

    /// The value as JSON, or the text.
    pub(super) fn show<T: Serialize>(
        &mut self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        let text = match self.format {
            Format::Json => serde_json::to_string_pretty(value)?,
            Format::Text => text(value),
        };
        self.line(&text)
    }

    /// That something was done.
    pub(super) fn done(&mut self, what: &str) -> anyhow::Result<()> {
        self.show(&serde_json::json!({ "done": what }), |_| what.to_owned())
    }

    /// Text as it is, in either format.
    pub(super) fn line(&mut self, text: &str) -> anyhow::Result<()> {
        match writeln!(io::stdout().lock(), "{}", text.trim_end()) {
            // whoever read it has had enough
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => Ok(result?),
        }
    }
}

/// Lines with two columns, the first as wide as its widest.
pub(super) fn columns(rows: &[(String, String)]) -> String {
    let width = rows.iter().map(|(first, _)| first.chars().count()).max().unwrap_or(0);
    let lines = rows.iter().map(|(first, second)| format!("{first:width$}  {second}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// A resource name without its domain and kind: `reader` of `shop:role.reader`.
pub(super) fn short<'a>(name: &'a str, domain: &str, kind: &str) -> &'a str {
    let rest = name.strip_prefix(domain).and_then(|rest| rest.strip_prefix(':'));
    let rest = rest.and_then(|rest| rest.strip_prefix(kind)).and_then(|rest| rest.strip_prefix('.'));
    rest.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shortened_only_in_their_domain() {
        assert_eq!(short("shop:role.reader", "shop", "role"), "reader");
        assert_eq!(short("store:role.reader", "shop", "role"), "store:role.reader");
        assert_eq!(short("shop:policy.p", "shop", "role"), "shop:policy.p");
        let rows = [("a".to_owned(), "1".to_owned()), ("long".to_owned(), String::new())];
        assert_eq!(columns(&rows), "a     1\nlong");
    }
}
