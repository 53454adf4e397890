//! Arbitrary bytes as messages of WAMP, and as arguments.

use bytes::Bytes;
use wirebahn_core::wamp::message::{Message, Yield};
use wirebahn_core::wamp::{Dict, Payload, Serializer, Value};

/// Any bytes as a message in JSON.
///
/// # Panics
///
/// If a message that was accepted cannot be passed on in every serializer, or is no JSON to `serde_json`.
pub fn wamp_json(data: &[u8]) {
    if message(Serializer::Json, data)
        && let Err(error) = serde_json::from_slice::<serde_json::Value>(data)
    {
        // Here, numbers that are too large are infinite.
        assert!(error.to_string().contains("out of range"), "no JSON: {error}");
    }
}

/// Any bytes as a message in MessagePack.
///
/// # Panics
///
/// If a message that was accepted cannot be passed on in every serializer.
pub fn wamp_msgpack(data: &[u8]) {
    message(Serializer::MsgPack, data);
}

/// Any bytes as a message in CBOR.
///
/// # Panics
///
/// If a message that was accepted cannot be passed on in every serializer.
pub fn wamp_cbor(data: &[u8]) {
    message(Serializer::Cbor, data);
}

/// A serializer, and any arguments in it, around all serializers.
///
/// # Panics
///
/// If transcoding does not come to rest, or loses something.
pub fn wamp_transcode(data: &[u8]) {
    let Some((&selector, args)) = data.split_first() else { return };
    let (from, head, tail): (_, &[u8], &[u8]) = match selector % 3 {
        0 => (Serializer::Json, b"[70,1,{},", b"]"),
        1 => (Serializer::MsgPack, b"\x94\x46\x01\x80", b""),
        _ => (Serializer::Cbor, b"\x84\x18\x46\x01\xa0", b""),
    };
    let Ok(Message::Yield(Yield { payload, .. })) = from.decode(&[head, args, tail].concat().into()) else {
        return;
    };
    check_payload(&payload);
}

/// Whether the bytes are a message.
fn message(serializer: Serializer, data: &[u8]) -> bool {
    let Ok(message) = serializer.decode(&Bytes::copy_from_slice(data)) else { return false };
    for other in Serializer::ALL {
        let encoded = other.encode_to_bytes(&message);
        let again = other
            .decode(&encoded)
            .unwrap_or_else(|error| panic!("{message:?} cannot be passed on in {other}: {error}"));
        // Not the messages: NaN is not equal to itself. What JSON takes for binary data settles in the second round.
        let settled = other.encode_to_bytes(&again);
        let and_again = other.decode(&settled).expect("it was accepted before");
        assert_eq!(other.encode_to_bytes(&and_again), settled, "{message:?} in {other}");
        if other != Serializer::Json {
            assert_eq!(settled, encoded, "{message:?} in {other}");
        }
    }
    true
}

fn check_payload(payload: &Payload) {
    for to in Serializer::ALL {
        for through in Serializer::ALL {
            let first = payload.transcode(to);
            let second = first.transcode(through).transcode(to);
            let third = second.transcode(through).transcode(to);
            assert_eq!(second, third, "{to} through {through}");
            if to != Serializer::Json && through != Serializer::Json {
                assert_eq!(values(&first), values(&second), "{to} through {through}");
            }
        }
    }
    // Values are what transcoding makes of them, unless a key is there twice.
    if let Some(values) = values(payload) {
        let transcoded = payload.transcode(Serializer::MsgPack);
        assert!(transcoded.is_empty() || self::values(&transcoded) == Some(values));
    }
}

/// The values in MessagePack, in which equal ones, NaN too, are equal.
fn values(payload: &Payload) -> Option<Payload> {
    let args: Vec<Value> = payload.args().ok()?;
    let kwargs: Dict = payload.kwargs().ok()?;
    Some(Payload::encode(Serializer::MsgPack, &args, &kwargs).expect("values that were received can be sent"))
}
