//! When a membership ends, and when it is to be reviewed.

use athenz_model::Timestamp;
use athenz_world::MemberRow;

/// The two dates of a membership.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dates {
    pub(crate) expiration: Option<Timestamp>,
    pub(crate) review_reminder: Option<Timestamp>,
}

impl Dates {
    pub(crate) fn of(row: &MemberRow) -> Self {
        Self { expiration: row.expiration, review_reminder: row.review_reminder }
    }

    /// As they are stored.
    pub(crate) fn in_whole_seconds(self) -> Self {
        Self {
            expiration: self.expiration.map(Timestamp::truncated_to_seconds),
            review_reminder: self.review_reminder.map(Timestamp::truncated_to_seconds),
        }
    }
}
