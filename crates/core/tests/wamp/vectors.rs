//! The test vectors of the WAMP specification, in JSON, MessagePack and CBOR.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::Value as Json;
use wirebahn_core::wamp::message::Message;
use wirebahn_core::wamp::{Payload, Serializer};

use crate::generate::{encode, payload_of};

/// Samples with bytes, and those without, of which some break a rule.
const SAMPLES_WITH_BYTES: usize = 35;
const SAMPLES_OF_OPTIONS: usize = 67;
const SAMPLES_THAT_ARE_WRONG: usize = 28;

#[test]
fn every_sample_is_decoded_and_encoded_again() {
    let Some(samples) = samples() else { return };
    let mut count = 0;
    for sample in &samples {
        let Some(serializers) = sample.json["serializers"].as_object() else { continue };
        count += 1;
        let mut messages = Vec::new();
        for serializer in Serializer::ALL {
            let variants: Vec<Bytes> = serializers[serializer.name()]
                .as_array()
                .unwrap_or_else(|| panic!("{sample}: no bytes for {serializer}"))
                .iter()
                .map(|variant| from_hex(variant["bytes_hex"].as_str().expect("a variant has bytes")).into())
                .collect();
            let decoded: Vec<Message> = variants
                .iter()
                .map(|bytes| serializer.decode(bytes).unwrap_or_else(|error| panic!("{sample}: {error}")))
                .collect();
            for message in &decoded {
                check_attributes(sample, message);
                check_encoded(sample, serializer, message, &variants);
            }
            messages.extend(decoded);
        }
        // The same message, whatever it came in.
        for mut message in messages.clone() {
            let mut first = messages[0].clone();
            for message in [&mut first, &mut message] {
                if let Some(payload) = payload_of(message) {
                    *payload = payload.transcode(Serializer::Cbor);
                }
            }
            assert_eq!(message, first, "{sample}");
        }
    }
    assert_eq!(count, SAMPLES_WITH_BYTES);
}

#[test]
fn every_sample_of_options_is_accepted_or_refused_for_the_key_it_names() {
    let Some(samples) = samples() else { return };
    let (mut count, mut wrong) = (0, 0);
    for sample in &samples {
        let message = &sample.json["wmsg"];
        if message.is_null() {
            continue;
        }
        count += 1;
        for serializer in Serializer::ALL {
            let bytes = match serializer {
                Serializer::Json => serde_json::to_vec(message).unwrap(),
                Serializer::MsgPack => rmp_serde::to_vec(message).unwrap(),
                _ => cbor4ii::serde::to_vec(Vec::new(), message).unwrap(),
            };
            let decoded = serializer.decode(&bytes.into());
            match sample.json["expected_error"]["contains"].as_str() {
                None => drop(decoded.unwrap_or_else(|error| panic!("{sample} in {serializer}: {error}"))),
                Some(key) => {
                    let error = decoded.expect_err(&sample.to_string()).to_string();
                    assert!(error.contains(&format!("`{key}`")), "{sample} in {serializer}: {error}");
                }
            }
        }
        wrong += usize::from(!sample.json["expected_error"].is_null());
    }
    assert_eq!((count, wrong), (SAMPLES_OF_OPTIONS, SAMPLES_THAT_ARE_WRONG));
}

/// Encoding gives one of the variants. Where options have several keys, or JSON has spaces, any order and spacing will
/// do: the vectors themselves have them in different orders.
fn check_encoded(sample: &Sample, serializer: Serializer, message: &Message, variants: &[Bytes]) {
    let encoded = encode(serializer, message);
    assert_eq!(&serializer.decode(&encoded).unwrap(), message, "{sample}");
    if serializer == Serializer::Json {
        let values = |bytes: &Bytes| serde_json::from_slice::<Json>(bytes).unwrap();
        assert!(variants.iter().any(|variant| values(variant) == values(&encoded)), "{sample}: {encoded:?}");
    } else {
        let sorted = |bytes: &Bytes| {
            let mut bytes = bytes.to_vec();
            bytes.sort_unstable();
            bytes
        };
        assert!(variants.iter().any(|variant| sorted(variant) == sorted(&encoded)), "{sample}: {encoded:?}");
    }
    let has_one_order =
        sample.json["expected_attributes"]["details"].as_object().is_none_or(|keys| keys.len() < 2)
            && sample.json["expected_attributes"]["options"].as_object().is_none_or(|keys| keys.len() < 2)
            && sample.json["expected_attributes"]["roles"].is_null();
    if has_one_order {
        assert!(variants.contains(&encoded), "{sample}: {encoded:?}");
    }
}

/// The attributes of a sample are those of the message, by their values: JSON without names has them all.
fn check_attributes(sample: &Sample, message: &Message) {
    let attributes =
        sample.json["expected_attributes"].as_object().expect("a sample with bytes has attributes");
    let encoded: Json = serde_json::from_slice(&encode(Serializer::Json, message)).unwrap();
    let elements = encoded.as_array().unwrap();
    assert_eq!(message.message_type().code(), attributes["message_type"].as_u64().unwrap(), "{sample}");
    let mut payload = message.clone();
    let payload = payload_of(&mut payload).map(|payload| payload.clone()).unwrap_or_default();
    for (name, expected) in attributes {
        match name.as_str() {
            "message_type" => {}
            "args" => check_list(sample, &payload, expected),
            "kwargs" => {
                let kwargs: serde_json::Map<String, Json> =
                    if payload.is_opaque() { Default::default() } else { payload.kwargs().unwrap() };
                assert_eq!(kwargs, expected.as_object().cloned().unwrap_or_default(), "{sample}");
            }
            "payload" => {
                let expected = expected.as_str().map(from_hex);
                assert_eq!(payload.opaque().as_deref(), expected.as_deref(), "{sample}");
            }
            "roles" => assert_eq!(&elements.last().unwrap()["roles"], expected, "{sample}"),
            _ => assert!(elements.contains(expected), "{sample}: {name} in {encoded}"),
        }
    }
}

fn check_list(sample: &Sample, payload: &Payload, expected: &Json) {
    let args: Vec<Json> = if payload.is_opaque() { Vec::new() } else { payload.args().unwrap() };
    assert_eq!(args, expected.as_array().cloned().unwrap_or_default(), "{sample}");
}

struct Sample {
    file: String,
    json: Json,
}

impl std::fmt::Display for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.file, self.json["description"])
    }
}

/// All samples of single messages; none if the vectors are not there, which in CI is a failure.
fn samples() -> Option<Vec<Sample>> {
    let shared = std::env::var_os("WIREBAHN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("wamp_vectors/singlemessage");
    if !folder.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "no test vectors in {}", folder.display());
        eprintln!(
            "SKIPPED: no test vectors in {}; set WIREBAHN_SHARED to the folder above",
            folder.display()
        );
        return None;
    }
    let mut samples = Vec::new();
    for profile in ["basic", "advanced"] {
        let files: BTreeSet<_> =
            fs::read_dir(folder.join(profile)).unwrap().map(|entry| entry.unwrap().path()).collect();
        for file in files {
            let vector: Json = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
            let name = file.file_name().unwrap().display().to_string();
            let of_file = vector["samples"].as_array().expect("a vector has samples").iter();
            samples.extend(of_file.map(|json| Sample { file: name.clone(), json: json.clone() }));
        }
    }
    Some(samples)
}

fn from_hex(hex: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(byte).collect()
}
