//! ZMS: the source of truth for domains, roles, groups, policies and services.
