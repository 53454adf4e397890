//! The driver knows no runtime.

use std::process::Command;

#[test]
fn the_driver_depends_on_no_runtime() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--package", "wirebahn-drive", "--all-features", "--edges", "normal,build"])
        .args(["--prefix", "none", "--format", "{p}", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs this test");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let names: Vec<_> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"wirebahn-core"), "{tree}");
    for runtime in ["tokio", "smol", "async-std", "async-io", "async-executor", "futures-executor", "mio"] {
        assert!(!names.contains(&runtime), "{tree}");
    }
}
