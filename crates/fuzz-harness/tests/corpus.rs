//! Replays what fuzzing has found, and the inputs it begins with.

use std::fs;
use std::path::Path;

use wirebahn_fuzz_harness::{client_opening, frames, operations, server_opening};

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
fn the_corpus_of_operations_passes() {
    replay("operations", operations);
}
