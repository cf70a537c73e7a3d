//! What the semicolon tokens have in common: `key=value` items, a signature over the text before it.

use crate::keys::{BadSignature, KeyError};
use crate::ybase64;

/// Largest token, in bytes.
pub(crate) const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Most items of a token.
const ITEMS_MAX: usize = 64;

/// Why a semicolon token is refused, or cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// More bytes or items than any honest token has.
    #[error("the token is too large")]
    TooLarge,
    /// An item is missing, empty, or of the wrong form.
    #[error("the token has no proper item {0}")]
    Item(&'static str),
    /// An item occurs twice.
    #[error("the token has the item {0} twice")]
    Twice(&'static str),
    /// The token says that it was issued in the future.
    #[error("the token is issued in the future")]
    Future,
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
    /// The token expires too far ahead, or never.
    #[error("the token expires too far in the future, or never")]
    TooLong,
    /// Nobody knows the key.
    #[error("no public key {key_id} of {service}")]
    UnknownKey {
        /// Whose key.
        service: String,
        /// Its id.
        key_id: String,
    },
    /// The signature does not fit.
    #[error(transparent)]
    Signature(#[from] BadSignature),
    /// The authorized service did not sign, or is none of the list.
    #[error("the token is not signed by one of its authorized services")]
    AuthorizedService,
    /// The token is bound to another address.
    #[error("the token is bound to another address")]
    Address,
    /// Signing failed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The items of a token by their keys, from text whose signature may not have been checked.
#[derive(Debug, Default)]
pub(crate) struct Items<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Items<'a> {
    /// Splits at `;`. A part that is not two non-empty texts around one `=` is no item.
    pub(crate) fn split(text: &'a str) -> Result<Self, TokenError> {
        let mut items = Vec::new();
        for part in text.split(';') {
            match part.split_once('=') {
                Some((key, value)) if !key.is_empty() && !value.is_empty() && !value.contains('=') => {
                    items.push((key, value));
                }
                _ => {}
            }
            if items.len() > ITEMS_MAX {
                return Err(TokenError::TooLarge);
            }
        }
        Ok(Self(items))
    }

    /// The value of a key, which must not be there twice.
    pub(crate) fn find(&self, key: &'static str) -> Result<Option<&'a str>, TokenError> {
        let mut values = self.0.iter().filter(|(name, _)| *name == key);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(TokenError::Twice(key)),
            (first, None) => Ok(first.map(|(_, value)| *value)),
        }
    }

    /// The value of a key that must be there.
    pub(crate) fn required(&self, key: &'static str) -> Result<&'a str, TokenError> {
        self.find(key)?.ok_or(TokenError::Item(key))
    }

    /// A number of seconds; absent is 0.
    pub(crate) fn seconds(&self, key: &'static str) -> Result<i64, TokenError> {
        match self.find(key)? {
            None => Ok(0),
            // ten digits reach the year 2286
            Some(text) if text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map_err(|_| TokenError::Item(key))
            }
            Some(_) => Err(TokenError::Item(key)),
        }
    }

    /// A value as owned text.
    pub(crate) fn text(&self, key: &'static str) -> Result<Option<String>, TokenError> {
        Ok(self.find(key)?.map(str::to_owned))
    }
}

/// Builds the text of a token; a value that could be read as something else is refused.
#[derive(Debug, Default)]
pub(crate) struct Writer(String);

impl Writer {
    /// Adds an item.
    pub(crate) fn item(mut self, key: &'static str, value: &str) -> Result<Self, TokenError> {
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b';' && byte != b'=';
        if value.is_empty() || !value.bytes().all(fits) {
            return Err(TokenError::Item(key));
        }
        if !self.0.is_empty() {
            self.0.push(';');
        }
        self.0.push_str(key);
        self.0.push('=');
        self.0.push_str(value);
        Ok(self)
    }

    /// Adds an item if there is a value.
    pub(crate) fn optional(self, key: &'static str, value: Option<&str>) -> Result<Self, TokenError> {
        match value {
            Some(value) => self.item(key, value),
            None => Ok(self),
        }
    }

    /// Adds a list, joined by commas.
    pub(crate) fn list(self, key: &'static str, values: &[String]) -> Result<Self, TokenError> {
        if values.iter().any(|value| value.is_empty() || value.contains(',')) {
            return Err(TokenError::Item(key));
        }
        self.item(key, &values.join(","))
    }

    /// The text so far.
    pub(crate) fn finish(self) -> Result<String, TokenError> {
        if self.0.len() > TOKEN_BYTES_MAX { Err(TokenError::TooLarge) } else { Ok(self.0) }
    }
}

/// The text with a signature item behind it.
pub(crate) fn with_signature(mut text: String, key: &str, signature: &[u8]) -> String {
    text.push(';');
    text.push_str(key);
    text.push('=');
    text.push_str(&ybase64::encode(signature));
    text
}

/// The signature of an item.
pub(crate) fn signature(text: &str, key: &'static str) -> Result<Vec<u8>, TokenError> {
    ybase64::decode(text).ok().filter(|bytes| !bytes.is_empty()).ok_or(TokenError::Item(key))
}

/// How the times of a token are judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeRules {
    pub(crate) offset_seconds: i64,
    pub(crate) max_expiry_seconds: i64,
    pub(crate) never_expires_allowed: bool,
}

impl TimeRules {
    pub(crate) fn check(self, issued: i64, expires: i64, now: i64) -> Result<(), TokenError> {
        if issued > now.saturating_add(self.offset_seconds) {
            return Err(TokenError::Future);
        }
        if expires == 0 {
            return if self.never_expires_allowed { Ok(()) } else { Err(TokenError::TooLong) };
        }
        if expires < now {
            return Err(TokenError::Expired);
        }
        if expires > now.saturating_add(self.max_expiry_seconds).saturating_add(self.offset_seconds) {
            return Err(TokenError::TooLong);
        }
        Ok(())
    }
}

/// Clock difference that is tolerated unless configured otherwise, in seconds.
pub(crate) const OFFSET_SECONDS: i64 = 300;
/// Longest life that is accepted unless configured otherwise, in seconds: 30 days.
pub(crate) const MAX_EXPIRY_SECONDS: i64 = 30 * 86_400;
