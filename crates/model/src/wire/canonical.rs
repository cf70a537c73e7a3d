//! The text that legacy Athenz signatures are made over: members sorted by name, no white space,
//! absent members left out, strings without any escaping.
//!
//! Because nothing is escaped, two documents can share one text. A text from outside is therefore
//! only verified when no string in it could be read as structure ([`Ambiguous`]).

use std::fmt::Write as _;

use super::zms::{
    Assertion, AssertionEffect, DomainData, DomainPolicies, Group, GroupMember, Policy, PublicKeyEntry, Role,
    RoleMember, ServiceIdentity, SignedPolicies,
};
use crate::Timestamp;

/// A string holds a quote, a backslash or a control character: the text has more than one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name or text holds a quote, a backslash or a control character, which the legacy signature cannot cover; use the JWS form"
)]
pub struct Ambiguous;

/// The text of a whole domain, over which `SignedDomain.signature` is made.
///
/// # Errors
/// [`Ambiguous`].
pub fn domain(data: &DomainData) -> Result<String, Ambiguous> {
    let mut text = Canonical::default();
    write_domain(&mut text, data);
    text.finish()
}

/// The text of a domain's active policies, over which `SignedPolicies.signature` is made.
///
/// # Errors
/// [`Ambiguous`].
pub fn policies(contents: &DomainPolicies) -> Result<String, Ambiguous> {
    let mut text = Canonical::default();
    write_policies(&mut text, contents);
    text.finish()
}

/// The text of a whole domain as its signer writes it, whatever the strings in it hold.
pub fn domain_to_sign(data: &DomainData) -> String {
    let mut text = Canonical::default();
    write_domain(&mut text, data);
    text.into_text()
}

/// The text of a domain's active policies as its signer writes it.
pub fn policies_to_sign(contents: &DomainPolicies) -> String {
    let mut text = Canonical::default();
    write_policies(&mut text, contents);
    text.into_text()
}

/// Writes canonical text piece by piece; members must come in order.
#[derive(Debug, Default)]
pub struct Canonical {
    text: String,
    ambiguous: bool,
    follows: bool,
}

impl Canonical {
    /// The text, whatever the strings in it hold.
    pub fn into_text(self) -> String {
        self.text
    }

    fn finish(self) -> Result<String, Ambiguous> {
        if self.ambiguous { Err(Ambiguous) } else { Ok(self.text) }
    }

    /// An object, by what writes its members.
    pub fn object(&mut self, write: impl FnOnce(&mut Self)) {
        self.text.push('{');
        self.follows = false;
        write(self);
        self.text.push('}');
        self.follows = true;
    }

    /// The name of a member whose value is written next.
    pub fn name(&mut self, name: &str) {
        self.separate();
        let _ = write!(self.text, "\"{name}\":");
    }

    /// A member that is a string.
    pub fn string(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.name(name);
            self.text_value(value);
        }
    }

    fn integer(&mut self, name: &str, value: Option<i32>) {
        if let Some(value) = value {
            self.name(name);
            let _ = write!(self.text, "{value}");
        }
    }

    fn boolean(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.name(name);
            let _ = write!(self.text, "{value}");
        }
    }

    /// A member that is a moment.
    pub fn moment(&mut self, name: &str, value: Option<Timestamp>) {
        if let Some(value) = value {
            self.name(name);
            let _ = write!(self.text, "\"{value}\"");
        }
    }

    /// A member that is a list.
    pub fn list<T>(&mut self, name: &str, values: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.name(name);
        self.text.push('[');
        self.follows = false;
        for value in values {
            self.separate();
            write(self, value);
            self.follows = true;
        }
        self.text.push(']');
        self.follows = true;
    }

    fn separate(&mut self) {
        if std::mem::replace(&mut self.follows, true) {
            self.text.push(',');
        }
    }

    fn text_value(&mut self, value: &str) {
        self.ambiguous |= value.chars().any(|c| c == '"' || c == '\\' || c.is_control());
        let _ = write!(self.text, "\"{value}\"");
    }
}

fn slice<T>(list: &Option<Vec<T>>) -> &[T] {
    list.as_deref().unwrap_or_default()
}

fn write_domain(text: &mut Canonical, data: &DomainData) {
    text.object(|text| {
        text.string("account", data.account.as_deref());
        text.boolean("auditEnabled", data.audit_enabled);
        text.string("certDnsDomain", data.cert_dns_domain.as_deref());
        text.boolean("enabled", data.enabled);
        if let Some(groups) = data.groups.as_deref().filter(|groups| !groups.is_empty()) {
            text.list("groups", groups, write_group);
        }
        text.integer("memberExpiryDays", data.member_expiry_days);
        text.moment("modified", data.modified);
        text.string("name", data.name.as_deref());
        if let Some(policies) = &data.policies {
            text.name("policies");
            write_signed_policies(text, policies);
        }
        text.integer("roleCertExpiryMins", data.role_cert_expiry_mins);
        text.list("roles", slice(&data.roles), write_role);
        text.integer("serviceCertExpiryMins", data.service_cert_expiry_mins);
        text.integer("serviceExpiryDays", data.service_expiry_days);
        text.list("services", slice(&data.services), write_service);
        text.string("signAlgorithm", data.sign_algorithm.as_deref());
        text.integer("tokenExpiryMins", data.token_expiry_mins);
        text.integer("ypmId", data.ypm_id);
    });
}

fn write_signed_policies(text: &mut Canonical, policies: &SignedPolicies) {
    text.object(|text| {
        if let Some(contents) = &policies.contents {
            text.name("contents");
            write_policies(text, contents);
        }
        text.string("keyId", policies.key_id.as_deref());
        text.string("signature", policies.signature.as_deref());
    });
}

fn write_policies(text: &mut Canonical, contents: &DomainPolicies) {
    text.object(|text| {
        text.string("domain", contents.domain.as_deref());
        text.list("policies", slice(&contents.policies), write_policy);
    });
}

fn write_policy(text: &mut Canonical, policy: &Policy) {
    text.object(|text| {
        if let Some(assertions) = policy.assertions.as_deref().filter(|list| !list.is_empty()) {
            text.list("assertions", assertions, write_assertion);
        }
        text.moment("modified", policy.modified);
        text.string("name", policy.name.as_deref());
    });
}

fn write_assertion(text: &mut Canonical, assertion: &Assertion) {
    text.object(|text| {
        text.string("action", assertion.action.as_deref());
        text.string("effect", assertion.effect.map(AssertionEffect::as_str));
        text.string("resource", assertion.resource.as_deref());
        text.string("role", assertion.role.as_deref());
    });
}

fn write_role(text: &mut Canonical, role: &Role) {
    text.object(|text| {
        text.boolean("auditEnabled", role.audit_enabled);
        text.integer("certExpiryMins", role.cert_expiry_mins);
        text.integer("memberExpiryDays", role.member_expiry_days);
        text.integer("memberReviewDays", role.member_review_days);
        if let Some(members) = &role.members {
            text.list("members", members, |text, member| text.text_value(member));
        }
        text.moment("modified", role.modified);
        text.string("name", role.name.as_deref());
        if let Some(members) = &role.role_members {
            text.list("roleMembers", members, write_role_member);
        }
        text.boolean("selfServe", role.self_serve);
        text.integer("serviceExpiryDays", role.service_expiry_days);
        text.integer("serviceReviewDays", role.service_review_days);
        text.string("signAlgorithm", role.sign_algorithm.as_deref());
        text.integer("tokenExpiryMins", role.token_expiry_mins);
        text.string("trust", role.trust.as_deref());
    });
}

fn write_role_member(text: &mut Canonical, member: &RoleMember) {
    text.object(|text| {
        text.moment("expiration", member.expiration);
        text.string("memberName", member.member_name.as_deref());
        text.integer("systemDisabled", member.system_disabled);
    });
}

fn write_group(text: &mut Canonical, group: &Group) {
    text.object(|text| {
        text.boolean("auditEnabled", group.audit_enabled);
        if let Some(members) = &group.group_members {
            text.list("groupMembers", members, write_group_member);
        }
        text.integer("memberExpiryDays", group.member_expiry_days);
        text.moment("modified", group.modified);
        text.string("name", group.name.as_deref());
        text.boolean("reviewEnabled", group.review_enabled);
        text.boolean("selfServe", group.self_serve);
        text.integer("serviceExpiryDays", group.service_expiry_days);
    });
}

fn write_group_member(text: &mut Canonical, member: &GroupMember) {
    text.object(|text| {
        text.moment("expiration", member.expiration);
        text.string("groupName", member.group_name.as_deref());
        text.string("memberName", member.member_name.as_deref());
        text.integer("systemDisabled", member.system_disabled);
    });
}

fn write_service(text: &mut Canonical, service: &ServiceIdentity) {
    text.object(|text| {
        text.string("description", service.description.as_deref());
        text.string("executable", service.executable.as_deref());
        text.string("group", service.group.as_deref());
        if let Some(hosts) = &service.hosts {
            text.list("hosts", hosts, |text, host| text.text_value(host));
        }
        text.moment("modified", service.modified);
        text.string("name", service.name.as_deref());
        text.string("providerEndpoint", service.provider_endpoint.as_deref());
        text.list("publicKeys", slice(&service.public_keys), write_key);
        text.string("user", service.user.as_deref());
    });
}

fn write_key(text: &mut Canonical, key: &PublicKeyEntry) {
    text.object(|text| {
        text.string("id", key.id.as_deref());
        text.string("key", key.key.as_deref());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> DomainData {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn members_stand_in_order_and_absent_ones_nowhere() {
        let data = read(
            r#"{"name":"d","enabled":true,"ypmId":0,"account":"1","modified":"2026-08-01T10:00:00.000Z","tags":{"a":{"list":["b"]}},
                "roles":[{"name":"d:role.r","roleMembers":[{"memberName":"user.a","expiration":"2027-08-01T10:00:00.000Z"}]},{"name":"d:role.t","trust":"x"}],
                "groups":[{"name":"d:group.g","groupMembers":[{"groupName":"d:group.g","memberName":"user.b"}]}],
                "services":[{"name":"d.s","publicKeys":[{"id":"0","key":"K"}],"hosts":["h1","h2"]},{"name":"d.t"}],
                "policies":{"contents":{"domain":"d","policies":[{"name":"d:policy.p","version":"0","active":true,
                  "assertions":[{"id":7,"role":"d:role.r","resource":"d:*","action":"*","effect":"ALLOW"}]},{"name":"d:policy.q"}]},"signature":"S","keyId":"0"}}"#,
        );
        assert_eq!(
            domain(&data).unwrap(),
            concat!(
                r#"{"account":"1","enabled":true,"#,
                r#""groups":[{"groupMembers":[{"groupName":"d:group.g","memberName":"user.b"}],"name":"d:group.g"}],"#,
                r#""modified":"2026-08-01T10:00:00.000Z","name":"d","#,
                r#""policies":{"contents":{"domain":"d","policies":[{"assertions":[{"action":"*","effect":"ALLOW","resource":"d:*","role":"d:role.r"}],"name":"d:policy.p"},{"name":"d:policy.q"}]},"keyId":"0","signature":"S"},"#,
                r#""roles":[{"name":"d:role.r","roleMembers":[{"expiration":"2027-08-01T10:00:00.000Z","memberName":"user.a"}]},{"name":"d:role.t","trust":"x"}],"#,
                r#""services":[{"hosts":["h1","h2"],"name":"d.s","publicKeys":[{"id":"0","key":"K"}]},{"name":"d.t","publicKeys":[]}],"ypmId":0}"#,
            )
        );
    }

    #[test]
    fn empty_lists_of_a_domain_stay() {
        assert_eq!(domain(&read(r#"{"name":"d"}"#)).unwrap(), r#"{"name":"d","roles":[],"services":[]}"#);
    }

    #[test]
    fn a_text_with_two_readings_is_refused() {
        for resource in ["d:a\\\"b", "d:a\\\\b", "d:a\\nb"] {
            let text = format!(
                r#"{{"domain":"d","policies":[{{"name":"d:policy.p","assertions":[{{"resource":"{resource}"}}]}}]}}"#
            );
            let contents: DomainPolicies = serde_json::from_str(&text).unwrap();
            assert_eq!(policies(&contents), Err(Ambiguous), "{resource}");
        }
    }
}
