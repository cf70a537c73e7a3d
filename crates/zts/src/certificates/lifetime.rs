//! How long a certificate lives and what it is for.

use athenz_model::Timestamp;

/// The most minutes a certificate of any kind lives, unless configured: 30 days.
pub const MAX_MINUTES: i64 = 43_200;

/// What bounds the life of a service certificate, in minutes; zero or less means "no opinion".
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceLifetime {
    /// What the provider allows.
    pub provider: i64,
    /// What the client asked for.
    pub requested: i64,
    /// The limit of the domain.
    pub domain: i64,
    /// The default of the server.
    pub default: i64,
}

impl ServiceLifetime {
    /// Minutes to ask of the signer; 0 leaves it to the signer's maximum.
    pub fn minutes(self) -> i64 {
        let asked = least([self.provider, self.requested]);
        let bounded = least([asked, self.domain]);
        if bounded > 0 { bounded } else { self.default.max(0) }
    }
}

/// What bounds the life of a role certificate, in minutes; zero or less means "no opinion".
#[derive(Clone, Copy, Debug, Default)]
pub struct RoleLifetime {
    /// What the client asked for: a 64-bit field of which Athenz reads 32 bits.
    pub requested: i64,
    /// The limit of the role.
    pub role: i64,
    /// The limit of the domain for roles that have none.
    pub domain: i64,
}

impl RoleLifetime {
    /// Minutes to ask of the signer; 0 leaves it to the signer's maximum.
    pub fn minutes(self) -> i64 {
        let [a, b, c, d, ..] = self.requested.to_le_bytes();
        let requested = i64::from(i32::from_le_bytes([a, b, c, d]));
        let limit = if self.role > 0 { self.role } else { self.domain };
        least([requested, limit])
    }
}

/// The least of those that have an opinion, 0 when none has.
fn least(minutes: [i64; 2]) -> i64 {
    minutes.into_iter().filter(|minutes| *minutes > 0).min().unwrap_or(0)
}

/// What a certificate is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// TLS client and server.
    #[default]
    ClientAndServer,
    /// TLS client.
    Client,
    /// TLS server.
    Server,
    /// Code signing.
    CodeSigning,
    /// Time stamping.
    TimeStamping,
}

impl Usage {
    /// The usage a provider names in `certUsage`; an unknown name means the least.
    pub fn of_provider(name: Option<&str>) -> Self {
        match name.map(str::to_ascii_lowercase).as_deref() {
            None | Some("") => Self::ClientAndServer,
            Some("server") => Self::Server,
            Some("codesigning") => Self::CodeSigning,
            Some("timestamping") => Self::TimeStamping,
            Some(_) => Self::Client,
        }
    }
}

/// How urgent a remote signer should take a request, by what is left of the previous certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Nothing or little is left.
    High,
    /// Something between.
    Medium,
    /// Most is left.
    Low,
}

/// Percent of the life that must be left for a low priority, and at most left for a high one.
const LOW_FROM: i64 = 75;
const HIGH_UP_TO: i64 = 25;

impl Priority {
    /// The priority of renewing a certificate with these dates.
    pub fn of_renewal(not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> Self {
        let left = not_after.millis().saturating_sub(now.millis());
        let life = not_after.millis().saturating_sub(not_before.millis());
        if left <= 0 || life <= 0 {
            return Self::High;
        }
        match left.saturating_mul(100) / life {
            LOW_FROM.. => Self::Low,
            ..=HIGH_UP_TO => Self::High,
            _ => Self::Medium,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_of_a_service_certificate() {
        for (provider, requested, domain, default, minutes) in [
            (0, 0, 0, 0, 0),
            (0, 60, 0, 0, 60),
            (0, -5, 0, 0, 0),
            (360, 600, 0, 0, 360),
            (360, 60, 0, 0, 60),
            (0, 0, 1440, 600, 1440),
            (0, 9999, 1440, 600, 1440),
            (0, 60, 1440, 600, 60),
            (0, 0, 0, 600, 600),
            (0, 99_999, 0, 0, 99_999),
        ] {
            let lifetime = ServiceLifetime { provider, requested, domain, default };
            assert_eq!(lifetime.minutes(), minutes, "{lifetime:?}");
        }
    }

    #[test]
    fn minutes_of_a_role_certificate() {
        for (requested, role, domain, minutes) in [
            (0, 0, 0, 0),
            (60, 0, 0, 60),
            (60, 30, 90, 30),
            (60, 0, 45, 45),
            (0, 0, 45, 45),
            (0, 30, 45, 30),
            (-1, 0, 0, 0),
            (4_294_967_356, 0, 0, 60),
        ] {
            let lifetime = RoleLifetime { requested, role, domain };
            assert_eq!(lifetime.minutes(), minutes, "{lifetime:?}");
        }
    }

    #[test]
    fn usages() {
        for (name, usage) in [
            (None, Usage::ClientAndServer),
            (Some("CLIENT"), Usage::Client),
            (Some("codeSigning"), Usage::CodeSigning),
            (Some("nonsense"), Usage::Client),
        ] {
            assert_eq!(Usage::of_provider(name), usage, "{name:?}");
        }
    }

    #[test]
    fn priorities() {
        let start = Timestamp::from_seconds(1_800_000_000);
        for (days, priority) in [
            (0, Priority::Low),
            (7, Priority::Low),
            (8, Priority::Medium),
            (22, Priority::Medium),
            (23, Priority::High),
            (31, Priority::High),
        ] {
            assert_eq!(
                Priority::of_renewal(start, start.plus_days(30), start.plus_days(days)),
                priority,
                "{days}"
            );
        }
    }
}
