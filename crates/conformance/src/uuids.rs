//! UUIDs, which are made anew in each run.

use std::sync::LazyLock;

use regex::Regex;

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by the tests")]
static UUID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").expect("a valid pattern")
});

/// The text with every UUID replaced by `<uuid>`.
pub(crate) fn without_uuids(text: &str) -> String {
    replace_uuids(text, "<uuid>")
}

/// The text with something in the place of every UUID.
pub(crate) fn replace_uuids(text: &str, by: &str) -> String {
    UUID.replace_all(text, by).into_owned()
}
