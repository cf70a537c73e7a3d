//! Texts that clients look for and that stand in more than one place.

/// A body that is not the struct that was expected.
pub(crate) const INVALID_OBJECT: &str = "Invalid Object: checkout https://github.com/AthenZ/athenz/tree/master/core/zms/src/main/rdl for object definitions";
