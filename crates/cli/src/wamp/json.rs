//! WAMP's values as JSON, for the command line and for pipes.

use wirebahn_tokio::wamp::{Dict, Payload, Serializer, Value};

/// A value as it was written: JSON if it is JSON, else text.
///
/// As anywhere in WAMP, a JSON string of U+0000 and base64 is binary data.
#[must_use]
pub(super) fn value(text: &str) -> Value {
    let parsed = serde_json::from_str::<Value>(text).ok();
    parsed.and_then(with_binary).unwrap_or_else(|| Value::String(text.into()))
}

/// A keyword argument: `key=value`.
pub(super) fn keyword(text: &str) -> Result<(String, Value), String> {
    match text.split_once('=') {
        Some((key, text)) if !key.is_empty() => Ok((key.into(), value(text))),
        _ => Err("write KEY=VALUE, such as lang=en".into()),
    }
}

/// What a program wrote: nothing is `None`; otherwise JSON, text without its last line end, or binary data.
pub(super) fn output(bytes: Vec<u8>) -> Option<Value> {
    if bytes.is_empty() {
        return None;
    }
    Some(match String::from_utf8(bytes) {
        Ok(text) => {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            value(line.strip_suffix('\r').unwrap_or(line))
        }
        Err(error) => Value::Bytes(error.into_bytes()),
    })
}

/// Arguments and keyword arguments, each as JSON on one line.
pub(super) struct Line {
    pub(super) args: String,
    pub(super) kwargs: String,
}

impl Line {
    pub(super) fn new(payload: &Payload) -> Self {
        let payload = payload.transcode(Serializer::Json);
        Self {
            args: payload.args_bytes().map_or_else(|| "[]".into(), on_one_line),
            kwargs: payload.kwargs_bytes().map_or_else(|| "{}".into(), on_one_line),
        }
    }

    /// `{"args":[...],"kwargs":{...}}`
    pub(super) fn object(&self) -> String {
        format!(r#"{{"args":{},"kwargs":{}}}"#, self.args, self.kwargs)
    }
}

/// A result as most procedures have it, one value, as itself; all others with everything there is to them.
pub(super) fn result(payload: &Payload) -> String {
    let line = Line::new(payload);
    let count = payload.args::<Vec<Value>>().map(|args| args.len());
    if has_kwargs(payload) {
        return line.object();
    }
    match count {
        Ok(0) => "null".into(),
        Ok(1) => match line.args.trim().strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
            Some(value) => value.trim().into(),
            None => line.object(),
        },
        _ => line.object(),
    }
}

pub(super) fn has_kwargs(payload: &Payload) -> bool {
    payload.kwargs::<Dict>().is_ok_and(|kwargs| !kwargs.is_empty())
}

/// Text as a JSON string.
pub(super) fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// JSON that was checked already. Line ends are found only where white space may be: strings have them escaped.
fn on_one_line(json: &[u8]) -> String {
    String::from_utf8_lossy(json).replace(['\n', '\r'], " ")
}

/// The same value with strings that stand for binary data as such; `None` if it is nested too deeply for WAMP.
fn with_binary(value: Value) -> Option<Value> {
    let payload = Payload::encode_args(Serializer::Json, &(value,)).ok()?;
    payload.args::<(Value,)>().ok().map(|(value,)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_json_is_parsed_and_everything_else_is_text() {
        assert_eq!(value("2"), 2.into());
        assert_eq!(value("\"2\""), "2".into());
        assert_eq!(value("null"), Value::Null);
        assert_eq!(value(r#"{"a": [1.5]}"#).get("a").and_then(Value::as_list), Some(&[1.5.into()][..]));
        for text in ["hello", "", "{bad", "[1,", "1 2", "NaN", "-"] {
            assert_eq!(value(text), text.into(), "{text}");
        }
        assert_eq!(value(&"[".repeat(10_000)).as_str().map(str::len), Some(10_000));
    }

    #[test]
    fn binary_data_is_a_string_of_nul_and_base64() {
        assert_eq!(value(r#""\u0000aGk=""#), Value::Bytes(b"hi".to_vec()));
        let payload = Payload::encode_args(Serializer::MsgPack, &(Value::Bytes(b"hi".to_vec()),)).unwrap();
        assert_eq!(result(&payload), r#""\u0000aGk=""#);
    }

    #[test]
    fn a_keyword_argument_is_a_key_and_a_value() {
        assert_eq!(keyword("a=1"), Ok(("a".into(), 1.into())));
        assert_eq!(keyword("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(keyword("a="), Ok(("a".into(), "".into())));
        for wrong in ["", "a", "=1"] {
            assert!(keyword(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_output_of_a_program_is_json_text_or_binary() {
        assert_eq!(output(vec![]), None);
        assert_eq!(output(b"[1]\n".to_vec()), Some(value("[1]")));
        assert_eq!(output(b"two\nlines\r\n".to_vec()), Some("two\nlines".into()));
        assert_eq!(output(vec![0xff]), Some(Value::Bytes(vec![0xff])));
    }

    #[test]
    fn a_single_result_stands_for_itself() {
        for serializer in [Serializer::Json, Serializer::MsgPack, Serializer::Cbor] {
            let encode =
                |args: &str, kwargs: &str| Payload::encode(serializer, &value(args), &value(kwargs)).unwrap();
            for (args, kwargs, expected) in [
                ("[]", "{}", "null"),
                ("[5]", "{}", "5"),
                (r#"["] ["]"#, "{}", r#""] [""#),
                ("[[1,2]]", "{}", "[1,2]"),
                ("[1,2]", "{}", r#"{"args":[1,2],"kwargs":{}}"#),
                ("[1]", r#"{"a":2}"#, r#"{"args":[1],"kwargs":{"a":2}}"#),
                ("[]", r#"{"a":"\n"}"#, r#"{"args":[],"kwargs":{"a":"\n"}}"#),
            ] {
                assert_eq!(result(&encode(args, kwargs)), expected);
            }
        }
    }

    #[test]
    fn json_that_came_on_several_lines_is_on_one() {
        assert_eq!(on_one_line(b"[1,\r\n\"\\n\"]"), "[1,  \"\\n\"]");
    }
}
