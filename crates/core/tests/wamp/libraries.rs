//! The serializers agree with the well-known libraries for their formats, in both directions.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use wirebahn_core::wamp::message::{Message, Yield};
use wirebahn_core::wamp::{Payload, RequestId, Serializer, Value};

use crate::generate::value;

/// A bit of everything that serde has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    unit: (),
    nothing: Option<u8>,
    something: Option<i64>,
    floats: (f32, f64),
    text: String,
    character: char,
    #[serde(with = "serde_bytes")]
    binary: Vec<u8>,
    map: BTreeMap<i16, bool>,
    newtype: Newtype,
    variants: Vec<Variant>,
    large: (u64, i64, i128, u128),
    #[serde(flatten)]
    flattened: Flattened,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Newtype(u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flattened {
    inner: String,
    more: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Variant {
    Unit,
    Newtype(String),
    Tuple(u8, f64),
    Struct { a: bool, b: Option<Box<Self>> },
}

fn everything() -> Everything {
    let variants = vec![
        Variant::Unit,
        Variant::Newtype("n\u{e4}h".into()),
        Variant::Tuple(7, 0.5),
        Variant::Struct { a: true, b: Some(Box::new(Variant::Unit)) },
    ];
    Everything {
        unit: (),
        nothing: None,
        something: Some(-5),
        floats: (0.25, 1e300),
        text: "a \"quoted\" \\ line\n\u{1f600}\u{7}".into(),
        character: '\u{4e2d}',
        binary: (0..=255).collect(),
        map: (-3..3).map(|key| (key, key > 0)).collect(),
        newtype: Newtype(1 << 31),
        variants,
        large: (u64::MAX, i64::MIN, i128::from(i64::MIN), u128::from(u64::MAX)),
        flattened: Flattened { inner: "inner".into(), more: vec![1, 2, 3] },
    }
}

#[test]
fn all_of_serde_comes_back() {
    for serializer in Serializer::ALL {
        let payload = Payload::encode(serializer, &[everything()], &everything()).unwrap();
        assert_eq!(payload.args::<(Everything,)>().unwrap(), (everything(),), "{serializer}");
        assert_eq!(payload.kwargs::<Everything>().unwrap(), everything(), "{serializer}");
        for other in Serializer::ALL {
            let transcoded = payload.transcode(other);
            assert_eq!(transcoded.kwargs::<Everything>().unwrap(), everything(), "{serializer} to {other}");
        }
    }
}

#[test]
fn json_is_what_serde_json_writes() {
    // But for binary data, which it writes as a list of numbers.
    let plain = || Everything { binary: Vec::new(), ..everything() };
    let payload = Payload::encode_args(Serializer::Json, &[plain()]).unwrap();
    let ours: serde_json::Value = serde_json::from_slice(payload.args_bytes().unwrap()).unwrap();
    let mut theirs = serde_json::to_value([plain()]).unwrap();
    theirs[0]["binary"] = "\0".into();
    assert_eq!(ours, theirs);
}

proptest! {
    #[test]
    fn libraries_read_what_we_write(value in value()) {
        for (serializer, read) in READERS {
            let payload = Payload::encode_args(serializer, &(&value,)).unwrap();
            let (read,) = read(payload.args_bytes().unwrap());
            prop_assert_eq!(&bytes_as_json_has_them(read), &bytes_as_json_has_them(value.clone()), "{}", serializer);
        }
    }

    #[test]
    fn we_read_what_libraries_write(value in value()) {
        for (serializer, write) in WRITERS {
            let message = message(serializer, &write(&(&value,)));
            let Ok(Message::Yield(message)) = &message else { panic!("{serializer}: {message:?}") };
            let (read,) = message.payload.args::<(Value,)>().unwrap();
            prop_assert_eq!(lists_of_bytes(&read), lists_of_bytes(&value), "{}", serializer);
        }
    }

    #[test]
    fn json_is_accepted_exactly_if_serde_json_accepts_it(text in json_like()) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        let ours = message(Serializer::Json, format!("[{text}]").as_bytes());
        let is_too_large = theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
        prop_assert!(ours.is_ok() == theirs.is_ok() || is_too_large, "{:?} {:?}", ours, theirs);
        if let (Ok(Message::Yield(ours)), Ok(theirs)) = (ours, theirs) {
            let ours: (serde_json::Value,) = ours.payload.args().unwrap();
            if !text.contains("u0000") {
                prop_assert_eq!(ours.0, theirs);
            }
        }
    }
}

/// Text of which much is JSON, or nearly.
fn json_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][-+]?[0-9]{1,2})?",
        "\"([a-z]|\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-fA-F]{4}|\\\\ud83d\\\\ude00){0,4}\"",
        "[-+0-9.eE]{1,6}",
        "\"[\\\\ -~]{0,4}\"",
        prop_oneof![Just("true"), Just("false"), Just("null"), Just("nul"), Just("NaN"), Just("\u{1}")]
            .prop_map(String::from),
    ];
    let value = piece.prop_recursive(3, 20, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4);
        let key = "\"[a-z]{1,5}\"";
        prop_oneof![
            list.prop_map(|items| format!("[{}]", items.join(", "))),
            (key, inner.clone()).prop_map(|(key, value)| format!("{{ {key}: {value} }}")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("[{a}{b}]")),
        ]
    });
    (value, "[ \n\t\r,\u{a0}]{0,2}").prop_map(|(value, space)| format!("{value}{space}"))
}

fn message(serializer: Serializer, args: &[u8]) -> Result<Message, wirebahn_core::wamp::MessageError> {
    let head: &[u8] = match serializer {
        Serializer::Json => b"[70,1,{},",
        Serializer::MsgPack => b"\x94\x46\x01\x80",
        _ => b"\x84\x18\x46\x01\xa0",
    };
    let tail: &[u8] = if serializer == Serializer::Json { b"]" } else { b"" };
    let message = serializer.decode(&Bytes::from([head, args, tail].concat()));
    if let Ok(Message::Yield(Yield { request, .. })) = &message {
        assert_eq!(*request, RequestId::FIRST);
    }
    message
}

type Read = fn(&[u8]) -> (Value,);

const READERS: [(Serializer, Read); 3] = [
    (Serializer::Json, |bytes| serde_json::from_slice(bytes).expect("valid JSON")),
    (Serializer::MsgPack, |bytes| rmp_serde::from_slice(bytes).expect("valid MessagePack")),
    (Serializer::Cbor, |bytes| cbor4ii::serde::from_slice(bytes).expect("valid CBOR")),
];

type Write = fn(&(&Value,)) -> Vec<u8>;

const WRITERS: [(Serializer, Write); 3] = [
    (Serializer::Json, |value| serde_json::to_vec(value).expect("values")),
    (Serializer::MsgPack, |value| rmp_serde::to_vec(value).expect("values")),
    (Serializer::Cbor, |value| cbor4ii::serde::to_vec(Vec::new(), value).expect("values")),
];

/// With binary data as the strings that it is in JSON, where libraries do not know it.
fn bytes_as_json_has_them(value: Value) -> Value {
    map(&value, &|bytes| {
        let payload = Payload::encode_opaque(Serializer::Json, bytes).unwrap();
        let message =
            Message::Yield(Yield { request: RequestId::FIRST, options: Default::default(), payload });
        let json: serde_json::Value =
            serde_json::from_slice(&Serializer::Json.encode_to_bytes(&message)).unwrap();
        json[3].as_str().unwrap().into()
    })
}

/// With binary data as lists of numbers, as `serde_json` writes it.
fn lists_of_bytes(value: &Value) -> Value {
    map(value, &|bytes| bytes.iter().map(|&byte| Value::from(byte)).collect::<Vec<_>>().into())
}

fn map(value: &Value, bytes: &dyn Fn(&[u8]) -> Value) -> Value {
    match value {
        Value::Bytes(value) => bytes(value),
        Value::List(values) => values.iter().map(|value| map(value, bytes)).collect::<Vec<_>>().into(),
        Value::Dict(dict) => Value::Dict(dict.iter().map(|(key, value)| (key, map(value, bytes))).collect()),
        other => other.clone(),
    }
}
