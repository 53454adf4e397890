//! `wirebahn call`, `publish`, `subscribe` and `register`, with a router of the same command.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, ChildStderr, Output};

use crate::support::{Router, command, run, text};

fn router() -> (Router, String) {
    let router = Router::start(&["--listen", "127.0.0.1:0"]);
    let url = format!("ws://{}/ws", router.address());
    (router, url)
}

/// One of the commands that go on, ended when it is dropped.
struct Background {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Background {
    /// Starts it and waits until it says that it is ready.
    fn start(url: &str, arguments: &[&str]) -> Self {
        let mut child = command(&["--log", "wirebahn=info"])
            .args(arguments.get(..1).unwrap())
            .args(["--url", url])
            .args(arguments.get(1..).unwrap())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.contains("subscribed to") || line.contains("registered"), "{line}");
        Self { child, stderr }
    }

    /// Waits for the end; gives the status, and what is left of stdout and stderr.
    fn finish(mut self) -> (Option<i32>, String, String) {
        let (mut output, mut errors) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
        self.stderr.read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code(), output, errors)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn assert_prints(output: &Output, expected: &str) {
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(output.status.code(), Some(0));
}

#[track_caller]
fn assert_fails(output: &Output, status: i32, expected: &str) {
    let errors = text(&output.stderr);
    assert!(errors.starts_with("wirebahn: ") && errors.contains(expected), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert_eq!(text(&output.stdout), "");
    assert_eq!(output.status.code(), Some(status), "{errors}");
}

#[cfg(unix)]
#[test]
fn a_program_answers_calls_with_what_it_makes_of_the_arguments() {
    let (_router, url) = router();
    let _cat = Background::start(&url, &["register", "com.example.cat", "--", "cat"]);
    let call = ["call", "--url", &url, "com.example.cat"];
    assert_prints(&run(&call), "{\"args\":[],\"kwargs\":{}}\n");
    let arguments =
        [&call[..], &["2", "-1", "two", "{bad", "\"3\"", "[null]", "-k", "a=1", "-k", "b=x=y"]].concat();
    assert_prints(
        &run(&arguments),
        "{\"args\":[2,-1,\"two\",\"{bad\",\"3\",[null]],\"kwargs\":{\"a\":1,\"b\":\"x=y\"}}\n",
    );
    for serializer in ["json", "msgpack", "cbor"] {
        let arguments = [&call[..], &["--serializer", serializer, "1.5", r#""\u0000aGk=""#]].concat();
        assert_prints(&run(&arguments), "{\"args\":[1.5,\"\\u0000aGk=\"],\"kwargs\":{}}\n");
    }
    let arguments = [&call[..], &["--progress", "--count", "2"]].concat();
    assert_prints(&run(&arguments), "{\"args\":[],\"kwargs\":{}}\n{\"args\":[],\"kwargs\":{}}\n");
}

#[cfg(unix)]
#[test]
fn what_a_program_writes_is_text_unless_it_is_json() {
    let (_router, url) = router();
    for (script, expected) in [
        ("echo hello", "\"hello\"\n"),
        ("echo 5; exec >&-; cat >&2", "5\n"),
        ("echo '[1, 2]'", "[1,2]\n"),
        ("printf '\\377'", "\"\\u0000/w==\"\n"),
        ("exit 0", "null\n"),
    ] {
        let program = Background::start(
            &url,
            &["register", "com.example.run", "--count", "1", "--", "sh", "-c", script],
        );
        assert_prints(&run(&["call", "--url", &url, "com.example.run"]), expected);
        assert_eq!(program.finish(), (Some(0), String::new(), String::new()), "{script}");
    }
}

#[cfg(unix)]
#[test]
fn a_program_that_fails_is_an_error_with_what_it_says() {
    let (_router, url) = router();
    for (command, expected) in [
        (
            &["sh", "-c", "echo partly; echo it is; echo broken >&2; exit 3"][..],
            "wamp.error.runtime_error: broken",
        ),
        (&["sh", "-c", "exit 3"], "wamp.error.runtime_error: exit status: 3"),
        (&["sh", "-c", "printf 'two\\nlines\\033' >&2; exit 1"], "runtime_error: two lines\\u{1b}"),
        (&["/nowhere/program"], "cannot run /nowhere/program"),
    ] {
        let register = [&["register", "com.example.fail", "--count", "1", "--"], command].concat();
        let program = Background::start(&url, &register);
        assert_fails(&run(&["call", "--url", &url, "com.example.fail"]), 1, expected);
        assert_eq!(program.finish().0, Some(0));
    }
}

#[cfg(unix)]
#[test]
fn several_calls_are_answered_at_once() {
    let (_router, url) = router();
    // Each run waits for the line of another one.
    let dir = std::env::temp_dir().join(format!("wirebahn-{}-fifo", std::process::id()));
    let script =
        format!("if mkfifo {0} 2>/dev/null; then cat {0}; rm {0}; else echo met > {0}; fi", dir.display());
    let program =
        Background::start(&url, &["register", "com.example.meet", "--count", "2", "--", "sh", "-c", &script]);
    let call = || command(&["call", "--url", &url, "com.example.meet"]).spawn().unwrap();
    let calls = [call(), call()].map(|call| call.wait_with_output().unwrap());
    let mut printed = calls.each_ref().map(|output| text(&output.stdout));
    printed.sort_unstable();
    assert_eq!(printed, ["\"met\"\n", "null\n"]);
    assert_eq!(program.finish().0, Some(0));
}

#[cfg(unix)]
#[test]
fn a_call_that_takes_too_long_is_status_1_and_its_program_is_killed() {
    let (_router, url) = router();
    let sleeper =
        Background::start(&url, &["register", "com.example.sleep", "--count", "1", "--", "sleep", "1000"]);
    let output = run(&["call", "--url", &url, "com.example.sleep", "--timeout", "5"]);
    assert_fails(&output, 1, "timeout");
    // It waits for the program before it ends.
    assert_eq!(sleeper.finish().0, Some(0));
}

#[cfg(unix)]
#[test]
fn interrupting_a_call_is_status_130_and_cancels_it() {
    let (_router, url) = router();
    let begun = std::env::temp_dir().join(format!("wirebahn-{}-begun", std::process::id()));
    let script = format!("echo > {}; exec sleep 1000", begun.display());
    let register = ["register", "com.example.sleep", "--count", "1", "--", "sh", "-c", &script];
    let sleeper = Background::start(&url, &register);
    let mut call = command(&["call", "--url", &url, "com.example.sleep"]).spawn().unwrap();
    while !begun.exists() {
        assert!(call.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    std::fs::remove_file(&begun).unwrap();
    crate::support::signal(&call, "INT");
    assert_eq!(call.wait().unwrap().code(), Some(130));
    assert_eq!(sleeper.finish().0, Some(0));
}

#[test]
fn an_error_of_the_router_is_status_1() {
    let (_router, url) = router();
    assert_fails(&run(&["call", "--url", &url, "com.example.nobody"]), 1, "wamp.error.no_such_procedure");
    assert_fails(&run(&["publish", "--url", &url, "a..b", "--acknowledge"]), 1, "wamp.error.invalid_uri");
    assert_fails(&run(&["subscribe", "--url", &url, "a..b"]), 1, "wamp.error.invalid_uri");
}

#[test]
fn events_are_lines_of_json() {
    let (router, url) = router();
    let raw = format!("rs://{}", router.address());
    for (url, pattern) in [
        (&url, &["com.example.news"][..]),
        (&raw, &["com.example", "--match", "prefix"]),
        (&url, &["com..news", "--match", "wildcard"]),
    ] {
        let subscriber = Background::start(url, &[&["subscribe", "--count", "2"], pattern].concat());
        let first =
            run(&["publish", "--url", url, "com.example.news", "It works", "-k", "n=1", "--acknowledge"]);
        assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
        assert_prints(&run(&["publish", "--url", url, "com.example.news", "--serializer", "json"]), "");
        let (status, output, errors) = subscriber.finish();
        assert_eq!((status, errors.as_str()), (Some(0), ""));
        let lines: Vec<&str> = output.lines().collect();
        let [one, two] = lines[..] else { panic!("{output}") };
        let publication = text(&first.stdout).trim().trim_start_matches('{');
        assert_eq!(
            one,
            format!(r#"{{"topic":"com.example.news","args":["It works"],"kwargs":{{"n":1}},{publication}"#)
        );
        assert!(
            two.starts_with(r#"{"topic":"com.example.news","args":[],"kwargs":{},"publication":"#),
            "{two}"
        );
    }
}

#[cfg(unix)]
#[test]
fn signals_end_subscribing_and_registering_in_order_with_status_0() {
    let (_router, url) = router();
    for name in ["INT", "TERM"] {
        for arguments in [&["subscribe", "com.example.a"][..], &["register", "com.example.a", "--", "cat"]] {
            let command = Background::start(&url, arguments);
            crate::support::signal(&command.child, name);
            assert_eq!(command.finish(), (Some(0), String::new(), String::new()));
        }
    }
}

#[test]
fn whoever_closes_stdout_ends_a_subscription() {
    let (_router, url) = router();
    let mut subscriber = Background::start(&url, &["subscribe", "com.example.news"]);
    drop(subscriber.child.stdout.take());
    // What is written to a pipe that was closed may still find a reader, in a process that another test just starts.
    for _ in 0..100 {
        assert_prints(&run(&["publish", "--url", &url, "com.example.news"]), "");
        if let Some(status) = subscriber.child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(0));
            return;
        }
    }
    panic!("it goes on");
}

#[cfg(unix)]
#[test]
fn no_session_is_status_3() {
    let (router, url) = router();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = format!("ws://{unused}/ws");
    let not_there = format!("http://{}/metrics", router.address()).replace("http", "ws");
    for arguments in [
        &["call", "com.example.a"][..],
        &["publish", "com.example.a"],
        &["subscribe", "com.example.a"],
        &["register", "com.example.a", "--", "cat"],
    ] {
        let run_at = |url: &str, more: &[&str]| {
            let mut command = command(&arguments[..1]);
            command.args(["--url", url]).args(more).args(&arguments[1..]);
            command.output().unwrap()
        };
        assert_fails(&run_at(&refused, &[]), 3, "refused");
        assert_fails(&run_at("unix:/nowhere/router.sock", &[]), 3, "cannot reach");
        assert_fails(&run_at(&not_there, &[]), 3, "");
        assert_fails(&run_at(&url, &["--realm", "nowhere"]), 3, "no_such_realm");
    }
}

#[cfg(unix)]
#[test]
fn losing_the_router_is_status_3() {
    let (router, url) = router();
    let subscriber = Background::start(&url, &["subscribe", "com.example.news"]);
    let callee = Background::start(&url, &["register", "com.example.cat", "--", "cat"]);
    router.signal("TERM");
    for command in [subscriber, callee] {
        let (status, output, errors) = command.finish();
        assert_eq!((status, output.as_str()), (Some(3), ""), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}
