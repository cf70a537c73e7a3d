//! Whether an answer is what was recorded.

use std::collections::BTreeSet;

use crate::json::Json;
use crate::normal::minutes_of;
use crate::recording::{Observed, Step};

/// By how many minutes a moment may be off.
const TOLERANCE_MINUTES: i64 = 3;

/// Headers that are compared, besides `access-control-…`.
const COMPARED_HEADERS: [&str; 3] = ["etag", "location", "content-type"];

/// One place where an answer is not what was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// `status`, `header location`, `body.roles[]`.
    pub place: String,
    /// What was recorded; none if it was absent.
    pub want: Option<Json>,
    /// What came back; none if it was absent.
    pub got: Option<Json>,
}

impl Difference {
    fn new(place: impl Into<String>, want: Option<&Json>, got: Option<&Json>) -> Self {
        Self { place: place.into(), want: want.cloned(), got: got.cloned() }
    }

    /// Whether only the words for a person differ here.
    pub fn is_error_text(&self) -> bool {
        matches!(self.place.as_str(), "body.message" | "body.error_description")
    }
}

/// How the answer to a step differs from the recorded one: status, headers of the contract, body.
pub fn answer_differences(step: &Step, got: &Observed) -> Vec<Difference> {
    let want = &step.expect;
    let mut found = Vec::new();
    if want.status != got.status {
        let [w, g] = [want.status, got.status].map(|status| Json::Int(status.into()));
        found.push(Difference::new("status", Some(&w), Some(&g)));
    }
    if is_page(&want.body) {
        return found; // the reference's container answered: only the status is a contract
    }
    for (name, value) in want.headers.iter().filter(|(name, _)| is_compared(name)) {
        let back = got.headers.get(name);
        if back != Some(value) {
            found.push(Difference::new(format!("header {name}"), Some(value), back));
        }
    }
    found.extend(differences(&want.body, &got.body).into_iter().map(|mut difference| {
        difference.place.insert_str(0, "body");
        difference
    }));
    found
}

fn is_compared(header: &str) -> bool {
    COMPARED_HEADERS.contains(&header) || header.starts_with("access-control-")
}

fn is_page(body: &Json) -> bool {
    body.as_str().is_some_and(|text| text.starts_with("<html>") || text.starts_with("HTTP ERROR "))
}

/// The places where two values differ. Lists have no order; relative moments may be three minutes apart.
pub fn differences(want: &Json, got: &Json) -> Vec<Difference> {
    let mut found = Vec::new();
    collect(want, got, "", &mut found);
    found
}

fn collect(want: &Json, got: &Json, place: &str, found: &mut Vec<Difference>) {
    match (want, got) {
        (Json::Object(wanted), Json::Object(gotten)) => {
            let names: BTreeSet<&str> = wanted.iter().chain(gotten.iter()).map(|(name, _)| name).collect();
            for name in names {
                let place = format!("{place}.{name}");
                match (wanted.get(name), gotten.get(name)) {
                    (Some(w), Some(g)) => collect(w, g, &place, found),
                    (w, g) => found.push(Difference::new(place, w, g)),
                }
            }
        }
        (Json::List(wanted), Json::List(gotten)) => collect_list(wanted, gotten, place, found),
        _ if same_scalar(want, got) => {}
        _ => found.push(Difference::new(place, Some(want), Some(got))),
    }
}

fn collect_list(want: &[Json], got: &[Json], place: &str, found: &mut Vec<Difference>) {
    let place = format!("{place}[]");
    let mut left: Vec<&Json> = got.iter().collect();
    for wanted in want {
        match left.iter().position(|candidate| same(wanted, candidate)) {
            Some(position) => {
                left.remove(position);
            }
            None => found.push(Difference::new(place.as_str(), Some(wanted), None)),
        }
    }
    found.extend(left.into_iter().map(|extra| Difference::new(place.as_str(), None, Some(extra))));
}

fn same(want: &Json, got: &Json) -> bool {
    match (want, got) {
        (Json::Object(wanted), Json::Object(gotten)) => {
            wanted.len() == gotten.len()
                && wanted.iter().all(|(name, w)| gotten.get(name).is_some_and(|g| same(w, g)))
        }
        (Json::List(wanted), Json::List(gotten)) => {
            let mut found = Vec::new();
            wanted.len() == gotten.len() && {
                collect_list(wanted, gotten, "", &mut found);
                found.is_empty()
            }
        }
        _ => same_scalar(want, got),
    }
}

fn same_scalar(want: &Json, got: &Json) -> bool {
    if let (Json::Text(want), Json::Text(got)) = (want, got)
        && let (Some(want), Some(got)) = (minutes_of(want), minutes_of(got))
    {
        return want.abs_diff(got) <= TOLERANCE_MINUTES.unsigned_abs();
    }
    want == got
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(want: &str, got: &str) -> Vec<String> {
        let [want, got] = [want, got].map(|text| Json::parse(text.as_bytes()).unwrap());
        differences(&want, &got).into_iter().map(|difference| difference.place).collect()
    }

    #[test]
    fn what_differs_and_what_does_not() {
        for (want, got, expected) in [
            ("{\"a\": 1, \"b\": 2}", "{\"b\": 2, \"a\": 1}", vec![]),
            ("{\"a\": 1}", "{\"b\": 1}", vec![".a", ".b"]),
            ("{\"a\": {\"b\": \"x\"}}", "{\"a\": {\"b\": \"y\"}}", vec![".a.b"]),
            ("[1, 2, 2]", "[2, 1, 2]", vec![]),
            ("[1, 2]", "[2, 2]", vec!["[]", "[]"]),
            ("[[1, 2], {\"a\": [3, 4]}]", "[{\"a\": [4, 3]}, [2, 1]]", vec![]),
            ("\"<now>\"", "\"<now+3m>\"", vec![]),
            ("\"<now>\"", "\"<now+4m>\"", vec![""]),
            ("\"<now-1440m>\"", "\"<now-1438m>\"", vec![]),
            ("\"<now>\"", "\"now\"", vec![""]),
            ("1", "1.0", vec![""]),
            ("1", "true", vec![""]),
            ("null", "[]", vec![""]),
        ] {
            assert_eq!(places(want, got), expected, "{want} against {got}");
        }
    }
}
