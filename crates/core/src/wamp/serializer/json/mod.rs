//! JSON (RFC 8259), with binary data as strings of U+0000 and base64.
//!
//! Strings, numbers and literals are read and written by `serde_json`. What is between them (brackets, commas, colons,
//! spaces) is done here: `serde_json` does not say where in a message the values of a payload are.
//!
//! A string that begins with U+0000 but goes on with something else than base64 is text.

mod read;
mod write;

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::BytesMut;

use super::Format;
use read::JsonReader;
use write::JsonWriter;

/// JSON.
pub(crate) struct Json;

impl Format for Json {
    type Reader<'a> = JsonReader<'a>;
    type Writer<'o> = JsonWriter<'o>;

    fn writer(out: &mut BytesMut) -> JsonWriter<'_> {
        JsonWriter::new(out)
    }
}

/// Padding is written, and not missed.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
