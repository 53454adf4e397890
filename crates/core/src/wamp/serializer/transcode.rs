//! From one serializer to another, without a value in between.

use alloc::vec;
use alloc::vec::Vec;

use super::{Items, Reader, SyntaxError, Token, Writer};

/// Reads one value and writes it. Nothing is lost, but for what JSON has no way to write: infinities and NaN.
///
/// # Errors
///
/// If `value` is not one value. Payloads were checked when they were made.
pub(crate) fn transcode<'a, R: Reader<'a>, W: Writer>(
    value: &'a [u8],
    out: &mut W,
) -> Result<(), SyntaxError> {
    let mut counts = Vec::new();
    if W::NEEDS_LENGTHS && !R::HAS_LENGTHS {
        R::new(value)?.count(&mut counts)?;
    }
    let mut transcoder = Transcoder { reader: R::new(value)?, out, counts: counts.into_iter() };
    transcoder.value()?;
    transcoder.reader.end()
}

struct Transcoder<'w, R, W> {
    reader: R,
    out: &'w mut W,
    /// How many items the lists and dicts have, in the order in which they begin, if the reader does not know.
    counts: vec::IntoIter<usize>,
}

impl<'a, R: Reader<'a>, W: Writer> Transcoder<'_, R, W> {
    /// The recursion is as deep as [`MAX_DEPTH`](super::MAX_DEPTH) allows.
    fn value(&mut self) -> Result<(), SyntaxError> {
        match self.reader.token()? {
            Token::Null => self.out.null(),
            Token::Bool(value) => self.out.bool(value),
            Token::Unsigned(value) => self.out.unsigned(value),
            Token::Negative(value) => self.out.signed(value),
            Token::Float(value) => self.out.float(value),
            Token::Str(value) => self.out.str(&value),
            Token::Bytes(value) => self.out.bytes(&value),
            Token::List(items) | Token::Dict(items) => self.items(items)?,
        }
        Ok(())
    }

    fn items(&mut self, mut items: Items) -> Result<(), SyntaxError> {
        let is_dict = items.is_dict;
        let known = items.left.and_then(|left| usize::try_from(left).ok()).or_else(|| self.counts.next());
        let unknown = match known {
            Some(len) => {
                self.out.open(is_dict, len);
                None
            }
            None => Some(self.out.begin(is_dict)),
        };
        let mut len = 0;
        while self.reader.more(&mut items)? {
            if is_dict {
                self.out.key(&self.reader.key()?);
            }
            self.value()?;
            len += 1;
        }
        if let Some(at) = unknown {
            self.out.set_len(at, len);
        }
        self.out.close(is_dict);
        Ok(())
    }
}
