//! The core stays free of I/O, clocks, entropy and runtimes: its sources may not even name them.

use std::fs;
use std::path::{Path, PathBuf};

/// What the core takes from `std`, by file: the conversion from the standard clock's instants, and nothing else.
const ALLOWED_STD: &[(&str, &str)] = &[("time.rs", "std::sync::OnceLock"), ("time.rs", "std::time::Instant")];

/// Names that mean I/O, a clock, entropy or a runtime, whichever way they were imported.
const FORBIDDEN: &[&str] = &[
    "async_std",
    "getrandom",
    "Instant::now",
    "mio",
    "rand",
    "smol",
    "SystemTime",
    "TcpStream",
    "thread_local",
    "tokio",
    "UdpSocket",
];

#[test]
fn the_core_names_no_io_clock_entropy_or_runtime() {
    let mut found = Vec::new();
    for file in rust_files(&source_folder()) {
        let text = fs::read_to_string(&file).expect("a source file that was just listed can be read");
        let name = file.strip_prefix(source_folder()).expect("it was listed there").display().to_string();
        found.extend(offences(&name, &text));
    }
    assert!(found.is_empty(), "the core must do without:\n{}", found.join("\n"));
}

#[test]
fn the_core_is_no_std() {
    let lib = fs::read_to_string(source_folder().join("lib.rs")).expect("lib.rs can be read");
    assert!(lib.lines().any(|line| line == "#![no_std]"), "lib.rs has no #![no_std]");
}

#[test]
fn io_and_clocks_are_found_however_they_are_written() {
    for bad in [
        "use std::net::TcpStream;",
        "use std::{io, fmt};",
        "fn f() { ::std::thread::yield_now() }",
        "let now = std::time::Instant::now();",
        "let now = Instant::now();",
        "let url = \"ws://host/\"; tokio::spawn(f());",
    ] {
        assert!(!offences("time.rs", bad).is_empty(), "not found: {bad}");
    }
}

#[test]
fn comments_tests_and_the_standard_instant_are_left_alone() {
    for good in [
        "/// With tokio, call `std::time::Instant::now()`.",
        "let x = 1; // not std::io",
        "static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();",
        "let operand = brand + from_std::micros(1);",
        "#[cfg(test)]\nmod tests {\n    use std::net::TcpStream;\n}",
        "#[cfg(test)]\nextern crate std;",
    ] {
        assert_eq!(offences("time.rs", good), Vec::<String>::new());
    }
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
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

/// One line for each forbidden name in `text`, which is the file `name`.
fn offences(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in lines_before_tests(text) {
        let code = without_comment(line);
        let of_std = words(code, "std::").map(|at| path_at(code, at));
        let of_std = of_std.filter(|path| !ALLOWED_STD.contains(&(name, path)));
        let others = FORBIDDEN.iter().filter(|word| words(code, word).next().is_some()).copied();
        for what in of_std.chain(others) {
            found.push(format!("{name}:{number}: {what}"));
        }
    }
    found
}

/// The numbered lines up to the unit tests, which stand last in every file and may use what they like.
fn lines_before_tests(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tests = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    (1..).zip(text.get(..tests).unwrap_or(text).lines())
}

/// The line up to its comment. The two slashes of a URL in a string begin no comment: they follow a colon.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").map(|(at, _)| at);
    let comment = comment.filter(|&at| line.get(..at).is_some_and(|before| !before.ends_with(':'))).min();
    comment.and_then(|at| line.get(..at)).unwrap_or(line)
}

/// Where `word` stands in `code` as a name of its own, not as a part of a longer one.
fn words(code: &str, word: &str) -> impl Iterator<Item = usize> {
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        let after = code.get(at + word.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(in_name) && (word.ends_with(':') || !after.is_some_and(in_name))
    })
}

/// The whole path that begins at `at`, such as `std::time::Instant::now`.
fn path_at(code: &str, at: usize) -> &str {
    let path = code.get(at..).unwrap_or_default();
    let end = path.find(|c| !in_name(c) && c != ':').unwrap_or(path.len());
    path.get(..end).unwrap_or(path)
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
