//! Payloads: encoding, decoding, passing on.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use wirebahn_core::wamp::message::{Event, Message, Publish};
use wirebahn_core::wamp::{
    DecodeError, Dict, EncodeError, EventDetails, MAX_DEPTH, Payload, PublicationId, Serializer,
    SubscriptionId, Value,
};

fn received(message: &'static [u8]) -> (Bytes, Payload) {
    let bytes = Bytes::from_static(message);
    match Serializer::Json.decode(&bytes) {
        Ok(Message::Publish(Publish { payload, .. })) => (bytes, payload),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_received_payload_is_a_slice_of_its_message_and_goes_out_as_it_came() {
    let (bytes, payload) = received(br#"[16,1,{},"a.b", [ 1.50, "\u00e4" ] , {"b": 1} ]"#);
    assert_eq!(payload.args_bytes(), Some(&br#"[ 1.50, "\u00e4" ]"#[..]));
    assert!(bytes.as_ptr_range().contains(&payload.args_bytes().unwrap().as_ptr()));
    let event = Event {
        subscription: SubscriptionId::new(2).unwrap(),
        publication: PublicationId::new(3).unwrap(),
        details: EventDetails::default(),
        payload: payload.clone(),
    };
    let encoded = Serializer::Json.encode_to_bytes(&event.into());
    assert_eq!(encoded, &br#"[36,2,3,{},[ 1.50, "\u00e4" ] , {"b": 1}]"#[..]);
    assert_eq!(payload.kwargs::<BTreeMap<String, u8>>().unwrap(), BTreeMap::from([("b".into(), 1)]));
    assert_eq!(payload.detach(), payload);
}

#[test]
fn strings_and_binary_data_are_borrowed_from_the_payload() {
    for serializer in Serializer::ALL {
        let payload =
            Payload::encode_args(serializer, &("text", serde_bytes::Bytes::new(b"\0\xff"))).unwrap();
        let (text, bytes): (&str, Value) = payload.args().unwrap();
        assert_eq!((text, bytes.as_bytes()), ("text", Some(&b"\0\xff"[..])), "{serializer}");
        assert!(payload.args_bytes().unwrap().as_ptr_range().contains(&text.as_ptr()));
        if serializer != Serializer::Json {
            let (_, bytes): (&str, &[u8]) = payload.args().unwrap();
            assert_eq!(bytes, b"\0\xff");
        }
    }
}

#[test]
fn nothing_is_left_out() {
    for serializer in Serializer::ALL {
        let empty = Vec::<u8>::new();
        for payload in [
            Payload::encode(serializer, &(), &()).unwrap(),
            Payload::encode(serializer, &empty, &Dict::new()).unwrap(),
            Payload::encode(serializer, &[0_u8; 0], &()).unwrap(),
        ] {
            assert!(payload.is_empty(), "{payload:?}");
            assert_eq!(payload, Payload::empty());
            assert_eq!(payload.args::<Vec<Value>>(), Ok(vec![]));
            assert_eq!(payload.args::<()>(), Ok(()));
            assert_eq!(payload.kwargs::<Dict>(), Ok(Dict::new()));
        }
        let only_kwargs = Payload::encode(serializer, &(), &Dict::from([("a", 1)])).unwrap();
        assert_eq!(only_kwargs.args::<Vec<Value>>(), Ok(vec![]));
        assert_eq!(only_kwargs.kwargs::<Dict>(), Ok(Dict::from([("a", 1)])));
        let only_args = Payload::encode(serializer, &(1,), &Dict::new()).unwrap();
        assert_eq!((only_args.args::<(u8,)>(), only_args.kwargs_bytes()), (Ok((1,)), None));
    }
}

#[test]
fn arguments_are_lists_and_keyword_arguments_dicts() {
    for serializer in Serializer::ALL {
        for payload in [
            Payload::encode_args(serializer, &1),
            Payload::encode_args(serializer, "one"),
            Payload::encode_args(serializer, &Dict::from([("a", 1)])),
        ] {
            assert_eq!(payload, Err(EncodeError::ArgsNotAList), "{serializer}");
        }
        assert_eq!(
            Payload::encode(serializer, &(1,), &(1,)),
            Err(EncodeError::KwargsNotADict),
            "{serializer}"
        );
        let no_strings = BTreeMap::from([((1, 2), 3)]);
        assert_eq!(Payload::encode(serializer, &(1,), &no_strings), Err(EncodeError::KeyNotString));
    }
}

#[test]
fn the_number_of_arguments_is_that_of_the_type() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Named {
        a: u8,
    }
    for serializer in Serializer::ALL {
        let payload = Payload::encode(serializer, &(1, 2), &Dict::from([("a", 3), ("b", 4)])).unwrap();
        assert_eq!(payload.args::<(u8,)>(), Err(DecodeError::ItemsLeft), "{serializer}");
        assert!(matches!(payload.args::<(u8, u8, u8)>(), Err(DecodeError::Other(_))), "{serializer}");
        assert_eq!(payload.args::<()>(), Err(DecodeError::ItemsLeft));
        // Keys that nobody asked for are ignored, as serde does.
        assert_eq!(payload.kwargs::<Named>(), Ok(Named { a: 3 }));
    }
}

#[test]
fn numbers_stay_what_they_are() {
    let numbers = Value::from(vec![
        Value::from(i64::MIN),
        Value::from(-1),
        Value::from(0),
        Value::from(1_u64 << 53),
        Value::from((1_u64 << 53) + 1),
        Value::from(u64::MAX),
        Value::from(1.0),
        Value::from(-0.0),
        Value::from(1e21),
        Value::from(f64::MAX),
        Value::from(5e-324),
    ]);
    for from in Serializer::ALL {
        for to in Serializer::ALL {
            let payload = Payload::encode_args(from, &numbers).unwrap().transcode(to);
            assert_eq!(Value::List(payload.args().unwrap()), numbers, "{from} to {to}");
            let negative_zero = payload.args::<Vec<Value>>().unwrap()[7].as_f64().unwrap();
            assert!(negative_zero.is_sign_negative(), "{from} to {to}");
        }
    }
}

#[test]
fn json_has_no_infinities_and_cbor_no_end_of_integers() {
    for serializer in [Serializer::MsgPack, Serializer::Cbor] {
        let payload = Payload::encode_args(serializer, &[f64::NAN, f64::INFINITY, -f64::INFINITY]).unwrap();
        assert_eq!(payload.transcode(Serializer::Json).args_bytes(), Some(&b"[null,null,null]"[..]));
        let other = if serializer == Serializer::Cbor { Serializer::MsgPack } else { Serializer::Cbor };
        let [nan, plus, minus] = payload.transcode(other).args::<[f64; 3]>().unwrap();
        assert!(nan.is_nan() && plus == f64::INFINITY && minus == -f64::INFINITY);
    }
    // -2^64 is the least integer of CBOR.
    let bytes = Bytes::from_static(b"\x84\x18\x46\x01\xa0\x81\x3b\xff\xff\xff\xff\xff\xff\xff\xff");
    let Ok(Message::Yield(least)) = Serializer::Cbor.decode(&bytes) else { panic!() };
    assert_eq!(least.payload.args::<(f64,)>(), Ok((-18_446_744_073_709_551_616.0,)));
    let Ok(Message::Publish(large)) =
        Serializer::Json.decode(&Bytes::from_static(br#"[16,1,{},"a",[18446744073709551616,1e999]]"#))
    else {
        panic!()
    };
    assert_eq!(large.payload.args::<(f64, f64)>(), Ok((18_446_744_073_709_551_616.0, f64::INFINITY)));
}

#[test]
fn every_form_of_cbor_is_understood() {
    // A tag in front of all, indefinite lengths everywhere, floats of 16 and 32 bits, undefined, a tagged date.
    let message = b"\xd9\xd9\xf7\x9f\x18\x46\x01\xbf\xff\x9f\x7f\x62he\x63llo\xff\x5f\x41\x01\x41\x02\xff\xf9\x3e\x00\
        \xf9\x00\x01\xf9\xfc\x00\xfa\x3f\xc0\x00\x00\xf7\xc0\x64\x32\x30\x32\x36\xff\xbf\x61a\x9f\x01\xff\xff\xff";
    let Ok(Message::Yield(message)) = Serializer::Cbor.decode(&Bytes::from_static(message)) else { panic!() };
    for serializer in Serializer::ALL {
        let payload = message.payload.transcode(serializer);
        let args: Vec<Value> = payload.args().unwrap();
        let least_half = 2_f64.powi(-24);
        let expected = [
            Value::from("hello"),
            Value::from(vec![1_u8, 2]),
            Value::from(1.5),
            Value::from(least_half),
            if serializer == Serializer::Json { Value::Null } else { Value::from(-f64::INFINITY) },
            Value::from(1.5),
            Value::Null,
            Value::from("2026"),
        ];
        assert_eq!(args, expected, "{serializer}");
        assert_eq!(
            payload.kwargs::<Dict>().unwrap(),
            Dict::from([("a", vec![Value::from(1)])]),
            "{serializer}"
        );
    }
}

#[test]
fn binary_data_in_json_is_base64_behind_u_0000() {
    let (_, payload) =
        received(br#"[16,1,{},"a",["\u0000AQID","\u0000AQ==","\u0000AQ","\u0000\/+8=","\u0000","\u0000?"]]"#);
    let args: Vec<Value> = payload.args().unwrap();
    let binary: &[&[u8]] = &[b"\x01\x02\x03", b"\x01", b"\x01", b"\xff\xef", b""];
    for (value, expected) in args.iter().zip(binary) {
        assert_eq!(value.as_bytes(), Some(*expected));
    }
    assert_eq!(args[5], Value::from("\0?"));
    let again = payload.transcode(Serializer::MsgPack).transcode(Serializer::Json);
    let expected = br#"["\u0000AQID","\u0000AQ==","\u0000AQ==","\u0000/+8=","\u0000","\u0000?"]"#;
    assert_eq!(again.args_bytes(), Some(&expected[..]));
}

#[test]
fn opaque_payloads_are_allowed_with_an_algorithm_only() {
    let payload = Payload::encode_opaque(Serializer::MsgPack, b"secret").unwrap();
    for serializer in Serializer::ALL {
        let payload = payload.transcode(serializer);
        assert!(payload.is_opaque());
        assert_eq!(payload.opaque().as_deref(), Some(&b"secret"[..]), "{serializer}");
        assert_eq!(payload.args::<Vec<Value>>(), Err(DecodeError::Opaque));
        assert_eq!(payload.args_bytes(), None);
    }
    let (_, text) = received(br#"[16,1,{"enc_algo":"cryptobox"},"a","a1"]"#);
    assert_eq!(text.opaque().as_deref(), Some(&b"a1"[..]));
    assert_eq!(Payload::empty().opaque(), None);
}

#[test]
fn values_that_nobody_could_receive_are_not_sent() {
    let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::from(vec![inner]));
    for serializer in Serializer::ALL {
        // The message is a list, too.
        assert!(Payload::encode_args(serializer, &nested(MAX_DEPTH - 1)).is_ok());
        assert_eq!(Payload::encode_args(serializer, &nested(MAX_DEPTH)), Err(EncodeError::TooDeep));
        assert_eq!(Payload::encode_args(serializer, &[u128::MAX]), Err(EncodeError::NumberTooLarge));
        assert_eq!(Payload::encode_args(serializer, &[i128::MIN]), Err(EncodeError::NumberTooLarge));
    }
}

#[test]
fn keys_that_are_there_twice_are_refused_by_values_and_passed_on_as_they_are() {
    let (_, payload) = received(br#"[16,1,{},"a",[],{"a":1,"a":2}]"#);
    assert!(payload.kwargs::<Dict>().is_err());
    assert_eq!(payload.kwargs::<BTreeMap<String, u8>>().unwrap()["a"], 2);
    let passed_on = payload.transcode(Serializer::Cbor).transcode(Serializer::Json);
    assert_eq!(passed_on.kwargs_bytes(), Some(&br#"{"a":1,"a":2}"#[..]));
}
