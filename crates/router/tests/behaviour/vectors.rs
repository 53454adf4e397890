//! The sequence of several sessions among the test vectors of the WAMP specification.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use serde_json::{Value as Json, json};
use wirebahn_core::wamp::{Message, Serializer};

use crate::world::{Client, World};

#[test]
fn the_sequence_of_the_specification_happens_as_it_says() {
    let shared = std::env::var_os("WIREBAHN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), Into::into);
    let file = shared.join("wamp_vectors/multisession/advanced/publisher_exclusion_disabled.json");
    let Ok(text) = fs::read_to_string(&file) else {
        println!("SKIPPED: no {}; set WIREBAHN_SHARED to the folder of the vectors", file.display());
        return;
    };
    let vector: Json = serde_json::from_str(&text).unwrap();
    let mut world = World::open();
    let sessions: HashMap<&str, Client> = vector["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| (session["session_id"].as_str().unwrap(), world.join()))
        .collect();
    // From the ids of the router in the file to those of the router.
    let mut ids: HashMap<u64, u64> = HashMap::new();
    let mut steps = 0;
    for step in vector["sequence"].as_array().unwrap() {
        let message = &step["message"];
        match step["from"].as_str().unwrap() {
            "router" => {
                let client = sessions[step["to"].as_str().unwrap()];
                check(message, &world.only(client), &mut ids);
            }
            session => world.send(sessions[session].key, message_of(message)),
        }
        steps += 1;
    }
    assert_eq!(steps, 4);
    for &client in sessions.values() {
        world.nothing_for(client);
    }
}

/// What a client sends.
fn message_of(message: &Json) -> Message {
    let (request, options, topic) = (&message["request_id"], &message["options"], &message["topic"]);
    let list = match message["type"].as_str().unwrap() {
        "SUBSCRIBE" => json!([32, request, options, topic]),
        "PUBLISH" => json!([16, request, options, topic, message["args"]]),
        other => panic!("the vectors have {other} now"),
    };
    Serializer::Json.decode(&Bytes::from(list.to_string())).unwrap()
}

/// Whether the router has sent what it had to.
fn check(expected: &Json, message: &Message, ids: &mut HashMap<u64, u64>) {
    let sent: Json = serde_json::from_slice(&Serializer::Json.encode_to_bytes(message)).unwrap();
    let mut same = |key: &str, at: usize| {
        let (theirs, ours) = (expected[key].as_u64().unwrap(), sent[at].as_u64().unwrap());
        assert_eq!(*ids.entry(theirs).or_insert(ours), ours, "{key} in {sent}");
    };
    match expected["type"].as_str().unwrap() {
        "SUBSCRIBED" => {
            assert_eq!((&sent[0], &sent[1]), (&json!(33), &expected["request_id"]));
            same("subscription_id", 2);
        }
        "EVENT" => {
            assert_eq!((&sent[0], &sent[3], &sent[4]), (&json!(36), &expected["details"], &expected["args"]));
            same("subscription_id", 1);
            same("publication_id", 2);
        }
        other => panic!("the vectors have {other} now"),
    }
}
