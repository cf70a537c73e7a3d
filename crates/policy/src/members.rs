//! Members of a role or group: small records, sorted by principal, in runs that snapshots share.

use std::fmt;
use std::sync::Arc;

use athenz_model::Timestamp;

use crate::intern::{PrincipalId, Principals, TextId};
use crate::special::{Special, Wildcard, stands_for_others};

/// Why a membership has no effect though it is stored (`systemDisabled` on the wire).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SystemDisabled(u8);

impl SystemDisabled {
    /// Not disabled.
    pub const NONE: Self = Self(0);
    /// The authority filter of the role or group is not satisfied.
    pub const FILTER: Self = Self(1);
    /// Suspended by the user authority.
    pub const USER_AUTHORITY: Self = Self(2);
    /// Suspended by an administrator.
    pub const ADMINISTRATOR: Self = Self(4);

    /// From the bits on the wire; unknown bits are kept, and disable.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The bits on the wire.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether no bit is set: the membership counts.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every bit of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// With the bits of `other` set.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// With the bits of `other` cleared.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// One membership, as it is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Whom it is about: a principal, a group, or a wildcard.
    pub principal: PrincipalId,
    /// Who asked for it.
    pub requester: Option<PrincipalId>,
    /// The audit reference it was made with.
    pub audit_reference: Option<TextId>,
    /// Why it has no effect, if so.
    pub system_disabled: SystemDisabled,
    /// As it was given (`active` on the wire): shown, and without effect on decisions, as in Athenz.
    pub active: bool,
    /// The last moment at which it counts.
    pub expiration: Option<Timestamp>,
    /// When somebody should look at it again; no effect on decisions.
    pub review_reminder: Option<Timestamp>,
}

// a world of four million memberships is planned with this
const _: () = assert!(size_of::<Member>() == 32);

impl Member {
    /// Whether this entry counts at `now`: not disabled, and not past its end.
    pub fn counts_at(&self, now: Timestamp) -> bool {
        entry_counts(self.system_disabled, self.expiration, now)
    }

    /// A membership without end.
    pub const fn of(principal: PrincipalId) -> Self {
        Self {
            principal,
            requester: None,
            audit_reference: None,
            system_disabled: SystemDisabled::NONE,
            active: true,
            expiration: None,
            review_reminder: None,
        }
    }
}

/// Whether an entry counts at `now`, by what its record says.
pub fn entry_counts(disabled: SystemDisabled, expiration: Option<Timestamp>, now: Timestamp) -> bool {
    disabled.is_empty() && !expiration.is_some_and(|end| is_past(end, now))
}

/// Whether a membership that ends at `expiration` has ended. Expiry counts in whole seconds, as in
/// tokens: the second of the end is still within.
pub const fn is_past(expiration: Timestamp, now: Timestamp) -> bool {
    expiration.seconds() < now.seconds()
}

/// The most members in a run: what one change copies.
const RUN: usize = 1024;
/// A run below this joins a neighbour, if both fit well within one run.
const SMALL_RUN: usize = RUN / 4;
const JOINED_RUN: usize = RUN / 4 * 3;

#[derive(Clone)]
struct Run {
    first: PrincipalId,
    members: Arc<Vec<Member>>,
}

/// The members of a role or group, sorted by principal. Cloning shares everything; a change copies
/// one run and the spine.
#[derive(Clone, Default)]
pub struct Members {
    /// No run is empty.
    runs: Arc<Vec<Run>>,
    len: usize,
    special: Special,
}

impl Members {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// All at once; of several entries for one principal the last counts.
    pub fn from_sorted(members: Vec<Member>, principals: &Principals) -> Self {
        Self::from_sorted_knowing(members, principals, |entry| stands_for_others(principals.text(entry)))
    }

    /// The same for a caller that knows which entries are wildcards or groups, so that no other
    /// name need be read.
    pub fn from_sorted_knowing(
        mut members: Vec<Member>,
        principals: &Principals,
        mut stands_for_others: impl FnMut(PrincipalId) -> bool,
    ) -> Self {
        if !members.is_sorted_by_key(|member| member.principal) {
            members.sort_by_key(|member| member.principal);
        }
        members.dedup_by(|later, earlier| {
            let same = later.principal == earlier.principal;
            if same {
                *earlier = *later;
            }
            same
        });
        let mut special = Special::default();
        for entry in members.iter().map(|member| member.principal) {
            if stands_for_others(entry) {
                special.add(entry, principals.text(entry));
            }
        }
        let runs = members
            .chunks(RUN)
            .filter_map(|run| Some(Run { first: run.first()?.principal, members: Arc::new(run.to_vec()) }))
            .collect();
        Self { runs: Arc::new(runs), len: members.len(), special }
    }

    /// How many entries there are, whatever their state.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entry of exactly this principal.
    pub fn get(&self, principal: PrincipalId) -> Option<&Member> {
        let run = self.runs.get(self.run_of(principal)?)?;
        run.members.get(place_of(&run.members, principal).ok()?)
    }

    /// Adds or replaces an entry and gives back the one that was there.
    pub fn insert(&mut self, member: Member, principals: &Principals) -> Option<Member> {
        let old = self.insert_record(member);
        if old.is_none() {
            self.len += 1;
            self.special.add(member.principal, principals.text(member.principal));
        }
        old
    }

    /// Removes an entry and gives it back.
    pub fn remove(&mut self, principal: PrincipalId) -> Option<Member> {
        let index = self.run_of(principal)?;
        let place = place_of(&self.runs.get(index)?.members, principal).ok()?;
        let runs = Arc::make_mut(&mut self.runs);
        let run = runs.get_mut(index)?;
        let removed = Arc::make_mut(&mut run.members).remove(place);
        match run.members.first() {
            Some(first) => run.first = first.principal,
            None => drop(runs.remove(index)),
        }
        join_small(runs, index);
        self.len -= 1;
        self.special.remove(principal);
        Some(removed)
    }

    /// All entries, by principal id: in the order in which the principals were first stored.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.runs.iter().flat_map(|run| run.members.iter())
    }

    /// Entries that name a group, with the group's full name.
    pub fn groups(&self) -> impl Iterator<Item = (&Member, &str)> {
        self.special.groups().filter_map(|(id, name)| Some((self.get(id)?, name)))
    }

    /// Entries that are wildcards and match the name.
    pub(crate) fn wildcards<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Member> {
        self.special.wildcards(name).filter_map(|wildcard: &Wildcard| self.get(wildcard.entry))
    }

    /// The run that holds, or would hold, a principal.
    fn run_of(&self, principal: PrincipalId) -> Option<usize> {
        match self.runs.partition_point(|run| run.first <= principal) {
            0 if self.runs.is_empty() => None,
            after => Some(after.saturating_sub(1)),
        }
    }

    fn insert_record(&mut self, member: Member) -> Option<Member> {
        let index = self.run_of(member.principal);
        let runs = Arc::make_mut(&mut self.runs);
        let Some((index, run)) = index.and_then(|index| Some((index, runs.get_mut(index)?))) else {
            runs.push(Run { first: member.principal, members: Arc::new(vec![member]) });
            return None;
        };
        let records = Arc::make_mut(&mut run.members);
        match place_of(records, member.principal) {
            Ok(place) => records.get_mut(place).map(|old| std::mem::replace(old, member)),
            Err(place) => {
                let appended = place == records.len();
                records.insert(place, member);
                run.first = run.first.min(member.principal);
                if run.members.len() > RUN {
                    split(runs, index, appended);
                }
                None
            }
        }
    }
}

/// Where an entry is, or where it would be put. Ids count up as names come, so an entry is close to
/// where its id lies between the first and the last: a question about many roles touches two or
/// three lines of memory in each instead of ten.
fn place_of(records: &[Member], principal: PrincipalId) -> Result<usize, usize> {
    let (Some(first), Some(last)) = (records.first(), records.last()) else { return Err(0) };
    if principal < first.principal {
        return Err(0);
    }
    if principal > last.principal {
        return Err(records.len());
    }
    let way = |to: PrincipalId| (to.index() - first.principal.index()) as u64;
    let guess = way(principal) * (records.len() - 1) as u64 / way(last.principal).max(1);
    let guess = usize::try_from(guess).unwrap_or(0);
    let (start, end) = around(records, principal, guess);
    let within = records.get(start..end).unwrap_or_default();
    match within.binary_search_by_key(&principal, |member| member.principal) {
        Ok(place) => Ok(start + place),
        Err(place) => Err(start + place),
    }
}

/// The part of a run that an entry must be in, widened from a guess in steps that double.
fn around(records: &[Member], principal: PrincipalId, guess: usize) -> (usize, usize) {
    let is_before = |place: usize| records.get(place).is_some_and(|member| member.principal < principal);
    let mut step = 2;
    if is_before(guess) {
        let mut start = guess + 1;
        while is_before(start + step) {
            start += step + 1;
            step *= 2;
        }
        return (start, records.len().min(start + step + 1));
    }
    let mut end = guess + 1;
    while end > step && !is_before(end - step) {
        end -= step - 1;
        step *= 2;
    }
    (end.saturating_sub(step), end)
}

/// Divides a run that grew too long; one that grew at its end keeps full, for ids rise.
fn split(runs: &mut Vec<Run>, index: usize, appended: bool) {
    let Some(run) = runs.get_mut(index) else { return };
    let records = Arc::make_mut(&mut run.members);
    let keep = if appended { RUN } else { RUN / 2 };
    let rest = records.split_off(keep);
    records.shrink_to_fit();
    if let Some(first) = rest.first() {
        runs.insert(index + 1, Run { first: first.principal, members: Arc::new(rest) });
    }
}

/// Joins a run that became small with the one after or before it.
fn join_small(runs: &mut Vec<Run>, index: usize) {
    let len = |at: usize| runs.get(at).map(|run: &Run| run.members.len());
    let Some(own) = len(index).filter(|own| *own < SMALL_RUN) else { return };
    let fits = |at: &usize| len(*at).is_some_and(|other| own + other <= JOINED_RUN);
    let Some(left) = [Some(index), index.checked_sub(1)]
        .into_iter()
        .flatten()
        .find(|left| fits(&(if *left == index { left + 1 } else { *left })))
    else {
        return;
    };
    let right = runs.remove(left + 1);
    if let Some(run) = runs.get_mut(left) {
        Arc::make_mut(&mut run.members).extend_from_slice(&right.members);
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl Eq for Members {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_counts_while_enabled_and_not_past_its_end() {
        let now = Timestamp::from_millis(1_000_900);
        let plain = Member::of(Principals::new().intern("user.jane"));
        let until = |end| Member { expiration: Some(Timestamp::from_millis(end)), ..plain };
        for (member, counts) in [
            (plain, true),
            (Member { active: false, ..plain }, true),
            (Member { system_disabled: SystemDisabled::FILTER, ..plain }, false),
            (until(1_001_000), true),
            (until(1_000_000), true), // the second of the end is within
            (until(999_999), false),
        ] {
            assert_eq!(member.counts_at(now), counts, "{member:?}");
        }
    }

    fn assert_well_formed(members: &Members) {
        let mut before = None;
        for run in members.runs.iter() {
            assert!((1..=RUN).contains(&run.members.len()), "{}", run.members.len());
            assert_eq!(run.first, run.members[0].principal);
            assert!(run.members.is_sorted_by_key(|member| member.principal));
            assert!(before < Some(run.first), "runs are in order");
            before = run.members.last().map(|member| member.principal);
        }
    }

    #[test]
    fn runs_stay_bounded_and_do_not_crumble() {
        let principals = Principals::new();
        let ids: Vec<PrincipalId> = (0..10_000).map(|n| principals.intern(&format!("user.u{n}"))).collect();
        let mut members = Members::new();
        for id in ids.iter().step_by(2).chain(ids.iter().skip(1).step_by(2)) {
            members.insert(Member::of(*id), &principals);
        }
        assert_well_formed(&members);
        assert!(members.runs.len() <= 20, "{} runs", members.runs.len());
        for id in ids.iter().filter(|id| id.index() % 50 != 0) {
            members.remove(*id);
            if id.index() % 97 == 0 {
                assert_well_formed(&members);
            }
        }
        assert_eq!(members.len(), 200);
        assert!(members.runs.len() <= 2, "{} runs", members.runs.len());
    }

    #[test]
    fn entries_are_found_however_ids_lie() {
        type Spread = (&'static str, fn(usize) -> usize);
        let spreads: [Spread; 5] = [
            ("dense", |n| n + 7),
            ("even", |n| n * 13),
            ("ever farther apart", |n| n * n),
            ("ever closer", |n| 1_000_000 - (1000 - n) * (1000 - n)),
            ("clustered", |n| n / 100 * 100_000 + n % 100 * 2),
        ];
        for (name, place) in spreads {
            for len in [0, 1, 2, 3, 10, 100, 1000] {
                let id = |index| PrincipalId::from_index(index).unwrap();
                let records: Vec<Member> = (0..len).map(|n| Member::of(id(place(n)))).collect();
                let asked = (0..len).flat_map(|n| [place(n).saturating_sub(1), place(n), place(n) + 1]);
                for asked in asked.chain([0, 3, 5_000_000]).map(id) {
                    let expected = records.binary_search_by_key(&asked, |member| member.principal);
                    assert_eq!(place_of(&records, asked), expected, "{asked:?} in {len} {name}");
                }
            }
        }
    }

    #[test]
    fn appending_fills_runs() {
        let principals = Principals::new();
        let mut members = Members::new();
        for n in 0..4 * RUN {
            members.insert(Member::of(principals.intern(&format!("user.u{n}"))), &principals);
        }
        assert_eq!(members.runs.len(), 4);
    }

    #[test]
    fn a_change_copies_one_run() {
        let principals = Principals::new();
        let ids: Vec<PrincipalId> = (0..5000).map(|n| principals.intern(&format!("user.u{n}"))).collect();
        let before = Members::from_sorted(ids.iter().copied().map(Member::of).collect(), &principals);
        let mut after = before.clone();
        after.insert(Member { active: false, ..Member::of(ids[2000]) }, &principals);
        let shared = before.runs.iter().zip(after.runs.iter());
        let copied = shared.filter(|(a, b)| !Arc::ptr_eq(&a.members, &b.members)).count();
        assert_eq!(copied, 1);
    }
}
