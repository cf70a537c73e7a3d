//! The scope grammar of access and ID tokens: items between single spaces, each a keyword or a
//! name with its domain.

use athenz_model::ApiError;
use athenz_model::names::Grammar;

use crate::messages;

/// What a scope may say.
#[derive(Clone, Copy, Debug)]
pub struct Grammars<'a> {
    /// Distinct domains it may name.
    pub max_domains: usize,
    /// Domain of an item that names none; such items are skipped without it.
    pub default_domain: Option<&'a str>,
    /// Full role names, `*` for any text, whose domain does not count against `max_domains`.
    pub uncounted_roles: &'a [String],
}

/// A scope taken apart. Names are checked against their grammars.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The word `openid`.
    pub openid: bool,
    /// The word `groups`, or a group was named.
    pub groups: bool,
    /// The word `roles`, or a role was named.
    pub roles: bool,
    /// Everything in the named domains (`domain:domain`): no names are kept then.
    pub everything: bool,
    /// The audience of an ID token beside an access token.
    pub service: Option<&'a str>,
    /// The domains named, in order of appearance.
    pub domains: Vec<ScopeDomain<'a>>,
    named_roles: bool,
}

/// What a scope says of one domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeDomain<'a> {
    /// The domain.
    pub name: &'a str,
    /// Short names of roles, each once.
    pub roles: Vec<&'a str>,
    /// Short names of groups, each once.
    pub groups: Vec<&'a str>,
}

impl<'a> Scope<'a> {
    /// Takes a scope apart.
    ///
    /// # Errors
    /// 400 in Athenz's words: an empty domain, too many domains, two services, a malformed name.
    pub fn parse(text: &'a str, grammars: Grammars<'a>) -> Result<Self, ApiError> {
        let mut scope = Self::default();
        for item in text.split(' ').filter(|item| !item.is_empty()) {
            scope.add(item, grammars)?;
        }
        scope.check_names()?;
        if scope.everything {
            for domain in &mut scope.domains {
                domain.roles.clear();
                domain.groups.clear();
            }
        }
        Ok(scope)
    }

    /// Takes the scope of an access token apart, and gives the one domain it names.
    ///
    /// # Errors
    /// 400 in Athenz's words: as [`Self::parse`], no domain, or `openid` without a service that the
    /// ID token would be for.
    pub fn parse_of_access(
        text: &'a str,
        default_domain: Option<&'a str>,
    ) -> Result<(Self, ScopeDomain<'a>), ApiError> {
        let scope = Self::parse(text, Grammars { max_domains: 1, default_domain, uncounted_roles: &[] })?;
        let domain = scope.domains.first().cloned();
        let domain = domain.ok_or_else(|| ApiError::bad_request("No domains in scope"))?;
        if scope.openid && scope.service.is_none() {
            return Err(ApiError::bad_request("No audience service name for openid scope"));
        }
        Ok((scope, domain))
    }

    /// Whether at least one role, or everything in a domain, was asked for.
    pub fn asks_for_roles(&self) -> bool {
        self.everything || self.named_roles
    }

    fn add(&mut self, item: &'a str, grammars: Grammars<'a>) -> Result<(), ApiError> {
        if item.eq_ignore_ascii_case("openid") {
            self.openid = true;
        } else if item.eq_ignore_ascii_case("groups") {
            self.groups = true;
        } else if item.eq_ignore_ascii_case("roles") {
            self.roles = true;
        } else if let Some((domain, service)) = item.split_once(":service.") {
            self.domain(domain, grammars.max_domains)?;
            self.add_service(service)?;
        } else if let Some(domain) = item.strip_suffix(":domain") {
            self.domain(domain, grammars.max_domains)?;
            self.everything = true;
        } else if let Some((domain, role)) = item.split_once(":role.") {
            self.add_role(domain, role, item, grammars)?;
        } else if let Some((domain, group)) = item.split_once(":group.") {
            let domain = self.domain(domain, grammars.max_domains)?;
            push_once(&mut domain.groups, group);
            self.groups = true;
        } else if let Some(domain) = grammars.default_domain {
            self.add_role(domain, item, item, grammars)?;
        }
        Ok(())
    }

    fn add_service(&mut self, service: &'a str) -> Result<(), ApiError> {
        if self.service.is_some_and(|held| held != service) {
            return Err(ApiError::bad_request("Multiple services in scope"));
        }
        self.service = Some(service);
        Ok(())
    }

    fn add_role(
        &mut self,
        domain: &'a str,
        role: &'a str,
        item: &str,
        grammars: Grammars<'_>,
    ) -> Result<(), ApiError> {
        let uncounted = grammars.uncounted_roles.iter().any(|pattern| matches_stars(pattern, item));
        let limit = if uncounted { usize::MAX } else { grammars.max_domains };
        let domain = self.domain(domain, limit)?;
        push_once(&mut domain.roles, role);
        self.roles = true;
        self.named_roles = true;
        Ok(())
    }

    fn domain(&mut self, name: &'a str, max: usize) -> Result<&mut ScopeDomain<'a>, ApiError> {
        if name.is_empty() {
            return Err(ApiError::bad_request("empty domain name"));
        }
        let position = self.domains.iter().position(|domain| domain.name == name);
        let position = match position {
            Some(position) => position,
            None if self.domains.len() >= max && max == 1 => {
                return Err(ApiError::bad_request("Multiple domains in scope"));
            }
            None if self.domains.len() >= max => {
                return Err(ApiError::bad_request(format!("Domain limit: {max} has been reached")));
            }
            None => {
                self.domains.push(ScopeDomain { name, ..ScopeDomain::default() });
                self.domains.len() - 1
            }
        };
        self.domains.get_mut(position).ok_or_else(|| ApiError::internal("scope"))
    }

    fn check_names(&self) -> Result<(), ApiError> {
        for domain in &self.domains {
            messages::check_name("DomainName", Grammar::CompoundName, domain.name)?;
            for name in domain.roles.iter().chain(&domain.groups) {
                messages::check_name("EntityName", Grammar::CompoundName, name)?;
            }
        }
        Ok(())
    }
}

fn push_once<'a>(names: &mut Vec<&'a str>, name: &'a str) {
    if !names.contains(&name) {
        names.push(name);
    }
}

/// Whether a text fits a pattern of literal parts between `*`: first part, last part, and the
/// others in order, each at its first place, which is enough when `*` is the only wildcard.
fn matches_stars(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        match text.split_once(part) {
            Some((_, behind)) => text = behind,
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Grammars<'_> = Grammars { max_domains: 1, default_domain: None, uncounted_roles: &[] };
    const TEN: Grammars<'_> = Grammars { max_domains: 10, default_domain: None, uncounted_roles: &[] };

    fn only<'a>(scope: &Scope<'a>) -> ScopeDomain<'a> {
        assert_eq!(scope.domains.len(), 1);
        scope.domains[0].clone()
    }

    #[test]
    fn roles_of_one_domain() {
        for (text, roles) in [
            ("d:role.a d:role.b d:role.a", vec!["a", "b"]),
            ("  email d:role.a  profile ", vec!["a"]),
            ("roles groups d:role.team.a", vec!["team.a"]),
            ("d:role.domain", vec!["domain"]),
            ("d:role.role.a", vec!["role.a"]),
        ] {
            let scope = Scope::parse(text, ONE).unwrap();
            assert_eq!(only(&scope).roles, roles, "{text}");
            assert!(scope.asks_for_roles() && !scope.everything, "{text}");
        }
    }

    #[test]
    fn everything_drops_names_and_keeps_flags() {
        let scope = Scope::parse("d:role.a d:domain", ONE).unwrap();
        assert!(scope.everything && scope.roles && !scope.groups && only(&scope).roles.is_empty());
    }

    #[test]
    fn a_group_or_service_alone_asks_for_no_role() {
        for text in ["d:group.g", "d:service.s", "openid d:service.s"] {
            assert!(!Scope::parse(text, ONE).unwrap().asks_for_roles(), "{text}");
        }
    }

    #[test]
    fn refusals_in_the_words_of_athenz() {
        for (text, words) in [
            (":domain", "empty domain name"),
            (":role.a", "empty domain name"),
            ("a:domain b:domain", "Multiple domains in scope"),
            ("a:service.x a:service.y", "Multiple services in scope"),
            ("d:role.", "Invalid EntityName error"),
            ("d:role.a$b", "Invalid EntityName error"),
            ("d:role.*", "Invalid EntityName error"),
            ("d:role.a\td:role.b", "Invalid EntityName error"),
            ("d:role.a:role.b", "Invalid EntityName error"),
            ("d$:domain", "Invalid DomainName error"),
            ("d:role.a\u{a0}d:role.b", "Invalid EntityName error"),
        ] {
            let error = Scope::parse(text, ONE).unwrap_err();
            assert_eq!(error.code, 400, "{text}");
            assert!(error.message.starts_with(words), "{text}: {}", error.message);
        }
    }

    #[test]
    fn no_domain_is_left_to_the_caller() {
        for text in ["", " ", "readers", "d:read.domain", "d:Role.x"] {
            assert!(Scope::parse(text, ONE).unwrap().domains.is_empty(), "{text}");
        }
        let own = Grammars { default_domain: Some("mine"), ..ONE };
        let scope = Scope::parse("readers", own).unwrap();
        assert_eq!((only(&scope).name, only(&scope).roles), ("mine", vec!["readers"]));
    }

    #[test]
    fn an_access_token_is_of_one_domain_and_openid_names_a_service() {
        for (text, answer) in [
            ("d:role.r", Ok("d")),
            ("openid d:role.r d:service.s", Ok("d")),
            ("openid d:role.r", Err("No audience service name for openid scope")),
            ("openid", Err("No domains in scope")),
            ("a:domain b:domain", Err("Multiple domains in scope")),
        ] {
            let given = Scope::parse_of_access(text, None).map(|(_, domain)| domain.name);
            assert_eq!(given.map_err(|error| error.message), answer.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn the_limit_of_domains() {
        let many: Vec<String> = (0..11).map(|n| format!("d{n}:role.r")).collect();
        let text = many.join(" ");
        assert_eq!(Scope::parse(&text, TEN).unwrap_err().message, "Domain limit: 10 has been reached");
        let uncounted = ["d10:role.*".to_owned()];
        assert_eq!(
            Scope::parse(&text, Grammars { uncounted_roles: &uncounted, ..TEN }).unwrap().domains.len(),
            11
        );
    }

    #[test]
    fn stars() {
        for (pattern, text, fits) in [
            ("a:role.b", "a:role.b", true),
            ("a:role.*", "a:role.b", true),
            ("*", "x", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "abc", true),
            ("a*bc", "abcX", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches_stars(pattern, text), fits, "{pattern} {text}");
        }
    }
}
