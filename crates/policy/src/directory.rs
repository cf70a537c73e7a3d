//! The world as the engine sees it.

use crate::intern::Principals;
use crate::members::Members;
use crate::policies::Policies;

/// All domains, and the names their members are stored under.
pub trait Directory {
    /// A domain by name.
    fn domain(&self, name: &str) -> Option<&dyn Domain>;
    /// The names of all members of all domains.
    fn principals(&self) -> &Principals;
}

/// One domain.
pub trait Domain {
    /// Its full name.
    fn name(&self) -> &str;
    /// Whether it counts.
    fn enabled(&self) -> bool;
    /// Its active policies.
    fn policies(&self) -> &Policies;
    /// A role by short name.
    fn role(&self, short_name: &str) -> Option<RoleView<'_>>;
    /// Every role, with its short name.
    fn for_each_role<'a>(&'a self, visit: &mut dyn FnMut(&'a str, RoleView<'a>));
    /// The members of a group by short name.
    fn group(&self, short_name: &str) -> Option<&Members>;
}

/// A role: its own members, or the domain it is delegated to.
#[derive(Clone, Copy, Debug)]
pub struct RoleView<'a> {
    /// Its own members; a role that is delegated is written without any.
    pub members: &'a Members,
    /// The domain that says who is in the role.
    pub trust: Option<&'a str>,
}
