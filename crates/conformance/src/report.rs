//! Adds up what came of recordings.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::compare::Difference;
use crate::json::{Json, Style};
use crate::player::{Played, PlayedStep};
use crate::recording::RecordingError;

/// How many differences of one step, and how much of each value, a report shows.
const SHOWN_DIFFERENCES: usize = 6;
const SHOWN_CHARACTERS: usize = 300;

/// The deliberate differences: `recording:step`, and the reason.
#[derive(Clone, Debug, Default)]
pub struct Allowed(BTreeMap<String, String>);

impl Allowed {
    /// Reads a file such as `{"zms-role-01-crud:7": "why"}`.
    ///
    /// # Errors
    /// When it cannot be read or has another form.
    pub fn load(path: &Path) -> Result<Self, RecordingError> {
        let name = || path.display().to_string();
        let bytes =
            std::fs::read(path).map_err(|source| RecordingError::Unreadable { path: name(), source })?;
        let reasons = serde_json::from_slice(&bytes)
            .map_err(|source| RecordingError::Malformed { path: name(), source })?;
        Ok(Self(reasons))
    }

    /// The deliberate differences of this workspace.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn load_own() -> Result<Self, RecordingError> {
        Self::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/differences.json")))
    }
}

impl<K: Into<String>, const N: usize> From<[(K, &str); N]> for Allowed {
    fn from(reasons: [(K, &str); N]) -> Self {
        Self(reasons.into_iter().map(|(step, reason)| (step.into(), reason.to_owned())).collect())
    }
}

/// Whether the words of an error for a person count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// A difference in words alone is counted apart and passes.
    #[default]
    Lenient,
    /// Every difference fails.
    StrictText,
}

/// A step whose answer was not the recorded one.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// `recording:step`
    pub step: String,
    /// What was asked.
    pub title: String,
    /// Where the answer differs.
    pub differences: Vec<Difference>,
}

/// What came of a number of recordings. Its text form is for a person.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Exchanges that count.
    pub total: usize,
    /// Those that differ only in words for a person; a strict report fails them as well.
    pub text_only: usize,
    /// Those that differ and may: step and reason.
    pub accepted: Vec<(String, String)>,
    /// Those that differ and may not.
    pub mismatches: Vec<Mismatch>,
    /// Scenarios that ended early, and why.
    pub stopped: Vec<(String, String)>,
    /// Steps that may differ, were played, and do not: their entries should go.
    pub needless: Vec<String>,
}

impl Report {
    /// Adds up.
    pub fn new(played: &[Played], allowed: &Allowed, strictness: Strictness) -> Self {
        let mut report = Self::default();
        for scenario in played {
            for step in scenario.steps.iter().filter(|step| step.compared) {
                report.add(&scenario.recording, step, allowed, strictness);
            }
            if let Some(error) = &scenario.stopped {
                report.stopped.push((scenario.recording.clone(), error.to_string()));
            }
        }
        report
    }

    fn add(&mut self, recording: &str, step: &PlayedStep, allowed: &Allowed, strictness: Strictness) {
        self.total += 1;
        let key = format!("{recording}:{}", step.number);
        let reason = allowed.0.get(&key);
        if step.differences.is_empty() {
            if reason.is_some() {
                self.needless.push(key);
            }
            return;
        }
        if let Some(reason) = reason {
            self.accepted.push((key, reason.clone()));
            return;
        }
        if step.differences.iter().all(Difference::is_error_text) {
            self.text_only += 1;
            if strictness == Strictness::Lenient {
                return;
            }
        }
        self.mismatches.push(Mismatch {
            step: key,
            title: step.title.clone(),
            differences: step.differences.clone(),
        });
    }

    /// Exchanges that are the same, or differ in words that do not count.
    pub fn same(&self) -> usize {
        self.total.saturating_sub(self.mismatches.len() + self.accepted.len())
    }

    /// Whether nothing differs that may not, and every scenario came to its end.
    pub fn passes(&self) -> bool {
        self.mismatches.is_empty() && self.stopped.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mismatch in &self.mismatches {
            writeln!(f, "{} {}", mismatch.step, mismatch.title)?;
            for difference in mismatch.differences.iter().take(SHOWN_DIFFERENCES) {
                let [want, got] = [&difference.want, &difference.got].map(|value| shown(value.as_ref()));
                writeln!(f, "    {}: want {want}  got {got}", difference.place)?;
            }
            if let Some(more @ 1..) = mismatch.differences.len().checked_sub(SHOWN_DIFFERENCES) {
                writeln!(f, "    and {more} more")?;
            }
        }
        for (recording, reason) in &self.stopped {
            writeln!(f, "{recording}: stopped: {reason}")?;
        }
        for step in &self.needless {
            writeln!(f, "{step}: no longer differs; remove its entry from the list of differences")?;
        }
        write!(
            f,
            "{} exchanges compared: {} same, {} differ, {} accepted differences, \
             {} differ in error text only, {} scenarios stopped",
            self.total,
            self.same(),
            self.mismatches.len(),
            self.accepted.len(),
            self.text_only,
            self.stopped.len()
        )
    }
}

fn shown(value: Option<&Json>) -> String {
    value.map_or_else(
        || "(absent)".to_owned(),
        |value| value.write(Style::Spaced).chars().take(SHOWN_CHARACTERS).collect(),
    )
}
