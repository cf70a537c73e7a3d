//! Theft detection: which certificate may refresh an instance. Whoever holds a copy of an
//! instance's certificate refreshes beside the owner; then one of the two comes with a certificate
//! that has been followed by another. Nobody can tell who is who, so the instance is revoked until
//! it proves itself anew by registering.

use athenz_model::Timestamp;
use athenz_store::certificate_records::{CertificateRecord, Issue};

/// Serials kept to tell certificates of this registration from those of an earlier one.
const KEPT_SERIALS: usize = 8;

/// The certificate a refresh is asked for with.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Serial number as records have it.
    pub serial: &'a str,
    /// Start of its life, a whole second.
    pub not_before: Timestamp,
}

/// What a refresh is based on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on. The new certificate follows this one, kept as the previous one.
    Follow {
        /// The certificate that becomes the previous one.
        previous: Issue,
        /// Older serials of this registration.
        superseded: Vec<String>,
    },
    /// There is no record, but there was a loss of records after the certificate was issued.
    Recover,
    /// There is no record.
    NoRecord,
    /// The instance is revoked, or the certificate is of an earlier registration: no, and nothing
    /// changes.
    Refuse,
    /// The certificate has been followed by another: no, and the instance is revoked.
    Revoke,
}

/// Judges a refresh. `reset`: certificates from before are let pass, after a loss of records.
pub fn judge(record: Option<&CertificateRecord>, presented: Presented<'_>, reset: Timestamp) -> Verdict {
    let Some(record) = record else {
        return if presented.not_before < reset { Verdict::Recover } else { Verdict::NoRecord };
    };
    if record.revoked_at.is_some() {
        return Verdict::Refuse;
    }
    if presented.serial == record.current.serial {
        return follow(record, record.current.clone(), &record.previous.serial);
    }
    // the answer with the current one was lost; or, in the time of a reset, anything goes
    if presented.serial == record.previous.serial || presented.not_before <= reset {
        return follow(record, record.previous.clone(), &record.current.serial);
    }
    let of_this_registration = record.superseded.iter().any(|serial| serial == presented.serial);
    if !of_this_registration && presented.not_before <= record.registered_at {
        return Verdict::Refuse;
    }
    Verdict::Revoke
}

fn follow(record: &CertificateRecord, previous: Issue, superseded: &str) -> Verdict {
    let older = record.superseded.iter().map(String::as_str);
    let superseded = std::iter::once(superseded).filter(|serial| *serial != previous.serial).chain(older);
    Verdict::Follow { superseded: superseded.take(KEPT_SERIALS).map(str::to_owned).collect(), previous }
}

#[cfg(test)]
mod tests {
    use super::*;
    use athenz_model::{Clock as _, ManualClock};
    use athenz_store::certificate_records::RecordKey;

    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    /// An instance as ZTS keeps it, with certificates named by letters.
    struct Instance {
        record: Option<CertificateRecord>,
        clock: ManualClock,
        issued: Vec<(String, Timestamp)>,
        reset: Timestamp,
    }

    impl Instance {
        fn new() -> Self {
            Self { record: None, clock: ManualClock::new(START), issued: Vec::new(), reset: Timestamp::EPOCH }
        }

        fn issue(&mut self, serial: &str) -> Issue {
            self.issued.push((serial.to_owned(), self.clock.now().truncated_to_seconds()));
            Issue { serial: serial.to_owned(), at: self.clock.now(), ip: "192.0.2.1".to_owned() }
        }

        fn register(&mut self, serial: &str) {
            let issue = self.issue(serial);
            self.record = Some(CertificateRecord {
                key: RecordKey { provider: "p".into(), instance_id: "i".into(), service: "d.s".into() },
                previous: issue.clone(),
                current: issue,
                superseded: Vec::new(),
                registered_at: self.clock.now(),
                refreshable: true,
                client_only: false,
                revoked_at: None,
                expires_at: self.clock.now().plus_days(30),
                host_name: None,
                data_updated_at: self.clock.now(),
                agent: None,
                notified: None,
                version: 1,
            });
        }

        /// Refreshes with `presented`; the new certificate would be `next`.
        fn refresh(&mut self, presented: &str, next: &str) -> &'static str {
            let not_before = self.issued.iter().find(|(serial, _)| serial == presented).unwrap().1;
            match judge(self.record.as_ref(), Presented { serial: presented, not_before }, self.reset) {
                Verdict::Follow { previous, superseded } => {
                    let current = self.issue(next);
                    let record = self.record.as_mut().unwrap();
                    (record.current, record.previous, record.superseded) = (current, previous, superseded);
                    "issued"
                }
                Verdict::Revoke => {
                    self.record.as_mut().unwrap().revoked_at = Some(self.clock.now());
                    "revoked"
                }
                Verdict::Refuse => "refused",
                Verdict::NoRecord => "no record",
                Verdict::Recover => "recovered",
            }
        }

        fn serials(&self) -> (&str, &str) {
            let record = self.record.as_ref().unwrap();
            (&record.current.serial, &record.previous.serial)
        }
    }

    /// Steps: `register A` or `refresh A B = outcome`, with `wait` seconds before each.
    fn walk(steps: &str, wait: i64) {
        let mut instance = Instance::new();
        for step in steps.lines().map(str::trim).filter(|line| !line.is_empty()) {
            instance.clock.advance_seconds(wait);
            let words: Vec<&str> = step.split_whitespace().collect();
            match words.as_slice() {
                ["register", serial] => instance.register(serial),
                ["refresh", presented, next, outcome] => {
                    assert_eq!(instance.refresh(presented, next), *outcome, "{step}, {wait} s apart");
                }
                _ => panic!("{step}"),
            }
        }
    }

    const WALK: &str = "
        register A
        refresh A B issued
        refresh A C issued
        refresh C D issued
        refresh C E issued
        refresh D X revoked
        refresh E X refused
        refresh D X refused
        refresh C X refused
        register F
        refresh F G issued
        refresh A X refused
        refresh E X refused
        refresh G H issued";

    #[test]
    fn the_walk_of_an_instance() {
        // all within one second, and with a day between
        walk(WALK, 0);
        walk(WALK, 86_400);
    }

    #[test]
    fn a_certificate_of_an_earlier_registration_harms_nobody() {
        walk("register A\nregister B\nrefresh A X refused\nrefresh B C issued\nrefresh A X refused", 5);
    }

    #[test]
    fn serials_move_as_athenz_moves_them() {
        let mut instance = Instance::new();
        instance.register("A");
        for (presented, next, serials) in
            [("A", "B", ("B", "A")), ("A", "C", ("C", "A")), ("C", "D", ("D", "C")), ("C", "E", ("E", "C"))]
        {
            assert_eq!(instance.refresh(presented, next), "issued");
            assert_eq!(instance.serials(), serials, "after {presented} -> {next}");
        }
    }

    #[test]
    fn a_long_overtaken_certificate_is_theft_too() {
        let mut instance = Instance::new();
        instance.register("0");
        for number in 0..20 {
            instance.clock.advance_seconds(60);
            assert_eq!(instance.refresh(&number.to_string(), &(number + 1).to_string()), "issued");
        }
        assert!(instance.record.as_ref().unwrap().superseded.len() <= KEPT_SERIALS);
        assert_eq!(instance.refresh("5", "X"), "revoked");
    }

    #[test]
    fn after_a_loss_of_records() {
        let mut instance = Instance::new();
        instance.issue("A");
        assert_eq!(instance.refresh("A", "B"), "no record");
        instance.reset = START.plus_seconds(1);
        assert_eq!(instance.refresh("A", "B"), "recovered");
    }

    #[test]
    fn a_restored_older_record_is_tolerated_within_the_reset() {
        let mut instance = Instance::new();
        instance.register("A");
        instance.clock.advance_seconds(60);
        instance.issue("Z");
        instance.reset = START.plus_seconds(120);
        assert_eq!(instance.refresh("Z", "B"), "issued");
        instance.clock.advance_seconds(120);
        instance.issue("Y");
        assert_eq!(instance.refresh("Y", "C"), "revoked", "issued after the reset");
    }
}
