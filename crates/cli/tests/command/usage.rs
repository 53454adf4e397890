//! How the command answers to being called.

use crate::support::{run, text};

#[test]
fn help_and_version_go_to_stdout_with_status_0() {
    for (arguments, expected) in [
        (&["--help"][..], "Examples:"),
        (&["router", "--help"], "SIGHUP"),
        (&["echo", "--help"], "/broadcast"),
        (&["connect", "--help"], "Exit status:"),
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
        (&["connect"], "<URL>"),
        (&["connect", "http//nowhere"], "http//nowhere"),
        (&["connect", "wss://127.0.0.1:1/"], "TLS"),
        (&["connect", url, "--ping", "0"], "seconds"),
        (&["connect", url, "--header", "nothing"], "Name: value"),
        (&["connect", url, "--header", "Upgrade: h2c"], "Upgrade"),
        (&["connect", url, "--subprotocol", "a b"], "subprotocol"),
        (&["connect", url, "--origin", "a\nb"], "invalid request"),
        (&["--log", "=wrong=", "connect", url], "log"),
    ] {
        let output = run(arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
