//! Messages that break a rule, and what is said about them.

use bytes::Bytes;
use wirebahn_core::wamp::message::{Message, Unsubscribed};
use wirebahn_core::wamp::{
    ElementError, MAX_DEPTH, MAX_LIST_LEN, MAX_VALUES, MessageError, MessageType, Serializer, SyntaxErrorKind,
};

fn json(message: &str) -> Result<Message, MessageError> {
    Serializer::Json.decode(&Bytes::copy_from_slice(message.as_bytes()))
}

fn binary(serializer: Serializer, message: &[u8]) -> Result<Message, MessageError> {
    serializer.decode(&Bytes::copy_from_slice(message))
}

fn syntax(decoded: Result<Message, MessageError>) -> SyntaxErrorKind {
    match decoded {
        Err(MessageError::Syntax(error)) => error.kind,
        other => panic!("no error of syntax: {other:?}"),
    }
}

#[test]
fn a_message_is_a_list_that_begins_with_a_known_code() {
    assert_eq!(json("{}"), Err(MessageError::NotAList));
    assert_eq!(json("17"), Err(MessageError::NotAList));
    assert_eq!(json("[]"), Err(MessageError::Empty));
    for no_code in ["[null]", "[\"16\"]", "[true,1,2]", "[-17,1,2]", "[17.5,1,2]"] {
        assert_eq!(json(no_code), Err(MessageError::CodeMissing), "{no_code}");
    }
    for unknown in [0, 7, 9, 18, 37, 71, 338, u64::MAX] {
        assert_eq!(json(&format!("[{unknown},1,2]")), Err(MessageError::CodeUnknown(unknown)));
    }
}

#[test]
fn every_message_has_its_number_of_elements() {
    assert_eq!(
        json("[17,1]"),
        Err(MessageError::ElementsMissing { message: MessageType::Published, len: 2 })
    );
    assert_eq!(
        json("[17,1,2,3]"),
        Err(MessageError::ElementsLeft { message: MessageType::Published, max: 3 })
    );
    assert_eq!(
        json(r#"[16,1,{},"a",[],{},[]]"#),
        Err(MessageError::ElementsLeft { message: MessageType::Publish, max: 6 })
    );
    let without_any = |message: &MessageType| json(&format!("[{}]", message.code()));
    for message in MessageType::ALL {
        assert_eq!(without_any(message), Err(MessageError::ElementsMissing { message: *message, len: 1 }));
    }
}

#[test]
fn elements_have_their_types() {
    for (message, index) in [
        ("[17,\"1\",2]", 1),
        ("[17,true,2]", 1),
        ("[17,1.5,2]", 1),
        ("[17,1,null]", 2),
        ("[16,1,[],\"a\"]", 2),
        ("[16,1,{},2]", 3),
        ("[16,1,{},null]", 3),
        ("[16,1,{},\"a\",{}]", 4),
        ("[16,1,{},\"a\",null]", 4),
        ("[16,1,{},\"a\",\"opaque\"]", 4),
        ("[16,1,{},\"a\",[],[]]", 5),
        ("[8,17,1,{},\"a\"]", 1),
        ("[8,50,1,{},\"a\"]", 1),
    ] {
        match json(message) {
            Err(MessageError::Element { index: found, error: ElementError::Expected(_), .. }) => {
                assert_eq!(found, index, "{message}");
            }
            other => panic!("{message}: {other:?}"),
        }
    }
}

#[test]
fn identifiers_are_from_1_to_2_pow_53() {
    for good in ["1", "9007199254740992", "7.0", "1e3"] {
        assert!(json(&format!("[17,{good},1]")).is_ok(), "{good}");
    }
    for wrong in ["0", "9007199254740993", "18446744073709551615"] {
        assert!(
            matches!(
                json(&format!("[17,1,{wrong}]")),
                Err(MessageError::Element { index: 2, error: ElementError::IdOutOfRange(_), .. })
            ),
            "{wrong}"
        );
    }
    // In the binary serializers, a float is no integer.
    assert!(binary(Serializer::MsgPack, b"\x93\x11\x01\xca\x3f\x80\x00\x00").is_err());
    assert!(binary(Serializer::Cbor, b"\x83\x11\x01\xf9\x3c\x00").is_err());
}

#[test]
fn request_0_is_the_router_taking_something_back() {
    let Ok(Message::Unsubscribed(Unsubscribed { request: None, details })) =
        json(r#"[35,0,{"subscription":7,"reason":"a.b"}]"#)
    else {
        panic!()
    };
    assert_eq!((details.subscription.unwrap().get(), &*details.reason.unwrap()), (7, "a.b"));
    assert!(json("[33,0,7]").is_err());
}

#[test]
fn keys_have_their_types_and_are_there_once() {
    let key = |message: &str| match json(message) {
        Err(MessageError::Key { key, error, .. }) => (key, error),
        other => panic!("{message}: {other:?}"),
    };
    assert_eq!(key(r#"[16,1,{"acknowledge":1},"a"]"#), ("acknowledge", ElementError::Expected("a bool")));
    assert_eq!(key(r#"[48,1,{"timeout":-1},"a"]"#).0, "timeout");
    assert_eq!(key(r#"[49,1,{"mode":"maybe"}]"#).0, "mode");
    assert_eq!(key(r#"[1,"a",{"roles":[]}]"#).0, "roles");
    assert_eq!(key(r#"[1,"a",{"roles":{"caller":{"features":{"call_timeout":1}}}}]"#).0, "roles");
    assert_eq!(key(r#"[16,1,{"exclude":[0]},"a"]"#).0, "exclude");
    assert_eq!(
        key(r#"[16,1,{"ppt_scheme":"x_a","acknowledge":true,"ppt_scheme":"x_b"},"a"]"#),
        ("ppt_scheme", ElementError::KeyRepeated)
    );
    assert!(matches!(
        json(r#"[16,1,{"x_a":1,"x_b":2,"x_a":3},"a"]"#),
        Err(MessageError::Element { index: 2, error: ElementError::KeyRepeated, .. })
    ));
}

#[test]
fn options_cannot_be_made_to_take_much_memory() {
    let list = |len: usize| format!("[{}1]", "1,".repeat(len - 1));
    let publish = |options: String| json(&format!("[16,1,{{{options}}},\"a\"]"));
    assert!(publish(format!("\"exclude\":{}", list(MAX_LIST_LEN))).is_ok());
    assert!(matches!(
        publish(format!("\"exclude\":{}", list(MAX_LIST_LEN + 1))),
        Err(MessageError::Key { error: ElementError::ListTooLong, .. })
    ));
    // The list itself is a value, too.
    assert!(publish(format!("\"x_own\":{}", list(MAX_VALUES - 1))).is_ok());
    assert!(matches!(
        publish(format!("\"x_own\":{}", list(MAX_VALUES))),
        Err(MessageError::Element { error: ElementError::TooManyValues, .. })
    ));
}

#[test]
fn nesting_is_limited_in_payloads_and_options() {
    // The message is a list itself.
    let nested = |open: &[u8], close: &[u8], depth: usize| [open.repeat(depth), close.repeat(depth)].concat();
    for depth in [2, MAX_DEPTH - 1, MAX_DEPTH, 100_000] {
        let json = [b"[70,1,{},", &*nested(b"[", b"]", depth), b"]"].concat();
        let json_in_options = [b"[70,1,{\"x_own\":", &*nested(b"[", b"]", depth - 1), b"}]"].concat();
        let msgpack = [b"\x94\x46\x01\x80", &*nested(b"\x91", b"", depth - 1), b"\x90"].concat();
        let cbor = [b"\x84\x18\x46\x01\xa0", &*nested(b"\x9f", b"\xff", depth)].concat();
        let cases = [
            (Serializer::Json, json),
            (Serializer::Json, json_in_options),
            (Serializer::MsgPack, msgpack),
            (Serializer::Cbor, cbor),
        ];
        for (serializer, message) in cases {
            let decoded = binary(serializer, &message);
            if depth >= MAX_DEPTH {
                assert_eq!(syntax(decoded), SyntaxErrorKind::TooDeep, "{serializer} {depth}");
                continue;
            }
            let message = decoded.unwrap_or_else(|error| panic!("{serializer} {depth}: {error}"));
            for other in Serializer::ALL {
                assert!(other.decode(&other.encode_to_bytes(&message)).is_ok(), "{serializer} {depth}");
            }
        }
    }
}

#[test]
fn what_other_serializers_cannot_carry_is_refused() {
    use Serializer::{Cbor, MsgPack};
    use SyntaxErrorKind::{ExtensionType, KeyNotString, NotUtf8, UnexpectedByte, UnexpectedEnd};
    let args = |serializer, args: &[u8]| {
        let head: &[u8] =
            if serializer == MsgPack { b"\x94\x46\x01\x80\x91" } else { b"\x84\x18\x46\x01\xa0\x81" };
        binary(serializer, &[head, args].concat())
    };
    for (serializer, bytes, kind) in [
        (MsgPack, &b"\xd6\xff\0\0\0\0"[..], ExtensionType),
        (MsgPack, b"\xc7\x01\x05\0", ExtensionType),
        (MsgPack, b"\xc1", UnexpectedByte(0xc1)),
        (MsgPack, b"\xa2\xc3\x28", NotUtf8),
        (MsgPack, b"\x81\x01\x02", KeyNotString),
        (MsgPack, b"\x81\xc4\x01a\x02", KeyNotString),
        (MsgPack, b"\xdd\xff\xff\xff\xff\x01", UnexpectedEnd),
        (MsgPack, b"\xc6\xff\xff\xff\xff\x01", UnexpectedEnd),
        (Cbor, b"\x62\xc3\x28", NotUtf8),
        (Cbor, b"\xa1\x01\x02", KeyNotString),
        (Cbor, b"\xff", UnexpectedByte(0xff)),
        (Cbor, b"\xe0", UnexpectedByte(0xe0)),
        (Cbor, b"\xf8\x20", UnexpectedByte(0xf8)),
        (Cbor, b"\x1c", UnexpectedByte(0x1c)),
        (Cbor, b"\x1f", UnexpectedByte(0x1f)),
        (Cbor, b"\x5f\x61a\xff", UnexpectedByte(0x61)),
        (Cbor, b"\x5f\x5f\xff\xff", UnexpectedByte(0x5f)),
        (Cbor, b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff", UnexpectedEnd),
        (Cbor, b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", UnexpectedEnd),
    ] {
        assert_eq!(syntax(args(serializer, bytes)), kind, "{serializer} {bytes:?}");
    }
}

#[test]
fn json_is_as_strict_as_its_rfc() {
    let args = |text: &str| json(&format!("[70,1,{{}},[{text}]]"));
    for wrong in [
        "01",
        "1.",
        ".1",
        "+1",
        "-",
        "1e",
        "0x10",
        "NaN",
        "Infinity",
        "nul",
        "'a'",
        "\"\u{1}\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud800\\u0041\"",
        "1,",
        "{\"a\":1,}",
        "{\"a\"}",
        "{a:1}",
        "{1:1}",
        "[1 2]",
        "/**/",
        "\"a",
        "tru",
        "\"\\",
    ] {
        assert!(args(wrong).is_err(), "{wrong}");
    }
    assert_eq!(syntax(binary(Serializer::Json, b"[70,1,{},[\"\xff\"]]")), SyntaxErrorKind::NotUtf8);
    assert!(json(" [ 70 , 1\t,\r\n{ } , [ 1 ] , { \"a\" : 2 } ] \n").is_ok());
}
