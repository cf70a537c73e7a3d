//! When a task of a server is due again, on a clock that a test can move.

use std::time::Duration;

use athenz_crypto::random::Random;
use athenz_model::Timestamp;

/// A period, more or less a tenth, so that many servers do not do the same at once.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    period_seconds: i64,
    due: Timestamp,
}

impl Schedule {
    /// The first time is some part of a period from now.
    pub fn new(period_seconds: i64, now: Timestamp, random: &dyn Random) -> Self {
        let part = period_seconds.saturating_mul(permille(random)) / 1_000;
        Self { period_seconds, due: now.plus_seconds(part) }
    }

    /// Whether it is time.
    pub fn is_due(&self, now: Timestamp) -> bool {
        now >= self.due
    }

    /// It was done; the next time is about a period from now.
    pub fn done(&mut self, now: Timestamp, random: &dyn Random) {
        let jitter = self.period_seconds.saturating_mul(permille(random) - 500) / 5_000;
        self.due = now.plus_seconds(self.period_seconds.saturating_add(jitter));
    }

    /// How long to sleep before asking again: never longer than a period, whatever the clock does.
    pub fn pause(&self, now: Timestamp) -> Duration {
        let most = self.period_seconds.saturating_mul(1_100).max(1_000);
        let millis = self.due.millis().saturating_sub(now.millis()).clamp(1_000, most);
        Duration::from_millis(millis.unsigned_abs())
    }
}

/// 0 to 999.
fn permille(random: &dyn Random) -> i64 {
    let mut bytes = [0; 2];
    random.fill(&mut bytes);
    i64::from(u16::from_le_bytes(bytes)) % 1_000
}

#[cfg(test)]
mod tests {
    use athenz_crypto::random::SystemRandom;

    use super::*;

    #[test]
    fn it_is_due_about_once_a_period() {
        let start = Timestamp::from_seconds(1_800_000_000);
        for _ in 0..200 {
            let mut schedule = Schedule::new(100, start, &SystemRandom);
            assert!(schedule.is_due(start.plus_seconds(100)));
            schedule.done(start, &SystemRandom);
            assert!(!schedule.is_due(start.plus_seconds(89)) && schedule.is_due(start.plus_seconds(110)));
            let pause = schedule.pause(start);
            assert!(pause >= Duration::from_secs(90) && pause <= Duration::from_secs(110), "{pause:?}");
            let stepped_back = schedule.pause(start.plus_seconds(-1_000_000));
            assert!(stepped_back <= Duration::from_secs(110), "{stepped_back:?}");
        }
    }
}
