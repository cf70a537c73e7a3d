//! The operations of ZMS and ZTS as data: one table from which routers, access tests and
//! documents are made. The tables are [`crate::wire::operations`], written from `contract/*.json`.

use crate::names::Grammar;

/// HTTP method of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "they are the methods of HTTP")]
pub enum Method {
    Get,
    Put,
    Post,
    Delete,
    Options,
}

impl Method {
    /// The method as HTTP writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

/// What the contract asks of a caller before the operation's own rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// Nothing.
    None,
    /// Any authenticated caller.
    Authenticate,
    /// A caller who may do `action` on `resource`, a text with `{parameter}` places.
    Authorize {
        /// The action asked for.
        action: &'static str,
        /// The resource asked for.
        resource: &'static str,
    },
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A `{name}` of the path.
    Path,
    /// A query value by this name.
    Query(&'static str),
    /// A header by this name.
    Header(&'static str),
    /// The body.
    Body,
}

/// A parameter of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name in the contract; for a path parameter the name between the braces.
    pub name: &'static str,
    /// Name of its type in the contract.
    pub of: &'static str,
    /// The grammar of that type.
    pub grammar: Grammar,
    /// Where it stands.
    pub place: Place,
}

/// An operation of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Name of the call, as in Athenz's clients: `putMembership`. Lower-cased it stands in error
    /// texts, metrics and the authorized-services file.
    pub id: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path below `/zms/v1` or `/zts/v1`, parameters in braces.
    pub path: &'static str,
    /// What a caller needs.
    pub authentication: Authentication,
    /// Parameters in the order of the contract.
    pub parameters: &'static [Parameter],
}
