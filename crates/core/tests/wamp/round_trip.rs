//! What is encoded is decoded again, in every serializer and across all of them.

use bytes::Bytes;
use proptest::prelude::*;
use wirebahn_core::wamp::message::Message;
use wirebahn_core::wamp::{Dict, MessageError, Payload, Serializer, Value};

use crate::generate::{encode, message, payload, payload_of, serializer, value};

proptest! {
    #[test]
    fn every_message_comes_back_from_every_serializer(mut message in message(), serializer in serializer()) {
        let decoded = serializer.decode(&encode(serializer, &message)).unwrap();
        // The payload was transcoded if it was in another serializer.
        if let Some(payload) = payload_of(&mut message) {
            *payload = payload.transcode(serializer);
        }
        prop_assert_eq!(decoded, message);
    }

    #[test]
    fn payloads_go_around_all_serializers_without_loss(payload in payload(), way in prop::collection::vec(serializer(), 1..5)) {
        let mut travelled = payload.clone();
        for serializer in way {
            travelled = travelled.transcode(serializer);
            prop_assert!(travelled.is_empty() || travelled.serializer() == serializer);
        }
        prop_assert_eq!(values(&travelled), values(&payload));
        // What transcoding makes is the same as what encoding makes.
        prop_assert_eq!(travelled.transcode(payload.serializer()), payload);
    }

    #[test]
    fn transcoded_payloads_are_found_in_messages_again(payload in payload(), serializer in serializer()) {
        let message = Message::from(wirebahn_core::wamp::message::Yield {
            request: wirebahn_core::wamp::RequestId::FIRST,
            options: Default::default(),
            payload: payload.clone(),
        });
        let Message::Yield(decoded) = serializer.decode(&encode(serializer, &message)).unwrap() else { panic!() };
        let transcoded = payload.transcode(serializer);
        prop_assert_eq!(&decoded.payload, &transcoded);
        prop_assert_eq!(decoded.payload.args_bytes(), transcoded.args_bytes());
        prop_assert_eq!(decoded.payload.kwargs_bytes(), transcoded.kwargs_bytes());
    }

    #[test]
    fn values_come_back_from_every_serializer(value in value(), serializer in serializer()) {
        let payload = Payload::encode_args(serializer, &(&value,)).unwrap();
        prop_assert_eq!(payload.args::<(Value,)>().unwrap(), (value,));
    }

    #[test]
    fn bytes_behind_a_message_are_an_error(message in message(), serializer in serializer(), more in any::<u8>()) {
        let mut bytes = encode(serializer, &message).to_vec();
        bytes.push(more);
        let decoded = serializer.decode(&Bytes::from(bytes));
        if serializer == Serializer::Json && b" \t\r\n".contains(&more) {
            prop_assert!(decoded.is_ok());
        } else {
            prop_assert!(matches!(decoded, Err(MessageError::Syntax(_))), "{:?}", decoded);
        }
    }

    #[test]
    fn a_changed_byte_never_panics_and_what_is_accepted_can_be_passed_on(
        message in message(),
        serializer in serializer(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encode(serializer, &message).to_vec();
        *at.get_mut(&mut bytes) = byte;
        if let Ok(decoded) = serializer.decode(&bytes.into()) {
            for other in Serializer::ALL {
                let passed_on = other.decode(&encode(other, &decoded));
                prop_assert!(passed_on.is_ok(), "{:?}", passed_on);
            }
        }
    }
}

proptest! {
    // Each case decodes as many messages as its own has bytes.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_message_cut_short_anywhere_is_an_error(message in message(), serializer in serializer()) {
        let bytes = encode(serializer, &message);
        for len in 0..bytes.len() {
            prop_assert!(serializer.decode(&bytes.slice(..len)).is_err(), "cut to {} bytes", len);
        }
    }
}

fn values(payload: &Payload) -> (Vec<Value>, Dict) {
    (payload.args().unwrap(), payload.kwargs().unwrap())
}
