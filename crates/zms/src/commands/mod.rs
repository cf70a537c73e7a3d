//! What each write decides: pure functions from a context and an input to a change set. They run
//! under the commit lock, one after another, each on the result of the one before.

pub(crate) mod assertions;
pub(crate) mod collection_input;
pub(crate) mod collections;
pub(crate) mod dates;
pub(crate) mod decision;
pub(crate) mod delete_domain;
pub(crate) mod delete_user;
pub(crate) mod dependencies;
pub(crate) mod difference;
pub(crate) mod domain_meta;
pub(crate) mod domains;
pub(crate) mod entities;
pub(crate) mod expiry;
pub(crate) mod last_admin;
pub(crate) mod leaving;
mod member_log;
pub(crate) mod member_target;
pub(crate) mod members;
pub(crate) mod membership;
pub(crate) mod owners;
pub(crate) mod policies;
mod predecessor;
pub(crate) mod provision;
pub(crate) mod purge;
pub(crate) mod quotas;
pub(crate) mod review;
pub(crate) mod services;
pub(crate) mod standard_names;
pub(crate) mod system_meta;
pub(crate) mod templates;
pub(crate) mod tenancy;
