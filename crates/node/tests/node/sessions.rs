//! WAMP sessions over everything that a node listens on.

use std::time::Duration;

use wirebahn_node::Endpoint;

use crate::support::{PATIENCE, Peer, address, config, get, start};

#[tokio::test]
async fn one_port_serves_websocket_rawsocket_and_http() {
    let node = start("").await;
    let address = address(&node);
    let (mut web, mut raw) = (Peer::websocket(&address).await, Peer::rawsocket(&address).await);
    web.join("realm1").await;
    raw.join("realm1").await;
    raw.send(r#"[32,1,{},"com.example.topic"]"#).await;
    assert!(raw.recv().await.starts_with("[33,1,"));
    web.send(r#"[16,1,{"acknowledge":true},"com.example.topic",["from the web"]]"#).await;
    assert!(web.recv().await.starts_with("[17,1,"));
    let event = raw.recv().await;
    assert!(event.starts_with("[36,") && event.ends_with(r#",["from the web"]]"#), "{event}");
    raw.send(r#"[64,2,{},"com.example.echo"]"#).await;
    assert!(raw.recv().await.starts_with("[65,2,"));
    web.send(r#"[48,2,{},"com.example.echo",[1,2]]"#).await;
    let invocation = raw.recv().await;
    let (request, _) = invocation.strip_prefix("[68,").unwrap().split_once(',').unwrap();
    raw.send(&format!("[70,{request},{{}},[3]]")).await;
    assert_eq!(web.recv().await, "[50,2,{},[3]]");
    let (head, _) = get(&address, "/health").await;
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
}

#[tokio::test]
async fn sessions_and_messages_are_counted() {
    let node = start("").await;
    let address = address(&node);
    let (mut web, mut raw) = (Peer::websocket(&address).await, Peer::rawsocket(&address).await);
    web.join("realm1").await;
    raw.join("realm1").await;
    let (_, metrics) = get(&address, "/metrics").await;
    for line in [
        r#"wirebahn_connections{listener="main",protocol="websocket"} 1"#,
        r#"wirebahn_connections{listener="main",protocol="rawsocket"} 1"#,
        r#"wirebahn_sessions{realm="realm1"} 2"#,
        r#"wirebahn_queued_messages{realm="realm1"} 0"#,
        r#"wirebahn_queued_bytes_most{realm="realm1"} 0"#,
        r#"wirebahn_realm_messages_total{realm="realm1",direction="out",type="WELCOME"} 2"#,
        r#"wirebahn_realm_messages_total{realm="realm1",direction="in",type="PUBLISH"} 0"#,
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn every_session_and_every_call_is_counted_once_when_it_has_ended() {
    let node = start("[[realms]]\nmax_pending_calls = 1").await;
    let address = address(&node);
    let count = async |line: &str| {
        let (_, metrics) = get(&address, "/metrics").await;
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    };
    let [mut polite, mut broken, mut callee] =
        [Peer::rawsocket(&address).await, Peer::rawsocket(&address).await, Peer::rawsocket(&address).await];
    for peer in [&mut polite, &mut broken, &mut callee] {
        peer.join("realm1").await;
    }
    polite.send(r#"[6,{},"wamp.close.close_realm"]"#).await;
    assert!(polite.recv().await.starts_with("[6,"));
    count(r#"wirebahn_sessions_ended_total{cause="other"} 1"#).await;
    broken.send("[16,1,").await;
    assert!(broken.recv().await.starts_with("[3,"));
    for _ in 0..3 {
        let mut stranger = Peer::rawsocket(&address).await;
        stranger.send("[16,1,").await;
        assert!(stranger.recv().await.starts_with("[3,"));
    }
    count(r#"wirebahn_sessions_ended_total{cause="violation"} 1"#).await;
    count(r#"wirebahn_sessions_ended_total{cause="other"} 1"#).await;

    callee.send(r#"[64,1,{"concurrency":1},"com.example.slow"]"#).await;
    assert!(callee.recv().await.starts_with("[65,1,"));
    let [mut first, mut second] = [Peer::rawsocket(&address).await, Peer::rawsocket(&address).await];
    for peer in [&mut first, &mut second] {
        peer.join("realm1").await;
    }
    first.send(r#"[48,1,{},"com.example.slow"]"#).await;
    assert!(callee.recv().await.starts_with("[68,"));
    first.send(r#"[48,2,{},"com.example.slow"]"#).await;
    assert!(first.recv().await.starts_with("[8,48,2,"), "it has a call already");
    second.send(r#"[48,1,{},"com.example.slow"]"#).await;
    assert!(second.recv().await.starts_with("[8,48,1,"), "the callee has one already");
    count(r#"wirebahn_calls_total{outcome="unavailable"} 1"#).await;
    count(r#"wirebahn_calls_total{outcome="failed"} 1"#).await;
    count(r#"wirebahn_calls_total{outcome="succeeded"} 0"#).await;
}

#[tokio::test]
async fn a_realm_that_is_not_configured_is_refused() {
    let node = start("").await;
    let mut peer = Peer::websocket(&address(&node)).await;
    peer.send(r#"[1,"realm2",{"roles":{"caller":{}}}]"#).await;
    let abort = peer.recv().await;
    assert!(abort.starts_with("[3,") && abort.ends_with(r#","wamp.error.no_such_realm"]"#), "{abort}");
}

#[tokio::test]
async fn realms_come_into_being_on_demand_if_that_is_allowed() {
    let node = start("[on_demand]\nallowed = true").await;
    let address = address(&node);
    let mut peers = [Peer::websocket(&address).await, Peer::websocket(&address).await];
    peers[0].join("com.example.new").await;
    peers[1].join("com.example.other").await;
    // They are one for metrics: clients must not make any number of time series.
    let (_, metrics) = get(&address, "/metrics").await;
    assert!(metrics.contains("wirebahn_sessions{realm=\"#on_demand\"} 2\n"), "{metrics}");
    let welcome = r##"wirebahn_realm_messages_total{realm="#on_demand",direction="out",type="WELCOME"} 2"##;
    assert!(metrics.contains(welcome), "{metrics}");
    assert!(!metrics.contains("com.example"), "{metrics}");
}

#[tokio::test]
async fn a_realm_that_reloading_adds_can_be_joined() {
    let node = start("").await;
    let report = node.reload(config("[[realms]]\n[[realms]]\nname = \"realm2\""));
    assert_eq!(report.changed, ["realms: with realm2"]);
    let mut peer = Peer::websocket(&address(&node)).await;
    peer.join("realm2").await;
}

#[tokio::test]
async fn shutting_down_says_goodbye_to_all_and_waits_for_them() {
    let node = start("").await;
    let address = address(&node);
    let mut peers = [Peer::websocket(&address).await, Peer::rawsocket(&address).await];
    for peer in &mut peers {
        peer.join("realm1").await;
    }
    let leaving = async {
        for peer in &mut peers {
            let goodbye = peer.recv().await;
            assert!(
                goodbye.starts_with("[6,") && goodbye.ends_with(r#","wamp.close.system_shutdown"]"#),
                "{goodbye}"
            );
        }
        // While sessions are there, new ones are refused, and health says why.
        let (head, body) = get(&address, "/health").await;
        assert!(head.starts_with("HTTP/1.1 503"), "{head}");
        assert_eq!(body, "shutting down\n");
        for peer in &mut peers {
            peer.send(r#"[6,{},"wamp.close.goodbye_and_out"]"#).await;
            peer.closed().await;
        }
    };
    tokio::join!(node.shut_down(), leaving);
}

#[tokio::test]
async fn who_does_not_leave_is_cut_off_after_the_grace() {
    let node = start("[shutdown]\ngrace = \"50ms\"").await;
    let mut peer = Peer::websocket(&address(&node)).await;
    peer.join("realm1").await;
    tokio::time::timeout(Duration::from_secs(20), node.shut_down()).await.unwrap();
}

#[tokio::test]
async fn connections_without_a_session_do_not_hold_a_shutdown_up() {
    let node = start("[shutdown]\ngrace = \"1h\"\n[websocket]\nclose_timeout = \"50ms\"").await;
    let address = address(&node);
    let (_web, _raw) = (Peer::websocket(&address).await, Peer::rawsocket(&address).await);
    let _silent = tokio::net::TcpStream::connect(&address).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), node.shut_down()).await.unwrap();
}

#[tokio::test]
async fn a_rawsocket_beyond_the_maximum_is_told_so() {
    let node = start("[[listeners]]\nmax_connections = 1").await;
    let address = address(&node);
    let mut first = Peer::rawsocket(&address).await;
    first.join("realm1").await;
    // RawSocket error 4: maximum connection count reached.
    assert_eq!(Peer::rawsocket_answer(&address).await, [0x7f, 0x40, 0, 0]);
}

#[tokio::test]
async fn sessions_on_different_listeners_meet() {
    let mut config = config("");
    let mut other = config.listeners[0].clone();
    other.name = "other".into();
    other.endpoint = "tcp://127.0.0.1:0".parse::<Endpoint>().unwrap();
    config.listeners.push(other);
    let node = wirebahn_node::Node::start(config).await.unwrap();
    let mut first = Peer::websocket(&address(&node)).await;
    let mut second = Peer::rawsocket(&node.listeners()[1].endpoint.authority().unwrap()).await;
    first.join("realm1").await;
    second.join("realm1").await;
    first.send(r#"[32,1,{},"com.example.topic"]"#).await;
    assert!(first.recv().await.starts_with("[33,1,"));
    second.send(r#"[16,1,{},"com.example.topic",["hello"]]"#).await;
    assert!(first.recv().await.ends_with(r#",["hello"]]"#));
}

#[tokio::test]
async fn what_is_no_message_is_answered_with_abort_and_the_end() {
    let node = start("").await;
    let address = address(&node);
    for mut peer in [Peer::websocket(&address).await, Peer::rawsocket(&address).await] {
        peer.join("realm1").await;
        peer.send("[16,1,").await;
        let abort = peer.recv().await;
        assert!(abort.starts_with("[3,") && abort.contains("wamp.error.protocol_violation"), "{abort}");
        peer.closed().await;
    }
}

#[tokio::test]
async fn who_never_reads_is_disconnected_and_holds_up_nobody() {
    let node = start("[[realms]]\nqueue_messages = 16\nqueue_bytes = \"64K\"").await;
    let address = address(&node);
    let (mut slow, mut fast) = (Peer::rawsocket(&address).await, Peer::rawsocket(&address).await);
    let mut publisher = Peer::websocket(&address).await;
    for peer in [&mut slow, &mut fast, &mut publisher] {
        peer.join("realm1").await;
    }
    for peer in [&mut slow, &mut fast] {
        peer.send(r#"[32,1,{},"com.example.topic"]"#).await;
        assert!(peer.recv().await.starts_with("[33,1,"));
    }
    let payload = "x".repeat(64 << 10);
    let is_disconnected = async || {
        let (_, metrics) = get(&address, "/metrics").await;
        metrics.contains("wirebahn_sessions_ended_total{cause=\"slow\"} 1\n")
    };
    // The system's buffers take some, but not all.
    for request in 1..=1000 {
        publisher
            .send(&format!(r#"[16,{request},{{"acknowledge":true}},"com.example.topic",["{payload}"]]"#))
            .await;
        assert!(publisher.recv().await.starts_with("[17,"));
        assert!(fast.recv().await.starts_with("[36,"));
        if request % 50 == 0 && is_disconnected().await {
            break;
        }
    }
    // It still does not read, so it can be told nothing.
    let is_gone = async {
        let only_fast = r#"wirebahn_connections{listener="main",protocol="rawsocket"} 1"#;
        while !get(&address, "/metrics").await.1.contains(&format!("{only_fast}\n")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, is_gone).await.expect("the slow one is still there");
}

#[tokio::test]
async fn what_a_client_cannot_receive_is_an_error_for_who_waits() {
    let node = start("").await;
    let address = address(&node);
    let (mut small, mut other) = (Peer::small(&address).await, Peer::websocket(&address).await);
    for peer in [&mut small, &mut other] {
        peer.join("realm1").await;
        peer.send(r#"[64,1,{"invoke":"last"},"com.example.echo"]"#).await;
        assert!(peer.recv().await.starts_with("[65,1,"));
    }
    let long = "x".repeat(3000);
    // The result is too long for the caller.
    small.send(r#"[48,2,{},"com.example.echo"]"#).await;
    let invocation = other.recv().await;
    let (request, _) = invocation.strip_prefix("[68,").unwrap().split_once(',').unwrap();
    other.send(&format!("[70,{request},{{}},[\"{long}\"]]")).await;
    assert_eq!(small.recv().await, r#"[8,48,2,{},"wamp.error.payload_size_exceeded"]"#);
    // The arguments are too long for the callee.
    other.send(r#"[66,2,"#).await;
    let _ = other.recv().await;
    let mut caller = Peer::websocket(&address).await;
    caller.join("realm1").await;
    caller.send(&format!(r#"[48,1,{{}},"com.example.echo",["{long}"]]"#)).await;
    assert_eq!(caller.recv().await, r#"[8,48,1,{},"wamp.error.payload_size_exceeded"]"#);
}

#[tokio::test]
async fn messages_are_compressed_for_clients_that_offer_it_if_that_is_allowed() {
    let compression =
        "[websocket.compression]\nenabled = true\nsend_window_bits = 11\nreceive_window_bits = 9";
    for (config, agreed) in [("", None), (compression, Some((11, 9)))] {
        let node = start(config).await;
        let address = address(&node);
        let (mut web, mut other, offered) = {
            let (web, response) = Peer::compressing(&address).await;
            (web, Peer::compressing(&address).await.0, response)
        };
        let bits =
            |name: &str| offered.as_ref().map(|extension| extension.value(name).unwrap().parse().unwrap());
        assert_eq!(bits("server_max_window_bits").zip(bits("client_max_window_bits")), agreed);
        let mut raw = Peer::rawsocket(&address).await;
        for peer in [&mut web, &mut other, &mut raw] {
            peer.join("realm1").await;
            peer.send(r#"[32,1,{},"com.example.topic"]"#).await;
            assert!(peer.recv().await.starts_with("[33,1,"));
        }
        let text = "a long text that repeats itself ".repeat(20);
        for request in 2..5 {
            web.send(&format!(
                r#"[16,{request},{{"exclude_me":false,"acknowledge":true}},"com.example.topic",["{text}"]]"#
            ))
            .await;
            for peer in [&mut web, &mut other, &mut raw] {
                let event = peer.recv().await;
                assert!(event.ends_with(&format!(r#",["{text}"]]"#)), "{event}");
            }
            assert!(web.recv().await.starts_with(&format!("[17,{request},")));
        }
    }
}

#[tokio::test]
async fn a_realm_may_be_without_the_meta_api() {
    let node = start("[[realms]]\n[[realms]]\nname = \"quiet\"\nmeta = false").await;
    for (realm, expected) in
        [("realm1", "[50,1,{},[1]]"), ("quiet", r#"[8,48,1,{},"wamp.error.no_such_procedure""#)]
    {
        let mut peer = Peer::websocket(&address(&node)).await;
        peer.join(realm).await;
        peer.send(r#"[48,1,{},"wamp.session.count"]"#).await;
        let answer = peer.recv().await;
        assert!(answer.starts_with(expected), "{answer}");
    }
}

#[tokio::test]
async fn events_of_topics_with_a_history_are_there_for_late_comers() {
    let node =
        start("[[realms]]\nhistory = [{ topic = \"com.example.\", match = \"prefix\", events = 2 }]").await;
    let address = address(&node);
    let mut publisher = Peer::websocket(&address).await;
    publisher.join("realm1").await;
    for request in 1..=3 {
        publisher
            .send(&format!(
                r#"[16,{request},{{"acknowledge":true}},"com.example.news",[{request}],{{"n":{request}}}]"#
            ))
            .await;
        assert!(publisher.recv().await.starts_with("[17,"));
    }
    let mut late = Peer::rawsocket(&address).await;
    late.join("realm1").await;
    late.send(r#"[32,1,{},"com.example.news"]"#).await;
    let subscribed = late.recv().await;
    let subscription = subscribed.strip_prefix("[33,1,").and_then(|rest| rest.strip_suffix(']')).unwrap();
    late.send(&format!(r#"[48,2,{{}},"wamp.subscription.get_events",[{subscription}]]"#)).await;
    let events = late.recv().await;
    assert!(!events.contains(r#""args":[1]"#), "{events}");
    for number in [2, 3] {
        assert!(events.contains(&format!(r#""args":[{number}],"kwargs":{{"n":{number}}}"#)), "{events}");
    }
}

#[tokio::test]
async fn the_program_around_a_node_has_sessions_of_its_own() {
    let node = start("[shutdown]\ngrace = \"5s\"").await;
    let local = node.local_session("realm1").await.unwrap();
    let _add = local.register("com.example.add", async |(a, b): (i64, i64)| Ok(a + b)).await.unwrap();
    let mut peer = Peer::websocket(&address(&node)).await;
    peer.join("realm1").await;
    peer.send(r#"[48,1,{},"com.example.add",[2,3]]"#).await;
    assert_eq!(peer.recv().await, "[50,1,{},[5]]");
    let mut events = local.subscribe("com.example.topic").await.unwrap();
    peer.send(r#"[16,2,{},"com.example.topic",["hello"]]"#).await;
    let (text,): (String,) = events.next().await.unwrap().args().unwrap();
    assert_eq!(text, "hello");
    assert!(node.local_session("nowhere").await.is_err());
    drop(peer);
    node.shut_down().await;
    let left = local.ended().await;
    assert!(left.to_string().contains("wamp.close.system_shutdown"), "{left}");
}

#[tokio::test]
async fn what_a_session_keeps_is_limited_by_the_configuration() {
    let node = start("[[realms]]\nmax_kept_bytes = \"16K\"").await;
    let mut peer = Peer::websocket(&address(&node)).await;
    peer.join("realm1").await;
    let long = "x".repeat(10 << 10);
    peer.send(&format!(r#"[32,1,{{}},"com.example.first{long}"]"#)).await;
    assert!(peer.recv().await.starts_with("[33,1,"));
    peer.send(&format!(r#"[32,2,{{}},"com.example.second{long}"]"#)).await;
    let refused = peer.recv().await;
    assert!(refused.starts_with("[8,32,2,") && refused.contains("wamp.error.unavailable"), "{refused}");
}
