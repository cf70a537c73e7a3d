//! The subject of a certificate we issue: only values we know to be right.

use super::names::RequestedNames;

/// Organizations that Athenz's own tools ask for.
const USUAL_ORGANIZATIONS: [&str; 2] = ["Athenz", "Oath Inc."];

/// Organizational unit that Athenz's own tools ask for.
const USUAL_UNIT: &str = "Athenz";

/// Marks a certificate as good for TLS between services only, not for calls to ZMS and ZTS.
const RESTRICTED: &str = ":restricted";

/// A verified subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Country (C).
    pub country: Option<String>,
    /// Organization (O).
    pub organization: Option<String>,
    /// Organizational unit (OU).
    pub organizational_unit: Option<String>,
    /// Common name (CN); absent in a certificate that is only a SPIFFE id.
    pub common_name: Option<String>,
}

/// What subjects may say beside the name.
#[derive(Clone, Debug, Default)]
pub struct SubjectRules {
    /// Organizations allowed; another one is refused. Empty: the usual ones are kept and others
    /// left out.
    pub organizations: Vec<String>,
    /// Organizational units allowed beside the provider's own name.
    pub organizational_units: Vec<String>,
    /// Whether another unit is refused, instead of left out.
    pub verify_organizational_unit: bool,
}

impl SubjectRules {
    /// The organization to issue. `None` when the request must be refused.
    pub fn organization(&self, names: &RequestedNames) -> Option<Option<String>> {
        let [asked] = names.organizations.as_slice() else {
            return names.organizations.is_empty().then_some(None);
        };
        if self.organizations.is_empty() {
            return Some(USUAL_ORGANIZATIONS.contains(&asked.as_str()).then(|| asked.clone()));
        }
        self.organizations.contains(asked).then(|| Some(asked.clone()))
    }

    /// The unit to issue. `own` are names that may stand there in this case: the provider, what it
    /// vouches for, or the unit of the caller's certificate. `None` when the request must be
    /// refused.
    pub fn organizational_unit(&self, names: &RequestedNames, own: &[&str]) -> Option<Option<String>> {
        let [asked] = names.organizational_units.as_slice() else {
            return (names.organizational_units.is_empty() || !self.verify_organizational_unit)
                .then_some(None);
        };
        let plain = asked.strip_suffix(RESTRICTED).unwrap_or(asked);
        let known = own.iter().any(|name| name.eq_ignore_ascii_case(plain))
            || self.organizational_units.iter().any(|unit| unit == plain)
            || (!self.verify_organizational_unit && plain == USUAL_UNIT);
        if known {
            return Some(Some(asked.clone()));
        }
        if self.verify_organizational_unit {
            return None;
        }
        // leaving out a restriction would give more than was asked for
        Some(
            asked
                .ends_with(RESTRICTED)
                .then(|| format!("{}{RESTRICTED}", own.first().unwrap_or(&USUAL_UNIT))),
        )
    }
}

/// The country, when it is a country code.
pub fn country(names: &RequestedNames) -> Option<String> {
    match names.countries.as_slice() {
        [code] if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            Some(code.clone())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(organizations: &[&str], units: &[&str]) -> RequestedNames {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        RequestedNames {
            organizations: owned(organizations),
            organizational_units: owned(units),
            ..RequestedNames::default()
        }
    }

    #[test]
    fn organizations() {
        let open = SubjectRules::default();
        let closed = SubjectRules { organizations: vec!["Acme".to_owned()], ..SubjectRules::default() };
        for (asked, by_open, by_closed) in [
            (&[] as &[&str], Some(None), Some(None)),
            (&["Athenz"], Some(Some("Athenz")), None),
            (&["Evil Corp"], Some(None), None),
            (&["Acme"], Some(None), Some(Some("Acme"))),
            (&["Athenz", "Athenz"], None, None),
        ] {
            let owned = |expected: Option<Option<&str>>| expected.map(|inner| inner.map(str::to_owned));
            assert_eq!(open.organization(&names(asked, &[])), owned(by_open), "{asked:?} without a list");
            assert_eq!(closed.organization(&names(asked, &[])), owned(by_closed), "{asked:?} with a list");
        }
    }

    #[test]
    fn units() {
        let open = SubjectRules::default();
        let strict = SubjectRules {
            verify_organizational_unit: true,
            organizational_units: vec!["Team".to_owned()],
            ..SubjectRules::default()
        };
        for (asked, by_open, by_strict) in [
            ("p.q", Some(Some("p.q")), Some(Some("p.q"))),
            ("P.Q:restricted", Some(Some("P.Q:restricted")), Some(Some("P.Q:restricted"))),
            ("Athenz", Some(Some("Athenz")), None),
            ("Whatever", Some(None), None),
            ("Whatever:restricted", Some(Some("p.q:restricted")), None),
            ("Team", Some(None), Some(Some("Team"))),
        ] {
            let owned = |expected: Option<Option<&str>>| expected.map(|inner| inner.map(str::to_owned));
            assert_eq!(open.organizational_unit(&names(&[], &[asked]), &["p.q"]), owned(by_open), "{asked}");
            assert_eq!(
                strict.organizational_unit(&names(&[], &[asked]), &["p.q"]),
                owned(by_strict),
                "{asked}"
            );
        }
        assert_eq!(strict.organizational_unit(&names(&[], &[]), &["p.q"]), Some(None), "absent is fine");
    }
}
