//! The Athenz decision engine: members, compiled policies, match, decide; no IO, no clock.
//!
//! One engine for everybody who asks. Three questions over one matcher and one membership:
//!
//! * [`check`]: may this subject do this, in this world? (ZMS, ZTS access)
//! * [`roles_of`]: which roles does this principal hold? (tokens, certificates)
//! * [`decide_with_roles`]: may the bearer of these roles do this? (ZPE)
//!
//! Beside them [`roles_assuming`] and [`delegations_of`] tell, for those who look, who is let into a
//! delegated role.
//!
//! All three follow one set of rules, [`Semantics`]; where Athenz decides otherwise, the departure
//! is a named field of it.
#![warn(missing_docs)]

mod bit_parallel;
mod decide;
mod delegations;
mod directory;
mod folding;
mod glob;
mod held;
mod index;
mod intern;
mod members;
mod membership;
mod policies;
mod role_pattern;
mod semantics;
mod special;
mod with_roles;

pub use decide::{Decision, Grounds, Outcome, Question, Subject, check};
pub use delegations::{Delegation, delegations_of, roles_assuming};
pub use directory::{Directory, Domain, RoleView};
pub use folding::folded;
pub use glob::Glob;
pub use held::{Held, Wanted, roles_of};
pub use intern::{InternId, Interner, PrincipalId, Principals, TextId, Texts};
pub use members::{Member, Members, SystemDisabled, entry_counts, is_past};
pub use membership::{Grant, Trusted};
pub use policies::{Assertion, Effect, Policies};
pub use semantics::{
    Conditions, DenyAssumeRole, DisabledDomains, Entries, LineEnds, RequestedRoles, Semantics,
};
pub use special::stands_for_others;
pub use with_roles::decide_with_roles;
