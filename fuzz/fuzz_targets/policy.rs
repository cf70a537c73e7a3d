//! The glob matcher and the index of the decision engine against the plain definition of its rules.
#![no_main]

#[path = "../bodies/policy.rs"]
mod body;
#[path = "../../crates/policy/tests/it/plain.rs"]
#[allow(dead_code, reason = "the tests of the engine use the rest")]
mod plain;
#[path = "../../crates/policy/tests/it/world.rs"]
#[allow(dead_code, reason = "the tests of the engine use the rest")]
mod world;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<body::Written<'_>>, &str, &str)| {
    let (assertions, action, resource) = input;
    let _ = body::compare(assertions, action, resource);
});
