//! JSON (RFC 8259), with binary data as strings of U+0000 and base64.
//!
//! A string that begins with U+0000 but goes on with something else than base64 is text.

mod read;
mod write;

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

pub(crate) use read::JsonReader;
pub(crate) use write::JsonWriter;

/// Padding is written, and not missed.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How the string of binary data begins.
const BINARY: &str = "\\u0000";

/// Where the first byte is that cannot stand in a string as it is: a quote, a backslash or a control character.
fn find_special(bytes: &[u8]) -> usize {
    // A whole chunk at once becomes vector instructions.
    let clean =
        bytes.chunks_exact(16).take_while(|chunk| !chunk.iter().fold(false, |any, &b| any | is_special(b)));
    let start = clean.count() * 16;
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().position(|&byte| is_special(byte)).unwrap_or(rest.len())
}

const fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}
