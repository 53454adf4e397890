//! Dicts of which not all keys are known, and the values in them.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Element, ElementError, Fault, Source};
use crate::wamp::options::keys::Seen;
use crate::wamp::serializer::{Reader, Token, Writer};
use crate::wamp::{Dict, Integer, Value};

/// How many values the options or details of a message may have apart from those with known keys: many more than are
/// sensible, and few enough that a message of one byte per value cannot become much memory.
pub const MAX_VALUES: usize = 1 << 14;

/// Reads a dict. `read_known` reads the value of a key and says so, or leaves it; what it leaves is returned.
pub(crate) fn read_dict<'a, R: Reader<'a>>(
    source: &mut Source<'a, R>,
    mut read_known: impl FnMut(&mut Source<'a, R>, &str, &mut Seen) -> Result<bool, Fault>,
) -> Result<Dict, Fault> {
    let Token::Dict(mut items) = source.reader.token()? else { return Err(Fault::expected("a dict")) };
    let mut seen = Seen::default();
    let mut unknown = Vec::new();
    while source.reader.more(&mut items)? {
        let key = source.reader.key()?;
        if !read_known(source, &key, &mut seen)? {
            unknown.push((key.into_owned(), read_value(source)?));
        }
    }
    Dict::from_unique(unknown).ok_or(Fault::Element(ElementError::KeyRepeated))
}

impl Element for Dict {
    fn read<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Self, Fault> {
        read_dict(source, |_, _, _| Ok(false))
    }

    fn write<W: Writer>(&self, out: &mut W) {
        out.dict(self.len());
        write_entries(self, out);
        out.dict_end();
    }
}

/// Writes the entries of a dict into one that was begun.
pub(crate) fn write_entries<W: Writer>(entries: &Dict, out: &mut W) {
    for (key, value) in entries {
        out.key(key);
        write_value(value, out);
    }
}

/// The recursion is as deep as [`MAX_DEPTH`](crate::wamp::MAX_DEPTH) allows.
fn read_value<'a, R: Reader<'a>>(source: &mut Source<'a, R>) -> Result<Value, Fault> {
    source.values_left =
        source.values_left.checked_sub(1).ok_or(Fault::Element(ElementError::TooManyValues))?;
    Ok(match source.reader.token()? {
        Token::Null => Value::Null,
        Token::Bool(value) => Value::Bool(value),
        Token::Unsigned(value) => Value::Integer(value.into()),
        Token::Negative(value) => Value::Integer(value.into()),
        Token::Float(value) => Value::Float(value),
        Token::Str(value) => Value::String(value.into_owned()),
        Token::Bytes(value) => Value::Bytes(value.into_owned()),
        Token::List(mut items) => {
            let mut list = Vec::new();
            while source.reader.more(&mut items)? {
                list.push(read_value(source)?);
            }
            Value::List(list)
        }
        Token::Dict(mut items) => {
            let mut entries: Vec<(String, Value)> = Vec::new();
            while source.reader.more(&mut items)? {
                let key = source.reader.key().map(Cow::into_owned)?;
                entries.push((key, read_value(source)?));
            }
            Value::Dict(Dict::from_unique(entries).ok_or(Fault::Element(ElementError::KeyRepeated))?)
        }
    })
}

fn write_value<W: Writer>(value: &Value, out: &mut W) {
    match value {
        Value::Null => out.null(),
        Value::Bool(value) => out.bool(*value),
        Value::Integer(value) => write_integer(*value, out),
        Value::Float(value) => out.float(*value),
        Value::String(value) => out.str(value),
        Value::Bytes(value) => out.bytes(value),
        Value::List(values) => {
            out.list(values.len());
            values.iter().for_each(|value| write_value(value, out));
            out.list_end();
        }
        Value::Dict(dict) => dict.write(out),
    }
}

fn write_integer<W: Writer>(value: Integer, out: &mut W) {
    match (value.as_u64(), value.as_i64()) {
        (Some(value), _) => out.unsigned(value),
        (None, Some(value)) => out.signed(value),
        (None, None) => unreachable!("an integer is not negative or below 2^63"),
    }
}
