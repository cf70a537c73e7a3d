//! Moments in requests (`now+30d`) and in answers (`<now+43200m>`).

use athenz_model::Timestamp;

/// Minutes around now that count as now.
const NOW_MINUTES: i64 = 2;

/// Reads `now`, `now+30d`, `now-1h` (also `s` and `m`).
pub(crate) fn parse(text: &str, now: Timestamp) -> Option<Timestamp> {
    let rest = text.strip_prefix("now")?;
    if rest.is_empty() {
        return Some(now);
    }
    let (sign, rest) = match rest.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, rest.strip_prefix('-')?),
    };
    let unit = rest.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let digits = rest.strip_suffix(unit)?;
    let count: i64 = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    Some(now.plus_seconds(count.checked_mul(seconds)?.checked_mul(sign)?))
}

/// `2020-01-01T00:00:00Z`: no fraction of a second.
pub(crate) fn without_fraction(moment: Timestamp) -> String {
    moment.to_string().split('.').next().unwrap_or_default().to_owned() + "Z"
}

/// The same moment on a clock two hours ahead.
pub(crate) fn two_hours_east(moment: Timestamp) -> String {
    let local = moment.plus_minutes(120).to_string();
    local.split('.').next().unwrap_or_default().to_owned() + ".000+02:00"
}

/// A moment so many milliseconds from now, to the minute.
pub(crate) fn relative(millis_away: i64) -> String {
    let minutes = round_half_even(millis_away, 60_000);
    if minutes.abs() <= NOW_MINUTES { "<now>".to_owned() } else { format!("<now{minutes:+}m>") }
}

fn round_half_even(value: i64, unit: i64) -> i64 {
    let (quotient, rest) = (value.div_euclid(unit), value.rem_euclid(unit));
    match (rest * 2).cmp(&unit) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Greater => quotient + 1,
        std::cmp::Ordering::Equal => quotient + (quotient & 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_requests() {
        let now = Timestamp::from_seconds(1_700_000_000);
        for (text, seconds) in [
            ("now", Some(0)),
            ("now+30d", Some(30 * 86_400)),
            ("now-1h", Some(-3600)),
            ("now+5m", Some(300)),
            ("now-7s", Some(-7)),
            ("now+", None),
            ("now+1w", None),
            ("now+-1d", None),
            ("later", None),
        ] {
            assert_eq!(parse(text, now), seconds.map(|seconds| now.plus_seconds(seconds)), "{text}");
        }
        assert_eq!(without_fraction(now), "2023-11-14T22:13:20Z");
        assert_eq!(two_hours_east(now), "2023-11-15T00:13:20.000+02:00");
    }

    #[test]
    fn distances_are_whole_minutes() {
        for (seconds, text) in [
            (0, "<now>"),
            (150, "<now>"),
            (151, "<now+3m>"),
            (-150, "<now>"),
            (-210, "<now-4m>"),
            (3600, "<now+60m>"),
        ] {
            assert_eq!(relative(seconds * 1000), text, "{seconds}");
        }
    }
}
