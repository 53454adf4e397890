//! The same program runs on every runtime.

use std::path::Path;

/// What comes behind the imports and `main`.
fn program(example: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(format!("{example}.rs"));
    let source = std::fs::read_to_string(path).unwrap();
    let start = source.find("\nasync fn program()").expect("the example has a program");
    source[start..].to_owned()
}

#[test]
fn programs_with_wamp_differ_in_imports_and_main_only() {
    let on_tokio = program("portable_wamp_tokio");
    assert_eq!(on_tokio, program("portable_wamp_smol"));
    assert_eq!(on_tokio, program("portable_wamp_async_std"));
}
