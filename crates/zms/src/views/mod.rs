//! Objects of the world as they stand on the wire. Lists are in the order of names, so that every
//! process and every store gives the same bytes.

pub(crate) mod collections;
pub(crate) mod domains;
pub(crate) mod policies;
pub(crate) mod services;

use std::collections::BTreeMap;

use athenz_model::wire::zms::TagValueList;

/// A number, where it is set.
pub(crate) fn number(value: i32) -> Option<i32> {
    (value != 0).then_some(value)
}

/// A text, where it is set.
pub(crate) fn text(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

/// A switch, where it is on.
pub(crate) fn switch(value: bool) -> Option<bool> {
    value.then_some(true)
}

/// Tags in the form of the wire.
pub(crate) fn tags(tags: &BTreeMap<String, Vec<String>>) -> Option<BTreeMap<String, TagValueList>> {
    if tags.is_empty() {
        return None;
    }
    let list = |values: &Vec<String>| TagValueList { list: Some(values.iter().cloned().map(Some).collect()) };
    Some(tags.iter().map(|(key, values)| (key.clone(), list(values))).collect())
}

/// Whether an object has a tag; a value without a key asks for nothing.
pub(crate) fn has_tag(tags: &BTreeMap<String, Vec<String>>, key: Option<&str>, value: Option<&str>) -> bool {
    let Some(key) = key else { return true };
    tags.get(key).is_some_and(|values| value.is_none_or(|value| values.iter().any(|held| held == value)))
}

/// A page of sorted names: those behind `skip` (if it is among them), at most `limit`; and the
/// last one if there are more.
pub(crate) fn page<'a>(
    names: impl Iterator<Item = &'a str>,
    limit: Option<i32>,
    skip: Option<&str>,
) -> (Vec<String>, Option<String>) {
    let names: Vec<&str> = names.collect();
    let start = skip.and_then(|skip| names.binary_search(&skip).ok()).map_or(0, |place| place + 1);
    let behind = names.into_iter().skip(start);
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let mut page: Vec<String> = match limit {
        Some(limit) => behind.take(limit + 1).map(str::to_owned).collect(),
        None => behind.map(str::to_owned).collect(),
    };
    let Some(limit) = limit.filter(|limit| page.len() > *limit) else { return (page, None) };
    page.truncate(limit);
    let next = page.last().cloned();
    (page, next)
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn pages_of_names() {
        let names = ["a", "b", "c", "d"];
        let all = |limit, skip| page(names.iter().copied(), limit, skip);
        assert_eq!(all(None, None), (vec!["a".into(), "b".into(), "c".into(), "d".into()], None));
        assert_eq!(all(Some(2), None), (vec!["a".into(), "b".into()], Some("b".into())));
        assert_eq!(all(Some(2), Some("b")), (vec!["c".into(), "d".into()], None));
        assert_eq!(all(Some(1), Some("none")), (vec!["a".into()], Some("a".into())));
        assert_eq!(all(Some(0), Some("d")), (vec![], None));
    }
}
