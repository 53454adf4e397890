//! The character classes of HTTP (RFC 9110 5.5, 5.6).

/// Whether `text` is a token (RFC 9110 5.6.2).
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().copied().all(is_token_byte)
}

/// Whether `byte` may stand in a token.
pub(super) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// Whether `byte` may stand in a field value: visible, space, tab, or beyond ASCII (RFC 9110 5.5).
pub(super) const fn is_value_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x7e | 0x80..)
}

/// Whether `byte` is a visible ASCII character.
pub(super) const fn is_visible(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e)
}

/// `value` without the optional whitespace around it (RFC 9110 5.6.3).
pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
