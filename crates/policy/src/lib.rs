//! The Athenz decision engine: members, compiled policies, match, decide; no IO, no clock.
