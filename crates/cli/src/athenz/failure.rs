//! Errors as a person reads them: what is wrong, and what to do next.

use athenz_client::{ClientError, HttpError};

/// A provider needs the word of the system administrator and of the service's domain.
const LAUNCH: &str = "A system administrator says `athenz provider authorize PROVIDER`, and the service's domain \
    `athenz service allow-provider SERVICE PROVIDER`.";

/// The error with its causes, and advice where there is some.
pub(super) fn describe(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        // an outer error often repeats the inner one
        if !text.contains(&cause) {
            let separator = if text.is_empty() { "" } else { ": " };
            text = format!("{text}{separator}{cause}");
        }
    }
    match error.chain().find_map(|cause| cause.downcast_ref::<ClientError>()).and_then(advice) {
        Some(advice) => format!("{text}\n  {advice}"),
        None => text,
    }
}

fn advice(error: &ClientError) -> Option<&'static str> {
    if let ClientError::Refused { error, .. } = error
        && error.code == 403
        && error.message.contains("to launch")
    {
        return Some(LAUNCH);
    }
    match (error, error.code()) {
        (_, Some(401)) => Some("Show who you are: --cert and --key, or --home DIR of an `athenzd dev`."),
        (_, Some(403)) => Some("You may not do this; an administrator of the domain can, or can let you."),
        (_, Some(404)) => Some("Check the names; something made a moment ago reaches ZTS within seconds."),
        (_, Some(409)) => Some("Somebody else's, or changed meanwhile: look at it and try again."),
        (_, Some(429)) => Some("Wait a little and try again."),
        (_, Some(500..)) => Some("The server is in trouble: see `athenz status`, and its log."),
        (ClientError::Http { error: HttpError::Connect { why, .. }, .. }, _) if is_trust(why) => {
            Some("The server's certificate is not trusted: name its authority with --ca FILE.")
        }
        _ => None,
    }
}

fn is_trust(why: &str) -> bool {
    why.contains("certificate") || why.contains("UnknownIssuer")
}

#[cfg(test)]
mod tests {
    use athenz_agent::identity::AgentError;
    use athenz_model::ApiError;

    use super::*;

    #[test]
    fn a_refusal_says_what_to_do_next() {
        let refused = |code| ClientError::Refused {
            operation: "reading the role",
            error: ApiError { code, message: "unknown role".to_owned() },
        };
        let text = describe(&anyhow::Error::new(refused(404)).context("shop:role.reader"));
        assert!(text.starts_with("shop:role.reader: reading the role: unknown role (status 404)"), "{text}");
        assert!(text.contains("Check the names"), "{text}");
        assert!(describe(&refused(401).into()).contains("--cert"));
        assert!(!describe(&refused(400).into()).contains('\n'));
        let launch =
            ApiError { code: 403, message: "provider 'p' not authorized to launch instances".to_owned() };
        let launch = ClientError::Refused { operation: "registering the instance", error: launch };
        let launch = AgentError::Client(launch);
        assert!(describe(&launch.into()).contains("athenz provider authorize"), "an error inside an error");
    }
}
