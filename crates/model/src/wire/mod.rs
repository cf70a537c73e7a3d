//! The structs of the ZMS and ZTS contract as they stand on the wire.
//!
//! [`zms`] and [`zts`] are written by `cargo xtask contract` from `contract/*.json`: one line a
//! field. Every field is an `Option`, since what a request leaves out matters; what is required,
//! may be empty or has a default is said in the line and carried out here, in one place:
//!
//! * **Reading** is as loose as Athenz is ([`loose`]): numbers for strings, strings for numbers and
//!   booleans, `""` and null for absent, unknown fields ignored, the last of a doubled field wins.
//! * **Writing** leaves out absent and empty optional fields, keeps empty ones that may be empty,
//!   and writes absent required ones as null.
//! * [`Wire::check`] is the schema validation of a request: required fields, name grammars; it
//!   also fills in defaults, which has meaning in Athenz (a meta update that omits `selfServe`
//!   switches it off).

pub mod canonical;
pub mod loose;
pub mod operations;
pub mod zms;
pub mod zts;

mod fields;

pub use fields::{Field, Place, Presence, Struct, Violation, Wire};

#[cfg(test)]
mod tests {
    use super::zms::{Domain, Entity, Membership, Policy, Role, RoleMeta};
    use super::*;
    use crate::Timestamp;

    fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn scalars_are_read_loosely() {
        let role: Role = read(
            r#"{"name": 7, "memberExpiryDays": "10", "maxMembers": 11.7, "tokenExpiryMins": "", "selfServe": "true",
                "reviewEnabled": 1, "description": null, "unknown": {"a": [1]}, "trust": "a", "trust": "b"}"#,
        )
        .unwrap();
        assert_eq!(role.name.as_deref(), Some("7"));
        assert_eq!(
            (role.member_expiry_days, role.max_members, role.token_expiry_mins),
            (Some(10), Some(11), None)
        );
        assert_eq!((role.self_serve, role.review_enabled), (Some(true), Some(true)));
        assert_eq!((role.description, role.trust.as_deref()), (None, Some("b")));
    }

    #[test]
    fn wrong_shapes_are_refused() {
        for body in [
            r#"{"name": []}"#,
            r#"{"roleMembers": {}}"#,
            r#"{"roleMembers": {"memberName": "a"}}"#,
            r#"{"roleMembers": [null]}"#,
            r#"{"memberExpiryDays": 2147483648}"#,
            r#"{"memberExpiryDays": "many"}"#,
            r#"{"memberExpiryDays": []}"#,
            r#"{"name": "a"} behind"#,
            r#"{"name": "a",}"#,
            "{'name': 'a'}",
            "[]",
            r#"{"lastReviewedDate": "2050-13-01T00:00:00.000Z"}"#,
            r#"{"lastReviewedDate": 12}"#,
        ] {
            assert!(read::<Role>(body).is_err(), "{body}");
        }
    }

    #[test]
    fn writing_leaves_out_what_is_empty_and_keeps_what_may_be() {
        let role = Role {
            sign_algorithm: Some(String::new()),
            role_members: Some(Vec::new()),
            trust: Some(String::new()),
            member_expiry_days: Some(0),
            modified: Some(Timestamp::EPOCH),
            ..Role::default()
        };
        assert_eq!(
            serde_json::to_string(&role).unwrap(),
            r#"{"memberExpiryDays":0,"signAlgorithm":"","name":null,"modified":"1970-01-01T00:00:00.000Z"}"#
        );
    }

    #[test]
    fn checking_fills_in_defaults_and_finds_the_first_fault() {
        let mut meta: RoleMeta = read("{}").unwrap();
        meta.check().unwrap();
        assert_eq!((meta.self_serve, meta.review_enabled, meta.self_renew), (Some(false), Some(false), None));

        let mut membership: Membership = read("{}").unwrap();
        assert_eq!(
            membership.check().unwrap_err().to_string(),
            "Missing required field: memberName for type Membership in data"
        );
        let mut domain: Domain = read(r#"{"name": "d", "tags": {"a b": {"list": []}}}"#).unwrap();
        assert!(domain.check().is_err());
    }

    #[test]
    fn a_fault_is_told_with_the_type_and_the_place_that_athenz_tells() {
        for (body, place) in [
            (r#"{"name": "a b"}"#, "  for type ResourceName in data.name"),
            (r#"{"name": "r", "roleMembers": [{}, {"memberName": "u.v"}]}"#, " RoleMember in data[0]"),
            (
                r#"{"name": "r", "roleMembers": [{"memberName": "u.v"}, {"memberName": "a b"}]}"#,
                " for type MemberName in data[1].memberName",
            ),
            (
                r#"{"name": "r", "resourceOwnership": {"metaOwner": "a b"}}"#,
                " for type SimpleName in data.resourceOwnership.metaOwner",
            ),
            (r#"{"name": "r", "tags": {"k": {"list": ["a", "b c"]}}}"#, " TagCompoundValue in data[0][1]"),
            (r#"{"name": "r", "tags": {"k": {}}}"#, "list for type TagValueList in data[0]"),
            (r#"{"name": "r", "tags": {"a b": {"list": []}}}"#, " for type TagKey in data[key]value"),
        ] {
            let mut role: Role = read(body).unwrap();
            let text = role.check().unwrap_err().to_string();
            assert!(text.ends_with(place), "{body}: {text}");
        }
        let conditions =
            r#"{"conditionsList": [{"conditionsMap": {"a b": {"operator": "EQUALS", "value": "x"}}}]}"#;
        let mut policy: Policy = read(&format!(
            r#"{{"name": "p", "assertions": [{{"role": "r", "action": "a", "resource": "x", "conditions": {conditions}}}]}}"#
        ))
        .unwrap();
        let text = policy.check().unwrap_err().to_string();
        assert!(text.ends_with("AssertionConditionKey in data[0].conditions[0][key]value"), "{text}");
    }

    #[test]
    fn an_entity_keeps_its_text() {
        let entity: Entity =
            read(r#"{"name": "d:entity.e", "value": {"n": 123456789012345678901234567890}}"#).unwrap();
        assert_eq!(entity.value.unwrap().get(), r#"{"n": 123456789012345678901234567890}"#);
        assert!(read::<Entity>(r#"{"value": "text"}"#).is_err());
    }
}
