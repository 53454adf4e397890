//! `wirebahn bench`, with a router of the same command.

use std::process::Output;

use serde_json::Value;

use crate::support::{File, Router, command, run, text};

fn bench(router: &Router, arguments: &[&str]) -> Output {
    let url = format!("ws://{}/ws", router.address());
    run(&[&["bench"], arguments, &["--url", &url]].concat())
}

#[track_caller]
fn report(output: &Output, status: i32) -> Value {
    assert_eq!(output.status.code(), Some(status), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 1, "{}", text(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_load_measures_as_much_as_it_is_told_to_and_loses_nothing() {
    let router = Router::start(&["--listen", "127.0.0.1:0"]);
    for (arguments, operations) in [
        (&["rpc", "--count", "200", "--callees", "2", "--serializer", "json"][..], 200),
        (&["rpc", "--count", "3", "--connections", "1", "--in-flight", "1", "--size", "1K"], 3),
        (&["rpc", "--count", "200", "--threads", "2", "--serializer", "cbor"], 200),
        (&["pubsub", "--count", "200"], 200),
        (&["pubsub", "--count", "40", "--in-flight", "1", "--acknowledge"], 40),
        (&["fanout", "--count", "50", "--subscribers", "7", "--publishers", "2"], 350),
        (&["connect", "--count", "20", "--connections", "3"], 20),
    ] {
        let output = bench(&router, &[arguments, &["--warm-up", "0.05", "--json"]].concat());
        let report = report(&output, 0);
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        assert_eq!(report["mode"], arguments[0]);
        assert_eq!(report["operations"], operations, "{arguments:?}");
        assert_eq!(
            [&report["failed"], &report["lost"], &report["out_of_order"]],
            [0, 0, 0],
            "{arguments:?}: {report}"
        );
        let latency = |name: &str| report["latency_us"][name].as_f64().unwrap();
        assert!(latency("min") > 0.0 && latency("min") <= latency("p50"), "{report}");
        assert!(latency("p50") <= latency("p99") && latency("p99") <= latency("max"), "{report}");
        assert!(report["per_second"].as_f64().unwrap() > 0.0, "{report}");
    }
}

#[test]
fn the_table_says_what_was_measured_over_rawsocket() {
    let router = Router::start(&["--listen", "127.0.0.1:0"]);
    let url = format!("rs://{}", router.address());
    let output = run(&["bench", "rpc", "--url", &url, "--count", "1500", "--warm-up", "0"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert!(table.starts_with(&format!("rpc at {url}, realm1, msgpack, connections 4,")), "{table}");
    let line = |start: &str| table.lines().find(|line| line.starts_with(start)).expect(table);
    assert!(line("calls ").contains(" 1,500 in "), "{table}");
    assert!(line("lost ").ends_with(" 0"), "{table}");
    assert!(line("latency, µs").ends_with("p99.9        max"), "{table}");
}

#[test]
fn events_that_the_router_drops_are_lost_and_that_is_status_1() {
    let realm = "[[realms]]\nslow_consumers = \"drop-newest\"\nqueue_messages = 16\n";
    let config = File::new("drops.toml", realm);
    let router = Router::start(&["--listen", "127.0.0.1:0", "--config", config.path()]);
    let arguments =
        ["pubsub", "--connections", "1", "--in-flight", "4096", "--count", "4096", "--warm-up", "0"];
    let output = bench(&router, &[&arguments[..], &["--timeout", "1", "--json"]].concat());
    let report = report(&output, 1);
    let (received, lost) = (report["operations"].as_u64().unwrap(), report["lost"].as_u64().unwrap());
    assert!(lost > 0, "{report}");
    assert_eq!(received + lost, 4096, "{report}");
    assert!(text(&output.stderr).contains(&format!("{lost} lost")), "{}", text(&output.stderr));
}

#[cfg(unix)]
#[test]
fn ctrl_c_prints_what_there_is() {
    let router = Router::start(&["--listen", "127.0.0.1:0"]);
    let url = format!("ws://{}/ws", router.address());
    let arguments = ["bench", "rpc", "--url", &url, "--duration", "1000", "--warm-up", "0", "--json"];
    let child = command(&arguments).spawn().unwrap();
    router.wait_metric(r#"wirebahn_calls_total{outcome="succeeded"}"#);
    crate::support::signal(&child, "INT");
    let report = report(&child.wait_with_output().unwrap(), 0);
    assert_eq!(
        (&report["interrupted"], &report["failed"]),
        (&Value::Bool(true), &Value::from(0)),
        "{report}"
    );
    assert!(report["operations"].as_u64().unwrap() > 0, "{report}");
}

#[cfg(unix)]
#[test]
fn losing_the_router_is_status_1_and_still_a_report() {
    let router = Router::start(&["--listen", "127.0.0.1:0"]);
    let url = format!("ws://{}/ws", router.address());
    for (mode, metric) in [
        ("rpc", r#"wirebahn_calls_total{outcome="succeeded"}"#),
        ("pubsub", r#"wirebahn_publications_total{outcome="accepted"}"#),
    ] {
        let router = Router::start(&["--listen", "127.0.0.1:0"]);
        let url = format!("ws://{}/ws", router.address());
        let arguments = ["bench", mode, "--url", &url, "--duration", "1000", "--warm-up", "0", "--json"];
        let child = command(&arguments).spawn().unwrap();
        router.wait_metric(metric);
        router.signal("TERM");
        let report = report(&child.wait_with_output().unwrap(), 1);
        assert!(report["failed"].as_u64().unwrap() > 0, "{report}");
    }
    // Nobody is there from the beginning, or there is no such realm.
    let output = run(&["bench", "connect", "--url", &url, "--realm", "nowhere"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("no_such_realm") && output.stdout.is_empty());
}

#[cfg(unix)]
#[test]
fn a_router_behind_a_unix_socket_is_measured_too() {
    let socket = std::env::temp_dir().join(format!("wirebahn-{}-bench.sock", std::process::id()));
    let url = format!("unix:{}", socket.display());
    let _router = Router::start(&["--listen", "127.0.0.1:0", "--listen", &url]);
    let output = run(&["bench", "rpc", "--url", &url, "--count", "20", "--warm-up", "0", "--json"]);
    assert_eq!(report(&output, 0)["operations"], 20);
}

#[test]
fn the_report_names_the_serializer_that_was_agreed_on() {
    let config = File::new("json.toml", "[websocket]\nserializers = [\"json\"]\n");
    let router = Router::start(&["--listen", "127.0.0.1:0", "--config", config.path()]);
    for mode in ["rpc", "pubsub", "connect"] {
        let output = bench(&router, &[mode, "--count", "5", "--warm-up", "0", "--json"]);
        assert_eq!(report(&output, 0)["serializer"], "json", "{mode}");
    }
}
