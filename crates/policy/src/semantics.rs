//! The rules, and where Athenz decides otherwise.

/// The rules of a decision. Each field is one point in which the reference differs from what we
/// do; [`Semantics::ours`] is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semantics {
    /// What a condition on an assertion does.
    pub conditions: Conditions,
    /// How several matching entries of a member list are weighed in [`check`](crate::check).
    pub entries_in_checks: Entries,
    /// How several matching entries of a member list are weighed in [`roles_of`](crate::roles_of).
    pub entries_in_tokens: Entries,
    /// Whether a group counts in checks though its own entry in the role is disabled by the system.
    pub disabled_group_entries_in_checks: bool,
    /// Whether wildcard members of a group count in tokens.
    pub group_wildcards_in_tokens: bool,
    /// Whether `assume_role` assertions whose role is a pattern count in tokens.
    pub delegated_role_patterns_in_tokens: bool,
    /// What groups and delegations of a disabled domain are worth.
    pub disabled_domains: DisabledDomains,
    /// What a DENY `assume_role` is worth to a delegation in [`check`](crate::check).
    pub deny_assume_role: DenyAssumeRole,
    /// How requested role names are compared in [`roles_of`](crate::roles_of).
    pub requested_roles: RequestedRoles,
    /// Whether wildcards match line ends.
    pub line_ends: LineEnds,
}

impl Semantics {
    /// Our rules.
    pub const fn ours() -> Self {
        Self {
            conditions: Conditions::Unjudged,
            entries_in_checks: Entries::AnyUnlessSuspended,
            entries_in_tokens: Entries::AnyUnlessSuspended,
            disabled_group_entries_in_checks: false,
            group_wildcards_in_tokens: true,
            delegated_role_patterns_in_tokens: true,
            disabled_domains: DisabledDomains::Empty,
            deny_assume_role: DenyAssumeRole::NeverGrants,
            requested_roles: RequestedRoles::Exact,
            line_ends: LineEnds::Crossed,
        }
    }

    /// The rules of the reference, faults included.
    pub const fn athenz() -> Self {
        Self {
            conditions: Conditions::Ignored,
            entries_in_checks: Entries::FirstDecides,
            entries_in_tokens: Entries::Any,
            disabled_group_entries_in_checks: true,
            group_wildcards_in_tokens: false,
            delegated_role_patterns_in_tokens: false,
            disabled_domains: DisabledDomains::StillCount,
            deny_assume_role: DenyAssumeRole::Grants,
            requested_roles: RequestedRoles::Suffix,
            line_ends: LineEnds::NotCrossed,
        }
    }
}

impl Default for Semantics {
    fn default() -> Self {
        Self::ours()
    }
}

/// What a condition on an assertion does, where nothing here can judge it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditions {
    /// A conditional ALLOW does not grant, a conditional DENY denies.
    Unjudged,
    /// As if there were none.
    Ignored,
}

/// How several entries of one member list that match a principal are weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// Any valid one grants, but an exact one disabled by the system refuses all others.
    AnyUnlessSuspended,
    /// Any valid one grants.
    Any,
    /// The one whose name was stored first decides; groups are asked if it refuses.
    FirstDecides,
}

/// What groups and delegations of a disabled domain are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisabledDomains {
    /// Nothing.
    Empty,
    /// As much as ever.
    StillCount,
}

/// What a DENY `assume_role` is worth to a delegation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenyAssumeRole {
    /// Nothing.
    NeverGrants,
    /// As much as an ALLOW.
    Grants,
}

/// How requested role names are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedRoles {
    /// The short name is equal.
    Exact,
    /// The full name ends so.
    Suffix,
}

/// Whether wildcards match line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnds {
    /// They do.
    Crossed,
    /// They do not (the regular expressions of the reference).
    NotCrossed,
}
