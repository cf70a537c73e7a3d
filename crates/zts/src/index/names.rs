//! The table of member names, made anew when most of it is of members that are gone.

use std::collections::HashMap;
use std::sync::Arc;

use athenz_policy::{Member, Members, PrincipalId, Principals};

use super::Index;
use super::entry::DomainEntry;

/// Names that may be kept for nothing, however few are in use.
const SPARE: usize = 10_000;

/// What names are in another table, in the same order.
struct Moved {
    names: HashMap<PrincipalId, PrincipalId>,
    table: Arc<Principals>,
}

impl Moved {
    /// Names of these domains alone.
    fn of<'a>(entries: impl Iterator<Item = &'a DomainEntry>, from: &Principals) -> Self {
        let table = Principals::new();
        let names = in_use(entries).into_iter().map(|id| (id, table.intern(from.text(id)))).collect();
        Self { names, table: Arc::new(table) }
    }

    /// The same domain under the numbers of the other table.
    fn domain(&self, entry: &DomainEntry) -> Arc<DomainEntry> {
        Arc::new(entry.with_members(|members| self.members(members)))
    }

    fn members(&self, members: &Members) -> Members {
        let moved = members.iter().filter_map(|member| {
            let principal = *self.names.get(&member.principal)?;
            Some(Member { principal, ..*member })
        });
        Members::from_sorted(moved.collect(), &self.table)
    }
}

impl Index {
    /// Makes the table of names anew when it has [`SPARE`] more than twice as many as are in use.
    /// Those are counted when the table has grown by a part of them, so that a change costs little
    /// on average.
    pub(crate) fn forget_names(&mut self) {
        if self.principals.len() <= self.count_names_at.max(SPARE) {
            return;
        }
        let in_use = in_use(self.entries()).len();
        let most = in_use * 2 + SPARE;
        if self.principals.len() > most {
            self.move_names();
        }
        self.count_names_at = most.max(self.principals.len() + (in_use + SPARE) / 2);
    }

    fn move_names(&mut self) {
        let moved = Moved::of(self.entries(), &self.principals);
        let entries = self.domains.iter().map(|(name, entry)| (name.clone(), moved.domain(entry)));
        self.domains = entries.collect();
        self.principals = moved.table;
    }

    /// A domain compiled for another index, with the names of this one.
    pub(crate) fn adopt(&self, entry: Arc<DomainEntry>, from: &Arc<Principals>) -> Arc<DomainEntry> {
        if Arc::ptr_eq(&self.principals, from) {
            return entry;
        }
        let names = in_use(std::iter::once(&*entry)).into_iter();
        let names = names.map(|id| (id, self.principals.intern(from.text(id)))).collect();
        Moved { names, table: Arc::clone(&self.principals) }.domain(&entry)
    }

    fn entries(&self) -> impl Iterator<Item = &DomainEntry> {
        self.domains.values().map(|entry| &**entry)
    }
}

/// Names in use, each once, in the order in which they were first stored.
fn in_use<'a>(entries: impl Iterator<Item = &'a DomainEntry>) -> Vec<PrincipalId> {
    let members = entries.flat_map(DomainEntry::all_members);
    let mut used: Vec<PrincipalId> = members.flat_map(Members::iter).map(|member| member.principal).collect();
    used.sort_unstable();
    used.dedup();
    used
}
