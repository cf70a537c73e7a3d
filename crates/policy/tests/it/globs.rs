//! Patterns against the plain definition.

use std::time::Instant;

use athenz_policy::{Glob, LineEnds};
use proptest::prelude::*;

use crate::plain;

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab*?]{0,12}",
        "[abß\u{2028}*?\n]{0,10}",
        // pieces longer than a word of the bit-parallel search
        "\\*[ab?]{60,140}\\*?",
    ]
}

/// A text that a pattern is likely to match.
fn text_for(pattern: &str) -> BoxedStrategy<String> {
    let parts: Vec<BoxedStrategy<String>> = pattern
        .chars()
        .map(|character| match character {
            '*' => "[abß\n]{0,3}".boxed(),
            '?' => "[abß€\u{1F600}\n]".boxed(),
            // now and then something else
            literal => prop_oneof![40 => Just(literal.to_string()), 1 => "[ab]"].boxed(),
        })
        .collect();
    parts.prop_map(|parts| parts.concat()).boxed()
}

fn pattern_and_text() -> impl Strategy<Value = (String, String)> {
    pattern().prop_flat_map(|pattern| {
        let text = prop_oneof![3 => text_for(&pattern), 1 => "[abß\n]{0,14}".boxed()];
        (Just(pattern), text)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_glob_matches_as_defined((pattern, text) in pattern_and_text()) {
        let glob = Glob::new(&pattern);
        for line_ends in [LineEnds::Crossed, LineEnds::NotCrossed] {
            prop_assert_eq!(
                glob.matches_lines(&text, line_ends),
                plain::glob(&pattern, &text, line_ends),
                "{:?} {:?} {:?}", pattern, text, line_ends
            );
        }
    }
}

#[test]
fn hostile_patterns_stay_linear() {
    let long = "a".repeat(4096);
    for (pattern, text) in [
        (format!("{}*b*", "*a".repeat(64)), &long),
        (format!("*{}b{}*", "a".repeat(1500), "a".repeat(1500)), &long),
        (format!("{}*b?*", "*a?a".repeat(64)), &long),
        (format!("*{}b*", "a?".repeat(1000)), &long),
        (format!("*{}?b*", "a".repeat(3000)), &long),
    ] {
        let glob = Glob::new(&pattern);
        let start = Instant::now();
        assert!(!glob.matches(text));
        // without optimisation and on a busy machine; backtracking would take years
        assert!(start.elapsed().as_millis() < 2000, "{pattern:.60}");
    }
}

#[test]
fn pieces_of_any_length_are_found() {
    for length in [1_usize, 63, 64, 65, 128, 4096, 5000] {
        let piece = "ab?c".repeat(length.div_ceil(4));
        let text = format!("xx{}yy", piece.replace('?', "ß"));
        assert!(Glob::new(&format!("*{piece}*")).matches(&text), "{length}");
        assert!(!Glob::new(&format!("*{piece}*")).matches(&text.replace("cy", "dy")), "{length}");
    }
}
