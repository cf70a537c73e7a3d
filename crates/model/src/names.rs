//! Name grammars of the contract, and newtypes that hold only valid names in canonical form.
//!
//! Names are ASCII and compare without case in Athenz; the canonical form is lower case, and a
//! newtype never holds anything else. Grammars are matched by hand in one pass: no backtracking,
//! whatever the input.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// A name grammar of the ZMS or ZTS contract (`Names.tdl`). All match the whole text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// Any text at all.
    Any,
    /// Letters, digits, `_`, and `-` but not first.
    SimpleName,
    /// Simple names joined by `.`: domains, entities, services, actions, authorities, locations.
    CompoundName,
    /// A domain, optionally `:` and an entity.
    ResourceName,
    /// Resource names joined by `,`.
    ResourceNames,
    /// `domain:group.name`
    GroupName,
    /// `domain:ext.` and at least one character.
    ExternalMemberName,
    /// A compound or an external member name.
    GroupMemberName,
    /// A resource or an external member name.
    PrincipalName,
    /// `*`, `domain.*`, a service with an optional trailing `*`, a group or an external member.
    MemberName,
    /// Simple names joined by `,`.
    AuthorityKeywords,
    /// Compound names joined by `,`.
    EntityList,
    /// Simple names joined by `:` or `.`.
    TagKey,
    /// Tag values joined by `.`.
    TagCompoundValue,
    /// Parts of a letter and at least one of `a-zA-Z0-9_-`, joined by `.`.
    AssertionConditionKey,
    /// Parts of `a-zA-Z0-9*` and then any of `a-zA-Z0-9_.*-`, joined by `,`.
    AssertionConditionValue,
    /// Ordinary base64 with `._-` for `+/=`.
    YBase64,
    /// `a-zA-Z0-9._%=-`, possibly empty.
    YEncoded,
    /// `a-zA-Z0-9._%=:;,-`, possibly empty.
    SignedToken,
    /// `a-zA-Z0-9_`, then also `:` and `-`.
    ResourceOwnerName,
    /// `a-zA-Z0-9-._~=+@$,:`, possibly empty.
    PathElement,
    /// An AWS role name: `a-zA-Z0-9-._=+@,`, possibly empty.
    AwsRoleName,
    /// An AWS role name behind any number of path elements that end in `/`.
    AwsArnRoleName,
}

macro_rules! simple {
    () => {
        "[a-zA-Z0-9_][a-zA-Z0-9_-]*"
    };
}

macro_rules! compound {
    () => {
        concat!("(", simple!(), "\\.)*", simple!())
    };
}

macro_rules! resource {
    () => {
        concat!(compound!(), "(:", compound!(), ")?")
    };
}

macro_rules! group {
    () => {
        concat!(compound!(), ":group\\.", compound!())
    };
}

macro_rules! external {
    () => {
        concat!(compound!(), ":ext\\..+")
    };
}

macro_rules! tag_value {
    () => {
        "[a-zA-Z0-9_:,\\/][a-zA-Z0-9_:%,\\/-]*"
    };
}

impl Grammar {
    /// Whether the whole text is a sentence of this grammar.
    pub fn matches(self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::SimpleName => is_simple(text),
            Self::CompoundName => is_compound(text),
            Self::ResourceName => is_resource(text),
            Self::ResourceNames => text.split(',').all(is_resource),
            Self::GroupName => is_group(text),
            Self::ExternalMemberName => is_external(text),
            Self::GroupMemberName => is_compound(text) || is_external(text),
            Self::PrincipalName => is_resource(text) || is_external(text),
            Self::MemberName => is_member(text),
            Self::AuthorityKeywords => text.split(',').all(is_simple),
            Self::EntityList => text.split(',').all(is_compound),
            Self::TagKey => text.split([':', '.']).all(is_simple),
            Self::TagCompoundValue => text.split('.').all(is_tag_value),
            Self::AssertionConditionKey => text.split('.').all(is_condition_key),
            Self::AssertionConditionValue => text.split(',').all(is_condition_value),
            Self::YBase64 => !text.is_empty() && all(text, "._-"),
            Self::YEncoded => all(text, "._%=-"),
            Self::SignedToken => all(text, "._%=:;,-"),
            Self::ResourceOwnerName => starts(text, "_") && all(text, "_:-"),
            Self::PathElement => all(text, "-._~=+@$,:"),
            Self::AwsRoleName => all(text, "-._=+@,"),
            Self::AwsArnRoleName => is_aws_arn_role(text),
        }
    }

    /// The grammar as a regular expression, as the reference shows it in error texts.
    pub const fn expression(self) -> &'static str {
        match self {
            Self::Any => ".*",
            Self::SimpleName => simple!(),
            Self::CompoundName => compound!(),
            Self::ResourceName => resource!(),
            Self::ResourceNames => concat!("(", resource!(), ",)*", resource!()),
            Self::GroupName => group!(),
            Self::ExternalMemberName => external!(),
            Self::GroupMemberName => concat!(compound!(), "|", external!()),
            Self::PrincipalName => concat!(resource!(), "|", external!()),
            Self::MemberName => {
                concat!("\\*|", compound!(), "\\.\\*|", compound!(), "(\\*)?|", group!(), "|", external!())
            }
            Self::AuthorityKeywords => concat!("(", simple!(), ",)*", simple!()),
            Self::EntityList => concat!("(", compound!(), ",)*", compound!()),
            Self::TagKey => concat!("(", simple!(), "[:\\.])*", simple!()),
            Self::TagCompoundValue => concat!("(", tag_value!(), "\\.)*", tag_value!()),
            Self::AssertionConditionKey => "([a-zA-Z][a-zA-Z0-9_-]+\\.)*[a-zA-Z][a-zA-Z0-9_-]+",
            Self::AssertionConditionValue => {
                "([a-zA-Z0-9\\*][a-zA-Z0-9_\\.\\*-]*,)*[a-zA-Z0-9\\*][a-zA-Z0-9_\\.\\*-]*"
            }
            Self::YBase64 => "[a-zA-Z0-9\\._-]+",
            Self::YEncoded => "[a-zA-Z0-9\\._%=-]*",
            Self::SignedToken => "[a-zA-Z0-9\\._%=:;,-]*",
            Self::ResourceOwnerName => "[a-zA-Z0-9_][a-zA-Z0-9_:-]*",
            Self::PathElement => "[a-zA-Z0-9-\\._~=+@$,:]*",
            Self::AwsRoleName => "[a-zA-Z0-9-\\._=+@,]*",
            Self::AwsArnRoleName => "(([a-zA-Z0-9][a-zA-Z0-9-\\._]*/)+)*[a-zA-Z0-9-\\._=+@,]*",
        }
    }
}

/// Whether every byte is an ASCII letter or digit or one of `more`.
fn all(text: &str, more: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || more.as_bytes().contains(&b))
}

/// Whether the first byte is an ASCII letter or digit or one of `more`.
fn starts(text: &str, more: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || more.as_bytes().contains(&b))
}

fn is_simple(text: &str) -> bool {
    starts(text, "_") && all(text, "_-")
}

fn is_compound(text: &str) -> bool {
    text.split('.').all(is_simple)
}

fn is_resource(text: &str) -> bool {
    match text.split_once(':') {
        None => is_compound(text),
        Some((domain, entity)) => is_compound(domain) && is_compound(entity),
    }
}

fn is_group(text: &str) -> bool {
    text.split_once(":group.").is_some_and(|(domain, group)| is_compound(domain) && is_compound(group))
}

fn is_external(text: &str) -> bool {
    // `.` of the contract does not match a line end
    text.split_once(":ext.").is_some_and(|(domain, rest)| {
        is_compound(domain)
            && !rest.is_empty()
            && !rest.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
    })
}

fn is_member(text: &str) -> bool {
    text == "*"
        || text.strip_suffix(".*").is_some_and(is_compound)
        || is_compound(text.strip_suffix('*').unwrap_or(text))
        || is_group(text)
        || is_external(text)
}

fn is_tag_value(text: &str) -> bool {
    starts(text, "_:,/") && all(text, "_:%,/-")
}

fn is_condition_key(text: &str) -> bool {
    text.len() > 1 && text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic()) && all(text, "_-")
}

fn is_condition_value(text: &str) -> bool {
    starts(text, "*") && all(text, "_.*-")
}

fn is_aws_arn_role(text: &str) -> bool {
    let (path, name) = text.rsplit_once('/').map_or((None, text), |(path, name)| (Some(path), name));
    all(name, "-._=+@,")
        && path.is_none_or(|path| path.split('/').all(|part| starts(part, "") && all(part, "-._")))
}

/// A text that is no name of the kind asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {kind}")]
pub struct NameError {
    /// The kind of name that was wanted.
    pub kind: &'static str,
    /// What was given instead, cut to a readable length.
    pub text: String,
}

/// The most of a refused text that an error repeats, in characters.
const SHOWN: usize = 128;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $grammar:ident, $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name in canonical form (ASCII lower case).
            ///
            /// # Errors
            /// The text does not match the grammar.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                if !Grammar::$grammar.matches(text) {
                    return Err(NameError { kind: $kind, text: text.chars().take(SHOWN).collect() });
                }
                Ok(Self(text.to_ascii_lowercase().into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), &self.0)
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

names! {
    /// A domain: `sports`, `sports.api`.
    DomainName, CompoundName, "domain name";
    /// The name of a role, group, policy or entity within its domain: `readers`.
    EntityName, CompoundName, "entity name";
    /// A single name without dots: a service within its domain, a policy version.
    SimpleName, SimpleName, "simple name";
    /// A member of a role or group: a user, service, group, external member, or a wildcard.
    MemberName, MemberName, "member name";
    /// The key of an assertion condition.
    ConditionKey, AssertionConditionKey, "condition key";
}

impl DomainName {
    /// Everything before the last dot, if there is one.
    pub fn parent(&self) -> Option<&str> {
        self.0.rsplit_once('.').map(|(parent, _)| parent)
    }

    /// Whether this is `ancestor` or lies below it.
    pub fn is_within(&self, ancestor: &str) -> bool {
        self.0.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// How a principal relates to the user and home domains: what kind of member a name is.
/// The numbers are those of `principalType` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// `user.jane`: a person.
    User = 1,
    /// Anything else with a domain: a service.
    Service = 2,
    /// `domain:group.name`
    Group = 3,
    /// A machine account under the headless user domain.
    HeadlessUser = 4,
    /// `domain:ext.name`
    External = 5,
    /// Exactly `*`.
    All = 6,
}

/// The domains that decide what a name is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDomains {
    /// Domain of people; `user` unless configured.
    pub user: DomainName,
    /// Parent of personal domains; the user domain unless configured.
    pub home: DomainName,
    /// Domain of machine accounts; the user domain unless configured.
    pub headless: DomainName,
    /// Another name for the user domain, rewritten on input.
    pub alias: Option<DomainName>,
    /// Further domains whose members count as users.
    pub additional: Vec<DomainName>,
}

impl Default for UserDomains {
    fn default() -> Self {
        let user = DomainName(Arc::from("user"));
        Self { home: user.clone(), headless: user.clone(), user, alias: None, additional: Vec::new() }
    }
}

impl UserDomains {
    /// The kind of a member or principal name (canonical text).
    pub fn kind(&self, name: &str) -> PrincipalKind {
        if name == "*" {
            return PrincipalKind::All;
        }
        let one_dot = name.split_once('.').filter(|(_, rest)| !rest.contains('.') && !name.contains(':'));
        if let Some((domain, _)) = one_dot {
            if domain == self.user.as_str() || self.additional.iter().any(|d| d.as_str() == domain) {
                return PrincipalKind::User;
            }
            if domain == self.headless.as_str() {
                return PrincipalKind::HeadlessUser;
            }
        }
        match name.split_once(':') {
            Some((_, rest)) if rest.starts_with("group.") => PrincipalKind::Group,
            Some((_, rest)) if rest.starts_with("ext.") => PrincipalKind::External,
            _ => PrincipalKind::Service,
        }
    }

    /// The name with an alias of the user domain replaced: `alias.x` becomes `user.x`.
    pub fn without_alias(&self, name: &str) -> String {
        if let Some(alias) = &self.alias
            && let Some(rest) = name.strip_prefix(alias.as_str()).and_then(|rest| rest.strip_prefix('.'))
            && !rest.contains('.')
        {
            return format!("{}.{rest}", self.user);
        }
        name.to_owned()
    }
}

/// The domain part of a principal: before `:group.` or `:ext.`, else before the last dot.
pub fn domain_of_principal(name: &str) -> Option<&str> {
    match name.split_once(':') {
        Some((domain, _)) => Some(domain),
        None => name.rsplit_once('.').map(|(domain, _)| domain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_alias_of_the_user_domain_is_rewritten() {
        let domains =
            UserDomains { alias: Some(DomainName::parse("person").unwrap()), ..UserDomains::default() };
        for (given, meant) in
            [("person.jane", "user.jane"), ("person.jane.app", "person.jane.app"), ("user.x", "user.x")]
        {
            assert_eq!(domains.without_alias(given), meant);
        }
    }

    #[test]
    fn kinds_of_principals() {
        let domains = UserDomains::default();
        for (name, kind) in [
            ("*", PrincipalKind::All),
            ("user.jane", PrincipalKind::User),
            ("user.*", PrincipalKind::User),
            ("user.jane.laptop", PrincipalKind::Service),
            ("sports.api", PrincipalKind::Service),
            ("sports.*", PrincipalKind::Service),
            ("sports:group.devs", PrincipalKind::Group),
            ("sports:ext.a@b.c", PrincipalKind::External),
        ] {
            assert_eq!(domains.kind(name), kind, "{name}");
        }
    }

    #[test]
    fn no_name_of_another_script_or_with_control_characters() {
        for text in
            ["", ".", "a.", ".a", "a..b", "-a", "a b", "ä", "a\n", "a\0", "%61", "\u{212a}elvin", "a/b"]
        {
            assert!(DomainName::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(DomainName::parse("Sports.API").unwrap().as_str(), "sports.api");
    }

    /// The grammars as the contract states them.
    fn expression(grammar: Grammar) -> regex::Regex {
        let text = grammar.expression();
        let text = text.replace(":ext\\..+", ":ext\\.[^\\n\\r\\x{85}\\x{2028}\\x{2029}]+");
        regex::Regex::new(&format!("^(?s-u:)(?:{text})$").replace("(?s-u:)", "")).unwrap()
    }

    const ALL: &[Grammar] = &[
        Grammar::SimpleName,
        Grammar::CompoundName,
        Grammar::ResourceName,
        Grammar::ResourceNames,
        Grammar::GroupName,
        Grammar::ExternalMemberName,
        Grammar::GroupMemberName,
        Grammar::PrincipalName,
        Grammar::MemberName,
        Grammar::AuthorityKeywords,
        Grammar::EntityList,
        Grammar::TagKey,
        Grammar::TagCompoundValue,
        Grammar::AssertionConditionKey,
        Grammar::AssertionConditionValue,
        Grammar::YBase64,
        Grammar::YEncoded,
        Grammar::SignedToken,
        Grammar::ResourceOwnerName,
        Grammar::PathElement,
        Grammar::AwsRoleName,
        Grammar::AwsArnRoleName,
    ];

    proptest! {
        #[test]
        fn grammars_are_those_of_the_contract(text in "[ab1_.*:,;%/=@ \n-]{0,6}|[ab]{1,2}(:group\\.|:ext\\.)?[ab.*]{0,3}") {
            for grammar in ALL {
                prop_assert_eq!(grammar.matches(&text), expression(*grammar).is_match(&text), "{:?} {:?}", grammar, &text);
            }
        }
    }
}
