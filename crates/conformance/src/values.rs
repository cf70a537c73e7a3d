//! What stands for something else in a request: `${…}` in text, `{"$function": …}` as a whole.

use athenz_model::{Clock, Timestamp};

use crate::authority::{AuthorityError, TestAuthority};
use crate::encoding::ybase64;
use crate::functions::{self, Tools};
use crate::json::{Json, Object};
use crate::keys::random;
use crate::moment;
use crate::value_error::ValueError;

/// The names that a scenario has given or saved so far.
#[derive(Debug, Default)]
pub struct Scope {
    names: Object,
    public_keys: Vec<(String, String)>,
}

impl Scope {
    /// Gives a name a value.
    pub fn set(&mut self, name: &str, value: Json) {
        self.names.set(name, value);
    }

    /// The public keys used so far: as they stand in requests, and `<pubkey:NAME>`.
    pub fn public_keys(&self) -> &[(String, String)] {
        &self.public_keys
    }

    fn note_public_key(&mut self, key: &str, label: String) {
        match self.public_keys.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = label,
            None => self.public_keys.push((key.to_owned(), label)),
        }
    }
}

/// Fills in the values of a request.
#[derive(Debug)]
pub struct Values<'a> {
    /// Makes keys and certificates.
    pub authority: &'a TestAuthority,
    /// Says what now is.
    pub clock: &'a dyn Clock,
    /// The names known so far.
    pub scope: &'a mut Scope,
}

impl Values<'_> {
    /// The value with everything filled in.
    ///
    /// # Errors
    /// When a name is unknown or a function cannot do its work.
    pub fn expand(&mut self, value: &Json) -> Result<Json, ValueError> {
        match value {
            Json::Text(text) => self.expand_text(text),
            Json::List(items) => {
                items.iter().map(|item| self.expand(item)).collect::<Result<_, _>>().map(Json::List)
            }
            Json::Object(object) => self.expand_object(object),
            other => Ok(other.clone()),
        }
    }

    /// Text with everything filled in; the whole text may become something else than text.
    ///
    /// # Errors
    /// When a name is unknown.
    pub fn expand_text(&mut self, text: &str) -> Result<Json, ValueError> {
        if let Some(name) = whole_name(text) {
            return self.name(name);
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            match after.split_once('}') {
                Some((name, tail)) if !name.is_empty() => {
                    out.push_str(&self.name(name)?.to_text());
                    rest = tail;
                }
                _ => {
                    out.push_str("${");
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        Ok(Json::Text(out))
    }

    /// The members of an object, each filled in.
    ///
    /// # Errors
    /// When a name is unknown or a function cannot do its work.
    pub fn expand_members(&mut self, object: &Object) -> Result<Object, ValueError> {
        object.iter().map(|(key, value)| Ok((key, self.expand(value)?))).collect()
    }

    fn expand_object(&mut self, object: &Object) -> Result<Json, ValueError> {
        if object.len() == 1
            && let Some((name, argument)) = object.iter().next()
            && let Some(function) = functions::named(name)
        {
            let argument = self.expand(argument)?;
            return function(&Tools { authority: self.authority, clock: self.clock }, &argument);
        }
        self.expand_members(object).map(Json::Object)
    }

    fn name(&mut self, name: &str) -> Result<Json, ValueError> {
        let now = self.clock.now();
        if name.starts_with("now") {
            return Ok(moment_of(name, now)?.to_string().into());
        }
        match name.split_once(':') {
            Some(("epoch", text)) => Ok(moment_of(text, now)?.seconds().into()),
            Some(("sec", text)) => Ok(moment::without_fraction(moment_of(text, now)?).into()),
            Some(("zone", text)) => Ok(moment::two_hours_east(moment_of(text, now)?).into()),
            Some(("pubkey", key)) => {
                let text = ybase64(self.authority.key(key)?.public_pem()?.as_bytes());
                self.scope.note_public_key(&text, format!("<{name}>"));
                Ok(text.into())
            }
            _ if name == "uuid" => Ok(uuid()?.into()),
            _ => self.scope.names.get(name).cloned().ok_or_else(|| ValueError::Unknown(name.to_owned())),
        }
    }
}

fn whole_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    (!name.is_empty() && !name.contains('}')).then_some(name)
}

fn moment_of(text: &str, now: Timestamp) -> Result<Timestamp, ValueError> {
    moment::parse(text, now).ok_or_else(|| ValueError::Moment(text.to_owned()))
}

/// A random UUID (RFC 9562, version 4).
fn uuid() -> Result<String, AuthorityError> {
    let bits = u128::from_be_bytes(random()?);
    let bits = bits & !(0xf << 76) | 4 << 76;
    let bits = bits & !(0b11 << 62) | 0b10 << 62;
    let digits = format!("{bits:032x}");
    let groups: Vec<&str> =
        [0..8, 8..12, 12..16, 16..20, 20..32].into_iter().filter_map(|range| digits.get(range)).collect();
    Ok(groups.join("-"))
}
