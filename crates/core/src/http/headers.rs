//! Header fields.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::syntax::{is_token, is_value_byte, trim};

/// Header fields in order, with their spelling, repeats included; names compare without regard to case (RFC 9110 5).
///
/// Names and values are checked when they go in, so that none can break out of its line.
///
/// ```
/// use wirebahn_core::http::{HeaderError, Headers};
///
/// let mut headers = Headers::new();
/// headers.append("Set-Cookie", "a=1")?;
/// headers.append("Set-Cookie", "b=2")?;
/// assert_eq!(headers.get_all("set-cookie").count(), 2);
/// assert_eq!(headers.append("X-Name", "x\r\nX-Injected: y"), Err(HeaderError::Value));
/// # Ok::<_, HeaderError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    fields: Vec<(String, HeaderValue)>,
}

/// The value of a header field: bytes without control characters (RFC 9110 5.5), mostly ASCII.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeaderValue(Vec<u8>);

/// A header field that must not go on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderError {
    /// The name is not a token (RFC 9110 5.6.2).
    Name,
    /// The value has control characters such as CR, LF or NUL in it.
    Value,
}

impl Headers {
    /// No headers.
    #[must_use]
    pub const fn new() -> Self {
        Self { fields: Vec::new() }
    }

    /// Adds a field behind the others, also if there is one with this name.
    ///
    /// # Errors
    ///
    /// The name is not a token, or the value has control characters in it.
    pub fn append(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        if !is_token(name.as_bytes()) {
            return Err(HeaderError::Name);
        }
        self.fields.push((name.into(), HeaderValue::new(value)?));
        Ok(())
    }

    /// Replaces all fields with this name by one, in the place of the first, or adds it.
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append).
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), HeaderError> {
        let place = self.fields.iter().position(|(other, _)| other.eq_ignore_ascii_case(name));
        self.append(name, value)?;
        if let (Some(place), Some(field)) = (place, self.fields.pop()) {
            self.remove(name);
            self.fields.insert(place, field);
        }
        Ok(())
    }

    /// Removes all fields with this name; whether there were any.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.fields.len();
        self.fields.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.fields.len() < before
    }

    /// The first value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&HeaderValue> {
        self.get_all(name).next()
    }

    /// All values of this name, in order.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = &HeaderValue> {
        self.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The only value of this name; `Err` if there are several.
    pub(crate) fn get_once(&self, name: &str) -> Result<Option<&HeaderValue>, Repeated> {
        let mut values = self.get_all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Repeated),
        }
    }

    /// Whether there is a field with this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The elements of the comma-separated lists in all fields with this name, empty ones left out (RFC 9110 5.6.1).
    /// For names whose elements are tokens: quoted strings are not recognised.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.get_all(name)
            .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
            .map(trim)
            .filter(|element| !element.is_empty())
    }

    /// Whether `token` is among the elements of the [list](Self::list), without regard to case.
    #[must_use]
    pub fn contains_token(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// All fields in order, names as they were spelt.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Adds a field whose name and value are known to be fine.
    pub(crate) fn push(&mut self, name: &'static str, value: impl Into<Vec<u8>>) {
        let value = HeaderValue(value.into());
        debug_assert!(is_token(name.as_bytes()) && value.0.iter().copied().all(is_value_byte), "{name}");
        self.fields.push((name.into(), value));
    }

    /// Adds all fields of `others`, except those whose name `skip` picks.
    pub(crate) fn extend_except(&mut self, others: &Self, skip: impl Fn(&str) -> bool) {
        self.fields.extend(others.fields.iter().filter(|(name, _)| !skip(name)).cloned());
    }

    /// How many bytes the fields are on the wire.
    pub(super) fn encoded_len(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + ": \r\n".len() + value.as_bytes().len()).sum()
    }

    /// Appends the fields as they go on the wire.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        for (name, value) in self.iter() {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// A field that must not occur twice does.
#[derive(Debug)]
pub(crate) struct Repeated;

impl HeaderValue {
    /// Checks a value; whitespace around it is dropped, as it would be on the other side.
    ///
    /// # Errors
    ///
    /// It has control characters in it.
    pub fn new(value: impl AsRef<[u8]>) -> Result<Self, HeaderError> {
        let value = value.as_ref();
        if value.iter().copied().all(is_value_byte) {
            Ok(Self(trim(value).into()))
        } else {
            Err(HeaderError::Value)
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, if it is UTF-8, of which ASCII is a part.
    #[must_use]
    pub fn to_str(&self) -> Option<&str> {
        core::str::from_utf8(&self.0).ok()
    }
}

impl AsRef<[u8]> for HeaderValue {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&str> for HeaderValue {
    type Error = HeaderError;

    fn try_from(value: &str) -> Result<Self, HeaderError> {
        Self::new(value)
    }
}

impl PartialEq<str> for HeaderValue {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for HeaderValue {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Display for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&String::from_utf8_lossy(&self.0), f)
    }
}

impl fmt::Debug for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(&self.0), f)
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the header name is not a token: use letters, digits and -",
            Self::Value => "the header value has control characters in it: remove them",
        })
    }
}

impl core::error::Error for HeaderError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Headers {
        let mut headers = Headers::new();
        headers.append("Accept", "a").unwrap();
        headers.append("X-List", " one, Two ,,").unwrap();
        headers.append("ACCEPT", "b").unwrap();
        headers.append("x-list", "three").unwrap();
        headers
    }

    #[test]
    fn names_compare_without_case_and_keep_their_spelling() {
        let headers = sample();
        assert_eq!(headers.get("accept").unwrap(), &"a");
        assert_eq!(headers.get_all("aCCept").map(|v| v.to_str().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
        let names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Accept", "X-List", "ACCEPT", "x-list"]);
    }

    #[test]
    fn lists_span_repeated_fields_and_skip_empty_elements() {
        let headers = sample();
        assert_eq!(headers.list("X-List").collect::<Vec<_>>(), [&b"one"[..], b"Two", b"three"]);
        assert!(headers.contains_token("x-list", "two"));
        assert!(!headers.contains_token("x-list", "tw"));
        assert!(!headers.contains_token("x-list", ""));
    }

    #[test]
    fn setting_replaces_all_in_the_place_of_the_first() {
        let mut headers = sample();
        headers.set("accept", "c").unwrap();
        let fields: Vec<_> = headers.iter().map(|(name, value)| (name, value.to_str().unwrap())).collect();
        assert_eq!(fields, [("accept", "c"), ("X-List", "one, Two ,,"), ("x-list", "three")]);
        assert!(headers.remove("x-LIST"));
        assert!(!headers.remove("x-LIST"));
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn headers_cannot_be_injected() {
        let mut headers = sample();
        let before = headers.clone();
        for value in ["a\r\nB: c", "a\nb", "a\rb", "a\0b", "a\x7fb", "\x1b[0m"] {
            assert_eq!(headers.append("X", value), Err(HeaderError::Value), "{value:?}");
            assert_eq!(headers.set("Accept", value), Err(HeaderError::Value), "{value:?}");
        }
        for name in ["", "a b", "a:", "a\r\nb", "ä", "a\0"] {
            assert_eq!(headers.append(name, "x"), Err(HeaderError::Name), "{name:?}");
        }
        assert_eq!(headers, before);
    }

    #[test]
    fn values_may_go_beyond_ascii() {
        let value = HeaderValue::new(b"caf\xe9").unwrap();
        assert_eq!(value.as_bytes(), b"caf\xe9");
        assert_eq!(value.to_str(), None);
        assert_eq!(HeaderValue::new("café").unwrap().to_str(), Some("café"));
    }
}
