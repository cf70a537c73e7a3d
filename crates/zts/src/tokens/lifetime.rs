//! How long a token lives.

/// The server's own limits, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Life when nothing is asked for.
    pub default: i64,
    /// The longest life.
    pub max: i64,
}

/// What a request asks for, in seconds; zero and below ask for nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// At most this long.
    pub max: i64,
    /// At least this long; only counts without `max` and above the default.
    pub min: i64,
}

/// Seconds a token of these roles lives: the wish within the server's limits, then at most the
/// smallest limit of a role, or of the domain where no role has one. `None` and values below one
/// are no limit; both are in minutes, as they stand on roles and domains.
pub fn seconds(
    limits: Limits,
    wish: Wish,
    roles: impl IntoIterator<Item = Option<i32>>,
    domain: Option<i32>,
) -> i64 {
    let wished = match wish {
        Wish { max, .. } if max > 0 => max,
        Wish { min, .. } if min > limits.default => min,
        _ => limits.default,
    };
    let positive = |minutes: Option<i32>| minutes.filter(|minutes| *minutes > 0);
    let cap = roles.into_iter().filter_map(positive).min().or(positive(domain));
    let cap = cap.map_or(i64::MAX, |minutes| i64::from(minutes) * 60);
    wished.min(limits.max).min(cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_limit_that_applies() {
        let limits = Limits { default: 7_200, max: 2_592_000 };
        let day = 86_400;
        for (max, min, roles, domain, expected) in [
            (0, 0, vec![None], None, 7_200),
            (0, 0, vec![None], Some(90), 5_400),
            (0, 0, vec![Some(30)], Some(90), 1_800),
            (0, 0, vec![Some(43_200)], Some(90), 7_200),
            (36_000, 0, vec![Some(43_200)], Some(90), 36_000),
            (0, 0, vec![None, Some(30), Some(43_200)], Some(90), 1_800),
            (36_000, 0, vec![None, Some(43_200)], Some(90), 36_000),
            (600, 0, vec![None], Some(90), 600),
            (1, 0, vec![None], None, 1),
            (-1, -1, vec![None], None, 7_200),
            (99_999_999, 0, vec![None], None, 30 * day),
            (0, 10_000, vec![None], None, 10_000),
            (0, 100, vec![None], None, 7_200),
            (1_200, 9_000, vec![None], None, 1_200),
            (0, 0, vec![Some(0), Some(-5)], Some(0), 7_200),
        ] {
            let given = seconds(limits, Wish { max, min }, roles.clone(), domain);
            assert_eq!(given, expected, "max {max} min {min} roles {roles:?} domain {domain:?}");
        }
    }
}
