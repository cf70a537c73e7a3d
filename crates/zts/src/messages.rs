//! Texts that Athenz's clients and its users know. They stay as Athenz has them.

use athenz_model::ApiError;
use athenz_model::names::Grammar;
use athenz_model::wire::Wire;

/// A body that is no JSON of the type wanted.
pub const INVALID_OBJECT: &str = "Invalid Object: checkout https://github.com/AthenZ/athenz/tree/master/core/zts/src/main/rdl for object defintions";

/// Checks a name that came in a body or form against the grammar of its type.
///
/// # Errors
/// 400 in Athenz's words.
pub fn check_name(of: &str, grammar: Grammar, text: &str) -> Result<(), ApiError> {
    if grammar.matches(text) {
        return Ok(());
    }
    let expression = grammar.expression();
    Err(invalid(of, &format!("String pattern mismatch (expected \"{expression}\")  for type {of} in data")))
}

/// Checks a name that must be given.
///
/// # Errors
/// 400 in Athenz's words.
pub fn require_name<'a>(of: &str, grammar: Grammar, text: Option<&'a str>) -> Result<&'a str, ApiError> {
    let text = text.ok_or_else(|| missing(of))?;
    check_name(of, grammar, text)?;
    Ok(text)
}

/// Checks a body against the contract and fills in its defaults.
///
/// # Errors
/// 400 in Athenz's words.
pub fn check_body<T: Wire>(body: &mut T) -> Result<(), ApiError> {
    body.check().map_err(|violation| invalid(T::NAME, &violation.to_string()))
}

/// 400: a value of this type must be given.
pub fn missing(of: &str) -> ApiError {
    ApiError::bad_request(format!("Missing or malformed {of}"))
}

fn invalid(of: &str, why: &str) -> ApiError {
    let inner = format!("Invalid {of} error: {why}");
    ApiError::bad_request(format!(
        "Invalid {of} error: ResourceException (400): {{code: 400, message: \"{inner}\"}}"
    ))
}

/// 404 of the look-ups that only need a domain.
pub fn domain_not_found(domain: &str) -> ApiError {
    ApiError::not_found(format!("Domain not found: '{domain}'"))
}

/// 404 of the token calls.
pub fn no_such_domain(domain: &str) -> ApiError {
    ApiError::not_found(format!("No such domain: {domain}"))
}

/// 403: a principal without the roles asked for; `api` is the lower-case name of the call.
pub fn not_in_role(api: &str, principal: &str, domain: &str, named: bool) -> ApiError {
    let what = if named { "the requested role(s)" } else { "any role" };
    ApiError::forbidden(format!("{api}: principal {principal} is not included in {what} in domain {domain}"))
}

/// 403: a request signed by an authorized service of another domain.
pub fn authorized_service_mismatch(service_domain: &str, domain: &str) -> ApiError {
    ApiError::forbidden(format!(
        "Authorized service domain {service_domain} does not match request domain {domain}"
    ))
}

/// 403: the call is not for role identities.
pub fn role_identity() -> ApiError {
    ApiError::forbidden("Role Identity not authorized for request")
}
