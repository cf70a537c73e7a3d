//! ZTS: identity certificates, tokens, signed policies and access checks from a replica of ZMS.
