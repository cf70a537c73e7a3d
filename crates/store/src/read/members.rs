//! Rows of memberships: most of a world, so read by several readers at once where a store can.

use athenz_policy::{Member, PrincipalId, SystemDisabled, TextId};
use athenz_world::load::{CollectionKey, GatheredMembers, MemberGathering};
use rustc_hash::FxHashMap;

use crate::error::StoreError;
use crate::value::Columns;

use super::table::OF_COLLECTIONS;
use super::{Loader, small};

const SELECT: &str = "SELECT collection_id, principal_id, requester_id, audit_reference, system_disabled, \
    inactive, expiration, review_reminder FROM member";
/// Members of one collection come one after the other.
const ORDER: &str = " ORDER BY collection_id, principal_id";

/// Takes rows of members, those of a collection one after the other.
pub(crate) struct MemberReader<'a> {
    loader: &'a Loader,
    gathering: MemberGathering<'a>,
    current: Option<Current>,
    gathered: Vec<GatheredMembers>,
    last_text: Option<(String, TextId)>,
}

/// A collection while its rows come in.
struct Current {
    row: i64,
    key: CollectionKey,
    members: Vec<Member>,
}

impl<'a> MemberReader<'a> {
    pub(super) fn new(loader: &'a Loader) -> Self {
        Self {
            loader,
            gathering: loader.builder.gather_members(),
            current: None,
            gathered: Vec::new(),
            last_text: None,
        }
    }

    /// Reads the memberships of the collections with row numbers from `$1` to `$2`.
    pub(crate) fn of_range() -> String {
        format!("{SELECT} WHERE collection_id BETWEEN $1 AND $2{ORDER}")
    }

    /// Reads the memberships of the domain `$1`.
    pub(crate) fn of_domain() -> String {
        format!("{SELECT}{OF_COLLECTIONS}{ORDER}")
    }

    /// Takes a row.
    pub(crate) fn row(&mut self, row: &impl Columns) -> Result<(), StoreError> {
        let numbers = &self.loader.principals;
        let member = Member {
            principal: numbers.id(row.integer(1)?)?,
            requester: row.optional_integer(2)?.map(|number| numbers.id(number)).transpose()?,
            audit_reference: row.optional_text(3)?.map(|text| self.text_id(text)),
            system_disabled: SystemDisabled::from_bits(small(row.integer(4)?)?),
            active: !row.flag(5)?,
            expiration: row.optional_moment(6)?,
            review_reminder: row.optional_moment(7)?,
        };
        let collection = row.integer(0)?;
        match &mut self.current {
            Some(current) if current.row == collection => current.members.push(member),
            _ => {
                self.finish_collection()?;
                let key = self.loader.collection_key(collection)?;
                self.current = Some(Current { row: collection, key, members: vec![member] });
            }
        }
        Ok(())
    }

    /// Members of every collection of which rows came.
    pub(crate) fn finish(mut self) -> Result<Vec<GatheredMembers>, StoreError> {
        self.finish_collection()?;
        Ok(self.gathered)
    }

    fn finish_collection(&mut self) -> Result<(), StoreError> {
        let Some(Current { row, key, members }) = self.current.take() else { return Ok(()) };
        let gathered = self.gathering.gather(key, members);
        let damaged = || StoreError::Damaged(format!("members of unknown collection {row}"));
        self.gathered.push(gathered.ok_or_else(damaged)?);
        Ok(())
    }

    /// Audit references of neighbours are often the same.
    fn text_id(&mut self, text: &str) -> TextId {
        match &self.last_text {
            Some((last, id)) if last == text => *id,
            _ => {
                let id = self.gathering.text(text);
                self.last_text = Some((text.to_owned(), id));
                id
            }
        }
    }
}

/// Row numbers of principals to ids of the world: an array, since the numbers are dense but for
/// what failed transactions left out.
#[derive(Default)]
pub(super) struct PrincipalNumbers {
    dense: Vec<Option<PrincipalId>>,
    sparse: FxHashMap<i64, PrincipalId>,
}

/// The longest gap between two numbers that the array takes.
const GAP: usize = 1 << 20;

impl PrincipalNumbers {
    pub(super) fn insert(&mut self, number: i64, id: PrincipalId) {
        match usize::try_from(number) {
            Ok(place) if place < self.dense.len() + GAP => {
                if place >= self.dense.len() {
                    self.dense.resize(place + 1, None);
                }
                if let Some(slot) = self.dense.get_mut(place) {
                    *slot = Some(id);
                }
            }
            _ => {
                self.sparse.insert(number, id);
            }
        }
    }

    pub(super) fn id(&self, number: i64) -> Result<PrincipalId, StoreError> {
        let dense = usize::try_from(number).ok().and_then(|place| self.dense.get(place).copied().flatten());
        dense
            .or_else(|| self.sparse.get(&number).copied())
            .ok_or_else(|| StoreError::Damaged(format!("membership of unknown principal {number}")))
    }
}
