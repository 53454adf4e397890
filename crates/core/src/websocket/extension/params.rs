//! `Sec-WebSocket-Extensions` as data (RFC 6455 9.1).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::http::is_token;

/// An extension by name, with its parameters: an offer of a client, or the answer of a server.
///
/// ```
/// use wirebahn_core::websocket::extension::ExtensionParams;
///
/// let offers: Vec<_> = ExtensionParams::parse_list(r#"x-rot; by="13", permessage-deflate; client_max_window_bits"#)
///     .collect::<Result<_, _>>()?;
/// assert_eq!(offers[0].value("by"), Some("13"));
/// assert_eq!(offers[0].to_string(), "x-rot; by=13");
/// assert!(offers[1].contains("client_max_window_bits"));
/// # Ok::<_, wirebahn_core::websocket::extension::ExtensionSyntaxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExtensionParams {
    name: Cow<'static, str>,
    params: Vec<ExtensionParam>,
}

/// A parameter of an extension; both parts are tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ExtensionParam {
    /// The name.
    pub name: Cow<'static, str>,
    /// The value, if it has one.
    pub value: Option<Cow<'static, str>>,
}

/// An element of the list breaks the grammar of RFC 6455 9.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExtensionSyntaxError {
    /// A name or a value is not a token, also after removing quotes.
    NotAToken,
    /// A quoted value has no end, or something stands behind it.
    QuoteInvalid,
}

impl ExtensionParams {
    /// An extension without parameters.
    ///
    /// # Errors
    ///
    /// The name is not a token.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, ExtensionSyntaxError> {
        Ok(Self { name: checked(name.into())?, params: Vec::new() })
    }

    /// Adds a parameter behind the others; repeats are possible.
    ///
    /// # Errors
    ///
    /// The name or the value is not a token.
    pub fn push(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: Option<Cow<'static, str>>,
    ) -> Result<&mut Self, ExtensionSyntaxError> {
        let value = value.map(checked).transpose()?;
        self.params.push(ExtensionParam { name: checked(name.into())?, value });
        Ok(self)
    }

    /// Reads the elements of a list, in order, repeats included. An element that breaks the grammar is an `Err`; those
    /// behind it are read all the same.
    pub fn parse_list(list: &str) -> impl Iterator<Item = Result<Self, ExtensionSyntaxError>> + '_ {
        // RFC 9110 5.6.1: empty elements do not count.
        split_unquoted(list, b',').map(trim).filter(|element| !element.is_empty()).map(Self::parse)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The parameters in order, repeats included.
    #[must_use]
    pub fn params(&self) -> &[ExtensionParam] {
        &self.params
    }

    /// Whether there is a parameter of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.params.iter().any(|param| param.name == name)
    }

    /// The value of the first parameter of this name, if it has one.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|param| param.name == name)?.value.as_deref()
    }

    fn parse(element: &str) -> Result<Self, ExtensionSyntaxError> {
        let mut parts = split_unquoted(element, b';').map(trim);
        let mut parsed = Self::new(String::from(parts.next().unwrap_or_default()))?;
        for part in parts {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (trim(name), Some(unquoted(trim(value))?.into())),
                None => (part, None),
            };
            parsed.push(String::from(name), value)?;
        }
        Ok(parsed)
    }
}

/// As it is written in the header: every value is a token, so none needs quotes.
impl fmt::Display for ExtensionParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for ExtensionParam { name, value } in &self.params {
            write!(f, "; {name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ExtensionSyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAToken => "names and values of extensions must be tokens: use letters, digits, . and -",
            Self::QuoteInvalid => "a quoted value must end with a quote",
        })
    }
}

impl core::error::Error for ExtensionSyntaxError {}

fn checked(token: Cow<'static, str>) -> Result<Cow<'static, str>, ExtensionSyntaxError> {
    if is_token(token.as_bytes()) { Ok(token) } else { Err(ExtensionSyntaxError::NotAToken) }
}

/// The parts between separators that do not stand inside quotes.
fn split_unquoted(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        let (mut quoted, mut escaped) = (false, false);
        let end = text.bytes().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ => return byte == separator && !quoted,
            }
            false
        });
        let (part, behind) = match end {
            Some(end) => (text.get(..end)?, text.get(end + 1..)),
            None => (text, None),
        };
        rest = behind;
        Some(part)
    })
}

/// The value without its quotes and escapes, if it has any (RFC 9110 5.6.4).
fn unquoted(value: &str) -> Result<String, ExtensionSyntaxError> {
    let Some(inner) = value.strip_prefix('"') else { return Ok(value.into()) };
    let mut text = String::new();
    let mut chars = inner.chars();
    loop {
        match chars.next().ok_or(ExtensionSyntaxError::QuoteInvalid)? {
            '"' => break,
            '\\' => text.push(chars.next().ok_or(ExtensionSyntaxError::QuoteInvalid)?),
            other => text.push(other),
        }
    }
    if chars.next().is_some() { Err(ExtensionSyntaxError::QuoteInvalid) } else { Ok(text) }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    fn parsed(list: &str) -> Vec<Result<String, ExtensionSyntaxError>> {
        ExtensionParams::parse_list(list).map(|element| element.map(|params| params.to_string())).collect()
    }

    #[test]
    fn order_repeats_and_empty_elements_are_as_written() {
        assert_eq!(
            parsed(" a;x=1 ; y,, b ;x;x=\"2\" , a"),
            [Ok("a; x=1; y".into()), Ok("b; x; x=2".into()), Ok("a".into())]
        );
        assert_eq!(parsed(""), []);
        assert_eq!(parsed(" , "), []);
    }

    #[test]
    fn quotes_hide_separators_and_escapes_hide_quotes() {
        assert_eq!(parsed(r#"a; x="\1\0", b"#), [Ok("a; x=10".into()), Ok("b".into())]);
        // RFC 6455 9.1: the value must be a token once the quotes are gone.
        assert_eq!(
            parsed(r#"a; x="1,2", b; x="1;2", c; x="\"", d; x="""#),
            [
                Err(ExtensionSyntaxError::NotAToken),
                Err(ExtensionSyntaxError::NotAToken),
                Err(ExtensionSyntaxError::NotAToken),
                Err(ExtensionSyntaxError::NotAToken)
            ]
        );
    }

    #[test]
    fn a_broken_element_does_not_take_the_others_along() {
        let not_a_token = Err(ExtensionSyntaxError::NotAToken);
        assert_eq!(
            parsed("a b, c; =1, d;, e"),
            [not_a_token.clone(), not_a_token.clone(), not_a_token, Ok("e".into())]
        );
        assert_eq!(parsed("a; x="), [Err(ExtensionSyntaxError::NotAToken)]);
        assert_eq!(parsed("a; x=\"1\"2, b"), [Err(ExtensionSyntaxError::QuoteInvalid), Ok("b".into())]);
        assert_eq!(parsed("a; x=\"1, b"), [Err(ExtensionSyntaxError::QuoteInvalid)]);
        assert_eq!(parsed("a; x=\"1\\"), [Err(ExtensionSyntaxError::QuoteInvalid)]);
    }

    #[test]
    fn what_is_not_a_token_cannot_be_built() {
        assert!(ExtensionParams::new("a, b").is_err());
        let mut params = ExtensionParams::new("a").unwrap();
        assert!(params.push("x\r\n", None).is_err());
        assert!(params.push("x", Some("1; y".into())).is_err());
        assert_eq!(params.to_string(), "a");
    }
}
