//! The driver knows no runtime.

use std::process::Command;

const RUNTIMES: [&str; 6] = ["smol", "async-std", "async-io", "async-executor", "futures-executor", "mio"];

/// What the driver brings with `features`: names, each with the features that are on in it.
fn tree(features: &[&str]) -> Vec<(String, String)> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--package", "wirebahn-drive", "--edges", "normal,build"])
        .args(features)
        .args(["--prefix", "none", "--format", "{p}|{f}", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs this test");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let lines = tree.lines().filter_map(|line| {
        let (package, features) = line.split_once('|')?;
        Some((package.split(' ').next()?.to_owned(), features.trim_end_matches(" (*)").to_owned()))
    });
    lines.collect()
}

fn assert_without(tree: &[(String, String)], unwanted: &[&str]) {
    assert!(tree.iter().any(|(name, _)| name == "wirebahn-core"), "{tree:?}");
    for name in unwanted {
        assert!(!tree.iter().any(|(other, _)| other == name), "{name}: {tree:?}");
    }
}

#[test]
fn the_driver_depends_on_no_runtime() {
    let features = "cbor,futures-io-tls,router,tracing";
    let tree = tree(&["--features", features]);
    assert_without(&tree, &[&RUNTIMES[..], &["tokio", "tokio-rustls"]].concat());
}

#[test]
fn of_tokio_it_takes_the_traits_alone() {
    let tree = tree(&["--all-features"]);
    assert_without(&tree, &[&RUNTIMES[..], &["socket2"]].concat());
    let tokio: Vec<_> = tree.iter().filter(|(name, _)| name == "tokio").collect();
    assert!(!tokio.is_empty(), "{tree:?}");
    for (_, features) in tokio {
        let harmless = |feature| matches!(feature, "bytes" | "default" | "io-util");
        assert!(features.split(',').all(harmless), "tokio with {features}");
    }
}
