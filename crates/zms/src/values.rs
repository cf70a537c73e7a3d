//! Rules for single values that several calls share, in Athenz's words.

use std::collections::{BTreeMap, BTreeSet};

use athenz_model::names::{DomainName, EntityName, Grammar, MemberName, SimpleName};
use athenz_model::wire::zms::TagValueList;
use athenz_model::{ApiError, Timestamp};
use athenz_world::CollectionKind;

use crate::context::Context;
use crate::grammar::mismatch;
use crate::limits::TAGS;

/// A domain name in canonical form.
///
/// # Errors
/// 400: it is none.
pub(crate) fn domain_name(text: &str) -> Result<DomainName, ApiError> {
    DomainName::parse(text).map_err(|_| mismatch("DomainName", Grammar::CompoundName))
}

/// The name of a role, group, policy or entity in canonical form.
///
/// # Errors
/// 400: it is none.
pub(crate) fn entity_name(text: &str) -> Result<EntityName, ApiError> {
    EntityName::parse(text).map_err(|_| mismatch("EntityName", Grammar::CompoundName))
}

/// A simple name in canonical form.
///
/// # Errors
/// 400: it is none.
pub(crate) fn simple_name(text: &str) -> Result<SimpleName, ApiError> {
    SimpleName::parse(text).map_err(|_| mismatch("SimpleName", Grammar::SimpleName))
}

/// A member name in canonical form, the alias of the user domain replaced.
///
/// # Errors
/// 400: it is none.
pub(crate) fn member_name(context: &Context<'_>, text: &str) -> Result<MemberName, ApiError> {
    let canonical = context.users().without_alias(&text.to_ascii_lowercase());
    MemberName::parse(&canonical).map_err(|_| mismatch("MemberName", Grammar::MemberName))
}

/// Numbers that must not be negative, by the name of their field.
///
/// # Errors
/// 400: `<field> cannot be negative`.
pub(crate) fn not_negative(fields: &[(&str, Option<i32>)]) -> Result<(), ApiError> {
    match fields.iter().find(|(_, value)| value.is_some_and(|value| value < 0)) {
        Some((field, _)) => Err(ApiError::bad_request(format!("{field} cannot be negative"))),
        None => Ok(()),
    }
}

/// The tags of a request: `None` leaves those that are stored. An absent or empty map leaves
/// them too; a key without values is no tag.
///
/// # Errors
/// 400: more values than an object may have, or a value twice under one key.
pub(crate) fn tags(
    kind: &str,
    given: Option<BTreeMap<String, TagValueList>>,
) -> Result<Option<BTreeMap<String, Vec<String>>>, ApiError> {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(None) };
    let tags: BTreeMap<String, Vec<String>> = given
        .into_iter()
        .map(|(key, values)| (key, tag_values(values)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    let count: usize = tags.values().map(Vec::len).sum();
    if count > TAGS {
        return Err(ApiError::bad_request(format!(
            "{kind} tag quota exceeded - limit: {TAGS}, current tags count: 0, new tags count: {count}"
        )));
    }
    // as recorded: values that differ in case alone are the same
    let distinct =
        |values: &[String]| values.iter().map(|value| value.to_lowercase()).collect::<BTreeSet<_>>();
    if tags.values().any(|values| distinct(values).len() < values.len()) {
        return Err(ApiError::bad_request("Entry already exists"));
    }
    Ok(Some(tags))
}

/// The values of a tag; null is an empty one.
fn tag_values(given: TagValueList) -> Vec<String> {
    given.list.unwrap_or_default().into_iter().map(Option::unwrap_or_default).collect()
}

/// A review date given by hand: not in the future, not too old.
///
/// # Errors
/// 400: it is.
pub(crate) fn check_last_reviewed(
    context: &Context<'_>,
    is_new: bool,
    stored: Option<Timestamp>,
    given: Option<Timestamp>,
) -> Result<Option<Timestamp>, ApiError> {
    /// How far ahead a client's clock may be, minutes.
    const AHEAD: i64 = 5;
    let Some(given) = given else { return Ok(stored) };
    let config = &context.rules.config;
    let days = if is_new {
        config.review_date_offset_days_new_objects
    } else {
        config.review_date_offset_days_updated_objects
    };
    if given > context.now.plus_minutes(AHEAD) {
        return Err(ApiError::bad_request(format!("Last reviewed date: {given} is in the future")));
    }
    if Some(given) != stored && given < context.now.plus_days(-days) {
        return Err(ApiError::bad_request(format!("Last reviewed date: {given} is too far in the past")));
    }
    Ok(Some(given))
}

/// Keywords of a user authority, of which this deployment has none.
///
/// # Errors
/// 400: there are some.
pub(crate) fn no_user_authority(filter: Option<&str>, expiration: Option<&str>) -> Result<(), ApiError> {
    if filter.is_some_and(|filter| !filter.is_empty()) {
        return Err(ApiError::bad_request("User Authority filter specified without a valid user authority"));
    }
    if expiration.is_some_and(|expiration| !expiration.is_empty()) {
        return Err(ApiError::bad_request("User Authority expiry specified without a valid user authority"));
    }
    Ok(())
}

/// The short name in a body that may give the full or the short one.
pub(crate) fn is_name_of(given: &str, full: &str, short: &str) -> bool {
    given.eq_ignore_ascii_case(full) || given.eq_ignore_ascii_case(short)
}

/// The name in the body of a role or group call must be that of the path.
///
/// # Errors
/// 400: it is another.
pub(crate) fn check_name_in_body(
    prefix: &str,
    kind: CollectionKind,
    domain: &str,
    name: &str,
    given: &str,
) -> Result<(), ApiError> {
    let full = kind.full_name(domain, name);
    if is_name_of(given, &full, name) {
        return Ok(());
    }
    let noun = kind.as_str();
    let text = format!("{prefix}: Inconsistent {noun} names - expected: {full}, actual: {given}");
    Err(ApiError::bad_request(text))
}
