//! Replays what fuzzing has found, and the inputs it begins with.

use std::fs;
use std::path::Path;

use wirebahn_core::Entropy;
use wirebahn_fuzz_harness::{
    byte_stream, client_opening, frames, inflate, operations, rawsocket, router_operations, server_opening,
    wamp_cbor, wamp_json, wamp_msgpack, wamp_transcode,
};
use wirebahn_testkit::SeededEntropy;

fn replay(target: &str, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut count = 0;
    for file in files {
        let path = file.expect("the folder is readable").path();
        // Names the input in the output of a test that fails.
        println!("{}", path.display());
        run(&fs::read(&path).expect("the file is readable"));
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}

#[test]
fn the_corpus_of_server_opening_passes() {
    replay("server_opening", server_opening);
}

#[test]
fn the_corpus_of_client_opening_passes() {
    replay("client_opening", client_opening);
}

#[test]
fn the_corpus_of_proxy_tunnel_passes() {
    replay("proxy_tunnel", wirebahn_fuzz_harness::proxy_tunnel);
}

#[test]
fn the_corpus_of_proxy_header_passes() {
    replay("proxy_header", wirebahn_fuzz_harness::proxy_header);
}

#[test]
fn the_corpus_of_frames_passes() {
    replay("frames", frames);
}

#[test]
fn the_corpus_of_inflate_passes() {
    replay("inflate", inflate);
}

#[test]
fn the_corpus_of_byte_stream_passes() {
    replay("byte_stream", byte_stream);
}

#[test]
fn the_corpus_of_operations_passes() {
    replay("operations", operations);
}

#[test]
fn the_corpus_of_rawsocket_passes() {
    replay("rawsocket", rawsocket);
}

#[test]
fn the_corpus_of_wamp_json_passes() {
    replay("wamp_json", wamp_json);
}

#[test]
fn the_corpus_of_wamp_msgpack_passes() {
    replay("wamp_msgpack", wamp_msgpack);
}

#[test]
fn the_corpus_of_wamp_cbor_passes() {
    replay("wamp_cbor", wamp_cbor);
}

#[test]
fn the_corpus_of_wamp_transcode_passes() {
    replay("wamp_transcode", wamp_transcode);
}

#[test]
fn the_corpus_of_router_operations_passes() {
    replay("router_operations", router_operations);
}

#[test]
fn random_operations_on_a_router_pass() {
    let mut entropy = SeededEntropy::new(1);
    for _ in 0..300 {
        let mut input = vec![0; entropy.up_to(4_000)];
        entropy.fill(&mut input);
        router_operations(&input);
    }
}
