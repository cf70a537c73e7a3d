//! What the fuzzer does (`fuzz/`), for a moment, on every build: pseudo-random inputs, always the same.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stand outside of test functions"
)]

#[path = "../../../../fuzz/bodies/policy.rs"]
mod body;
#[path = "../../../policy/tests/it/plain.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests of the engine use the rest")]
mod plain;
#[path = "../../../policy/tests/it/world.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests of the engine use the rest")]
mod world;

use athenz_policy::Outcome;

const INPUTS: usize = 2_500;

/// xorshift64*, so that a failure comes again.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % limit
    }

    /// What a pattern stands for.
    fn instance(&mut self, pattern: &str) -> String {
        let one = |letter: char| match letter {
            '*' => self.text(&TEXT, 3),
            '?' => TEXT[self.below(3)].chars().take(1).collect(),
            other => other.to_string(),
        };
        pattern.chars().map(one).collect()
    }

    /// Of few letters, so that patterns match now and then.
    fn text(&mut self, letters: &[&str], longest: usize) -> String {
        (0..self.below(longest + 1)).map(|_| letters[self.below(letters.len())]).collect()
    }
}

const PATTERN: [&str; 16] =
    ["a", "b", "ab", "d:", "*", "*", "?", ".", ":", "\n", "A", "é", "\\", "[", "(", "x.y"];
const TEXT: [&str; 10] = ["a", "b", "ab", "d:", ".", ":", "\n", "B", "é", "x.y"];

#[test]
fn the_engine_decides_as_its_definition() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut allowed, mut denied) = (0, 0);
    for _ in 0..INPUTS {
        let most = [2, 4, 32][numbers.below(3)];
        let longest = [4, 8, 32][numbers.below(3)];
        let written: Vec<_> = (0..numbers.below(most) + 1)
            .map(|_| {
                let role = u8::try_from(numbers.below(256)).unwrap();
                let (denies, action) = (numbers.below(4) == 0, numbers.text(&PATTERN, longest / 2));
                (denies, role, action, numbers.text(&PATTERN, longest))
            })
            .collect();
        let (mut action, mut resource) = (numbers.text(&TEXT, longest / 2), numbers.text(&TEXT, longest));
        if numbers.below(2) == 0 {
            let (_, _, of_action, of_resource) = &written[numbers.below(written.len())];
            (action, resource) = (numbers.instance(of_action), numbers.instance(of_resource));
        }
        let assertions = written
            .iter()
            .map(|(denies, role, action, resource)| (*denies, *role, action.as_str(), resource.as_str()));
        match body::compare(assertions.collect(), &action, &resource) {
            Some(Outcome::Allowed) => allowed += 1,
            Some(Outcome::Denied) => denied += 1,
            _ => {}
        }
    }
    assert!(allowed > INPUTS / 50 && denied > INPUTS / 50, "inputs that say little: {allowed}, {denied}");
}
