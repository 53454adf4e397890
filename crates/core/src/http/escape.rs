//! Percent-encoding (RFC 3986 2.1).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The bytes of `text` with `%XX` resolved; a `%` that no two hexadecimal digits follow stands for itself.
pub(super) fn decode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match after {
            [high, low, after @ ..] if *first == b'%' => match (nibble(*high), nibble(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                _ => out.push(*first),
            },
            _ => out.push(*first),
        }
    }
    out
}

/// A name or value of a query, as forms encode them: `+` is a space; what is not UTF-8 becomes U+FFFD.
pub(crate) fn decode_form(text: &str) -> String {
    String::from_utf8_lossy(&decode(&text.replace('+', " "))).into_owned()
}

/// Shows a text with everything but unreserved characters (RFC 3986 2.3) percent-encoded.
pub(super) struct Encoded<'a>(pub(super) &'a str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.bytes().try_for_each(|byte| {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                write!(f, "{}", char::from(byte))
            } else {
                write!(f, "%{byte:02X}")
            }
        })
    }
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn escapes_are_resolved_and_broken_ones_stand_for_themselves() {
        assert_eq!(decode("a%20b%2Fc%zz%4"), b"a b/c%zz%4");
        assert_eq!(decode_form("gr%C3%BCn+blau%ff"), "grün blau\u{fffd}");
        assert_eq!(Encoded("a b:ü~").to_string(), "a%20b%3A%C3%BC~");
    }
}
