//! Each adapter brings what it needs, and no other runtime.

use std::process::Command;

fn tree(package: &str, features: &[&str]) -> Vec<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--package", package, "--edges", "normal,build"])
        .args(features)
        .args(["--prefix", "none", "--format", "{p}", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs this test");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    tree.lines().filter_map(|line| line.split_whitespace().next().map(Into::into)).collect()
}

fn assert_without(package: &str, unwanted: &[&str]) {
    assert_without_as(package, &["--all-features"], unwanted);
}

fn assert_without_as(package: &str, features: &[&str], unwanted: &[&str]) {
    let tree = tree(package, features);
    assert!(tree.iter().any(|name| name == "wirebahn-core"), "{tree:?}");
    for name in unwanted {
        assert!(!tree.iter().any(|other| other == name), "{package} brings {name}: {tree:?}");
    }
}

#[test]
fn no_adapter_brings_another_runtime() {
    assert_without("wirebahn-tokio", &["smol", "async-std", "async-io", "futures-rustls"]);
    assert_without("wirebahn-smol", &["tokio", "tokio-rustls", "async-std"]);
    assert_without("wirebahn-async-std", &["tokio", "tokio-rustls", "smol"]);
}

#[test]
fn nothing_asynchronous_is_under_the_blocking_adapter() {
    let runtimes = ["tokio", "smol", "async-std", "async-io", "mio", "polling"];
    let futures = ["futures-core", "futures-io", "futures-sink", "futures-util", "wirebahn-drive"];
    assert_without("wirebahn-blocking", &[&runtimes[..], &futures[..]].concat());
}

#[test]
fn the_http_of_others_is_there_only_on_request() {
    let features = ["--features", "brotli,bzip2,cbor,router,snappy,tls,zlib-rs"];
    let http = ["http", "http-body-util", "hyper", "hyper-util", "wirebahn-http-upgrade"];
    assert_without_as("wirebahn-tokio", &features, &http);
    assert_without("wirebahn-tokio", &["axum", "axum-core", "h2", "tower", "tower-http"]);
}

#[test]
fn the_way_behind_the_http_of_others_brings_no_runtime() {
    assert_without("wirebahn-http-upgrade", &["mio", "socket2", "smol", "async-io", "axum", "h2", "tower"]);
    // hyper itself takes tokio's channels, and no more.
    let features = ["--features", "futures-io,router"];
    assert_without_as("wirebahn-http-upgrade", &features, &["hyper-util", "mio", "smol", "async-io"]);
}
