//! The state of ZMS in memory: change sets, how they apply, and the indexes over all domains.
