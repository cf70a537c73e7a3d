//! The query of a request.

use std::borrow::Cow;

use athenz_model::ApiError;

use super::Refusal;

/// The most values a query may hold.
const MAX_VALUES: usize = 256;

/// The values of a query, in order. `+` is a space; of a name given twice the first counts.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the part of the URI behind the question mark (also a form body).
    ///
    /// # Errors
    /// 400: more values than anybody needs.
    pub fn parse(text: &[u8]) -> Result<Self, Refusal> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let values: Vec<_> = form_urlencoded::parse(text)
            .take(MAX_VALUES + 1)
            .map(|(name, value)| owned(name, value))
            .collect();
        if values.len() > MAX_VALUES {
            return Err(ApiError::bad_request("too many query values").into());
        }
        Ok(Self(values))
    }

    /// The first value of this name.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A truth value: `true` in any case is true, everything else false; `None` when not given.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        self.first(name).map(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A whole number; empty counts as not given.
    ///
    /// # Errors
    /// 404 without a body, as Athenz answers: not a number, or beyond 32 bits.
    pub fn integer(&self, name: &str) -> Result<Option<i32>, Refusal> {
        read_number(self.first(name))
    }
}

fn owned(name: Cow<'_, str>, value: Cow<'_, str>) -> (String, String) {
    (name.into_owned(), value.into_owned())
}

/// A number of a path or query.
pub(crate) fn read_number<T: std::str::FromStr>(text: Option<&str>) -> Result<Option<T>, Refusal> {
    match text {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| Refusal::bare(ApiError::not_found("Not Found"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_the_reference_reads_them() {
        let query = Query::parse(b"limit=5&limit=7&q=a+b%2Bc&members=TRUE&hosts=1&skip=&flag").unwrap();
        assert_eq!(query.first("q"), Some("a b+c"));
        assert_eq!(query.integer("limit").unwrap(), Some(5));
        assert_eq!(query.integer("skip").unwrap(), None);
        assert_eq!(query.integer("absent").unwrap(), None);
        assert_eq!(query.boolean("members"), Some(true));
        assert_eq!(query.boolean("hosts"), Some(false));
        assert_eq!(query.boolean("flag"), Some(false));
        assert_eq!(query.boolean("absent"), None);
        for bad in ["many", "99999999999", "1.5", " 1"] {
            let query = Query(vec![("limit".into(), bad.into())]);
            assert_eq!(query.integer("limit").unwrap_err().error().code, 404, "{bad}");
        }
    }

    #[test]
    fn a_flood_of_values_is_refused() {
        let text = "a=1&".repeat(MAX_VALUES + 1);
        assert_eq!(Query::parse(text.as_bytes()).unwrap_err().error().code, 400);
    }
}
