//! How the command answers to being called.

use crate::support::{run, text};

#[test]
fn help_and_version_go_to_stdout_with_status_0() {
    for (arguments, expected) in [
        (&["--help"][..], "Examples:"),
        (&["router", "--help"], "SIGHUP"),
        (&["echo", "--help"], "/broadcast"),
        (&["connect", "--help"], "Exit status:"),
        (&["echo", "--help"], "send-no-context"),
        (&["call", "--help"], "--progress"),
        (&["publish", "--help"], "--acknowledge"),
        (&["subscribe", "--help"], "wildcard"),
        (&["register", "--help"], "wamp.error.runtime_error"),
        (&["bench", "--help"], "fanout"),
        (&["bench", "rpc", "--help"], "--in-flight"),
        (&["--version"], concat!("wirebahn ", env!("CARGO_PKG_VERSION"))),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text(&output.stdout).contains(expected), "{}", text(&output.stdout));
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn wrong_usage_is_status_2_and_says_what_is_wrong() {
    let url = "ws://127.0.0.1:1/";
    for (arguments, expected) in [
        (&[][..], "Usage:"),
        (&["no-such-command"], "no-such-command"),
        (&["router", "--listen", "8080"], "tcp://HOST:PORT"),
        (&["--log", "=wrong=", "router"], "log"),
        (&["echo", "--no-such-option"], "--no-such-option"),
        (&["echo", "--listen", "9001"], "HOST:PORT"),
        (&["echo", "--max-message", "much"], "64K"),
        (&["echo", "--max-connections", "-1"], "-1"),
        (&["echo", "--max-connections", "0"], "from 1 on"),
        (&["tunnel", "--listen", "tcp://127.0.0.1:0", "--to", url, "--max-connections", "0"], "from 1 on"),
        (&["echo", "--compress=level=10"], "0 to 9"),
        (&["connect", "--compress=fast", url], "--help"),
        (&["connect"], "<URL>"),
        (&["connect", "http//nowhere"], "http//nowhere"),
        (&["connect", "wss://127.0.0.1:1/", "--ca-file", "/no/such/file"], "/no/such/file"),
        (&["connect", url, "--ca-file", "/dev/null"], "certificate"),
        (&["connect", url, "--proxy", "ftp://127.0.0.1"], "ftp://127.0.0.1"),
        (&["connect", url, "--ping", "0"], "seconds"),
        (&["connect", url, "--header", "nothing"], "Name: value"),
        (&["connect", url, "--header", "Upgrade: h2c"], "Upgrade"),
        (&["connect", url, "--subprotocol", "a b"], "subprotocol"),
        (&["connect", url, "--origin", "a\nb"], "invalid request"),
        (&["--log", "=wrong=", "connect", url], "log"),
        (&["call"], "<URI>"),
        (&["call", "a.b", "--url", "http://127.0.0.1/"], "http://127.0.0.1/"),
        (&["call", "a.b", "--url", "rs://127.0.0.1"], "port"),
        (&["call", "a.b", "-k", "novalue"], "KEY=VALUE"),
        (&["call", "a.b", "--serializer", "xml"], "msgpack"),
        (&["call", "a.b", "--timeout", "0"], "seconds"),
        (&["publish"], "<URI>"),
        (&["subscribe", "a.b", "--match", "regex"], "wildcard"),
        (&["register", "a.b"], "COMMAND"),
        (&["bench"], "rpc"),
        (&["bench", "rpc", "--connections", "0"], "from 1 to"),
        (&["bench", "rpc", "--count", "0"], "--count"),
        (&["bench", "rpc", "--count", "5", "--duration", "5"], "--duration"),
        (&["bench", "fanout", "--size", "0"], "--size"),
        (&["register", "a.b", "--concurrency", "0", "--", "cat"], "above 0"),
    ] {
        let output = run(arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn wrong_usage_of_a_subcommand_shows_the_usage_of_that_subcommand() {
    let url = "ws://127.0.0.1:1/";
    for (arguments, usage) in [
        (
            &["tunnel", "--listen", "tcp:127.0.0.1:0", "--to", "tcp:127.0.0.1:1"][..],
            "tunnel [OPTIONS] --listen",
        ),
        (&["tunnel", "--listen", url, "--to", "tcp:127.0.0.1:1", "--header", "a: b"], "tunnel [OPTIONS]"),
        (&["--log", "=wrong=", "echo"], "echo [OPTIONS]"),
        (&["--log", "=wrong=", "router"], "router [OPTIONS]"),
        (&["connect", url, "--ca-file", "/no/such/file"], "connect [OPTIONS] <URL>"),
        (&["call", "a.b", "--ca-file", "/no/such/file"], "call [OPTIONS] <URI>"),
        (&["bench", "fanout", "--ca-file", "/no/such/file"], "bench fanout [OPTIONS]"),
    ] {
        let output = run(arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(&format!("\nUsage: wirebahn {usage}")), "{arguments:?}: {errors}");
    }
}
