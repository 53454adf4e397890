//! UTF-8 checked as it arrives.

/// Below this length the standard library's check is faster than setting up the vectorised one.
const VECTOR_THRESHOLD: usize = 64;

/// A character has at most four bytes, so at most three of an unfinished one are kept.
const MAX_PARTIAL: usize = 3;

/// Checks text that comes in pieces, also when a piece ends inside a character, and fails at the first bad byte.
///
/// ```
/// use wirebahn_core::websocket::Utf8Validator;
///
/// let mut validator = Utf8Validator::new();
/// assert!(validator.feed(b"Gr\xc3").is_ok());
/// assert!(!validator.is_complete());
/// assert!(validator.feed(b"\xbc\xc3\x9fe").is_ok());
/// assert!(validator.is_complete());
/// assert_eq!(validator.feed(b"ok\xff").unwrap_err().valid_up_to, 2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utf8Validator {
    /// The bytes of a character that has begun.
    partial: [u8; MAX_PARTIAL],
    partial_len: u8,
}

/// A byte that cannot stand where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Utf8Error {
    /// How many bytes of the piece are valid: those of whole characters and, before the bad byte, of its own.
    pub valid_up_to: usize,
}

impl Utf8Validator {
    /// A validator at the start of a text.
    #[must_use]
    pub const fn new() -> Self {
        Self { partial: [0; MAX_PARTIAL], partial_len: 0 }
    }

    /// Whether the text may end here.
    #[inline]
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.partial_len == 0
    }

    /// Checks the next piece.
    ///
    /// # Errors
    ///
    /// The first byte that cannot continue the text. The validator must not be used for this text any more.
    #[inline]
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), Utf8Error> {
        if self.partial_len == 0 && is_whole(piece) { Ok(()) } else { self.feed_slowly(piece) }
    }

    /// Checks the next piece, which is known to be ASCII.
    ///
    /// # Errors
    ///
    /// The first byte, if a character is unfinished.
    #[inline]
    pub(crate) const fn feed_ascii(&self, piece: &[u8]) -> Result<(), Utf8Error> {
        if self.partial_len == 0 || piece.is_empty() { Ok(()) } else { Err(Utf8Error { valid_up_to: 0 }) }
    }

    /// For pieces that do not begin and end with a character, or are invalid.
    fn feed_slowly(&mut self, piece: &[u8]) -> Result<(), Utf8Error> {
        let mut done = 0;
        while self.partial_len > 0 {
            let Some(&byte) = piece.get(done) else { return Ok(()) };
            self.push(byte).map_err(|()| Utf8Error { valid_up_to: done })?;
            done += 1;
        }
        let rest = piece.get(done..).unwrap_or_default();
        let (whole, tail) = split_unfinished(rest);
        if !is_whole(whole) {
            let valid = core::str::from_utf8(rest).map_or_else(|error| error.valid_up_to(), str::len);
            return Err(Utf8Error { valid_up_to: done + valid + valid_prefix_of_bad(rest.get(valid..)) });
        }
        for (at, &byte) in tail.iter().enumerate() {
            self.push(byte).map_err(|()| Utf8Error { valid_up_to: done + whole.len() + at })?;
        }
        Ok(())
    }

    /// Adds one byte to the unfinished character.
    fn push(&mut self, byte: u8) -> Result<(), ()> {
        let len = usize::from(self.partial_len);
        let mut character = [0; MAX_PARTIAL + 1];
        for (to, from) in character.iter_mut().zip(self.partial.iter().take(len).chain([&byte])) {
            *to = *from;
        }
        let character = character.get(..=len).unwrap_or_default();
        match core::str::from_utf8(character) {
            Ok(_) => self.partial_len = 0,
            Err(error) if error.error_len().is_none() && len < MAX_PARTIAL => {
                if let Some(slot) = self.partial.get_mut(len) {
                    *slot = byte;
                }
                self.partial_len += 1;
            }
            Err(_) => return Err(()),
        }
        Ok(())
    }
}

/// The text, if it is UTF-8.
pub(crate) fn to_str(bytes: &[u8]) -> Option<&str> {
    if bytes.len() < VECTOR_THRESHOLD {
        core::str::from_utf8(bytes).ok()
    } else {
        simdutf8::basic::from_utf8(bytes).ok()
    }
}

/// Whether `bytes` is UTF-8 that begins and ends with a character.
#[inline]
fn is_whole(bytes: &[u8]) -> bool {
    to_str(bytes).is_some()
}

/// Splits off the bytes at the end that may be the start of a character.
fn split_unfinished(bytes: &[u8]) -> (&[u8], &[u8]) {
    let lead = bytes.iter().rev().take(MAX_PARTIAL).position(|byte| !is_continuation(*byte));
    let tail = match lead {
        Some(back) if bytes.iter().rev().nth(back).is_some_and(|lead| sequence_len(*lead) > back + 1) => {
            back + 1
        }
        _ => 0,
    };
    bytes.split_at_checked(bytes.len() - tail).unwrap_or((bytes, &[]))
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// How many bytes a character with this first byte has (1 also for bytes that cannot be first).
const fn sequence_len(lead: u8) -> usize {
    match lead {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    }
}

/// How many bytes of the bad character at the start of `bytes` could still have begun a good one.
fn valid_prefix_of_bad(bytes: Option<&[u8]>) -> usize {
    let bytes = bytes.unwrap_or_default();
    (1..=bytes.len().min(MAX_PARTIAL))
        .take_while(|&len| {
            bytes.get(..len).is_some_and(|start| {
                core::str::from_utf8(start).is_err_and(|error| error.error_len().is_none())
            })
        })
        .count()
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// What a validator that looks at one byte at a time says: valid bytes, and whether a character is unfinished.
    fn reference(text: &[u8]) -> Result<bool, usize> {
        for end in 1..=text.len() {
            if let Err(error) = core::str::from_utf8(&text[..end])
                && error.error_len().is_some()
            {
                return Err(end - 1);
            }
        }
        Ok(core::str::from_utf8(text).is_ok())
    }

    fn fed(pieces: &[&[u8]]) -> Result<bool, usize> {
        let mut validator = Utf8Validator::new();
        let mut before = 0;
        for piece in pieces {
            validator.feed(piece).map_err(|error| before + error.valid_up_to)?;
            before += piece.len();
        }
        Ok(validator.is_complete())
    }

    #[test]
    fn every_pair_of_bytes_is_judged_like_the_reference() {
        for pair in 0..=u16::MAX {
            let bytes = pair.to_be_bytes();
            assert_eq!(fed(&[&bytes]), reference(&bytes), "{bytes:02x?}");
            assert_eq!(fed(&[&bytes[..1], &bytes[1..]]), reference(&bytes), "{bytes:02x?} in two");
        }
    }

    #[test]
    fn surrogates_overlong_forms_and_values_beyond_unicode_fail_at_their_second_byte() {
        for bad in
            [&b"\xed\xa0\x80"[..], b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf4\x90\x80\x80", b"\xf0\x80\x80\x80"]
        {
            let expected = usize::from(bad[0] != 0xc0);
            assert_eq!(fed(&[bad]), Err(expected), "{bad:02x?}");
        }
    }

    #[test]
    fn a_bad_byte_in_a_long_text_is_found_where_it_is() {
        let mut text = "日本語のテキスト".repeat(20).into_bytes();
        text[200] = 0xff;
        assert_eq!(fed(&[&text]), reference(&text));
    }

    /// Bytes that are mostly UTF-8, so that errors are not always the first byte.
    fn mostly_text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            8 => ".{0,40}".prop_map(String::into_bytes),
            1 => proptest::collection::vec(any::<u8>(), 0..4),
        ];
        proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    use std::string::String;

    proptest! {
        #[test]
        fn any_split_gives_the_verdict_of_the_reference(text in mostly_text(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..5)) {
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            at.sort_unstable();
            let mut pieces = Vec::new();
            let mut start = 0;
            for end in at.into_iter().chain([text.len()]) {
                pieces.push(&text[start..end]);
                start = end;
            }
            prop_assert_eq!(fed(&pieces), reference(&text));
        }
    }
}
