//! What a text must look like to be of its type.

use athenz_model::ApiError;
use athenz_model::names::Grammar;

/// A text that does not match the grammar of its type, as the schema validation says it.
pub(crate) fn mismatch(of: &str, grammar: Grammar) -> ApiError {
    let expected = grammar.expression();
    ApiError::bad_request(format!(
        "Invalid {of} error: ResourceException (400): {{code: 400, message: \"Invalid {of} error: String pattern mismatch (expected \"{expected}\")  for type {of} in data\"}}"
    ))
}

/// Checks a text against a grammar.
///
/// # Errors
/// 400: it does not match.
pub(crate) fn check_grammar(text: &str, grammar: Grammar, of: &str) -> Result<(), ApiError> {
    if grammar.matches(text) { Ok(()) } else { Err(mismatch(of, grammar)) }
}
