//! The entries of a member list that stand for others: wildcards and groups.

use std::sync::Arc;

use crate::intern::PrincipalId;

/// An entry such as `*`, `user.*` or `sports.api*`.
#[derive(Clone, Debug)]
pub(crate) struct Wildcard {
    /// What a name must start with.
    prefix: Box<str>,
    pub(crate) entry: PrincipalId,
}

#[derive(Clone, Debug, Default)]
struct Entries {
    /// Sorted by prefix.
    wildcards: Vec<Wildcard>,
    /// Full names, sorted by entry.
    groups: Vec<(PrincipalId, Box<str>)>,
}

/// Kept beside the members and up to date with each change; shared until it changes itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Special(Option<Arc<Entries>>);

/// Up to so many wildcards are tried one by one.
const FEW: usize = 16;

impl Special {
    /// Notes an entry that is new, if it is a wildcard or a group.
    pub(crate) fn add(&mut self, entry: PrincipalId, name: &str) {
        if let Some(prefix) = name.strip_suffix('*') {
            let wildcards = &mut self.entries().wildcards;
            let place = wildcards.partition_point(|other| *other.prefix < *prefix);
            wildcards.insert(place, Wildcard { prefix: prefix.into(), entry });
        } else if group_of(name).is_some() {
            let groups = &mut self.entries().groups;
            let place = groups.partition_point(|(other, _)| *other < entry);
            groups.insert(place, (entry, name.into()));
        }
    }

    /// Forgets an entry, if it was noted.
    pub(crate) fn remove(&mut self, entry: PrincipalId) {
        let noted = self.0.as_ref().is_some_and(|special| {
            special.wildcards.iter().any(|wildcard| wildcard.entry == entry)
                || special.groups.binary_search_by_key(&entry, |(other, _)| *other).is_ok()
        });
        if !noted {
            return;
        }
        let entries = self.entries();
        entries.wildcards.retain(|wildcard| wildcard.entry != entry);
        entries.groups.retain(|(other, _)| *other != entry);
        if entries.wildcards.is_empty() && entries.groups.is_empty() {
            self.0 = None;
        }
    }

    /// The wildcards that match a name.
    pub(crate) fn wildcards<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Wildcard> {
        let all = self.0.as_ref().map_or(&[][..], |special| special.wildcards.as_slice());
        let (few, many) = if all.len() <= FEW { (all, &[][..]) } else { (&[][..], all) };
        let prefixes = if many.is_empty() { 0..0 } else { 0..name.len() + 1 };
        few.iter().filter(move |wildcard| name.starts_with(&*wildcard.prefix)).chain(prefixes.filter_map(
            move |length| {
                let prefix = name.get(..length)?;
                many.binary_search_by(|wildcard| (*wildcard.prefix).cmp(prefix))
                    .ok()
                    .and_then(|place| many.get(place))
            },
        ))
    }

    /// The groups, with their full names.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (PrincipalId, &str)> {
        self.0.iter().flat_map(|special| special.groups.iter().map(|(entry, name)| (*entry, &**name)))
    }

    fn entries(&mut self) -> &mut Entries {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

/// Whether a member of this name is no principal itself: a wildcard or a group.
pub fn stands_for_others(name: &str) -> bool {
    name.ends_with('*') || group_of(name).is_some()
}

/// Domain and short name of `domain:group.name`.
pub(crate) fn group_of(name: &str) -> Option<(&str, &str)> {
    let (domain, rest) = name.split_once(':')?;
    Some((domain, rest.strip_prefix("group.")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_wildcards_are_found_alike() {
        let names = ["*", "a*", "ab*", "abc.*", "abc.d*", "b*", "ß*", "abc.def", "x:group.abc"];
        let more = (0..40).map(|n| format!("other{n}*"));
        let all: Vec<String> = names.iter().map(|name| (*name).to_owned()).chain(more).collect();
        for count in [names.len(), all.len()] {
            let mut special = Special::default();
            for (index, name) in all.iter().take(count).enumerate() {
                special.add(PrincipalId::from_index(index).unwrap(), name);
            }
            for (asked, expected) in [
                ("abc.def", &["*", "a*", "ab*", "abc.*", "abc.d*"][..]),
                ("", &["*"]),
                ("ßx", &["*", "ß*"]),
                ("b", &["*", "b*"]),
            ] {
                let mut found: Vec<&str> =
                    special.wildcards(asked).map(|wildcard| all[wildcard.entry.index()].as_str()).collect();
                found.sort_unstable();
                assert_eq!(found, expected, "{asked} among {count}");
            }
        }
    }
}
