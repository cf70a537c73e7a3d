//! ZMS and ZTS clients, identities with reload, a token cache.
