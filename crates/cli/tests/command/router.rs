//! `wirebahn router`.

use std::fs;

use crate::support::{File, Router, run, text};

#[test]
fn the_first_line_has_the_urls_of_everything() {
    let router = Router::start(&["--listen", "127.0.0.1:0"]);
    let address = router.address().to_owned();
    assert_eq!(
        router.line,
        format!(
            "listening on ws://{address}/ws, rs://{address}, http://{address}/ (open this one in a browser)\n"
        )
    );
    assert_eq!(router.get("/"), "HTTP/1.1 200 OK");
    assert_eq!(router.get("/health"), "HTTP/1.1 200 OK");
}

#[test]
fn a_right_configuration_is_checked_and_not_run() {
    let file = File::new("right.toml", "[[realms]]\nname = \"com.example\"\n");
    let output = run(&["router", "--check", "--config", file.path()]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), format!("{}: right\n", file.path()));
    assert!(output.stderr.is_empty());
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_line_by_line_with_status_1() {
    let file = File::new("wrong.toml", "[log]\nlevel = 1\nformt = \"json\"\n");
    for arguments in [&["router", "--check", "--config"][..], &["router", "--config"]] {
        let output = run(&[arguments, &[file.path()]].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let errors: Vec<&str> = text(&output.stderr).lines().collect();
        assert_eq!(
            errors,
            [
                format!("wirebahn: {}, line 2, column 9: log.level: write a string, not 1", file.path()),
                format!(
                    "wirebahn: {}, line 3, column 1: log.formt: there is no such key: did you mean \"format\"?",
                    file.path()
                ),
            ]
        );
    }
}

#[test]
fn a_configuration_that_is_not_there_is_one_clear_line_and_status_1() {
    let output = run(&["router", "--config", "/nowhere/node.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.starts_with("wirebahn: cannot read /nowhere/node.toml: "), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[test]
fn a_port_in_use_is_one_clear_line_and_status_1() {
    let router = Router::start(&["--listen", "127.0.0.1:0"]);
    let output = run(&["router", "--listen", router.address()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let errors = text(&output.stderr);
    assert!(
        errors.starts_with(&format!("wirebahn: cannot listen on tcp://{}: ", router.address())),
        "{errors}"
    );
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[cfg(unix)]
#[test]
fn terminating_or_interrupting_the_router_is_status_0() {
    for name in ["TERM", "INT"] {
        let router = Router::start(&["--listen", "127.0.0.1:0"]);
        router.signal(name);
        let (status, log) = router.finish();
        assert_eq!(status, Some(0), "{log}");
        assert!(log.contains("shutting down"), "{log}");
    }
}

#[cfg(unix)]
#[test]
fn hanging_up_reads_the_configuration_again() {
    let file = File::new("reload.toml", "");
    let mut router = Router::start(&["--listen", "127.0.0.1:0", "--config", file.path()]);
    assert_eq!(router.get("/health"), "HTTP/1.1 200 OK");

    fs::write(file.path(), "[http]\nhealth = \"/well\"\n[log]\nformat = \"json\"\n").unwrap();
    router.signal("HUP");
    let log = router.wait_log("SIGHUP: changed: http");
    assert!(log.contains("SIGHUP: this takes a restart: log.format"), "{log}");
    assert_eq!(router.get("/health"), "HTTP/1.1 404 Not Found");
    assert_eq!(router.get("/well"), "HTTP/1.1 200 OK");

    fs::write(file.path(), "[http]\nhealth = 1\n").unwrap();
    router.signal("HUP");
    let log = router.wait_log("everything stays as it was");
    assert!(log.contains("line 2, column 10: http.health: write a string, not 1"), "{log}");
    assert_eq!(router.get("/well"), "HTTP/1.1 200 OK");

    fs::write(file.path(), "[http]\nhealth = \"/well\"\n[log]\nlevel = \"error\"\n").unwrap();
    router.signal("HUP");
    router.signal("TERM");
    let (status, log) = router.finish();
    assert_eq!(status, Some(0), "{log}");
}

#[cfg(unix)]
#[test]
fn the_log_comes_as_json_if_asked_for() {
    let file = File::new("json.toml", "[log]\nformat = \"json\"\n");
    let router = Router::start(&["--listen", "127.0.0.1:0", "--config", file.path()]);
    router.signal("TERM");
    let (_, log) = router.finish();
    for line in log.lines() {
        assert!(line.starts_with("{\"timestamp\":") && line.ends_with('}'), "{log}");
    }
    assert!(log.contains("\"listener\":\"main\""), "{log}");
}
