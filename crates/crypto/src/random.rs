//! Randomness as an argument, so that a test can fix it.

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random bytes.
pub trait Random: Send + Sync + Debug {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// The generator of the crypto library, seeded by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        #[expect(clippy::expect_used, reason = "a process without randomness must not go on")]
        aws_lc_rs::rand::fill(buffer).expect("the random generator works");
    }
}

/// A source that gives the same bytes in every run. For tests: anybody can guess what it gives.
#[derive(Debug, Default)]
pub struct FixedRandom(AtomicU64);

impl FixedRandom {
    /// A source whose bytes depend on nothing but the seed.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Random for FixedRandom {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let bytes = crate::digest::sha256(&count.to_be_bytes());
            chunk.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        }
    }
}

/// So many random bytes.
pub fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut buffer = [0; N];
    random.fill(&mut buffer);
    buffer
}

/// Lower-case hexadecimal text of `N` random bytes.
pub fn hex<const N: usize>(random: &dyn Random) -> String {
    to_hex(&bytes::<N>(random))
}

/// A random 64-bit number as lower-case hexadecimal text without leading zeros: the salt of tokens.
pub fn salt(random: &dyn Random) -> String {
    format!("{:x}", u64::from_be_bytes(bytes(random)))
}

/// A random (version 4) UUID in its usual text form (RFC 9562).
pub fn uuid_v4(random: &dyn Random) -> String {
    let mut number = u128::from_be_bytes(bytes(random));
    number = number & !(0xf << 76) | (0x4 << 76);
    number = number & !(0x3 << 62) | (0x2 << 62);
    let part = |shift: u32, digits: usize| {
        let mask = (1_u128 << (digits * 4)) - 1;
        format!("{:0digits$x}", (number >> shift) & mask)
    };
    format!("{}-{}-{}-{}-{}", part(96, 8), part(80, 4), part(64, 4), part(48, 4), part(0, 12))
}

/// Lower-case hexadecimal text of the bytes.
pub fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // writing to a String cannot fail
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_version_and_variant() {
        for seed in 0..100 {
            let uuid = uuid_v4(&FixedRandom::new(seed));
            let parts: Vec<&str> = uuid.split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{uuid}");
            assert!(parts[2].starts_with('4'), "{uuid}");
            assert!(parts[3].starts_with(['8', '9', 'a', 'b']), "{uuid}");
        }
    }

    #[test]
    fn the_system_source_does_not_repeat() {
        assert_ne!(bytes::<16>(&SystemRandom), bytes::<16>(&SystemRandom));
        assert_ne!(uuid_v4(&SystemRandom), uuid_v4(&SystemRandom));
    }

    #[test]
    fn the_fixed_source_repeats() {
        assert_eq!(hex::<40>(&FixedRandom::new(7)), hex::<40>(&FixedRandom::new(7)));
        assert_ne!(hex::<40>(&FixedRandom::new(7)), hex::<40>(&FixedRandom::new(9)));
        assert_eq!(hex::<40>(&SystemRandom).len(), 80);
    }
}
