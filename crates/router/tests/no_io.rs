//! The router stays free of I/O, clocks, entropy, threads and runtimes: its sources may not even name them.

use std::fs;
use std::path::{Path, PathBuf};

/// What means I/O, a clock, entropy, threads or a runtime.
const FORBIDDEN: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "async_std",
    "getrandom",
    "Instant::now",
    "Mutex",
    "RandomState",
    "RwLock",
    "smol",
    "thread_local",
    "tokio",
];

#[test]
fn the_router_names_no_io_clock_entropy_thread_or_runtime() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for file in rust_files(&folder) {
        let text = fs::read_to_string(&file).expect("a source file that was just listed can be read");
        let found_here = offences(&text).into_iter().map(|offence| format!("{}: {offence}", file.display()));
        found.extend(found_here);
    }
    assert!(found.is_empty(), "the router must do without:\n{}", found.join("\n"));
}

#[test]
fn what_is_forbidden_is_found() {
    for bad in ["use std::time::Instant;", "let map = HashMap::<u8, u8, RandomState>::default();"] {
        assert!(!offences(bad).is_empty(), "not found: {bad}");
    }
    assert_eq!(offences("// Not a tokio task.\nuse std::time::Duration;"), Vec::<String>::new());
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a source folder can be listed") {
        let path = entry.expect("a source folder can be listed").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// One line for each forbidden name outside comments and unit tests, which stand last.
fn offences(text: &str) -> Vec<String> {
    let tests = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    let code =
        text.get(..tests).unwrap_or(text).lines().map(|line| line.split("//").next().unwrap_or_default());
    let named = |line: &str| FORBIDDEN.iter().find(|word| line.contains(**word)).copied();
    (1..).zip(code).filter_map(|(number, line)| named(line).map(|word| format!("{number}: {word}"))).collect()
}
